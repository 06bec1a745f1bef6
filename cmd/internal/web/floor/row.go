package floor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"redial/cmd/internal/web/page"
	pb "redial/proto/dialer/v1"
)

// row is an agent as the page shows it: what changes with nothing to see, such as a deadline that each sign of life moves,
// is no part of it. Comparable.
type row struct {
	ID       int64  `json:"id,string"`
	Login    string `json:"login"`
	Name     string `json:"name"`
	State    string `json:"state"`
	Since    int64  `json:"since"` // ms
	Why      string `json:"why,omitempty"`
	Next     string `json:"next,omitempty"` // where it goes after the call, in words
	Lead     int64  `json:"lead,string,omitempty"`
	LeadName string `json:"lead_name,omitempty"`
	Campaign string `json:"campaign,omitempty"` // of the lead in hand, else those it works on
}

// line is a campaign as the page shows it. Comparable.
type line struct {
	ID       int64  `json:"id,string"`
	Name     string `json:"name"`
	Due      int64  `json:"due"`
	Open     int64  `json:"open"`
	Held     int64  `json:"held"`
	Promises int64  `json:"promises"`
	Soon     int64  `json:"soon"`
	Attempts int64  `json:"attempts"`
	Connects int64  `json:"connects"`
	NextDue  int64  `json:"next_due"` // ms; 0: none
}

// Share is how many of a hundred calls were answered; empty without calls.
func (l line) Share() string {
	if l.Attempts == 0 {
		return ""
	}
	return percent(l.Connects, l.Attempts)
}

// reader turns the floor into what one page shows, in its language.
type reader struct {
	lang  page.Lang
	names map[int64]string // of campaigns
}

// rows are agents, each as the page shows it.
func (v *reader) rows(agents []*pb.FloorAgent) []row {
	out := make([]row, 0, len(agents))
	for _, a := range agents {
		s := a.GetSession()
		r := row{
			ID: s.GetAgentId(), Login: s.GetLogin(), Name: cmp.Or(a.GetName(), s.GetLogin()), State: stateWords[s.GetState()], Since: milli(s.GetSince()),
			Why: v.lang.Why(s.GetReason()), Lead: a.GetLeadId(), LeadName: a.GetLeadName(),
		}
		if next := stateWords[s.GetNext()]; next == "break" || next == "signed_out" {
			r.Next = v.lang.Text("floor_next_" + next)
		}
		ids := a.GetCampaignIds()
		if a.GetCampaignId() != 0 {
			ids = []int64{a.GetCampaignId()}
		}
		var names []string
		for _, id := range ids {
			if n := v.names[id]; n != "" {
				names = append(names, n)
			}
		}
		r.Campaign = strings.Join(names, ", ")
		out = append(out, r)
	}
	return out
}

// lines are campaigns, whose names it keeps.
func (v *reader) lines(campaigns []*pb.FloorCampaign) []line {
	out := make([]line, 0, len(campaigns))
	for _, c := range campaigns {
		v.names[c.GetCampaignId()] = c.GetName()
		out = append(out, line{
			c.GetCampaignId(), c.GetName(), c.GetDue(), c.GetOpen(), c.GetHeld(), c.GetPromises(), c.GetPromisesSoon(),
			c.GetAttemptsToday(), c.GetConnectsToday(), milli(c.GetNextDue()),
		})
	}
	return out
}

// group is the agents in one state, those longest in it first.
type group struct {
	State string
	Rows  []row
}

// grouped are all states in their order, those without agents too: a script moves rows there.
func grouped(rows []row) []group {
	out := make([]group, len(states))
	for i, s := range states {
		out[i].State = s
	}
	for _, r := range rows {
		if i := slices.Index(states, r.State); i >= 0 {
			out[i].Rows = append(out[i].Rows, r)
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i].Rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Login, b.Login)) })
	}
	return out
}

// instant is a script's milliseconds as an instant.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
