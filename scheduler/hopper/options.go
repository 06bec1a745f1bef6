package hopper

import (
	"fmt"
	"time"
)

// Limits bound a lane of the window. The zero value is for a real Redis.
type Limits struct {
	PerAgent int // leads for each ready agent; 0: 4
	Min      int // at least so many; 0: 64
	Max      int // at most so many; 0: 4096
}

// EmbeddedLimits are for miniredis, which sorts a set anew at each read.
var EmbeddedLimits = Limits{Max: 300}

func (l Limits) withDefaults() Limits {
	if l.PerAgent == 0 {
		l.PerAgent = 4
	}
	if l.Min == 0 {
		l.Min = 64
	}
	if l.Max == 0 {
		l.Max = 4096
	}
	return l
}

func (l Limits) validate() error {
	if l.PerAgent < 1 || l.Min < 1 || l.Max < l.Min {
		return fmt.Errorf("hopper limits %+v: each must be at least 1, and Max not below Min", l)
	}
	return nil
}

// For is the size of a lane for so many ready agents.
func (l Limits) For(agents int) int { return max(l.Min, min(l.Max, l.PerAgent*agents)) }

// Options of New. The zero value is useful.
type Options struct {
	Prefix  string           // of every key; empty: redial
	Limits  Limits           // of a lane
	Timeout time.Duration    // of each call to Redis; 0: 250ms
	Now     func() time.Time // the clock that counts; nil: time.Now
}
