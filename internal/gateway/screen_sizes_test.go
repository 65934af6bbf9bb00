package gateway

import (
	"errors"
	"testing"
	"time"
)

// A screen may change its size now and then for a whole day, and not without end.
func TestSizesAreBounded(t *testing.T) {
	var s sizes
	now := time.Unix(0, 0)
	for range 1000 {
		now = now.Add(time.Second)
		if err := s.again(now); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(sizesTime)
	for range maxSizes {
		if err := s.again(now); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.again(now); !errors.Is(err, errSizes) {
		t.Fatalf("after %d sizes at once: %v", maxSizes+1, err)
	}
}
