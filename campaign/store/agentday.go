package store

import (
	"context"
	"database/sql"

	"redial/campaign"
)

// AgentDay is what an agent did since midnight, and its last recorded call. The ledger of states, which has an index by
// agent, names the calls: each began with the state on_call.
func (s *Store) AgentDay(ctx context.Context, agent campaign.AgentID) (campaign.AgentDay, error) {
	var d campaign.AgentDay
	err := s.peek(ctx, "read an agent's day", func(t *tx) error {
		d = campaign.AgentDay{Zone: "UTC", At: t.now}
		a, err := t.agent(agent, `ag.id = $1`, int64(agent))
		if err != nil {
			return err
		}
		if len(a.Campaigns) > 0 {
			c, err := t.campaign(a.Campaigns[0].CampaignID, "")
			if err != nil {
				return err
			}
			d.Zone = c.Zone
		}
		loc, err := campaign.Location(d.Zone)
		if err != nil {
			return err
		}
		d.Date = campaign.DateOf(t.now.In(loc))
		d.From = d.Date.Start(loc)
		last, err := t.dayCalls(&d, agent)
		if err != nil || last == nil {
			return err
		}
		return t.lastCall(&d, last)
	})
	return d, err
}

// dayCalls counts the day's calls; last is the one recorded last.
func (t *tx) dayCalls(d *campaign.AgentDay, agent campaign.AgentID) (last *campaign.Attempt, err error) {
	var all []*campaign.Attempt
	index := make(map[campaign.AssignmentID]*campaign.Attempt)
	err = t.each(`SELECT `+attemptColumns+` FROM attempts t
		WHERE t.assignment_id IN (SELECT s.assignment_id FROM agent_states s WHERE s.agent_id = $1 AND s.at >= $2 AND s.to_state = 'on_call')
			AND t.placed_at >= $3 AND t.agent_id = $1 ORDER BY t.recorded_at, t.assignment_id`,
		[]any{int64(agent), us(d.From), us(d.From)}, func(r *sql.Rows) error {
			a, err := scanAttempt(r)
			index[a.Assignment] = a
			all = append(all, a)
			return err
		})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	err = t.each(`SELECT m.assignment_id, m.outcome, m.code, m.new_number, m.note, m.ended_at FROM amendments m
		WHERE m.assignment_id `+t.d.in(1)+` ORDER BY m.id`, []any{js(inOrder(index))}, func(r *sql.Rows) error {
		var m amendmentRow
		err := r.Scan(&m.Assignment, outcomeCol{&m.Outcome}, &m.Code, &m.NewNumber, &m.Note, &m.Ended)
		lay(index[m.Assignment], m)
		return err
	})
	for _, a := range all {
		d.Count(a)
	}
	return all[len(all)-1], err
}

// lastCall adds what a desk shows of the last call.
func (t *tx) lastCall(d *campaign.AgentDay, a *campaign.Attempt) error {
	c, err := t.campaign(a.CampaignID, "")
	if err != nil {
		return err
	}
	d.Last = &campaign.LastCall{Attempt: *a, Campaign: c, CorrectUntil: a.RecordedAt.Add(c.Floor.CorrectWithin)}
	return t.row(`SELECT name FROM leads WHERE id = $1`, []any{int64(a.LeadID)}, &d.Last.LeadName)
}
