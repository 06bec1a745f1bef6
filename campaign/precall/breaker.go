package precall

import (
	"sync"
	"time"
)

// breaker leaves an address alone after several failures in a row; when it has rested one question is let through, and
// its answer lets all through again.
type breaker struct {
	mu      sync.Mutex
	failed  int       // in a row
	until   time.Time // it rests; past: it does not
	probing bool      // the one question is under way
}

// begin says whether a question may be asked at now. One that may must be followed by end or abandon.
func (b *breaker) begin(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < failures {
		return true
	}
	if b.probing || now.Before(b.until) {
		return false
	}
	b.probing = true
	return true
}

// end tells what came of a question; tripped: the address is left alone from now on.
func (b *breaker) end(ok bool, now time.Time) (tripped bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if ok {
		b.failed = 0
		return false
	}
	b.failed++
	if b.failed < failures {
		return false
	}
	tripped = b.failed == failures // later ones were under way by then, or the one that was tried
	b.until = now.Add(restFor)
	return tripped
}

// abandon tells that nobody waited for the answer.
func (b *breaker) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}
