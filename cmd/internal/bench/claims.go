package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"redial/campaign"
	"redial/campaign/store"
)

// desk is a record whose leads are claimed and called without a server before it. Leads go in order and are never
// used again.
type desk struct {
	w     *world
	db    database
	s     *store.Store
	used  int // leads of the world
	known map[campaign.LeadID]bool
}

// newDesk opens a copy of the world at url, which may be a recorder's.
func newDesk(ctx context.Context, w *world, db database, url string) (*desk, error) {
	s, err := database{url: url}.open(ctx)
	if err != nil {
		return nil, err
	}
	return &desk{w: w, db: db, s: s, known: make(map[campaign.LeadID]bool)}, nil
}

var errNoLeads = errors.New("the leads are used up: give more with --leads")

// claim gives n agents a lead each, in batches as the dispatcher makes them, under the clock.
func (d *desk) claim(ctx context.Context, n, batch int) ([]*campaign.Assignment, slice, error) {
	if d.used+n > len(d.w.leads) {
		return nil, slice{}, errNoLeads
	}
	claims := make([]campaign.Claim, n)
	for i := range claims {
		claims[i] = campaign.Claim{Agent: d.w.agents[i], Candidates: []campaign.LeadID{d.w.leads[d.used+i]}}
	}
	d.used += n
	var got []campaign.Claimed
	w := startWatch()
	s := slice{}
	began := time.Now()
	for part := range slices.Chunk(claims, batch) {
		asked := time.Now()
		some, err := d.s.ClaimLeads(ctx, part)
		if err != nil {
			return nil, s, fmt.Errorf("claim: %w", err)
		}
		s.waits = append(s.waits, time.Since(asked))
		got = append(got, some...)
	}
	s.took, s.outside = time.Since(began), w.outside()
	out, err := d.check(claims, got)
	s.done = len(out)
	return out, s, err
}

// check counts what was really claimed: each lead once in the whole run.
func (d *desk) check(claims []campaign.Claim, got []campaign.Claimed) ([]*campaign.Assignment, error) {
	out := make([]*campaign.Assignment, 0, len(got))
	for i, c := range got {
		switch {
		case c.Err != nil:
			return nil, fmt.Errorf("agent %d could not claim: %w", claims[i].Agent, c.Err)
		case c.Assignment == nil:
			return nil, fmt.Errorf("lead %v was refused: %+v", claims[i].Candidates, c.Refused)
		case d.known[c.Assignment.LeadID]:
			return nil, fmt.Errorf("lead %d was claimed twice", c.Assignment.LeadID)
		}
		d.known[c.Assignment.LeadID] = true
		out = append(out, c.Assignment)
	}
	if len(out) != len(claims) {
		return nil, fmt.Errorf("%d of %d claims were answered", len(out), len(claims))
	}
	return out, nil
}

// finish calls every lead and ends it, callers at once: the rest of a cycle.
func (d *desk) finish(ctx context.Context, held []*campaign.Assignment, callers int) error {
	return d.end(ctx, held, callers, campaign.Success, campaign.LeadFinished)
}

// end calls every lead with an outcome, after which its state must be as it says.
func (d *desk) end(ctx context.Context, held []*campaign.Assignment, callers int, with campaign.Outcome, want campaign.LeadState) error {
	each := func(do func(context.Context, *campaign.Assignment) error) error {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(callers)
		for _, a := range held {
			g.Go(func() error { return do(ctx, a) })
		}
		return g.Wait()
	}
	err := each(func(ctx context.Context, a *campaign.Assignment) error {
		_, err := d.s.StartCall(ctx, a.ID, a.AgentID)
		return err
	})
	if err != nil {
		return fmt.Errorf("start calls: %w", err)
	}
	err = each(func(ctx context.Context, a *campaign.Assignment) error {
		r, err := d.s.Conclude(ctx, campaign.Result{Assignment: a.ID, Agent: a.AgentID, Outcome: with})
		if err == nil && r.State != want {
			err = fmt.Errorf("lead %d is %s after %s", r.Lead, r.State, with)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	return nil
}

// close audits the record, when it is sound, and closes it.
func (d *desk) close(ctx context.Context, sound bool) error {
	var err error
	if sound {
		err = audit(ctx, d.s, d.w, len(d.known), len(d.known))
	}
	return errors.Join(err, d.s.Close())
}

// audit checks what a run left behind: no invariant is broken, no lead is lost, and every lead that was claimed was
// called and finished once.
func audit(ctx context.Context, s *store.Store, w *world, claimed, finished int) error {
	var breaches []campaign.Breach
	sum, err := s.Audit(ctx, w.campaign, func(b campaign.Breach) error {
		breaches = append(breaches, b)
		return nil
	})
	if err != nil {
		return err
	}
	if sum.Breaches > 0 {
		return fmt.Errorf("the audit found %d breaches; the first: %+v", sum.Breaches, breaches[0])
	}
	counts, _, err := s.CampaignCounts(ctx, w.campaign)
	if err != nil {
		return err
	}
	open, held, done := counts[campaign.LeadOpen], counts[campaign.LeadHeld], counts[campaign.LeadFinished]
	switch {
	case sum.Leads != int64(len(w.leads)) || open+held+done != int64(len(w.leads)):
		return fmt.Errorf("%d leads were taken in and there are %d: %d open, %d held, %d finished", len(w.leads), sum.Leads, open, held, done)
	case done != int64(finished) || sum.Attempts != int64(finished+w.called):
		return fmt.Errorf("%d calls were recorded, %d before, and there are %d attempts and %d finished leads", finished, w.called, sum.Attempts, done)
	case held+done != int64(claimed):
		return fmt.Errorf("%d leads were claimed, and %d are held or finished", claimed, held+done)
	}
	return nil
}
