package store

import (
	"context"
	"fmt"
	"slices"

	"redial/campaign"
)

// deed is what somebody at a desk did: a start, an end, an outcome, a refusal of an offer, a move of a session, signs of
// life. Deeds of all kinds are committed together: one transaction loads what all of them work on, lets one after the
// other change it in memory, and writes it once.
type deed struct {
	what       string // in errors
	agent      campaign.AgentID
	assignment campaign.AssignmentID // 0: whatever the agent holds
	newNumber  campaign.Phone        // of an outcome; empty: none
	dnc        bool                  // an outcome that suppresses the number dialled
	besides    campaign.LeadID       // a lead to load with that of the assignment; 0: none
	moves      bool                  // the session itself is moved: it is made if there is none
	beats      []campaign.Beat
	// do changes the loaded nouns. A refusal is in the answer; the error undoes the transaction.
	do func(*work) (result[any], error)
}

// key keeps an agent's deeds in order: two of them never share a transaction. Signs of life are in nobody's way.
func (d *deed) key() int64 { return int64(d.agent) }

// ask commits a deed with others' and waits for its answer.
func ask[A any](ctx context.Context, s *Store, d *deed) (A, error) {
	got, err := s.groups.deeds.do(ctx, d)
	a, _ := got.(A)
	return a, fault(err)
}

// answered sorts an answer from a fault.
func answered[A any](a A, err error) (result[any], error) {
	if isFault(err) {
		return result[any]{}, err
	}
	return result[any]{a: a, err: err}, nil
}

// isFault says whether err is a failure of ours and not an answer; it undoes the transaction.
func isFault(err error) bool { return err != nil && campaign.KindOf(err) == campaign.KindInternal }

func (s *Store) commitDeeds(ctx context.Context, asked []*deed) ([]result[any], error) {
	var out []result[any]
	what := asked[0].what
	if slices.ContainsFunc(asked, func(d *deed) bool { return d.what != what }) {
		what = "record calls"
	}
	first, around := true, s.groups.deedsHeld.lately()
	err := s.writeCalls(ctx, what, func(t *tx) error {
		if around {
			if err := t.lockWithin(aroundLock); err != nil {
				return err
			}
		}
		out = make([]result[any], len(asked))
		k, dnc, err := t.loadDeeds(asked, first)
		first = false
		if err != nil {
			return err
		}
		if err := k.suppressAll(dnc, true); err != nil {
			return err
		}
		leads := make(map[campaign.LeadID]bool, len(asked))
		for i, d := range asked {
			if lead := k.leadOf(d); lead != 0 && leads[lead] {
				out[i].again = true
				continue
			} else if lead != 0 {
				leads[lead] = true
			}
			if out[i], err = d.do(k); err != nil {
				return doing(d.what, err)
			}
		}
		if err := k.flush(); err != nil {
			return err
		}
		return t.renew(inOrder(k.alive))
	})
	if lockedOut(err) {
		s.groups.deedsHeld.note()
	}
	return out, err
}

// leadOf is the lead that a deed works on; 0: none.
func (k *work) leadOf(d *deed) campaign.LeadID {
	id := d.assignment
	if m := k.sessions[d.agent]; id == 0 && m != nil {
		id = m.now.Assignment
	}
	if a := k.assignments[id]; a != nil {
		return a.LeadID
	}
	return 0
}

// loadDeeds locks and reads what the deeds work on. A DO_NOT_CALL touches every lead with the number, so its number must be
// known before anything is locked; what to suppress is returned. The first time what is remembered of assignments is
// trusted; where that was too little, the transaction begins again.
func (t *tx) loadDeeds(asked []*deed, first bool) (*work, []campaign.Suppression, error) {
	w := want{remembered: first}
	refusing := make(map[campaign.AssignmentID]campaign.AgentID)
	for _, d := range asked {
		if d.assignment != 0 {
			w.assignments = append(w.assignments, d.assignment)
		}
		if d.besides != 0 {
			w.leads = append(w.leads, d.besides)
		}
		if d.newNumber != "" {
			w.phones = append(w.phones, d.newNumber)
		}
		if d.dnc {
			refusing[d.assignment] = d.agent
		}
		if d.moves {
			w.agents, w.signing, w.follow = append(w.agents, d.agent), true, true
		}
		for _, b := range d.beats {
			w.alive = append(w.alive, b.Agent)
		}
	}
	dnc, err := t.refusals(refusing)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range dnc {
		w.phones, w.spread = append(w.phones, s.Phone), true
	}
	k, err := t.load(w)
	return k, dnc, err
}

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

// session is an agent's as it will be; zero if it is not loaded.
func (k *work) session(agent campaign.AgentID) campaign.Session {
	if m := k.sessions[agent]; m != nil {
		return m.now
	}
	return campaign.Session{}
}
