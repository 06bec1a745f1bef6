package web

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"redial/campaign"
)

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

// fake is the record, the tokens and the health that a test says.
type fake struct {
	mu       sync.Mutex
	overview Overview
	err      error
	asked    int
	tokens   map[string]campaign.Caller
	away     bool
	ready    Readiness
	now      time.Time

	sessions      map[string]campaign.WebSession
	sessionsAsked int
	sessionsEnded int           // writes of the record
	endedBy       []string      // as the audit log says
	slow          chan struct{} // answers about sessions wait for it; nil: none
}

// KeepWebSession implements Sessions.
func (f *fake) KeepWebSession(_ context.Context, id string, w campaign.WebSession, _ int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return &campaign.Error{Kind: campaign.KindAway, Message: "away"}
	}
	w.BeganAt = f.now
	f.sessions[id] = w
	return nil
}

// ChangeWebSession implements Sessions.
func (f *fake) ChangeWebSession(_ context.Context, id string, w campaign.WebSession) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.sessions[id]; !ok {
		return &campaign.Error{Kind: campaign.KindStranger, Message: "over"}
	}
	f.sessions[id] = w
	return nil
}

// WebSession implements Sessions: a token's sessions end with it.
func (f *fake) WebSession(_ context.Context, id string) (campaign.WebSession, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessionsAsked++
	if slow := f.slow; slow != nil {
		f.mu.Unlock()
		<-slow
		f.mu.Lock()
	}
	if f.away {
		return campaign.WebSession{}, &campaign.Error{Kind: campaign.KindAway, Message: "away"}
	}
	w, ok := f.sessions[id]
	if !ok || !f.now.Before(w.EndsAt) {
		return campaign.WebSession{}, &campaign.Error{Kind: campaign.KindStranger, Message: "over"}
	}
	if w.Caller.Token > 0 {
		for _, c := range f.tokens {
			if c.Token == w.Caller.Token {
				w.Caller = c
				return w, nil
			}
		}
		return campaign.WebSession{}, &campaign.Error{Kind: campaign.KindStranger, Message: "its token was revoked"}
	}
	return w, nil
}

// EndWebSession implements Sessions.
func (f *fake) EndWebSession(ctx context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessionsEnded++
	f.endedBy = append(f.endedBy, campaign.CallerFrom(ctx).Owner)
	delete(f.sessions, id)
	return nil
}

// EndWebSessions implements Sessions.
func (f *fake) EndWebSessions(_ context.Context, c campaign.Caller) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.sessions)
	maps.DeleteFunc(f.sessions, func(_ string, w campaign.WebSession) bool {
		return w.Caller.Token == c.Token && w.Caller.Owner == c.Owner
	})
	return before - len(f.sessions), nil
}

func (f *fake) Overview(context.Context) (Overview, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.overview, f.err
}

func (f *fake) Authenticate(_ context.Context, secret string) (campaign.Caller, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return campaign.Caller{}, &campaign.Error{Kind: campaign.KindAway, Message: "away"}
	}
	c, ok := f.tokens[secret]
	if !ok {
		return c, &campaign.Error{Kind: campaign.KindStranger, Message: "not known"}
	}
	return c, nil
}

func (f *fake) Readiness(context.Context) Readiness {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

func (f *fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

var errDown = errors.New("connection refused to 10.0.0.7")

func newFake() *fake {
	return &fake{
		now: monday, overview: sample(), sessions: map[string]campaign.WebSession{}, ready: Readiness{Redis: "embedded"},
		tokens: map[string]campaign.Caller{
			"rd_boss": {Token: 1, Owner: "boss", Role: campaign.RoleSupervisor}, "rd_eve": {Token: 2, Owner: "eve", Role: campaign.RoleManager},
			"rd_li": {Token: 3, Owner: "li", Role: campaign.RoleAgent, Agent: 7}, "rd_crm": {Token: 4, Owner: "crm", Role: campaign.RoleCRM},
		},
	}
}

func newSite(t *testing.T, f *fake) *Site {
	t.Helper()
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "redial_up 1\n") })
	s, err := New(Deps{Record: f, Tokens: f, Health: f, Sessions: f, Metrics: metrics, Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// browser is a client with cookies at a real port.
type browser struct {
	t    *testing.T
	base string
	*http.Client
}

func open(t *testing.T, s *Site) *browser {
	t.Helper()
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := srv.Client()
	c.Jar = jar
	return &browser{t, srv.URL, c}
}

// get is the page after redirects, and its code.
func (b *browser) get(path string) (string, int) {
	b.t.Helper()
	return b.read(b.Get(b.base + path))
}

func (b *browser) post(path string, form url.Values) (string, int) {
	b.t.Helper()
	return b.read(b.PostForm(b.base+path, form))
}

func (b *browser) read(resp *http.Response, err error) (string, int) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(raw), resp.StatusCode
}

// leads is where an answer leads; the browser does not follow.
func (b *browser) leads(resp *http.Response, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Header.Get("Location")
}

func (b *browser) signIn() {
	b.t.Helper()
	if page, code := b.post("/signin", url.Values{"token": {" rd_boss\n"}}); code != 200 || !strings.Contains(page, `id="moving"`) {
		b.t.Fatalf("signing in: %d\n%s", code, page)
	}
}

func sample() Overview {
	return Overview{
		At: monday, Demo: true,
		Campaigns: []CampaignView{{
			ID: 1, Name: "Spring <renewals>", State: campaign.CampaignRunning, Zone: "Asia/Shanghai",
			Leads:    map[campaign.LeadState]int64{campaign.LeadOpen: 60, campaign.LeadHeld: 4, campaign.LeadFinished: 30, campaign.LeadSuppressed: 6},
			Callable: 10, NextDue: monday.Add(90 * time.Minute),
			Today: Today{Outcomes: map[campaign.Outcome]int64{campaign.NoAnswer: 3, campaign.Success: 1}, Due: 5, Kept: 2, Missed: 1},
		}},
		Agents: []AgentView{{
			Login: "li", Name: "Li Lei", State: campaign.AgentOnCall, Since: monday.Add(-75 * time.Second), Campaign: "Spring <renewals>", Lead: "Wang Fang",
		}, {Login: "han", State: campaign.AgentBreak, Since: monday.Add(-2 * time.Hour), Reason: "lunch"}},
		Promises: []PromiseView{{At: monday.Add(time.Hour), Zone: "Asia/Tokyo", Campaign: "Spring <renewals>", Lead: "Sato", Owner: "li"}},
		Outcomes: []OutcomeView{{
			At: monday.Add(-5 * time.Second), Agent: "li", Campaign: "Spring <renewals>", Lead: "Chen Jing", Outcome: campaign.NoAnswer, Code: "RANG_OUT",
			State: campaign.LeadOpen, Next: monday.Add(4 * time.Hour), Reason: campaign.ReasonInterval,
		}, {At: monday.Add(-time.Minute), Agent: "han", Lead: "Zhao", Outcome: campaign.Success, Code: "SUCCESS", State: campaign.LeadFinished, Reason: campaign.ReasonDone}},
	}
}
