package dialer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"redial/campaign"
)

func (e SignIn) apply(m *machine) error {
	m.s.Epoch++
	m.s.Node = e.Node
	if m.s.State == campaign.AgentSignedOut {
		m.enter(campaign.AgentBreak, ReasonSignedIn)
	}
	return nil
}

func (SignOut) apply(m *machine) error {
	switch {
	case m.s.State == campaign.AgentSignedOut:
		return nil
	case m.dialled():
		m.wish(campaign.AgentSignedOut, ReasonSignedOut)
		m.tell(ReasonSignedOut, "You are signed out as soon as the outcome of this call is recorded and wrap-up is over.")
		return nil
	case m.s.State == campaign.AgentOffered:
		m.drop(campaign.AssignmentDeclined, ReasonSignedOut)
	}
	m.enter(campaign.AgentSignedOut, ReasonSignedOut)
	return nil
}

func (WantReady) apply(m *machine) error {
	switch m.s.State {
	case campaign.AgentReady: // as it is
	case campaign.AgentOffered, campaign.AgentOnCall:
		m.wish("", "")
	case campaign.AgentWrapUp:
		if m.s.Assignment != 0 {
			return m.wrong("record the outcome of assignment %d first", m.s.Assignment)
		}
		m.enter(campaign.AgentReady, ReasonAsked)
	case campaign.AgentBreak:
		m.enter(campaign.AgentReady, ReasonAsked)
	default:
		return m.signInFirst()
	}
	return nil
}

func (e WantBreak) apply(m *machine) error {
	if err := CheckReason(e.Reason); err != nil {
		return err
	}
	switch {
	case m.s.State == campaign.AgentSignedOut:
		return m.signInFirst()
	case m.s.Assignment != 0:
		m.wish(campaign.AgentBreak, e.Reason)
	default:
		m.enter(campaign.AgentBreak, e.Reason)
	}
	return nil
}

func (Heartbeat) apply(m *machine) error {
	if m.s.State == campaign.AgentSignedOut {
		return m.signInFirst()
	}
	return nil
}

func (e Start) apply(m *machine) error {
	if err := m.mine(e.Assignment); err != nil {
		return err
	}
	switch m.s.State {
	case campaign.AgentOffered:
		m.enter(campaign.AgentOnCall, "")
		return nil
	case campaign.AgentOnCall:
		return nil
	default:
		return m.wrong("this call was placed and has ended: record its outcome")
	}
}

func (e Declined) apply(m *machine) error {
	if err := CheckReason(e.Reason); err != nil {
		return err
	}
	if err := m.mine(e.Assignment); err != nil {
		return err
	}
	if m.s.State != campaign.AgentOffered {
		return m.wrong("the call was placed already: record its outcome instead")
	}
	m.drop(campaign.AssignmentDeclined, e.Reason)
	m.settle(campaign.AgentReady, ReasonDeclined)
	return nil
}

// dialled says whether a placed call waits for its outcome.
func (m *machine) dialled() bool {
	return m.s.Assignment != 0 && (m.s.State == campaign.AgentOnCall || m.s.State == campaign.AgentWrapUp)
}

// mine refuses a deed on an assignment that the session does not hold.
func (m *machine) mine(id campaign.AssignmentID) error {
	if id != 0 && id == m.s.Assignment {
		return nil
	}
	return campaign.Unready(campaign.ReasonLeaseExpired, fmt.Sprintf(
		"assignment %d is no longer in your hands: it was closed or taken back; ask for the next call", id))
}

func (m *machine) wrong(what string, args ...any) error {
	return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("agent is in %s: ", m.s.State)+fmt.Sprintf(what, args...))
}

func (m *machine) signInFirst() error {
	msg := "agent is signed out: sign in first"
	if m.s.Reason == ReasonHeartbeatLost {
		msg = "agent was signed out because the desktop gave no sign of life: sign in again"
	}
	return campaign.Unready(campaign.ReasonBadState, msg)
}

// maxReason bounds what people type as a reason, in characters.
const maxReason = 100

// CheckReason refuses a reason that is empty, too long or not text; the field is reason.
func CheckReason(reason string) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return campaign.Invalid("reason", "give a reason, such as lunch or training")
	case !utf8.ValidString(reason):
		return campaign.Invalid("reason", "is not valid UTF-8")
	case utf8.RuneCountInString(reason) > maxReason:
		return campaign.Invalid("reason", fmt.Sprintf("is longer than %d characters", maxReason))
	}
	return nil
}
