package campaign

import (
	"fmt"
	"slices"
	"time"
)

// Contradictions says why rules that are well formed cannot be meant: they could never call anybody from now on, or
// one takes back what another says. Errors are of kind KindInvalid and name the field. It is asked when somebody gives
// rules, never when they are read back: what was accepted once stays readable.
func (r *Rules) Contradictions(now time.Time) error {
	var f faults
	if len(r.Waivers) > 0 && len(r.Packs) == 0 {
		f.add("waivers", "are given, but no law pack is switched on: name it in packs, or leave them out")
	}
	if !r.ExpiresAt.IsZero() && r.ExpiresAt.After(now) && !r.opensBefore(r.ExpiresAt, now) {
		f.add("hours", fmt.Sprintf("leave no day open between now and expires_at, %s: nobody would ever be called", r.ExpiresAt.Format(time.DateOnly)))
	}
	if err := f.err(); err != nil {
		return Under("rules", err)
	}
	return nil
}

// Short says why the rules of a new campaign end before they can do what they say. Errors are of kind KindInvalid and
// name the field.
func (r *Rules) Short(now time.Time) error {
	left := r.ExpiresAt.Sub(now)
	switch shortest := r.shortest(); {
	case r.ExpiresAt.IsZero():
		return nil
	case left <= 0:
		return Invalid("rules.expires_at", fmt.Sprintf("%s is over: nobody would ever be called", r.ExpiresAt.Format(time.RFC3339)))
	case shortest > left && r.MaxAttempts != 1:
		return Invalid("rules.interval", fmt.Sprintf("%s is longer than the %s until expires_at: nobody could be called twice; give max_attempts 1 if that is meant",
			Duration(shortest), Duration(left.Truncate(time.Second))))
	}
	return nil
}

// opensBefore says whether any local date up to end may have an open window, wherever on earth the lead is. Special
// days of calendars can open any.
func (r *Rules) opensBefore(end, now time.Time) bool {
	if len(r.Calendars) > 0 {
		return true
	}
	var days [7]bool
	for _, w := range r.Windows() {
		for i, on := range w.Days {
			days[i] = days[i] || on
		}
	}
	// From the date that is yet to end in the west to the one that has begun in the east.
	last := DateOf(end.Add(14 * time.Hour).UTC())
	for t, n := now.Add(-12*time.Hour).UTC(), 0; n < 400 && DateOf(t).Compare(last) <= 0; t, n = t.AddDate(0, 0, 1), n+1 {
		if days[t.Weekday()] && !slices.Contains(r.Holidays, DateOf(t)) {
			return true
		}
	}
	return false
}

// shortest is the least wait between two calls that did not reach anybody.
func (r *Rules) shortest() time.Duration {
	least := r.Interval
	for o, d := range r.Intervals {
		if o.Follow() == FollowRetry {
			least = min(least, d)
		}
	}
	return least
}

// reach is how many calls a lead can have on the longest day of the week, counted up to most.
func (r *Rules) reach(most int) int {
	best, wait := 0, r.shortest()
	for day := range 7 {
		var open []Window
		for _, w := range r.Windows() {
			if w.Days[day] {
				open = append(open, w)
			}
		}
		slices.SortFunc(open, func(a, b Window) int { return a.Open - b.Open })
		n, next := 0, time.Duration(0)
		for _, w := range open {
			from, to := time.Duration(w.Open)*time.Minute, time.Duration(w.Close)*time.Minute
			for at := max(from, next); at < to && n < most; at = next {
				n, next = n+1, at+wait
			}
		}
		best = max(best, n)
	}
	return best
}
