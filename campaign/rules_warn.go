package campaign

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// hasty is a wait between two calls that bothers people unless something bounds the calls of a day.
const hasty = 15 * time.Minute

// Warnings says what is merely unwise about rules that are accepted, each beginning with its field, for people, in
// English; nil: nothing.
func (r *Rules) Warnings(now time.Time) []string {
	var w warnings
	w.expiry(r, now)
	w.interval(r)
	w.perDay(r)
	w.idleCaps(r)
	if len(r.Packs) > 0 && r.Purpose == "" {
		w.add("purpose", "is not given: the law packs are kept as for sales, where law is strictest")
	}
	return w
}

type warnings []string

func (w *warnings) add(field, format string, a ...any) {
	*w = append(*w, "rules."+field+": "+fmt.Sprintf(format, a...))
}

func (w *warnings) expiry(r *Rules, now time.Time) {
	switch left := r.ExpiresAt.Sub(now); {
	case r.ExpiresAt.IsZero():
	case left <= 0:
		w.add("expires_at", "%s is over: nobody is called any more", r.ExpiresAt.Format(time.RFC3339))
	case r.shortest() > left && r.MaxAttempts != 1:
		w.add("interval", "%s is longer than the %s that are left until expires_at: nobody is called a second time", Duration(r.shortest()), Duration(left.Truncate(time.Second)))
	}
}

func (w *warnings) interval(r *Rules) {
	for _, o := range slices.Sorted(maps.Keys(r.Intervals)) {
		if o.Follow() != FollowRetry {
			w.add("intervals."+o.String(), "has no effect: no call follows %s by itself", o)
		}
	}
	dayCap := r.MaxPerDay > 0 || slices.ContainsFunc(r.Caps, func(c Cap) bool {
		return c.Count == CountAttempts && (c.Days > 0 || c.Period >= 20*time.Hour) && (c.Scope != CapNumber)
	})
	if s := r.shortest(); s < hasty && !dayCap {
		w.add("interval", "only %s between two calls, and nothing bounds the calls of a day: a lead that does not answer is called over and over; give max_per_day or a cap",
			Duration(s))
	}
	if r.MaxPerDay == 0 && r.MaxAttempts == 0 && r.MaxDays == 0 && r.ExpiresAt.IsZero() && len(r.Caps) == 0 {
		w.add("max_attempts", "there is no cap at all: a lead that never answers is called every %s for ever", Duration(r.Interval))
	}
}

func (w *warnings) perDay(r *Rules) {
	if r.MaxPerDay == 0 || r.MaxAttempts == 1 || len(r.Hours) == 0 && len(r.Calendars) > 0 {
		return
	}
	if n := r.reach(r.MaxPerDay); n < r.MaxPerDay {
		w.add("max_per_day", "%d calls a day are never reached: with %s between two of them the hours of the longest day leave room for %d",
			r.MaxPerDay, Duration(r.shortest()), n)
	}
}

// idleCaps tells of caps that another keeps from ever binding.
func (w *warnings) idleCaps(r *Rules) {
	for i, c := range r.Caps {
		at := fmt.Sprintf("caps[%d]", i)
		if r.MaxAttempts > 0 && c.Scope == CapLead && c.Max >= r.MaxAttempts {
			w.add(at, "never binds: max_attempts, %d, ends a lead before", r.MaxAttempts)
			continue
		}
		if r.MaxPerDay > 0 && (Cap{Max: r.MaxPerDay, Days: 1}).covers(c) {
			w.add(at, "never binds: max_per_day, %d, is tighter", r.MaxPerDay)
			continue
		}
		for j, o := range r.Caps {
			if i != j && o.covers(c) && (j < i || !c.covers(o)) {
				w.add(at, "never binds: caps[%d] is tighter", j)
				break
			}
		}
	}
	for i, c := range r.CoolOffs {
		for j, o := range r.CoolOffs {
			if i != j && o.After == c.After && o.asCap().covers(c.asCap()) && (j < i || !c.asCap().covers(o.asCap())) {
				w.add(fmt.Sprintf("cool_offs[%d]", i), "never binds: cool_offs[%d] is longer", j)
				break
			}
		}
	}
}

func (c CoolOff) asCap() Cap { return Cap{Scope: c.Scope, Period: c.Period, Days: c.Days, Max: 1} }

// covers says that calls which c allows are always allowed by o: c counts all that o counts, over at least as long, and
// allows no more. False where it is not certain.
func (c Cap) covers(o Cap) bool {
	return c.Max <= o.Max && c.Count <= o.Count && wider(c.Scope, o.Scope) && longer(c, o)
}

// wider says that scope a counts all calls that b counts, whoever the lead is.
func wider(a, b CapScope) bool {
	switch a {
	case b:
		return true
	case CapCompany:
		return b != CapAccount
	case CapPerson:
		return b == CapLead || b == CapNumber || b == CapMatter
	case CapMatter, CapAccount:
		return b == CapLead
	case CapLead, CapNumber:
		return false
	default:
		return false
	}
}

// longer says that c looks back at least as far as o at every instant. A local day lasts 22 to 26 hours, and the day of
// the call may have just begun.
func longer(c, o Cap) bool {
	switch {
	case c.Days > 0 && o.Days > 0:
		return c.Days >= o.Days
	case c.Days == 0 && o.Days == 0:
		return c.Period >= o.Period
	case c.Days > 0:
		return time.Duration(c.Days-1)*22*time.Hour >= o.Period
	default:
		return c.Period >= time.Duration(o.Days)*26*time.Hour
	}
}
