package dialer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// arrival is an agent who comes: what the record says, and as of when.
type arrival struct {
	campaign.Arrival
	at    time.Time // when it was asked for; zero: what is owned is not known
	wakes int64     // how often Wake had been said then
	doubt int64     // how often what somebody owns had been doubted then
}

// How long what is known of an agent is believed.
const (
	agentFor  = 5 * time.Second        // when choosing a lead
	memberFor = rosterEvery + agentFor // when asking for calls again and again: what changes is read every rosterEvery
	trusted   = time.Second            // the session, while nothing was heard of it. The claim looks anyway.
)

// arrives reads all that must be known of an agent who comes, together with those who come at the same time.
func (f *Floor) arrives(ctx context.Context, agent campaign.AgentID) (arrival, error) {
	f.mu.Lock()
	a := arrival{at: f.now(), wakes: f.wakes, doubt: f.doubts}
	f.mu.Unlock()
	got, ok, err := f.door.Get(ctx, agent)
	switch {
	case err != nil:
		return a, err
	case !ok:
		return a, campaign.NotFound("agent", agent)
	case !got.Agent.Active:
		return a, switchedOff(&got.Agent)
	}
	a.Arrival = got
	return a, nil
}

func switchedOff(a *campaign.Agent) error {
	return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("agent %s is switched off: ask an administrator", a.Login))
}

// ownedFor is how long it is believed what an agent owns who comes back to ask: it may have been booked at another node
// meanwhile, even by the agent.
const ownedFor = time.Second

// Anew has what an agent owns and is promised read again before the agent is given anything: it was changed.
func (f *Floor) Anew(agent campaign.AgentID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[agent]; s != nil {
		f.doubt(s)
		f.note(s)
	}
}

// doubt has what an agent owns read again: what is being read at this moment may be from before it changed. The caller
// holds the lock.
func (f *Floor) doubt(s *seat) {
	f.doubts++
	s.looked, s.doubt = time.Time{}, f.doubts
}

// readArrivals is what the door reads.
func (f *Floor) readArrivals(ctx context.Context, agents []campaign.AgentID) (map[campaign.AgentID]campaign.Arrival, error) {
	f.mu.Lock()
	until := f.now().Add(f.far())
	f.mu.Unlock()
	slices.Sort(agents)
	return f.rec.Arrivals(ctx, slices.Compact(agents), until)
}

// agentOf is an agent with campaigns and skills, who must not be switched off, as it was at most so long ago.
func (f *Floor) agentOf(ctx context.Context, id campaign.AgentID, within time.Duration) (campaign.Agent, error) {
	if a, ok := f.knownAgent(id, within); ok {
		return a, nil
	}
	a, err := f.arrives(ctx, id)
	if err != nil {
		return campaign.Agent{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[id]; s != nil {
		f.acquaint(s, &a)
	}
	return a.Agent, nil
}

func (f *Floor) knownAgent(id campaign.AgentID, within time.Duration) (campaign.Agent, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[id]
	if s == nil || !s.agent.Active || f.now().Sub(s.read) >= within {
		return campaign.Agent{}, false
	}
	return s.agent, true
}

// sit is the agent's seat, made if there is none, and knows what the arrival brought; the caller holds the lock.
func (f *Floor) sit(a *arrival) *seat {
	s := f.seats[a.Agent.ID]
	if s == nil {
		s = &seat{agent: a.Agent}
		f.seats[a.Agent.ID] = s
	}
	f.acquaint(s, a)
	return s
}

// acquaint takes over what an arrival brought, unless something newer is known. What is owned is not believed if
// something was booked here since it was read: the dispatcher looks again before the agent is given anything.
func (f *Floor) acquaint(s *seat, a *arrival) {
	if a.at.IsZero() {
		return
	}
	if a.Agent.Version >= s.agent.Version {
		s.agent, s.read = a.Agent, a.at
	}
	if a.wakes == f.wakes && a.doubt >= s.doubt && a.at.After(s.looked) {
		f.ahead.owns(s, a.Owned, a.Promises, a.at)
	}
}

// greet reads what those own who wait and of whom it is not known yet: before it is, they are given nothing else. It
// says whether some are left for the next time.
func (f *Floor) greet(ctx context.Context) (left bool) {
	f.mu.Lock()
	at, wakes, doubts := f.now(), f.wakes, f.doubts
	left = len(f.strangers) > batchMost
	var ids []campaign.AgentID
	for id := range f.strangers {
		if ids = append(ids, id); len(ids) == batchMost {
			break
		}
	}
	f.mu.Unlock()
	if len(ids) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	got, err := f.readArrivals(ctx, ids)
	if err != nil {
		if ctx.Err() == nil {
			f.log.WarnContext(ctx, "it is not known what newcomers own; trying again", "agents", len(ids), "error", err)
		}
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, a := range got {
		if s := f.seats[id]; s != nil {
			f.acquaint(s, &arrival{Arrival: a, at: at, wakes: f.wakes, doubt: doubts})
			f.note(s)
			left = left || f.strangers[id] == s // doubted meanwhile
		}
	}
	if wakes != f.wakes {
		poke(f.relay) // something was booked meanwhile
	}
	return left
}
