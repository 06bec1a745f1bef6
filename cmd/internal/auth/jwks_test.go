package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/cmd/internal/issuertest"
)

// garbage is what an issuer, or whatever stands before it, may answer with 200 OK in place of its keys.
var garbage = map[string]string{
	"a page":            "<html>maintenance</html>",
	"an empty object":   "{}",
	"no keys":           `{"keys":[]}`,
	"keys that are not": `{"keys":"none"}`,
	"a broken key":      `{"keys":[{"kty":"RSA","n":"!!","e":"AQAB"}]}`,
	"a key too short":   `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`,
	"a shared secret":   `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`,
	"off the curve":     `{"keys":[{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}]}`,
	"half an answer":    `{"keys":[{"kty":"RSA",`,
}

func TestAnIssuerThatAnswersGarbageDoesNotReplaceItsKeys(t *testing.T) {
	t.Parallel()
	for name, text := range garbage {
		var log bytes.Buffer
		c := setupIssuer(t, func(o *IssuerOptions) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		good := func() string { return c.at.Token(boss(nil)) }
		if _, err := c.Caller(t.Context(), good()); err != nil {
			t.Fatal(err)
		}
		c.at.SetKeys(text)
		for range 3 {
			c.clock.add(keysAge)
			if _, err := c.Caller(t.Context(), good()); err != nil {
				t.Errorf("%s: %v; a good key must stay", name, err)
			}
		}
		c.at.Rotate(t)
		c.clock.add(time.Minute)
		for range 2 {
			if _, err := c.Caller(t.Context(), good()); campaign.KindOf(err) != campaign.KindAway {
				t.Errorf("%s, and another key: %v, want away", name, err)
			}
		}
		if n := strings.Count(log.String(), "shows no keys that can be used;"); n != 1 {
			t.Errorf("%s is told %d times:\n%s", name, n, log.String())
		}
		c.at.SetKeys("")
		c.clock.add(answerAge)
		if _, err := c.Caller(t.Context(), good()); err != nil {
			t.Errorf("%s, and then the new key: %v", name, err)
		}
	}
}

func TestAnIssuerThatBeginsWithGarbageIsAway(t *testing.T) {
	t.Parallel()
	for name, text := range garbage {
		c := setupIssuer(t, nil)
		c.at.SetKeys(text)
		if _, err := c.Caller(t.Context(), c.at.Token(boss(nil))); campaign.KindOf(err) != campaign.KindAway {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSoundKeysAreKeptAmongOthers(t *testing.T) {
	t.Parallel()
	one, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := one.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(issuertest.Claims{"keys": []any{
		issuertest.Claims{"kty": "EC", "crv": "P-256", "kid": "ec", "x": written(point[1:33]) + "=", "y": written(point[33:]), "x5c": "broken"},
		issuertest.Claims{"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": written(ed)},
		issuertest.Claims{"kty": "OKP", "crv": "X25519", "kid": "x", "x": written(ed)},
		issuertest.Claims{"kty": "OKP", "crv": "Ed25519", "kid": "enc", "use": "enc", "x": written(ed)},
		issuertest.Claims{"kty": 7}, "word", nil,
	}})
	if err != nil {
		t.Fatal(err)
	}
	body, n := usable(set)
	if got := string(body); n != 2 || !strings.Contains(got, `"ec"`) || !strings.Contains(got, `"ed"`) || strings.Contains(got, "x5c") {
		t.Errorf("%d keys: %s", n, got)
	}
}
