package store

import (
	"sync"

	"redial/campaign"
)

// rememberMost is how many assignments are remembered at least; twice as many at most.
const rememberMost = 1 << 14

// place is whose an assignment is and of which lead: neither ever changes.
type place struct {
	lead  campaign.LeadID
	agent campaign.AgentID
}

// places remembers where assignments belong, the younger ones, so that whoever works on them need not look before locking.
// A claim at another node, or one long ago, is not remembered: then it is read.
type places struct {
	mu         sync.Mutex
	young, old map[campaign.AssignmentID]place
}

func (p *places) put(id campaign.AssignmentID, at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.young == nil || len(p.young) >= rememberMost {
		p.young, p.old = make(map[campaign.AssignmentID]place), p.young
	}
	p.young[id] = at
}

// all finds the places of assignments, if every one is remembered.
func (p *places) all(ids []campaign.AssignmentID) (out []place, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		at, ok := p.young[id]
		if !ok {
			at, ok = p.old[id]
		}
		if !ok {
			return nil, false
		}
		out = append(out, at)
	}
	return out, true
}

// seats remembers who has a session: nobody's is ever taken away.
type seats struct{ m sync.Map }

func (s *seats) all(agents []campaign.AgentID) bool {
	for _, a := range agents {
		if _, ok := s.m.Load(a); !ok {
			return false
		}
	}
	return true
}
