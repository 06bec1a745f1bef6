package web

import (
	"net/netip"
	"sync"
	"time"
)

// Limits of signing in by whoever may. Each is an entry of the audit log, or a question to the company's issuer. A whole
// call centre may come from one address at the start of a shift; one caller has a few browsers.
const (
	addressFree, addressRefill = 200, 100 * time.Millisecond
	callerFree, callerRefill   = 20, 6 * time.Second
)

// entries bounds the sessions that are begun, by address and by caller, and the questions to the issuer. Safe for concurrent use.
type entries struct {
	byAddress *spending[netip.Prefix]
	byCaller  *spending[who]
	codes     *spending[netip.Prefix] // of the issuer, that it is asked about
}

func newEntries(now func() time.Time) *entries {
	return &entries{
		byAddress: newSpending[netip.Prefix](now, addressFree, addressRefill),
		byCaller:  newSpending[who](now, callerFree, callerRefill),
		codes:     newSpending[netip.Prefix](now, addressFree, addressRefill),
	}
}

// spend says whether one more session may begin. What its caller's limit refuses does not count for the address, so that
// nobody's token keeps out others who share the address.
func (e *entries) spend(from netip.Prefix, of who) bool {
	return e.byCaller.spend(of) && e.byAddress.spend(from)
}

// spending lets each key spend so many at once, and one more each time that refill has passed. Safe for concurrent use.
type spending[K comparable] struct {
	now    func() time.Time
	most   float64
	refill time.Duration

	mu sync.Mutex
	by map[K]spent
}

type spent struct {
	much float64 // 0: nothing
	at   time.Time
}

func newSpending[K comparable](now func() time.Time, most int, refill time.Duration) *spending[K] {
	return &spending[K]{now: now, most: float64(most), refill: refill, by: map[K]spent{}}
}

// spend takes one of the key's; false: it has none left.
func (s *spending[K]) spend(key K) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.by[key]
	if !ok && len(s.by) >= addressesMax {
		s.forget(now)
	}
	left := max(0, one.much-now.Sub(one.at).Seconds()/s.refill.Seconds())
	if !ok {
		left = 0
	}
	if left > s.most-1 {
		return false
	}
	s.by[key] = spent{much: left + 1, at: now}
	return true
}

// forget makes room: those that have everything again go, and all if that is nobody.
func (s *spending[K]) forget(now time.Time) {
	before := len(s.by)
	for key, one := range s.by {
		if now.Sub(one.at).Seconds()/s.refill.Seconds() >= one.much {
			delete(s.by, key)
		}
	}
	if len(s.by) == before {
		clear(s.by)
	}
}
