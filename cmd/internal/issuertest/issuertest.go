// Package issuertest is an OpenID Connect issuer on a free port of this machine, for tests: discovery, keys, an
// authorization that says yes at once, and a token endpoint that holds callers to their codes and their proof (PKCE).
// Nothing but tests imports it.
package issuertest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Claims are what a token says.
type Claims map[string]any

// Issuer is one that tests command. Safe for concurrent use.
type Issuer struct {
	URL    string
	Client string // whose tokens it makes
	Secret string // of the client; empty: not asked for

	mu     sync.Mutex
	now    func() time.Time
	key    *rsa.PrivateKey
	kid    string
	person Claims // who signs in next
	away   bool
	shown  string // in place of the keys; empty: the keys
	codes  map[string]authorized
	asked  map[string]int
}

type authorized struct {
	nonce, challenge, redirect string
	person                     Claims
}

// New runs an issuer until the test ends; a nil now is time.Now.
func New(t *testing.T, client string, now func() time.Time) *Issuer {
	t.Helper()
	if now == nil {
		now = time.Now
	}
	i := &Issuer{Client: client, now: now, codes: map[string]authorized{}, asked: map[string]int{}}
	i.Rotate(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		away := i.away
		i.asked[r.URL.Path]++
		i.mu.Unlock()
		if away {
			http.Error(w, "out to lunch", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	i.URL = srv.URL
	return i
}

// Rotate signs with a new key from now on, and shows that one alone.
func (i *Issuer) Rotate(t *testing.T) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.key, i.kid = key, rand.Text()
}

// SetAway makes every answer an error, or ends that.
func (i *Issuer) SetAway(away bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = away
}

// SetKeys answers with this text where keys are asked for; with none, with the keys again.
func (i *Issuer) SetKeys(text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.shown = text
}

// SignsIn says who the next sign-in is.
func (i *Issuer) SignsIn(person Claims) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.person = person
}

// Asked is how often a path was asked for.
func (i *Issuer) Asked(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked[path]
}

// Token is an id token of the client, for an hour; claims add to it, and nil ones take away.
func (i *Issuer) Token(claims Claims) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.sign(claims)
}

func (i *Issuer) sign(claims Claims) string {
	now := i.now()
	body := Claims{"iss": i.URL, "aud": i.Client, "sub": "sub-1", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(body, claims)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	return Sign(i.key, i.kid, body)
}

// Sign is a token of these claims by a key (RS256); a nil key signs with nothing (alg none).
func Sign(key *rsa.PrivateKey, kid string, claims Claims) string {
	header := Claims{"alg": "RS256", "kid": kid, "typ": "JWT"}
	if key == nil {
		header["alg"] = "none"
	}
	signed := part(header) + "." + part(claims)
	if key == nil {
		return signed + "."
	}
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func part(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	reply(w, Claims{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"}, // some issuers say so
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.shown != "" {
		_, _ = io.WriteString(w, i.shown) // a caller that went away needs no answer
		return
	}
	reply(w, Claims{"keys": []Claims{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": i.kid,
		"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != i.Client || q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = authorized{q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri"), i.person}
	i.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	code := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	_, secret, _ := r.BasicAuth()
	switch {
	case code.redirect == "", code.redirect != r.PostFormValue("redirect_uri"),
		code.challenge != base64.RawURLEncoding.EncodeToString(proof[:]):
		w.WriteHeader(http.StatusBadRequest)
		reply(w, Claims{"error": "invalid_grant"})
	case i.Secret != "" && secret != i.Secret && r.PostFormValue("client_secret") != i.Secret:
		w.WriteHeader(http.StatusUnauthorized)
		reply(w, Claims{"error": "invalid_client"})
	default:
		claims := Claims{"nonce": code.nonce}
		maps.Copy(claims, code.person)
		reply(w, Claims{"access_token": "at", "token_type": "Bearer", "id_token": i.sign(claims)})
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a caller that went away needs no answer
}
