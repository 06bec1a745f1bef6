package store

import (
	"context"
	"fmt"

	"redial/campaign"
)

// Decline gives an offer back before dialling: the lead returns to its previous plan and the cap is free again. It
// answers the agent's session.
// Errors: KindNotFound, KindDenied, KindInvalid (no reason), KindUnready with LEASE_EXPIRED or, once the call was
// started, WRONG_STATE.
func (s *Store) Decline(ctx context.Context, id campaign.AssignmentID, agent campaign.AgentID, reason string) (campaign.Session, error) {
	if reason == "" {
		return campaign.Session{}, campaign.Invalid("reason", "say why the lead is given back")
	}
	return ask[campaign.Session](ctx, s, &deed{what: "decline a lead", agent: agent, assignment: id, do: func(k *work) (result[any], error) {
		return answered(k.decline(id, agent, reason))
	}})
}

func (k *work) decline(id campaign.AssignmentID, agent campaign.AgentID, reason string) (campaign.Session, error) {
	a, err := k.mine(id, agent)
	if err != nil {
		return campaign.Session{}, err
	}
	switch {
	case a.State == campaign.AssignmentDeclined && a.CloseReason == reason:
		return k.session(agent), nil // told twice
	case a.State == campaign.AssignmentStarted:
		return campaign.Session{}, campaign.Unready(campaign.ReasonBadState, "the call was placed already: record its outcome instead")
	case a.State != campaign.AssignmentOffered:
		return campaign.Session{}, expired(a)
	}
	err = k.release(a, campaign.AssignmentDeclined, reason, campaign.HappenedDeclined)
	return k.session(agent), err
}

// RevokeAssignment takes an offer back before dialling. Errors: KindNotFound; KindUnready when it was dialled or closed.
func (s *Store) RevokeAssignment(ctx context.Context, id campaign.AssignmentID, reason string) error {
	return s.write(ctx, "take a lead back", func(t *tx) error {
		k, err := t.load(want{assignments: []campaign.AssignmentID{id}})
		if err != nil {
			return err
		}
		a := k.assignments[id]
		if a == nil {
			return campaign.NotFound("assignment", id)
		}
		if a.State != campaign.AssignmentOffered {
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("assignment %d is %s: only an offer can be taken back", id, a.State))
		}
		if err := k.release(a, campaign.AssignmentRevoked, orElse(reason, "revoked"), campaign.HappenedRevoked); err != nil {
			return err
		}
		return k.flush()
	})
}

// LapseLeases ends up to limit assignments whose offer or lease ran out: not dialled, the lead returns to its previous
// plan; dialled, it becomes an UNKNOWN attempt. It returns what it ended, as it is now.
func (s *Store) LapseLeases(ctx context.Context, limit int) ([]campaign.Assignment, error) {
	var ids []campaign.AssignmentID
	err := s.peek(ctx, "find lapsed leases", func(t *tx) (err error) {
		ids, err = idsOf[campaign.AssignmentID](t, `SELECT a.id FROM assignments a WHERE a.closed_at = 0 AND a.lease_until <= $1
			ORDER BY a.lease_until, a.id LIMIT $2`, us(t.now), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out, ended []campaign.Assignment
	err = sweep(ctx, s, "end lapsed leases", ids, func(t *tx, part []campaign.AssignmentID) error {
		ended = nil
		k, err := t.load(want{assignments: part})
		if err != nil {
			return err
		}
		for _, id := range unique(part) {
			a := k.assignments[id]
			if a == nil || !a.State.Open() || t.now.Before(a.LeaseUntil) {
				continue // concluded or renewed meanwhile
			}
			if err := k.lapse(a); err != nil {
				return err
			}
			ended = append(ended, *a)
		}
		return k.flush()
	}, func() { out = append(out, ended...) })
	return out, err
}

func (k *work) lapse(a *campaign.Assignment) error {
	if a.State == campaign.AssignmentStarted {
		return k.giveUp(a, "lease_expired")
	}
	return k.release(a, campaign.AssignmentLapsed, "offer_lapsed", campaign.HappenedLapsed)
}
