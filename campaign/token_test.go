package campaign

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSecretsDifferAndAreKnownByTheirPrefix(t *testing.T) {
	t.Parallel()
	a, b := NewSecret(), NewSecret()
	if a == b || !strings.HasPrefix(a, "rd_") || len(a) != len("rd_")+32 {
		t.Errorf("secrets %q and %q: want two different ones of rd_ and 32 characters", a, b)
	}
	if h := HashSecret("abc"); h != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("HashSecret(abc) = %s, want SHA-256 in hex", h)
	}
}

func TestTokenIsInForceUntilItExpiresOrIsRevoked(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		token Token
		want  bool
	}{
		"no end":        {Token{}, true},
		"ends later":    {Token{ExpiresAt: now.Add(time.Microsecond)}, true},
		"ends now":      {Token{ExpiresAt: now}, false},
		"was revoked":   {Token{RevokedAt: now.Add(-time.Hour)}, false},
		"is revoked at": {Token{RevokedAt: now, ExpiresAt: now.Add(time.Hour)}, false},
	} {
		if got := c.token.InForce(now); got != c.want {
			t.Errorf("%s: in force %v, want %v", name, got, c.want)
		}
	}
}

func TestTokenValidateNamesEveryFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		token Token
		want  string
	}{
		{Token{Owner: "li", Role: RoleAgent, Agent: 7}, ""},
		{Token{Owner: "crm", Role: RoleCRM}, ""},
		{Token{Owner: " ", Role: "boss", Agent: 7}, "owner role agent"},
		{Token{Owner: "li", Role: RoleAgent}, "agent"},
		{Token{Owner: "li", Role: RoleAdmin, Agent: 7}, "agent"},
		{Token{Owner: strings.Repeat("x", 101), Role: RoleAdmin}, "owner"},
	} {
		var fields []string
		if e, ok := errors.AsType[*Error](c.token.Validate()); ok {
			for _, v := range e.Violations {
				fields = append(fields, v.Field)
			}
		}
		if got := strings.Join(fields, " "); got != c.want {
			t.Errorf("%+v: faults in %q, want %q", c.token, got, c.want)
		}
	}
}
