package browser_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// clock is the world's, set back by as much as a test says.
type clock struct{ back atomic.Int64 }

func (c *clock) set(back time.Duration) { c.back.Store(int64(back)) }
func (c *clock) now() time.Time         { return time.Now().Add(-time.Duration(c.back.Load())) }

// busy is an office in the middle of its day: a promise that was missed, one that is due, one of tomorrow, a lead with
// a past, and an agent in each state.
func busy(t *testing.T, people int) *office {
	t.Helper()
	o := &office{t: t}
	o.clock.set(time.Hour)
	o.open(people)
	o.patient()
	o.desks()
	missed := o.seat("cai")
	missed.outcome("APPOINTMENT", missed.at(5*time.Minute))
	past := o.seat("eve")
	past.outcome("NO_ANSWER", nil)
	past.outcome("BUSY", nil)
	o.world.Lead = past.outcome("APPOINTMENT", past.at(25*time.Hour))
	o.consent()
	due := o.seat("fay")
	due.outcome("APPOINTMENT", due.at(55*time.Minute))
	o.clock.set(0) // which signs them all out

	o.seat("ben")
	o.seat("cai").card()
	o.seat("dee").call()
	ended := o.seat("eve").call()
	_, err := o.agents().EndCall(past.ctx, &dialerpb.EndCallRequest{AssignmentId: ended.GetAssignmentId()})
	o.must(err)
	o.seat("fay")
	_, err = o.agents().SetState(due.ctx, &dialerpb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "lunch"})
	o.must(err)
	return o
}

// desks are two places that nobody sits at, each with a promise of its own that is near.
func (o *office) desks() {
	o.t.Helper()
	for _, login := range []string{"ann", "zoe"} {
		s := o.seat(login)
		s.outcome("APPOINTMENT", s.at(160*time.Minute))
		s.outcome("NO_ANSWER", nil)
		_, err := o.agents().SignOut(s.ctx, &dialerpb.SignOutRequest{})
		o.must(err)
	}
}

// patient lets promises wait for their owners, so that one that is due stays where it is.
func (o *office) patient() {
	o.t.Helper()
	campaigns := campaignpb.NewCampaignServiceClient(o.conn)
	c, err := campaigns.GetCampaign(o.admin, &campaignpb.GetCampaignRequest{Id: o.world.Campaign})
	o.must(err)
	f := c.GetCampaign().GetFloor()
	f.OwnerWait, f.Grace, f.RemindBefore = durationpb.New(29*time.Minute), durationpb.New(30*time.Minute), durationpb.New(2*time.Hour)
	_, err = campaigns.UpdateCampaign(o.admin, &campaignpb.UpdateCampaignRequest{
		Campaign: c.GetCampaign(), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"floor"}},
	})
	o.must(err)
}

// consent is given by the lead that is looked at.
func (o *office) consent() {
	o.t.Helper()
	_, err := campaignpb.NewLeadServiceClient(o.conn).RecordConsent(o.admin, &campaignpb.RecordConsentRequest{
		LeadId: o.world.Lead, Consent: &campaignpb.Consent{Purpose: "sales", Scopes: []string{"contact", "hours"}, Proof: "form 7"},
	})
	o.must(err)
}

func (o *office) agents() dialerpb.AgentServiceClient { return dialerpb.NewAgentServiceClient(o.conn) }

// seat is a place of the office where an agent works by the API.
type seat struct {
	o   *office
	ctx context.Context // as the agent
}

// seat signs an agent in, who is made when there is none.
func (o *office) seat(login string) *seat {
	o.t.Helper()
	if o.world.Tokens[login] == "" {
		o.world.Tokens[login] = o.agent(login)
	}
	s := &seat{o, o.as(o.world.Tokens[login])}
	_, err := o.agents().SignIn(s.ctx, &dialerpb.SignInRequest{Ready: true})
	o.must(err)
	return s
}

// at is a promise for so long from now.
func (s *seat) at(wait time.Duration) *campaignpb.Booking {
	return &campaignpb.Booking{Local: s.o.clock.now().UTC().Add(wait).Format("2006-01-02T15:04:05"), Zone: "UTC", Insisted: true}
}

// card takes the next lead in hand.
func (s *seat) card() *dialerpb.Card {
	s.o.t.Helper()
	next, err := s.o.agents().NextCall(s.ctx, &dialerpb.NextCallRequest{Wait: durationpb.New(10 * time.Second)})
	s.o.must(err)
	if next.GetCard() == nil {
		s.o.t.Fatalf("%s has nothing to call: %s", next.GetSession().GetLogin(), next.GetWhyNone())
	}
	return next.GetCard()
}

// call takes the next lead and begins to call it.
func (s *seat) call() *dialerpb.Card {
	s.o.t.Helper()
	card := s.card()
	_, err := s.o.agents().StartCall(s.ctx, &dialerpb.StartCallRequest{AssignmentId: card.GetAssignmentId()})
	s.o.must(err)
	return card
}

// outcome calls the next lead and records what came of it; it says whose that was.
func (s *seat) outcome(code string, booking *campaignpb.Booking) int64 {
	s.o.t.Helper()
	done, err := s.o.agents().RecordOutcome(s.ctx, &dialerpb.RecordOutcomeRequest{
		AssignmentId: s.call().GetAssignmentId(), Code: code, Booking: booking, Note: "Asked for Plan B; will decide with her brother.",
	})
	s.o.must(err)
	return done.GetAttempt().GetLeadId()
}
