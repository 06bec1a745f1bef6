package dialer

import (
	"context"
	"fmt"
	"time"

	"redial/campaign"
)

// NextCall waits up to wait for a lead for an agent who has no stream. What the agent holds already is the answer at
// once. Nil without an error: nothing came, or the agent is no longer ready. Asking is a sign of life and says ready;
// only a break that the agent asked for must be ended first. An epoch of 0 is not fenced.
func (f *Floor) NextCall(ctx context.Context, agent campaign.AgentID, epoch int64, wait time.Duration) (*campaign.Claimed, campaign.Session, error) {
	if err := f.stopping(); err != nil {
		return nil, campaign.Session{}, err
	}
	a, held, err := f.getReady(ctx, agent, epoch)
	session := a.Session
	if err != nil || held != nil {
		return held, session, err
	}
	if a.at.IsZero() {
		if a.Agent, err = f.agentOf(ctx, agent, memberFor); err != nil {
			return nil, session, err
		}
	}
	s, ch := f.join(&a)
	got, stood := f.await(ctx, s, ch, wait)
	switch err := f.stopping(); {
	case got != nil:
		return got, got.Session, nil
	case err != nil:
		return nil, session, err
	case ctx.Err() != nil:
		return nil, session, ctx.Err()
	case stood:
		f.mu.Lock()
		defer f.mu.Unlock()
		return nil, s.session, nil
	}
	// The agent is not ready any more: a lead may have come another way.
	if session, err = f.rec.Session(ctx, agent); err != nil {
		return nil, session, err
	}
	held, err = f.Held(ctx, session)
	return held, session, err
}

// join adds a NextCall to those who wait.
func (f *Floor) join(a *arrival) (*seat, chan *campaign.Claimed) {
	ch := make(chan *campaign.Claimed, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sit(a)
	if a.at.IsZero() && f.now().Sub(s.looked) > ownedFor {
		f.doubt(s)
	}
	s.callers = append(s.callers, ch)
	if !s.older(a.Session) {
		s.session = a.Session
		s.learnt = f.now()
	}
	f.settle(s)
	return s, ch
}

// How long, and how often, a NextCall whose time is over waits for a claim that is under way.
const (
	linger     = 20 * time.Millisecond
	lingerMost = 50
)

// await waits for a claim; one that is under way when the time is over is waited for a little longer. It says whether
// the agent waited to the end.
func (f *Floor) await(ctx context.Context, s *seat, ch chan *campaign.Claimed, wait time.Duration) (got *campaign.Claimed, stood bool) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	look := time.NewTicker(idleLook)
	defer look.Stop()
	for waiting := true; waiting; {
		select {
		case got := <-ch:
			return got, false
		case <-look.C:
			if f.idles(s) {
				campaign.Idle(ctx)
				look.Stop()
			}
		case <-timer.C:
			waiting = false
		case <-ctx.Done():
			waiting = false
		case <-f.ending:
			waiting = false
		}
	}
	// A look for a lead may be under way: it ends soon, with a claim or without.
	for n := 0; f.leave(s, ch, n >= lingerMost); n++ {
		timer.Reset(linger)
		select {
		case got := <-ch:
			return got, false
		case <-timer.C:
		}
	}
	select {
	case got := <-ch:
		return got, got == nil
	default:
		return nil, true
	}
}

// idleLook is how often a NextCall that waits is asked whether it waits for a lead, or for this node to come to it.
const idleLook = 50 * time.Millisecond

// idles says whether there is nothing to be had for an agent just now, so that waiting for it is no work.
func (f *Floor) idles(s *seat) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.pending || s.looked.IsZero() {
		return false
	}
	now := f.now()
	return f.ordinary(s, f.live(now), now) == nil
}

// leave takes a NextCall away, but with a claim under way only if told to and no CRM is being asked; it says whether there
// is one.
func (f *Floor) leave(s *seat, ch chan *campaign.Claimed, anyway bool) (pending bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.pending && (!anyway || f.now().Before(s.asking)) {
		return true
	}
	s.drop(ch)
	f.place(s)
	return false
}

// systemBreaks are breaks the floor put the agent on: asking for a call ends them.
var systemBreaks = map[string]bool{
	ReasonSignedIn: true, ReasonOfferLapsed: true, ReasonLeaseLapsed: true, ReasonOutcomeMissing: true,
}

// getReady makes the agent ready, or says what the agent holds. The session is as it is then; the rest of the arrival is
// there if it had to be read: together with those who ask at the same time, so that what they own is known at once, too.
func (f *Floor) getReady(ctx context.Context, agent campaign.AgentID, epoch int64) (arrival, *campaign.Claimed, error) {
	if s, ok := f.knownReady(agent, epoch); ok {
		return arrival{Arrival: campaign.Arrival{Session: s}}, nil, nil
	}
	a, err := f.arrives(ctx, agent)
	if err != nil {
		return a, nil, err
	}
	s := a.Session
	if epoch != 0 && epoch != s.Epoch {
		_, _, err := Step(s, f.now(), Heartbeat{Epoch: epoch}, Settings{})
		return a, nil, err
	}
	if held, err := f.Held(ctx, s); err != nil || held != nil {
		return a, held, err
	}
	switch {
	case s.State == campaign.AgentSignedOut:
		a.Session, err = f.enter(ctx, agent, SignIn{}, true)
	case s.State == campaign.AgentBreak && !systemBreaks[s.Reason]:
		err = campaign.Unready(campaign.ReasonNotReady, fmt.Sprintf("you are on break (%s): set your state to ready first", s.Reason))
	case s.State == campaign.AgentReady && f.lively(s):
	default:
		a.Session, err = f.Apply(ctx, agent, WantReady{})
		if campaign.ReasonOf(err) == campaign.ReasonBadState && f.signedOut(ctx, agent) {
			// A timer signed a silent desk out between the look and the step: asking signs in again.
			a.Session, err = f.enter(ctx, agent, SignIn{}, true)
		}
	}
	return a, nil, err
}

// signedOut says whether the record has the agent signed out now.
func (f *Floor) signedOut(ctx context.Context, agent campaign.AgentID) bool {
	s, err := f.rec.Session(ctx, agent)
	return err == nil && s.State == campaign.AgentSignedOut
}

// knownReady is the session of an agent who is known to be ready, so that a client that asks again and again costs the
// record nothing.
func (f *Floor) knownReady(agent campaign.AgentID, epoch int64) (campaign.Session, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[agent]
	if s == nil || s.pending || s.session.State != campaign.AgentReady || f.now().Sub(s.learnt) >= trusted ||
		(epoch != 0 && epoch != s.session.Epoch) || !f.lively(s.session) {
		return campaign.Session{}, false
	}
	return s.session, true
}

// lively says whether the last sign of life is so recent that another need not be written.
func (f *Floor) lively(s campaign.Session) bool {
	return f.now().Sub(s.HeartbeatAt) < patience(s.Node, f.beat)/3
}
