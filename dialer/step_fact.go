package dialer

import (
	"fmt"
	"time"

	"redial/campaign"
)

func (e Offer) apply(m *machine) error {
	switch {
	case e.Assignment <= 0:
		return fmt.Errorf("offer to agent %d: no assignment", m.s.AgentID)
	case m.s.State != campaign.AgentReady:
		return campaign.Unready(campaign.ReasonNotReady,
			fmt.Sprintf("agent is in %s, not ready: say ready, or finish the call in hand, then ask again", m.s.State))
	case m.silent(m.set.Heartbeat):
		return campaign.Unready(campaign.ReasonNotReady, "the agent's desktop gave no sign of life: send a heartbeat or sign in again")
	}
	m.s.Assignment = e.Assignment
	m.enter(campaign.AgentOffered, "")
	return nil
}

func (e CallEnded) apply(m *machine) error {
	if e.Assignment == 0 || e.Assignment != m.s.Assignment {
		return nil
	}
	switch m.s.State {
	case campaign.AgentOnCall:
		m.wrapUp(m.ended(e.EndedAt))
		return nil
	case campaign.AgentWrapUp:
		return nil
	default:
		return campaign.Unready(campaign.ReasonNotStarted, "no call was placed: start it, or decline the offer")
	}
}

func (e Concluded) apply(m *machine) error {
	if e.Assignment == 0 || e.Assignment != m.s.Assignment {
		return nil
	}
	switch m.s.State {
	case campaign.AgentOnCall:
		m.s.Assignment = 0
		m.wrapUp(m.ended(e.EndedAt))
		return nil
	case campaign.AgentWrapUp:
		m.s.Assignment = 0
		if m.s.Reason == ReasonOutcomeOverdue || !m.now.Before(m.s.Deadline) {
			m.settle(campaign.AgentReady, ReasonConcluded)
		}
		return nil
	default:
		return campaign.Unready(campaign.ReasonNotStarted, "no call was placed: decline the offer instead of recording an outcome")
	}
}

// ended is the conversation's end as it was told, within the call.
func (m *machine) ended(at time.Time) time.Time {
	if at.IsZero() || at.After(m.now) {
		return m.now
	}
	return later(at, m.s.Since)
}

func (e Revoked) apply(m *machine) error {
	if e.Assignment == 0 || e.Assignment != m.s.Assignment {
		return nil
	}
	if m.s.State != campaign.AgentOffered {
		return m.wrong("the call was placed, so it can no longer be taken back; its outcome is awaited")
	}
	m.s.Assignment = 0
	m.tell(ReasonRevoked, fmt.Sprintf("The offer was taken back (%s) before the call was placed.", e.Reason))
	m.settle(campaign.AgentReady, ReasonRevoked)
	return nil
}

func (e Lapsed) apply(m *machine) error {
	if e.Assignment == 0 || e.Assignment != m.s.Assignment {
		return nil
	}
	reason, limit := ReasonOfferLapsed, m.set.Heartbeat
	if m.dialled() {
		reason, limit = ReasonLeaseLapsed, m.set.Lease
	}
	m.s.Assignment = 0
	if m.silent(limit) {
		m.lost()
		return nil
	}
	m.stop(reason)
	return nil
}

func (Timer) apply(m *machine) error {
	if m.s.Deadline.IsZero() || m.now.Before(m.s.Deadline) {
		return nil
	}
	switch m.s.State {
	case campaign.AgentReady, campaign.AgentBreak:
		if m.silent(m.set.Heartbeat) {
			m.lost()
		}
	case campaign.AgentOffered:
		m.offerTimer()
	case campaign.AgentOnCall:
		if m.silent(m.set.Lease) {
			m.giveUp(ReasonHeartbeatLost)
			m.lost()
		}
	case campaign.AgentWrapUp:
		m.wrapUpTimer()
	case campaign.AgentSignedOut: // has no deadline
	}
	return nil
}

