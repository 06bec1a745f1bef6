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
	d.ask(q)
	return d.plan()
}

// decision is one question to the rule while it is being answered, about one of the lead's numbers at a time. It lives on
// the caller's stack.
type decision struct {
	q       *Question
	rules   *campaign.Rules
	reg     *Regime
	tries   []campaign.Try
	number  campaign.Phone // decided about; empty: none
	blocked bool           // a good number was passed over because it is suppressed
	bad     bool           // a number was found bad
	first   int            // the place from which numbers are taken, see rotation
	last    campaign.Outcome
	counted int   // attempts that count
	now     int64 // Unix seconds
}

// ask states the question.
func (d *decision) ask(q *Question) {
	d.q, d.rules, d.tries, d.now = q, q.Rules, q.Tries, q.Now.Unix()
	if d.reg = q.Lead.Regime; d.reg == nil {
		d.reg = nowhere
	}
	if n := len(d.tries); n > 0 {
		d.last = d.tries[n-1].Outcome
	}
	for i := range d.tries {
		o := d.tries[i].Outcome
		if o.Counted() {
			d.counted++
		}
		d.bad = d.bad || o.BadData()
	}
	d.first = d.rotation()
}

// plan follows the steps of the rule; their numbers are those of the package documentation. What it says is about the
// number that it leaves the decision with.
func (d *decision) plan() campaign.Plan {
	next := d.good(0)
	if p, ended := d.ended(); ended { // 1
		return p
	}
	if next == 0 { // 2
		if d.blocked {
			return campaign.Plan{Verdict: campaign.VerdictSuppressed, Reason: campaign.ReasonDoNotCall}
		}
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonBadData}
	}
	best := d.answer()
	if next < d.count() {
		best = d.bestOf(best, next)
	}
	return best
}

// answer is the plan if the number were the only one.
func (d *decision) answer() campaign.Plan {
	if standing(d.q.Promise) { // 3
		return d.promised(d.q.Promise.At)
	}
	if d.attemptsUsed() { // 5
		return exhausted(campaign.ReasonMaxAttempts)
	}
	return d.call(max(d.earliest(), d.held())) // 4
}

// bestOf looks at the numbers that follow, for one at another site that may be called before.
func (d *decision) bestOf(best campaign.Plan, next int) campaign.Plan {
	var buf [8]candidate
	before := append(seen(buf[:0]), candidate{d.number, d.reg})
	winner, earliest := before[0], best.Earliest
	for next = d.good(next); next != 0; next = d.good(next) {
		if d.alike(before) {
			continue
		}
		c := candidate{d.number, d.reg}
		before = append(before, c)
		p := d.answer()
		if !p.Open() {
			continue
		}
		if !best.Open() || p.At.Before(best.At) {
			if !best.Open() {
				earliest = p.Earliest
			}
			best, winner = p, c
		}
		if p.Earliest.Before(earliest) {
			earliest = p.Earliest
		}
	}
	d.number, d.reg = winner.number, winner.reg
	best.Earliest = earliest
	return best
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

// held is the instant until which a CRM has the lead held off, never before now.
func (d *decision) held() int64 {
	if d.q.HeldUntil.IsZero() {
		return d.now
	}
	return max(d.now, d.q.HeldUntil.Unix())
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

// call moves t until hours and limits all let it be, and answers for where it stops.
func (d *decision) call(t int64) campaign.Plan {
	var reason string
	earliest, limit := int64(-1), d.now+horizon
	for { // 6
		open, ok := d.nextOpen(&d.reg.full, t, limit)
		if !ok {
			return exhausted(campaign.ReasonNoCallableTime)
		}
		if open > t && earliest < 0 {
			earliest = d.freed(t, limit)
			if reason == "" {
				reason = d.closedBy(t)
			}
		}
		next, why := d.limited(open)
		if t = open; why == "" {
			break
		}
		t, reason = next, why
	}
	if d.lacking(t) != nil {
		return exhausted(campaign.ReasonNoConsent)
	}
	final := d.lastDay()
	if final && !d.dayUsed(t) { // 7
		return exhausted(campaign.ReasonMaxDays)
	}
	if d.expired(t) {
		return exhausted(campaign.ReasonExpired)
	}
	p := campaign.Plan{Verdict: campaign.VerdictCall, At: instant(t), Number: d.number} // 8
	p.Until, p.Earliest = d.until(t, final), p.At
	if earliest >= 0 {
		p.Earliest = instant(min(earliest, t))
	}
	if p.Reason = reason; reason == "" {
		p.Reason = d.waited(t)
	}
	return p
}

// closedBy says whose hours do not allow t.
func (d *decision) closedBy(t int64) string {
	if d.reg.full.strict != d.reg.own && (wallClock{d.reg.zones, d.reg.own}).open(t) {
		return campaign.ReasonLawHours
	}
	return campaign.ReasonHours
}

// limited is the instant at which the first limit that binds at t lets go, and its reason; empty: none binds.
func (d *decision) limited(t int64) (int64, string) {
	if next, binds := d.dayCap(t); binds {
		return next, campaign.ReasonDayCap
	}
	if next, l := d.capped(d.reg.limits, t); l != nil {
		return next, l.reason
	}
	if next, l := d.capped(d.reg.lawLimits, t); l != nil {
		return next, l.reason
	}
	return t, ""
}

// freed is the first instant from t at which no limit binds, whatever the hours: what Plan.Earliest holds.
func (d *decision) freed(t, limit int64) int64 {
	for t <= limit {
		next, why := d.limited(t)
		if why == "" {
			break
		}
		t = next
	}
	return t
}

func (d *decision) expired(t int64) bool {
	return !d.rules.ExpiresAt.IsZero() && t >= d.rules.ExpiresAt.Unix()
}

// until is when the lead may no longer be called, zero when that is more than 7 x 24 h after t.
func (d *decision) until(t int64, final bool) time.Time {
	const week = 7 * 86400
	end := d.openUntil(&d.reg.full, t, t+week+1)
	if len(d.reg.asking) > 0 {
		end = d.lackingFrom(t, end)
	}
	if !d.rules.ExpiresAt.IsZero() {
		end = min(end, d.rules.ExpiresAt.Unix())
	}
	if final {
		end = min(end, d.reg.zones[0].later(t))
	}
	return orZero(end, end <= t+week)
}

// waited is the reason where neither limits nor hours moved t.
func (d *decision) waited(t int64) string {
	switch {
	case t == d.now:
		return campaign.ReasonDue
	case d.held() > d.earliest():
		return campaign.ReasonHeldOff
	case d.last.Follow() == campaign.FollowNetwork:
		return campaign.ReasonNetwork
	default:
		return campaign.ReasonInterval
	}
}
