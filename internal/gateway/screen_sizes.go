package gateway

import (
	"errors"
	"time"
)

// sizes bounds how often a terminal's screen may become another one. Twelve bytes
// make the gateway and every page begin with a new picture; somebody who turns
// monitors on and off does it a few times.
type sizes struct {
	since time.Time
	count int
}

const (
	maxSizes  = 20
	sizesTime = 10 * time.Second
)

var errSizes = errors.New("the terminal's screen changes its size without end")

// again counts one more and says whether it is too many.
func (s *sizes) again(now time.Time) error {
	if now.Sub(s.since) >= sizesTime {
		s.since, s.count = now, 0
	}
	if s.count++; s.count > maxSizes {
		return errSizes
	}
	return nil
}