func (m *machine) offerTimer() {
	switch {
	case m.silent(m.set.Heartbeat):
		m.drop(campaign.AssignmentLapsed, ReasonHeartbeatLost)
		m.lost()
	case !m.now.Before(m.s.Since.Add(m.set.OfferTime)):
		m.drop(campaign.AssignmentLapsed, ReasonOfferLapsed)
		m.stop(ReasonOfferLapsed)
	}
}

func (m *machine) wrapUpTimer() {
	open := m.s.Assignment != 0
	switch {
	case open && m.silent(m.set.Lease):
		m.giveUp(ReasonHeartbeatLost)
		m.lost()
	case open && m.s.Reason != ReasonOutcomeOverdue:
		m.overdue()
	case open && !m.now.Before(m.s.Since.Add(m.set.OutcomeWait)):
		m.giveUp(ReasonOutcomeMissing)
		m.stop(ReasonOutcomeMissing)
	case open: // the settings have grown more patient meanwhile: wait on
	case m.silent(m.set.Heartbeat):
		m.lost()
	default:
		to := m.settle(campaign.AgentReady, ReasonWrapUpOver)
		m.tell(ReasonWrapUpOver, fmt.Sprintf("Wrap-up is over: you are in %s.", to))
	}
}

// lost signs out an agent whose desktop is gone.
func (m *machine) lost() {
	m.tell(ReasonHeartbeatLost, "Your desktop gave no sign of life, so you were signed out: sign in again.")
	m.enter(campaign.AgentSignedOut, ReasonHeartbeatLost)
}

var stopTexts = map[string]string{
	ReasonOfferLapsed:    "The offer was not started in time and went back: say ready when you are at your desk.",
	ReasonLeaseLapsed:    "The lease of your call ran out and its outcome counts as UNKNOWN: you can still record it; say ready to go on.",
	ReasonOutcomeMissing: "No outcome was recorded, so it counts as UNKNOWN: you can still record it; say ready to go on.",
}

// stop takes an agent out of the line, to what was wished for or on break, until the agent says ready.
func (m *machine) stop(reason string) {
	m.tell(reason, stopTexts[reason])
	m.settle(campaign.AgentBreak, reason)
}

func (e Forced) apply(m *machine) error {
	if err := CheckReason(e.Reason); err != nil {
		return err
	}
	if e.State != campaign.AgentReady && e.State != campaign.AgentBreak && e.State != campaign.AgentSignedOut {
		return campaign.Invalid("state", fmt.Sprintf("an agent cannot be put into %q: use ready, break or signed_out", e.State))
	}
	if m.s.State == campaign.AgentSignedOut {
		if e.State == campaign.AgentSignedOut {
			return nil
		}
		return m.signInFirst()
	}
	if e.State == m.s.State && e.State == campaign.AgentReady {
		return nil
	}
	m.force(e)
	return nil
}

func (m *machine) force(e Forced) {
	reason := e.Reason
	if e.By != "" {
		reason = fmt.Sprintf("%s (by %s)", e.Reason, e.By)
	}
	text := fmt.Sprintf("Your supervisor put you into %s: %s.", e.State, reason)
	barred := e.Bound && e.Of != m.s.Assignment
	switch {
	case m.s.Assignment != 0 && barred && e.State != campaign.AgentReady:
		m.wish(e.State, reason)
		m.tell("forced", fmt.Sprintf("Your supervisor put you into %s after what is in your hands: %s.", e.State, reason))
		return
	case m.dialled() && e.State == campaign.AgentSignedOut:
		m.giveUp(reason)
	case m.s.Assignment != 0 && e.State == campaign.AgentReady:
		m.wish("", "")
		m.tell("forced", "Your supervisor wants you ready after this call: "+reason+".")
		return
	case m.dialled():
		m.wish(e.State, reason)
		m.tell("forced", fmt.Sprintf("Your supervisor put you into %s after this call: %s.", e.State, reason))
		return
	case m.s.State == campaign.AgentOffered:
		m.drop(campaign.AssignmentRevoked, reason)
	}
	m.tell("forced", text)
	m.enter(e.State, reason)
}
