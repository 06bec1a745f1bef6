package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"redial/campaign"
)

// audited are the invariants that Audit checks. I2 cannot be seen in the record, I8 and I10 to I12 are not about it.
var audited = []string{"I1", "I3", "I4", "I5", "I6", "I7", "I9"}

// Audit walks the record of one campaign, or of all (0), in one state of it, and tells found of every breach of I1,
// I3-I7 and I9 as it is found; it ends with found's error. What an attempt was allowed is judged by the rules
// themselves, with the version of the campaign's rules, the calendars, the law packs and the zones that the attempt was
// made under; caps and cool-offs over numbers, persons, matters, accounts and the company are counted apart from the
// rules, over the calls of every campaign. Memory is bounded by some thousand attempts and the calls that their caps
// look back on.
func (s *Store) Audit(ctx context.Context, id campaign.CampaignID, found func(campaign.Breach) error) (campaign.AuditSummary, error) {
	sum := campaign.AuditSummary{Invariants: audited}
	err := s.read(atLength(ctx), "audit the record", func(t *tx) error {
		a := &audit{t: t, of: id, sum: &sum, tell: found, calendars: make(map[calendarKey]*campaign.Calendar), passed: make(map[string]int)}
		for _, c := range []struct{ what, query string }{
			{"leads", `SELECT count(*) FROM leads l WHERE ($1 = 0 OR l.campaign_id = $1)`},
			{"attempts", `SELECT count(*) FROM attempts l WHERE ($1 = 0 OR l.campaign_id = $1)`},
			{"appointments", `SELECT count(*) FROM appointments l WHERE ($1 = 0 OR l.campaign_id = $1)`},
		} {
			to := map[string]*int64{"leads": &sum.Leads, "attempts": &sum.Attempts, "appointments": &sum.Appointments}[c.what]
			if err := t.row(c.query, []any{int64(id)}, to); err != nil {
				return err
			}
		}
		for _, check := range []func() error{a.states, a.attempts, a.ledger} {
			if err := check(); err != nil {
				return err
			}
		}
		sum.Passed = nil
		for _, what := range inOrder(a.passed) {
			sum.Passed = append(sum.Passed, fmt.Sprintf("%d calls %s", a.passed[what], what))
		}
		return nil
	})
	return sum, err
}

type audit struct {
	t    *tx
	of   campaign.CampaignID
	sum  *campaign.AuditSummary
	tell func(campaign.Breach) error

	rules     map[ruleKey]*campaign.Campaign
	calendars map[calendarKey]*campaign.Calendar
	passed    map[string]int // what could not be judged, and how often
}

func (a *audit) breach(b campaign.Breach) error {
	a.sum.Breaches++
	return a.tell(b)
}

// contradiction is a query whose every row is a breach: campaign, lead, assignment, agent, instant, detail.
type contradiction struct {
	invariant, what, query string
	now                    bool // $2 is now
}

