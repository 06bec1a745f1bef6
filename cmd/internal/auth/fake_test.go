package auth

import (
	"context"
	"errors"
	"maps"
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

	deaf    bool          // it does not tell of revocations
	telling time.Duration // how long it takes over that
	touched []map[campaign.TokenID]time.Time
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

func (r *record) RevokedSince(ctx context.Context, since time.Time) (ids []campaign.TokenID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tokens {
		if !t.RevokedAt.IsZero() && !t.RevokedAt.Before(since) {
			ids = append(ids, t.ID)
		}
	}
	deaf, wait := r.deaf || r.down, r.telling
	r.mu.Unlock()
	defer r.mu.Lock()
	select { // what it saw it tells later
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(wait):
	}
	if deaf {
		return nil, errDown
	}
	return ids, nil
}

func (r *record) TouchTokens(_ context.Context, used map[campaign.TokenID]time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return errDown
	}
	r.touched = append(r.touched, maps.Clone(used))
	return nil
}

func (r *record) asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lookups
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
