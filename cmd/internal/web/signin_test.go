package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

func TestNothingIsShownToStrangers(t *testing.T) {
	t.Parallel()
	b := open(t, newSite(t, newFake()))
	for _, path := range []string{"/", "/live"} {
		if page, code := b.get(path); code != 200 || !strings.Contains(page, `name="token"`) || strings.Contains(page, "Wang Fang") {
			t.Errorf("%s: %d\n%s", path, code, page)
		}
	}
	for token, want := range map[string]int{"rd_nobody": 401, "": 401, "rd_crm": 403} {
		page, code := b.post("/signin", url.Values{"token": {token}})
		if code != want || strings.Contains(page, "Wang Fang") || !strings.Contains(page, `role="alert"`) {
			t.Errorf("token %q: %d, want %d\n%s", token, code, want, page)
		}
	}
	if page, _ := b.post("/signin", url.Values{"token": {"rd_crm"}}); !strings.Contains(page, "has the role CRM") {
		t.Errorf("a CRM is not told why:\n%s", page)
	}
}

func TestCodeSignsInOnceWithinTenMinutes(t *testing.T) {
	t.Parallel()
	f := newFake()
	s := newSite(t, f)
	code := s.NewCode(campaign.Caller{Owner: "console", Role: campaign.RoleAdmin})
	first, second := open(t, s), open(t, s)
	resp, err := first.Head(first.base + "/signin?code=" + code)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != 200 {
		t.Fatal(resp)
	}
	if page, got := first.get("/signin?code=" + code); got != 200 || !strings.Contains(page, "Wang Fang") || !strings.Contains(page, "console") {
		t.Errorf("first use: %d", got)
	}
	if page, got := second.get("/signin?code=" + code); got != 401 || !strings.Contains(page, "used already") {
		t.Errorf("second use: %d", got)
	}
	late := s.NewCode(campaign.Caller{Role: campaign.RoleAdmin})
	f.change(func() { f.now = f.now.Add(10 * time.Minute) })
	if _, got := second.get("/signin?code=" + late); got != 401 {
		t.Errorf("after ten minutes: %d", got)
	}
	if _, got := second.get("/signin?code=" + "AAAA"); got != 401 {
		t.Errorf("a guess: %d", got)
	}
}

func TestPrintedLinkLeadsIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, newFake())
	b := open(t, s)
	link, err := s.SignInLink(strings.TrimPrefix(b.base, "http://"))
	if err != nil || !strings.HasPrefix(link, b.base+"/signin?code=") {
		t.Fatal(link, err)
	}
	if page, _ := b.get(strings.TrimPrefix(link, b.base)); !strings.Contains(page, "Wang Fang") {
		t.Errorf("the link shows\n%s", page)
	}
	for addr, want := range map[string]string{
		"[::]:7071": "http://127.0.0.1:7071/", "0.0.0.0:1": "http://127.0.0.1:1/", ":80": "http://127.0.0.1:80/", "[::1]:9": "http://[::1]:9/",
	} {
		if link, err := s.SignInLink(addr); err != nil || !strings.HasPrefix(link, want) {
			t.Errorf("listening on %s: %s, %v", addr, link, err)
		}
	}
	if _, err := s.SignInLink("nowhere"); err == nil {
		t.Error("a link to nowhere")
	}
}

func TestSessionEndsWithItsTokenItsTimeOrBySigningOut(t *testing.T) {
	t.Parallel()
	in := func(b *browser) bool { page, _ := b.get("/"); return strings.Contains(page, "Wang Fang") }
	f := newFake()
	s := newSite(t, f)
	b := open(t, s)
	b.signIn()
	f.change(func() { f.away = true; f.now = f.now.Add(time.Second) })
	if in(b) {
		t.Error("shown while tokens cannot be checked")
	}
	f.change(func() { f.away = false })
	if !in(b) {
		t.Error("a database that was away signed somebody out")
	}
	b.post("/signout", nil)
	if in(b) {
		t.Error("still in after signing out")
	}
	b.signIn()
	f.change(func() { f.now = f.now.Add(12 * time.Hour) })
	if in(b) {
		t.Error("still in after twelve hours")
	}
	b.signIn()
	f.change(func() { delete(f.tokens, "rd_boss"); f.now = f.now.Add(time.Second) })
	if in(b) {
		t.Error("still in after the token was revoked")
	}
}

