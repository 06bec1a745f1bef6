// Package auth decides who is asking and whether their role may: bearer tokens against the record, methods against
// one table of roles. It never decides whose lead or which agent a request is about; the services do, with the
// campaign.Caller it puts into the context.
package auth

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"

	"redial/campaign"
)

// Tokens finds tokens in the record.
type Tokens interface {
	// TokenBySecret is the token with this secret, whether or not it is still in force. Error: KindNotFound when there
	// is none.
	TokenBySecret(ctx context.Context, secret string) (campaign.Token, error)
}

// Record is what a guard asks of the record.
type Record interface {
	Tokens
	// RevokedSince are the tokens that were revoked at this instant of the record's clock or later.
	RevokedSince(ctx context.Context, since time.Time) ([]campaign.TokenID, error)
	// TouchTokens notes when tokens were last used.
	TouchTokens(ctx context.Context, used map[campaign.TokenID]time.Time) error
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
	Remember time.Duration    // how long an answer of the record is believed while revocations are not heard; 0: 1s
	Hear     time.Duration    // from one question after revocations to the next, at most; 0: 1s
	Unknown  int              // look-ups at once of secrets that were never found to let somebody in; 0: 8
	Now      func() time.Time // the record's clock; nil: time.Now
	Passes   func() time.Time // what passes by the process's steady clock; nil: as Now says
	Log      *slog.Logger     // nil: discarded

	Certificates Certificates // nil: no client certificate stands for a token
	Issuer       *Issuer      // whose id tokens are bearers; nil: none
	Owners       Owners       // nil: nothing belongs to a campaign
	Guests       Guests       // who signed in to the pages; nil: there are none
}

// Guard knows callers by their tokens. Safe for concurrent use.
type Guard struct {
	record Record
	o      Options

	mu       sync.Mutex
	known    map[string]*entry // secrets that let somebody in, by hash: they themselves are not kept
	unknown  map[string]*entry // those that did not, or not yet
	guessing *turns            // to look up the unknown

	homes map[home]campaign.CampaignID // of lists and uploads

	machines machines

	heard   revocations
	lasting lasting
	used    uses
}

// New makes a guard over the record's tokens. Hear and NoteUses are to run beside it.
func New(record Record, o Options) *Guard {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Passes == nil {
		o.Passes = o.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Remember, o.Hear, o.Unknown = cmp.Or(o.Remember, time.Second), cmp.Or(o.Hear, time.Second), cmp.Or(o.Unknown, maxGuessing)
	g := &Guard{record: record, o: o, known: map[string]*entry{}, unknown: map[string]*entry{}, guessing: newTurns(o.Unknown, maxWaiting)}
	g.heard.upTo = o.Now()
	return g
}

// Authenticate is the caller whose token has this secret, or whom the issuer's id token names; without either, the machine
// whose certificate the connection showed. Errors: KindStranger with a Reason; KindAway when the
// record cannot be asked.
func (g *Guard) Authenticate(ctx context.Context, secret string) (campaign.Caller, error) {
	switch {
	case secret == "":
		return g.withoutSecret(ctx)
	case g.o.Issuer != nil && LooksLikeJWT(secret):
		return g.o.Issuer.Caller(ctx, secret)
	}
	if c, ok, err := g.guest(ctx, secret); ok {
		return c, err
	}
	if !strings.HasPrefix(secret, campaign.SecretPrefix) || len(secret) > 200 {
		return campaign.Caller{}, unknownToken()
	}
	t, err := g.look(ctx, secret)
	if err != nil {
		return campaign.Caller{}, err
	}
	return g.callerOf(t)
}

// callerOf is the caller whose token it is, if it is in force.
func (g *Guard) callerOf(t campaign.Token) (campaign.Caller, error) {
	now := g.o.Now()
	switch {
	case !t.RevokedAt.IsZero():
		return campaign.Caller{}, revoked()
	case !t.InForce(now):
		return campaign.Caller{}, stranger(ReasonTokenExpired, "this token has expired: ask an admin for another")
	}
	g.used.note(t.ID, now)
	return t.Caller(), nil
}

func away(message string) error {
	return &campaign.Error{Kind: campaign.KindAway, Message: message, RetryAfter: time.Second}
}

func stranger(reason, message string) error {
	return &campaign.Error{Kind: campaign.KindStranger, Reason: reason, Message: message}
}

func revoked() error {
	return stranger(ReasonTokenRevoked, "this token was revoked: ask an admin for another")
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
