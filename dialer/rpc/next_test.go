package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// recordAndAsk records a success and asks for the next call.
func (b *bench) recordAndAsk(login string, id int64, wait time.Duration) (*pb.RecordOutcomeResponse, error) {
	return b.desk.RecordOutcome(b.as(login), &pb.RecordOutcomeRequest{AssignmentId: id, Code: "SOLD", NextWait: durationpb.New(wait)})
}

// called starts a call and says which.
func (b *bench) called(login string) int64 {
	b.Helper()
	id := b.next(login).GetAssignmentId()
	b.start(login, id)
	return id
}

func TestTheNextCallComesWithTheOutcome(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(2)
		first := b.called("ann")
		got := must[*pb.RecordOutcomeResponse](b)(b.recordAndAsk("ann", first, time.Minute))
		card := got.GetNext().GetCard()
		if got.GetLeadState() != campaignpb.LeadState_LEAD_STATE_FINISHED || card.GetAssignmentId() == 0 || card.GetAssignmentId() == first {
			b.Fatalf("outcome and next: %v", got)
		}
		for _, s := range []*pb.Session{got.GetSession(), got.GetNext().GetSession()} {
			if s.GetState() != campaignpb.AgentState_AGENT_STATE_OFFERED || s.GetAssignmentId() != card.GetAssignmentId() {
				b.Errorf("session %v", s)
			}
		}
		again := must[*pb.RecordOutcomeResponse](b)(b.recordAndAsk("ann", first, time.Minute))
		if !again.GetReplay() || again.GetNext().GetCard().GetAssignmentId() != card.GetAssignmentId() {
			b.Errorf("sent again: %v", again)
		}
		b.start("ann", card.GetAssignmentId())
		from := time.Now()
		none := must[*pb.RecordOutcomeResponse](b)(b.recordAndAsk("ann", card.GetAssignmentId(), 30*time.Second))
		if n := none.GetNext(); n.GetCard() != nil || n.GetWhyNone() == "" || n.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_READY ||
			time.Since(from) < 30*time.Second || time.Since(from) > 31*time.Second { // a look under way is waited for
			b.Errorf("after the last: %v after %v", n, time.Since(from))
		}
		if r := b.record("ann", card.GetAssignmentId(), "SOLD"); r.GetNext() != nil {
			b.Errorf("not asked for: %v", r.GetNext())
		}
		b.sound()
	})
}

func TestAskingForTheNextCallEndsWrapUp(t *testing.T) {
	onBench(t, func(b *bench) {
		b.camp = b.campaign("slow", func(c *campaign.Campaign) { c.Floor.WrapUp = time.Hour })
		b.agent("cid", b.camp.ID)
		b.leads(2)
		got := must[*pb.RecordOutcomeResponse](b)(b.recordAndAsk("cid", b.called("cid"), time.Second))
		if got.GetNext().GetCard() == nil {
			b.Errorf("in wrap-up: %v", got)
		}
	})
}

// What was asked for during the call comes first, and the desktop is told why nothing comes.
func TestABreakAskedForDuringTheCallComesBeforeTheNext(t *testing.T) {
	for _, c := range []struct {
		name   string
		wrapUp time.Duration
		ask    campaignpb.AgentState
		after  campaignpb.AgentState
	}{
		{"a break, no wrap-up", 0, campaignpb.AgentState_AGENT_STATE_BREAK, campaignpb.AgentState_AGENT_STATE_BREAK},
		{"a break, in wrap-up", time.Hour, campaignpb.AgentState_AGENT_STATE_BREAK, campaignpb.AgentState_AGENT_STATE_WRAP_UP},
		{"home, no wrap-up", 0, campaignpb.AgentState_AGENT_STATE_SIGNED_OUT, campaignpb.AgentState_AGENT_STATE_SIGNED_OUT},
		{"home, in wrap-up", time.Hour, campaignpb.AgentState_AGENT_STATE_SIGNED_OUT, campaignpb.AgentState_AGENT_STATE_WRAP_UP},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.camp = b.campaign("other", func(x *campaign.Campaign) { x.Floor.WrapUp = c.wrapUp })
				b.agent("cid", b.camp.ID)
				b.leads(2)
				id := b.called("cid")
				must[*pb.SetStateResponse](b)(b.desk.SetState(b.as("cid"), &pb.SetStateRequest{State: c.ask, Reason: "lunch"}))
				got := must[*pb.RecordOutcomeResponse](b)(b.recordAndAsk("cid", id, time.Minute))
				n := got.GetNext()
				if n.GetCard() != nil || !strings.Contains(n.GetWhyNone(), "after this call") && !strings.Contains(n.GetWhyNone(), "lunch") || got.GetSession().GetState() != c.after {
					b.Errorf("%v", got)
				}
			})
		})
	}
}

func TestTheNextCallIsRefusedBeforeAnythingIsRecorded(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(2)
		id := b.called("ann")
		for _, wait := range []time.Duration{-time.Second, time.Minute + time.Nanosecond} {
			_, err := b.recordAndAsk("ann", id, wait)
			b.refused("too short or too long", err, codes.InvalidArgument, "next_wait")
		}
		l := b.line(b.as("ann"))
		l.signIn()
		m := l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "SOLD", NextWait: durationpb.New(0)})
		v := m.GetFailure().GetViolations()
		if m.GetFailure().GetCode() != int32(codes.InvalidArgument) || len(v) != 1 || v[0].GetField() != "next_wait" {
			b.Errorf("on a stream: %v", m)
		}
		if m := l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "SOLD"}); m.GetOutcomeRecorded().GetReplay() || m.GetOutcomeRecorded() == nil {
			b.Errorf("without it: %v", m)
		}
	})
}

// A node that stops offers nothing; the outcome is recorded all the same.
func TestAnOutcomeIsRecordedThoughTheNextCallFails(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(2)
		id := b.called("ann")
		b.floor.Drain()
		got := must[*pb.RecordOutcomeResponse](b)(b.recordAndAsk("ann", id, time.Minute))
		if got.GetReplay() || got.GetNext() != nil || got.GetLeadState() != campaignpb.LeadState_LEAD_STATE_FINISHED {
			b.Errorf("%v", got)
		}
	})
}

// A code that a manager adds or takes away during a call: the campaign is known as it was a moment ago, and the record is
// asked before anything is refused.
func TestACodeAddedDuringTheCallIsTaken(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		id := b.called("ann")
		c := must[campaign.Campaign](b)(b.s.Campaign(b.Context(), b.camp.ID))
		c.Codes = slices.Concat(c.Codes, []campaign.OutcomeCode{{Code: "NEW", Label: "New", Outcome: campaign.Refused}})
		must[campaign.Campaign](b)(b.s.UpdateCampaign(b.Context(), c))
		if r := b.record("ann", id, "NEW"); r.GetAttempt().GetCode() != "NEW" {
			b.Errorf("%v", r)
		}
	})
}
