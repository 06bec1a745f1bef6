package scheduler

import (
	"slices"
	"time"

	"redial/campaign"
)

// Terms are what a regime is compiled from, besides the place: nothing of one lead.
type Terms struct {
	Rules         *campaign.Rules
	ListHours     []campaign.Window    // of the list; empty: as the campaign
	Calendars     []*campaign.Calendar // that the campaign names, in its order
	ListCalendars []*campaign.Calendar // that the list names
	Law           []*LawPack           // that are switched on
}

// Regime is the hours and limits under which a number may be called: compiled once from the terms, for whoever may be
// at a site. It is immutable and safe for use by several goroutines at once.
type Regime struct {
	locs    []*time.Location
	names   []string // of the zones
	zones   []*zone
	places  []string
	purpose campaign.Purpose

	own    *schedule // of campaign and list
	full   hours     // of the law too
	law    hours     // of the law alone
	lifted []lifted  // the law's hours that a consent opens

	limits    []limit                // the rules' caps, then their cool-offs
	lawLimits []limit                // the law's that bind
	asking    []*bound               // rules that ask for a consent
	rules     []*bound               // all of the law that is about the site, those that do not bind included
	closing   map[int64]campaign.Day // special days that are closed, by date, for people
	narrowed  bool                   // the list has hours of its own
	campaigns *schedule              // without the list's, for people
}

// hours are schedules with and without what a consent opens; nil: at any time.
type hours struct{ strict, firm *schedule }

// lifted is the hours that a consent opens which was given no longer ago than age.
type lifted struct {
	age time.Duration
	*schedule
}

// nowhere is the regime of what was never settled: nothing is callable.
var nowhere = NewRegime(&Terms{Rules: new(campaign.Rules)}, nil, nil)

// NewRegime compiles the terms for whoever may be in the zones and places, places sorted.
func NewRegime(t *Terms, zones []*time.Location, places []string) *Regime {
	r := &Regime{locs: zones, zones: zonesOf(nil, zones), places: places, purpose: t.Rules.Purpose.OrSales()}
	for _, l := range zones {
		r.names = append(r.names, l.String())
	}
	own := r.ownHours(t)
	r.own = own.compile()
	r.bind(t)
	var strict, firm []*rota
	lift := map[time.Duration][]*rota{}
	for _, b := range r.rules {
		switch {
		case b.excuse != "" || b.rota == nil:
		case b.lifts:
			strict, lift[b.ConsentAge] = append(strict, b.rota), append(lift[b.ConsentAge], b.rota)
		default:
			strict, firm = append(strict, b.rota), append(firm, b.rota)
		}
	}
	r.law = hours{and(strict...).compile(), and(firm...).compile()}
	r.full = hours{r.own, r.own}
	if len(strict) > 0 {
		r.full.strict = and(append(strict, own)...).compile()
	}
	if len(firm) > 0 {
		r.full.firm = and(append(firm, own)...).compile()
	}
	for age, rotas := range lift {
		r.lifted = append(r.lifted, lifted{age, and(rotas...).compile()})
	}
	slices.SortFunc(r.lifted, func(a, b lifted) int { return int(a.age - b.age) })
	r.limits = limitsOf(t.Rules)
	return r
}

// Zones are those of the site. Do not change them.
func (r *Regime) Zones() []*time.Location { return r.locs }

// Places are those of the site. Do not change them.
func (r *Regime) Places() []string { return r.places }

// at says whether the regime is that of the site.
func (r *Regime) at(zones []*time.Location, places []string) bool {
	return slices.Equal(r.locs, zones) && slices.Equal(r.places, places)
}

// Next is the first instant at or after t at which the hours of campaign, list and law allow a call in every zone, no
// consent counted; zero when there is none in the next 400 days. UTC; without zones nothing is callable.
func (r *Regime) Next(t time.Time) time.Time { return r.next(r.full.strict, t) }

func (r *Regime) next(s *schedule, t time.Time) time.Time {
	next, ok := wallClock{r.zones, s}.next(t.Unix(), t.Unix()+horizon)
	if !ok || next > t.Unix() {
		return orZero(next, ok)
	}
	return t.UTC() // parts of a second and all
}

// Until is the first instant after t at which those hours no longer allow a call in some zone; t itself when they do
// not at t, and zero when they always do in the next 400 days.
func (r *Regime) Until(t time.Time) time.Time { return r.until(r.full.strict, t) }

func (r *Regime) until(s *schedule, t time.Time) time.Time {
	return orZero(wallClock{r.zones, s}.until(t.Unix(), t.Unix()+horizon))
}

// Open says whether a call is allowed now, by the law's hours too but, for somebody who consented to it, not by those
// that a consent opens; and until when that answer stands, zero: for the next 400 days at least.
func (r *Regime) Open(now time.Time, consented bool) (open bool, until time.Time) {
	s := r.full.strict
	if consented {
		s = r.full.firm
	}
	if next := r.next(s, now); next.IsZero() || next.After(now) {
		return false, next
	}
	return true, r.until(s, now)
}
