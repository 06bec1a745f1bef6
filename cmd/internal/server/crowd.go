package server

import (
	"fmt"
	"strings"
	"sync"

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
	mu sync.Mutex
	n  map[string]int
}

func newCrowd() *crowd { return &crowd{n: make(map[string]int)} }

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

func (c *crowd) give(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
