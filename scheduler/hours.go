package scheduler

import (
	"time"

	"redial/campaign"
)

// horizon is how far ahead a callable time is looked for: 400 x 24 h.
const horizon = 400 * 86400

// wallClock asks when a schedule allows a call, in every one of the zones.
type wallClock struct {
	zones []*zone
	*schedule
}

// next is the first callable instant from t to limit, both included.
func (c wallClock) next(t, limit int64) (int64, bool) {
	if len(c.zones) == 0 {
		return 0, false
	}
	for agreed := 0; agreed < len(c.zones); {
		for _, z := range c.zones {
			n, ok := c.nextIn(z, t, limit)
			if !ok {
				return 0, false
			}
			if n > t {
				t, agreed = n, 0
			}
			agreed++
		}
	}
	return t, true
}

// nextIn is next for one zone. Within a stretch of constant offset the wall clock runs evenly; at its end it is
// read anew, which is all that a gap or an overlap needs.
func (c wallClock) nextIn(z *zone, t, limit int64) (int64, bool) {
	for t <= limit {
		s := z.at(t)
		day, sec := split(t + s.offset)
		if open := c.opening(day, sec); open >= 0 && t+open-sec < s.end {
			t += open - sec
			return t, t <= limit
		}
		t = min(t+86400-sec, s.end)
	}
	return 0, false
}

// until is the first instant from t to limit, both included, that is not callable.
func (c wallClock) until(t, limit int64) (int64, bool) {
	if len(c.zones) == 0 {
		return t, true
	}
	end := limit + 1
	for _, z := range c.zones {
		end = c.untilIn(z, t, end)
	}
	return end, end <= limit
}

// untilIn is the first instant from t that is not callable in the zone, or end when that comes first.
func (c wallClock) untilIn(z *zone, t, end int64) int64 {
	for t < end {
		s := z.at(t)
		day, sec := split(t + s.offset)
		closing := c.closing(day, sec)
		if closing == sec {
			return t
		}
		t = min(t+closing-sec, s.end)
	}
	return end
}

// last is the last callable instant from limit to t, both included.
func (c wallClock) last(t, limit int64) (int64, bool) {
	for len(c.zones) > 0 && t >= limit {
		back := t
		for _, z := range c.zones {
			back = min(back, c.lastIn(z, back, limit))
		}
		if back == t {
			return t, true
		}
		t = back
	}
	return 0, false
}

// lastIn is the last instant up to t callable in the zone, or limit-1 when there is none from limit on.
func (c wallClock) lastIn(z *zone, t, limit int64) int64 {
	for t >= limit {
		s := z.at(t)
		day, sec := split(t + s.offset)
		if p := c.previous(day, sec); p >= 0 && t-(sec-p) >= s.start {
			return max(t-(sec-p), limit-1)
		}
		t = max(t-sec, s.start) - 1
	}
	return limit - 1
}

// open says whether t is callable.
func (c wallClock) open(t int64) bool {
	if len(c.zones) == 0 {
		return false
	}
	for _, z := range c.zones {
		day, sec := split(t + z.at(t).offset)
		if c.closing(day, sec) == sec {
			return false
		}
	}
	return true
}

// reach is the first instant from t on whose local date is at least the given one.
func (z *zone) reach(t, date int64) int64 {
	for {
		s := z.at(t)
		d, sec := split(t + s.offset)
		if d >= date {
			return t
		}
		t = min(t+(date-d)*86400-sec, s.end)
	}
}

func orZero(t int64, ok bool) time.Time {
	if !ok {
		return time.Time{}
	}
	return instant(t)
}

// weekday of a day since 1970-01-01, which was a Thursday.
func weekday(day int64) int64 { return int64(uint64(day+4+7<<50) % 7) }

// dayOf is a date as days since 1970-01-01.
func dayOf(d campaign.Date) int64 {
	day, _ := split(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix())
	return day
}
