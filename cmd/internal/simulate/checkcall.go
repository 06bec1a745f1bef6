package simulate

import (
	"slices"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// hours holds I4 by the clocks on the walls of the number called, for campaigns whose hours are written in the rules
// and the list themselves.
func (c *checker) hours(l *lead, number campaign.Phone, at time.Time) error {
	rules := &l.home.floor.Rules
	if len(rules.Calendars)+len(l.home.Calendars) > 0 {
		return nil // special days are held by tests of their own
	}
	zones := l.Zones
	if i := slices.IndexFunc(l.Numbers, func(n campaign.Number) bool { return n.Phone == number }); i >= 0 && len(l.Numbers[i].Zones) > 0 {
		zones = l.Numbers[i].Zones
	}
	for _, name := range zones {
		loc, err := scheduler.LoadZone(name)
		if err != nil {
			return c.fail("I4", l, "%v", err)
		}
		local := at.In(loc)
		if !within(rules.Windows(), local) || len(l.home.Hours) > 0 && !within(l.home.Hours, local) {
			return c.fail("I4", l, "%s is dialled at %s, outside the hours", number, local.Format("Mon 2006-01-02 15:04:05 MST"))
		}
		if slices.Contains(rules.Holidays, campaign.DateOf(local)) {
			return c.fail("I4", l, "%s is dialled on the holiday %s", number, local.Format(time.DateOnly))
		}
	}
	return nil
}

func within(windows []campaign.Window, local time.Time) bool {
	minute := local.Hour()*60 + local.Minute()
	return slices.ContainsFunc(windows, func(w campaign.Window) bool {
		return w.Days[local.Weekday()] && w.Open <= minute && minute < w.Close
	})
}

// own holds the interval and the limits over the lead's own attempts.
func (c *checker) own(l *lead, at time.Time) error {
	rules, n := &l.home.floor.Rules, len(l.Tries)
	if e := rules.ExpiresAt; !e.IsZero() && !at.Before(e) {
		return c.fail("I4", l, "called after the campaign expired at %s", e)
	}
	if n == 0 {
		return nil
	}
	last := &l.Tries[n-1]
	if wait := waitAfter(rules, l.Tries); at.Sub(last.PlacedAt) < wait {
		return c.fail("I3", l, "called %s after %v, sooner than %s", at.Sub(last.PlacedAt), last.Outcome, wait)
	}
	counted := 0
	days := make(map[campaign.Date]bool)
	first, err := scheduler.LoadZone(l.Zones[0])
	if err != nil {
		return c.fail("I4", l, "%v", err)
	}
	for i := range l.Tries {
		if l.Tries[i].Outcome.Counted() {
			counted++
			if rules.MaxDays > 0 {
				days[campaign.DateOf(l.Tries[i].PlacedAt.In(first))] = true
			}
		}
	}
	if rules.MaxAttempts > 0 && counted >= rules.MaxAttempts {
		return c.fail("I3", l, "called for the %dth time, at most %d are allowed", counted+1, rules.MaxAttempts)
	}
	if rules.MaxDays > 0 && len(days) >= rules.MaxDays && !days[campaign.DateOf(at.In(first))] {
		return c.fail("I3", l, "called on more than %d days", rules.MaxDays)
	}
	return c.perDay(l, at)
}

// perDay holds max_per_day in every zone of the lead.
func (c *checker) perDay(l *lead, at time.Time) error {
	most := l.home.floor.Rules.MaxPerDay
	if most == 0 {
		return nil
	}
	for _, name := range l.Zones {
		loc, err := scheduler.LoadZone(name)
		if err != nil {
			return c.fail("I4", l, "%v", err)
		}
		today, n := campaign.DateOf(at.In(loc)), 0
		for i := len(l.Tries) - 1; i >= 0 && at.Sub(l.Tries[i].PlacedAt) < 72*time.Hour; i-- {
			if l.Tries[i].Outcome.Counted() && campaign.DateOf(l.Tries[i].PlacedAt.In(loc)) == today {
				n++
			}
		}
		if n >= most {
			return c.fail("I3", l, "called for the %dth time on %s in %s, at most %d are allowed", n+1, today, name, most)
		}
	}
	return nil
}

// waitAfter is how long the rules let pass after the last attempt.
func waitAfter(rules *campaign.Rules, tries []campaign.Try) time.Duration {
	last := tries[len(tries)-1].Outcome
	switch {
	case last.BadData():
		return 0
	case last.Counted():
		if last == campaign.Booked {
			last = campaign.CallLater
		}
		if d, ok := rules.Intervals[last]; ok {
			return d
		}
		return rules.Interval
	}
	inARow := 0
	for i := len(tries) - 1; i >= 0 && !tries[i].Outcome.Counted(); i-- {
		inARow++
	}
	if inARow > rules.NetworkRetryLimit {
		return rules.Interval
	}
	return rules.NetworkRetry
}
