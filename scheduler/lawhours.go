package scheduler

import "redial/campaign"

// nextOpen is the first instant from t to limit, both included, that the hours allow, counting the consents of the hours.
func (d *decision) nextOpen(h *hours, t, limit int64) (int64, bool) {
	if len(d.q.Consents) == 0 || len(d.reg.lifted) == 0 {
		return d.nextOf(h.strict, t, limit)
	}
	for {
		open, ok := d.nextOf(h.firm, t, limit)
		if !ok {
			return 0, false
		}
		t = open
		moved := false
		for i := range d.reg.lifted {
			if l := &d.reg.lifted[i]; !d.freely(l, t) {
				open, ok := d.nextOf(l.schedule, t, limit)
				if !ok {
					open = far
				}
				if open = min(open, d.given(campaign.ConsentHours, l.age, t)); open > t {
					t, moved = open, true
				}
			}
		}
		if !moved || t > limit {
			return t, t <= limit
		}
	}
}

// freely says whether a consent opens the hours at t.
func (d *decision) freely(l *lifted, t int64) bool {
	c, _ := d.consent(campaign.ConsentHours, l.age, t)
	return c != nil
}

func (d *decision) nextOf(s *schedule, t, limit int64) (int64, bool) {
	if s == nil {
		return t, t <= limit
	}
	return wallClock{d.reg.zones, s}.next(t, limit)
}

// isOpen says whether the hours allow t.
func (d *decision) isOpen(h *hours, t int64) bool {
	_, ok := d.nextOpen(h, t, t)
	return ok
}

// openUntil is the first instant from t on, up to end, that the hours do not allow.
func (d *decision) openUntil(h *hours, t, end int64) int64 {
	if len(d.q.Consents) == 0 || len(d.reg.lifted) == 0 {
		return d.untilOf(h.strict, t, end)
	}
	end = d.untilOf(h.firm, t, end)
	for i := range d.reg.lifted {
		l := &d.reg.lifted[i]
		at := t
		for at < end {
			if c, until := d.consent(campaign.ConsentHours, l.age, at); c != nil {
				at = until
				continue
			}
			closes := d.untilOf(l.schedule, at, end)
			if closes == at {
				break
			}
			at = closes
		}
		end = min(end, at)
	}
	return end
}

func (d *decision) untilOf(s *schedule, t, end int64) int64 {
	if s == nil || end <= t {
		return end
	}
	until, ok := wallClock{d.reg.zones, s}.until(t, end-1)
	if !ok {
		return end
	}
	return until
}

// lastOpen is the last instant from t back to limit, both included, that the hours allow.
func (d *decision) lastOpen(h *hours, t, limit int64) (int64, bool) {
	if len(d.q.Consents) == 0 || len(d.reg.lifted) == 0 {
		return d.lastOf(h.strict, t, limit)
	}
	for t >= limit {
		back, ok := d.lastOf(h.firm, t, limit)
		if !ok {
			return 0, false
		}
		for i := range d.reg.lifted {
			if l := &d.reg.lifted[i]; !d.freely(l, back) {
				open, ok := d.lastOf(l.schedule, back, limit)
				if !ok {
					open = limit - 1
				}
				back = max(open, d.lapsed(l, back))
			}
		}
		if back == t {
			return t, true
		}
		t = back
	}
	return 0, false
}

// lapsed is the last instant before t at which a consent opened the hours; -far: none did.
func (d *decision) lapsed(l *lifted, t int64) int64 {
	last := -far
	for i := range d.q.Consents {
		c := &d.q.Consents[i]
		if from, to := stands(c, l.age); from < to && to <= t && c.Opens(campaign.ConsentHours, d.reg.purpose, d.number) {
			last = max(last, to-1)
		}
	}
	return last
}

func (d *decision) lastOf(s *schedule, t, limit int64) (int64, bool) {
	if s == nil {
		return t, t >= limit
	}
	return wallClock{d.reg.zones, s}.last(t, limit)
}
