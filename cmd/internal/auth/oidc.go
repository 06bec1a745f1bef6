package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"redial/campaign"
)

// Reasons of an id token that lets nobody in.
const (
	ReasonIdentityRefused = "IDENTITY_REFUSED" // signed by somebody else, for somebody else, or damaged
	ReasonNoRole          = "NO_ROLE"          // in no group that has a role here
	ReasonNoCampaigns     = "NO_CAMPAIGNS"     // the claim of campaigns is missing or empty
	ReasonNoAgent         = "NO_AGENT"         // role agent, and no active agent has this login
)

// Agents finds agents in the record.
type Agents interface {
	// AgentByLogin is the agent with this login. Error: KindNotFound.
	AgentByLogin(ctx context.Context, login string) (campaign.Agent, error)
}

// IssuerOptions say who the issuer is and what its words mean here.
type IssuerOptions struct {
	URL       string   // of the issuer, as it writes it itself
	Client    string   // this server's id there, and the audience of every token
	Secret    string   // of the client; empty: a public one
	Scopes    []string // asked for at sign-in, with openid
	Name      string   // claim that names the person; empty: see nameOf
	Claim     string   // that names groups; a dot leads into an object
	Campaigns string   // claim with ids of campaigns, or *; empty: everybody sees every one
	Role      func(groups []string) (campaign.Role, bool)
	Agents    Agents

	Remember time.Duration     // how long an answer is believed; 0: 1s
	Now      func() time.Time  // nil: time.Now
	Log      *slog.Logger      // nil: discarded
	HTTP     http.RoundTripper // nil: http.DefaultTransport
}

// Issuer knows people by the id tokens of an OpenID Connect issuer. The issuer is asked when it is first needed, so that
// a node starts without it, and its keys are kept: tokens that they verify go on while it is away. Safe for concurrent use.
type Issuer struct {
	o      IssuerOptions
	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
	keys     *keyring
	seen     map[[sha256.Size]byte]seen // what bearers said, for Remember
}

type seen struct {
	caller campaign.Caller
	err    error
	until  time.Time
}

// Limits of the talk with the issuer.
const (
	issuerTime = 5 * time.Second
	jwtMost    = 16 << 10 // bytes
	ownerMost  = 100      // bytes of an owner's name, as of a token's
)

// NewIssuer makes an issuer; it asks nobody yet.
func NewIssuer(o IssuerOptions) *Issuer {
	o.Remember = cmp.Or(o.Remember, time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultTransport
	}
	return &Issuer{
		o: o, client: &http.Client{Transport: newGentle(o.HTTP, o.Now), Timeout: issuerTime}, seen: map[[sha256.Size]byte]seen{},
	}
}

// LooksLikeJWT says whether a bearer is three parts between dots, which no secret of a token is.
func LooksLikeJWT(bearer string) bool { return strings.Count(bearer, ".") == 2 }

// Caller is whom an id token names. Errors: KindStranger when it is not the issuer's for this server, or has expired;
// KindDenied when the person may do nothing here; KindAway when the issuer cannot be asked.
func (i *Issuer) Caller(ctx context.Context, jwt string) (campaign.Caller, error) {
	key, now := sha256.Sum256([]byte(jwt)), i.o.Now()
	i.mu.Lock()
	before, ok := i.seen[key]
	i.mu.Unlock()
	if ok && now.Before(before.until) {
		return before.caller, before.err
	}
	until := now.Add(i.o.Remember)
	c, _, expires, err := i.read(ctx, jwt, nil)
	if kind := campaign.KindOf(err); kind == campaign.KindAway || ctx.Err() != nil {
		return campaign.Caller{}, err
	}
	if err == nil && expires.Before(until) {
		until = expires
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.seen) >= maxKnown {
		clear(i.seen)
	}
	i.seen[key] = seen{c, err, until}
	return c, err
}

