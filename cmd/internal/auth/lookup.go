package auth

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"redial/campaign"
)

const (
	maxKnown    = 20_000          // secrets remembered of each kind; beyond it all are forgotten, which costs a look-up each
	lookupTime  = 5 * time.Second // the longest a look-up may take
	maxGuessing = 8               // look-ups at once of the unknown: guesses do not keep the record from those it knows
	maxWaiting  = 10_000          // secrets of the unknown that wait for their look-up
	turnTime    = 2 * time.Second // and how long
)

// answer is what the record said of a secret.
type answer struct {
	token campaign.Token
	err   error     // there is no such token; nil: token holds
	asked time.Time // when the look-up began, by the steady clock; zero: never
	batch uint64    // the last batch of revocations that had been heard of by then
}

// entry is what is known of one secret. Whoever comes while it is being looked up waits for that.
type entry struct {
	mu      sync.Mutex // never held while anything is waited for
	last    answer
	pending *lookup // nil: none under way
}

// lookup is one question to the record, which all who wait for it share.
type lookup struct {
	done   chan struct{} // closed when the rest is set
	answer answer
	err    error // why there is no answer; nil: there is one
	left   bool  // whoever asked went away before there was one
}

// question is how a token is found.
type question struct {
	entry *entry
	find  func(context.Context) (campaign.Token, error) // KindNotFound: there is none
	none  func() error                                  // what is said then
	guess bool                                          // it waits its turn among the unknown
	found func()                                        // told when there is a token; nil: nobody is
}

// look is the token with this secret.
func (g *Guard) look(ctx context.Context, secret string) (campaign.Token, error) {
	hash := campaign.HashSecret(secret)
	return g.answer(ctx, func() question {
		e, known := g.entryOf(hash)
		return question{
			entry: e, none: unknownToken, guess: !known,
			find: func(ctx context.Context) (campaign.Token, error) { return g.record.TokenBySecret(ctx, secret) },
			found: func() {
				if !known {
					g.meet(hash, e)
				}
			},
		}
	})
}

// answer is the token of an answer that is believed, or else of a look-up that began after the caller came: one at most, and
// one more where another's took so long that its answer is no longer believed.
func (g *Guard) answer(ctx context.Context, ask func() question) (campaign.Token, error) {
	came := g.o.Passes()
	for {
		q := ask()
		l, leads := q.entry.join(g)
		if leads {
			g.lead(ctx, &q, l)
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return campaign.Token{}, ctx.Err()
		}
		switch a := &l.answer; {
		case l.left && !leads: // the next asks
		case l.err != nil:
			return campaign.Token{}, l.err
		case !a.asked.Before(came) && !g.heard.outdates(a), g.believes(a):
			return a.token, a.err
		}
	}
}

// join is the answer that is believed, as a look-up that is done, or the look-up under way; leads: the caller is to make it.
func (e *entry) join(g *Guard) (l *lookup, leads bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if g.believes(&e.last) {
		return &lookup{done: answered, answer: e.last}, false
	}
	if e.pending != nil {
		return e.pending, false
	}
	e.pending = &lookup{done: make(chan struct{})}
	return e.pending, true
}

// answered is what a look-up has that need not be waited for.
var answered = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// lead makes a look-up for all who wait for it.
func (g *Guard) lead(ctx context.Context, q *question, l *lookup) {
	l.left = true // unless it comes to an end
	defer func() {
		q.entry.mu.Lock()
		defer q.entry.mu.Unlock()
		if l.err == nil && !l.left {
			q.entry.last = l.answer
		}
		q.entry.pending = nil
		close(l.done)
	}()
	if q.guess {
		if err := g.turn(ctx); err != nil {
			l.err, l.left = err, ctx.Err() != nil
			return
		}
		defer g.guessing.give()
	}
	l.answer, l.err = g.ask(ctx, q)
	l.left = l.err != nil && ctx.Err() != nil
	if l.err == nil && l.answer.err == nil && q.found != nil {
		q.found()
	}
}

// ask asks the record.
func (g *Guard) ask(ctx context.Context, q *question) (answer, error) {
	a := answer{asked: g.o.Passes(), batch: g.heard.last()}
	bounded, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	t, err := q.find(bounded)
	switch {
	case err == nil:
		a.token = t
	case campaign.KindOf(err) == campaign.KindNotFound:
		a.err = q.none()
	case ctx.Err() != nil:
		return a, ctx.Err()
	default:
		g.o.Log.WarnContext(ctx, "cannot check a token", "error", err)
		return a, &campaign.Error{
			Kind: campaign.KindAway, Message: "tokens cannot be checked just now: try again in a second", RetryAfter: time.Second,
		}
	}
	return a, nil
}

// believes says whether an answer is taken without asking again: for a moment, and where the record says within that what
// was revoked, as long as a token that lets somebody in is not among it.
func (g *Guard) believes(a *answer) bool {
	if a.asked.IsZero() || g.heard.outdates(a) {
		return false
	}
	now := g.o.Passes()
	age := now.Sub(a.asked)
	return age < g.o.Remember || age < believed && a.err == nil && a.token.RevokedAt.IsZero() && g.heard.listens(now)
}

// entryOf is what is remembered of a secret, and whether it was found to be somebody's.
func (g *Guard) entryOf(hash string) (e *entry, known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.known[hash]; e != nil {
		return e, true
	}
	if e = g.unknown[hash]; e == nil {
		e = &entry{}
		put(g.unknown, hash, e)
	}
	return e, false
}

// meet remembers a secret as somebody's.
func (g *Guard) meet(hash string, e *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.unknown, hash)
	put(g.known, hash, e)
}

func put(m map[string]*entry, hash string, e *entry) {
	if len(m) >= maxKnown {
		clear(m)
	}
	m[hash] = e
}

// turn waits until an unknown secret may be looked up. A whole floor that signs in at once has its turns within the time;
// a flood of guesses has not, and keeps nobody from theirs who comes from elsewhere.
func (g *Guard) turn(ctx context.Context) error {
	ok, err := g.guessing.take(ctx, sourceFrom(ctx), turnTime)
	if err == nil && !ok {
		return crowded()
	}
	return err
}

// crowded refuses a secret that cannot be looked up because too many others are.
func crowded() error {
	wait := time.Duration((0.5 + rand.Float64()) * float64(time.Second)).Round(time.Millisecond)
	return &campaign.Error{
		Kind: campaign.KindExhausted, Reason: campaign.ReasonOverloaded, RetryAfter: wait,
		Message: "too many tokens that this server does not know yet are shown at once: send the same again in a second",
	}
}
