package auth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"redial/campaign"
	"redial/cmd/internal/issuertest"
)

// logins are agents by login.
type logins struct {
	agents map[string]campaign.Agent
	down   bool
}

func (l *logins) AgentByLogin(_ context.Context, login string) (campaign.Agent, error) {
	if l.down {
		return campaign.Agent{}, errDown
	}
	if a, ok := l.agents[login]; ok {
		return a, nil
	}
	return campaign.Agent{}, campaign.NotFound("agent", login)
}

type company struct {
	*Issuer
	at     *issuertest.Issuer
	clock  *clock
	agents *logins
}

var groupRoles = map[string]campaign.Role{"Bosses": campaign.RoleManager, "Ops": campaign.RoleAdmin, "Callers": campaign.RoleAgent, "7": campaign.RoleQuality}

func setupIssuer(t *testing.T, change func(*IssuerOptions)) *company {
	t.Helper()
	c := &company{clock: &clock{now: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)}, agents: &logins{agents: map[string]campaign.Agent{
		"li@example.com": {ID: 7, Login: "li@example.com", Active: true}, "gone@example.com": {ID: 8},
	}}}
	c.at = issuertest.New(t, "redial", c.clock.Now)
	c.at.Secret = "s3cret"
	o := IssuerOptions{
		URL: c.at.URL, Client: "redial", Secret: "s3cret", Scopes: []string{"openid", "email"}, Claim: "groups", Agents: c.agents, Now: c.clock.Now,
		Role: func(groups []string) (campaign.Role, bool) {
			for _, g := range groups {
				if r, ok := groupRoles[g]; ok {
					return r, true
				}
			}
			return "", false
		},
	}
	if change != nil {
		change(&o)
	}
	c.Issuer = NewIssuer(o)
	return c
}

func boss(more issuertest.Claims) issuertest.Claims {
	c := issuertest.Claims{"email": "ann@example.com", "groups": []string{"x", "Bosses"}}
	maps.Copy(c, more)
	return c
}

func TestIdTokenNamesItsPerson(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, nil)
	for name, want := range map[string]struct {
		claims issuertest.Claims
		owner  string
		role   campaign.Role
		agent  campaign.AgentID
	}{
		"by e-mail":         {boss(nil), "ann@example.com", campaign.RoleManager, 0},
		"e-mail unverified": {boss(issuertest.Claims{"email_verified": false, "preferred_username": "ann"}), "ann", campaign.RoleManager, 0},
		"unverified, text":  {boss(issuertest.Claims{"email_verified": "false"}), "sub-1", campaign.RoleManager, 0},
		"repeated":          {boss(issuertest.Claims{"email_verified": false, "preferred_username": "Ann@Example.com"}), "sub-1", campaign.RoleManager, 0},
		"another's e-mail":  {boss(issuertest.Claims{"email_verified": false, "preferred_username": "li@example.com"}), "sub-1", campaign.RoleManager, 0},
		"who has verified?": {boss(issuertest.Claims{"email": nil, "preferred_username": "li@example.com"}), "sub-1", campaign.RoleManager, 0},
		"verified, no mail": {boss(issuertest.Claims{"email": nil, "email_verified": true, "preferred_username": "li@example.com"}), "li@example.com", campaign.RoleManager, 0},
		"by subject":        {boss(issuertest.Claims{"email": nil}), "sub-1", campaign.RoleManager, 0},
		"unprintable":       {boss(issuertest.Claims{"email": "a\u0000b"}), "sub-1", campaign.RoleManager, 0},
		"one group, a word": {boss(issuertest.Claims{"groups": "Ops"}), "ann@example.com", campaign.RoleAdmin, 0},
		"groups of numbers": {boss(issuertest.Claims{"groups": []int{7}}), "ann@example.com", campaign.RoleQuality, 0},
		"an agent":          {boss(issuertest.Claims{"email": "li@example.com", "groups": []string{"Callers"}}), "li@example.com", campaign.RoleAgent, 7},
		"several audiences": {boss(issuertest.Claims{"aud": []string{"other", "redial"}}), "ann@example.com", campaign.RoleManager, 0},
	} {
		got, err := c.Caller(t.Context(), c.at.Token(want.claims))
		if err != nil || got.Owner != want.owner || got.Role != want.role || got.Agent != want.agent || got.Restricted() || got.Token >= 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	one, _ := c.Caller(t.Context(), c.at.Token(boss(nil)))
	other, _ := c.Caller(t.Context(), c.at.Token(boss(issuertest.Claims{"sub": "sub-2"})))
	if one.Token == other.Token {
		t.Error("two people have one id")
	}
}

