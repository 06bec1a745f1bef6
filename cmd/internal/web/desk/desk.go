// Package desk decides what an agent sees and does during a shift: one page with the card in hand, the outcomes, the
// agent's callbacks and its day. It keeps nothing but which tab it last gave a desk to; every word and act goes to the
// API as the agent who signed in, so that the page works at any node. It never begins a shift by being looked at.
package desk

import (
	"embed"
	"fmt"
	"net/http"
	"sync"
	"time"

	"redial/cmd/internal/web/page"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

//go:embed templates static lang
var files embed.FS

// desks are the pages of the desk.
type desks struct {
	page.Kit
	views  *page.Views
	agents pb.AgentServiceClient
	beat   time.Duration // between two questions whether the page is there

	mu   sync.Mutex
	tabs map[int64]tab // by agent; a hint alone
}

// tab is who has an agent's desk, as this node last heard.
type tab struct {
	name   string
	epoch  int64
	coming bool // it signs in anew, and may be cut off before it hears its next epoch
}

// New makes the desk.
func New(kit page.Kit) (page.Family, error) {
	d, err := newDesks(kit)
	if err != nil {
		return page.Family{}, err
	}
	return page.Family{Name: "desk", Files: files, Routes: d.routes()}, nil
}

func newDesks(kit page.Kit) (*desks, error) {
	d := &desks{Kit: kit, agents: pb.NewAgentServiceClient(kit.API), beat: page.BeatEvery, tabs: map[int64]tab{}}
	var err error
	if d.views, err = page.Read(files, kit.Log, funcs); err != nil {
		return nil, fmt.Errorf("make the desk: %w", err)
	}
	return d, nil
}

func (d *desks) routes() []page.Route {
	all := []page.Route{
		{Pattern: "GET /desk/live", Live: true, Handle: d.live},
		{Pattern: "GET /desk", Handle: d.show},
		{Pattern: "GET /desk/callbacks", Handle: d.callbacks},
		{Pattern: "GET /desk/day", Handle: d.day},
		{Pattern: "GET /desk/slots", Handle: d.slots},
		{Pattern: "POST /desk/start", Handle: act(d, d.agents.SignIn)},
		{Pattern: "POST /desk/state", Handle: act(d, d.agents.SetState)},
		{Pattern: "POST /desk/out", Handle: act(d, d.agents.SignOut)},
		{Pattern: "POST /desk/beat", Handle: act(d, d.agents.Heartbeat)},
		{Pattern: "POST /desk/pick", Handle: act(d, d.agents.PickLead)},
		{Pattern: "POST /desk/decline", Handle: act(d, d.agents.Decline)},
		{Pattern: "POST /desk/call", Handle: act(d, d.agents.StartCall)},
		{Pattern: "POST /desk/end", Handle: act(d, d.agents.EndCall)},
		{Pattern: "POST /desk/outcome", Handle: act(d, d.agents.RecordOutcome)},
		{Pattern: "POST /desk/correct", Handle: act(d, d.agents.CorrectOutcome)},
		{Pattern: "POST /desk/move", Handle: act(d, d.agents.RescheduleAppointment)},
		{Pattern: "POST /desk/cancel", Handle: act(d, d.agents.CancelAppointment)},
	}
	for i := range all {
		all[i].Roles = page.Agents
	}
	return all
}

// shown is the whole page.
type shown struct {
	Session session
	Card    *card // nil: none in hand
	Login   string
	Breaks  []string
	Refuse  []string
}

// Words of breaks and of giving a card back: they are what reports group by.
var (
	breaks  = []string{"lunch", "rest", "meeting", "training", "technical"}
	refusal = []string{"known_person", "language", "not_prepared", "technical"}
)

// show draws the desk as it is now. It changes nothing: a shift that runs is taken over by the page's own live part.
func (d *desks) show(w http.ResponseWriter, r *http.Request) {
	m, err := d.agents.GetSession(r.Context(), &pb.GetSessionRequest{})
	if err != nil {
		d.views.Fail(w, r, err)
		return
	}
	data := shown{Session: d.session(r, m.GetSession()), Card: d.card(r, m.GetCard(), m.GetSession()), Login: m.GetSession().GetLogin(), Breaks: breaks, Refuse: refusal}
	d.views.Page(w, r, http.StatusOK, "desk", page.Sheet{
		Title: "nav_desk", Style: "/static/desk/desk.css", Module: "/static/desk/desk.js", Data: data,
	})
}

// session is what the page's script is told of the agent's state.
type session struct {
	Epoch      int64  `json:"epoch"`
	State      string `json:"state"`
	Said       string `json:"said"` // the state in the reader's words
	Since      int64  `json:"since"`
	Reason     string `json:"reason"`
	Why        string `json:"why"`
	Next       string `json:"next"` // empty: ready
	NextReason string `json:"next_reason"`
	NextSaid   string `json:"next_said"`
	Assignment int64  `json:"assignment,string"`
	Now        int64  `json:"now"`
}

// states are the words of agents' states, by which texts and colours go.
var states = map[campaignpb.AgentState]string{
	campaignpb.AgentState_AGENT_STATE_SIGNED_OUT: "signed_out", campaignpb.AgentState_AGENT_STATE_READY: "ready",
	campaignpb.AgentState_AGENT_STATE_OFFERED: "offered", campaignpb.AgentState_AGENT_STATE_ON_CALL: "on_call",
	campaignpb.AgentState_AGENT_STATE_WRAP_UP: "wrap_up", campaignpb.AgentState_AGENT_STATE_BREAK: "break",
}

func (d *desks) session(r *http.Request, m *pb.Session) session {
	l := d.views.Lang(r)
	s := session{
		Epoch: m.GetEpoch(), State: states[m.GetState()], Since: milli(m.GetSince()), Reason: m.GetReason(), Why: l.Why(m.GetReason()),
		Next: states[m.GetNext()], NextReason: m.GetNextReason(), Assignment: m.GetAssignmentId(), Now: d.Now().UnixMilli(),
	}
	if s.State == "" {
		s.State = "signed_out"
	}
	s.Said = l.Text("agent_" + s.State)
	if s.Next != "" && s.Next != "ready" {
		s.NextSaid = l.Text("desk_then_" + s.Next)
		if why := l.Why(m.GetNextReason()); why != "" && s.Next == "break" {
			s.NextSaid += " (" + why + ")"
		}
	}
	return s
}
