package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"redial/campaign"
)

// Limits of what one caller may have open at once.
const (
	streamsOfAgent  = 4 // a desk, the one it comes from, and a little
	streamsOfAdmin  = 12_000
	streamsOfOthers = 64
	streamsOpen     = 1000 // without a token: health watches, all together
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

// streamLimit is how many streams a token may have open.
func streamLimit(c campaign.Caller) (key string, most int) {
	switch {
	case c.Token == 0 && c.Role == "":
		return "open", streamsOpen
	case c.Role == campaign.RoleAgent:
		most = streamsOfAgent
	case c.Role == campaign.RoleAdmin:
		most = streamsOfAdmin
	default:
		most = streamsOfOthers
	}
	return fmt.Sprint("token ", c.Token), most
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
