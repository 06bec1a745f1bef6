package dialer

import (
	"time"

	"redial/campaign"
)

// Event is something that happens to an agent's session. There are three kinds. What the agent says (SignIn, SignOut,
// WantReady, WantBreak, Heartbeat, Start, Declined) is a sign of life and carries the epoch it was said under.
// What a supervisor or the clock says (Forced, Timer) and Offer ask Step to decide. What the record has done
// already (CallEnded, Concluded, Revoked, Lapsed) is a fact: Step follows it, and one about an assignment that the
// session does not hold changes nothing, because it came late.
//
// An Epoch of 0 is said without a stream and is not fenced; assignment ids fence it all the same.
type Event interface {
	apply(m *machine) error
	voice() (epoch int64, agent bool) // agent: a sign of life
}

// SignIn begins a session at a node, or takes over the running one with the lead in hand. It raises the epoch.
type SignIn struct {
	Node string // empty: no stream to send to
}

// SignOut ends the session: at once, or after the call in hand. An offer goes back.
type SignOut struct{ Epoch int64 }

// WantReady asks for calls. It ends a break, ends wrap-up early, and takes back a wish for a break.
type WantReady struct{ Epoch int64 }

// WantBreak asks for a break: at once, or after the call in hand.
type WantBreak struct {
	Reason string // required, at most 100 characters
	Epoch  int64
}

// Heartbeat says that the desktop is there. A node may note heartbeats in the row by the batch and without Step
// (HeartbeatAt and the lease): Timer, fed at the Deadline that stands, then finds the agent alive and sets the next one.
type Heartbeat struct{ Epoch int64 }

// Offer puts a claimed lead on the card of a ready agent. Refused, the claim must not commit.
type Offer struct{ Assignment campaign.AssignmentID }

// Start says that StartCall was acknowledged: the call counts. Said twice it changes nothing.
type Start struct {
	Assignment campaign.AssignmentID
	Epoch      int64
}

// Declined gives an offer back before dialling.
type Declined struct {
	Assignment campaign.AssignmentID
	Reason     string // required, at most 100 characters
	Epoch      int64
}

// CallEnded tells that the conversation or the ringing is over; the outcome is still to come.
type CallEnded struct {
	Assignment campaign.AssignmentID
	EndedAt    time.Time // zero or later than now: now
	FromLine   bool      // the carrier says so, which is no sign of life of the agent
}

// Concluded tells that the outcome was recorded.
type Concluded struct {
	Assignment campaign.AssignmentID
	EndedAt    time.Time // when the conversation ended, if that is told only now; zero: now
	FromLine   bool      // the carrier's result, which is no sign of life of the agent
}

// Revoked tells that an offer was taken back before dialling: suppressed, list off, campaign paused.
type Revoked struct {
	Assignment campaign.AssignmentID
	Reason     string
}

// Lapsed tells that the assignment's lease ran out and the record has closed it.
type Lapsed struct{ Assignment campaign.AssignmentID }

// Timer says that the session's Deadline has come. Fed early or twice it changes nothing.
type Timer struct{}

// Forced is a supervisor's word.
type Forced struct {
	State  campaign.AgentState // ready, break or signed_out
	Reason string              // required, at most 100 characters
	By     string              // who: the supervisor's name

	Bound bool                  // another assignment than Of is not for this supervisor to end: the word waits for its end
	Of    campaign.AssignmentID // 0: none
}

func (SignIn) voice() (int64, bool)      { return 0, true }
func (e SignOut) voice() (int64, bool)   { return e.Epoch, true }
func (e WantReady) voice() (int64, bool) { return e.Epoch, true }
func (e WantBreak) voice() (int64, bool) { return e.Epoch, true }
func (e Heartbeat) voice() (int64, bool) { return e.Epoch, true }
func (e Start) voice() (int64, bool)     { return e.Epoch, true }
func (e Declined) voice() (int64, bool)  { return e.Epoch, true }
func (e CallEnded) voice() (int64, bool) { return 0, !e.FromLine }
func (e Concluded) voice() (int64, bool) { return 0, !e.FromLine }
func (Offer) voice() (int64, bool)       { return 0, false }
func (Revoked) voice() (int64, bool)     { return 0, false }
func (Lapsed) voice() (int64, bool)      { return 0, false }
func (Timer) voice() (int64, bool)       { return 0, false }
func (Forced) voice() (int64, bool)      { return 0, false }
