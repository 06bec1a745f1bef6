package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"redial/campaign"
	"redial/cmd/internal/web/page"
)

// Overview is the work as it is at one instant.
type Overview struct {
	At        time.Time
	Demo      bool // the people are invented
	Campaigns []CampaignView
	Agents    []AgentView   // by login; those signed out may be left out
	Promises  []PromiseView // open ones by instant, the next 20
	Outcomes  []OutcomeView // newest first, the last 20
}

// CampaignView is a campaign's leads and its day so far.
type CampaignView struct {
	ID       campaign.CampaignID
	Name     string
	State    campaign.CampaignState
	Zone     string                       // of its day
	Leads    map[campaign.LeadState]int64 // sums to the campaign's leads
	Callable int64                        // open leads that may be called now
	NextDue  time.Time                    // when the next open lead may be called that may not now; zero: none
	Today    Today
}

// Today is a campaign's local day so far, from the ledger.
type Today struct {
	Outcomes map[campaign.Outcome]int64 // attempts by outcome
	Due      int64                      // open promises still to be kept today
	Kept     int64
	Missed   int64
}

// AgentView is what an agent is doing.
type AgentView struct {
	Login    string
	Name     string
	State    campaign.AgentState
	Since    time.Time
	Reason   string // of a break
	Campaign string // of the assignment in hand; empty: none
	Lead     string // name of the lead in hand; empty: none

	Works      []campaign.CampaignID // in which it works
	CampaignID campaign.CampaignID   // of Campaign; 0: none
}

// PromiseView is a promise that is open.
type PromiseView struct {
	At       time.Time
	Zone     string // the customer's, in which it was promised
	Campaign string
	Lead     string
	Owner    string // login; empty: any fit agent

	CampaignID campaign.CampaignID
}

// OutcomeView is an outcome that was recorded, and what was decided then.
type OutcomeView struct {
	At       time.Time
	Agent    string
	Campaign string
	Lead     string
	Outcome  campaign.Outcome
	Code     string             // the campaign's own code, or the outcome's name
	State    campaign.LeadState // of the lead then
	Next     time.Time          // when it may be called again; zero: never
	Reason   string             // of the plan

	CampaignID campaign.CampaignID
}

// Total is all the campaign's leads.
func (c CampaignView) Total() (n int64) {
	for _, k := range c.Leads {
		n += k
	}
	return n
}

// Waiting are the open leads that may not be called now.
func (c CampaignView) Waiting() int64 { return max(0, c.Leads[campaign.LeadOpen]-c.Callable) }

// Attempts are the calls placed in the day so far.
func (t Today) Attempts() (n int64) {
	for _, k := range t.Outcomes {
		n += k
	}
	return n
}

// Connects are those that a human answered.
func (t Today) Connects() (n int64) {
	for o, k := range t.Outcomes {
		if o.Connect() {
			n += k
		}
	}
	return n
}

const (
	liveEvery = 2 * time.Second
	askEvery  = time.Second // however many pages are open, the record is asked no more often
)

// snapshot is the last overview, shared by every page. Safe for concurrent use.
type snapshot struct {
	record Record
	now    func() time.Time

	mu    sync.Mutex
	last  Overview
	asked time.Time
}

func (s *snapshot) get(ctx context.Context) (Overview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); s.asked.IsZero() || now.Sub(s.asked) >= askEvery {
		o, err := s.record.Overview(ctx)
		if err != nil {
			return Overview{}, err
		}
		s.last, s.asked = o, now
	}
	return s.last, nil
}

// overviewPage is what the overview shows.
type overviewPage struct {
	Overview
	Away  bool // the record could not be asked
	Owner string
	Role  campaign.Role
}

func (s *Site) overviewPage(ctx context.Context) overviewPage {
	o, err := s.overview.get(ctx)
	if err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "the overview cannot be read", "error", err)
	}
	c := campaign.CallerFrom(ctx)
	return overviewPage{Overview: o.seenBy(&c), Away: err != nil, Owner: c.Owner, Role: c.Role}
}

func (s *Site) showOverview(w http.ResponseWriter, r *http.Request) {
	data := s.overviewPage(r.Context())
	code := http.StatusOK
	if data.Away {
		code = http.StatusServiceUnavailable
	}
	s.views.Page(w, r, code, "overview", page.Sheet{Title: "nav_overview", Module: "/static/overview/live.js", Data: data})
}

// live sends the moving part of the overview every two seconds, as server-sent events, until the reader goes away,
// is no longer signed in, or the server stops.
func (s *Site) live(w http.ResponseWriter, r *http.Request) {
	out := page.NewLive(w, r)
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		drawn, err := s.views.Draw(r, "moving", s.overviewPage(r.Context()))
		if err != nil {
			s.Log.ErrorContext(r.Context(), "the overview cannot be drawn", "error", err)
			return
		}
		if out.Send("", drawn) != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}
