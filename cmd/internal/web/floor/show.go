package floor

import (
	"context"
	"net/http"
	"strings"
	"time"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// shown is the whole page.
type shown struct {
	Now      time.Time
	Denied   bool // the reader's role does not see the floor itself, but what is ahead
	Campaign int64
	Query    string // part of agents' names
	Said     string // what was just done
	Groups   []group
	Counts   map[string]int // of agents by state
	Agents   int
	From     int // rows of earlier pages, for readers without a script
	Next     int // where to go on; 0: that was all
	Lines    []line
	Choices  []choice // campaigns to choose from
	Late     int64
	Missed   int64
	Zone     string // of the campaigns' clocks
}

// choice is a campaign in a menu.
type choice struct {
	ID   int64
	Name string
	Zone string
}

func (f *floors) show(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	of, err := number("campaign", q.Get("campaign"))
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	data := shown{Now: f.Now(), Campaign: of, Query: strings.TrimSpace(q.Get("q")), Said: f.saidIn(r), Zone: "UTC"}
	if data.Choices, err = f.choices(r.Context()); err != nil {
		f.views.Fail(w, r, err)
		return
	}
	a, err := f.floor.GetFloor(r.Context(), &pb.GetFloorRequest{CampaignId: of})
	if data.Denied = denied(err); err != nil && !data.Denied {
		f.views.Fail(w, r, err)
		return
	}
	v := reader{f.views.Lang(r), map[int64]string{}}
	data.Lines = v.lines(a.GetFloor().GetCampaigns())
	rows := v.rows(a.GetFloor().GetAgents())
	data.Agents, data.Late, data.Missed = len(rows), a.GetFloor().GetLateOutcomes(), a.GetFloor().GetMissed()
	data.Counts = map[string]int{}
	for _, r := range rows {
		data.Counts[r.State]++
	}
	from, err := number("from", q.Get("from"))
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	data.From = int(from)
	data.Groups, data.Next = cut(grouped(named(rows, data.Query)), data.From)
	for _, c := range data.Choices {
		if c.ID == of || data.Zone == "UTC" && c.Zone != "" {
			data.Zone = c.Zone
		}
	}
	f.views.Page(w, r, http.StatusOK, "floor", sheet(data))
}

// cut is a page of the rows, and where the next one begins; 0: that was all. A script gets all rows live.
func cut(all []group, from int) (out []group, next int) {
	at := 0
	for _, g := range all {
		begin, end := min(max(from-at, 0), len(g.Rows)), min(max(from+rowsMost-at, 0), len(g.Rows))
		at += len(g.Rows)
		out = append(out, group{g.State, g.Rows[begin:end]})
	}
	if at > from+rowsMost {
		next = from + rowsMost
	}
	return out, next
}

// named are the rows whose name or login has a part.
func named(rows []row, part string) []row {
	var out []row
	for _, r := range rows {
		if part == "" || strings.Contains(strings.ToLower(r.Name+" "+r.Login), strings.ToLower(part)) {
			out = append(out, r)
		}
	}
	return out
}

// campaignsMost are how many campaigns a menu holds.
const campaignsMost = 500

// choices are the campaigns that have not finished.
func (f *floors) choices(ctx context.Context) ([]choice, error) {
	var out []choice
	for token := ""; ; {
		a, err := f.campaigns.ListCampaigns(ctx, &campaignpb.ListCampaignsRequest{PageSize: 100, PageToken: token})
		if err != nil {
			return nil, err
		}
		for _, c := range a.GetCampaigns() {
			if c.GetState() != campaignpb.CampaignState_CAMPAIGN_STATE_FINISHED {
				out = append(out, choice{c.GetId(), c.GetName(), c.GetZone()})
			}
		}
		if token = a.GetNextPageToken(); token == "" || len(out) >= campaignsMost {
			return out, nil
		}
	}
}

// agentPage is one agent, and what a supervisor may do for it.
type agentPage struct {
	Now      time.Time
	Said     string
	Row      row
	Gone     bool   // not signed in
	Hand     string // what is in hand: idle, card, call, or elsewhere: of a campaign that the reader does not see
	States   []string
	Promises []promise
	More     bool // there are more promises than are shown
}

// agent shows an agent.
func (f *floors) agent(w http.ResponseWriter, r *http.Request) {
	login := r.URL.Query().Get("login")
	data := agentPage{Now: f.Now(), Said: f.saidIn(r), Row: row{Login: login, Name: login}, Gone: true, States: []string{"ready", "break", "signed_out"}}
	a, err := f.floor.GetFloor(r.Context(), &pb.GetFloorRequest{})
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	v := reader{f.views.Lang(r), map[int64]string{}}
	v.lines(a.GetFloor().GetCampaigns())
	for _, one := range a.GetFloor().GetAgents() {
		if one.GetSession().GetLogin() == login {
			data.Row, data.Gone, data.Hand = v.rows([]*pb.FloorAgent{one})[0], false, hand(one.GetSession())
		}
	}
	// Whom nobody knows has no promises either: the API says so.
	p, err := f.floor.ListPromises(r.Context(), &pb.ListPromisesRequest{Owner: login, PageSize: rowsMost})
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	data.Promises, data.More = promisesOf(p.GetPromises(), data.Now), p.GetNextPageToken() != ""
	f.draw(w, r, "agent", data)
}

// hand is what an agent has in hand, by which what a supervisor's word does is told.
func hand(s *pb.Session) string {
	state := s.GetState()
	card, call := state == campaignpb.AgentState_AGENT_STATE_OFFERED, state == campaignpb.AgentState_AGENT_STATE_ON_CALL
	switch {
	case (card || call) && s.GetAssignmentId() == 0:
		return "elsewhere"
	case card:
		return "card"
	case s.GetAssignmentId() != 0:
		return "call"
	default:
		return "idle"
	}
}

// setState sends an agent to a state.
func (f *floors) setState(w http.ResponseWriter, r *http.Request) {
	if err := parse(r); err != nil {
		f.views.Fail(w, r, err)
		return
	}
	req := &pb.SetAgentStateRequest{Agent: r.PostForm.Get("agent"), Reason: strings.TrimSpace(r.PostForm.Get("reason"))}
	for state, word := range stateWords {
		if word == r.PostForm.Get("state") {
			req.State = state
		}
	}
	a, err := f.floor.SetAgentState(r.Context(), req)
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	did := "state"
	if a.GetSession().GetState() != req.GetState() {
		did = "kept"
	}
	f.done(w, r, "/floor", did)
}
