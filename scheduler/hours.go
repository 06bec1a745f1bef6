package scheduler

import (
	"slices"
	"time"

	"redial/campaign"
)

// horizon is how far ahead a callable time is looked for: 400 x 24 h.
const horizon = 400 * 86400

// calendar asks when the campaign's hours allow a call, in every one of the zones.
type calendar struct {
	windows  []campaign.Window
	holidays []campaign.Date
	zones    []*zone
}

// NextCallable is the first instant at or after t at which the hours allow a call in every zone; zero when there is
// none in the next 400 days. UTC; without zones nothing is callable.
func NextCallable(rules *campaign.Rules, zones []*time.Location, t time.Time) time.Time {
	var buf [8]*zone
	c := calendar{rules.Windows(), rules.Holidays, zonesOf(buf[:0], zones)}
	if next, ok := c.next(t.Unix(), t.Unix()+horizon); !ok || next > t.Unix() {
		return orZero(next, ok)
	}
	return t.UTC() // parts of a second and all
}

// CallableUntil is the first instant after t at which the hours no longer allow a call in some zone; t itself when
// they do not at t, and zero when they always do in the next 400 days.
func CallableUntil(rules *campaign.Rules, zones []*time.Location, t time.Time) time.Time {
	var buf [8]*zone
	c := calendar{rules.Windows(), rules.Holidays, zonesOf(buf[:0], zones)}
	return orZero(c.until(t.Unix(), t.Unix()+horizon))
}

// OpenStretch says whether the hours allow a call now in every zone, and until when that answer stands; a zero
// until means for the next 400 days at least.
func OpenStretch(rules *campaign.Rules, zones []*time.Location, now time.Time) (open bool, until time.Time) {
	if next := NextCallable(rules, zones, now); next.IsZero() || next.After(now) {
		return false, next
	}
	return true, CallableUntil(rules, zones, now)
}

func orZero(t int64, ok bool) time.Time {
	if !ok {
		return time.Time{}
	}
	return instant(t)
}

// next is the first callable instant from t to limit, both included.
func (c *calendar) next(t, limit int64) (int64, bool) {
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
func (c *calendar) nextIn(z *zone, t, limit int64) (int64, bool) {
	for t <= limit {
		s := z.at(t)
		day, sec := split(t + s.offset)
		if !c.holiday(day) {
			if open := c.opening(day, sec); open >= 0 && t+open-sec < s.end {
				t += open - sec
				return t, t <= limit
			}
		}
		t = min(t+86400-sec, s.end)
	}
	return 0, false
}

// until is the first instant from t to limit, both included, that is not callable.
func (c *calendar) until(t, limit int64) (int64, bool) {
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
func (c *calendar) untilIn(z *zone, t, end int64) int64 {
	for t < end {
		s := z.at(t)
		day, sec := split(t + s.offset)
		closing := sec
		if !c.holiday(day) {
			closing = c.closing(day, sec)
		}
		if closing == sec {
			return t
		}
		t = min(t+closing-sec, s.end)
	}
	return end
}

// last is the last callable instant from limit to t, both included.
func (c *calendar) last(t, limit int64) (int64, bool) {
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
func (c *calendar) lastIn(z *zone, t, limit int64) int64 {
	for t >= limit {
		s := z.at(t)
		day, sec := split(t + s.offset)
		if !c.holiday(day) {
			if p := c.previous(day, sec); p >= 0 && t-(sec-p) >= s.start {
				return max(t-(sec-p), limit-1)
			}
		}
		t = max(t-sec, s.start) - 1
	}
	return limit - 1
}

// opening is the first second of the day at or after sec in a window; -1 when there is none.
func (c *calendar) opening(day, sec int64) int64 {
	wd, found := weekday(day), int64(-1)
	for i := range c.windows {
		w := &c.windows[i]
		if !w.Days[wd] || sec >= int64(w.Close)*60 {
			continue
		}
		if open := max(sec, int64(w.Open)*60); found < 0 || open < found {
			found = open
		}
	}
	return found
}

// closing is the end of the windows, overlapping or touching, that hold sec; sec itself when none does.
func (c *calendar) closing(day, sec int64) int64 {
	wd := weekday(day)
	for {
		end := sec
		for i := range c.windows {
			w := &c.windows[i]
			if w.Days[wd] && int64(w.Open)*60 <= end && end < int64(w.Close)*60 {
				end = int64(w.Close) * 60
			}
		}
		if end == sec {
			return end
		}
		sec = end
	}
}

// previous is the last second of the day up to sec in a window; -1 when there is none.
func (c *calendar) previous(day, sec int64) int64 {
	wd, found := weekday(day), int64(-1)
	for i := range c.windows {
		if w := &c.windows[i]; w.Days[wd] && int64(w.Open)*60 <= sec {
			found = max(found, min(sec, int64(w.Close)*60-1))
		}
	}
	return found
}

func (c *calendar) holiday(day int64) bool {
	if len(c.holidays) == 0 {
		return false
	}
	return slices.Contains(c.holidays, date(day))
}

// weekday of a day since 1970-01-01, which was a Thursday.
func weekday(day int64) int64 { return ((day+4)%7 + 7) % 7 }

func date(day int64) campaign.Date {
	y, m, d := time.Unix(day*86400, 0).UTC().Date()
	return campaign.Date{Year: y, Month: m, Day: d}
}
