package rpc

import (
	"bytes"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// CaseEncoder is what writes a lead's last decision as one line of the case format, with the stored plan as its want: the
// rule of time answers the case with that plan. Rules are those the decision was made under; the promise of the facts is
// the open one or nil.
//
// The line is empty for what does not follow from a case: a lead that nothing was decided of, one that was withdrawn,
// one whose numbers were all suppressed otherwise than by its own last call, for the case format knows no suppressions,
// and one that would be decided otherwise by now, because a calendar or the outcome of somebody's call has become known
// since.
func CaseEncoder(rb *scheduler.Rulebook) func(f *campaign.Facts, rules *campaign.Rules) ([]byte, error) {
	return func(f *campaign.Facts, rules *campaign.Rules) ([]byte, error) {
		l := f.Lead
		if l.Plan.Verdict == campaign.NoVerdict || l.State == campaign.LeadWithdrawn || suppressedElsewhere(l) {
			return nil, nil
		}
		c, err := rb.CaseOf(f, rules)
		if err != nil {
			return nil, err
		}
		sinceDue(&c, l.Plan)
		if l.Plan.Verdict == campaign.VerdictAppointment && f.Promise != nil && !booked(&c, f.Promise) {
			return nil, nil
		}
		line, err := scheduler.EncodeCase(&c)
		if err != nil || !c.Alone() && !follows(line, l.Plan) {
			return nil, err
		}
		return wanting(line, l.Plan), nil
	}
}

// sinceDue moves the case's now back to when the lead became due: one that waits since before it was last decided about,
// under other rules that let it go on waiting, keeps its place.
func sinceDue(c *scheduler.Case, stored campaign.Plan) {
	at := stored.At.Truncate(time.Second)
	if stored.Verdict != campaign.VerdictCall || !at.Before(c.Now) {
		return
	}
	if n := len(c.Tries); n > 0 && c.Tries[n-1].PlacedAt.After(at) {
		return
	}
	if n := len(c.Uses); n > 0 && c.Uses[n-1].PlacedAt.After(at) {
		return
	}
	c.Now = at
}

// follows says whether the answer to a line is the stored plan, as far as answers go: whole seconds.
func follows(line []byte, stored campaign.Plan) bool {
	c, err := scheduler.ParseCase(line)
	if err != nil {
		return false // it names a calendar that is no longer there
	}
	answer := c.Answer().Plan
	return answer.Verdict == stored.Verdict && answer.Reason == stored.Reason && answer.Number == stored.Number &&
		answer.At.Equal(stored.At.Truncate(time.Second)) && answer.Until.Equal(stored.Until)
}

// suppressedElsewhere says whether the lead is suppressed though its last call did not ask for it.
func suppressedElsewhere(l *campaign.Lead) bool {
	if l.Plan.Verdict != campaign.VerdictSuppressed {
		return false
	}
	n := len(l.Tries)
	return n == 0 || l.Tries[n-1].Outcome.Follow() != campaign.FollowSuppress
}

// booked puts a promise into a case, such that it stands there as it does in the record: a booking is judged at the
// case's now, so that now moves before the promised instant; and one made under other hours was insisted on. False:
// a call after the instant leaves no such now.
func booked(c *scheduler.Case, p *campaign.Appointment) bool {
	c.Booking = &campaign.Booking{Local: p.Local, Zone: p.Zone, Insisted: p.Insisted}
	if !c.Now.Before(p.At) {
		c.Now = p.At.Add(-time.Second)
		if n := len(c.Tries); n > 0 && c.Tries[n-1].PlacedAt.After(c.Now) {
			return false
		}
		if n := len(c.Uses); n > 0 && c.Uses[n-1].PlacedAt.After(c.Now) {
			return false
		}
	}
	q := c.Question()
	if _, plan := scheduler.JudgeBooking(&q, *c.Booking); plan.Reason == campaign.ReasonBookingOutside {
		c.Booking.Insisted = true
	}
	return true
}

// wanting adds the plan to a case as the answer it wants, which has no id.
func wanting(line []byte, p campaign.Plan) []byte {
	answer := scheduler.Answer{Plan: p}.AppendJSON(nil)
	want := bytes.Replace(answer, []byte(`"id":"",`), nil, 1)
	out := append(line[:len(line)-1:len(line)-1], `,"want":`...)
	return append(append(out, want...), '}')
}
