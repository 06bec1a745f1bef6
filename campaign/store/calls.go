package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// StartCall acknowledges that the agent dials: from here on the call counts. Hours, caps and suppressions are judged
// once more under the locks that suppressing takes (I3-I5). Asked again it answers the same. Errors: KindNotFound,
// KindDenied (another agent's), KindUnready with LEASE_EXPIRED, SUPPRESSED or NOT_CALLABLE_NOW; in the last two cases the lead
// was taken back and planned anew in the same transaction, and the session is told beside the error.
func (s *Store) StartCall(ctx context.Context, id campaign.AssignmentID, agent campaign.AgentID) (campaign.Started, error) {
	return ask[campaign.Started](ctx, s, &deed{what: "start a call", agent: agent, assignment: id, do: func(k *work) (result[any], error) {
		return k.startApart(id, agent)
	}})
}

// startApart starts a call unless one on the same number, person or account started in this transaction: it would be judged
// without that call as it counts from now on, so it goes into the next one.
func (k *work) startApart(id campaign.AssignmentID, agent campaign.AgentID) (result[any], error) {
	a := k.assignments[id]
	if a == nil || k.uses == nil || a.AgentID != agent || a.State != campaign.AssignmentOffered || k.facts[a.LeadID] == nil {
		return answered(k.start(id, agent))
	}
	subjects := k.subjectsOf(k.facts[a.LeadID].Lead)
	if slices.ContainsFunc(subjects, func(u campaign.SubjectID) bool { return k.dialled[u] }) {
		return result[any]{again: true}, nil
	}
	for _, u := range subjects {
		mark(&k.dialled, u)
	}
	return answered(k.start(id, agent))
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

func (k *work) start(id campaign.AssignmentID, agent campaign.AgentID) (campaign.Started, error) {
	a, err := k.mine(id, agent)
	if err != nil {
		return campaign.Started{}, err
	}
	f := k.facts[a.LeadID]
	switch {
	case a.State == campaign.AssignmentStarted && f != nil:
		return campaign.Started{Assignment: *a, Number: numberOf(f.Lead, a.Number), Session: k.session(agent)}, nil
	case a.State != campaign.AssignmentOffered, !k.t.now.Before(a.LeaseUntil), f == nil:
		return campaign.Started{}, expired(a)
	}
	j := k.judgeHeld(f, agent)
	if !j.Callable || j.Plan.Number != a.Number {
		err := k.refuseStart(f, a, j)
		return campaign.Started{Session: k.session(agent)}, err
	}
	a.State, a.StartedAt = campaign.AssignmentStarted, k.t.now
	a.PlacedAt = a.StartedAt.Truncate(time.Second)
	a.LeaseUntil = k.t.now.Add(f.Campaign.Floor.Lease)
	a.RulesVersion, a.Law = f.Campaign.RulesVersion, j.Law
	mark(&k.closed, a.ID)
	k.use(a, useRow{Placed: us(a.PlacedAt), Counted: true})
	err = k.step(a, campaign.HappenedStarted, "")
	return campaign.Started{Assignment: *a, Number: numberOf(f.Lead, a.Number), Session: k.session(agent)}, err
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
	return ask[campaign.Session](ctx, s, &deed{what: "end the call", agent: agent, assignment: id, do: func(k *work) (result[any], error) {
		return answered(k.end(id, agent, at))
	}})
}

func (k *work) end(id campaign.AssignmentID, agent campaign.AgentID, at time.Time) (campaign.Session, error) {
	a, err := k.mine(id, agent)
	if err != nil {
		return campaign.Session{}, err
	}
	switch {
	case a.State == campaign.AssignmentOffered:
		return campaign.Session{}, campaign.Unready(campaign.ReasonNotStarted, fmt.Sprintf("the call of assignment %d was not started", id))
	case a.State != campaign.AssignmentStarted:
		return campaign.Session{}, expired(a)
	case !a.EndedAt.IsZero():
		return k.session(agent), nil
	}
	a.EndedAt = within(at, a.PlacedAt, k.t.now)
	mark(&k.closed, a.ID)
	err = k.step(a, campaign.HappenedEnded, "")
	return k.session(agent), err
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
