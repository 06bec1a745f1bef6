package dialer

import (
	"context"
	"fmt"
	"time"

	"redial/campaign"
)

// SignIn signs an agent in with a stream. What the agent holds comes back with it. The desk of an earlier sign-in is
// cut. Leave must be called when the stream ends.
func (f *Floor) SignIn(ctx context.Context, agent campaign.AgentID, ready bool) (*Desk, campaign.Session, *campaign.Claimed, error) {
	s, err := f.seatOf(ctx, agent)
	if err != nil {
		return nil, campaign.Session{}, nil, err
	}
	session, err := f.enter(ctx, agent, SignIn{Node: f.node}, ready)
	if err != nil {
		return nil, session, nil, err
	}
	held, err := f.rec.OpenAssignment(ctx, agent)
	if err != nil {
		return nil, session, nil, err
	}
	desk := newDesk()
	f.mu.Lock()
	if s.desk != nil {
		s.desk.close(campaign.ReasonSignedInAnew)
	}
	f.seats[agent] = s
	s.desk, s.session = desk, session
	f.arm(s)
	f.mu.Unlock()
	poke(f.relay)
	poke(f.kick)
	return desk, session, held, nil
}

func (f *Floor) enter(ctx context.Context, agent campaign.AgentID, in SignIn, ready bool) (campaign.Session, error) {
	session, err := f.Apply(ctx, agent, in)
	if err != nil || !ready || session.State != campaign.AgentBreak {
		return session, err
	}
	return f.Apply(ctx, agent, WantReady{Epoch: session.Epoch})
}

// SignInSimple signs in an agent who has no stream and asks with NextCall.
func (f *Floor) SignInSimple(ctx context.Context, agent campaign.AgentID, ready bool) (campaign.Session, *campaign.Claimed, error) {
	if _, err := f.seatOf(ctx, agent); err != nil {
		return campaign.Session{}, nil, err
	}
	session, err := f.enter(ctx, agent, SignIn{}, ready)
	if err != nil {
		return session, nil, err
	}
	held, err := f.rec.OpenAssignment(ctx, agent)
	return session, held, err
}

// Leave takes a desk away when its stream has ended. The session stays until its heartbeats are missed, so that an
// agent who reconnects goes on.
func (f *Floor) Leave(agent campaign.AgentID, desk *Desk) {
	desk.close("left")
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[agent]; s != nil && s.desk == desk {
		s.desk = nil
	}
}

// Beat is a sign of life. The lease of what the agent holds is renewed with it.
func (f *Floor) Beat(ctx context.Context, agent campaign.AgentID, epoch int64) (campaign.Session, error) {
	stale, err := f.rec.Heartbeat(ctx, []campaign.Beat{{Agent: agent, Epoch: epoch}})
	if err != nil {
		return campaign.Session{}, err
	}
	s, err := f.Refresh(ctx, agent)
	if err != nil {
		return s, err
	}
	if len(stale) > 0 || s.State == campaign.AgentSignedOut {
		_, _, err := Step(s, f.now(), Heartbeat{Epoch: epoch}, Settings{})
		return s, err
	}
	return s, nil
}

// NextCall waits up to wait for a lead for an agent who has no stream. What the agent holds already is the answer at
// once. Nil without an error: nothing came. Asking is a sign of life and says ready; only a break that the agent
// asked for must be ended first.
func (f *Floor) NextCall(ctx context.Context, agent campaign.AgentID, wait time.Duration) (*campaign.Claimed, campaign.Session, error) {
	held, err := f.rec.OpenAssignment(ctx, agent)
	if err != nil {
		return nil, campaign.Session{}, err
	}
	if held != nil {
		s, err := f.rec.Session(ctx, agent)
		return held, s, err
	}
	s, err := f.seatOf(ctx, agent)
	if err != nil {
		return nil, campaign.Session{}, err
	}
	session, err := f.getReady(ctx, agent)
	if err != nil {
		return nil, session, err
	}
	ch := make(chan *campaign.Claimed, 1)
	f.mu.Lock()
	f.seats[agent] = s
	s.session = session
	s.callers = append(s.callers, ch)
	f.mu.Unlock()
	poke(f.relay)
	poke(f.kick)
	got := f.await(ctx, s, ch, wait)
	switch {
	case got != nil:
		return got, got.Session, nil
	case f.drained():
		return nil, session, &campaign.Error{Kind: campaign.KindAway, RetryAfter: time.Second, Message: "this node is stopping: ask another"}
	}
	return nil, session, ctx.Err()
}

func (f *Floor) drained() bool {
	select {
	case <-f.ending:
		return true
	default:
		return false
	}
}

// await waits for a claim; one that is under way when the time is over is waited for a little longer.
func (f *Floor) await(ctx context.Context, s *seat, ch chan *campaign.Claimed, wait time.Duration) *campaign.Claimed {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case got := <-ch:
		return got
	case <-timer.C:
	case <-ctx.Done():
	case <-f.ending:
	}
	f.mu.Lock()
	pending := s.pending
	if !pending {
		s.drop(ch)
	}
	f.mu.Unlock()
	if pending {
		timer.Reset(time.Second)
		select {
		case got := <-ch:
			return got
		case <-timer.C:
		}
		f.mu.Lock()
		s.drop(ch)
		f.mu.Unlock()
	}
	select {
	case got := <-ch:
		return got
	default:
		return nil
	}
}

// systemBreaks are breaks the floor put the agent on: asking for a call ends them.
var systemBreaks = map[string]bool{
	ReasonSignedIn: true, ReasonOfferLapsed: true, ReasonLeaseLapsed: true, ReasonOutcomeMissing: true,
}

func (f *Floor) getReady(ctx context.Context, agent campaign.AgentID) (campaign.Session, error) {
	s, err := f.rec.Session(ctx, agent)
	if err != nil {
		return s, err
	}
	switch {
	case s.State == campaign.AgentSignedOut || s.State == "":
		return f.enter(ctx, agent, SignIn{}, true)
	case s.State == campaign.AgentBreak && !systemBreaks[s.Reason]:
		return s, campaign.Unready(campaign.ReasonNotReady, fmt.Sprintf("you are on break (%s): set your state to ready first", s.Reason))
	default:
		return f.Apply(ctx, agent, WantReady{})
	}
}
