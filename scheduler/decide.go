package scheduler

import (
	"time"

	"redial/campaign"
)

// Decide plans a lead: whether and when it may be called again, on which number, until when, and why. It counts in
// whole seconds: At of a lead that is due is the second that now lies in. Decide reads no clock, does no I/O, allocates
// nothing, and never answers VerdictInvalid.
func Decide(q *Question) campaign.Plan {
	var d decision
	var buf [8]*zone
	d.cal.zones = zonesOf(buf[:0], q.Lead.Zones) // here and not in open, where buf would escape to the heap
	number := d.open(q.Rules, &q.Lead, q.Tries, q.Suppressions, q.Now)
	return numbered(d.plan(q.Promise), number)
}

// numbered puts the number on a plan that has one. It comes by a way of its own: were it taken from the decision,
// the compiler would take all of the decision to leave the stack with it.
func numbered(p campaign.Plan, number campaign.Phone) campaign.Plan {
	if p.Open() {
		p.Number = number
	}
	return p
}

// decision is one question to the rule while it is being answered. It lives on the caller's stack.
type decision struct {
	rules   *campaign.Rules
	cal     calendar
	tries   []campaign.Try
	number  campaign.Phone // to dial next; empty: none
	blocked bool           // a good number was passed over because it is suppressed
	last    campaign.Outcome
	counted int   // attempts that count
	now     int64 // Unix seconds
}

// open states the question, but for the zones, and returns the number to dial next.
func (d *decision) open(rules *campaign.Rules, lead *Lead, tries []campaign.Try, sup []campaign.Suppression, now time.Time) campaign.Phone {
	d.rules, d.tries, d.now = rules, tries, now.Unix()
	d.cal.windows, d.cal.holidays = rules.Windows(), rules.Holidays
	if n := len(tries); n > 0 {
		d.last = tries[n-1].Outcome
	}
	for i := range tries {
		if tries[i].Outcome.Counted() {
			d.counted++
		}
	}
	number, blocked := goodNumber(lead, tries, sup, now)
	d.number, d.blocked = number, blocked
	return number
}

// plan follows the steps of the rule, but for the number of the answer; their numbers are those of the package documentation.
func (d *decision) plan(promise *campaign.Appointment) campaign.Plan {
	if p, ended := d.ended(); ended { // 1
		return p
	}
	if d.number == "" { // 2
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonBadData}
	}
	if standing(promise) { // 3
		return campaign.Plan{
			Verdict: campaign.VerdictAppointment, At: promise.At.UTC(),
			Reason: campaign.ReasonAppointment, Earliest: promise.At.UTC(),
		}
	}
	if d.attemptsUsed() { // 5
		return exhausted(campaign.ReasonMaxAttempts)
	}
	return d.call(d.earliest()) // 4
}

// standing says whether the promise is open.
func standing(promise *campaign.Appointment) bool {
	return promise != nil && (promise.State == campaign.AppointmentOpen || promise.State == "")
}

func exhausted(reason string) campaign.Plan {
	return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: reason}
}

// ended answers for a last outcome after which nothing more is called.
func (d *decision) ended() (campaign.Plan, bool) {
	switch d.last.Follow() {
	case campaign.FollowFinished:
		reason := campaign.ReasonDone
		if d.last == campaign.Refused {
			reason = campaign.ReasonRefused
		}
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: reason}, true
	case campaign.FollowSuppress:
		return campaign.Plan{Verdict: campaign.VerdictSuppressed, Reason: campaign.ReasonDoNotCall}, true
	default:
		return campaign.Plan{}, false
	}
}

func (d *decision) attemptsUsed() bool {
	return d.rules.MaxAttempts > 0 && d.counted >= d.rules.MaxAttempts
}

// earliest is the instant that the last attempt alone allows, never before now.
func (d *decision) earliest() int64 {
	n := len(d.tries)
	if n == 0 || d.last.BadData() {
		return d.now
	}
	return max(d.now, d.tries[n-1].PlacedAt.Unix()+int64(d.wait()/time.Second))
}

// wait is the time to leave after the last attempt.
func (d *decision) wait() time.Duration {
	switch d.last.Follow() {
	case campaign.FollowNetwork:
		row := 0
		for i := len(d.tries) - 1; i >= 0 && d.tries[i].Outcome.Follow() == campaign.FollowNetwork; i-- {
			row++
		}
		if row > d.rules.NetworkRetryLimit {
			return d.rules.Interval
		}
		return d.rules.NetworkRetry
	case campaign.FollowPromise:
		return d.interval(campaign.CallLater) // its appointment is no longer open
	default:
		return d.interval(d.last)
	}
}

func (d *decision) interval(o campaign.Outcome) time.Duration {
	if len(d.rules.Intervals) > 0 {
		if own, ok := d.rules.Intervals[o]; ok {
			return own
		}
	}
	return d.rules.Interval
}

// call moves t until hours and caps all let it be, and answers for where it stops.
func (d *decision) call(t int64) campaign.Plan {
	var capped string
	earliest, limit := int64(-1), d.now+horizon
	for moved := true; moved; { // 6
		open, ok := d.cal.next(t, limit)
		if !ok {
			return exhausted(campaign.ReasonNoCallableTime)
		}
		if open > t && earliest < 0 {
			earliest = d.freed(t, limit)
		}
		t = open
		var next int64
		if next, moved = d.dayCap(t); moved {
			t, capped = next, campaign.ReasonDayCap
		} else if next, moved = d.rollingCap(t); moved {
			t, capped = next, campaign.ReasonRollingCap
		}
	}
	final := d.lastDay()
	if final && !d.dayUsed(t) { // 7
		return exhausted(campaign.ReasonMaxDays)
	}
	if d.expired(t) {
		return exhausted(campaign.ReasonExpired)
	}
	p := campaign.Plan{Verdict: campaign.VerdictCall, At: instant(t)} // 8
	p.Until, p.Earliest = d.until(t, final), p.At
	if earliest >= 0 {
		p.Earliest = instant(min(earliest, t))
	}
	p.Reason = d.reason(t, capped, earliest >= 0)
	return p
}

// freed is the first instant from t at which no cap binds, whatever the hours: what Plan.Earliest holds.
func (d *decision) freed(t, limit int64) int64 {
	for t <= limit {
		if next, moved := d.dayCap(t); moved {
			t = next
		} else if next, moved = d.rollingCap(t); moved {
			t = next
		} else {
			break
		}
	}
	return t
}

func (d *decision) expired(t int64) bool {
	return !d.rules.ExpiresAt.IsZero() && t >= d.rules.ExpiresAt.Unix()
}

// until is when the lead may no longer be called, zero when that is more than 7 x 24 h after t.
func (d *decision) until(t int64, final bool) time.Time {
	const week = 7 * 86400
	end, ok := d.cal.until(t, t+week)
	if !ok {
		end = t + week + 1
	}
	if !d.rules.ExpiresAt.IsZero() {
		end = min(end, d.rules.ExpiresAt.Unix())
	}
	if final {
		end = min(end, d.cal.zones[0].later(t))
	}
	return orZero(end, end <= t+week)
}

// reason names what moved t last: a cap before the hours, the hours before the wait.
func (d *decision) reason(t int64, capped string, byHours bool) string {
	switch {
	case capped != "":
		return capped
	case byHours:
		return campaign.ReasonHours
	case t == d.now:
		return campaign.ReasonDue
	case d.last.Follow() == campaign.FollowNetwork:
		return campaign.ReasonNetwork
	default:
		return campaign.ReasonInterval
	}
}
