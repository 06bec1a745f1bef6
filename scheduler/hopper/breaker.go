package hopper

import (
	"sync"
	"time"
)

// breaker keeps callers away from a Redis that failed: for a while nobody asks it, then one caller at a time tries.
type breaker struct {
	pause time.Duration

	mu      sync.Mutex
	away    bool
	until   time.Time // nobody asks before
	probing bool
}

// enter says whether the caller may ask Redis. Who may must call leave or abandon.
func (b *breaker) enter(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.away {
		return true
	}
	if b.probing || now.Before(b.until) {
		return false
	}
	b.probing = true
	return true
}

// leave tells how it went. Back is true when Redis answered after it had been away.
func (b *breaker) leave(now time.Time, ok bool) (back bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	back = ok && b.away && b.probing
	switch {
	case !ok:
		b.away, b.probing, b.until = true, false, now.Add(b.pause)
	case back:
		b.away, b.probing = false, false
	}
	return back
}

// abandon ends a visit of which nothing was learnt: the caller gave up.
func (b *breaker) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// open says whether Redis counts as away.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away
}
