package store

import (
	"context"
	"database/sql"
	"math"
	"time"

	"redial/campaign"
)

// Supply is the leads that wait in each calendar group of a campaign, by group: callable at now by the instant that
// they wait for, and by step of that instant up to until. Groups that are not offered (see Groups) and leads with a
// promise are left out. It counts in the due indexes alone.
func (s *Store) Supply(ctx context.Context, of campaign.CampaignID, now, until time.Time, step time.Duration) ([]campaign.Supply, error) {
	if step < time.Second || until.Before(now) || until.Sub(now)/step > 100_000 {
		return nil, campaign.Invalid("step", "must be at least a second, and at most 100000 of them between now and until")
	}
	steps := int((until.Sub(now) + step - 1) / step)
	var out []campaign.Supply
	err := s.peek(ctx, "count leads that wait", func(t *tx) error {
		out = nil
		return t.each(supplyQuery, []any{int64(of), us(now), step.Microseconds(), us(until)}, func(r *sql.Rows) error {
			var g campaign.GroupID
			var fresh bool
			var at, n int64
			if err := r.Scan(&g, &fresh, &at, &n); err != nil {
				return err
			}
			if len(out) == 0 || out[len(out)-1].Group != g {
				out = append(out, campaign.Supply{Group: g, Later: make([]int64, steps)})
			}
			switch x := &out[len(out)-1]; {
			case at >= 0:
				x.Later[min(int(at), steps-1)] += n
			case fresh:
				x.Fresh += n
			default:
				x.Tried += n
			}
			return nil
		})
	})
	return out, err
}

// supplyQuery counts by group, fresh or tried, and step from $2 on ($3 microseconds each, below $4); -1 is due. Of fresh
// leads those that were put off (leads_put) are counted apart and taken from the due.
const supplyQuery = `SELECT g, fresh, step, sum(n) FROM (
	SELECT l.group_id AS g, FALSE AS fresh, CASE WHEN l.earliest <= $2 THEN -1 ELSE (l.earliest - $2 - 1) / $3 END AS step, count(*) AS n
		FROM leads l WHERE ` + supplyGroups + ` AND l.state = 'open' AND l.verdict = 'call' AND l.last_placed > 0 AND l.earliest < $4 GROUP BY 1, 2, 3
	UNION ALL
	SELECT l.group_id, TRUE, -1, count(*) FROM leads l WHERE ` + supplyGroups + ` AND l.state = 'open' AND l.verdict = 'call' AND l.last_placed = 0 GROUP BY 1
	UNION ALL
	SELECT l.group_id, TRUE, -1, -count(*) FROM leads l WHERE ` + supplyGroups + ` AND l.state = 'open' AND l.verdict = 'call' AND l.last_placed = 0
		AND l.earliest > l.decided_at AND l.earliest > $2 GROUP BY 1
	UNION ALL
	SELECT l.group_id, TRUE, (l.earliest - $2 - 1) / $3, count(*) FROM leads l WHERE ` + supplyGroups + ` AND l.state = 'open' AND l.verdict = 'call'
		AND l.last_placed = 0 AND l.earliest > l.decided_at AND l.earliest > $2 AND l.earliest < $4 GROUP BY 1, 3
	) AS x GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`

const supplyGroups = `l.group_id IN (SELECT c.id FROM calendar_groups c JOIN lists k ON k.id = c.list_id
	WHERE c.campaign_id = $1 AND k.state = 'active' AND k.is_on)`

