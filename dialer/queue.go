package dialer

import (
	"cmp"
	"slices"
	"time"

	"redial/campaign"
)

// queue is the seats that wait for a lead, longest first. It is kept in order, so that a round looks at those whom it
// serves and not at all who wait. Not safe for concurrent use.
type queue struct{ line []*seat }

// place is where a seat stands in the queue.
type place struct {
	since time.Time
	agent campaign.AgentID
}

func (p place) compare(o place) int {
	return cmp.Or(p.since.Compare(o.since), cmp.Compare(p.agent, o.agent))
}

func (s *seat) place() place { return place{s.session.Since, s.agent.ID} }

func (q *queue) len() int { return len(q.line) }

// add lets a seat wait from its session's last change on; it says whether it has begun to. One that waits already
// moves to where it belongs now.
func (q *queue) add(s *seat) bool {
	waited := s.queued
	if waited && s.at.compare(s.place()) == 0 {
		return false
	}
	q.remove(s)
	s.at, s.queued = s.place(), true
	q.line = slices.Insert(q.line, q.find(s.at), s)
	return !waited
}

// remove lets a seat wait no longer.
func (q *queue) remove(s *seat) {
	if !s.queued {
		return
	}
	s.queued = false
	i := q.find(s.at)
	if i > 0 { // most are served from the front
		q.line = slices.Delete(q.line, i, i+1)
		return
	}
	q.line[0] = nil
	q.line = q.line[1:]
}

// find is where in the line a place is.
func (q *queue) find(at place) int {
	i, _ := slices.BinarySearchFunc(q.line, at, func(s *seat, at place) int { return s.at.compare(at) })
	return i
}
