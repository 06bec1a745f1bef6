package store

import (
	"context"
	"database/sql"
	"time"

	"redial/campaign"
)

// recentMost is how many of the last calls a view of the floor shows.
const recentMost = 30

// FloorView is the floor now; 0: all campaigns that are not finished.
func (s *Store) FloorView(ctx context.Context, of campaign.CampaignID) (campaign.FloorView, error) {
	var v campaign.FloorView
	err := s.read(ctx, "view the floor", func(t *tx) error {
		v = campaign.FloorView{At: t.now}
		if err := t.viewAgents(&v, of); err != nil {
			return err
		}
		if err := t.viewCampaigns(&v, of); err != nil {
			return err
		}
		for i := range v.Campaigns {
			if err := t.viewDay(&v.Campaigns[i]); err != nil {
				return err
			}
			v.Missed += v.Campaigns[i].Missed
		}
		if err := t.viewRecent(&v, of); err != nil {
			return err
		}
		if err := t.viewPromised(&v, of); err != nil {
			return err
		}
		return t.row(`SELECT count(*) FROM late_outcomes WHERE resolved_at = 0 AND (CAST($1 AS BIGINT) = 0 OR campaign_id = $1)`,
			[]any{int64(of)}, &v.Late)
	})
	return v, err
}

func (t *tx) viewAgents(v *campaign.FloorView, of campaign.CampaignID) error {
	index := make(map[campaign.AgentID]int)
	err := t.each(`SELECT `+sessionColumns+`, g.login, g.name, COALESCE(a.lead_id, 0), COALESCE(l.name, ''), COALESCE(a.campaign_id, 0)
		FROM sessions s JOIN agents g ON g.id = s.agent_id
		LEFT JOIN assignments a ON a.id = s.assignment_id AND a.closed_at = 0
		LEFT JOIN leads l ON l.id = a.lead_id
		WHERE s.state <> 'signed_out' AND (CAST($1 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM agent_campaigns m WHERE m.agent_id = g.id AND m.campaign_id = $1))
		ORDER BY g.login`, []any{int64(of)}, func(r *sql.Rows) error {
		var a campaign.AgentView
		session, err := scanSession(r, &a.Login, &a.Name, &a.Lead, &a.LeadName, &a.Campaign)
		a.Session = session
		index[session.AgentID] = len(v.Agents)
		v.Agents = append(v.Agents, a)
		return err
	})
	if err != nil {
		return err
	}
	return t.each(`SELECT m.agent_id, m.campaign_id FROM agent_campaigns m JOIN sessions s ON s.agent_id = m.agent_id
		WHERE s.state <> 'signed_out' ORDER BY m.campaign_id`, nil, func(r *sql.Rows) error {
		var a campaign.AgentID
		var c campaign.CampaignID
		if err := r.Scan(&a, &c); err != nil {
			return err
		}
		if i, ok := index[a]; ok {
			v.Agents[i].Campaigns = append(v.Agents[i].Campaigns, c)
		}
		return nil
	})
}

