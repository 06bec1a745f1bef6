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

// Regime is the hours and limits under which a number may be called, compiled once for a campaign's rules, a list,
// their calendars, the law and a site. It is immutable and safe for use by several goroutines at once.
type Regime struct {
	locs   []*time.Location
	places []string
	terms  *Terms
}

// NewRegime compiles the terms for whoever may be in the zones and places. Terms must not change afterwards.
func NewRegime(t *Terms, zones []*time.Location, places []string) *Regime {
	return &Regime{locs: zones, places: places, terms: t}
}

// Zones are those of the site. Do not change them.
func (r *Regime) Zones() []*time.Location { return r.locs }

// Places are those of the site. Do not change them.
func (r *Regime) Places() []string { return r.places }

// at says whether the regime is that of the site.
func (r *Regime) at(zones []*time.Location, places []string) bool {
	return slices.Equal(r.locs, zones) && slices.Equal(r.places, places)
}
