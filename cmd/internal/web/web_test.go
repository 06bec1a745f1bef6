package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

func TestOverviewShowsWhereEverythingIs(t *testing.T) {
	t.Parallel()
	b := open(t, newSite(t, newFake()))
	b.signIn()
	page, code := b.get("/")
	for _, want := range []string{
		"Spring &lt;renewals&gt;", "running", "10:00:00 Asia/Shanghai",
		`<dt>Leads</dt><dd>100</dd>`, `Callable now</dt><dd>10</dd>`, `Waiting</dt><dd>50</dd>`, `With an agent</dt><dd>4</dd>`,
		`<rect class="lead-waiting" x="10.000" y="0" width="50.000"`, "Next due</dt><dd>11:30:00",
		`<dt>Attempts</dt><dd>4</dd>`, `<dt>Connects</dt><dd>1</dd>`, `<dt>Promises missed</dt><dd>1</dd>`, "No answer</th><td>3</td>",
		"Li Lei", "on a call", "1:15", "2:00:00", "lunch", "Wang Fang",
		"12:00:00 <small>Asia/Tokyo", "Sato",
		"Chen Jing", "RANG_OUT", "in 4:00:00", "interval", "0:05", "invented",
	} {
		if code != 200 || !strings.Contains(page, want) {
			t.Errorf("%d, the page lacks %q", code, want)
		}
	}
	if strings.Contains(page, "<renewals>") || strings.Contains(page, "style=") || strings.Contains(page, "http:") {
		t.Errorf("raw text, an inline style or an outside resource in the page:\n%s", page)
	}
}

func TestOverviewOfNothingSaysWhatToDo(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.overview = Overview{At: monday}
	b := open(t, newSite(t, f))
	b.signIn()
	if page, _ := b.get("/"); !strings.Contains(page, "dialctl campaign create") || strings.Contains(page, "invented") {
		t.Errorf("an empty overview:\n%s", page)
	}
}

func TestOverviewWithTheRecordAwayHidesWhy(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := open(t, newSite(t, f))
	b.signIn()
	f.change(func() { f.err = errDown; f.now = f.now.Add(time.Minute) })
	if page, code := b.get("/"); code != 503 || strings.Contains(page, "10.0.0.7") || !strings.Contains(page, "does not answer") {
		t.Errorf("%d\n%s", code, page)
	}
}

func TestRecordIsAskedOnceASecondHoweverManyLook(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := open(t, newSite(t, f))
	b.signIn()
	for range 5 {
		b.get("/")
	}
	if f.asked != 1 {
		t.Errorf("asked %d times, want once", f.asked)
	}
	f.change(func() { f.now = f.now.Add(time.Second) })
	if b.get("/"); f.asked != 2 {
		t.Errorf("asked %d times after a second, want twice", f.asked)
	}
}

func TestLiveSendsTheMovingPartUntilTheTokenIsRevoked(t *testing.T) {
	t.Parallel()
	f := newFake()
	s := newSite(t, f)
	s.every = time.Millisecond
	b := open(t, s)
	b.signIn()
	resp, err := b.Get(b.base + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("live is %s", got)
	}
	lines, text := bufio.NewScanner(resp.Body), ""
	for lines.Scan() && lines.Text() != "" {
		if !strings.HasPrefix(lines.Text(), "data: ") {
			t.Errorf("not a line of an event: %q", lines.Text())
		}
		text += lines.Text()
	}
	if !strings.Contains(text, "Wang Fang") || strings.Contains(text, "<html") {
		t.Errorf("the event is %s", text)
	}
	f.change(func() { delete(f.tokens, "rd_boss"); f.now = f.now.Add(time.Second) })
	var rest strings.Builder
	for lines.Scan() {
		rest.WriteString(lines.Text() + "\n")
	}
	if !strings.HasSuffix(rest.String(), "\nevent: bye\ndata: signed out\n\n") && !strings.HasPrefix(rest.String(), "event: bye\n") {
		t.Errorf("after the revocation: %q", rest.String())
	}
}

func TestHealthzLivesWhileReadyzFollowsTheDatabaseAndTheDrain(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := open(t, newSite(t, f))
	for _, c := range []struct {
		ready Readiness
		code  int
		body  string
	}{
		{Readiness{Redis: "embedded"}, 200, `{"ready":true,"database":"up","redis":"embedded","draining":false,"clock_offset_seconds":0}`},
		{Readiness{Redis: "down", ClockOffset: -61500 * time.Millisecond}, 200,
			`{"ready":true,"database":"up","redis":"down","draining":false,"clock_offset_seconds":-61.5}`},
		{Readiness{Redis: "up", Draining: true}, 503, `{"ready":false,"database":"up","redis":"up","draining":true,"clock_offset_seconds":0}`},
		{Readiness{Redis: "up", Database: errDown}, 503, `{"ready":false,"database":"down","redis":"up","draining":false,"clock_offset_seconds":0}`},
	} {
		f.change(func() { f.ready = c.ready })
		if body, code := b.get("/readyz"); code != c.code || strings.TrimSpace(body) != c.body {
			t.Errorf("%+v: %d %s, want %d %s", c.ready, code, body, c.code, c.body)
		}
		if body, code := b.get("/healthz"); code != 200 || body != "ok\n" {
			t.Errorf("healthz: %d %s", code, body)
		}
	}
}

func TestMetricsAreOpenToThisMachineAndElseNeedAToken(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	for _, c := range []struct {
		remote, host, auth string
		want               int
	}{
		{"127.0.0.1:5", "127.0.0.1:7071", "", 200},
		{"[::1]:5", "localhost:7071", "", 200},
		{"127.0.0.1:5", "evil.example", "", 401},
		{"10.0.0.2:5", "127.0.0.1:7071", "", 401},
		{"10.0.0.2:5", "node", "Bearer rd_nobody", 401},
		{"10.0.0.2:5", "node", "Basic rd_li", 401},
		{"10.0.0.2:5", "node", "Bearer rd_li", 200},
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr, r.Host = c.remote, c.host
		r.Header.Set("Authorization", c.auth)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.want || (w.Code == 200) != strings.Contains(w.Body.String(), "redial_up") {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}

func TestEveryPageForbidsWhatItDoesNotNeed(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	for _, path := range []string{"/", "/signin", "/static/live.js", "/nothing", "/metrics"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self';") || !strings.Contains(csp, "frame-ancestors 'none'") ||
			w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, w.Header())
		}
	}
}

func TestStopEndsLivePages(t *testing.T) {
	t.Parallel()
	s := newSite(t, newFake())
	b := open(t, s)
	b.signIn()
	resp, err := b.Get(b.base + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, code := b.read(resp, nil); code != 200 {
		t.Errorf("code %d", code)
	}
}

func TestNewRefusesASiteWithoutItsParts(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil {
		t.Error("a site of nothing was made")
	}
}

func TestPagesOfOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	r := httptest.NewRequest("POST", "/signin", strings.NewReader(url.Values{"token": {"rd_boss"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusForbidden || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestBarsFillTheWholeAndCountEachLeadOnce(t *testing.T) {
	t.Parallel()
	c := sample().Campaigns[0]
	c.Callable = 1000 // more than are open: counted a moment apart
	var n int64
	var w float64
	for _, b := range bars(c) {
		n, w = n+b.Count, w+b.W
	}
	if n != c.Total() || w < 99.999 || w > 100.001 {
		t.Errorf("bars count %d of %d leads and fill %v", n, c.Total(), w)
	}
	if len(bars(CampaignView{})) != 1+len(campaign.LeadStates) {
		t.Error("a campaign of nothing has no bars")
	}
}
