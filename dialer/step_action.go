package dialer

import "redial/campaign"

// Action is something a step asks for that the next session does not tell by itself. Release and GiveUp belong in the
// transaction that writes the session; Notify is for after its commit, and losing it loses nothing of the record.
type Action interface{ action() }

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

// Notify tells the agent of something that was not the agent's own doing.
type Notify struct {
	Reason string // stable word
	Text   string // for people: what happened and what to do
}

func (Release) action() {}
func (GiveUp) action()  {}
func (Notify) action()  {}
