package store

import (
	"context"
	"fmt"

	"redial/campaign"
)

// LeadsAfter are the next leads of a campaign (of one list; 0: of all) in any state, by id; those of a list that loads
// are not to be seen yet. It reads no more than it answers.
func (s *Store) LeadsAfter(ctx context.Context, id campaign.CampaignID, list campaign.ListID, after campaign.LeadID, limit int) ([]campaign.LeadID, error) {
	where, args := `l.campaign_id = $3`, []any{int64(after), limit, int64(id)}
	if list != 0 {
		where, args = where+` AND l.list_id = $4`, append(args, int64(list))
	}
	var out []campaign.LeadID
	err := s.peek(ctx, "page through leads", func(t *tx) (err error) {
		out, err = idsOf[campaign.LeadID](t, `SELECT l.id FROM leads l JOIN lists k ON k.id = l.list_id
			WHERE l.id > $1 AND `+where+` AND `+visibleList+` ORDER BY l.id LIMIT $2`, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("page through leads: %w", err)
	}
	return out, nil
}

// AgentsAt is how many agents are signed in, at whatever node, who work on a campaign.
func (s *Store) AgentsAt(ctx context.Context, id campaign.CampaignID) (int, error) {
	var n int
	err := s.peek(ctx, "count a campaign's agents", func(t *tx) error {
		return t.row(`SELECT count(*) FROM sessions s JOIN agent_campaigns m ON m.agent_id = s.agent_id
			WHERE m.campaign_id = $1 AND s.state <> 'signed_out'`, []any{int64(id)}, &n)
	})
	return n, err
}
