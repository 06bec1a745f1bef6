package storetest

import (
	"time"

	"redial/campaign"
)

var lateCases = []testCase{
	{"a late outcome amends its UNKNOWN attempt", lateAmends},
	{"a late outcome waits when somebody had the lead since", lateWaits},
	{"I5 a late DO_NOT_CALL is obeyed", lateDoNotCall},
	{"a correction replaces the outcome and the decision", corrections},
	{"I2 a correction that is sent again happens once", correctedAgain},
}

// lapsed dials a lead and lets the lease run out.
func (b *bundle) lapsed(c campaign.Campaign, a campaign.AgentID, lead campaign.LeadID) campaign.Assignment {
	b.Helper()
	as := b.dial(a, lead)
	b.wait(c.Floor.Lease + time.Second)
	if got := must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 10)); len(got) != 1 {
		b.Fatalf("%d leases lapsed, want 1", len(got))
	}
	return as
}

func lateAmends(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 2)
	as := b.lapsed(c, b.agent(), leads[0])
	r := result(as, campaign.Success)
	got := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r))
	if got.Late != campaign.LateAmended || got.State != campaign.LeadFinished {
		b.Fatalf("got %+v", got)
	}
	h := must[[]campaign.Attempt](b)(b.s.History(b.Context(), leads[0]))
	if len(h) != 1 || h[0].Outcome != campaign.Success || !h[0].Amended {
		b.Fatalf("history %+v", h)
	}
	if again := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r)); !again.Replay || again.Late != campaign.LateAmended {
		b.Fatalf("again %+v", again)
	}
	r.Outcome, r.Code = campaign.Refused, ""
	_, err := b.s.Conclude(b.Context(), r)
	b.refused(err, campaign.KindConflict, "")

	as = b.lapsed(c, b.agent(), leads[1])
	r = result(as, campaign.Booked)
	r.Booking = &campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}
	if got := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r)); got.Plan.Verdict != campaign.VerdictAppointment {
		b.Fatalf("a late booking came to %+v", got)
	}
	b.sound()
}

func lateWaits(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Second })
	lead := b.some(c, 1)[0]
	as := b.lapsed(c, b.agent(), lead)
	b.wait(time.Minute)
	b.call(b.agent(), campaign.Busy, lead)
	r := result(as, campaign.Success)
	got := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r))
	if got.Late != campaign.LateWaits || b.lead(lead).State != campaign.LeadOpen {
		b.Fatalf("got %+v, lead %s", got, b.lead(lead).State)
	}
	if again := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r)); !again.Replay || again.Late != campaign.LateWaits {
		b.Fatalf("again %+v", again)
	}
	waiting := must[[]campaign.LateOutcome](b)(b.s.LateOutcomes(b.Context(), c.ID))
	if len(waiting) != 1 || waiting[0].Result.Assignment != as.ID || waiting[0].Result.Outcome != campaign.Success {
		b.Fatalf("waiting %+v", waiting)
	}
	rec := must[campaign.Recorded](b)(b.s.ResolveLate(b.Context(), as.ID, true, "boss"))
	if !rec.Attempt.Amended || rec.Attempt.Outcome != campaign.Success {
		b.Fatalf("resolved to %+v", rec)
	}
	_, err := b.s.ResolveLate(b.Context(), as.ID, false, "boss")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	if tries := b.lead(lead).Tries; len(tries) != 2 || tries[0].Outcome != campaign.Success || tries[1].Outcome != campaign.Busy {
		b.Fatalf("tries %+v", tries)
	}
	b.sound()
}

func lateDoNotCall(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Second })
	_, ids := b.list(c, []campaign.Phone{phone(1)})
	as := b.lapsed(c, b.agent(), ids[0])
	b.wait(time.Minute)
	second := b.agent()
	offer := b.claim(second, ids[0])
	got := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.DoNotCall)))
	if got.Late != campaign.LateWaits {
		b.Fatalf("got %+v", got)
	}
	if found := must[[]campaign.Suppression](b)(b.s.Suppressed(b.Context(), []campaign.Phone{phone(1)})); len(found) != 1 {
		b.Fatal("the number is not suppressed")
	}
	_, err := b.s.StartCall(b.Context(), offer.ID, second)
	b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
	b.state(ids[0], campaign.LeadSuppressed)
	b.sound()
}

