package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

var appointmentCases = []testCase{
	{"I6 a promise is kept by the call at its time", promiseKept},
	{"I6 a call before the time leaves the promise open", promiseEarly},
	{"I6 a promise past its grace is missed and its lead planned anew", promiseMissed},
	{"I6 a promise that a CRM holds off beyond its grace is missed with the reason", promiseHeldOff},
	{"leads that a CRM holds off or withdraws", heldOff},
	{"I6 a promise is rescheduled or cancelled with a reason", promiseMoved},
	{"I2 a change of a promise that is sent again happens once", promiseAgain},
	{"promises are looked ahead to, reminded of once, and handed over", promiseAhead},
	{"I12 a booking that cannot be made changes nothing", badBooking},
}

func (b *bundle) promised(in time.Duration, owner campaign.AgentID) (campaign.LeadID, campaign.Appointment) {
	b.Helper()
	lead := b.some(b.campaign(nil), 1)[0]
	return lead, must[campaign.Appointment](b)(b.s.Book(b.Context(), lead, campaign.Booking{Local: local(b.s.Now().Add(in))}, owner, "a"))
}

func (b *bundle) closed(id campaign.AppointmentID, state campaign.AppointmentState, reason string) {
	b.Helper()
	p := must[campaign.Appointment](b)(b.s.Appointment(b.Context(), id))
	if p.State != state || p.Reason != reason || (state == campaign.AppointmentOpen) != p.ClosedAt.IsZero() {
		b.Fatalf("promise %d is %s (%s), want %s (%s)", id, p.State, p.Reason, state, reason)
	}
}

func promiseKept(b *bundle) {
	a := b.agent()
	lead, p := b.promised(time.Hour, a)
	if got := b.try(b.s, a, lead); got.Assignment != nil {
		b.Fatal("the promise was offered an hour early")
	}
	b.wait(time.Hour + time.Second)
	as := b.claim(a, lead)
	if as.Appointment != p.ID || as.Reason != "appointment" {
		b.Fatalf("claimed as %+v", as)
	}
	started, err := b.s.StartCall(b.Context(), as.ID, a)
	b.ok(err)
	rec := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(started.Assignment, campaign.NoAnswer)))
	b.closed(p.ID, campaign.AppointmentKept, "called")
	if rec.Plan.Verdict != campaign.VerdictCall || !rec.Attempt.Waived {
		b.Fatalf("after the kept promise: %+v", rec)
	}
	b.sound()
}

func promiseEarly(b *bundle) {
	a := b.agent()
	lead := b.some(b.campaign(nil), 1)[0]
	as := b.dial(a, lead)
	// The promise is made while the call is up, by somebody else.
	p := must[campaign.Appointment](b)(b.s.Book(b.Context(), lead, campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, a, "crm"))
	b.state(lead, campaign.LeadHeld)
	rec := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.NoAnswer)))
	b.closed(p.ID, campaign.AppointmentOpen, "")
	if rec.Plan.Verdict != campaign.VerdictAppointment {
		b.Fatalf("planned %+v, want the promise", rec.Plan)
	}

	other := b.some(b.campaign(nil), 1)[0]
	as = b.dial(a, other)
	p = must[campaign.Appointment](b)(b.s.Book(b.Context(), other, campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, a, "crm"))
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.Success)))
	b.closed(p.ID, campaign.AppointmentKept, "finished_before")
	b.sound()
}

func promiseMissed(b *bundle) {
	a := b.agent()
	lead, p := b.promised(time.Hour, a)
	b.wait(time.Hour + 14*time.Minute)
	if got := must[[]campaign.Appointment](b)(b.s.MissPromises(b.Context(), 10)); len(got) != 0 {
		b.Fatalf("missed %+v before its grace was over", got)
	}
	b.wait(2 * time.Minute)
	got := must[[]campaign.Appointment](b)(b.s.MissPromises(b.Context(), 10))
	if len(got) != 1 || got[0].ID != p.ID {
		b.Fatalf("missed %+v", got)
	}
	b.closed(p.ID, campaign.AppointmentMissed, "grace_over")
	l := b.lead(lead)
	if l.State != campaign.LeadOpen || l.Plan.Verdict != campaign.VerdictCall || l.Owner != a {
		b.Fatalf("the lead is %+v", l)
	}
	missed := must[[]campaign.MissedPromise](b)(b.s.ListMissed(b.Context(), l.CampaignID, b.s.Now().Add(-time.Hour)))
	if len(missed) != 1 || missed[0].Appointment.ID != p.ID || missed[0].Owner == "" {
		b.Fatalf("listed %+v", missed)
	}
	if owned := must[[]campaign.Owned](b)(b.s.OwnedAhead(b.Context(), []campaign.AgentID{a}, b.s.Now().Add(time.Microsecond), 10)); len(owned) != 1 || owned[0].Lead != lead {
		b.Fatalf("the owner's due leads: %+v", owned)
	}
	b.sound()
}

