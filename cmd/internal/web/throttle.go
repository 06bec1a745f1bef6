package web

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Limits of guessing. Only wrong guesses wait, and only those of their own address: whoever shows a right token is let in
// at once, from wherever the guesses come, so that nobody can be locked out by somebody else's.
const (
	guessesFree  = 5 // wrong ones of an address that are answered at once
	guessStep    = 250 * time.Millisecond
	guessLongest = 5 * time.Second
	guessRefill  = 30 * time.Second // after which one wrong guess is forgotten
	guessWaiting = 32               // of an address; what comes beyond is told so without waiting
	addressesMax = 50_000           // remembered; beyond it all are forgotten
)

// guesses counts wrong guesses by source address. Safe for concurrent use.
type guesses struct {
	now func() time.Time

	mu sync.Mutex
	by map[netip.Prefix]*guesser
}

type guesser struct {
	wrong   float64
	at      time.Time // of wrong
	waiting int
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, by: map[netip.Prefix]*guesser{}}
}

// wrong notes a wrong guess and waits as long as that address has to; false: too many of its guesses wait already.
func (g *guesses) wrong(ctx context.Context, r *http.Request) bool {
	from := source(r)
	wait, ok := g.note(from)
	if !ok {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	defer g.waited(from)
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}

func (g *guesses) note(from netip.Prefix) (wait time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	one := g.by[from]
	if one == nil {
		if len(g.by) >= addressesMax {
			clear(g.by)
		}
		one = &guesser{at: now}
		g.by[from] = one
	}
	one.wrong = max(0, one.wrong-now.Sub(one.at).Seconds()/guessRefill.Seconds()) + 1
	one.at = now
	if one.waiting >= guessWaiting {
		return 0, false
	}
	one.waiting++
	return min(guessLongest, max(0, time.Duration((one.wrong-guessesFree)*float64(guessStep)))), true
}

func (g *guesses) waited(from netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one := g.by[from]; one != nil {
		one.waiting--
	}
}

// source is the network that a request comes from: an address of IPv4, 64 bits of IPv6, which one customer has whole. A
// proxy's, where there is one: what it says of its clients anybody could say.
func source(r *http.Request) netip.Prefix {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := at.Addr().Unmap(), 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// guessed answers a wrong guess when its time has come. Error pages of the caller follow if it answers true.
func (s *Site) guessed(w http.ResponseWriter, r *http.Request) bool {
	if s.guesses.wrong(r.Context(), r) {
		return true
	}
	tooMany(w, "too many wrong tokens come from this address at once: wait a little; a right one is let in at any time")
	return false
}

func tooMany(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "5")
	w.Header().Set("Connection", "close")
	http.Error(w, why, http.StatusTooManyRequests)
}
