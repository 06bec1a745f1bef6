package hopper

import (
	"errors"
	"math/bits"
	"sync"
	"time"
)

// What counts as a slow Redis: so many of the last calls took long.
const (
	lastCalls = 8
	slowCalls = 4
)

// ErrSlow says that Redis answers, but so slowly that the record is quicker.
var ErrSlow = errors.New("answers too slowly")

// breaker keeps callers away from a Redis that failed or became slow. Nobody who waits tries whether it is back.
type breaker struct {
	slow time.Duration // a call that takes so long is slow

	mu    sync.Mutex
	away  bool
	since time.Time
	last  uint32 // a bit for each of the last calls, newest lowest; 1: it was slow
}

// open says whether Redis counts as away.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away
}

// trip says that Redis is away; first: it was not before.
func (b *breaker) trip(now time.Time) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return false
	}
	b.away, b.since = true, now
	return true
}

// mend says that Redis is back, and how long it was away.
func (b *breaker) mend(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.last = false, 0
	return now.Sub(b.since)
}

// took notes how long a call that was answered took; slow: too many of the last ones took long.
func (b *breaker) took(d time.Duration) (slow bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = b.last << 1 & (1<<lastCalls - 1)
	if d >= b.slow {
		b.last |= 1
	}
	return bits.OnesCount32(b.last) >= slowCalls
}