func (t *tx) viewCampaigns(v *campaign.FloorView, of campaign.CampaignID) error {
	index := make(map[campaign.CampaignID]int)
	err := t.each(`SELECT c.id, c.name, c.state, c.zone FROM campaigns c
		WHERE CASE WHEN CAST($1 AS BIGINT) = 0 THEN c.state <> 'finished' ELSE c.id = $1 END ORDER BY c.name`, []any{int64(of)}, func(r *sql.Rows) error {
		c := campaign.CampaignView{ByState: make(map[campaign.LeadState]int64), Outcomes: make(map[campaign.Outcome]int64)}
		err := r.Scan(&c.ID, &c.Name, &c.State, &c.Zone)
		c.DayStart = midnight(c.Zone, t.now)
		index[c.ID] = len(v.Campaigns)
		v.Campaigns = append(v.Campaigns, c)
		return err
	})
	if err != nil {
		return err
	}
	err = t.each(`SELECT l.campaign_id, l.state, count(*), sum(CASE WHEN l.state = 'open' AND l.earliest <= $1 THEN 1 ELSE 0 END),
			COALESCE(min(CASE WHEN l.state = 'open' AND l.earliest > $1 THEN l.earliest END), 0)
		FROM leads l JOIN lists i ON i.id = l.list_id
		WHERE i.state IN ('active','undone') AND (CAST($2 AS BIGINT) = 0 OR l.campaign_id = $2)
		GROUP BY l.campaign_id, l.state`, []any{us(t.now), int64(of)}, func(r *sql.Rows) error {
		var id campaign.CampaignID
		var state campaign.LeadState
		var n, due, next int64
		if err := r.Scan(&id, &state, &n, &due, &next); err != nil {
			return err
		}
		if i, ok := index[id]; ok {
			c := &v.Campaigns[i]
			c.ByState[state] += n
			c.Due += due
			c.NextDue = sooner(c.NextDue, fromUS(next))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.each(`SELECT campaign_id, count(*), sum(CASE WHEN at < $1 THEN 1 ELSE 0 END), min(at) FROM appointments
		WHERE closed_at = 0 AND (CAST($2 AS BIGINT) = 0 OR campaign_id = $2) GROUP BY campaign_id`,
		[]any{us(t.now.Add(15 * time.Minute)), int64(of)}, func(r *sql.Rows) error {
			var id campaign.CampaignID
			var n, soon, next int64
			if err := r.Scan(&id, &n, &soon, &next); err != nil {
				return err
			}
			if i, ok := index[id]; ok {
				c := &v.Campaigns[i]
				c.Promises, c.PromisesSoon = n, soon
				c.NextDue = sooner(c.NextDue, fromUS(next))
			}
			return nil
		})
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// midnight is the start of today in a zone.
func midnight(zone string, now time.Time) time.Time {
	loc, err := campaign.Location(zone)
	if err != nil {
		loc = time.UTC
	}
	y, m, d := now.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc).UTC()
}

// viewDay counts a campaign's calls and closed promises since its day began.
func (t *tx) viewDay(c *campaign.CampaignView) error {
	err := t.each(`SELECT COALESCE(m.outcome, a.outcome), count(*) FROM attempts a
		LEFT JOIN amendments m ON m.assignment_id = a.assignment_id
			AND m.id = (SELECT max(x.id) FROM amendments x WHERE x.assignment_id = a.assignment_id)
		WHERE a.campaign_id = $1 AND a.placed_at >= $2 GROUP BY 1`, []any{int64(c.ID), us(c.DayStart)}, func(r *sql.Rows) error {
		var o campaign.Outcome
		var n int64
		if err := r.Scan(outcomeCol{&o}, &n); err != nil {
			return err
		}
		c.Outcomes[o] += n
		c.Attempts += n
		if o.Connect() {
			c.Connects += n
		}
		if o == campaign.Success || o == campaign.SuccessProxy {
			c.Successes += n
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.row(`SELECT COALESCE(sum(CASE WHEN state = 'kept' THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN state = 'missed' THEN 1 ELSE 0 END), 0)
		FROM appointments WHERE campaign_id = $1 AND closed_at >= $2`, []any{int64(c.ID), us(c.DayStart)}, &c.Kept, &c.Missed)
}

// viewRecent reads the last calls of the last hour, as they were last amended.
func (t *tx) viewRecent(v *campaign.FloorView, of campaign.CampaignID) error {
	return t.each(`SELECT a.recorded_at, a.campaign_id, a.lead_id, l.name, g.login, COALESCE(m.outcome, a.outcome),
			COALESCE(m.code, a.code), l.state, l.verdict, l.at, l.until, l.reason
		FROM attempts a JOIN leads l ON l.id = a.lead_id JOIN agents g ON g.id = a.agent_id
		LEFT JOIN amendments m ON m.id = (SELECT max(x.id) FROM amendments x WHERE x.assignment_id = a.assignment_id)
		WHERE a.placed_at >= $1 AND (CAST($2 AS BIGINT) = 0 OR a.campaign_id = $2)
		ORDER BY a.recorded_at DESC LIMIT $3`, []any{us(t.now.Add(-time.Hour)), int64(of), recentMost}, func(r *sql.Rows) error {
		var c campaign.RecentCall
		err := r.Scan(usTime{&c.At}, &c.Campaign, &c.Lead, &c.LeadName, &c.Agent, outcomeCol{&c.Outcome}, &c.Code, &c.State,
			verdictCol{&c.Next.Verdict}, usTime{&c.Next.At}, usTime{&c.Next.Until}, &c.Next.Reason)
		v.Recent = append(v.Recent, c)
		return err
	})
}

func (t *tx) viewPromised(v *campaign.FloorView, of campaign.CampaignID) error {
	return t.each(`SELECT p.id, p.at, p.zone, p.campaign_id, p.lead_id, l.name, COALESCE(g.login, '')
		FROM appointments p JOIN leads l ON l.id = p.lead_id LEFT JOIN agents g ON g.id = p.owner_id
		WHERE p.closed_at = 0 AND (CAST($1 AS BIGINT) = 0 OR p.campaign_id = $1) ORDER BY p.at, p.id LIMIT 20`, []any{int64(of)}, func(r *sql.Rows) error {
		var p campaign.Promised
		err := r.Scan(&p.ID, usTime{&p.At}, &p.Zone, &p.Campaign, &p.Lead, &p.LeadName, &p.Owner)
		v.Promised = append(v.Promised, p)
		return err
	})
}
