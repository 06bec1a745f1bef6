package store

import (
	"context"
	"database/sql"
	"time"

	"redial/campaign"
)

// Offering are the campaigns that offer anything: running ones, and finished ones that still keep promises.
func (s *Store) Offering(ctx context.Context) ([]campaign.Campaign, error) {
	var out []campaign.Campaign
	err := s.peek(ctx, "read the campaigns that offer", func(t *tx) error {
		out = nil
		return t.each(`SELECT `+campaignColumns+` FROM campaigns c
			WHERE c.state = 'running' OR (c.state = 'finished' AND c.keeps_promises) ORDER BY c.id`, nil, func(r *sql.Rows) error {
			c, err := scanCampaign(r)
			if err == nil {
				out = append(out, *c)
			}
			return err
		})
	})
	return out, err
}

// OwnedAhead are the waiting CALL_LATER leads of the agents whose instant is before until, of each agent as many as each,
// those that wait longest. They come earliest first.
func (s *Store) OwnedAhead(ctx context.Context, agents []campaign.AgentID, until time.Time, each int) ([]campaign.Owned, error) {
	var out []campaign.Owned
	err := s.peek(ctx, "look ahead to what agents own", func(t *tx) error {
		out = nil
		return t.one(t.ownedBy(js(agents), until, each, func(o campaign.Owned) { out = append(out, o) }))
	})
	return out, err
}

// ownedBy tells what the agents of a JSON list own in campaigns that run. The index is read agent by agent and no further
// than is asked for: thousands of leads may come due at one instant, and their agents come to ask with each call.
func (t *tx) ownedBy(agents string, until time.Time, each int, tell func(campaign.Owned)) statement {
	return statement{ownedQuery(t.d), []any{agents, us(until), each}, func(r scanner) error {
		var o campaign.Owned
		if err := r.Scan(&o.Lead, &o.Campaign, &o.Agent, usTime{&o.At}); err != nil {
			return err
		}
		tell(o)
		return nil
	}}
}

func ownedQuery(d *dialect) string {
	const first = ` FROM leads l JOIN lists i ON i.id = l.list_id JOIN campaigns c ON c.id = l.campaign_id AND c.state = 'running'
		WHERE l.owner_id = a.value AND l.owner_id > 0 AND l.earliest < $2 AND l.state = 'open' AND l.verdict = 'call'
			AND i.state = 'active' AND i.is_on ORDER BY l.earliest LIMIT $3)`
	from := `json_each($1) AS a JOIN leads o ON o.id IN (SELECT l.id` + first
	if d.name == "postgres" {
		from = `unnest(translate($1::text, '[]', '{}')::bigint[]) AS a(value) CROSS JOIN LATERAL (SELECT l.id, l.campaign_id, l.owner_id, l.earliest` + first + ` AS o`
	}
	return `SELECT o.id, o.campaign_id, o.owner_id, o.earliest FROM ` + from + ` ORDER BY o.earliest, o.id`
}

// AgentLogins are the logins of agents; one that is unknown is left out.
func (s *Store) AgentLogins(ctx context.Context, ids []campaign.AgentID) (map[campaign.AgentID]string, error) {
	out := make(map[campaign.AgentID]string, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.peek(ctx, "read logins", func(t *tx) error {
		return t.each(`SELECT id, login FROM agents WHERE id `+t.d.in(1), []any{js(ids)}, func(r *sql.Rows) error {
			var id campaign.AgentID
			var login string
			err := r.Scan(&id, &login)
			out[id] = login
			return err
		})
	})
	return out, err
}

// Assignment is one, open or closed.
func (s *Store) Assignment(ctx context.Context, id campaign.AssignmentID) (campaign.Assignment, error) {
	var out campaign.Assignment
	err := s.peek(ctx, "read an assignment", func(t *tx) error {
		a, err := scanAssignment(t.QueryRowContext(t.ctx, `SELECT `+assignmentColumns+` FROM assignments a WHERE a.id = $1`, int64(id)))
		if err != nil {
			return none(err, "assignment", id)
		}
		out = *a
		return nil
	})
	return out, err
}
