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

// enter says whether the caller may ask Redis, and whether it is the one that tries. Who tries must call leave or
// abandon.
func (b *breaker) enter(now time.Time) (ok, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.away {
		return true, false
	}
	if b.probing || now.Before(b.until) {
		return false, false
	}
	b.probing = true
	return true, true
}

// fail says that Redis failed: it is away.
func (b *breaker) fail(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.probing, b.until = true, false, now.Add(b.pause)
}

// leave ends a try that went well: Redis is back.
func (b *breaker) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.probing = false, false
}

// abandon ends a try of which nothing was learnt: the caller gave up.
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
