package scheduler

import (
	"maps"
	"slices"

	"redial/campaign"
)

// span is a stretch of a day by the clock on the wall, half-open, in seconds.
type span struct{ open, close int64 }

// spans are in order; none touches another.
type spans []span

const wholeDay = 86400

var allDay = spans{{0, wholeDay}}

// spansOf are the windows of a weekday; of all of them when wd is below 0.
func spansOf(windows []campaign.Window, wd int64) spans {
	var out spans
	for i := range windows {
		if w := &windows[i]; wd < 0 || w.Days[wd] {
			out = append(out, span{int64(w.Open) * 60, int64(w.Close) * 60})
		}
	}
	slices.SortFunc(out, func(a, b span) int { return int(a.open - b.open) })
	merged := out[:0]
	for _, s := range out {
		if n := len(merged); n > 0 && s.open <= merged[n-1].close {
			merged[n-1].close = max(merged[n-1].close, s.close)
		} else {
			merged = append(merged, s)
		}
	}
	return slices.Clip(merged)
}

// and is when both are open.
func (s spans) and(o spans) spans {
	var out spans
	for _, a := range s {
		for _, b := range o {
			if open, end := max(a.open, b.open), min(a.close, b.close); open < end {
				out = append(out, span{open, end})
			}
		}
	}
	return out
}

// holds says whether the second lies in them.
func (s spans) holds(sec int64) bool {
	return slices.ContainsFunc(s, func(o span) bool { return o.open <= sec && sec < o.close })
}

// rota is hours by date while they are compiled. Dates are days since 1970-01-01, weekdays those of time.Weekday.
type rota struct {
	changes []int64                    // dates from which on plain may answer otherwise
	special map[int64]bool             // dates that on answers for, otherwise than plain
	plain   func(date, wd int64) spans // of a date, as if it were that weekday
	on      func(date int64) spans
}

func (r *rota) of(date int64) spans {
	if r.special[date] {
		return r.on(date)
	}
	return r.plain(date, weekday(date))
}

// and is when all are open; nil when there are none.
func and(all ...*rota) *rota {
	all = slices.DeleteFunc(slices.Clone(all), func(r *rota) bool { return r == nil })
	if len(all) <= 1 {
		return append(all, nil)[0]
	}
	both := &rota{special: map[int64]bool{}}
	for _, r := range all {
		both.changes = append(both.changes, r.changes...)
		maps.Copy(both.special, r.special)
	}
	both.plain = func(date, wd int64) spans {
		s := all[0].plain(date, wd)
		for _, r := range all[1:] {
			s = s.and(r.plain(date, wd))
		}
		return s
	}
	both.on = func(date int64) spans {
		s := all[0].of(date)
		for _, r := range all[1:] {
			s = s.and(r.of(date))
		}
		return s
	}
	return both
}

// schedule is hours by date, laid out so that asking costs the same however many layers they were made of.
type schedule struct {
	from  []int64 // date from which on weeks[i] holds; the first: since ever
	weeks []week  // at least one
	dates []int64 // special ones, in order
	hours []spans // theirs
}

type week [7]spans

// compile lays a rota out; nil stays nil, which is open at any time.
func (r *rota) compile() *schedule {
	if r == nil {
		return nil
	}
	changes := append(slices.Clone(r.changes), -far)
	slices.Sort(changes)
	s := &schedule{from: slices.Compact(changes), dates: slices.Sorted(maps.Keys(r.special))}
	for _, date := range s.from {
		var w week
		for wd := range w {
			w[wd] = r.plain(date, int64(wd))
		}
		s.weeks = append(s.weeks, w)
	}
	for _, date := range s.dates {
		s.hours = append(s.hours, r.on(date))
	}
	return s
}

// on is when the date is open.
func (s *schedule) on(date int64) spans {
	if n := len(s.dates); n > 0 && date >= s.dates[0] && date <= s.dates[n-1] {
		if i, found := slices.BinarySearch(s.dates, date); found {
			return s.hours[i]
		}
	}
	i := len(s.from) - 1
	for i > 0 && s.from[i] > date {
		i--
	}
	return s.weeks[i][weekday(date)]
}

// opening is the first second of the date at or after sec that is open; -1 when there is none.
func (s *schedule) opening(date, sec int64) int64 {
	for _, o := range s.on(date) {
		if sec < o.close {
			return max(sec, o.open)
		}
	}
	return -1
}

// closing is when the hours around sec end; sec itself when it is not open.
func (s *schedule) closing(date, sec int64) int64 {
	for _, o := range s.on(date) {
		if sec < o.close {
			if sec >= o.open {
				return o.close
			}
			break
		}
	}
	return sec
}

// previous is the last second of the date at or before sec that is open; -1 when there is none.
func (s *schedule) previous(date, sec int64) int64 {
	found := int64(-1)
	for _, o := range s.on(date) {
		if o.open > sec {
			break
		}
		found = min(sec, o.close-1)
	}
	return found
}