// contradictions are the breaches that are states and not acts.
var contradictions = []contradiction{
	{invariant: "I1", what: "the lead has several open assignments", query: `SELECT min(a.campaign_id), a.lead_id, max(a.id), 0, 0, ''
		FROM assignments a WHERE a.closed_at = 0 AND ($1 = 0 OR a.campaign_id = $1) GROUP BY a.lead_id HAVING count(*) > 1`},
	{invariant: "I1", what: "the agent has several open assignments", query: `SELECT min(a.campaign_id), 0, max(a.id), a.agent_id, 0, ''
		FROM assignments a WHERE a.closed_at = 0 AND ($1 = 0 OR a.campaign_id = $1) GROUP BY a.agent_id HAVING count(*) > 1`},
	{invariant: "I1", what: "the lead is held and no open assignment of it is", query: `SELECT l.campaign_id, l.id, l.assignment_id, 0, 0, ''
		FROM leads l WHERE l.assignment_id > 0 AND ($1 = 0 OR l.campaign_id = $1) AND NOT EXISTS
		(SELECT 1 FROM assignments a WHERE a.id = l.assignment_id AND a.lead_id = l.id AND a.closed_at = 0)`},
	{invariant: "I1", what: "the assignment is open and its lead is not held by it", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, 0, ''
		FROM assignments a WHERE a.closed_at = 0 AND ($1 = 0 OR a.campaign_id = $1) AND NOT EXISTS
		(SELECT 1 FROM leads l WHERE l.id = a.lead_id AND l.assignment_id = a.id AND l.state = 'held')`},
	{invariant: "I1", what: "the assignment is open and its agent's session does not hold it", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, 0, ''
		FROM assignments a WHERE a.closed_at = 0 AND ($1 = 0 OR a.campaign_id = $1) AND NOT EXISTS
		(SELECT 1 FROM sessions s WHERE s.agent_id = a.agent_id AND s.assignment_id = a.id)`},
	{invariant: "I1", what: "the session holds an assignment that is not open", query: `SELECT 0, 0, s.assignment_id, s.agent_id, 0, ''
		FROM sessions s WHERE s.assignment_id > 0 AND $1 = 0 AND NOT EXISTS
		(SELECT 1 FROM assignments a WHERE a.id = s.assignment_id AND a.agent_id = s.agent_id AND a.closed_at = 0)`},
	{invariant: "I3", what: "a number's cap is reserved by an assignment that ended without dialling", query: `SELECT u.campaign_id, u.lead_id, u.assignment_id, 0, 0, ''
		FROM subject_uses u JOIN assignments a ON a.id = u.assignment_id WHERE NOT u.placed AND a.closed_at > 0 AND ($1 = 0 OR u.campaign_id = $1)`},
	{invariant: "I3", what: "the attempt is not counted among the calls to its number", query: `SELECT t.campaign_id, t.lead_id, t.assignment_id, t.agent_id, t.placed_at, ''
		FROM attempts t JOIN assignments a ON a.id = t.assignment_id WHERE ($1 = 0 OR t.campaign_id = $1) AND NOT EXISTS
		(SELECT 1 FROM subject_uses u WHERE u.subject_id = a.subject_id AND u.assignment_id = t.assignment_id AND u.placed AND u.placed_at = t.placed_at)`},
	{invariant: "I5", what: "the number was suppressed when it was dialled", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, a.started_at, a.number
		FROM assignments a JOIN suppressions x ON x.subject_id = a.subject_id WHERE a.started_at > x.created_at
		AND (x.expires_at = 0 OR a.started_at < x.expires_at) AND ($1 = 0 OR a.campaign_id = $1)`},
	{invariant: "I5", what: "the number was suppressed in the campaign when it was dialled", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, a.started_at, a.number
		FROM assignments a JOIN scoped_suppressions x ON x.subject_id = a.subject_id AND x.campaign_id = a.campaign_id WHERE a.started_at > x.created_at
		AND (x.expires_at = 0 OR a.started_at < x.expires_at) AND ($1 = 0 OR a.campaign_id = $1)`},
	{invariant: "I5", what: "a number that is suppressed in the campaign is on offer", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, a.offered_at, a.number
		FROM assignments a JOIN scoped_suppressions x ON x.subject_id = a.subject_id AND x.campaign_id = a.campaign_id WHERE a.state = 'offered'
		AND (x.expires_at = 0 OR x.expires_at > $2) AND ($1 = 0 OR a.campaign_id = $1)`, now: true},
	{invariant: "I5", what: "a suppressed number is on offer", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, a.offered_at, a.number
		FROM assignments a JOIN suppressions x ON x.subject_id = a.subject_id WHERE a.state = 'offered'
		AND (x.expires_at = 0 OR x.expires_at > $2) AND ($1 = 0 OR a.campaign_id = $1)`, now: true},
	{invariant: "I6", what: "the promise was closed without a reason", query: `SELECT p.campaign_id, p.lead_id, p.booked_by, p.owner_id, p.at, p.state
		FROM appointments p WHERE p.closed_at > 0 AND p.reason = '' AND ($1 = 0 OR p.campaign_id = $1)`},
	{invariant: "I6", what: "the promise's grace is over and it is still open", query: `SELECT p.campaign_id, p.lead_id, p.booked_by, p.owner_id, p.at, ''
		FROM appointments p JOIN leads l ON l.id = p.lead_id WHERE p.closed_at = 0 AND p.grace_end + 60000000 < $2 AND l.state <> 'held'
		AND ($1 = 0 OR p.campaign_id = $1)`, now: true},
	{invariant: "I6", what: "the promise is open and its lead is not", query: `SELECT p.campaign_id, p.lead_id, p.booked_by, p.owner_id, p.at, l.state
		FROM appointments p JOIN leads l ON l.id = p.lead_id WHERE p.closed_at = 0 AND l.state NOT IN ('open', 'held') AND ($1 = 0 OR p.campaign_id = $1)`},
	{invariant: "I6", what: "the lead waits for a promise that is not open", query: `SELECT l.campaign_id, l.id, 0, l.owner_id, l.at, ''
		FROM leads l WHERE l.state = 'open' AND l.verdict = 'appointment' AND ($1 = 0 OR l.campaign_id = $1) AND NOT EXISTS
		(SELECT 1 FROM appointments p WHERE p.lead_id = l.id AND p.closed_at = 0)`},
	{invariant: "I6", what: "an attempt ended with APPOINTMENT and nothing was booked", query: `SELECT t.campaign_id, t.lead_id, t.assignment_id, t.agent_id, t.placed_at, ''
		FROM attempts t WHERE t.outcome = 'APPOINTMENT' AND ($1 = 0 OR t.campaign_id = $1) AND NOT EXISTS
		(SELECT 1 FROM appointments p WHERE p.lead_id = t.lead_id AND p.booked_by = t.assignment_id)`},
	{invariant: "I7", what: "the list's leads are not as many as were taken in", query: `SELECT k.campaign_id, 0, 0, 0, 0,
		'list ' || k.id || ': ' || (SELECT count(*) FROM leads l WHERE l.list_id = k.id) || ' leads, ' || k.lead_count || ' taken in'
		FROM lists k WHERE k.state IN ('active', 'undone') AND ($1 = 0 OR k.campaign_id = $1)
		AND k.lead_count <> (SELECT count(*) FROM leads l WHERE l.list_id = k.id)`},
	{invariant: "I9", what: "the attempt has no assignment that was dialled", query: `SELECT t.campaign_id, t.lead_id, t.assignment_id, t.agent_id, t.placed_at, t.outcome
		FROM attempts t WHERE ($1 = 0 OR t.campaign_id = $1) AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.id = t.assignment_id
		AND a.lead_id = t.lead_id AND a.agent_id = t.agent_id AND a.placed_at = t.placed_at AND a.state IN ('concluded', 'lapsed'))`},
	{invariant: "I9", what: "the call was placed, is over and is not in the ledger", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, a.placed_at, a.state
		FROM assignments a WHERE a.closed_at > 0 AND a.started_at > 0 AND ($1 = 0 OR a.campaign_id = $1)
		AND a.placed_at >= (SELECT COALESCE(min(t.placed_at), 0) FROM attempts t)
		AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.assignment_id = a.id AND t.placed_at = a.placed_at)`},
	{invariant: "I9", what: "the assignment was concluded without having been dialled", query: `SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, a.closed_at, ''
		FROM assignments a WHERE a.state = 'concluded' AND a.started_at = 0 AND ($1 = 0 OR a.campaign_id = $1)`},
}

// dialledInCountry are the calls to numbers that were suppressed in their own country when they were dialled. Addresses and
// regions may have changed since, the country code cannot; one that several countries share proves nothing.
func (a *audit) dialledInCountry() error {
	return a.t.each(`SELECT a.campaign_id, a.lead_id, a.id, a.agent_id, a.started_at, a.number, x.country
		FROM assignments a JOIN scoped_suppressions x ON x.subject_id = a.subject_id AND x.country <> '' WHERE a.started_at > x.created_at
		AND (x.expires_at = 0 OR a.started_at < x.expires_at) AND ($1 = 0 OR a.campaign_id = $1)`, []any{int64(a.of)}, func(r *sql.Rows) error {
		b := campaign.Breach{Invariant: "I5"}
		var number campaign.Phone
		var country string
		if err := r.Scan(&b.Campaign, &b.Lead, &b.Assignment, &b.Agent, usTime{&b.At}, &number, &country); err != nil {
			return err
		}
		if own := number.Countries(); len(own) != 1 || own[0] != country {
			return nil
		}
		b.What = "the number was suppressed in its own country when it was dialled (" + string(number) + ")"
		return a.breach(b)
	})
}

func (a *audit) states() error {
	for _, c := range contradictions {
		args := []any{int64(a.of)}
		if c.now {
			args = append(args, us(a.t.now))
		}
		err := a.t.each(c.query, args, func(r *sql.Rows) error {
			b := campaign.Breach{Invariant: c.invariant, What: c.what}
			var detail string
			if err := r.Scan(&b.Campaign, &b.Lead, &b.Assignment, &b.Agent, usTime{&b.At}, &detail); err != nil {
				return err
			}
			if detail != "" {
				b.What += " (" + detail + ")"
			}
			return a.breach(b)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
	}
	return a.dialledInCountry()
}

// ledger walks the agents' states: each row begins where the last one ended, and what it says was spent is the time
// between.
func (a *audit) ledger() error {
	if a.of != 0 {
		return nil // an agent's day is not one campaign's
	}
	var agent campaign.AgentID
	var state campaign.AgentState
	var last time.Time
	err := a.t.each(`SELECT x.agent_id, x.at, x.from_state, x.to_state, x.spent_us FROM agent_states x ORDER BY x.agent_id, x.at, x.id`, nil,
		func(r *sql.Rows) error {
			var id campaign.AgentID
			var at time.Time
			var from, to campaign.AgentState
			var spent int64
			if err := r.Scan(&id, usTime{&at}, &from, &to, &spent); err != nil {
				return err
			}
			b := campaign.Breach{Invariant: "I9", Agent: id, At: at}
			switch {
			case id == agent && from != state:
				b.What = fmt.Sprintf("the agent left %s but had been in %s", from, state)
			case id == agent && spent != us(at)-us(last):
				b.What = fmt.Sprintf("the ledger says %d µs in %s and it was %d", spent, from, us(at)-us(last))
			case spent < 0:
				b.What = fmt.Sprintf("the agent was %d µs in %s", spent, from)
			}
			agent, state, last = id, to, at
			if b.What == "" {
				return nil
			}
			return a.breach(b)
		})
	if err != nil {
		return err
	}
	return a.t.each(`SELECT s.agent_id, s.since, s.state, x.to_state FROM sessions s JOIN agent_states x ON x.agent_id = s.agent_id
		WHERE x.id = (SELECT max(y.id) FROM agent_states y WHERE y.agent_id = s.agent_id) AND (x.to_state <> s.state OR x.at <> s.since)`, nil,
		func(r *sql.Rows) error {
			b := campaign.Breach{Invariant: "I9"}
			var is, was campaign.AgentState
			err := r.Scan(&b.Agent, usTime{&b.At}, &is, &was)
			if err != nil {
				return err
			}
			b.What = fmt.Sprintf("the agent is %s and the ledger's last row says %s", is, was)
			return a.breach(b)
		})
}
