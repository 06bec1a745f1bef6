package campaigns

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

func TestTheListHasLiveFigures(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	body := s.get("/campaigns")
	has(t, body, "Spring &lt;b&gt;", `data-state="running"`, "10:00 Asia/Shanghai", `data-figure="callable">50<`, `data-figure="waiting">20<`,
		`data-figure="attempts">41<`, "37.5 %", ">–<", "Due within 15 min", `href="/campaigns/7/pause"`, "run out at about 11:00", "page=more")
	s.get("/campaigns")
	if n := s.did("forecast"); n != 1 {
		t.Errorf("the forecast was asked %d times for two looks at one instant", n)
	}
	lacks(t, s.get("/campaigns?state=paused"), "Spring")
	s.lang = "zh"
	has(t, s.get("/campaigns"), "运行中", "接通率", "暂停")
}

func TestWhoMayNotChangeSeesNoButtons(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.noFloor = true
	s := open(t, f)
	s.role = campaign.RoleQuality
	for _, path := range []string{"/campaigns", "/campaigns/7"} {
		lacks(t, s.get(path), "/pause", "/edit", "/finish", "/campaigns/new", "Missed today", `href="/lists?campaign=7"`)
	}
	if s.did("floor") != 1 || s.did("forecast") != 1 {
		t.Errorf("what the role may not see is asked for once: %v", s.asked)
	}
	has(t, s.get("/campaigns/7"), `data-figure="attempts">41<`, `data-figure="open">70<`)
}

func TestACampaignsPage(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	body := s.get("/campaigns/7")
	has(t, body, "offered again after 4 hours, at most 3 times a day, Mon–Fri 09:00–20:00 in its own time", "Busy", "1 minute 30 seconds", "spring.csv",
		"/lists?campaign=7", "<code>SOLD</code>", "Hello {{name}}", `data-part="/campaigns/7/why?part=1"`, "<title>10:00: 50 · 40</title>", "agents who are signed in (5)")
	has(t, s.get("/campaigns/7/why?part=1"), "Callable now: 50 of 100", "wait between calls", "10:30", "/leads/5")
	if w := s.do(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/campaigns/8", nil)); w.Code != http.StatusNotFound {
		t.Errorf("an unknown one: %d", w.Code)
	}
	if w := s.do(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/campaigns/x", nil)); w.Code != http.StatusNotFound {
		t.Errorf("no number: %d", w.Code)
	}
}

func TestPauseInTwoStepsSaysWhatItDid(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	ask := s.get("/campaigns/7/pause?part=1&back=list")
	has(t, ask, `action="/campaigns/7/pause"`, "Open promises: 3", "hands: 4", `name="back" value="list"`)
	lacks(t, ask, "<html")
	has(t, s.get("/campaigns/7/pause"), "<html")
	w := s.post("/campaigns/7/pause", url.Values{"back": {"list"}})
	asked := s.did("forecast")
	to := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/campaigns?") {
		t.Fatalf("%d to %s", w.Code, to)
	}
	has(t, s.get(to), `data-did="pause"`, "is paused", "taken back from agents: 4", "stand: 3", `data-state="paused"`, `href="/campaigns/7/start"`)
	if s.did("forecast") == asked {
		t.Error("the figures are those from before the pause")
	}
}

func TestFinishAsksWhatBecomesOfPromises(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	has(t, s.get("/campaigns/7/finish"), `value="KEEP"`, `value="CANCEL"`, "cannot be undone")
	w := s.post("/campaigns/7/finish", url.Values{})
	if w.Code != http.StatusConflict {
		t.Errorf("without a word of the promises: %d", w.Code)
	}
	has(t, w.Body.String(), "3 promises are open", `value="KEEP"`)
	w = s.post("/campaigns/7/finish", url.Values{"promises": {"KEEP"}})
	body := s.get(w.Header().Get("Location"))
	has(t, body, "still to be kept: 3", `data-state="finished"`)
	lacks(t, body, "/campaigns/7/start", "/campaigns/7/edit")
}

// live reads a live page until it has said all of these, and then goes away.
func (s *site) live(path string, wants ...string) string {
	s.t.Helper()
	return s.liveOnce(path, func() {}, wants...)
}

// liveOnce does something once the live page has said something.
func (s *site) liveOnce(path string, once func(), wants ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithCancel(campaign.WithCaller(s.t.Context(), campaign.Caller{Role: s.role}))
	defer cancel()
	w := &hearing{ResponseRecorder: httptest.NewRecorder(), wants: wants, once: sync.OnceFunc(once), heard: cancel}
	s.mux.ServeHTTP(w, httptest.NewRequestWithContext(page.WithGuest(ctx, page.Guest{}), http.MethodGet, path, nil))
	return w.Body.String()
}

type hearing struct {
	*httptest.ResponseRecorder
	wants       []string
	once, heard func()
}

func (h *hearing) Write(b []byte) (int, error) {
	n, err := h.ResponseRecorder.Write(b)
	h.once()
	body := h.Body.String()
	for _, want := range h.wants {
		if !strings.Contains(body, want) {
			return n, err
		}
	}
	h.heard()
	return n, err
}

func TestLivePartsAreSentWhenTheyChange(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	for _, path := range []string{"/campaigns/live", "/campaigns/7/live"} {
		s.live(path, `"id":"state-7"`, `"id":"acts-7"`, `"id":"figures-7"`)
	}
	pause := func() {
		s.change(func() { s.c.State = pb.CampaignState_CAMPAIGN_STATE_PAUSED })
	}
	body := s.liveOnce("/campaigns/live", pause, `data-state=\"paused\"`)
	has(t, body, `data-state=\"running\"`, "/campaigns/7/start")
	if n := strings.Count(body, `"id":"figures-7"`); n != 1 {
		t.Errorf("figures that stayed were sent %d times", n)
	}
}

func TestReplanningTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	body := s.live("/campaigns/7/replan", "never said")
	has(t, body, `{"done":0,"total":70}`, `{"done":50,"total":70}`, `{"done":70,"total":70}`, "event: done")
	s.refuse = fault(codes.Unavailable, "away")
	lacks(t, s.live("/campaigns/7/replan", "never said"), "event: done")
}
