package desk

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// card is a lead in the agent's hands, as the page shows it.
type card struct {
	*pb.Card
	Stage    string // offered, calling or ended
	Now      time.Time
	Since    int64 // of the agent's state, milliseconds
	Why      string
	Places   []place
	Outcomes []choice
	Past     []past // newest first
}

// place is a zone in which the lead may be.
type place struct {
	Zone, Local string // what the clocks there show
}

// choice is an outcome that the agent may choose.
type choice struct {
	Code, Outcome, Label, Key string // an empty label: the text of Outcome; an empty key: none
}

// past is a call made before.
type past struct {
	*campaignpb.Attempt
	At      time.Time
	Zone    string
	Outcome string
	Label   string // the campaign's own word; empty: the text of Outcome
	Talk    time.Duration
}

// keys are those that choose an outcome, in the order of the outcomes: digits, then the row of letters below them.
var keys = strings.Split("1234567890QWERTYUIOP", "")

func (d *desks) card(r *http.Request, m *pb.Card, s *pb.Session) *card {
	if m == nil {
		return nil
	}
	c := &card{Card: m, Stage: "offered", Now: d.Now(), Since: milli(s.GetSince()), Outcomes: choices(m.GetOutcomes())}
	switch {
	case s.GetState() == campaignpb.AgentState_AGENT_STATE_WRAP_UP:
		c.Stage = "ended"
	case m.GetPlacedAt() != nil:
		c.Stage = "calling"
	}
	for i, zone := range m.GetZones() {
		p := place{Zone: zone}
		if i < len(m.GetLocalTimes()) {
			_, p.Local, _ = strings.Cut(m.GetLocalTimes()[i], "T")
		}
		c.Places = append(c.Places, p)
	}
	for _, a := range m.GetHistory() {
		c.Past = append(c.Past, pastOf(a, m))
	}
	slices.Reverse(c.Past)
	c.Why = d.why(r, c)
	return c
}

func choices(all []*pb.OutcomeChoice) []choice {
	out := make([]choice, len(all))
	for i, o := range all {
		out[i] = choice{Code: o.GetCode(), Outcome: outcomeOf(o.GetOutcome()), Label: o.GetLabel()}
		if i < len(keys) {
			out[i].Key = keys[i]
		}
	}
	return out
}

func pastOf(a *campaignpb.Attempt, m *pb.Card) past {
	p := past{Attempt: a, At: a.GetPlacedAt().AsTime(), Zone: zoneOf(m.GetZones()), Outcome: outcomeOf(a.GetOutcome())}
	for _, o := range m.GetOutcomes() {
		if o.GetCode() == a.GetCode() {
			p.Label = o.GetLabel()
		}
	}
	if a.GetEndedAt() != nil && campaign.Outcome(a.GetOutcome()).Connect() {
		p.Talk = a.GetEndedAt().AsTime().Sub(p.At)
	}
	return p
}

func zoneOf(zones []string) string {
	if len(zones) == 0 {
		return "UTC"
	}
	return zones[0]
}

// outcomeOf is an outcome's name, by which texts go.
func outcomeOf(o campaignpb.Outcome) string { return strings.TrimPrefix(o.String(), "OUTCOME_") }

// why says in the reader's language why this lead now.
func (d *desks) why(r *http.Request, c *card) string {
	l := d.views.Lang(r)
	said := l.Text("desk_why_" + c.GetReason())
	if strings.HasPrefix(said, "desk_why_") {
		said, _ = d.views.Said(r, c.Card.GetWhy())
	}
	if p := c.GetAppointment(); p != nil && c.GetReason() == "appointment" {
		said += " " + l.Text("desk_why_promised", strings.Replace(p.GetLocal(), "T", " ", 1), p.GetZone())
	}
	if n := len(c.Past); n > 0 {
		last := c.Past[0]
		word := last.Label
		if word == "" {
			word = l.Text(last.Outcome)
		}
		said += " " + l.Text("desk_why_attempt", n+1, word, page.When(last.At, c.Now, last.Zone), last.Zone)
	}
	return said
}

func milli(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.AsTime().UnixMilli()
}
