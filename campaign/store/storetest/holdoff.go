package storetest

import (
	"strings"
	"time"

	"redial/campaign"
)

// heldOff lets a CRM hold leads off and withdraw them.
func heldOff(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) {
		c.PreCall = campaign.PreCall{Address: "crm.example.com:443", Deadline: time.Second, FailClosed: true, TokenName: "crm"}
	})
	if got := must[campaign.Campaign](b)(b.s.Campaign(b.Context(), c.ID)); got.PreCall != c.PreCall {
		b.Fatalf("who is asked is %+v, want %+v", got.PreCall, c.PreCall)
	}
	a, leads := b.agent(), b.some(c, 2)
	until := b.s.Now().Add(time.Hour).Truncate(time.Second)
	as := b.claim(a, leads[0])
	h := campaign.HoldOff{Assignment: as.ID, Until: until, Reason: "in dispute"}
	if s := must[campaign.Session](b)(b.s.HoldOff(b.Context(), h)); s.AgentID != a || s.State != campaign.AgentReady || s.Assignment != 0 {
		b.Fatalf("the agent is %+v", s)
	}
	l := b.lead(leads[0])
	if l.State != campaign.LeadOpen || !l.HeldOffUntil.Equal(until) || l.HeldOffReason != "in dispute" || !l.Plan.Earliest.Equal(until) || l.Plan.Reason != campaign.ReasonHeldOff {
		b.Fatalf("the lead is %+v", l)
	}
	_, err := b.s.HoldOff(b.Context(), h)
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	if got := b.try(b.s, a, leads[0]); got.Assignment != nil {
		b.Fatal("it was offered")
	}
	b.wait(until.Sub(b.s.Now()))
	dialled := b.dial(a, leads[0])
	_, err = b.s.HoldOff(b.Context(), campaign.HoldOff{Assignment: dialled.ID, Until: until.Add(time.Hour)})
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(dialled, campaign.NoAnswer)))

	as = b.claim(a, leads[1])
	must[campaign.Session](b)(b.s.HoldOff(b.Context(), campaign.HoldOff{Assignment: as.ID, Reason: "deceased", Withdraw: true}))
	if l := b.lead(leads[1]); l.State != campaign.LeadWithdrawn || l.Assignment != 0 {
		b.Fatalf("the lead is %+v", l)
	}
	b.sound()
}

// promiseHeldOff has a CRM hold a promise off beyond its grace: it is missed, with the reason, and planned again.
func promiseHeldOff(b *bundle) {
	a := b.agent()
	lead, p := b.promised(time.Hour, a)
	b.wait(time.Hour)
	as := b.claim(a, lead)
	until := b.s.Now().Add(time.Hour).Truncate(time.Second)
	must[campaign.Session](b)(b.s.HoldOff(b.Context(), campaign.HoldOff{Assignment: as.ID, Until: until, Reason: "in dispute"}))
	b.closed(p.ID, campaign.AppointmentOpen, "")
	b.wait(16 * time.Minute)
	if got := must[[]campaign.Appointment](b)(b.s.MissPromises(b.Context(), 10)); len(got) != 1 || got[0].ID != p.ID {
		b.Fatalf("missed %+v", got)
	}
	b.closed(p.ID, campaign.AppointmentMissed, "held_off: the CRM said: in dispute")
	if l := b.lead(lead); l.State != campaign.LeadOpen || l.Plan.Verdict != campaign.VerdictCall || l.Plan.At.Before(until) || !strings.Contains(l.Plan.Reason, "held") {
		b.Fatalf("the lead is %+v", l)
	}
	b.sound()
}
