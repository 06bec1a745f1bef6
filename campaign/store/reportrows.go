package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"redial/campaign"
)

// countStates counts the time agents spent in each state: the stretches of the ledger and the one each is in now,
// clipped to the report and, by day, cut at the ends of days.
func (r *reporting) countStates(k keys) error {
	where, args := r.narrow("s.until", "s.campaign_id", "COALESCE(a.list_id, 0)", "s.agent_id")
	// A stretch that ended after the report began may have begun before it ended.
	where = "s.until > $1 AND s.since < $2" + where[len("s.until >= $1 AND s.until < $2"):]
	args = append(args, us(r.t.now))
	stretches := fmt.Sprintf(`FROM (
		SELECT agent_id, from_state AS state, at - spent_us AS since, at AS until, campaign_id, assignment_id FROM agent_states WHERE at > $1
		UNION ALL SELECT agent_id, state, since, CAST($%d AS BIGINT), 0, 0 FROM sessions) AS s
		LEFT JOIN assignments a ON a.id = s.assignment_id WHERE s.state <> 'signed_out' AND `, len(args)) + where
	if k.states == "" {
		return r.cutStates(`SELECT s.state, s.since, s.until `+stretches, args)
	}
	q := `SELECT ` + k.states + `, s.state, sum((CASE WHEN s.until < $2 THEN s.until ELSE $2 END) - (CASE WHEN s.since > $1 THEN s.since ELSE $1 END)) ` +
		stretches + ` GROUP BY 1, 2`
	return r.each(k, q, args, func(get getter) error {
		var state campaign.AgentState
		var spent int64
		c, err := get(&state, &spent)
		if err != nil {
			return err
		}
		c.Spend(state, micros(spent))
		return nil
	})
}

// cutStates gives each day its part of every stretch.
func (r *reporting) cutStates(query string, args []any) error {
	return r.t.each(query, args, func(rows *sql.Rows) error {
		var state campaign.AgentState
		var since, until time.Time
		if err := rows.Scan(&state, usTime{&since}, usTime{&until}); err != nil {
			return err
		}
		if since.Before(r.from) {
			since = r.from
		}
		if until.After(r.to) {
			until = r.to
		}
		for since.Before(until) {
			day := campaign.DateOf(since.In(r.loc))
			end := day.Next().Start(r.loc)
			if !end.After(since) || end.After(until) {
				end = until
			}
			r.part(day.String()).Spend(state, end.Sub(since))
			since = end
		}
		return nil
	})
}

