package storetest

import (
	"time"

	"redial/campaign"
)

func init() {
	cases = append(cases, []testCase{
		{"a late outcome of a lead that was moved follows it", lateMoved},
		{"I5 a late DO_NOT_CALL of a lead that was moved binds where it goes on", lateMovedDoNotCall},
		{"a late outcome waits when the lead that was moved was called since", lateMovedCalled},
	}...)
}

func atOnce(c *campaign.Campaign) { c.Rules.Interval = time.Second }

// movedAway dials a lead, lets the lease run out and moves the lead to the other campaign.
func (b *bundle) movedAway(other campaign.Campaign, id string, phones ...campaign.Phone) (campaign.Assignment, campaign.LeadID) {
	b.Helper()
	c := b.campaign(nil)
	old := b.upsert("added", put(c.ID, id, 1, "Li", phones...))[0].Lead
	as := b.lapsed(c, b.agent(), old)
	return as, b.upsert("moved", moveTo(other.ID, id, 2))[0].Lead
}

func lateMoved(b *bundle) {
	ctx := b.Context()
	other := b.campaign(atOnce)
	for i, x := range []struct {
		outcome campaign.Outcome
		state   campaign.LeadState
		number  campaign.Phone // to call next
	}{
		{campaign.VacantNumber, campaign.LeadOpen, phone(102)}, {campaign.Success, campaign.LeadFinished, ""}, {campaign.CallLater, campaign.LeadOpen, phone(301)},
	} {
		as, next := b.movedAway(other, str(campaign.LeadID(i)), phone(100*i+101), phone(100*i+102))
		offered := b.claim(b.agent(), next) // by what was known before
		r := result(as, x.outcome)
		got := must[campaign.Recorded](b)(b.s.Conclude(ctx, r))
		if got.Late != campaign.LateAmended || got.Attempt.Outcome != x.outcome {
			b.Errorf("%v: %+v", x.outcome, got)
		}
		l := b.lead(next)
		if l.State != x.state || len(l.Tries) != 1 || l.Tries[0].Outcome != x.outcome || x.number != "" && l.Plan.Number != x.number {
			b.Errorf("%v: the lead goes on as %s with the plan %+v and %+v", x.outcome, l.State, l.Plan, l.Tries)
		}
		_, err := b.s.StartCall(ctx, offered.ID, offered.AgentID)
		b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
		if again := must[campaign.Recorded](b)(b.s.Conclude(ctx, r)); !again.Replay || again.Late != campaign.LateAmended {
			b.Errorf("%v again: %+v", x.outcome, again)
		}
	}
	if n := b.count(`SELECT count(*) FROM late_outcomes WHERE resolved_at = 0`); n != 0 {
		b.Errorf("%d late outcomes wait", n)
	}
	b.sound()
}

func lateMovedDoNotCall(b *bundle) {
	as, next := b.movedAway(b.campaign(atOnce), "7", phone(1))
	offered := b.claim(b.agent(), next)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.DoNotCall)))
	b.state(next, campaign.LeadSuppressed)
	_, err := b.s.StartCall(b.Context(), offered.ID, offered.AgentID)
	b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
	b.sound()
}

func lateMovedCalled(b *bundle) {
	ctx := b.Context()
	other := b.campaign(atOnce)
	as, next := b.movedAway(other, "7", phone(1), phone(2))
	b.wait(other.Floor.Lease)
	b.call(b.agent(), campaign.Busy, next)
	got := must[campaign.Recorded](b)(b.s.Conclude(ctx, result(as, campaign.Success)))
	if got.Late != campaign.LateWaits {
		b.Fatalf("it came to %+v", got)
	}
	rec := must[campaign.Recorded](b)(b.s.ResolveLate(ctx, as.ID, true, "boss"))
	if !rec.Attempt.Amended || rec.Attempt.Outcome != campaign.Success {
		b.Errorf("resolved to %+v", rec)
	}
	if l := b.lead(next); l.State != campaign.LeadOpen || l.Tries[0].Outcome != campaign.Unknown || l.Tries[1].Outcome != campaign.Busy {
		b.Errorf("the lead that was called since is %s after %+v", l.State, l.Tries)
	}
	b.sound()
}
