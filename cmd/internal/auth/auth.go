// Package auth decides who is asking and whether their role may: bearer tokens against the record, methods against
// one table of roles. It never decides whose lead or which agent a request is about; the services do, with the
// campaign.Caller it puts into the context.
package auth

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/metadata"

	"redial/campaign"
)

// Tokens finds tokens in the record.
type Tokens interface {
	// TokenBySecret is the token with this secret, whether or not it is still in force, and notes its use.
	// Error: KindNotFound when there is none.
	TokenBySecret(ctx context.Context, secret string) (campaign.Token, error)
}

// Reasons of a refusal, stable words for programs.
const (
	ReasonTokenMissing = "TOKEN_MISSING"
	ReasonTokenUnknown = "TOKEN_UNKNOWN"
	ReasonTokenExpired = "TOKEN_EXPIRED"
	ReasonTokenRevoked = "TOKEN_REVOKED"
	ReasonRoleDenied   = "ROLE_DENIED"
)

// Options of New. The zero value is useful.
type Options struct {
	Remember time.Duration    // how long an answer of the record is believed; 0: 1s. A revoked token works so long at most
	Unknown  int              // look-ups at once of secrets that were never found to let somebody in; 0: 8
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: discarded
}

// Guard knows callers by their tokens. Safe for concurrent use.
type Guard struct {
	tokens Tokens
	o      Options

	mu       sync.Mutex
	known    map[string]*entry // secrets that let somebody in, by hash: they themselves are not kept
	unknown  map[string]*entry // those that did not, or not yet
	guessing chan struct{}     // room for look-ups of the unknown
	waiting  atomic.Int64      // for that room
}

// entry is what the record said of one secret. Its mutex makes concurrent askers share one look-up.
type entry struct {
	mu    sync.Mutex
	token campaign.Token
	err   error // of kind KindNotFound; nil: token holds
	until time.Time
}

const (
	maxKnown    = 20_000          // secrets remembered of each kind; beyond it all are forgotten, which costs a look-up each
	lookupTime  = 5 * time.Second // the longest a look-up may take
	maxGuessing = 8               // look-ups at once of the unknown: guesses do not keep the record from those it knows
	maxWaiting  = 10_000          // of the unknown that wait for their look-up
	turnTime    = 2 * time.Second // and how long
)

// New makes a guard over the record's tokens.
func New(tokens Tokens, o Options) *Guard {
	if o.Remember <= 0 {
		o.Remember = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Unknown <= 0 {
		o.Unknown = maxGuessing
	}
	return &Guard{
		tokens: tokens, o: o, known: map[string]*entry{}, unknown: map[string]*entry{}, guessing: make(chan struct{}, o.Unknown),
	}
}

// Authenticate is the caller whose token has this secret. Errors: KindStranger with a Reason; KindAway when the
// record cannot be asked.
func (g *Guard) Authenticate(ctx context.Context, secret string) (campaign.Caller, error) {
	if secret == "" {
		return campaign.Caller{}, stranger(ReasonTokenMissing,
			`no token: send the metadata "authorization: Bearer rd_…"; the first admin token is in admin.token of the server's data folder`)
	}
	if !strings.HasPrefix(secret, campaign.SecretPrefix) || len(secret) > 200 {
		return campaign.Caller{}, unknownToken()
	}
	t, err := g.look(ctx, secret)
	if err != nil {
		return campaign.Caller{}, err
	}
	now := g.o.Now()
	switch {
	case !t.RevokedAt.IsZero():
		return campaign.Caller{}, stranger(ReasonTokenRevoked, "this token was revoked: ask an admin for another")
	case !t.InForce(now):
		return campaign.Caller{}, stranger(ReasonTokenExpired, "this token has expired: ask an admin for another")
	}
	return t.Caller(), nil
}

// look asks the record, at most once in Remember for a secret.
func (g *Guard) look(ctx context.Context, secret string) (campaign.Token, error) {
	hash := campaign.HashSecret(secret)
	e, known := g.entryOf(hash)
	e.mu.Lock()
	defer e.mu.Unlock()
	asked := g.o.Now()
	if asked.Before(e.until) {
		return e.token, e.err
	}
	if !known {
		if err := g.turn(ctx); err != nil {
			return campaign.Token{}, err
		}
		defer func() { <-g.guessing }()
	}
	bounded, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	t, err := g.tokens.TokenBySecret(bounded, secret)
	switch {
	case err == nil:
		e.token, e.err = t, nil
		if !known {
			g.meet(hash, e)
		}
	case campaign.KindOf(err) == campaign.KindNotFound:
		e.token, e.err = campaign.Token{}, unknownToken()
	case ctx.Err() != nil:
		return campaign.Token{}, ctx.Err()
	default:
		g.o.Log.WarnContext(ctx, "cannot check a token", "error", err)
		return campaign.Token{}, &campaign.Error{
			Kind: campaign.KindAway, Message: "tokens cannot be checked just now: try again in a second", RetryAfter: time.Second,
		}
	}
	e.until = asked.Add(g.o.Remember)
	return e.token, e.err
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
// a flood of guesses has not.
func (g *Guard) turn(ctx context.Context) error {
	if g.waiting.Add(1) > maxWaiting {
		g.waiting.Add(-1)
		return crowded()
	}
	defer g.waiting.Add(-1)
	timer := time.NewTimer(turnTime)
	defer timer.Stop()
	select {
	case g.guessing <- struct{}{}:
		return nil
	case <-timer.C:
		return crowded()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crowded refuses a secret that cannot be looked up because too many others are.
func crowded() error {
	wait := time.Duration((0.5 + rand.Float64()) * float64(time.Second)).Round(time.Millisecond)
	return &campaign.Error{
		Kind: campaign.KindExhausted, Reason: campaign.ReasonOverloaded, RetryAfter: wait,
		Message: "too many tokens that this server does not know yet are shown at once: send the same again in a second",
	}
}

func stranger(reason, message string) error {
	return &campaign.Error{Kind: campaign.KindStranger, Reason: reason, Message: message}
}

func unknownToken() error {
	return stranger(ReasonTokenUnknown, "this token is not known here: check that it was copied whole, rd_ and 32 characters, and that it is this server's")
}

// bearer is the secret in a request's metadata; empty if there is none.
func bearer(ctx context.Context) string {
	for _, v := range metadata.ValueFromIncomingContext(ctx, "authorization") {
		return Bearer(v)
	}
	return ""
}

// Bearer is the secret in an authorization header; empty if the header is of another kind.
func Bearer(header string) string {
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}
