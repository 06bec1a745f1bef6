package auth

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

const modulusLeast = 1024 // bits of an RSA key that can be believed

// soundKeys passes on those of an issuer's keys that can be used. An answer without any is an issuer that is away: it
// never takes the place of good keys.
type soundKeys struct {
	next   http.RoundTripper
	log    *slog.Logger
	broken atomic.Bool // since the last answer that could be used; it is told once
}

// RoundTrip implements http.RoundTripper.
func (s *soundKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err //nolint:wrapcheck // the client that asked names the URL
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	_ = resp.Body.Close() // it was read
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIssuerAway, err)
	}
	body, n := usable(raw)
	if n == 0 {
		if !s.broken.Swap(true) {
			s.log.WarnContext(r.Context(), "the issuer of sign-ins shows no keys that can be used; those known stay", "url", r.URL.Redacted(), "bytes", len(raw))
		}
		return nil, fmt.Errorf("%w: %s shows no keys that can be used", errIssuerAway, r.URL.Host)
	}
	s.broken.Store(false)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Set("Content-Type", "application/json")
	return resp, nil
}

// jwk is what is read of a key (RFC 7517).
type jwk struct {
	Type  string `json:"kty"`
	ID    string `json:"kid,omitempty"`
	Alg   string `json:"alg,omitempty"`
	Use   string `json:"use,omitempty"`
	Curve string `json:"crv,omitempty"`
	N     string `json:"n,omitempty"`
	E     string `json:"e,omitempty"`
	X     string `json:"x,omitempty"`
	Y     string `json:"y,omitempty"`
}

// usable is the set of those keys in raw that signatures can be verified with, and how many they are.
func usable(raw []byte) ([]byte, int) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(raw, &set) != nil {
		return nil, 0
	}
	var kept []jwk
	for _, one := range set.Keys {
		var k jwk
		if json.Unmarshal(one, &k) == nil && k.sound() {
			kept = append(kept, k)
		}
	}
	body, err := json.Marshal(map[string][]jwk{"keys": kept})
	if err != nil {
		return nil, 0
	}
	return body, len(kept)
}

// sound says whether the key verifies signatures, and writes its numbers as they should be written.
func (k *jwk) sound() bool {
	if k.Use == "enc" || (k.Alg != "" && !asymmetric[k.Alg]) {
		return false
	}
	switch k.Type {
	case "RSA":
		n, e := octets(k.N), octets(k.E)
		k.N, k.E = written(n), written(e)
		exponent := new(big.Int).SetBytes(e)
		return new(big.Int).SetBytes(n).BitLen() >= modulusLeast && exponent.BitLen() <= 31 && exponent.Bit(0) == 1 && exponent.BitLen() > 1
	case "EC":
		return k.onCurve()
	case "OKP":
		x := octets(k.X)
		k.X = written(x)
		return k.Curve == "Ed25519" && len(x) == ed25519.PublicKeySize
	}
	return false
}

func (k *jwk) onCurve() bool {
	curve, size := ecdh.Curve(nil), 0
	switch k.Curve {
	case "P-256":
		curve, size = ecdh.P256(), 32
	case "P-384":
		curve, size = ecdh.P384(), 48
	case "P-521":
		curve, size = ecdh.P521(), 66
	}
	x, y := octets(k.X), octets(k.Y)
	if curve == nil || len(x) > size || len(y) > size {
		return false
	}
	x = append(make([]byte, size-len(x)), x...)
	y = append(make([]byte, size-len(y)), y...)
	k.X, k.Y = written(x), written(y)
	_, err := curve.NewPublicKey(slices.Concat([]byte{4}, x, y))
	return err == nil
}

func octets(text string) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil
	}
	return raw
}

func written(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
