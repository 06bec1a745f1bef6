package dialer

import (
	"context"

	"redial/campaign"
)

// SignIn signs an agent in with a stream. What the agent holds comes back with it. The desk of an earlier sign-in is
// cut. Leave must be called when the stream ends.
func (f *Floor) SignIn(ctx context.Context, agent campaign.AgentID, ready bool) (*Desk, campaign.Session, *campaign.Claimed, error) {
	a, session, err := f.arrive(ctx, agent, SignIn{Node: f.node}, ready)
	if err != nil {
		return nil, session, nil, err
	}
	desk := newDesk()
	session = f.mount(&a, session, desk)
	held, err := f.Held(ctx, session)
	if err != nil {
		f.Leave(agent, desk)
		return nil, session, nil, err
	}
	if held != nil {
		f.mu.Lock()
		if s := f.seats[agent]; s != nil && s.desk == desk {
			s.holds(held)
			s.told = held.Assignment.ID
		}
		f.mu.Unlock()
	}
	return desk, session, held, nil
}

// SignInSimple signs in an agent who has no stream and asks with NextCall.
func (f *Floor) SignInSimple(ctx context.Context, agent campaign.AgentID, ready bool) (campaign.Session, *campaign.Claimed, error) {
	_, session, err := f.arrive(ctx, agent, SignIn{}, ready)
	if err != nil {
		return session, nil, err
	}
	held, err := f.Held(ctx, session)
	return session, held, err
}

// Held is what the session holds, with all that is known of it; nil: nothing, or what its CRM did not let the agent see.
func (f *Floor) Held(ctx context.Context, s campaign.Session) (*campaign.Claimed, error) {
	if s.Assignment == 0 {
		return nil, nil
	}
	held, err := f.rec.OpenAssignment(ctx, s.AgentID)
	if err != nil || !f.asks(held) {
		return held, err
	}
	if hold, err := f.clear(ctx, held); err != nil || hold != nil {
		return nil, err
	}
	return held, nil
}

// arrive signs in an agent, who must be one and not switched off.
func (f *Floor) arrive(ctx context.Context, agent campaign.AgentID, in SignIn, ready bool) (arrival, campaign.Session, error) {
	if err := f.stopping(); err != nil {
		return arrival{}, campaign.Session{}, err
	}
	a, err := f.arrives(ctx, agent)
	if err != nil {
		return a, campaign.Session{}, err
	}
	s, err := f.enter(ctx, agent, in, ready)
	return a, s, err
}

func (f *Floor) enter(ctx context.Context, agent campaign.AgentID, in SignIn, ready bool) (campaign.Session, error) {
	session, err := f.Apply(ctx, agent, in)
	if err != nil || !ready || session.State != campaign.AgentBreak {
		return session, err
	}
	return f.Apply(ctx, agent, WantReady{Epoch: session.Epoch})
}

// mount puts the desk of a sign-in at the agent's seat and says how the session stands now. A desk that is too late,
// because the agent has signed in once more meanwhile or the node stops, is closed already.
func (f *Floor) mount(a *arrival, session campaign.Session, desk *Desk) campaign.Session {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sit(a)
	switch {
	case f.stopped:
		desk.close(closedDraining)
		return session
	case session.Epoch < s.session.Epoch:
		desk.close(campaign.ReasonSignedInAnew)
		return session
	}
	if s.desk != nil {
		s.desk.close(campaign.ReasonSignedInAnew)
	}
	s.desk, s.told = nil, 0
	if !s.older(session) {
		s.session, s.learnt = session, f.now()
	}
	s.desk = desk
	f.settle(s)
	return s.session
}

// Leave takes a desk away when its stream has ended. The session stays until its heartbeats are missed, so that an
// agent who reconnects goes on.
func (f *Floor) Leave(agent campaign.AgentID, desk *Desk) {
	desk.close(closedLeft)
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[agent]; s != nil && s.desk == desk {
		s.desk = nil
		f.place(s)
	}
}

// Beat is a sign of life. The lease of what the agent holds is renewed with it. The session that it left is no news where
// a step of the agent's is under way or another was learnt meanwhile: it may be older, and within one transaction nothing
// tells which.
func (f *Floor) Beat(ctx context.Context, agent campaign.AgentID, epoch int64) (campaign.Session, error) {
	b := campaign.Beat{Agent: agent, Epoch: epoch}
	before := f.heard(agent)
	left, err := f.rec.Heartbeat(ctx, []campaign.Beat{b})
	if err != nil {
		return campaign.Session{}, err
	}
	s := left[0]
	if !f.moves(agent) && f.heard(agent) == before {
		if s, err = f.Learned(ctx, agent, s); err != nil {
			return s, err
		}
	}
	if b.Stale(s) {
		_, _, err := Step(s, f.now(), Heartbeat{Epoch: epoch}, Settings{})
		return s, err
	}
	return s, nil
}
