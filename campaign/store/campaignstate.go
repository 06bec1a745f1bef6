package store

import (
	"context"
	"fmt"

	"redial/campaign"
)

// StartCampaign begins offering, from draft or paused; a running one stays as it is. Errors: KindUnready when it has
// finished; KindNotFound.
func (s *Store) StartCampaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error) {
	return s.moveCampaign(ctx, "start a campaign", id, func(t *tx, c *campaign.Campaign) (campaign.CampaignState, error) {
		if c.State == campaign.CampaignFinished {
			return "", campaign.Unready(campaign.ReasonBadState, "the campaign has finished and never runs again")
		}
		return campaign.CampaignRunning, nil
	})
}

// PauseCampaign stops offering at once: cards not yet dialled are taken back (revoked), calls in hand are concluded
// as usual, and the open promises (promises) stand: they are told, and missed if it stays paused. Errors: KindUnready
// unless it runs or is paused; KindNotFound.
func (s *Store) PauseCampaign(ctx context.Context, id campaign.CampaignID) (c campaign.Campaign, revoked, promises int64, err error) {
	c, err = s.moveCampaign(ctx, "pause a campaign", id, func(t *tx, c *campaign.Campaign) (campaign.CampaignState, error) {
		if c.State != campaign.CampaignRunning && c.State != campaign.CampaignPaused {
			return "", campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the campaign is %s: only a running one can be paused", c.State))
		}
		promises, err = t.openPromises(id)
		return campaign.CampaignPaused, err
	})
	if err != nil {
		return campaign.Campaign{}, 0, 0, err
	}
	revoked, err = s.revokeOffered(ctx, `a.campaign_id = $1`, int64(id), "campaign_paused")
	return c, revoked, promises, err
}

// FinishCampaign ends a campaign for good. What becomes of its open promises is asked, never assumed: cancelled, each
// with the reason campaign_finished, or kept, and then it goes on offering them and nothing else. A finish that was
// interrupted while it cancelled goes on when it is asked again. Errors: KindUnready with PROMISES_OPEN, saying how
// many, while promises are open and policy is empty, or with WRONG_STATE when it has finished; KindInvalid another
// policy; KindNotFound.
func (s *Store) FinishCampaign(ctx context.Context, id campaign.CampaignID, policy campaign.PromisePolicy) (c campaign.Campaign, cancelled, kept int64, err error) {
	if policy != "" && policy != campaign.PromisesCancel && policy != campaign.PromisesKeep {
		return campaign.Campaign{}, 0, 0, campaign.Invalid("promises", fmt.Sprintf("%q is neither cancel nor keep", policy))
	}
	c, err = s.moveCampaign(ctx, "finish a campaign", id, func(t *tx, c *campaign.Campaign) (campaign.CampaignState, error) {
		open, err := t.openPromises(id)
		if err != nil {
			return "", err
		}
		if kept, err = t.mayFinish(c, policy, open); err != nil {
			return "", err
		}
		_, err = t.exec(`UPDATE campaigns SET keeps_promises = $2 WHERE id = $1`, id, kept > 0)
		return campaign.CampaignFinished, err
	})
	if err != nil {
		return campaign.Campaign{}, 0, 0, err
	}
	const idle = `a.campaign_id = $1 AND (a.appointment_id = 0 OR NOT EXISTS (SELECT 1 FROM campaigns c WHERE c.id = a.campaign_id AND c.keeps_promises))`
	if _, err := s.revokeOffered(ctx, idle, int64(id), campaignFinished); err != nil {
		return campaign.Campaign{}, 0, 0, err
	}
	if policy == campaign.PromisesCancel {
		cancelled, err = s.cancelPromises(ctx, `p.campaign_id = $1`, int64(id), campaignFinished, false)
	}
	return c, cancelled, kept, err
}

const campaignFinished = "campaign_finished"

func (t *tx) mayFinish(c *campaign.Campaign, policy campaign.PromisePolicy, open int64) (kept int64, err error) {
	switch {
	case c.State == campaign.CampaignFinished && (policy != campaign.PromisesCancel || open == 0):
		return 0, campaign.Unready(campaign.ReasonBadState, "the campaign has finished already")
	case open > 0 && policy == "":
		e := campaign.Unready("PROMISES_OPEN", fmt.Sprintf(
			"%d open promises to customers: say whether to cancel them, or to keep them and finish when the last is kept", open))
		e.Meta = map[string]string{"open": fmt.Sprint(open)}
		return 0, e
	case policy == campaign.PromisesKeep:
		return open, nil
	}
	return 0, nil
}

// moveCampaign puts a campaign into the state that to answers, told by an event if it is a new one.
func (s *Store) moveCampaign(ctx context.Context, what string, id campaign.CampaignID, to func(*tx, *campaign.Campaign) (campaign.CampaignState, error)) (campaign.Campaign, error) {
	var after *campaign.Campaign
	err := s.write(atLength(ctx), what, func(t *tx) error {
		c, err := t.campaign(id, t.d.forUpdate)
		if err != nil {
			return err
		}
		state, err := to(t, c)
		if err != nil {
			return err
		}
		if state != c.State {
			if err := t.tellCampaign(c, state); err != nil {
				return err
			}
		}
		if after, err = t.campaign(id, ""); err != nil || state == c.State {
			return err
		}
		return t.audit(stateDeeds[state], campaignTarget(id), map[string]any{"state": c.State}, map[string]any{"state": state}, "")
	})
	if err != nil {
		return campaign.Campaign{}, err
	}
	return *after, nil
}

func (t *tx) tellCampaign(c *campaign.Campaign, state campaign.CampaignState) error {
	if _, err := t.exec(`UPDATE campaigns SET state = $2, version = version + 1, updated_at = $3 WHERE id = $1`, c.ID, string(state), us(t.now)); err != nil {
		return err
	}
	promises, err := t.openPromises(c.ID)
	if err != nil {
		return err
	}
	return t.emit(campaign.Event{Type: campaign.EventCampaignState, CampaignID: c.ID,
		Data: js(map[string]any{"state": state, "was": c.State, "open_promises": promises})})
}
