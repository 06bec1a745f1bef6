package dialer

import (
	"time"

	"redial/campaign"
)

// Hand is what an agent holds, as this node knows it: what a request about it need not read again.
type Hand struct {
	Lead     campaign.LeadID
	Campaign *campaign.Campaign // as the record had it a moment ago, see Options.Watch; nil: it offers nothing now. Do not change it
	Lease    time.Time          // until when it is held unless there are signs of life
}

// InHand is what an agent holds by an assignment; false: this node does not know, and the record must be asked.
func (f *Floor) InHand(agent campaign.AgentID, id campaign.AssignmentID) (Hand, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[agent]
	if s == nil || id == 0 || s.held.id != id || s.session.Assignment != id {
		return Hand{}, false
	}
	h := Hand{Lead: s.held.lead, Campaign: f.offering[s.held.of], Lease: s.held.lease}
	if s.session.State != campaign.AgentOffered { // signs of life renew the lease of a call, not of an offer
		h.Lease = s.session.HeartbeatAt.Add(s.held.floor.Lease)
	}
	return h, true
}

// Stays says why an agent who has recorded an outcome is not to be given the next call though the desktop asks for it: a
// break, or the end of the shift, that the agent or a supervisor asked for meanwhile. Empty: nothing stands against it.
func Stays(s campaign.Session) string {
	switch {
	case s.Next == campaign.AgentSignedOut, s.State == campaign.AgentSignedOut && s.Reason != ReasonHeartbeatLost:
		return "you are signed out after this call: sign in to go on"
	case s.Next == campaign.AgentBreak:
		return "you are on break after this call (" + s.NextReason + "): set your state to ready to go on"
	case s.State == campaign.AgentBreak && !systemBreaks[s.Reason]:
		return "you are on break (" + s.Reason + "): set your state to ready to go on"
	}
	return ""
}