func TestNameIsTheClaimThatTheOperatorChose(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		chosen string
		claims issuertest.Claims
		owner  string
	}{
		{"upn", boss(issuertest.Claims{"upn": "li@example.com", "email_verified": false}), "li@example.com"},
		{"preferred_username", boss(issuertest.Claims{"preferred_username": "ann@example.com", "email_verified": false}), "ann@example.com"},
		{"sub", boss(nil), "sub-1"},
		{"ext.login", boss(issuertest.Claims{"ext": map[string]any{"login": "ann"}}), "ann"},
		{"email", boss(nil), "ann@example.com"},
		{"email", boss(issuertest.Claims{"email_verified": false}), ""},
		{"upn", boss(nil), ""},
		{"upn", boss(issuertest.Claims{"upn": []string{"a", "b"}}), ""},
		{"", boss(issuertest.Claims{"sub": "ann@example.com", "email_verified": false}), ""},
	} {
		c := setupIssuer(t, func(o *IssuerOptions) { o.Name = one.chosen })
		got, err := c.Caller(t.Context(), c.at.Token(one.claims))
		if got.Owner != one.owner || (one.owner == "") != (campaign.ReasonOf(err) == ReasonIdentityRefused) {
			t.Errorf("claim %q of %v: %q, %v; want %q", one.chosen, one.claims, got.Owner, err, one.owner)
		}
	}
}

func TestIdTokenThatIsNotForUsIsRefused(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, nil)
	stray, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := c.at.Token(boss(nil))
	head, rest, _ := strings.Cut(good, ".")
	body, sig, _ := strings.Cut(rest, ".")
	other := strings.Split(c.at.Token(boss(issuertest.Claims{"groups": []string{"Ops"}})), ".")
	claims := issuertest.Claims{"iss": c.at.URL, "aud": "redial", "sub": "s", "exp": c.clock.now.Add(time.Hour).Unix(), "groups": []string{"Ops"}}
	for name, one := range map[string]struct{ jwt, reason string }{
		"for another client":    {c.at.Token(boss(issuertest.Claims{"aud": "billing"})), ReasonIdentityRefused},
		"for nobody":            {c.at.Token(boss(issuertest.Claims{"aud": nil})), ReasonIdentityRefused},
		"of another issuer":     {c.at.Token(boss(issuertest.Claims{"iss": "https://evil.example"})), ReasonIdentityRefused},
		"expired":               {c.at.Token(boss(issuertest.Claims{"exp": c.clock.now.Add(-time.Second).Unix()})), ReasonTokenExpired},
		"without an end":        {c.at.Token(boss(issuertest.Claims{"exp": nil})), ReasonTokenExpired},
		"not yet":               {c.at.Token(boss(issuertest.Claims{"nbf": c.clock.now.Add(time.Hour).Unix()})), ReasonIdentityRefused},
		"signed with nothing":   {issuertest.Sign(nil, "", claims), ReasonIdentityRefused},
		"signed by a stranger":  {issuertest.Sign(stray, "stray", claims), ReasonIdentityRefused},
		"a key that is not his": {issuertest.Sign(stray, "", claims), ReasonIdentityRefused},
		"claims exchanged":      {head + "." + other[1] + "." + sig, ReasonIdentityRefused},
		"signature cut off":     {head + "." + body + ".", ReasonIdentityRefused},
		"no token at all":       {"a.b.c", ReasonIdentityRefused},
		"far too long":          {strings.Repeat("a", jwtMost) + ".b.c", ReasonIdentityRefused},
	} {
		got, err := c.Caller(t.Context(), one.jwt)
		if campaign.KindOf(err) != campaign.KindStranger || campaign.ReasonOf(err) != one.reason || !reflect.DeepEqual(got, campaign.Caller{}) {
			t.Errorf("%s: %+v, %v (%s); want %s", name, got, err, campaign.ReasonOf(err), one.reason)
		}
	}
	for name, one := range map[string]struct {
		claims issuertest.Claims
		reason string
	}{
		"in no group":       {boss(issuertest.Claims{"groups": []string{"bosses", ""}}), ReasonNoRole},
		"without groups":    {boss(issuertest.Claims{"groups": nil}), ReasonNoRole},
		"no such agent":     {boss(issuertest.Claims{"groups": "Callers"}), ReasonNoAgent},
		"an agent who left": {boss(issuertest.Claims{"groups": "Callers", "email": "gone@example.com"}), ReasonNoAgent},
	} {
		_, err := c.Caller(t.Context(), c.at.Token(one.claims))
		if campaign.KindOf(err) != campaign.KindDenied || campaign.ReasonOf(err) != one.reason {
			t.Errorf("%s: %v, want %s", name, err, one.reason)
		}
	}
	c.agents.down = true
	if _, err := c.Caller(t.Context(), c.at.Token(boss(issuertest.Claims{"groups": "Callers", "email": "li@example.com"}))); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("agents cannot be looked for: %v", err)
	}
}

