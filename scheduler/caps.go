package scheduler

// threeDays is longer than two instants of the same local date can lie apart: a day of the clock and the widest
// step of an offset, over the date line.
const threeDays = 3 * 86400

// dayCap is the first instant after t at which the day cap may no longer bind, and whether it binds at t: in some
// zone, in order, the counted attempts on t's local date reach max_per_day.
func (d *decision) dayCap(t int64) (int64, bool) {
	if d.rules.MaxPerDay == 0 || d.counted < d.rules.MaxPerDay {
		return t, false
	}
	for _, z := range d.reg.zones {
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

// capped is the instant at which the first of the limits that binds at t lets go, and that limit; nil: none binds.
func (d *decision) capped(limits []limit, t int64) (int64, *limit) {
	for i := range limits {
		l := &limits[i]
		if next, binds := d.frees(l, t); binds {
			if l.law == nil {
				return next, l
			}
			if next, binds = d.lawFrees(l, t, next); binds {
				return next, l
			}
		}
	}
	return t, nil
}

// lawFrees is the same for a limit of the law that its calls alone would let bind until next.
func (d *decision) lawFrees(l *limit, t, next int64) (int64, bool) {
	if !d.binding(l.law, t) {
		return t, false
	}
	if l.law.lifts && len(d.q.Consents) > 0 {
		if d.consentAt(l.law, t) {
			return t, false
		}
		next = min(next, d.given(l.law.scope(), l.law.ConsentAge, t))
	}
	return min(next, d.expiry(l.law, t)), true
}

// frees looks for the max-th most recent call that counts: while it lies within the period, the limit binds.
func (d *decision) frees(l *limit, t int64) (int64, bool) {
	if l.days > 0 {
		return d.daysFree(l, t)
	}
	c, left, floor := d.calls(l), l.max, t-l.period
	for {
		at, ok := d.before(&c, l, t, floor)
		if !ok {
			return t, false
		}
		if left--; left == 0 {
			return d.known(&c, at+l.period), true
		}
	}
}

// known is next, or the instant at which the outcomes of calls that were counted though they are not over are known.
func (d *decision) known(c *calls, next int64) int64 {
	if c.unknown {
		return min(next, d.now+unknownFor)
	}
	return next
}

// daysFree is frees over calendar days: the limit binds at t, on local date D of some zone, while max or more calls have
// dates after D minus the days, up to D.
func (d *decision) daysFree(l *limit, t int64) (int64, bool) {
	for _, z := range d.reg.zones {
		today := z.day(t)
		if l.law != nil && !l.law.inForce(today) {
			continue
		}
		c := d.calls(l)
		n, last := d.onDays(&c, l, z, t, today-l.days, today, l.max)
		if n < l.max {
			continue
		}
		date := d.dayFreed(l, z, t, max(today+1, last+l.days-1))
		if l.law != nil {
			date = min(date, l.law.to+1)
		}
		return d.known(&c, z.reach(t, date)), true
	}
	return t, false
}

// onDays counts calls with dates after the first up to the last, until there are most; day is that of the last counted.
func (d *decision) onDays(c *calls, l *limit, z *zone, t, after, upTo int64, most int) (n int, day int64) {
	floor := t - (l.days+3)*86400
	for n < most {
		at, ok := d.before(c, l, t, floor)
		if !ok {
			break
		}
		if on := z.day(at); on > after && on <= upTo {
			n, day = n+1, on
		}
	}
	return n, day
}

// dayFreed is the first date from the given one on at which the calls known now leave room.
func (d *decision) dayFreed(l *limit, z *zone, t, date int64) int64 {
	for {
		c := d.calls(l)
		if n, _ := d.onDays(&c, l, z, t, date-l.days, far, l.max); n < l.max {
			return date
		}
		date++
	}
}

// lastDay says whether max_days is reached: that many local dates in the first zone have a counted attempt.
func (d *decision) lastDay() bool {
	if d.rules.MaxDays == 0 || d.counted < d.rules.MaxDays || len(d.reg.zones) == 0 {
		return false
	}
	z, days := d.reg.zones[0], 0
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
	z := d.reg.zones[0]
	return d.onDay(z, z.day(t), t, 1)
}
