package scheduler

import (
	"fmt"
	"time"

	"redial/campaign"
)

// The gates of time: what the rule allows at now. A promise waives the campaign's own interval, caps, cool-offs and
// limits, and its hours only when the customer insisted; nothing of the law.

const waived = "waived: the lead has a promise"

func attemptsGate(q *inquiry) view {
	switch {
	case q.d.rules.MaxAttempts == 0:
		return pass("no limit of attempts")
	case q.promise != nil:
		return pass(waived)
	}
	say := func(q *inquiry) string {
		return fmt.Sprintf("%d of at most %d attempts made", q.d.counted, q.d.rules.MaxAttempts)
	}
	if q.d.attemptsUsed() {
		return view{say: say}
	}
	return view{open: true, say: say}
}

func intervalGate(q *inquiry) view {
	if q.promise != nil {
		return pass(waived)
	}
	if len(q.d.tries) == 0 {
		return pass("never tried")
	}
	if t := q.d.earliest(); t > q.d.now {
		return view{openAt: instant(t), say: func(q *inquiry) string {
			return fmt.Sprintf("%s after the last attempt (%v at %s)",
				campaign.Duration(q.d.wait()), q.d.last, q.local(q.d.tries[len(q.d.tries)-1].PlacedAt))
		}}
	}
	return pass("the wait after the last attempt is over")
}

// hoursGate asks the hours of campaign and list at now; of a promise still to come, at its own instant.
func hoursGate(q *inquiry) view {
	at := q.at()
	switch {
	case q.promise != nil && q.promise.Insisted:
		return pass("waived: the customer insisted on the promised time")
	case q.d.owns(at):
		return pass("within the hours in every zone of the lead")
	case at > q.d.now:
		return view{say: func(q *inquiry) string { return "the promised time lies outside the hours: " + q.closed(q.at()) }}
	}
	open, ok := wallClock{q.d.reg.zones, q.d.reg.own}.next(at, at+horizon)
	return view{openAt: orZero(open, ok), say: func(q *inquiry) string { return q.closed(q.at()) }}
}

// closed says what closes t: a special day of a zone, or whose hours.
func (q *inquiry) closed(t int64) string {
	r := q.d.reg
	for i, z := range r.zones {
		day, sec := split(t + z.at(t).offset)
		if r.own.closing(day, sec) != sec {
			continue
		}
		where := instant(t).In(r.locs[i]).Format("2006-01-02 15:04 ") + r.locs[i].String()
		if d, ok := r.closing[day]; ok {
			return fmt.Sprintf("%s is closed: %s", where, dayName(&d))
		}
		if r.narrowed && r.campaigns.on(day).holds(sec) {
			return where + " is outside the hours of the list"
		}
		return where + " is outside the hours of the campaign"
	}
	return "no zone of the lead is known"
}

func dayName(d *campaign.Day) string {
	switch {
	case d.Name != "":
		return d.Name
	case d.Kind == campaign.DayClosure:
		return "closed ad hoc"
	default:
		return "a holiday"
	}
}

func dayCapGate(q *inquiry) view {
	byRules := q.rulesLimits(false, true)
	switch {
	case q.d.rules.MaxPerDay == 0 && byRules.none:
		return pass("no limit a day")
	case q.promise != nil:
		return pass(waived)
	}
	if next, binds := q.d.dayCap(q.d.now); binds {
		return view{openAt: instant(next), say: func(q *inquiry) string {
			return fmt.Sprintf("%d attempts made today, the most for a day", q.d.rules.MaxPerDay)
		}}
	}
	return byRules.view("fewer attempts today than a day allows")
}

func rollingCapGate(q *inquiry) view {
	byRules := q.rulesLimits(false, false)
	switch {
	case byRules.none:
		return pass("no rolling caps")
	case q.promise != nil:
		return pass(waived)
	}
	return byRules.view("no rolling cap is used up")
}

// coolOffGate is closed by the rules' cool-offs, which a promise waives, and by the law's, which it does not.
func coolOffGate(q *inquiry) view {
	byRules, byLaw := q.rulesLimits(true, false), q.lawLimits(true)
	switch {
	case byRules.none && byLaw.none:
		return pass("no cool-offs")
	case q.promise == nil && byRules.limit != nil:
		return byRules.view("")
	}
	return byLaw.view("no cool-off goes on")
}

func maxDaysGate(q *inquiry) view {
	switch {
	case q.d.rules.MaxDays == 0:
		return pass("no limit of days")
	case q.promise != nil:
		return pass(waived)
	case q.d.lastDay() && !q.d.dayUsed(q.d.now):
		return view{say: func(q *inquiry) string {
			return fmt.Sprintf("tried on %d days, the most allowed", q.d.rules.MaxDays)
		}}
	}
	return pass("within the days allowed")
}

func expiryGate(q *inquiry) view {
	switch {
	case q.d.rules.ExpiresAt.IsZero():
		return pass("the campaign's calls do not expire")
	case q.promise != nil:
		return pass(waived)
	case q.d.expired(q.d.now):
		return view{say: func(q *inquiry) string {
			return fmt.Sprintf("no call from %s on", q.local(q.d.rules.ExpiresAt))
		}}
	}
	return view{open: true, say: func(q *inquiry) string {
		return fmt.Sprintf("calls may be made until %s", q.local(q.d.rules.ExpiresAt))
	}}
}

func promiseGate(q *inquiry) view {
	p := q.promise
	switch {
	case p == nil:
		return pass("no promise")
	case !q.due():
		return view{openAt: p.At, say: func(q *inquiry) string { return "promised for " + q.local(q.promise.At) }}
	case !p.GraceEnd.IsZero() && !q.f.Now.Before(p.GraceEnd):
		return view{say: func(q *inquiry) string {
			return fmt.Sprintf("promised for %s and missed: it is about to be closed and planned again", q.local(q.promise.At))
		}}
	}
	return view{open: true, say: func(q *inquiry) string { return "due: promised for " + q.local(q.promise.At) }}
}

// local shows an instant in the lead's first zone.
func (q *inquiry) local(t time.Time) string {
	if len(q.f.Zones) > 0 {
		t = t.In(q.f.Zones[0])
	}
	return t.Format("2006-01-02 15:04 ") + t.Location().String()
}
