package scheduler

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"redial/campaign"
)

// DueRecord is what finding due work needs of the record. Nothing it answers is a promise: the claim decides.
type DueRecord interface {
	// Campaign is one campaign; KindNotFound if there is none.
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	// Groups are the calendar groups of the campaign's lists that are active and switched on.
	Groups(ctx context.Context, id campaign.CampaignID) ([]campaign.Group, error)
	// DueLeads are leads of the open groups that wait for nothing but an agent, in the order of offering.
	DueLeads(ctx context.Context, q campaign.DueQuery) ([]campaign.Due, error)
	// NextDue is the first instant after q.Now at which a tried lead of the groups comes due; zero: none waits.
	NextDue(ctx context.Context, q campaign.NextQuery) (time.Time, error)
	// CalendarsNamed are the calendars of these names, whole, in their order; names that there are none of are left out.
	CalendarsNamed(ctx context.Context, names []string) ([]*campaign.Calendar, error)
}

// Finder finds the leads of a campaign that should be offered next: which calendar groups are open, which of their
// leads are due, and when there will be more. It writes nothing and keeps nothing.
type Finder struct {
	Record DueRecord
	Now    func() time.Time // the clock that counts: the record's
	Rules  *Rulebook        // that says which groups are open; nil: one that knows no law packs
}

// Found is what may be offered now, and how long that answer stands.
type Found struct {
	Tried, Fresh []campaign.Due // each in the order of offering
	// Next is when more becomes due by itself: a lead's own instant, the opening of a group. Zero: nothing waits.
	// What other people do (an import, a change of rules) may bring work sooner.
	Next time.Time
	// Stale is when the answer no longer holds: a group closes, a local day ends, the campaign expires. Zero: not
	// foreseeable.
	Stale time.Time
}

// Find looks for up to tried and fresh leads of each kind, both above 0. A campaign that does not run has none.
func (f *Finder) Find(ctx context.Context, id campaign.CampaignID, tried, fresh int) (Found, error) {
	now := f.Now()
	open, found, mix, err := f.open(ctx, id, now)
	if err != nil || len(open) == 0 {
		return found, err
	}
	due, err := f.Record.DueLeads(ctx, campaign.DueQuery{Campaign: id, Now: now, Groups: open, Tried: tried, Fresh: fresh, Mix: mix})
	if err != nil {
		return Found{}, fmt.Errorf("find due leads: %w", err)
	}
	for _, d := range due {
		if d.Tried {
			found.Tried = append(found.Tried, d)
		} else {
			found.Fresh = append(found.Fresh, d)
		}
	}
	if len(found.Tried) < tried {
		if found.Next, err = f.next(ctx, id, open, found.Next, now); err != nil {
			return Found{}, err
		}
	}
	return found, nil
}

// Next is when a campaign's next lead comes due by itself, besides those that are due now; zero: none waits.
func (f *Finder) Next(ctx context.Context, id campaign.CampaignID) (time.Time, error) {
	now := f.Now()
	open, found, _, err := f.open(ctx, id, now)
	if err != nil || len(open) == 0 {
		return found.Next, err
	}
	return f.next(ctx, id, open, found.Next, now)
}

// next is the first of the next opening and the next instant of a lead of the open groups.
func (f *Finder) next(ctx context.Context, id campaign.CampaignID, open []campaign.OpenGroup, opening, now time.Time) (time.Time, error) {
	due, err := f.Record.NextDue(ctx, campaign.NextQuery{Campaign: id, Now: now, Groups: ids(open)})
	if err != nil {
		return time.Time{}, fmt.Errorf("find the next due instant: %w", err)
	}
	return earliest(opening, due), nil
}

// open are the campaign's groups that are open at now, none when it does not run; mix says whether it mixes hours.
func (f *Finder) open(ctx context.Context, id campaign.CampaignID, now time.Time) (open []campaign.OpenGroup, found Found, mix bool, err error) {
	c, err := f.Record.Campaign(ctx, id)
	if err != nil {
		return nil, Found{}, false, fmt.Errorf("find due leads: %w", err)
	}
	if c.State != campaign.CampaignRunning || (!c.Rules.ExpiresAt.IsZero() && !now.Before(c.Rules.ExpiresAt)) {
		return nil, Found{}, false, nil
	}
	groups, err := f.Record.Groups(ctx, id)
	if err != nil {
		return nil, Found{}, false, fmt.Errorf("find due leads: %w", err)
	}
	calendars, err := f.calendars(ctx, &c, groups)
	if err != nil {
		return nil, Found{}, false, err
	}
	rules := f.Rules
	if rules == nil {
		rules = &Rulebook{}
	}
	open, found = openGroups(rules, &c, groups, calendars, now)
	if len(open) > 0 {
		found.Stale = earliest(found.Stale, c.Rules.ExpiresAt)
	}
	return open, found, c.Rules.MixHours, nil
}