func promiseMoved(b *bundle) {
	a := b.agent()
	lead, p := b.promised(time.Hour, a)
	_, err := b.s.Reschedule(b.Context(), p.ID, campaign.Booking{Local: local(b.s.Now().Add(-time.Hour))}, "asked", "a")
	b.refused(err, campaign.KindInvalid, "")
	b.closed(p.ID, campaign.AppointmentOpen, "")
	next := must[campaign.Appointment](b)(b.s.Reschedule(b.Context(), p.ID, campaign.Booking{Local: local(b.s.Now().Add(2 * time.Hour))}, "asked", "a"))
	b.closed(p.ID, campaign.AppointmentRescheduled, "asked (a)")
	if next.Replaces != p.ID || next.Owner != a || next.ID == 0 {
		b.Fatalf("the new promise is %+v", next)
	}
	if l := b.lead(lead); !l.Plan.At.Equal(next.At) {
		b.Fatalf("planned %+v", l.Plan)
	}
	_, _, err = b.s.Cancel(b.Context(), next.ID, "", "a")
	b.refused(err, campaign.KindInvalid, "")
	_, plan, err := b.s.Cancel(b.Context(), next.ID, "mistake", "a")
	b.ok(err)
	if plan.Verdict != campaign.VerdictCall {
		b.Fatalf("after the cancellation: %+v", plan)
	}
	b.closed(next.ID, campaign.AppointmentCancelled, "mistake (a)")
	_, _, err = b.s.Cancel(b.Context(), next.ID, "mistake", "somebody else")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	_, _, err = b.s.Cancel(b.Context(), 4711, "mistake", "a")
	b.refused(err, campaign.KindNotFound, "")
	b.sound()
}

// promiseAgain asks for each change of a promise twice, as a client does whose answer was lost.
func promiseAgain(b *bundle) {
	a := b.agents(2)
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	at, then := campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, campaign.Booking{Local: local(b.s.Now().Add(2 * time.Hour))}
	book := func() campaign.Appointment {
		return must[campaign.Appointment](b)(b.s.Book(b.Context(), lead, at, a[0], "a"))
	}
	p := b.twice("book", book)
	_, err := b.s.Book(b.Context(), lead, at, a[1], "b")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	next := b.twice("reschedule", func() campaign.Appointment {
		return must[campaign.Appointment](b)(b.s.Reschedule(b.Context(), p.ID, then, "asked", "a"))
	})
	for _, other := range []struct {
		at     campaign.Booking
		reason string
	}{{at, "asked"}, {then, "dreamt"}} {
		_, err = b.s.Reschedule(b.Context(), p.ID, other.at, other.reason, "a")
		b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	}
	_, err = b.s.Book(b.Context(), lead, then, a[0], "a")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	b.twice("cancel", func() campaign.Appointment {
		got, plan, err := b.s.Cancel(b.Context(), next.ID, "mistake", "a")
		b.ok(err)
		if plan != b.lead(lead).Plan || plan.Verdict != campaign.VerdictCall {
			b.Errorf("cancelled, the plan is %+v", plan)
		}
		return got
	})
	_, err = b.s.Reschedule(b.Context(), p.ID, then, "asked", "a")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	if book().ID == p.ID {
		b.Error("what was cancelled since is not booked anew")
	}
	b.sound()
}

// twice does something that must answer the same and write nothing when it is done again.
func (b *bundle) twice(what string, do func() campaign.Appointment) campaign.Appointment {
	b.Helper()
	first, was := do(), b.written()
	b.wait(time.Second)
	if again := do(); again != first || b.written() != was {
		b.Errorf("%s came to %+v and %+v, again to %+v and %+v", what, first, was, again, b.written())
	}
	return first
}

// written is how much there is of what a second answer must not add to.
type written struct{ promises, amendments, events int64 }

