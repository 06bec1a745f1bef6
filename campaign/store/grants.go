package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"redial/campaign"
)

// ownersOf find the campaigns of a thing by its id: one row each, by an index.
var ownersOf = map[campaign.Thing]string{
	campaign.ThingList:        `SELECT campaign_id FROM lists WHERE id = $1`,
	campaign.ThingUpload:      `SELECT campaign_id FROM uploads WHERE id = $1`,
	campaign.ThingLead:        `SELECT campaign_id FROM leads WHERE id = $1`,
	campaign.ThingAssignment:  `SELECT campaign_id FROM assignments WHERE id = $1`,
	campaign.ThingAppointment: `SELECT campaign_id FROM appointments WHERE id = $1`,
	campaign.ThingConsent:     `SELECT l.campaign_id FROM consents co JOIN leads l ON l.id = co.lead_id WHERE co.id = $1`,
	campaign.ThingAgent:       `SELECT campaign_id FROM agent_campaigns WHERE agent_id = $1 ORDER BY campaign_id`,
}

// CampaignsOf are the campaigns that a thing belongs to: of an agent all that it works on, of others the one. None: there
// is no such thing, or nobody's.
func (s *Store) CampaignsOf(ctx context.Context, what campaign.Thing, id int64) (of []campaign.CampaignID, err error) {
	q, ok := ownersOf[what]
	if !ok {
		return nil, fmt.Errorf("find the campaigns of a %s: it is no thing of campaigns", what)
	}
	rows, err := s.reader.QueryContext(ctx, q, id)
	if err != nil {
		return nil, doing("find the campaigns of a "+string(what), err)
	}
	defer rows.Close()
	for rows.Next() {
		var c campaign.CampaignID
		if err := rows.Scan(&c); err != nil {
			return nil, doing("find the campaigns of a "+string(what), err)
		}
		of = append(of, c)
	}
	return of, doing("find the campaigns of a "+string(what), rows.Err())
}

// among is the condition that a column is one of some ids.
func among[T ~int64](column string, ids []T) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(int64(id), 10)
	}
	return column + ` IN (` + strings.Join(texts, ", ") + `)`
}