// calendars are those that the campaign and its groups' lists name, read once for all; nil where none is named.
func (f *Finder) calendars(ctx context.Context, c *campaign.Campaign, groups []campaign.Group) ([]*campaign.Calendar, error) {
	names := slices.Clone(c.Rules.Calendars)
	for i := range groups {
		for _, name := range groups[i].Calendars {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	calendars, err := f.Record.CalendarsNamed(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("find due leads: %w", err)
	}
	return calendars, nil
}

// openGroups are those open at now; found holds when the next of the others opens, and when the first of these closes or
// its day ends.
func openGroups(rules *Rulebook, c *campaign.Campaign, groups []campaign.Group, calendars []*campaign.Calendar, now time.Time) (open []campaign.OpenGroup, found Found) {
	type answer struct {
		open     bool
		midnight time.Time
		day      int64
	}
	known := make(map[string]answer) // the lists of a campaign share most of what decides
	var key []byte
	for i := range groups {
		g := &groups[i]
		key = appendKey(key[:0], g)
		a, ok := known[string(key)]
		if !ok {
			var until time.Time
			z := firstZone(g)
			if z == nil {
				continue // no wall clock to ask: never callable, as Decide says
			}
			if a.open, until = rules.Open(c, g, calendars, now); a.open {
				a.midnight, a.day = instant(z.midnight(now.Unix())), z.day(now.Unix())
				found.Stale = earliest(found.Stale, until, instant(z.later(now.Unix())))
			} else {
				found.Next = earliest(found.Next, until)
			}
			known[string(key)] = a
		}
		if a.open {
			open = append(open, campaign.OpenGroup{ID: g.ID, Midnight: a.midnight, Day: a.day, Priority: g.Priority})
		}
	}
	return open, found
}

// firstZone is whose day is the group's: the first zone of the first site whose zones are known; nil: of none are they.
func firstZone(g *campaign.Group) *zone {
	for i := range g.Sites {
		if zones, err := LoadZones(g.Sites[i].Zones); err == nil && len(zones) > 0 {
			return zoneOf(zones[0])
		}
	}
	return nil
}

// appendKey writes what decides whether a group of a campaign is open: its sites, and the hours and calendars of its
// list. Groups with one key are open together.
func appendKey(key []byte, g *campaign.Group) []byte {
	for i := range g.Sites {
		s := &g.Sites[i]
		key = appendWords(key, s.Zones)
		key = appendWords(key, s.Places)
		key = strconv.AppendBool(key, s.Consented)
	}
	for i := range g.Hours {
		w := &g.Hours[i]
		for _, on := range w.Days {
			key = strconv.AppendBool(key, on)
		}
		key = strconv.AppendInt(append(key, ' '), int64(w.Open), 10)
		key = strconv.AppendInt(append(key, ' '), int64(w.Close), 10)
	}
	return appendWords(key, g.Calendars)
}

func appendWords(key []byte, words []string) []byte {
	for _, w := range words {
		key = append(append(key, w...), ',')
	}
	return append(key, ';')
}

// midnight is the first instant of the local day of t.
func (z *zone) midnight(t int64) int64 {
	for today := z.day(t); ; {
		s := z.at(t)
		_, sec := split(t + s.offset)
		if t-sec > s.start {
			return t - sec
		}
		// At a change of offset: the day may have begun with it, or before it if the clocks went back to midnight.
		if t = s.start - 1; z.day(t) != today {
			return s.start
		}
	}
}

func ids(groups []campaign.OpenGroup) []campaign.GroupID {
	out := make([]campaign.GroupID, len(groups))
	for i, g := range groups {
		out[i] = g.ID
	}
	return out
}

// earliest is the first of the instants that are not zero; zero if all are.
func earliest(ts ...time.Time) time.Time {
	ts = slices.DeleteFunc(ts, time.Time.IsZero)
	if len(ts) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(ts, time.Time.Compare)
}

// CandidateOf is a due lead as the order of offering sees it.
func CandidateOf(d campaign.Due) Candidate {
	c := Candidate{
		Tier: TierFresh, At: d.Earliest, Earliest: d.Earliest,
		ListPriority: d.ListPriority, Priority: d.Priority, Turn: d.Turn, Lead: d.Lead,
	}
	switch {
	case d.RolledOver:
		c.Tier = TierRolledOver
	case d.Tried:
		c.Tier = TierRetry
	}
	return c
}
