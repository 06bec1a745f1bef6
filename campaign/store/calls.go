package store

import (
	"context"
	"fmt"
	"time"

	"redial/campaign"
)

type startRequest struct {
	id    campaign.AssignmentID
	agent campaign.AgentID
}

func (r startRequest) key() int64 { return int64(r.id) }

// StartCall acknowledges that the agent dials: from here on the call counts. Hours, caps and suppressions are judged
// once more under the locks that suppressing takes (I3-I5). Asked again it answers the same. Errors: KindNotFound,
// KindDenied (another agent's), KindUnready with LEASE_EXPIRED, SUPPRESSED or NOT_CALLABLE_NOW; in the last two cases the lead
// was taken back and planned anew in the same transaction, and the session is told beside the error.
func (s *Store) StartCall(ctx context.Context, id campaign.AssignmentID, agent campaign.AgentID) (campaign.Started, error) {
	return s.groups.starts.do(ctx, startRequest{id, agent})
}

func (s *Store) startCalls(ctx context.Context, asked []startRequest) ([]result[campaign.Started], error) {
	var out []result[campaign.Started]
	err := s.write(ctx, "start calls", func(t *tx) error {
		out = make([]result[campaign.Started], len(asked))
		var w want
		for _, r := range asked {
			w.assignments = append(w.assignments, r.id)
		}
		k, err := t.load(w)
		if err != nil {
			return err
		}
		leads := make(map[campaign.LeadID]bool)
		for i, r := range asked {
			if a := k.assignments[r.id]; a != nil && leads[a.LeadID] {
				out[i].again = true
				continue
			} else if a != nil {
				leads[a.LeadID] = true
			}
			out[i].a, out[i].err = k.start(r)
			if isFault(out[i].err) {
				return out[i].err
			}
		}
		return k.flush()
	})
	return out, err
}

// isFault says whether err is a failure of ours and not an answer; it undoes the transaction.
func isFault(err error) bool { return err != nil && campaign.KindOf(err) == campaign.KindInternal }

// mine finds an agent's assignment.
func (k *work) mine(id campaign.AssignmentID, agent campaign.AgentID) (*campaign.Assignment, error) {
	a := k.assignments[id]
	if a == nil {
		return nil, campaign.NotFound("assignment", id)
	}
	if a.AgentID != agent {
		return nil, campaign.Denied(fmt.Sprintf("assignment %d is another agent's", id))
	}
	return a, nil
}

func expired(a *campaign.Assignment) error {
	why := string(a.State)
	if a.CloseReason != "" {
		why += ": " + a.CloseReason
	}
	if a.State.Open() {
		why = "its time ran out"
	}
	return campaign.Unready(campaign.ReasonLeaseExpired, fmt.Sprintf("assignment %d is no longer yours (%s): ask for the next call", a.ID, why))
}

func (k *work) start(r startRequest) (campaign.Started, error) {
	a, err := k.mine(r.id, r.agent)
	if err != nil {
		return campaign.Started{}, err
	}
	f := k.facts[a.LeadID]
	switch {
	case a.State == campaign.AssignmentStarted && f != nil:
		return campaign.Started{Assignment: *a, Number: numberOf(f.Lead, a.Number), Session: k.session(r.agent)}, nil
	case a.State != campaign.AssignmentOffered, !k.t.now.Before(a.LeaseUntil), f == nil:
		return campaign.Started{}, expired(a)
	}
	j := k.judgeHeld(f, r.agent)
	if !j.Callable || j.Plan.Number != a.Number {
		err := k.refuseStart(f, a, j)
		return campaign.Started{Session: k.session(r.agent)}, err
	}
	a.State, a.StartedAt = campaign.AssignmentStarted, k.t.now
	a.PlacedAt = a.StartedAt.Truncate(time.Second)
	a.LeaseUntil = k.t.now.Add(f.Campaign.Floor.Lease)
	a.RulesVersion, a.Law = f.Campaign.RulesVersion, j.Law
	mark(&k.closed, a.ID)
	k.use(a, useRow{Placed: us(a.PlacedAt), Counted: true})
	err = k.step(a, campaign.HappenedStarted, "")
	return campaign.Started{Assignment: *a, Number: numberOf(f.Lead, a.Number), Session: k.session(r.agent)}, err
}

// session is an agent's as it will be; zero if it is not loaded.
func (k *work) session(agent campaign.AgentID) campaign.Session {
	if m := k.sessions[agent]; m != nil {
		return m.now
	}
	return campaign.Session{}
}

// judgeHeld judges a lead in the agent's hands as if it were not.
func (k *work) judgeHeld(f *campaign.Facts, agent campaign.AgentID) campaign.Judgement {
	lead, facts := *f.Lead, *f
	lead.State, lead.Assignment = campaign.LeadOpen, 0
	facts.Lead, facts.Holder = &lead, ""
	return k.t.rules.Judge(&facts, agent)
}

// refuseStart takes the lead back: what allowed the offer no longer holds.
func (k *work) refuseStart(f *campaign.Facts, a *campaign.Assignment, j campaign.Judgement) error {
	answer := campaign.Unready(campaign.ReasonNotCallable, fmt.Sprintf("this lead may not be called now (%s): ask for the next call", orElse(j.Detail, j.Binding)))
	for _, s := range f.Suppressions {
		if s.Phone == a.Number {
			answer = campaign.Unready(campaign.ReasonSuppressedNow, "this number must not be called any more: ask for the next call")
		}
	}
	if err := k.release(a, campaign.AssignmentRevoked, "refused_at_start:"+orElse(j.Binding, "number"), campaign.HappenedRevoked); err != nil {
		return err
	}
	k.decide(f)
	return answer
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func numberOf(l *campaign.Lead, p campaign.Phone) campaign.Number {
	for _, n := range l.Numbers {
		if n.Phone == p {
			return n
		}
	}
	return campaign.Number{Phone: p}
}

// EndCall notes that the conversation ended at an instant, before its outcome is told, and answers the agent's session.
// Told again the first holds.
func (s *Store) EndCall(ctx context.Context, id campaign.AssignmentID, agent campaign.AgentID, at time.Time) (campaign.Session, error) {
	var out campaign.Session
	err := s.write(ctx, "end the call", func(t *tx) error {
		k, err := t.load(want{assignments: []campaign.AssignmentID{id}})
		if err != nil {
			return err
		}
		a, err := k.mine(id, agent)
		if err != nil {
			return err
		}
		switch {
		case a.State == campaign.AssignmentOffered:
			return campaign.Unready(campaign.ReasonNotStarted, fmt.Sprintf("the call of assignment %d was not started", id))
		case a.State != campaign.AssignmentStarted:
			return expired(a)
		case !a.EndedAt.IsZero():
			out = k.session(agent)
			return nil
		}
		a.EndedAt = within(at, a.PlacedAt, t.now)
		mark(&k.closed, a.ID)
		if err := k.step(a, campaign.HappenedEnded, ""); err != nil {
			return err
		}
		out = k.session(agent)
		return k.flush()
	})
	return out, err
}

// within moves at into [from, to]; zero is to.
func within(at, from, to time.Time) time.Time {
	to = later(to, from) // a clock that is behind
	switch {
	case at.IsZero() || at.After(to):
		return to
	case at.Before(from):
		return from
	}
	return at.UTC().Truncate(time.Microsecond)
}
