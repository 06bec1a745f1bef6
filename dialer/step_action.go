package dialer

import (
	"time"

	"redial/campaign"
)

// Action is something a step asks for. Release, GiveUp and RenewLease belong in the transaction that writes the
// session; Seek, Close and Notify are for after its commit, and losing them loses nothing of the record.
type Action interface{ action() }

// Seek tells the dispatcher that the agent waits for a call. Said again for an agent that waits already it means
// nothing new. An agent that is no longer ready waits no more; there is no action for that, because Offer is refused.
type Seek struct{}

// Release closes an assignment that was not dialled; its lead goes back to its previous plan.
type Release struct {
	Assignment campaign.AssignmentID
	As         campaign.AssignmentState // declined, lapsed or revoked
	Reason     string
}

// GiveUp closes an assignment that was dialled and whose outcome never came: an UNKNOWN attempt.
type GiveUp struct {
	Assignment campaign.AssignmentID
	Reason     string
}

// RenewLease moves the end of an open assignment's lease; never back.
type RenewLease struct {
	Assignment campaign.AssignmentID
	Until      time.Time
}

// Close ends the agent's stream at a node; a stream of a later epoch stays.
type Close struct {
	Node   string // empty: there is none
	Epoch  int64
	Reason string
}

// Notify tells the agent of something that was not the agent's own doing.
type Notify struct {
	Reason string // stable word
	Text   string // for people: what happened and what to do
}

func (Seek) action()       {}
func (Release) action()    {}
func (GiveUp) action()     {}
func (RenewLease) action() {}
func (Close) action()      {}
func (Notify) action()     {}
