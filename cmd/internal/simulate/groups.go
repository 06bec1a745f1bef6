package simulate

import (
	"context"
	"math"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// group is a calendar group with its leads that wait for nothing but an agent, in the order of offering, and those
// that wait for an instant.
type group struct {
	campaign.Group
	id       campaign.GroupID
	floor    *floor
	list     *loaded
	open     bool
	midnight time.Time // start of the local day that scores are of
	waiting  heap[place]
	tried    heap[place]
	fresh    heap[place]
}

// enter puts an open lead into the index: it may be offered from an instant on. A lead with a promise has its own.
func (w *world) enter(l *lead, from time.Time) {
	l.gen++
	g := l.group
	p := place{key: float64(from.Unix()), lead: l, gen: l.gen}
	if w.ms < from.UnixMilli() {
		g.waiting.push(p)
		return
	}
	g.ripe(p)
	if g.open {
		w.dirty = true
	}
}

// ripe puts a lead among those that wait for nothing but an agent.
func (g *group) ripe(p place) {
	l := p.lead
	p.key = g.score(l)
	if len(l.Tries) == 0 {
		g.fresh.push(p)
	} else {
		g.tried.push(p)
	}
}

// score is the lead's place in the order of offering, as the window of the live floor has it.
func (g *group) score(l *lead) float64 {
	d := campaign.Due{
		Lead: l.ID, Group: g.id, Earliest: l.Plan.Earliest, Turn: l.Plan.Turn, ListPriority: g.Priority, Priority: l.Priority,
	}
	if n := len(l.Tries); n > 0 {
		d.Tried, d.RolledOver = true, l.Tries[n-1].PlacedAt.Before(g.midnight)
	}
	return scheduler.CandidateOf(d).Score()
}

// ripen moves the leads whose instant has come.
func (g *group) ripen(now int64) {
	for len(g.waiting.all) > 0 && g.waiting.all[0].key <= float64(now/1000) {
		if p := g.waiting.pop(); !p.stale() {
			g.ripe(p)
		}
	}
}

// top is the best lead of a lane; zero: none.
func top(h *heap[place]) (place, bool) {
	for len(h.all) > 0 {
		if p := h.all[0]; !p.stale() {
			return p, true
		}
		h.pop()
	}
	return place{}, false
}

// turnDay takes over the group's state from the finder. On a new local day the leads tried before it have rolled over.
func (g *group) turnDay(o campaign.OpenGroup) {
	g.open = true
	if g.midnight.Equal(o.Midnight) {
		return
	}
	g.midnight = o.Midnight
	kept := g.tried.all[:0]
	for _, p := range g.tried.all {
		if !p.stale() {
			p.key = g.score(p.lead)
			kept = append(kept, p)
		}
	}
	clear(g.tried.all[len(kept):])
	g.tried.all = kept
	g.tried.heapify()
}

// take is the first lead of the floor's open groups, fresh or tried; nil: there is none.
func (f *floor) take(fresh bool) *lead {
	var best *heap[place]
	key, id := math.Inf(1), campaign.LeadID(0)
	for _, g := range f.doors.open {
		lane := &g.tried
		if fresh {
			lane = &g.fresh
		}
		if p, ok := top(lane); ok && (p.key < key || (p.key == key && p.lead.ID < id)) {
			best, key, id = lane, p.key, p.lead.ID
		}
	}
	if best == nil {
		return nil
	}
	p := best.pop()
	p.lead.gen++
	return p.lead
}

// next is when a lead of an open group comes due, or a group opens or closes, in Unix milliseconds; 0: neither.
func (f *floor) next() int64 {
	at := f.doors.until
	for _, g := range f.doors.open {
		if p, ok := top(&g.waiting); ok {
			if t := int64(p.key) * 1000; at == 0 || t < at {
				at = t
			}
		}
	}
	return at
}

// doors are which calendar groups of a campaign are open. The live finder says so: it asks doors for the groups, as it
// would ask the record, and the groups for whose leads it then asks are the open ones.
type doors struct {
	w      *world
	floor  *floor
	finder scheduler.Finder
	byKey  map[string]*group
	until  int64 // how long the answer stands, in Unix milliseconds; 0: for ever
	asked  bool
	open   []*group
	noted  []campaign.OpenGroup
}

func (d *doors) init(w *world, f *floor) {
	d.w, d.floor, d.byKey = w, f, make(map[string]*group)
	d.finder = scheduler.Finder{Record: d, Now: func() time.Time { return w.now }, Rules: &w.book}
}

// look asks anew when the last answer no longer stands.
func (d *doors) look() error {
	if d.asked && (d.until == 0 || d.w.ms < d.until) {
		return nil
	}
	d.asked, d.noted = true, d.noted[:0]
	found, err := d.finder.Find(context.Background(), d.floor.ID, 1, 1)
	if err != nil {
		return err
	}
	for _, g := range d.open {
		g.open = false
	}
	d.open = d.open[:0]
	for _, o := range d.noted {
		g := d.floor.groups[o.ID-1]
		g.turnDay(o)
		d.open = append(d.open, g)
	}
	d.until = 0
	for _, t := range []time.Time{found.Next, found.Stale} {
		if ms := t.UnixMilli(); !t.IsZero() && (d.until == 0 || ms < d.until) {
			d.until = ms
		}
	}
	return nil
}

// Campaign implements scheduler.DueRecord.
func (d *doors) Campaign(context.Context, campaign.CampaignID) (campaign.Campaign, error) {
	return *d.floor.Campaign, nil
}

// Groups implements scheduler.DueRecord.
func (d *doors) Groups(context.Context, campaign.CampaignID) ([]campaign.Group, error) {
	out := make([]campaign.Group, 0, len(d.floor.groups))
	for _, g := range d.floor.groups {
		if g.list.State == campaign.ListActive && g.list.On {
			out = append(out, g.Group)
		}
	}
	return out, nil
}

// DueLeads implements scheduler.DueRecord: it notes which groups are open and leaves finding their leads to the index.
func (d *doors) DueLeads(_ context.Context, q campaign.DueQuery) ([]campaign.Due, error) {
	d.noted = append(d.noted, q.Groups...)
	return nil, nil
}

// NextDue implements scheduler.DueRecord: the index knows better.
func (d *doors) NextDue(context.Context, campaign.NextQuery) (time.Time, error) {
	return time.Time{}, nil
}

// CalendarsNamed implements scheduler.DueRecord.
func (d *doors) CalendarsNamed(_ context.Context, names []string) ([]*campaign.Calendar, error) {
	return d.w.named(names), nil
}
