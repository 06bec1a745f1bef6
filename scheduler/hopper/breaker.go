package hopper

import (
	"errors"
	"math/bits"
	"math/rand/v2"
	"sync"
	"time"
)

// What counts as a slow Redis: so many of the last calls took long.
const (
	lastCalls = 8
	slowCalls = 4
)

// A Redis that fails again and again where trying it does not show is passed by for longer each time.
const (
	settled  = time.Minute      // one that held so long is as good as new
	longHold = 30 * time.Second // and it is passed by no longer than this for what was before
)

// ErrSlow says that Redis answers, but so slowly that the record is quicker.
var ErrSlow = errors.New("answers too slowly")

// breaker keeps callers away from a Redis that failed or became slow. Nobody who waits tries whether it is back.
type breaker struct {
	slow time.Duration // a call that takes so long is slow

	mu    sync.Mutex
	away  bool
	since time.Time     // it was left then
	back  time.Time     // it came back then; zero: it was never away
	hold  time.Duration // for about so long after it was left it is not returned to; 0: as soon as it answers
	until time.Time     // the end of that, by this node's lot: nodes that left it together return one by one
	last  uint32        // a bit for each of the last calls, newest lowest; 1: it was slow
}

// open says whether Redis counts as away.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away
}

// trip says that Redis is away, for a call that began then; first: it was not before. What began before Redis came back
// says nothing of how it is now.
func (b *breaker) trip(began, now time.Time) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away || began.Before(b.back) {
		return false
	}
	b.away, b.since = true, now
	if b.back.IsZero() || now.Sub(b.back) >= settled {
		b.hold = 0
	}
	b.draw()
	return true
}

// unseen says that Redis was left and that trying it at once found nothing. If it had come back a short while ago that
// would go on for ever: the time for which it is passed by doubles.
func (b *breaker) unseen(pause time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.back.IsZero() && b.since.Sub(b.back) < settled {
		b.hold = min(2*max(b.hold, pause), longHold)
		b.draw()
	}
}

func (b *breaker) draw() {
	b.until = b.since.Add(b.hold - time.Duration(rand.Float64()*float64(b.hold)/4))
}

// early says whether it is too early to return to a Redis that answers.
func (b *breaker) early(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Before(b.until)
}

// mend says that Redis is back, and how long it was away.
func (b *breaker) mend(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.back, b.last = false, now, 0
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
