package dialer

import (
	"slices"
	"time"

	"redial/campaign"
)

// seat is what a node remembers of an agent who talks to it. The record is the truth; a seat is only ever a copy.
type seat struct {
	agent   campaign.Agent
	session campaign.Session
	desk    *Desk                         // nil: no stream
	callers []chan *campaign.Claimed      // NextCalls that wait
	pending bool                          // a claim is under way
	timer   *time.Timer                   // at session.Deadline
	turns   Turns                         // which campaign is next
	read    time.Time                     // when agent was read
	refused map[campaign.LeadID]time.Time // declined lately, until when they are not offered here again
}

// listening says whether an offer would be seen.
func (s *seat) listening() bool { return s.desk != nil || len(s.callers) > 0 }

// waits says whether the agent may be given a lead now.
func (s *seat) waits() bool {
	return s.session.State == campaign.AgentReady && !s.pending && s.listening()
}

// member says whether the agent works for a campaign and has the skills it asks for.
func (s *seat) member(c *campaign.Campaign) bool {
	for _, skill := range c.Skills {
		if !slices.Contains(s.agent.Skills, skill) {
			return false
		}
	}
	return s.agent.Active && slices.ContainsFunc(s.agent.Campaigns, func(m campaign.Membership) bool {
		return m.CampaignID == c.ID
	})
}

// tell sends to the stream, if there is one.
func (s *seat) tell(u Update) {
	if s.desk != nil {
		s.desk.send(u)
	}
}

// give hands a claimed lead to whoever listens.
func (s *seat) give(c *campaign.Claimed) {
	s.session = c.Session
	for _, ch := range s.callers {
		ch <- c // has room for one, and is given one
	}
	s.callers = nil
	s.tell(Update{Session: &c.Session})
	s.tell(Update{Offer: c})
}

func (s *seat) drop(ch chan *campaign.Claimed) {
	s.callers = slices.DeleteFunc(s.callers, func(c chan *campaign.Claimed) bool { return c == ch })
}
