package act

import (
	"context"
	"errors"
	"testing"
)

// Whoever sends many passwords at once waits for the ones before, and a request
// that goes away lets go.
func TestPasswordsWaitForEachOther(t *testing.T) {
	a := &Acts{comparing: make(chan struct{}, 1)}
	done, err := a.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.turn(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a second turn = %v, want the end of the request", err)
	}
	done()
	if done, err = a.turn(t.Context()); err != nil {
		t.Fatalf("the turn after = %v", err)
	}
	done()
}
