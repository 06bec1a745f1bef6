package web

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"redial/campaign"
)

// Limits of asking the record for sessions that this node has not heard of: anybody can invent a cookie.
const (
	lookupsMost  = 64 // at once
	lookupsOfOne = 8  // of an address
)

// idLength is that of a session's id: twice rand.Text.
const idLength = 52

// wellFormed says whether an id can be a session's; the record is not asked for others.
func wellFormed(id string) bool {
	return len(id) == idLength && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// lookups bounds the questions for sessions, by address and in all, and remembers for a moment which there are not. Safe
// for concurrent use.
type lookups struct {
	now func() time.Time

	mu      sync.Mutex
	asking  int
	by      map[netip.Prefix]int
	unknown map[string]time.Time // when the record said so
}

func newLookups(now func() time.Time) *lookups {
	return &lookups{now: now, by: map[netip.Prefix]int{}, unknown: map[string]time.Time{}}
}

// begin is before a question; with no error, end follows it. Errors: KindStranger when the record said so just now;
// KindAway when too many are asked.
func (l *lookups) begin(from netip.Prefix, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch at, ok := l.unknown[id]; {
	case ok && l.now().Sub(at) < believed:
		return notSignedIn()
	case l.asking >= lookupsMost || l.by[from] >= lookupsOfOne:
		return &campaign.Error{Kind: campaign.KindAway, Message: "too many sessions are looked up at once: try again in a moment"}
	}
	l.asking++
	l.by[from]++
	return nil
}

// end is after a question, with its answer.
func (l *lookups) end(from netip.Prefix, id string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asking--
	if l.by[from]--; l.by[from] == 0 {
		delete(l.by, from)
	}
	if campaign.KindOf(err) != campaign.KindStranger {
		return
	}
	now := l.now()
	if len(l.unknown) >= maxSessions {
		maps.DeleteFunc(l.unknown, func(_ string, at time.Time) bool { return now.Sub(at) >= believed })
	}
	if len(l.unknown) >= maxSessions {
		clear(l.unknown)
	}
	l.unknown[id] = now
}

func notSignedIn() error {
	return &campaign.Error{Kind: campaign.KindStranger, Message: "not signed in"}
}

type sourceKey struct{}

// sourced tells what follows where a request comes from.
func sourced(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), sourceKey{}, source(r)))
}

// sourceOf is where a request comes from; nowhere when it is this process itself that asks.
func sourceOf(ctx context.Context) netip.Prefix {
	from, _ := ctx.Value(sourceKey{}).(netip.Prefix)
	return from
}
