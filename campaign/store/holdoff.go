package store

import (
	"context"
	"fmt"

	"redial/campaign"
)

// HoldOff takes an offer back that nobody has seen, and holds its lead off until an instant, or withdraws it. The lead is
// planned anew by it; an open promise stands, and is missed with the reason if its grace ends before, or is cancelled
// when the lead is withdrawn. It answers the agent's session. Errors: KindNotFound; KindUnready when the offer was
// dialled or closed meanwhile: then nothing changes.
func (s *Store) HoldOff(ctx context.Context, h campaign.HoldOff) (campaign.Session, error) {
	var after campaign.Session
	err := s.write(ctx, "hold a lead off", func(t *tx) error {
		k, err := t.load(want{assignments: []campaign.AssignmentID{h.Assignment}})
		if err != nil {
			return err
		}
		a := k.assignments[h.Assignment]
		if a == nil {
			return campaign.NotFound("assignment", h.Assignment)
		}
		f := k.facts[a.LeadID]
		if a.State != campaign.AssignmentOffered || f == nil {
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("assignment %d is %s: only an offer can be taken back", a.ID, a.State))
		}
		if err := k.release(a, campaign.AssignmentRevoked, campaign.AssignmentHeldOff, campaign.HappenedRevoked); err != nil {
			return err
		}
		if h.Withdraw {
			err = k.withdrawHeld(f, h.Reason)
		} else {
			err = k.holdOff(f, h)
		}
		if err != nil {
			return err
		}
		if err := k.flush(); err != nil {
			return err
		}
		after = k.session(a.AgentID)
		if h.Withdraw {
			return t.audit("withdraw_lead", leadTarget(a.LeadID), nil, deedFields{"state": campaign.LeadWithdrawn}, campaign.AssignmentHeldOff)
		}
		return nil
	})
	return after, err
}

func (k *work) holdOff(f *campaign.Facts, h campaign.HoldOff) error {
	f.Lead.HeldOffUntil, f.Lead.HeldOffReason = h.Until.UTC(), h.Reason
	if _, err := k.t.exec(`UPDATE leads SET hold_until = $2, hold_reason = $3 WHERE id = $1`, int64(f.Lead.ID), us(h.Until), h.Reason); err != nil {
		return err
	}
	k.decide(f)
	return nil
}

// withdrawHeld withdraws a lead that nobody holds any more, on the word of a CRM.
func (k *work) withdrawHeld(f *campaign.Facts, reason string) error {
	l := f.Lead
	why := orElse(reason, "the CRM said: never")
	k.closePromise(f, campaign.AppointmentCancelled, why)
	l.State = campaign.LeadWithdrawn
	mark(&k.moved, l.ID)
	k.event(campaign.EventLeadUpdated, l, 0, map[string]any{"change": "withdrawn", "state": l.State, "reason": why, "by": campaign.AssignmentHeldOff})
	return k.t.unlist([]campaign.LeadID{l.ID})
}
