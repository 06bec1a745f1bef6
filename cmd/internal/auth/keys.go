package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// errIssuerAway is an issuer that does not answer, or not as it should.
var errIssuerAway = errors.New("the issuer is away")

// Limits of how often an issuer is asked.
const (
	keysAge     = time.Hour        // after which keys are asked for again, though those there serve: some may be withdrawn
	keysPause   = 10 * time.Second // between two such questions while the issuer is away
	answerAge   = 5 * time.Second  // for which an answer stands, whatever tokens with made-up keys are shown
	failureAge  = 2 * time.Second  // the same of a failure
	answersMost = 16               // remembered; an issuer has two
	answerMost  = 1 << 20          // bytes
)

// keyring is the issuer's keys. Keys that cannot be asked for anew stay, and so do those in whose place come none.
type keyring struct {
	client *http.Client
	url    string
	now    func() time.Time

	mu   sync.Mutex
	set  *oidc.RemoteKeySet // nil: never had any
	next time.Time          // when to ask again
}

func newKeyring(client *http.Client, url string, now func() time.Time, log *slog.Logger) *keyring {
	own := *client
	own.Transport = &soundKeys{next: client.Transport, log: log}
	return &keyring{client: &own, url: url, now: now}
}

// verify is the id token, if it is the provider's and as config says. Errors: errIssuerAway when the keys to tell are missing.
func (k *keyring) verify(ctx context.Context, p *oidc.Provider, config *oidc.Config, jwt string) (*oidc.IDToken, error) {
	var meta struct {
		Issuer     string   `json:"issuer"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := p.Claims(&meta); err != nil {
		return nil, fmt.Errorf("%w: %w", errIssuerAway, err)
	}
	for _, a := range meta.Algorithms {
		if asymmetric[a] {
			config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, a)
		}
	}
	w := &watched{keyring: k}
	t, err := oidc.NewVerifier(meta.Issuer, w, config).Verify(ctx, jwt)
	if w.away != nil { // which the verifier's own error does not wrap
		return nil, w.away
	}
	return t, err
}

// asymmetric are the ways of signing that an issuer can be believed to use: never none, never a shared secret.
var asymmetric = map[string]bool{
	oidc.RS256: true, oidc.RS384: true, oidc.RS512: true, oidc.ES256: true, oidc.ES384: true, oidc.ES512: true,
	oidc.PS256: true, oidc.PS384: true, oidc.PS512: true, oidc.EdDSA: true,
}

// watched is the keyring for one verification, of which it keeps whether the issuer was away.
type watched struct {
	*keyring
	away error
}

// VerifySignature implements oidc.KeySet.
func (w *watched) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := w.signed(ctx, jwt)
	if errors.Is(err, errIssuerAway) {
		w.away = err
	}
	return payload, err
}

func (k *keyring) signed(ctx context.Context, jwt string) ([]byte, error) {
	now := k.now()
	k.mu.Lock()
	set, ask := k.set, !now.Before(k.next)
	if ask && set != nil {
		k.next = now.Add(keysPause) // others go on with what is there
	}
	k.mu.Unlock()
	if !ask {
		return set.VerifySignature(ctx, jwt)
	}
	fresh := oidc.NewRemoteKeySet(oidc.ClientContext(ctx, k.client), k.url)
	payload, err := fresh.VerifySignature(ctx, jwt)
	if err == nil || (!errors.Is(err, errIssuerAway) && ctx.Err() == nil) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.set, k.next = fresh, now.Add(keysAge)
		return payload, err
	}
	if set != nil {
		return set.VerifySignature(ctx, jwt)
	}
	return nil, err
}

// gentle asks for a document once in a while, however many tokens want it: whoever shows tokens with made-up keys
// does not make this server flood the issuer. Failures are errIssuerAway.
type gentle struct {
	next http.RoundTripper
	now  func() time.Time

	mu      sync.Mutex
	answers map[string]*fetched
}

type fetched struct {
	mu     sync.Mutex
	header http.Header
	body   []byte
	err    error
	until  time.Time
}

func newGentle(next http.RoundTripper, now func() time.Time) *gentle {
	return &gentle{next: next, now: now, answers: map[string]*fetched{}}
}

// RoundTrip implements http.RoundTripper.
func (g *gentle) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		resp, err := g.next.RoundTrip(r)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errIssuerAway, err)
		}
		return resp, nil
	}
	a := g.answer(r.URL.String())
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := g.now(); !now.Before(a.until) {
		if a.header, a.body, a.err = g.fetch(r); a.err == nil {
			a.until = now.Add(answerAge)
		} else if r.Context().Err() == nil {
			a.until = now.Add(failureAge)
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}, nil
}

func (g *gentle) answer(url string) *fetched {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.answers[url]
	if a == nil {
		if len(g.answers) >= answersMost {
			clear(g.answers)
		}
		a = &fetched{}
		g.answers[url] = a
	}
	return a
}

func (g *gentle) fetch(r *http.Request) (http.Header, []byte, error) {
	resp, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errIssuerAway, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%w: %s answers %s", errIssuerAway, r.URL.Host, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errIssuerAway, err)
	}
	return resp.Header, body, nil
}