func correctedAgain(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	a := b.agent()
	as := b.dial(a, lead)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.Success)))
	at := func(in time.Duration) *campaign.Booking {
		return &campaign.Booking{Local: local(b.s.Now().Add(in).Truncate(time.Hour)), Zone: east}
	}
	early, late := at(3*time.Hour), at(5*time.Hour)
	fixes := []campaign.Correction{
		{Outcome: campaign.NoAnswer, Note: "wrong key"}, {Outcome: campaign.NoAnswer, Note: "nobody"}, {Outcome: campaign.Booked, Booking: early},
		{Outcome: campaign.Booked, Booking: late}, {Outcome: campaign.Booked, Booking: early}, {Outcome: campaign.DoNotCall}, {Outcome: campaign.NoAnswer, Note: "wrong key"},
	}
	for i, fix := range fixes {
		fix.Assignment, fix.Agent, fix.By = as.ID, a, "a"
		first := must[campaign.Recorded](b)(b.s.Correct(b.Context(), fix))
		b.wait(time.Second)
		was := b.written()
		again := must[campaign.Recorded](b)(b.s.Correct(b.Context(), fix))
		if first.Replay || !again.Replay || again.Attempt.Code != first.Attempt.Code || again.Attempt.Note != fix.Note || !again.Attempt.Amended ||
			again.Plan != first.Plan || again.State != first.State {
			b.Errorf("correction %d came to %+v, again to %+v", i, first, again)
		}
		if now := b.written(); now != was || now.amendments != int64(i)+1 {
			b.Errorf("correction %d left %+v, sent again %+v", i, was, now)
		}
	}
	b.sound()
}

func corrections(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 2)
	a := b.agent()
	as := b.dial(a, leads[0])
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.Success)))
	fix := campaign.Correction{Assignment: as.ID, Agent: a, Outcome: campaign.NoAnswer, Note: "wrong key", By: "a"}
	got := must[campaign.Recorded](b)(b.s.Correct(b.Context(), fix))
	for _, of := range []campaign.CampaignID{0, got.Attempt.CampaignID} {
		v := must[campaign.FloorView](b)(b.s.FloorView(b.Context(), of))
		if len(v.Recent) != 1 || v.Recent[0].Outcome != fix.Outcome {
			b.Errorf("the floor shows %v, want the correction %v", v.Recent, fix.Outcome)
		}
	}
	if got.State != campaign.LeadOpen || got.Plan.Reason != campaign.ReasonInterval || !got.Attempt.Amended {
		b.Fatalf("got %+v", got)
	}
	fix.Outcome = campaign.DoNotCall
	must[campaign.Recorded](b)(b.s.Correct(b.Context(), fix))
	b.state(leads[0], campaign.LeadSuppressed)
	fix.Outcome = campaign.CallLater
	if got := must[campaign.Recorded](b)(b.s.Correct(b.Context(), fix)); got.State != campaign.LeadSuppressed {
		b.Fatalf("correcting DO_NOT_CALL lifted the suppression: %+v", got)
	}
	h := must[[]campaign.Attempt](b)(b.s.History(b.Context(), leads[0]))
	if len(h) != 1 || h[0].Outcome != campaign.CallLater || b.count(`SELECT count(*) FROM attempts WHERE outcome = 'SUCCESS'`) != 1 {
		b.Fatalf("the ledger was changed, or the correction lost: %+v", h)
	}
	other := b.dial(a, leads[1])
	_, err := b.s.Correct(b.Context(), campaign.Correction{Assignment: other.ID, Agent: a, Outcome: campaign.Busy})
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(other, campaign.Busy)))
	b.wait(c.Floor.CorrectWithin + time.Minute)
	_, err = b.s.Correct(b.Context(), campaign.Correction{Assignment: other.ID, Agent: a, Outcome: campaign.NoAnswer})
	b.refused(err, campaign.KindUnready, campaign.ReasonCorrectionOver)
	b.ready(a)
	b.dial(a, leads[1])
	_, err = b.s.Correct(b.Context(), campaign.Correction{Assignment: other.ID, Agent: a, Outcome: campaign.NoAnswer})
	if err == nil {
		b.Fatal("an outcome was corrected while somebody had the lead")
	}
	b.sound()
}
