package scheduler

import (
	"time"

	"redial/campaign"
)

// threeDays is longer than two instants of the same local date can lie apart: a day of the clock and the widest
// step of an offset, over the date line.
const threeDays = 3 * 86400

// dayCap is the first instant after t at which the day cap may no longer bind, and whether it binds at t: in some
// zone, in order, the counted attempts on t's local date reach max_per_day.
func (d *decision) dayCap(t int64) (int64, bool) {
	if d.rules.MaxPerDay == 0 || d.counted < d.rules.MaxPerDay {
		return t, false
	}
	for _, z := range d.cal.zones {
		if d.onDay(z, z.day(t), t, d.rules.MaxPerDay) {
			return z.later(t), true
		}
	}
	return t, false
}

// onDay says whether at least n counted attempts near t lie on the day.
func (d *decision) onDay(z *zone, day, t int64, n int) bool {
	for i := len(d.tries) - 1; i >= 0; i-- {
		try := &d.tries[i]
		at := try.PlacedAt.Unix()
		if at < t-threeDays {
			return false
		}
		if try.Outcome.Counted() && z.day(at) == day {
			if n--; n == 0 {
				return true
			}
		}
	}
	return false
}

// rollingCap is the instant at which the first cap that binds at t lets go, and whether one does.
func (d *decision) rollingCap(t int64) (int64, bool) {
	for i := range d.rules.Caps {
		if next, binds := d.capFrees(&d.rules.Caps[i], t); binds {
			return next, true
		}
	}
	return t, false
}

// capFrees looks for the max-th most recent counted attempt: while it lies within the period, the cap binds.
func (d *decision) capFrees(c *campaign.Cap, t int64) (int64, bool) {
	period := int64(c.Period / time.Second)
	left := c.Max
	for i := len(d.tries) - 1; i >= 0; i-- {
		try := &d.tries[i]
		at := try.PlacedAt.Unix()
		if at <= t-period {
			break
		}
		if !try.Outcome.Counted() || c.Scope == campaign.CapNumber && try.Number != d.number {
			continue
		}
		if left--; left == 0 {
			return at + period, true
		}
	}
	return t, false
}

// lastDay says whether max_days is reached: that many local dates in the first zone have a counted attempt.
func (d *decision) lastDay() bool {
	if d.rules.MaxDays == 0 || d.counted < d.rules.MaxDays || len(d.cal.zones) == 0 {
		return false
	}
	z, days := d.cal.zones[0], 0
	for i := range d.tries {
		if d.tries[i].Outcome.Counted() && !d.seenBefore(z, i) {
			days++
		}
	}
	return days >= d.rules.MaxDays
}

// seenBefore says whether an earlier counted attempt has the local date of attempt i.
func (d *decision) seenBefore(z *zone, i int) bool {
	at := d.tries[i].PlacedAt.Unix()
	day := z.day(at)
	for j := i - 1; j >= 0; j-- {
		before := d.tries[j].PlacedAt.Unix()
		if before < at-threeDays {
			return false
		}
		if d.tries[j].Outcome.Counted() && z.day(before) == day {
			return true
		}
	}
	return false
}

// dayUsed says whether t's local date in the first zone has a counted attempt.
func (d *decision) dayUsed(t int64) bool {
	z := d.cal.zones[0]
	return d.onDay(z, z.day(t), t, 1)
}