// Pace is how calling went in a campaign since an instant. Errors: KindNotFound.
func (s *Store) Pace(ctx context.Context, id campaign.CampaignID, since time.Time) (campaign.Pace, error) {
	var p campaign.Pace
	err := s.read(ctx, "read how calling went", func(t *tx) error {
		p = campaign.Pace{Since: since, Until: t.now, ByTry: make([]campaign.PaceTry, campaign.PaceTries)}
		c, err := t.campaign(id, "")
		if err != nil {
			return err
		}
		for _, read := range []func(*campaign.Campaign, *campaign.Pace) error{t.paceOfCalls, t.paceOfHours, t.paceOfAgents} {
			if err := read(c, &p); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// paceCalls are the campaign's attempts since $2 as they stand: outcome, talk, after-call time, which call to the lead
// it was, and whether the lead was to be called again.
const paceCalls = `SELECT COALESCE(m.outcome, t.outcome) AS outcome, ` + ended + ` - t.placed_at AS talk,
	CASE WHEN t.recorded_at > ` + ended + ` THEN t.recorded_at - ` + ended + ` ELSE 0 END AS wrap,
	(SELECT count(*) FROM attempts b WHERE b.lead_id = t.lead_id AND (b.placed_at, b.assignment_id) <= (t.placed_at, t.assignment_id)) AS nth,
	CASE WHEN t.plan LIKE '{"verdict":"call"%' OR t.plan LIKE '{"verdict":"appointment"%' THEN 1 ELSE 0 END AS again
	FROM attempts t LEFT JOIN amendments m ON m.id = (SELECT max(x.id) FROM amendments x WHERE x.assignment_id = t.assignment_id)
	WHERE t.campaign_id = $1 AND t.placed_at >= $2`

func (t *tx) paceOfCalls(c *campaign.Campaign, p *campaign.Pace) error {
	q := `SELECT outcome, again, CASE WHEN nth > $4 THEN $4 ELSE nth END, count(*), sum(talk), sum(wrap), sum(nth),
		sum(CASE WHEN talk >= $3 THEN 1 ELSE 0 END) FROM (` + paceCalls + `) AS calls GROUP BY 1, 2, 3`
	least := c.Floor.Conversation
	if least == 0 {
		least = campaign.DefaultFloor().Conversation
	}
	args := []any{int64(c.ID), us(p.Since), least.Microseconds(), campaign.PaceTries}
	return t.each(q, args, func(r *sql.Rows) error {
		var o campaign.Outcome
		var again, nth, n, talk, wrap, calls, long int64
		if err := r.Scan(outcomeCol{&o}, &again, &nth, &n, &talk, &wrap, &calls, &long); err != nil {
			return err
		}
		try := &p.ByTry[nth-1]
		p.Attempts, try.Attempts = p.Attempts+n, try.Attempts+n
		p.Outcomes[o] += n
		p.WrapUp += micros(wrap)
		if o.Connect() {
			p.Connects, try.Connects = p.Connects+n, try.Connects+n
			p.Conversations, try.Conversations = p.Conversations+long, try.Conversations+long
			p.Talk += micros(talk)
		} else {
			p.Ring += micros(talk)
		}
		if again == 1 {
			p.Retries += n
		} else {
			p.LeadsEnded, p.EndedAttempts = p.LeadsEnded+n, p.EndedAttempts+calls
		}
		return nil
	})
}

// paceOfHours finds how much calls an hour and agent deviate.
func (t *tx) paceOfHours(c *campaign.Campaign, p *campaign.Pace) error {
	var n, sum, squares float64
	err := t.each(`SELECT count(*), count(DISTINCT t.agent_id) FROM attempts t WHERE t.campaign_id = $1 AND t.placed_at >= $2
		GROUP BY t.placed_at / 3600000000`, []any{int64(c.ID), us(p.Since)}, func(r *sql.Rows) error {
		var calls, agents float64
		err := r.Scan(&calls, &agents)
		rate := calls / agents
		n, sum, squares = n+1, sum+rate, squares+rate*rate
		return err
	})
	if mean := sum / n; n >= 3 {
		p.HourlySpread = math.Sqrt(max(squares/n-mean*mean, 0)) / mean
	}
	return err
}

// paceOfAgents reads what agents spent: a ready agent's time counts for the campaign whose offer ended it.
func (t *tx) paceOfAgents(c *campaign.Campaign, p *campaign.Pace) error {
	return t.each(`SELECT s.from_state, sum(s.spent_us) FROM agent_states s WHERE s.at >= $2 AND s.campaign_id = $1 GROUP BY 1`,
		[]any{int64(c.ID), us(p.Since)}, func(r *sql.Rows) error {
			var state campaign.AgentState
			var spent int64
			err := r.Scan(&state, &spent)
			switch state { //nolint:exhaustive // other times are no work of the campaign's
			case campaign.AgentReady:
				p.Ready += micros(spent)
			case campaign.AgentOnCall, campaign.AgentWrapUp:
				p.OnCalls += micros(spent)
			}
			return err
		})
}
