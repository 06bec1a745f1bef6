package auth

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"redial/campaign"
)

const (
	believed  = 5 * time.Minute         // how long a token is believed to let somebody in while revocations are heard
	heardLag  = 1500 * time.Millisecond // from a question after revocations on: then they are no longer heard
	hearTime  = 2 * time.Second         // the longest such a question may take
	hearAgain = 2 * time.Minute         // asked for once more each time: nodes' clocks differ, and revocations are committed late
	heardKept = believed + time.Minute  // how long a revocation is remembered: longer than what it outdates
)

// revocations are what was heard of tokens revoked.
type revocations struct {
	mu    sync.RWMutex
	asked time.Time // when the last question that was answered began, by the steady clock; zero: none yet
	upTo  time.Time // the same by the record's: what was revoked before was told of, but for the late
	batch uint64    // of revocations, counted
	of    map[campaign.TokenID]revocation
}

// revocation is one that was heard of.
type revocation struct {
	batch uint64    // answers of look-ups that began before it are outdated
	at    time.Time // by the steady clock
}

// listens says whether what is revoked is heard of at once.
func (r *revocations) listens(now time.Time) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return !r.asked.IsZero() && now.Sub(r.asked) < heardLag
}

// outdates says whether an answer's token was revoked after it was asked for.
func (r *revocations) outdates(a *answer) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return a.batch < r.of[a.token.ID].batch
}

// last is the last batch.
func (r *revocations) last() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.batch
}

// since is the instant of the record's clock from which on to ask.
func (r *revocations) since() time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.upTo.Add(-hearAgain)
}

// take remembers what was told; what was told before changes nothing.
func (r *revocations) take(ids []campaign.TokenID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids = slices.DeleteFunc(slices.Clone(ids), func(id campaign.TokenID) bool { return r.of[id].batch > 0 })
	for id, old := range r.of {
		if now.Sub(old.at) > heardKept {
			delete(r.of, id)
		}
	}
	if len(ids) == 0 {
		return
	}
	if r.of == nil {
		r.of = make(map[campaign.TokenID]revocation)
	}
	r.batch++
	for _, id := range ids {
		r.of[id] = revocation{batch: r.batch, at: now}
	}
}

// answered notes that a question was answered that began at these instants of the two clocks.
func (r *revocations) answered(asked, upTo time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.upTo = asked, upTo
}

// Hear asks the record about once a second what was revoked, until ctx ends. Tokens are not asked for again and again
// while it is answered; while it is not, they are, and a revoked token works for Options.Remember at most.
func (g *Guard) Hear(ctx context.Context) error {
	deaf := false
	for {
		began := g.o.Passes()
		err := g.hear(ctx)
		if ctx.Err() == nil {
			g.tell(ctx, deaf, err)
		}
		deaf = err != nil
		pause := time.Duration((0.8 + 0.2*rand.Float64()) * float64(g.o.Hear))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(pause-g.o.Passes().Sub(began), pause/4)):
		}
	}
}

// tell tells an operator when revocations cease to be heard of, and when they are again.
func (g *Guard) tell(ctx context.Context, deaf bool, err error) {
	switch {
	case err != nil && !deaf:
		g.o.Log.WarnContext(ctx, "cannot hear of revoked tokens: every token is asked for again each second", "error", err)
	case err == nil && deaf:
		g.o.Log.InfoContext(ctx, "revoked tokens are heard of again")
	}
}

// hear asks once.
func (g *Guard) hear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	asked, upTo := g.o.Passes(), g.o.Now()
	ids, err := g.record.RevokedSince(ctx, g.heard.since())
	if err != nil {
		return err
	}
	g.revoke(ids)
	g.heard.answered(asked, upTo)
	return nil
}

// revoke takes it that these tokens were revoked.
func (g *Guard) revoke(ids []campaign.TokenID) {
	g.heard.take(ids, g.o.Passes())
	g.lasting.cut(ids)
}

// Forget has a token asked for again: this node knows that it was revoked.
func (g *Guard) Forget(id campaign.TokenID) { g.revoke([]campaign.TokenID{id}) }
