package dialer

import (
	"context"
	"maps"
	"slices"
	"time"

	"redial/campaign"
)

// How often the record is looked at.
const (
	lookLeast   = 5 * time.Second        // for what the next minutes hold
	lookMost    = 900 * time.Millisecond // and as often as the campaigns, for what was booked at other nodes,
	lookIdle    = 50                     // unless a look takes more than so small a part of the time
	lookGap     = 100 * time.Millisecond // at most so often, whatever is booked here
	lookShare   = 10                     // and so many times as long as a look takes
	rosterEvery = 10 * time.Second       // for the agents' campaigns and skills
)

// watch keeps the node's copies fresh: campaigns every second, sessions every two, the horizon every second to every
// five and when something was booked here, the agents every ten. However often something is booked, nothing of it waits.
func (f *Floor) watch(ctx context.Context) {
	tick := time.NewTicker(f.glance)
	defer tick.Stop()
	l := looks{due: time.NewTimer(0)}
	defer l.due.Stop()
	listed := f.now()
	f.try(ctx, "read the campaigns", f.readOffering)
	for n, ticked := 0, true; ; {
		if ticked && n%2 == 0 {
			f.try(ctx, "read the sessions", f.readSessions)
		}
		if l.timely(f.now()) || f.unforeseen() {
			f.lookNow(ctx, &l)
		}
		if f.now().Sub(listed) >= rosterEvery {
			f.try(ctx, "read the agents", f.readRoster)
			listed = f.now()
		}
		f.try(ctx, "remind owners", f.remind)
		relay, news := f.relay, f.news
		if l.wanted.IsZero() {
			news = nil
		} else {
			relay = nil // one look will find it all
		}
		ticked = false
		select {
		case <-ctx.Done():
			return
		case <-l.due.C:
			continue
		case <-tick.C:
			ticked = true
			n++
		case <-relay:
			l.want(f.now())
		case <-news:
		}
		f.try(ctx, "read the campaigns", f.readOffering)
	}
}

// looks is when the horizon was looked at, and when it is to be looked at again.
type looks struct {
	last   time.Time
	took   time.Duration
	wanted time.Time   // zero: in its turn
	due    *time.Timer // at wanted
}

// want has the horizon looked at soon, so that what is booked in a while is found by one look.
func (l *looks) want(now time.Time) {
	l.wanted = later(now, l.last.Add(max(lookGap, lookShare*l.took)))
	l.due.Reset(l.wanted.Sub(now))
}

func (l *looks) timely(now time.Time) bool {
	return now.Sub(l.last) >= min(max(lookMost, lookIdle*l.took), lookLeast) || !l.wanted.IsZero() && !now.Before(l.wanted)
}

// lookNow looks at the horizon. What fails is wanted still, and tried again at the next round.
func (f *Floor) lookNow(ctx context.Context, l *looks) {
	began := f.now()
	if !f.try(ctx, "look ahead", f.look) {
		return
	}
	l.last, l.took, l.wanted = began, f.now().Sub(began), time.Time{}
	l.due.Stop()
}

// unforeseen says whether a campaign offers whose promises nobody has looked for yet: nothing else of it is offered before.
func (f *Floor) unforeseen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.offering {
		if !f.ahead.of[id] {
			return true
		}
	}
	return false
}

// try runs a step of the loop and says whether it went well; what fails is logged and tried again at the next round.
func (f *Floor) try(ctx context.Context, what string, step func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := step(ctx)
	if err != nil && ctx.Err() == nil {
		f.log.WarnContext(ctx, "the floor failed at something; it will try again", "step", what, "error", err)
	}
	return err == nil
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
	defer f.mu.Unlock()
	fresh := false
	for id := range offering {
		fresh = fresh || f.offering[id] == nil
	}
	maps.DeleteFunc(f.dry, func(id campaign.CampaignID, _ time.Time) bool { return offering[id] == nil })
	maps.DeleteFunc(f.mixes, func(id campaign.CampaignID, _ *Mix) bool { return offering[id] == nil })
	f.offering = offering
	if fresh {
		poke(f.relay)
		poke(f.kick)
	}
	return nil
}

// readRoster takes over what changed of the agents here: campaigns, weights, skills.
func (f *Floor) readRoster(ctx context.Context) error {
	f.mu.Lock()
	n := len(f.seats)
	f.mu.Unlock()
	if n == 0 {
		return nil
	}
	all, err := f.rec.Agents(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for _, a := range all {
		if s := f.seats[a.ID]; s != nil && a.Version >= s.agent.Version {
			s.agent, s.read = a, now
		}
	}
	if f.queue.len() > 0 {
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
	gone, unseen := f.learnAll(here)
	for some := range slices.Chunk(gone, batchMost) {
		f.refreshAll(ctx, some)
	}
	for _, id := range unseen {
		if err := f.show(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// learnAll takes over the sessions of this node. Gone are those of desks here that are not among them, unseen those
// whose card the desk was not given. What has not changed costs next to nothing.
func (f *Floor) learnAll(here []campaign.Session) (gone, unseen []campaign.AgentID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for i := range here {
		s := f.seats[here[i].AgentID]
		if s == nil || s.desk == nil {
			continue
		}
		s.seen = now
		switch {
		case s.knows(&here[i]):
			s.learnt = now
		case s.moving > 0: // learnt with what else there is to say
		default:
			f.learn(s, here[i])
		}
		if s.unseen() {
			unseen = append(unseen, s.agent.ID)
		}
	}
	for id, s := range f.seats {
		if s.desk != nil && s.moving == 0 && !s.seen.Equal(now) {
			gone = append(gone, id)
		}
	}
	return gone, unseen
}