func TestCookieIsKeptFromScriptsOtherSitesAndTheClearWire(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	for _, proto := range []string{"", "https"} {
		r := httptest.NewRequest("POST", "/signin", strings.NewReader("token=rd_boss"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-Proto", proto)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		c := w.Result().Cookies()
		if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Secure != (proto == "https") || strings.Contains(c[0].Value, "rd_") {
			t.Fatalf("proto %q: %v", proto, c)
		}
		if host := strings.HasPrefix(c[0].Name, "__Host-"); host != (proto == "https") || c[0].Path != "/" || c[0].Domain != "" {
			t.Errorf("proto %q: %v", proto, c)
		}
		for name, want := range map[string]int{c[0].Name: http.StatusOK, "redial_session": map[string]int{"": 200, "https": 303}[proto]} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("X-Forwarded-Proto", proto)
			r.AddCookie(&http.Cookie{Name: name, Value: c[0].Value})
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != want {
				t.Errorf("proto %q, cookie %s: %d, want %d", proto, name, w.Code, want)
			}
		}
	}
}

func TestSigningInAgainEndsTheBrowsersSessionBefore(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := open(t, newSite(t, f))
	b.signIn()
	b.post("/signin", url.Values{"token": {"rd_eve"}})
	if n := len(f.sessions); n != 1 || strings.Join(f.endedBy, " ") != "boss" {
		t.Errorf("%d sessions of one browser, ended by %v", n, f.endedBy)
	}
	if page, _ := b.get("/"); !strings.Contains(page, "eve") {
		t.Errorf("not who signed in last:\n%s", page)
	}
}

// TestASessionThatEndedStaysEnded has an admin end the session between the guide's look at it and its change.
func TestASessionThatEndedStaysEnded(t *testing.T) {
	t.Parallel()
	f := newFake()
	s := newSite(t, f)
	id, err := s.sessions.begin(t.Context(), campaign.WebSession{Caller: campaign.Caller{Owner: "admin", Role: campaign.RoleAdmin}, EndsAt: monday.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := s.sessions.find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	f.change(func() { delete(f.sessions, id) })
	if err := s.turn(httptest.NewRequest("POST", "/guide/be", nil), id, kept, parts[1]); campaign.KindOf(err) != campaign.KindStranger || len(f.sessions) != 0 {
		t.Errorf("a session that was ended: %v, there are %d", err, len(f.sessions))
	}
}

func TestSigningInLeadsBackToThePageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t, newFake())
	b := open(t, s)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if got := b.leads(b.Get(b.base + "/guide-not-there")); got != "" {
		t.Errorf("a page that is not there leads to %q", got)
	}
	if got := b.leads(b.Get(b.base + "/me?x=1")); got != "/signin?back=%2Fme%3Fx%3D1" {
		t.Errorf("a page leads to %q", got)
	}
	if page, _ := b.get("/signin?back=%2Fme%3Fx%3D1"); !strings.Contains(page, `name="back" value="/me?x=1"`) {
		t.Errorf("the form forgets it:\n%s", page)
	}
	for back, want := range map[string]string{
		"/me?x=1": "/me?x=1", "": "/", "/": "/", "/signin?back=/a": "/", "/signed-in": "/signed-in", "/leads?q=张 三&b=\\": "/leads?b=%5C&q=%E5%BC%A0+%E4%B8%89",
		"//evil.example": "/", "//evil.example/me": "/", "https://evil.example/me": "/", "/\\evil.example": "/", "/\t/evil.example": "/", "/%09/evil.example": "/", "/%5Cevil.example": "/",
		"/%2Fevil.example": "/", "\\\\evil.example": "/", "javascript:alert(1)": "/", "///evil.example": "/", "\t//evil.example": "/", "/\r\nSet-Cookie: a=b": "/", "evil": "/",
	} {
		if got := b.leads(b.PostForm(b.base+"/signin", url.Values{"token": {"rd_boss"}, "back": {back}})); got != want {
			t.Errorf("back to %q leads to %q, want %q", back, got, want)
		}
		if got := b.leads(b.Get(b.base + "/signin?" + url.Values{"back": {back}, "code": {s.NewCode(campaign.Caller{Owner: "console", Role: campaign.RoleAdmin})}}.Encode())); got != want {
			t.Errorf("a link back to %q leads to %q, want %q", back, got, want)
		}
	}
	if got := b.leads(b.PostForm(b.base+"/signout", nil)); got != "/signin?out=1" {
		t.Errorf("signing out leads to %q", got)
	}
}

func TestWhatWasTypedIsNotLostWithTheSession(t *testing.T) {
	t.Parallel()
	f := newFake()
	s := newSite(t, f)
	const page, script, typed = "text/html", "application/json, text/html;q=0.5", "name=x+%3Cy%3E&name=z"
	const urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	for _, c := range []struct{ method, accept, kind, body, want string }{
		{"POST", page, urlencoded, typed, `<form method="post" action="/campaigns/1/edit?a=%26"><input type="hidden" name="name" value="x &lt;y&gt;"><input type="hidden" name="name" value="z"><button>`},
		{"POST", page, urlencoded, typed, `href="/signin?back=/signed-in" target="_blank"`},
		{"POST", page, "", "", `<form method="post" action="/campaigns/1/edit?a=%26"><button>`},
		{"POST", page, multipart, "--x\r\n", "must be chosen again"},
		{"POST", page, urlencoded, "a=" + strings.Repeat("x", int(bodyMost)), "go one page back"},
		{"POST", page, urlencoded, strings.Repeat("a&", namesMost+1), "go one page back"},
		{"POST", script, urlencoded, typed, `"code":"Unauthenticated"`}, {"GET", script, "", "", `"code":"Unauthenticated"`}, {"PUT", script, "", "", `"code":"Unauthenticated"`},
	} {
		r := httptest.NewRequest(c.method, "/campaigns/1/edit?a=%26", strings.NewReader(c.body))
		r.Header.Set("Accept", c.accept)
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		s.stranger(w, r, &campaign.Error{Kind: campaign.KindStranger})
		if w.Code != 401 || !strings.Contains(w.Body.String(), c.want) || w.Header().Get("Location") != "" {
			t.Errorf("%s, %s, %.40q: %d\n%s", c.method, c.accept, c.body, w.Code, w.Body)
		}
	}
	b := open(t, s)
	if page, _ := b.get("/signed-in"); !strings.Contains(page, `name="token"`) {
		t.Errorf("nobody is signed in:\n%s", page)
	}
	b.signIn()
	if page, code := b.get("/me"); code != 200 || page != `{"owner":"boss","role":"supervisor"}` {
		t.Errorf("who is there: %d %s", code, page)
	}
	if page, code := b.get("/signed-in"); code != 200 || !strings.Contains(page, "close this tab") {
		t.Errorf("signed in beside: %d\n%s", code, page)
	}
}

func TestOnlySigningOutMakesABrowserForget(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	for _, c := range []struct {
		path, from string
		want       bool
	}{
		{"/signin?out=1", "same-origin", true}, {"/signin?out=1", "", true}, {"/signin", "same-origin", false},
		{"/signin?out=1", "cross-site", false}, {"/signin?out=1", "same-site", false}, {"/signin?out=1", "none", false},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		if c.from != "" {
			r.Header.Set("Sec-Fetch-Site", c.from)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); strings.Contains(w.Body.String(), " data-out") != c.want || strings.Contains(w.Body.String(), "out.js") != c.want {
			t.Errorf("%s from %q: %v\n%s", c.path, c.from, !c.want, w.Body)
		}
	}
}

// TestALinkOfAnotherSiteLeadsIn is what a CRM's link to a lead does: the browser holds the session's cookie back.
func TestALinkOfAnotherSiteLeadsIn(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	get := func(from, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/me?x=1", nil)
		r.Header.Set("Sec-Fetch-Site", from)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := get("cross-site", "text/html"); w.Code != 200 || !strings.Contains(w.Body.String(), `content="0;url=/me?x=1"`) {
		t.Errorf("a link: %d\n%s", w.Code, w.Body)
	}
	if w := get("same-origin", "text/html"); w.Code != 303 {
		t.Errorf("and then without a session: %d", w.Code)
	}
	if w := get("cross-site", "application/json"); w.Code != 401 {
		t.Errorf("a script: %d", w.Code)
	}
}