// rows are the parts with their names: every campaign, list or agent that the query is about, and every day between
// the first and the last, also where nothing happened.
func (r *reporting) rows() ([]campaign.ReportRow, error) {
	labels, err := r.labels()
	if err != nil {
		return nil, err
	}
	for key := range labels {
		r.part(key)
	}
	out := make([]campaign.ReportRow, 0, len(r.parts))
	for key, c := range r.parts {
		label := cmp.Or(labels[key], key)
		if key == "0" {
			label = "(none)"
		}
		out = append(out, campaign.ReportRow{Key: key, Label: label, Counts: *c, Figures: c.Figures()})
	}
	slices.SortFunc(out, func(a, b campaign.ReportRow) int {
		return cmp.Or(len(a.Key)-len(b.Key), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

// labels names the rows that a report has whatever happened.
func (r *reporting) labels() (map[string]string, error) {
	labels := make(map[string]string)
	var query string
	var args []any
	switch r.q.Kind {
	case campaign.ReportCampaign:
		query, args = `SELECT id, name FROM campaigns WHERE (CAST($1 AS BIGINT) = 0 OR id = $1)`, []any{int64(r.q.Campaign)}
	case campaign.ReportList:
		query = `SELECT k.id, k.name FROM lists k WHERE ` + visibleList + ` AND (CAST($1 AS BIGINT) = 0 OR k.id = $1) AND (CAST($2 AS BIGINT) = 0 OR k.campaign_id = $2)`
		args = []any{int64(r.q.List), int64(r.q.Campaign)}
	case campaign.ReportAgent:
		query = `SELECT id, login FROM agents WHERE (CAST($1 AS BIGINT) = 0 OR id = $1)`
		args = []any{int64(r.q.Agent)}
	default:
		r.labelDays(labels)
		return labels, nil
	}
	if column := map[campaign.ReportKind]string{campaign.ReportCampaign: "id", campaign.ReportList: "k.campaign_id"}[r.q.Kind]; column != "" && len(r.q.Among) > 0 {
		query += " AND " + among(column, r.q.Among)
	}
	err := r.t.each(query, args, func(rows *sql.Rows) error {
		var id int64
		var name string
		err := rows.Scan(&id, &name)
		labels[strconv.FormatInt(id, 10)] = name
		return err
	})
	if r.q.Kind == campaign.ReportAgent && (r.q.Campaign != 0 || r.q.List != 0 || len(r.q.Among) > 0) {
		for key := range labels {
			if r.parts[key] == nil {
				delete(labels, key)
			}
		}
	}
	return labels, err
}

func (r *reporting) labelDays(labels map[string]string) {
	first, last := "", campaign.DateOf(r.to.Add(-1).In(r.loc)).String()
	if !r.from.IsZero() {
		first = campaign.DateOf(r.from.In(r.loc)).String()
	}
	for key := range r.parts {
		if first == "" || key < first {
			first = key
		}
	}
	if first == "" {
		return
	}
	d, err := campaign.ParseDate(first)
	for err == nil && d.String() <= last {
		labels[d.String()] = d.String()
		d = d.Next()
	}
}

// BadData are the numbers that calls found to be bad, in the order of the calls, amendments applied.
func (s *Store) BadData(ctx context.Context, q campaign.BadDataQuery) ([]campaign.BadNumber, error) {
	if q.Limit <= 0 {
		q.Limit = 1000
	}
	var out []campaign.BadNumber
	query := `WITH last AS (SELECT assignment_id, max(id) AS id FROM amendments GROUP BY assignment_id)
		SELECT t.assignment_id, t.lead_id, t.list_id, COALESCE(l.name, ''), COALESCE(l.external_id, ''), COALESCE(l.line, 0), t.number,
			COALESCE(m.outcome, t.outcome), COALESCE(m.new_number, t.new_number), COALESCE(m.note, t.note), t.placed_at, t.agent_id,
			COALESCE(g.login, ''), COALESCE(l.state, '')
		FROM attempts t LEFT JOIN last ON last.assignment_id = t.assignment_id LEFT JOIN amendments m ON m.id = last.id
			LEFT JOIN leads l ON l.id = t.lead_id LEFT JOIN agents g ON g.id = t.agent_id
		WHERE COALESCE(m.outcome, t.outcome) IN (` + quoted(campaign.Outcome.BadData) + `) AND (CAST($1 AS BIGINT) = 0 OR t.campaign_id = $1)
			AND (CAST($2 AS BIGINT) = 0 OR t.list_id = $2) AND (t.placed_at, t.assignment_id) > ($3, $4) ORDER BY t.placed_at, t.assignment_id LIMIT $5`
	err := s.read(atLength(ctx), "list bad numbers", func(t *tx) error {
		out = nil
		return t.each(query, []any{int64(q.Campaign), int64(q.List), us(q.AfterAt), int64(q.After), q.Limit}, func(r *sql.Rows) error {
			var n campaign.BadNumber
			err := r.Scan(&n.Attempt, &n.LeadID, &n.ListID, &n.LeadName, &n.ExternalID, &n.Line, &n.Number, outcomeCol{&n.Outcome}, &n.NewNumber,
				&n.Note, usTime{&n.PlacedAt}, &n.AgentID, &n.AgentLogin, &n.LeadState)
			out = append(out, n)
			return err
		})
	})
	return out, err
}
