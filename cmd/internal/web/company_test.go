package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// accounts is a company whose issuer sends everybody back at once.
type accounts struct {
	back   string // what the issuer adds to the redirect, after the state
	person campaign.Caller
	groups []string
	roles  map[string]campaign.Role
	err    error

	redirect, state, nonce, verifier string // of the last sign-in that was begun
	ended                            int
}

func (a *accounts) SignInURL(_ context.Context, redirect, state, nonce, verifier string) (string, error) {
	a.redirect, a.state, a.nonce, a.verifier = redirect, state, nonce, verifier
	if campaign.KindOf(a.err) == campaign.KindAway {
		return "", a.err
	}
	return redirect + "?" + url.Values{"state": {state}}.Encode() + a.back, nil
}

func (a *accounts) SignIn(_ context.Context, redirect, code, nonce, verifier string) (campaign.Caller, []string, error) {
	a.ended++
	if redirect != a.redirect || code != "c0de" || nonce != a.nonce || verifier != a.verifier {
		return campaign.Caller{}, nil, &campaign.Error{Kind: campaign.KindStranger, Message: "not what was begun"}
	}
	return a.person, a.groups, a.err
}

func (a *accounts) Role(groups []string) (campaign.Role, bool) {
	for _, g := range groups {
		if role, ok := a.roles[g]; ok {
			return role, true
		}
	}
	return "", false
}

