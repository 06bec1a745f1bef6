package scheduler

import (
	"context"
	"maps"
	"sync"
	"time"

	"redial/campaign"
)

// Source gives leads to try to claim, in the order of offering. What it gives is a hint: the claim decides.
type Source interface {
	// Take takes up to n leads of a campaign: the first up to fresh of them from those never tried, then tried ones,
	// then what fresh ones are needed to make n. Fewer: there are no more now.
	Take(ctx context.Context, id campaign.CampaignID, n, fresh int) ([]campaign.LeadID, error)
}

const (
	directWindow = 64                     // leads read ahead, at least
	directLife   = 500 * time.Millisecond // how long what was read ahead is believed
	directGuard  = 5 * time.Second        // how long a lead that was handed out is not handed out again
)

// Direct gives leads straight from the record, without any queue beside it: what a node does while Redis is away. It
// reads a small window ahead for each campaign and forgets it after half a second, so that it needs to be told of
// nothing. Nodes do not know of one another here and may give the same leads; the claim settles that.
type Direct struct {
	find func(ctx context.Context, id campaign.CampaignID, tried, fresh int) (Found, error)
	now  func() time.Time

	mu        sync.Mutex
	campaigns map[campaign.CampaignID]*ahead
}

// ahead is what was read ahead of one campaign.
type ahead struct {
	mu           sync.Mutex
	read         time.Time
	tried, fresh []campaign.LeadID
	moreTried    bool // the last look filled the lane: the record may hold more
	moreFresh    bool
	next         time.Time
	taken        map[campaign.LeadID]taken
}

// taken is a lead that was handed out a moment ago.
type taken struct {
	at    time.Time
	fresh bool
}

// NewDirect is a source over the finder.
func NewDirect(f *Finder) *Direct {
	return &Direct{find: f.Find, now: f.Now, campaigns: make(map[campaign.CampaignID]*ahead)}
}

// Take is Source's.
func (d *Direct) Take(ctx context.Context, id campaign.CampaignID, n, fresh int) ([]campaign.LeadID, error) {
	a := d.of(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	now := d.now()
	if now.Sub(a.read) >= directLife || a.short(n, fresh) || a.cameDue(now) {
		if err := d.readAhead(ctx, id, a, n, now); err != nil {
			return nil, err
		}
	}
	return a.pick(n, fresh, now), nil
}

// Return gives back leads that were taken and not offered: they are first in their lane again.
func (d *Direct) Return(_ context.Context, id campaign.CampaignID, leads []campaign.LeadID) error {
	a := d.of(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	var tried, fresh []campaign.LeadID
	for _, l := range leads {
		t, ok := a.taken[l]
		switch {
		case !ok:
			continue
		case t.fresh:
			fresh = append(fresh, l)
		default:
			tried = append(tried, l)
		}
		delete(a.taken, l)
	}
	a.tried, a.fresh = append(tried, a.tried...), append(fresh, a.fresh...)
	return nil
}

func (d *Direct) of(id campaign.CampaignID) *ahead {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.campaigns[id]
	if a == nil {
		a = &ahead{taken: make(map[campaign.LeadID]taken)}
		d.campaigns[id] = a
	}
	return a
}

// short says whether a lane lacks leads that the record may hold.
func (a *ahead) short(n, fresh int) bool {
	return a.moreTried && len(a.tried) < n-fresh || a.moreFresh && len(a.fresh) < max(fresh, n-len(a.tried))
}

// cameDue says whether the instant at which more was to come due has passed since the last look.
func (a *ahead) cameDue(now time.Time) bool {
	return !a.next.IsZero() && !now.Before(a.next)
}

// readAhead looks anew. Leads handed out a moment ago may still be open in the record, on their way to a claim: as many
// more are asked for, so that they cannot hide the rest.
func (d *Direct) readAhead(ctx context.Context, id campaign.CampaignID, a *ahead, n int, now time.Time) error {
	maps.DeleteFunc(a.taken, func(_ campaign.LeadID, t taken) bool { return now.Sub(t.at) >= directGuard })
	limit := max(directWindow, 2*n) + len(a.taken)
	found, err := d.find(ctx, id, limit, limit)
	if err != nil {
		return err
	}
	a.read, a.next = now, found.Next
	a.moreTried, a.moreFresh = len(found.Tried) == limit, len(found.Fresh) == limit
	a.tried, a.fresh = a.untaken(found.Tried), a.untaken(found.Fresh)
	return nil
}

func (a *ahead) untaken(due []campaign.Due) []campaign.LeadID {
	out := make([]campaign.LeadID, 0, len(due))
	for _, x := range due {
		if _, gone := a.taken[x.Lead]; !gone {
			out = append(out, x.Lead)
		}
	}
	return out
}

func (a *ahead) pick(n, fresh int, now time.Time) []campaign.LeadID {
	var out []campaign.LeadID
	move := func(from *[]campaign.LeadID, most int, fresh bool) {
		k := max(0, min(most, n-len(out), len(*from)))
		for _, l := range (*from)[:k] {
			a.taken[l] = taken{at: now, fresh: fresh}
		}
		out = append(out, (*from)[:k]...)
		*from = (*from)[k:]
	}
	move(&a.fresh, fresh, true)
	move(&a.tried, n, false)
	move(&a.fresh, n, true)
	return out
}
