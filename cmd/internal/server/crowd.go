package server

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/peer"

	"redial/campaign"
)

// Limits of what one caller may have open at once.
const (
	streamsOfAgent  = 4 // a desk, the one it comes from, and a little
	streamsOfAdmin  = 12_000
	streamsOfOthers = 64
	streamsOpen     = 4000 // without a token: health watches, all together
	streamsOfSource = 64   // and of one address, as one customer has it
	waitsOfAgent    = 4    // NextCalls at once
)

// crowd counts what is open by key, each up to a limit.
type crowd struct {
	mu   sync.Mutex
	n    map[string]int
	line map[string][]chan struct{} // who waits, in order of coming; closed when it has the place of one who left
}

func newCrowd() *crowd {
	return &crowd{n: make(map[string]int), line: make(map[string][]chan struct{})}
}

// take adds one of key unless there are most; give takes it off again.
func (c *crowd) take(key string, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n[key] >= most {
		return false
	}
	c.n[key]++
	return true
}

// await is take that waits for a place, for so long and no more than so many of a key at once.
func (c *crowd) await(ctx context.Context, key string, most, waiting int, patience time.Duration) (ok bool, err error) {
	c.mu.Lock()
	if c.n[key] < most || len(c.line[key]) >= waiting {
		ok = c.n[key] < most
		if ok {
			c.n[key]++
		}
		c.mu.Unlock()
		return ok, nil
	}
	place := make(chan struct{})
	c.line[key] = append(c.line[key], place)
	c.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-place:
		return true, nil
	case <-timer.C:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-place: // at the last moment
		return true, nil
	default:
		c.unline(key, place)
		return false, err
	}
}

func (c *crowd) unline(key string, place chan struct{}) {
	line := slices.DeleteFunc(c.line[key], func(p chan struct{}) bool { return p == place })
	if c.line[key] = line; len(line) == 0 {
		delete(c.line, key)
	}
}

func (c *crowd) give(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if line := c.line[key]; len(line) > 0 {
		close(line[0])
		c.unline(key, line[0])
		return
	}
	if c.n[key]--; c.n[key] <= 0 {
		delete(c.n, key)
	}
}

// open takes a stream's place: one of its token's, or, of whoever shows none, one of its address's and of all. The error
// says which there are too many of.
func (c *crowd) open(ctx context.Context) (give func(), err error) {
	caller := campaign.CallerFrom(ctx)
	if caller.Token != 0 || caller.Role != "" {
		key, most := fmt.Sprint("token ", caller.Token), streamLimit(caller.Role)
		if caller.Token == 0 { // somebody of the pages who came by a link, in whatever role
			key = fmt.Sprint("owner ", caller.Owner, " as ", caller.Role)
		}
		if !c.take(key, most) {
			return nil, tooMany("this token has too many streams open", most, "close one, or use a token for each agent")
		}
		return func() { c.give(key) }, nil
	}
	key, most := "open", streamsOpen // of this machine, or this process's own
	if from := sourceOf(ctx); from.IsValid() && !from.Addr().IsLoopback() {
		key, most = "from "+from.String(), streamsOfSource
	}
	if !c.take(key, most) {
		return nil, tooMany("this address has too many streams open without a token", most, "close one, or ask for the health instead of watching it")
	}
	if key == "open" {
		return func() { c.give(key) }, nil
	}
	if !c.take("open", streamsOpen) {
		c.give(key)
		return nil, tooMany("too many streams are open without a token", streamsOpen, "ask for the health instead of watching it")
	}
	return func() { c.give("open"); c.give(key) }, nil
}

// sourceOf is where a call comes from; the zero Prefix: nobody knows, or it is of this process.
func sourceOf(ctx context.Context) netip.Prefix {
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return netip.Prefix{}
	}
	return source(p.Addr)
}

// streamLimit is how many streams a token of a role may have open.
func streamLimit(r campaign.Role) int {
	switch r {
	case campaign.RoleAgent:
		return streamsOfAgent
	case campaign.RoleAdmin:
		return streamsOfAdmin
	default:
		return streamsOfOthers
	}
}

// kindOf is what a stream is for, as the metrics name it.
func kindOf(method string) string {
	name := method[strings.LastIndexByte(method, '/')+1:]
	switch c := classOf(method); {
	case name == "Work":
		return "work"
	case c == bulk:
		return "upload"
	case c == heavy:
		return "table"
	case strings.HasPrefix(method, "/grpc."):
		return "service"
	default:
		return "watch"
	}
}

// tooMany is a refusal that waiting alone does not mend: something must be closed first.
func tooMany(what string, most int, advice string) error {
	return &campaign.Error{
		Kind: campaign.KindExhausted, Reason: ReasonTooMany, RetryAfter: retryMost,
		Message: fmt.Sprintf("%s: at most %d at once; %s", what, most, advice),
	}
}

// Reasons of refusals of this package, stable words for programs.
const (
	ReasonTooMany  = "TOO_MANY_OPEN"    // streams or waiting calls of one token or agent
	ReasonTooLarge = "ANSWER_TOO_LARGE" // ask for less at once
)
