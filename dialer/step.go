package dialer

import (
	"fmt"
	"time"

	"redial/campaign"
)

// Step is the floor's rule: what becomes of session s when ev happens at now. The next session's Deadline is when
// Timer is due; zero: never. A refused event leaves everything as it was: the error is a *campaign.Error of kind
// KindUnready (reasons WRONG_STATE, AGENT_NOT_READY, LEASE_EXPIRED, NOT_STARTED, SIGNED_IN_ELSEWHERE) or
// KindInvalid, and says what to do. A session that was never written (State empty) is signed out.
//
// A now before the session's last change, from a node whose clock is behind, counts as that change's instant, so
// that no state lasts a negative time.
func Step(s campaign.Session, now time.Time, ev Event, set Settings) (next campaign.Session, acts []Action, err error) {
	m := machine{s: s, now: later(now, s.Since), set: set.withDefaults()}
	if s.State == "" {
		m.s.State = campaign.AgentSignedOut
	}
	if _, known := moves[m.s.State]; !known {
		return s, nil, fmt.Errorf("step of agent %d: unknown state %q", s.AgentID, s.State)
	}
	epoch, agent := ev.voice()
	if epoch != 0 && epoch != s.Epoch {
		return s, nil, campaign.Unready(campaign.ReasonSignedInAnew,
			"you signed in again at another desktop, which has your call now: close this one, or sign in here")
	}
	from := m.s.State
	if err := ev.apply(&m); err != nil {
		return s, nil, err
	}
	if !CanMove(from, m.s.State) {
		return s, nil, fmt.Errorf("step of agent %d: %T moves %s to %s, which is no legal move", s.AgentID, ev, from, m.s.State)
	}
	if agent {
		m.alive()
	}
	m.arm()
	return m.s, m.acts, nil
}

// machine is one step in progress.
type machine struct {
	s    campaign.Session
	now  time.Time
	set  Settings
	acts []Action
}

func (m *machine) act(a Action) { m.acts = append(m.acts, a) }

// tell lets the agent know of a change that was not the agent's own doing.
func (m *machine) tell(reason, text string) { m.act(Notify{Reason: reason, Text: text}) }

// enter puts the agent into a state; Since moves only when there is something for the ledger.
func (m *machine) enter(state campaign.AgentState, reason string) {
	if m.s.State != state || m.s.Reason != reason {
		m.s.Since = m.now
	}
	m.s.State, m.s.Reason, m.s.Deadline = state, reason, time.Time{}
	switch state {
	case campaign.AgentReady, campaign.AgentBreak:
		m.wish("", "")
	case campaign.AgentSignedOut:
		m.wish("", "")
		m.s.Node = ""
	case campaign.AgentOffered, campaign.AgentOnCall, campaign.AgentWrapUp:
	}
}

// wish is where the agent goes when the call in hand is over.
func (m *machine) wish(state campaign.AgentState, reason string) {
	m.s.Next, m.s.NextReason = state, reason
}

// settle ends the call in hand: to what was wished for meanwhile, else to the state given. It returns the state.
func (m *machine) settle(state campaign.AgentState, reason string) campaign.AgentState {
	if m.s.Next == campaign.AgentBreak || m.s.Next == campaign.AgentSignedOut {
		state, reason = m.s.Next, m.s.NextReason
	}
	m.enter(state, reason)
	return state
}

// drop gives an offer back before dialling.
func (m *machine) drop(as campaign.AssignmentState, reason string) {
	m.act(Release{Assignment: m.s.Assignment, As: as, Reason: reason})
	m.s.Assignment = 0
}

// giveUp ends a placed call whose outcome never came.
func (m *machine) giveUp(reason string) {
	m.act(GiveUp{Assignment: m.s.Assignment, Reason: reason})
	m.s.Assignment = 0
}

// wrapUp begins after-call time, which runs from the instant given and may be over already.
func (m *machine) wrapUp(from time.Time) {
	end := from.Add(m.set.WrapUp)
	over := !m.now.Before(end)
	switch {
	case m.s.Assignment != 0 && over:
		m.overdue()
		return
	case m.s.Assignment != 0:
		m.enter(campaign.AgentWrapUp, ReasonCallEnded)
	case over:
		m.settle(campaign.AgentReady, ReasonConcluded)
		return
	default:
		m.enter(campaign.AgentWrapUp, ReasonConcluded)
	}
	m.s.Deadline = end
}

func (m *machine) overdue() {
	m.enter(campaign.AgentWrapUp, ReasonOutcomeOverdue)
	m.tell(ReasonOutcomeOverdue, "Wrap-up is over: record the outcome of this call now.")
}

// silent says whether there was no sign of life for d.
func (m *machine) silent(d time.Duration) bool { return !m.now.Before(m.s.HeartbeatAt.Add(d)) }

// alive notes a sign of life. The record renews the lease of a placed call whenever HeartbeatAt moves on.
func (m *machine) alive() {
	if m.s.State != campaign.AgentSignedOut {
		m.s.HeartbeatAt = later(m.now, m.s.HeartbeatAt)
	}
}

// arm sets the Deadline that the state needs. Wrap-up that is not overdue keeps the one it began with.
func (m *machine) arm() {
	beat := m.s.HeartbeatAt.Add(m.set.Heartbeat)
	lease := m.s.HeartbeatAt.Add(m.set.Lease)
	switch m.s.State {
	case campaign.AgentSignedOut:
		m.s.Deadline = time.Time{}
	case campaign.AgentReady, campaign.AgentBreak:
		m.s.Deadline = beat
	case campaign.AgentOffered:
		m.s.Deadline = earlier(m.s.Since.Add(m.set.OfferTime), beat)
	case campaign.AgentOnCall:
		m.s.Deadline = lease
	case campaign.AgentWrapUp:
		if m.s.Reason == ReasonOutcomeOverdue {
			m.s.Deadline = earlier(m.s.Since.Add(m.set.OutcomeWait), lease)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