func TestCampaignsOfAPersonAreThoseOfItsClaim(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, func(o *IssuerOptions) { o.Claim, o.Campaigns = "access.roles", "redial_campaigns" })
	in := func(groups string, campaigns any) (campaign.Caller, error) {
		return c.Caller(t.Context(), c.at.Token(issuertest.Claims{"access": map[string]any{"roles": groups}, "redial_campaigns": campaigns}))
	}
	for name, one := range map[string]struct {
		claim any
		want  []campaign.CampaignID
	}{
		"numbers": {[]int{9, 4, 9}, []campaign.CampaignID{4, 9}}, "words": {[]string{"12", "x", "-3", "0"}, []campaign.CampaignID{12}},
		"one": {5, []campaign.CampaignID{5}}, "every one": {"*", nil},
	} {
		if got, err := in("Bosses", one.claim); err != nil || !reflect.DeepEqual(got.Campaigns, one.want) {
			t.Errorf("%s: %v, %v; want %v", name, got.Campaigns, err, one.want)
		}
	}
	for _, claim := range []any{nil, []int{}, "", "all"} {
		if got, err := in("Bosses", claim); campaign.ReasonOf(err) != ReasonNoCampaigns {
			t.Errorf("%v: %+v, %v; an empty list must not stand for every campaign", claim, got, err)
		}
	}
	if got, err := in("Ops", nil); err != nil || got.Restricted() {
		t.Errorf("an admin: %+v, %v", got, err)
	}
}

func TestKeysAreKeptWhileTheIssuerIsAwayAndFollowedWhenTheyChange(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, nil)
	c.at.SetAway(true)
	if _, err := c.Caller(t.Context(), c.at.Token(boss(nil))); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("never asked, and away: %v", err)
	}
	c.at.SetAway(false)
	c.clock.add(failureAge)
	if _, err := c.Caller(t.Context(), c.at.Token(boss(nil))); err != nil {
		t.Fatal(err)
	}
	c.at.SetAway(true)
	for range 3 {
		c.clock.add(keysAge)
		if _, err := c.Caller(t.Context(), c.at.Token(boss(nil))); err != nil {
			t.Errorf("away, with its keys known: %v", err)
		}
	}
	c.at.Rotate(t)
	c.clock.add(time.Minute)
	if _, err := c.Caller(t.Context(), c.at.Token(boss(nil))); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("away, with another key: %v", err)
	}
	c.at.SetAway(false)
	c.clock.add(answerAge)
	fresh := c.at.Token(boss(nil))
	if _, err := c.Caller(t.Context(), fresh); err != nil {
		t.Errorf("the new key: %v", err)
	}
	old := fresh
	c.at.Rotate(t)
	c.clock.add(keysAge - time.Minute)
	if _, err := c.Caller(t.Context(), c.at.Token(boss(nil))); err != nil {
		t.Errorf("the third key: %v", err)
	}
	if _, err := c.Caller(t.Context(), old); campaign.KindOf(err) != campaign.KindStranger {
		t.Errorf("a token of the key that was withdrawn: %v", err)
	}
}

func TestKeyThatTheIssuerWithdrewIsForgottenWithinAnHour(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, nil)
	jwt := c.at.Token(boss(issuertest.Claims{"exp": c.clock.now.Add(24 * time.Hour).Unix()}))
	if _, err := c.Caller(t.Context(), jwt); err != nil {
		t.Fatal(err)
	}
	c.at.Rotate(t) // and nobody shows a token of the new key
	c.clock.add(keysAge)
	if _, err := c.Caller(t.Context(), jwt); campaign.KindOf(err) != campaign.KindStranger {
		t.Errorf("an hour after its key was withdrawn: %v", err)
	}
}

