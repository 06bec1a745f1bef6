package store

import (
	"context"
	"database/sql"

	"redial/campaign"
)

// ListCounts are the leads of some lists by state, and how many were called; a list that loads or failed has none.
func (s *Store) ListCounts(ctx context.Context, ids []campaign.ListID) (map[campaign.ListID]campaign.ListCounts, error) {
	out := make(map[campaign.ListID]campaign.ListCounts, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.read(ctx, "count the leads of lists", func(t *tx) error {
		clear(out)
		return t.each(`SELECT l.list_id, l.state, count(*), sum(CASE WHEN l.last_placed > 0 THEN 1 ELSE 0 END) FROM leads l JOIN lists k ON k.id = l.list_id
			WHERE `+among("l.list_id", ids)+` AND `+visibleList+` GROUP BY l.list_id, l.state`, nil, func(r *sql.Rows) error {
			var id campaign.ListID
			var state campaign.LeadState
			var n, called int64
			if err := r.Scan(&id, &state, &n, &called); err != nil {
				return err
			}
			c := out[id]
			if c.Leads == nil {
				c.Leads = campaign.LeadCounts{}
			}
			c.Leads[state], c.Called = n, c.Called+called
			out[id] = c
			return nil
		})
	})
	return out, err
}

// ProblemCounts are how often the rows of a list had a problem of each kind, most frequent first.
func (s *Store) ProblemCounts(ctx context.Context, id campaign.ListID) (all []campaign.ProblemCount, err error) {
	err = s.read(ctx, "count the problems of a list", func(t *tx) error {
		all = nil
		return t.each(`SELECT reason, warning, count(*) FROM problems WHERE list_id = $1 GROUP BY reason, warning ORDER BY 3 DESC, 1, 2`, []any{id}, func(r *sql.Rows) error {
			var c campaign.ProblemCount
			err := r.Scan(&c.Reason, &c.Warning, &c.Count)
			all = append(all, c)
			return err
		})
	})
	return all, err
}