func (b *bundle) written() written {
	b.Helper()
	return written{b.count(`SELECT count(*) FROM appointments`), b.count(`SELECT count(*) FROM amendments`),
		b.count(`SELECT count(*) FROM outbox`) + b.count(`SELECT count(*) FROM events`)}
}

func promiseAhead(b *bundle) {
	a := b.agents(2)
	lead, p := b.promised(time.Hour, a[0])
	l := b.lead(lead)
	due := must[[]campaign.Appointment](b)(b.s.DuePromises(b.Context(), []campaign.CampaignID{l.CampaignID}, b.s.Now().Add(30*time.Minute), 10))
	if len(due) != 0 {
		b.Fatalf("due %+v", due)
	}
	due = must[[]campaign.Appointment](b)(b.s.DuePromises(b.Context(), []campaign.CampaignID{l.CampaignID}, b.s.Now().Add(2*time.Hour), 10))
	if len(due) != 1 || due[0].ID != p.ID {
		b.Fatalf("due %+v", due)
	}
	for i, w := range []struct {
		want campaign.WantPromises
		n    int
	}{
		{campaign.WantPromises{}, 1},
		{campaign.WantPromises{Campaigns: []campaign.CampaignID{l.CampaignID}, Owner: a[0], Before: b.s.Now().Add(2 * time.Hour)}, 1},
		{campaign.WantPromises{Campaigns: []campaign.CampaignID{l.CampaignID + 1}}, 0},
		{campaign.WantPromises{Owner: a[1]}, 0},
		{campaign.WantPromises{Before: b.s.Now().Add(30 * time.Minute)}, 0},
		{campaign.WantPromises{Skip: 1}, 0},
	} {
		w.want.Limit = 10
		open := must[[]campaign.OpenPromise](b)(b.s.OpenPromises(b.Context(), w.want))
		if len(open) != w.n || w.n == 1 && (open[0].Appointment.ID != p.ID || open[0].Owner == "" || open[0].State != campaign.LeadOpen) {
			b.Fatalf("open promises %d: %+v", i, open)
		}
	}
	for _, want := range [][]campaign.AppointmentID{{p.ID}, nil} {
		if got := must[[]campaign.AppointmentID](b)(b.s.MarkReminded(b.Context(), []campaign.AppointmentID{p.ID})); !slices.Equal(got, want) {
			b.Fatalf("reminded %v, want %v", got, want)
		}
	}
	if got := must[[]campaign.Callback](b)(b.s.Callbacks(b.Context(), a[0])); len(got) != 1 || got[0].Appointment == nil || !got[0].At.Equal(p.At) {
		b.Fatalf("callbacks %+v", got)
	}
	must[campaign.Appointment](b)(b.s.ReassignPromise(b.Context(), p.ID, a[1], "ill", "boss"))
	if got := must[[]campaign.Callback](b)(b.s.Callbacks(b.Context(), a[0])); len(got) != 0 {
		b.Fatalf("callbacks %+v after it was handed over", got)
	}
	if got := must[[]campaign.AppointmentID](b)(b.s.MarkReminded(b.Context(), []campaign.AppointmentID{p.ID})); len(got) != 1 {
		b.Fatal("the new owner is not reminded")
	}
	_, err := b.s.ReassignPromise(b.Context(), p.ID, 4711, "ill", "boss")
	b.refused(err, campaign.KindNotFound, "")
	b.sound()
}

func badBooking(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 2)
	for _, k := range []campaign.Booking{{Local: "soon"}, {Local: local(b.s.Now().Add(-time.Minute))}, {Local: local(b.s.Now().Add(time.Hour)), Zone: "Mars/Olympus"}} {
		_, err := b.s.Book(b.Context(), leads[0], k, 0, "a")
		b.refused(err, campaign.KindInvalid, "")
	}
	b.call(b.agent(), campaign.Success, leads[1])
	_, err := b.s.Book(b.Context(), leads[1], campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, 0, "a")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	_, err = b.s.Book(b.Context(), 4711, campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, 0, "a")
	b.refused(err, campaign.KindNotFound, "")
	if n := b.count(`SELECT count(*) FROM appointments`); n != 0 {
		b.Fatalf("%d promises were written", n)
	}
	must[campaign.Appointment](b)(b.s.Book(b.Context(), leads[0], campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, 0, "a"))
	_, err = b.s.Book(b.Context(), leads[0], campaign.Booking{Local: local(b.s.Now().Add(2 * time.Hour))}, 0, "a")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	b.sound()
}
