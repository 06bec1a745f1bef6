package dialer

import (
	"context"
	"time"

	"redial/campaign"
)

// watch keeps the node's copies fresh: campaigns every second, sessions every two, the horizon every five and when
// something was booked.
func (f *Floor) watch(ctx context.Context) {
	tick := time.NewTicker(f.glance)
	defer tick.Stop()
	var looked time.Time
	for n := 0; ; n++ {
		f.try(ctx, "read the campaigns", f.readOffering)
		if n%2 == 0 {
			f.try(ctx, "read the sessions", f.readSessions)
		}
		if f.now().Sub(looked) >= 5*time.Second {
			f.try(ctx, "look ahead", f.look)
			looked = f.now()
		}
		f.try(ctx, "remind owners", f.remind)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-f.relay:
			looked = time.Time{}
			n--
		}
	}
}

// try runs a step of the loop; what fails is logged and tried again at the next round.
func (f *Floor) try(ctx context.Context, what string, step func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := step(ctx); err != nil && ctx.Err() == nil {
		f.log.WarnContext(ctx, "the floor failed at something; it will try again", "step", what, "error", err)
	}
}

func (f *Floor) readOffering(ctx context.Context) error {
	all, err := f.rec.Offering(ctx)
	if err != nil {
		return err
	}
	offering := make(map[campaign.CampaignID]*campaign.Campaign, len(all))
	for i := range all {
		offering[all[i].ID] = &all[i]
	}
	f.mu.Lock()
	fresh := len(offering) != len(f.offering)
	for id := range offering {
		fresh = fresh || f.offering[id] == nil
	}
	f.offering = offering
	f.mu.Unlock()
	if fresh {
		poke(f.relay)
		poke(f.kick)
	}
	return nil
}

// readSessions finds what other nodes did to the agents whose desks are here.
func (f *Floor) readSessions(ctx context.Context) error {
	f.mu.Lock()
	desks := 0
	for _, s := range f.seats {
		if s.desk != nil {
			desks++
		}
	}
	f.mu.Unlock()
	if desks == 0 {
		return nil
	}
	here, err := f.rec.Sessions(ctx, f.node)
	if err != nil {
		return err
	}
	known := make(map[campaign.AgentID]campaign.Session, len(here))
	for _, s := range here {
		known[s.AgentID] = s
	}
	var gone []campaign.AgentID
	f.mu.Lock()
	for id, s := range f.seats {
		if s.desk == nil || s.pending {
			continue
		}
		if next, ok := known[id]; ok {
			f.learn(s, next)
		} else {
			gone = append(gone, id)
		}
	}
	f.mu.Unlock()
	for _, id := range gone {
		if _, err := f.Refresh(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