func TestMadeUpKeysDoNotFloodTheIssuer(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, nil)
	stray, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claims := issuertest.Claims{"iss": c.at.URL, "aud": "redial", "sub": "s", "exp": c.clock.now.Add(time.Hour).Unix()}
	for range 50 {
		if _, err := c.Caller(t.Context(), issuertest.Sign(stray, rand.Text(), claims)); campaign.KindOf(err) != campaign.KindStranger {
			t.Fatal(err)
		}
	}
	if n := c.at.Asked("/keys"); n != 1 {
		t.Errorf("50 tokens with made-up keys asked the issuer %d times", n)
	}
}

func TestBearerIsBelievedForAMomentAndNeverPastItsEnd(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, nil)
	g := New(&record{}, Options{Now: c.clock.Now, Issuer: c.Issuer})
	jwt := c.at.Token(boss(issuertest.Claims{"groups": "Callers", "email": "li@example.com", "exp": c.clock.now.Add(1500 * time.Millisecond).Unix()}))
	if got, err := g.Authenticate(t.Context(), jwt); err != nil || got.Agent != 7 {
		t.Fatal(got, err)
	}
	delete(c.agents.agents, "li@example.com")
	c.clock.add(2 * time.Second)
	if _, err := g.Authenticate(t.Context(), jwt); campaign.ReasonOf(err) != ReasonTokenExpired {
		t.Errorf("past its end: %v", err)
	}
	long := c.at.Token(boss(issuertest.Claims{"groups": "Callers", "email": "li@example.com"}))
	if _, err := g.Authenticate(t.Context(), long); campaign.ReasonOf(err) != ReasonNoAgent {
		t.Errorf("the agent is gone: %v", err)
	}
	if _, err := New(&record{}, Options{Now: c.clock.Now}).Authenticate(t.Context(), long); campaign.ReasonOf(err) != ReasonTokenUnknown {
		t.Errorf("without an issuer: %v", err)
	}
}

// browse follows an authorization to where it sends the browser back.
func (c *company) browse(t *testing.T, to string) url.Values {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Fatal(resp.Status, err)
	}
	return back.Query()
}

func TestSignInHoldsToItsNonceAndItsProof(t *testing.T) {
	t.Parallel()
	c := setupIssuer(t, nil)
	c.at.SignsIn(boss(nil))
	const redirect = "http://localhost/signin/oidc/callback"
	begin := func() string {
		to, err := c.SignInURL(t.Context(), redirect, "the state", "the nonce", strings.Repeat("v", 43))
		if err != nil {
			t.Fatal(err)
		}
		q := c.browse(t, to)
		if q.Get("state") != "the state" {
			t.Errorf("state %q", q.Get("state"))
		}
		return q.Get("code")
	}
	code := begin()
	got, groups, err := c.SignIn(t.Context(), redirect, code, "the nonce", strings.Repeat("v", 43))
	if err != nil || got.Owner != "ann@example.com" || got.Role != campaign.RoleManager || len(groups) == 0 {
		t.Errorf("%+v, %v, %v", got, groups, err)
	}
	if role, ok := c.Role(groups); !ok || role != got.Role {
		t.Errorf("the groups %v make %v", groups, role)
	}
	for name, one := range map[string]struct{ code, nonce, verifier, redirect string }{
		"the same code again": {code, "the nonce", strings.Repeat("v", 43), redirect},
		"another nonce":       {begin(), "another", strings.Repeat("v", 43), redirect},
		"no nonce":            {begin(), "", strings.Repeat("v", 43), redirect},
		"another verifier":    {begin(), "the nonce", strings.Repeat("w", 43), redirect},
		"another address":     {begin(), "the nonce", strings.Repeat("v", 43), "http://evil.example/"},
	} {
		_, _, err := c.SignIn(t.Context(), one.redirect, one.code, one.nonce, one.verifier)
		if campaign.KindOf(err) != campaign.KindStranger || campaign.ReasonOf(err) != ReasonIdentityRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	code = begin()
	c.at.SetAway(true)
	if _, _, err := c.SignIn(t.Context(), redirect, code, "the nonce", strings.Repeat("v", 43)); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("the issuer went away: %v", err)
	}
}

func FuzzLooksLikeJWT(f *testing.F) {
	f.Add("a.b.c")
	c := NewIssuer(IssuerOptions{URL: "http://127.0.0.1:1", Claim: "groups", Role: func([]string) (campaign.Role, bool) { return "", false }})
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := c.Caller(t.Context(), text); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
		if p := printable(text); len(p) > 200 || !utf8.ValidString(p) || strings.ContainsAny(p, "\n\r\x00") {
			t.Errorf("printable(%q) = %q", text, p)
		}
	})
}