// SignInURL is where a browser goes to sign in. The issuer sends it back to redirect, with state and a code; the code
// is worth nothing without verifier (PKCE), and the token that comes for it bears nonce.
func (i *Issuer) SignInURL(ctx context.Context, redirect, state, nonce, verifier string) (string, error) {
	p, _, err := i.discover(ctx)
	if err != nil {
		return "", err
	}
	return i.config(p, redirect).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// Role is what a person of these groups may be here today; false: nothing.
func (i *Issuer) Role(groups []string) (campaign.Role, bool) { return i.o.Role(groups) }

// SignIn is the person for whom the issuer gave a code, and the groups that make it so. Errors as of Caller.
func (i *Issuer) SignIn(ctx context.Context, redirect, code, nonce, verifier string) (campaign.Caller, []string, error) {
	p, _, err := i.discover(ctx)
	if err != nil {
		return campaign.Caller{}, nil, err
	}
	ctx = oidc.ClientContext(ctx, i.client)
	got, err := i.config(p, redirect).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil && refused.Response.StatusCode < 500 {
		i.o.Log.WarnContext(ctx, "the issuer refused the code of a sign-in", "error", refused.ErrorCode)
		return campaign.Caller{}, nil, stranger(ReasonIdentityRefused, "the issuer refused this sign-in ("+cmp.Or(printable(refused.ErrorCode), "no reason given")+"): begin again")
	}
	if err != nil {
		return campaign.Caller{}, nil, i.away(ctx, err)
	}
	raw, _ := got.Extra("id_token").(string)
	c, groups, _, err := i.read(ctx, raw, &nonce)
	return c, groups, err
}

func (i *Issuer) config(p *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: i.o.Client, ClientSecret: i.o.Secret, Endpoint: p.Endpoint(), RedirectURL: redirect, Scopes: i.o.Scopes}
}

// discover asks the issuer where its parts are, once.
func (i *Issuer) discover(ctx context.Context) (*oidc.Provider, *keyring, error) {
	i.mu.Lock()
	p, keys := i.provider, i.keys
	i.mu.Unlock()
	if p != nil {
		return p, keys, nil
	}
	asked := oidc.ClientContext(ctx, i.client)
	p, err := oidc.NewProvider(asked, i.o.URL)
	var where struct {
		Keys string `json:"jwks_uri"`
	}
	if err == nil {
		err = p.Claims(&where)
	}
	if err != nil {
		return nil, nil, i.away(ctx, err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.provider == nil {
		i.provider, i.keys = p, newKeyring(i.client, where.Keys, i.o.Now, i.o.Log)
	}
	return i.provider, i.keys, nil
}

// read verifies an id token and says whom it names, and until when. A nonce, if given, must be the token's.
func (i *Issuer) read(ctx context.Context, jwt string, nonce *string) (campaign.Caller, []string, time.Time, error) {
	if len(jwt) > jwtMost || !LooksLikeJWT(jwt) {
		return campaign.Caller{}, nil, time.Time{}, stranger(ReasonIdentityRefused, "this is no id token: it has three parts between dots, and 16 KiB at most")
	}
	p, keys, err := i.discover(ctx)
	if err != nil {
		return campaign.Caller{}, nil, time.Time{}, err
	}
	token, err := keys.verify(ctx, p, &oidc.Config{ClientID: i.o.Client, Now: i.o.Now}, jwt)
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return campaign.Caller{}, nil, time.Time{}, stranger(ReasonTokenExpired, "this id token has expired: get a fresh one from the issuer")
	}
	if errors.Is(err, errIssuerAway) {
		return campaign.Caller{}, nil, time.Time{}, i.away(ctx, err)
	}
	if ctx.Err() != nil {
		return campaign.Caller{}, nil, time.Time{}, ctx.Err()
	}
	if err != nil {
		return campaign.Caller{}, nil, time.Time{}, stranger(ReasonIdentityRefused, "this id token is not accepted here: "+printable(strings.TrimPrefix(err.Error(), "oidc: ")))
	}
	if nonce != nil && (*nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(*nonce)) != 1) {
		return campaign.Caller{}, nil, time.Time{}, stranger(ReasonIdentityRefused, "this id token was made for another sign-in: begin again")
	}
	c, groups, err := i.person(ctx, token)
	return c, groups, token.Expiry, err
}

func (i *Issuer) away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	i.o.Log.WarnContext(ctx, "the issuer of sign-ins cannot be asked", "issuer", i.o.URL, "error", err)
	return away("the issuer of sign-ins does not answer as it should: try again in a moment, or show a token of this server")
}

// idOf stands for a token's id where people without one are told apart: limits, and the audit log. It is negative, as
// no token's is, and the same for a person on every node.
func idOf(issuer, subject string) campaign.TokenID {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return -campaign.TokenID(binary.BigEndian.Uint64(sum[:8])>>1) - 1
}

// printable is text of somebody else as it may stand in an error.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), 200)], "")
}
