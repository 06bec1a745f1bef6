package scheduler

import (
	"strings"

	"redial/campaign"
)

// layer is weekly hours of which some are in force on a date.
type layer struct {
	weeks    []inForce // the narrowest first
	fallback week
}

type inForce struct {
	from, to int64
	week     week
}

func weekOf(windows []campaign.Window) (w week) {
	for wd := range w {
		w[wd] = spansOf(windows, int64(wd))
	}
	return w
}

// layerOf is hours if there are any, else those of the calendars, else the fallback.
func layerOf(hours []campaign.Window, calendars []*campaign.Calendar, fallback week) *layer {
	if len(hours) > 0 {
		return &layer{fallback: weekOf(hours)}
	}
	l := &layer{fallback: fallback}
	for _, c := range calendars {
		for i := range c.Weeks {
			w := &c.Weeks[i]
			from, to := between(w.From, w.To)
			at := len(l.weeks)
			for at > 0 && to-from < l.weeks[at-1].to-l.weeks[at-1].from {
				at--
			}
			l.weeks = append(l.weeks[:at], append([]inForce{{from, to, weekOf(w.Hours)}}, l.weeks[at:]...)...)
		}
	}
	return l
}

// between are the first and the last day of a range whose ends may be missing.
func between(from, to campaign.Date) (first, last int64) {
	first, last = -far, far
	if from != (campaign.Date{}) {
		first = dayOf(from)
	}
	if to != (campaign.Date{}) {
		last = dayOf(to)
	}
	return first, last
}

func (l *layer) plain(date, wd int64) spans {
	for i := range l.weeks {
		if w := &l.weeks[i]; w.from <= date && date <= w.to {
			return w.week[wd]
		}
	}
	return l.fallback[wd]
}

// changes are the dates from which on another week may be in force.
func (l *layer) changes() []int64 {
	var all []int64
	for i := range l.weeks {
		all = append(all, l.weeks[i].from, l.weeks[i].to+1)
	}
	return all
}

// ownHours are those of campaign and list, as a date's calendars have it.
func (r *Regime) ownHours(t *Terms) *rota {
	always := week{allDay, allDay, allDay, allDay, allDay, allDay, allDay}
	campaigns := layerOf(t.Rules.Hours, t.Calendars, weekOf(t.Rules.Windows()))
	list := layerOf(t.ListHours, t.ListCalendars, always)
	r.narrowed = len(t.ListHours) > 0 || len(list.weeks) > 0
	days := special(append(append([]*campaign.Calendar{}, t.Calendars...), t.ListCalendars...), r.places)
	for _, d := range t.Rules.Holidays {
		days[dayOf(d)] = campaign.Day{Date: d, Kind: campaign.DayClosure, Name: "a holiday of the campaign"}
	}
	r.closing = map[int64]campaign.Day{}
	dates := map[int64]bool{}
	for date, d := range days {
		dates[date] = true
		if d.Kind != campaign.DayWorking {
			r.closing[date] = d
		}
	}
	if r.narrowed {
		r.campaigns = (&rota{changes: campaigns.changes(), plain: campaigns.plain}).compile()
	}
	return &rota{
		changes: append(campaigns.changes(), list.changes()...), special: dates,
		plain: func(date, wd int64) spans { return campaigns.plain(date, wd).and(list.plain(date, wd)) },
		on: func(date int64) spans {
			d := days[date]
			if d.Kind != campaign.DayWorking {
				return nil
			}
			as := int64(d.As)
			ours := campaigns.plain(date, as)
			if len(d.Hours) > 0 {
				ours = spansOf(d.Hours, -1)
			}
			return ours.and(list.plain(date, as))
		},
	}
}

// special are the special days of whoever may be in the places, by date, one a date.
func special(calendars []*campaign.Calendar, places []string) map[int64]campaign.Day {
	days := map[int64]campaign.Day{}
	for _, c := range calendars {
		for i := range c.Days {
			addDay(days, c.Days[i], c.Name, places)
		}
	}
	return days
}

// addDay keeps the day unless one that beats it is there. Its name comes to tell of its calendar too.
func addDay(days map[int64]campaign.Day, d campaign.Day, from string, places []string) {
	if d.Place != "" && !anyWithin(places, d.Place) {
		return
	}
	date := dayOf(d.Date)
	if there, ok := days[date]; ok && !beats(&d, &there) {
		return
	}
	if from != "" {
		d.Name = strings.TrimSpace(d.Name + " (calendar " + from + ")")
	}
	days[date] = d
}

// anyWithin says whether one of the places is that one or in it.
func anyWithin(places []string, one string) bool {
	for _, p := range places {
		if within(p, []string{one}) {
			return true
		}
	}
	return false
}

// beats says whether a day goes before another of the same date that was there first: a closure before all, then the
// narrower place, then the working day.
func beats(d, there *campaign.Day) bool {
	if a, b := d.Kind == campaign.DayClosure, there.Kind == campaign.DayClosure; a || b {
		return a && !b
	}
	if a, b := depth(d.Place), depth(there.Place); a != b {
		return a > b
	}
	return d.Kind == campaign.DayWorking && there.Kind != campaign.DayWorking
}

// depth is how narrow a place is: everywhere 0, a country 1, a part of it 2.
func depth(place string) int {
	if place == "" {
		return 0
	}
	return 1 + strings.Count(place, "-")
}
