package dialer

import (
	"cmp"
	"slices"
	"time"

	"redial/campaign"
)

// seat is what a node remembers of an agent who talks to it. The record is the truth; a seat is only ever a copy.
type seat struct {
	agent    campaign.Agent
	read     time.Time // when agent was read
	session  campaign.Session
	learnt   time.Time // when session was
	heard    int       // how often session was learnt
	seen     time.Time // when it was last in the list of this node's sessions
	desk     *Desk     // nil: no stream
	told     campaign.AssignmentID
	callers  []chan *campaign.Claimed // NextCalls that wait; each is sent once, nil if the agent waits no longer
	owned    []campaign.Owned         // waiting CALL_LATER leads, earliest first
	looked   time.Time                // as of when owned is; zero: nobody has looked yet
	doubt    int64                    // which of the floor's doubts was the last of this agent
	pending  bool                     // a claim is under way
	moving   int                      // steps that are being committed: what they have to say is told with their session
	queued   bool                     // in the queue
	at       place                    // where in it
	timer    *time.Timer              // at due
	due      time.Time
	turns    Turns                         // which campaign is next
	declined map[campaign.LeadID]time.Time // what the agent gave back lately, and when

	held hand

	cleared campaign.AssignmentID // whose CRM said yes, or need not be asked
	asking  time.Time             // a CRM is asked until then at the latest; past: none is

	lost   campaign.AssignmentID // an offer that was taken back
	reason string                // and why
}

// listening says whether an offer would be seen.
func (s *seat) listening() bool { return s.desk != nil || len(s.callers) > 0 }

// waits says whether the agent may be given a lead now.
func (s *seat) waits() bool {
	return s.session.State == campaign.AgentReady && !s.pending && s.listening()
}

// member says whether the agent works for a campaign and has the skills it asks for.
func (s *seat) member(c *campaign.Campaign) bool {
	return s.agent.Active && s.skilled(c) && slices.ContainsFunc(s.agent.Campaigns, func(m campaign.Membership) bool {
		return m.CampaignID == c.ID
	})
}

func (s *seat) skilled(c *campaign.Campaign) bool {
	for _, skill := range c.Skills {
		if !slices.Contains(s.agent.Skills, skill) {
			return false
		}
	}
	return true
}

// gaveBack says whether the agent declined a lead less than rest ago.
func (s *seat) gaveBack(lead campaign.LeadID, now time.Time, rest time.Duration) bool {
	at, ok := s.declined[lead]
	return ok && now.Sub(at) < rest
}

// older says whether a session is from before what is known. Within an epoch Since never goes back, nor does HeartbeatAt,
// which tells what the agent wished for in one state apart.
func (s *seat) older(next campaign.Session) bool {
	return cmp.Or(cmp.Compare(next.Epoch, s.session.Epoch), next.Since.Compare(s.session.Since),
		next.HeartbeatAt.Compare(s.session.HeartbeatAt)) < 0
}

// knows says whether a session is what is known already.
func (s *seat) knows(next *campaign.Session) bool {
	is := &s.session
	return is.Epoch == next.Epoch && is.State == next.State && is.Reason == next.Reason && is.Assignment == next.Assignment &&
		is.Next == next.Next && is.NextReason == next.NextReason && is.Node == next.Node &&
		is.Since.Equal(next.Since) && is.Deadline.Equal(next.Deadline) && is.HeartbeatAt.Equal(next.HeartbeatAt)
}

// tell sends to the stream, if there is one.
func (s *seat) tell(u Update) {
	if s.desk != nil {
		s.desk.send(u)
	}
}

// give hands a claimed lead to whoever listens, if it is still theirs: between the claim's commit and now the offer may
// have been taken back or have lapsed, and the agent may have signed in anew. Then nobody sees the card, and NextCalls
// ask the record. A desk whose agent has signed in elsewhere meanwhile is cut: the one there will show it.
func (s *seat) give(c *campaign.Claimed, now time.Time) {
	if s.desk != nil && c.Session.Epoch > s.session.Epoch {
		s.desk.close(campaign.ReasonSignedInAnew)
		s.desk = nil
	}
	id, over := c.Assignment.ID, c.Session.Deadline
	lapsed := !over.IsZero() && !now.Before(over)
	newer := !s.older(c.Session) && s.lost != id
	if newer {
		s.session, s.learnt = c.Session, now
	}
	switch {
	case s.session.Assignment != id:
		s.send(nil)
		return
	case newer && lapsed:
		s.told = id // the timer takes it back at once
		s.send(nil)
		return
	case newer:
		s.tell(Update{Session: &c.Session})
	}
	s.send(c)
	if s.told == id { // it came with the sign-in
		s.holds(c)
		return
	}
	s.hand(c)
}

// hand puts a card on the desk.
func (s *seat) hand(c *campaign.Claimed) {
	s.holds(c)
	s.told = c.Assignment.ID
	s.tell(Update{Offer: c})
}

// hand is an assignment as it was when this node heard of it.
type hand struct {
	id    campaign.AssignmentID
	lead  campaign.LeadID
	of    campaign.CampaignID
	lease time.Time
	floor campaign.FloorSettings // of the campaign
}

// holds remembers what is in hand.
func (s *seat) holds(c *campaign.Claimed) {
	if a := c.Assignment; a != nil && c.Facts != nil && c.Facts.Campaign != nil {
		s.held = hand{a.ID, a.LeadID, a.CampaignID, a.LeaseUntil, c.Facts.Campaign.Floor}
	}
}

// send answers every NextCall that waits.
func (s *seat) send(c *campaign.Claimed) {
	for _, ch := range s.callers {
		ch <- c // has room for one, and is given one
	}
	s.callers = nil
}

func (s *seat) drop(ch chan *campaign.Claimed) {
	s.callers = slices.DeleteFunc(s.callers, func(c chan *campaign.Claimed) bool { return c == ch })
}
