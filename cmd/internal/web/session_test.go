package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
	"redial/cmd/internal/web/page"
)

// show shows a token from an address and gives the cookie that it got; nil: none.
func show(h http.Handler, from, token string) (*http.Cookie, int) {
	r := httptest.NewRequest("POST", "/signin", strings.NewReader(url.Values{"token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if c := w.Result().Cookies(); len(c) == 1 {
		return c[0], w.Code
	}
	return nil, w.Code
}

// shows says whether the overview is shown to a browser with this cookie.
func shows(h http.Handler, c *http.Cookie) bool {
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(c)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code == http.StatusOK
}

func TestARoleWithoutAPageBeginsNoSession(t *testing.T) {
	t.Parallel()
	f, k := newFake(), &deedBook{}
	f.tokens["rd_crm"] = campaign.Caller{Token: 5, Owner: "salesforce", Role: campaign.RoleCRM}
	s, a := newCompany(t, f)
	s.Deeds = k
	h := s.Handler()
	if c, code := show(h, "203.0.113.5:1", "rd_crm"); code != http.StatusForbidden || c != nil {
		t.Errorf("a CRM's token: %d, cookie %v", code, c)
	}
	a.person.Role = campaign.RoleCRM
	b := open(t, s)
	if page, code := b.get("/signin/oidc"); code != http.StatusForbidden || !strings.Contains(page, `role="alert"`) {
		t.Errorf("a CRM's account: %d\n%s", code, page)
	}
	code := s.NewCode(campaign.Caller{Owner: "x", Role: campaign.RoleCRM})
	if _, got := b.get("/signin?code=" + code); got != http.StatusForbidden {
		t.Errorf("a CRM's code: %d", got)
	}
	if len(f.sessions) != 0 || len(k.who) != 0 {
		t.Errorf("%d sessions, %d entries of the audit log", len(f.sessions), len(k.who))
	}
}

func TestWhatIsKnownOfSessionsIsBounded(t *testing.T) {
	t.Parallel()
	f := newFake()
	s := newSessions(f, f.Now)
	for n := range maxSessions + 5 {
		id, err := s.begin(t.Context(), campaign.WebSession{Caller: campaign.Caller{Token: -campaign.TokenID(n + 1)}, EndsAt: monday.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.find(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		f.change(func() { f.now = f.now.Add(time.Millisecond) })
	}
	if len(s.known) > maxSessions || len(s.known) < 900 {
		t.Errorf("%d sessions are known, of which a second is believed", len(s.known))
	}
}

func TestASessionIsAskedForOnceASecondAndEndsWithinTwo(t *testing.T) {
	t.Parallel()
	f := newFake()
	s := newSite(t, f)
	h := s.Handler()
	desk, _ := show(h, "203.0.113.5:1", "rd_boss")
	for range 50 {
		if !shows(h, desk) {
			t.Fatal("not shown")
		}
	}
	if f.sessionsAsked > 2 {
		t.Errorf("the record was asked %d times", f.sessionsAsked)
	}
	f.change(func() { delete(f.tokens, "rd_boss"); f.now = f.now.Add(time.Second) })
	if shows(h, desk) {
		t.Error("revoked a second ago, and still shown")
	}
	other, _ := show(newSite(t, f).Handler(), "203.0.113.5:1", "rd_eve") // at another node
	if !shows(h, other) {
		t.Error("what began at another node is not known here")
	}
}

func TestSigningOutEverywhereEndsTheCallersSessionsAlone(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.tokens["rd_boss"] = campaign.Caller{Token: 1, Owner: "boss", Role: campaign.RoleSupervisor}
	f.tokens["rd_eve"] = campaign.Caller{Token: 2, Owner: "eve", Role: campaign.RoleManager}
	h := newSite(t, f).Handler()
	desk, _ := show(h, "203.0.113.5:1", "rd_boss")
	phone, _ := show(h, "198.51.100.9:1", "rd_boss")
	other, _ := show(h, "203.0.113.5:1", "rd_eve")
	leave := func(site string, c *http.Cookie) int {
		r := httptest.NewRequest("POST", "/signout-everywhere", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		r.AddCookie(c)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	if code := leave("cross-site", phone); code != http.StatusForbidden || !shows(h, desk) {
		t.Errorf("begun by another site: %d", code)
	}
	f.change(func() { f.away = true; f.now = f.now.Add(time.Second) })
	if code := leave("same-origin", phone); code != http.StatusServiceUnavailable {
		t.Errorf("while the record is away: %d", code)
	}
	f.change(func() { f.away = false })
	if code := leave("same-origin", phone); code != http.StatusSeeOther {
		t.Errorf("signing out everywhere: %d", code)
	}
	if shows(h, desk) || shows(h, phone) || !shows(h, other) {
		t.Errorf("after it: desk %v, phone %v, another token's %v", shows(h, desk), shows(h, phone), shows(h, other))
	}
	if code := leave("same-origin", phone); code != http.StatusSeeOther || !shows(h, other) {
		t.Errorf("with a session that has ended: %d", code)
	}
}

func TestSignInsOfACallerAndOfAnAddressAreBounded(t *testing.T) {
	t.Parallel()
	f, k := newFake(), &deedBook{}
	for n := range campaign.TokenID(addressFree + 10) {
		f.tokens[fmt.Sprint("rd_", n)] = campaign.Caller{Token: n + 1, Owner: "x", Role: campaign.RoleManager}
	}
	s := newSite(t, f)
	s.Deeds = k
	h := s.Handler()
	const here, there = "203.0.113.5:1", "198.51.100.9:1"
	for n := range callerFree + 3 {
		from := []string{here, there}[n%2]
		if _, code := show(h, from, "rd_boss"); (code == http.StatusSeeOther) != (n < callerFree) {
			t.Fatalf("sign-in %d of one token: %d", n, code)
		}
	}
	f.change(func() { f.now = f.now.Add(callerRefill) })
	if _, code := show(h, there, "rd_boss"); code != http.StatusSeeOther {
		t.Errorf("a while later: %d", code)
	}
	k.who = nil
	f.change(func() { f.now = f.now.Add(time.Hour) })
	for n := range addressFree + 3 {
		if _, code := show(h, here, fmt.Sprint("rd_", n)); (code == http.StatusSeeOther) != (n < addressFree) {
			t.Fatalf("sign-in %d from one address: %d", n, code)
		}
	}
	if len(k.who) != addressFree {
		t.Errorf("%d entries of the audit log, want %d", len(k.who), addressFree)
	}
	if _, code := show(h, there, "rd_0"); code != http.StatusSeeOther {
		t.Errorf("from another address: %d", code)
	}
}

func TestSpendersAreForgottenRatherThanWithoutBound(t *testing.T) {
	t.Parallel()
	now := monday
	s := newSpending[int](func() time.Time { return now }, 3, time.Second)
	for range 3 {
		s.spend(-1)
	}
	for n := range addressesMax - 1 {
		s.spend(n)
	}
	now = now.Add(2 * time.Second)
	s.spend(-2)
	if len(s.by) > addressesMax || s.spend(-1) == false || s.spend(-1) == false || s.spend(-1) {
		t.Errorf("%d are remembered, and one that has spent much is not", len(s.by))
	}
}

func TestEventsThatComeBackWithoutASessionAreToldSo(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	r := httptest.NewRequest("GET", "/live", nil)
	r.Header.Set("Accept", "text/event-stream")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "event: bye") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAQuietLivePageEndsWithItsSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var in atomic.Bool
		in.Store(true)
		ctx := page.WithGuest(t.Context(), page.Guest{Still: in.Load})
		ended := make(chan time.Duration, 1)
		began := time.Now()
		next := newRoom(1).seat(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done() // says nothing all the while
			ended <- time.Since(began)
		})
		time.AfterFunc(5*time.Second, func() { in.Store(false) })
		next(httptest.NewRecorder(), httptest.NewRequest("GET", "/live", nil).WithContext(ctx))
		if took := <-ended; took > 7*time.Second || took < 5*time.Second {
			t.Errorf("ended after %v, two seconds after 5s at most", took)
		}
	})
}