func newCompany(t *testing.T, f *fake) (*Site, *accounts) {
	t.Helper()
	a := &accounts{back: "&code=c0de", person: campaign.Caller{Token: -5, Owner: "ann@example.com", Role: campaign.RoleManager},
		groups: []string{"bosses"}, roles: map[string]campaign.Role{"bosses": campaign.RoleManager}}
	s, err := New(Deps{Record: f, Tokens: f, Health: f, Sessions: f, Metrics: http.NotFoundHandler(), Now: f.Now, Company: a, CompanySession: 8 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

func TestCompanyAccountLeadsIn(t *testing.T) {
	t.Parallel()
	f := newFake()
	s, a := newCompany(t, f)
	b := open(t, s)
	if page, _ := b.get("/signin"); !strings.Contains(page, `href="/signin/oidc"`) {
		t.Errorf("the page offers no company account:\n%s", page)
	}
	page, code := b.get("/signin/oidc")
	if code != 200 || !strings.Contains(page, `http-equiv="refresh" content="0;url=/"`) {
		t.Fatalf("%d\n%s", code, page)
	}
	if a.redirect != b.base+"/signin/oidc/callback" || len(a.verifier) < 43 || a.state == a.nonce {
		t.Errorf("begun with %+v", a)
	}
	if page, _ := b.get("/"); !strings.Contains(page, "ann@example.com") || !strings.Contains(page, "Wang Fang") {
		t.Errorf("not signed in:\n%s", page)
	}
	if _, code := b.get("/signin/oidc/callback?code=c0de&state=" + a.state); code != 401 || a.ended != 1 {
		t.Errorf("the same answer of the issuer again: %d, taken %d times", code, a.ended)
	}
	b.post("/signout", nil)
	if page, _ := b.get("/"); strings.Contains(page, "Wang Fang") {
		t.Error("still in after signing out")
	}
	b.get("/signin/oidc")
	f.change(func() { f.now = f.now.Add(8*time.Hour - time.Second) })
	if page, _ := b.get("/"); !strings.Contains(page, "Wang Fang") {
		t.Error("out before its time")
	}
	f.change(func() { f.now = f.now.Add(time.Second) })
	if page, _ := b.get("/"); strings.Contains(page, "Wang Fang") {
		t.Error("still in after --oidc-session")
	}
}

func TestTheCompanyVouchesAgainByItself(t *testing.T) {
	t.Parallel()
	f := newFake()
	s, a := newCompany(t, f)
	b := open(t, s)
	if page, _ := b.get("/me?x=1"); a.ended != 0 || !strings.Contains(page, `name="token"`) {
		t.Errorf("who never signed in at the company is sent there:\n%s", page)
	}
	b.get("/signin/oidc")
	f.change(func() { f.now = f.now.Add(8 * time.Hour) })
	if page, _ := b.get("/signin"); !strings.Contains(page, `name="token"`) {
		t.Error("the page of signing in cannot be reached")
	}
	if page, _ := b.get("/me?x=1"); a.ended != 2 || !strings.Contains(page, `content="0;url=/me?x=1"`) {
		t.Errorf("after --oidc-session the company was asked %d times:\n%s", a.ended, page)
	}
	if page, _ := b.get("/"); !strings.Contains(page, "Wang Fang") {
		t.Error("not signed in again")
	}
	f.change(func() { f.now = f.now.Add(companyPause - time.Second) })
	a.roles, a.person.Role = map[string]campaign.Role{"bosses": campaign.RoleAdmin}, campaign.RoleAdmin
	if page, _ := b.get("/"); a.ended != 2 || !strings.Contains(page, `name="token"`) {
		t.Errorf("sent back and forth: the company was asked %d times\n%s", a.ended, page)
	}
	f.change(func() { f.now = f.now.Add(time.Second) })
	if b.get("/"); a.ended != 3 {
		t.Error("another role is not asked for")
	}
	if page, _ := b.get("/"); !strings.Contains(page, `data-role="admin"`) {
		t.Errorf("not what it is today:\n%s", page)
	}
	b.post("/signout", nil)
	f.change(func() { f.now = f.now.Add(companyPause) })
	if b.get("/"); a.ended != 3 {
		t.Error("signed out, and in again by itself")
	}
}

func TestACompanySessionEndsWhenItsTimeIsCutShort(t *testing.T) {
	t.Parallel()
	f := newFake()
	s, _ := newCompany(t, f)
	b := open(t, s)
	b.get("/signin/oidc")
	s.CompanySession = time.Hour
	f.change(func() { f.now = f.now.Add(time.Hour - time.Second) })
	if page, _ := b.get("/"); !strings.Contains(page, "Wang Fang") {
		t.Error("out before its time")
	}
	f.change(func() { f.now = f.now.Add(time.Second) })
	if page, _ := b.get("/"); strings.Contains(page, "Wang Fang") {
		t.Error("in for as long as it was when it signed in")
	}
}

// TestACompanyAccountEndsTheBrowsersSessionBefore comes back from the issuer as a browser does: without the session's
// cookie, which goes along with no request that another site began.
func TestACompanyAccountEndsTheBrowsersSessionBefore(t *testing.T) {
	t.Parallel()
	f := newFake()
	s, a := newCompany(t, f)
	h := s.Handler()
	before, _ := show(h, "203.0.113.5:1", "rd_boss")
	r := httptest.NewRequest("GET", companyPath, nil)
	r.AddCookie(before)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	r = httptest.NewRequest("GET", companyPath+"/callback?code=c0de&state="+a.state, nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	w = httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 200 || len(f.sessions) != 1 || shows(h, before) || strings.Join(f.endedBy, " ") != "boss" {
		t.Errorf("%d, %d sessions, ended by %v", w.Code, len(f.sessions), f.endedBy)
	}
}

func TestACompanySessionIsWhatItsGroupsMakeItToday(t *testing.T) {
	t.Parallel()
	for name, today := range map[string]map[string]campaign.Role{
		"less": {"bosses": campaign.RoleSupervisor}, "more": {"bosses": campaign.RoleAdmin}, "nothing": {"others": campaign.RoleManager},
	} {
		s, a := newCompany(t, newFake())
		b := open(t, s)
		b.get("/signin/oidc")
		if page, _ := b.get("/"); !strings.Contains(page, "Wang Fang") {
			t.Fatalf("%s: not signed in", name)
		}
		a.roles = today
		if page, _ := b.get("/"); strings.Contains(page, "Wang Fang") || !strings.Contains(page, `name="token"`) {
			t.Errorf("%s: still in as what it was at sign-in", name)
		}
	}
	s, _ := newCompany(t, newFake())
	b := open(t, s)
	b.get("/signin/oidc")
	s.Company = nil
	if page, _ := b.get("/"); strings.Contains(page, "Wang Fang") {
		t.Error("still in, and the company's accounts lead in no more")
	}
}

func TestTheCompanyLeadsBackToThePageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s, _ := newCompany(t, newFake())
	b := open(t, s)
	page, _ := b.get("/signin?back=/leads/7%3Fa%3Db")
	if !strings.Contains(page, `href="/signin/oidc?back=%2fleads%2f7%3fa%3db"`) {
		t.Fatalf("the path is lost:\n%s", page)
	}
	if page, _ = b.get("/signin/oidc?back=%2fleads%2f7%3fa%3db"); !strings.Contains(page, `content="0;url=/leads/7?a=b"`) {
		t.Errorf("the path is lost at the company:\n%s", page)
	}
	if page, _ = b.get("/signin/oidc?back=https://evil.example/"); !strings.Contains(page, `content="0;url=/"`) {
		t.Errorf("leads elsewhere:\n%s", page)
	}
}

func TestCompanySignInIsHeldToTheBrowserThatBeganIt(t *testing.T) {
	t.Parallel()
	s, a := newCompany(t, newFake())
	victim, attacker := open(t, s), open(t, s)
	attacker.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	attacker.get("/signin/oidc")
	for name, query := range map[string]string{
		"somebody else's answer": "code=c0de&state=" + a.state, "no state": "code=c0de", "nothing": "",
	} {
		page, code := victim.get("/signin/oidc/callback?" + query)
		if code != 401 || !strings.Contains(page, "Begin again") || a.ended != 0 {
			t.Errorf("%s: %d, the code was spent %d times\n%s", name, code, a.ended, page)
		}
	}
	if page, _ := victim.get("/"); strings.Contains(page, "Wang Fang") {
		t.Error("signed in by somebody else's answer")
	}
	if _, code := attacker.get("/signin/oidc/callback?code=c0de&state=" + strings.ToLower(a.state)); code != 401 || a.ended != 0 {
		t.Errorf("another state: %d", code)
	}
}

func TestCompanySaysWhyItDoesNotLeadIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		back string
		code int
		want string
	}{
		"no role":   {&campaign.Error{Kind: campaign.KindDenied, Message: "ann is in <no> group"}, "&code=c0de", 403, "ann is in &lt;no&gt; group"},
		"refused":   {&campaign.Error{Kind: campaign.KindStranger, Message: "made for another"}, "&code=c0de", 401, "made for another"},
		"away":      {&campaign.Error{Kind: campaign.KindAway, Message: "10.0.0.7 refused"}, "&code=c0de", 503, "does not answer"},
		"cancelled": {nil, "&error=access_denied", 401, "does not lead in here"},
	} {
		s, a := newCompany(t, newFake())
		a.err, a.back = c.err, c.back
		b := open(t, s)
		page, code := b.get("/signin/oidc")
		if code != c.code || !strings.Contains(page, c.want) || strings.Contains(page, "10.0.0.7") {
			t.Errorf("%s: %d\n%s", name, code, page)
		}
		if page, _ := b.get("/"); strings.Contains(page, "Wang Fang") {
			t.Errorf("%s: in all the same", name)
		}
	}
	b := open(t, newSite(t, newFake()))
	if _, code := b.get("/signin/oidc"); code != 404 {
		t.Errorf("without an issuer: %d", code)
	}
	if page, _ := b.get("/signin"); strings.Contains(page, "/signin/oidc") {
		t.Error("without an issuer the page offers one")
	}
}

func TestCookieOfASignInIsKeptFromScriptsAndEnds(t *testing.T) {
	t.Parallel()
	s, _ := newCompany(t, newFake())
	b := open(t, s)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := b.Get(b.base + "/signin/oidc")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	c := resp.Cookies()
	if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode || c[0].Path != companyPath || c[0].MaxAge != int(companyTime/time.Second) || c[0].Secure {
		t.Errorf("%+v", c)
	}
	r := httptest.NewRequest("GET", companyPath, nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	if c = w.Result().Cookies(); len(c) != 1 || c[0].Name != "__Secure-redial_signin" || !c[0].Secure || c[0].Domain != "" {
		t.Fatalf("over TLS: %+v", c)
	}
	state, _, _ := strings.Cut(c[0].Value, ".")
	for name, want := range map[string]int{"redial_signin": 401, c[0].Name: 200} {
		r := httptest.NewRequest("GET", companyPath+"/callback?code=c0de&state="+state, nil)
		r.Header.Set("X-Forwarded-Proto", "https")
		r.AddCookie(&http.Cookie{Name: name, Value: c[0].Value})
		w := httptest.NewRecorder()
		if s.Handler().ServeHTTP(w, r); w.Code != want {
			t.Errorf("over TLS with the cookie %s: %d, want %d", name, w.Code, want)
		}
	}
}

func TestRestrictedCallerSeesItsCampaignsAlone(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.change(func() {
		o := sample()
		o.Campaigns = append(o.Campaigns, CampaignView{ID: 2, Name: "Autumn"})
		o.Agents[0].Works, o.Agents[0].CampaignID = []campaign.CampaignID{1, 2}, 1
		o.Agents[1].Works = []campaign.CampaignID{2}
		o.Agents = append(o.Agents, AgentView{Login: "elsewhere", Works: []campaign.CampaignID{1}})
		o.Promises[0].CampaignID, o.Outcomes[0].CampaignID, o.Outcomes[1].CampaignID = 1, 1, 2
		f.overview = o
		f.tokens["rd_boss"] = campaign.Caller{Token: 1, Owner: "boss", Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{2}}
	})
	b := open(t, newSite(t, f))
	page, _ := b.post("/signin", url.Values{"token": {"rd_boss"}})
	for word, want := range map[string]bool{
		"Autumn": true, "Spring": false, "Wang Fang": false, "Sato": false, "Chen Jing": false, "Zhao": true, "Li Lei": true, "han": true, "elsewhere": false,
	} {
		if strings.Contains(page, word) != want {
			t.Errorf("%s is shown: %v, want %v", word, !want, want)
		}
	}
	f.change(func() {
		f.tokens["rd_boss"], f.now = campaign.Caller{Token: 1, Owner: "boss", Role: campaign.RoleManager}, f.now.Add(time.Second)
	})
	if page, _ := b.get("/"); !strings.Contains(page, "Wang Fang") || !strings.Contains(page, "Spring") {
		t.Errorf("what is shared between callers was cut:\n%s", page)
	}
}

func TestCodesOfAnAddressAreBoundedAndWrongOnesWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, a := newCompany(t, newFake())
		h := s.Handler()
		a.redirect, a.nonce, a.verifier = "http://example.com"+companyPath+"/callback", "n", "v"
		show := func(from string) (int, time.Duration) {
			r := httptest.NewRequest("GET", companyPath+"/callback?state=s&code=made-up", nil)
			r.AddCookie(&http.Cookie{Name: "redial_signin", Value: "s.n.v.."})
			r.RemoteAddr = from
			w, began := httptest.NewRecorder(), time.Now()
			h.ServeHTTP(w, r)
			return w.Code, time.Since(began)
		}
		for n := range addressFree {
			if code, took := show("203.0.113.5:1"); code != http.StatusUnauthorized || (n < guessesFree) != (took == 0) {
				t.Fatalf("code %d: %d after %v", n, code, took)
			}
		}
		if code, took := show("203.0.113.5:2"); code != http.StatusTooManyRequests || took != 0 || a.ended != addressFree {
			t.Errorf("one more: %d after %v; the issuer was asked %d times", code, took, a.ended)
		}
		if code, took := show("198.51.100.9:1"); code != http.StatusUnauthorized || took != 0 {
			t.Errorf("from elsewhere: %d after %v", code, took)
		}
	})
}
