package auth

import (
	"context"
	"errors"
	"sync"
	"time"

	"redial/campaign"
)

var errDown = errors.New("connection refused")

// record is a record of tokens in memory.
type record struct {
	mu      sync.Mutex
	tokens  map[string]*campaign.Token // by secret
	down    bool
	lookups int
}

func (r *record) TokenBySecret(_ context.Context, secret string) (campaign.Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups++
	if r.down {
		return campaign.Token{}, errDown
	}
	if t := r.tokens[secret]; t != nil {
		return *t, nil
	}
	return campaign.Token{}, campaign.NotFound("token", "")
}

func (r *record) CreateToken(_ context.Context, t campaign.Token, secret string) (campaign.Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return campaign.Token{}, errDown
	}
	t.ID = campaign.TokenID(len(r.tokens) + 1)
	if r.tokens == nil {
		r.tokens = map[string]*campaign.Token{}
	}
	r.tokens[secret] = &t
	return t, nil
}

func (r *record) change(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

// clock is a clock that is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
