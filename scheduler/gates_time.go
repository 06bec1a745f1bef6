package scheduler

import (
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// The gates of time: what the rule allows at now. A promise waives the campaign's own interval, caps and limits,
// and the hours only when the customer insisted.

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

// hoursGate asks the hours at now; of a promise still to come, at its own instant.
func hoursGate(q *inquiry) view {
	at := q.d.now
	if q.promise != nil {
		if q.promise.Insisted {
			return pass("waived: the customer insisted on the promised time")
		}
		at = max(at, q.promise.At.Unix())
	}
	if q.d.cal.open(at) {
		return pass("within the hours in every zone of the lead")
	}
	if at > q.d.now {
		return shut("the promised time lies outside the hours")
	}
	return shutUntil(orZero(q.d.cal.next(at, at+horizon)), "outside the hours, or a holiday, in a zone of the lead")
}

func dayCapGate(q *inquiry) view {
	switch {
	case q.d.rules.MaxPerDay == 0:
		return pass("no limit a day")
	case q.promise != nil:
		return pass(waived)
	}
	if next, binds := q.d.dayCap(q.d.now); binds {
		return view{openAt: instant(next), say: func(q *inquiry) string {
			return fmt.Sprintf("%d attempts made today, the most for a day", q.d.rules.MaxPerDay)
		}}
	}
	return pass("fewer attempts today than a day allows")
}

func rollingCapGate(q *inquiry) view {
	switch {
	case len(q.d.rules.Caps) == 0:
		return pass("no rolling caps")
	case q.promise != nil:
		return pass(waived)
	}
	if next, binds := q.d.rollingCap(q.d.now); binds {
		return shutUntil(instant(next), "a rolling cap is used up by this lead's attempts")
	}
	return pass("no rolling cap is used up by this lead's attempts")
}

// numberCapGate counts the caps of scope number over every campaign that calls the number.
func numberCapGate(q *inquiry) view {
	switch {
	case q.f.NumberUses == nil || q.d.number == "" || !slices.ContainsFunc(q.d.rules.Caps, ofNumber):
		return pass("no cap of the number over all campaigns")
	case q.promise != nil:
		return pass(waived)
	}
	if next := usedUntil(q.d.rules.Caps, q.f.NumberUses(q.d.number), q.d.now); next > q.d.now {
		return shutUntil(instant(next), "a cap of the number is used up by calls of all campaigns")
	}
	return pass("no cap of the number is used up by calls of all campaigns")
}

func ofNumber(c campaign.Cap) bool { return c.Scope == campaign.CapNumber }

// usedUntil is when the last of the number's caps lets go, now when none binds.
func usedUntil(caps []campaign.Cap, uses []time.Time, now int64) int64 {
	free := now
	for _, c := range caps {
		if c.Scope != campaign.CapNumber || len(uses) < c.Max {
			continue
		}
		if !slices.IsSortedFunc(uses, time.Time.Compare) {
			uses = slices.SortedFunc(slices.Values(uses), time.Time.Compare)
		}
		free = max(free, uses[len(uses)-c.Max].Unix()+int64(c.Period/time.Second))
	}
	return free
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
