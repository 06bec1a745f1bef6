package store

import (
	"database/sql"
	"fmt"
	"time"

	"redial/campaign"
)

// placed is an attempt as the audit sees it.
type placed struct {
	*campaign.Attempt
	insisted bool
	final    campaign.Outcome // after amendments
}

// counted says whether the attempt counted against caps all along, whatever it was amended to.
func (p *placed) counted() bool { return p.Outcome.Counted() && p.final.Counted() }

const finalOutcome = `COALESCE((SELECT m.outcome FROM amendments m WHERE m.assignment_id = t.assignment_id ORDER BY m.id DESC LIMIT 1), t.outcome)`

type ruleKey struct {
	campaign campaign.CampaignID
	version  int64
}

// rulesThen are the campaigns with each version of their rules.
func (t *tx) rulesThen() (map[ruleKey]*campaign.Campaign, error) {
	out := make(map[ruleKey]*campaign.Campaign)
	err := t.each(`SELECT `+campaignColumns+`, r.version, r.rules FROM campaigns c JOIN campaign_rules r ON r.campaign_id = c.id`, nil,
		func(r *sql.Rows) error {
			var version int64
			var rules campaign.Rules
			c, err := scanCampaign(r, &version, jsonCol{&rules})
			c.Rules, c.RulesVersion, c.State = rules, version, campaign.CampaignRunning
			out[ruleKey{c.ID, version}] = c
			return err
		})
	return out, err
}

// attempts walks every lead's calls in order and asks the rules of then about each.
func (a *audit) attempts() error {
	rules, err := a.t.rulesThen()
	if err != nil {
		return err
	}
	var lead *campaign.Lead
	var calls []placed
	var tries, numbers string
	finish := func() error {
		if lead == nil {
			return nil
		}
		return a.lead(rules, lead, calls)
	}
	err = a.t.each(`SELECT `+attemptColumns+`, t.insisted, `+finalOutcome+`, l.tries, l.numbers FROM attempts t JOIN leads l ON l.id = t.lead_id
		WHERE ($1 = 0 OR t.campaign_id = $1) ORDER BY t.lead_id, t.placed_at, t.assignment_id`, []any{int64(a.of)}, func(r *sql.Rows) error {
		var p placed
		var err error
		if p.Attempt, err = scanAttempt(r, &p.insisted, outcomeCol{&p.final}, &tries, &numbers); err != nil {
			return err
		}
		if lead == nil || lead.ID != p.LeadID {
			if err := finish(); err != nil {
				return err
			}
			lead, calls = &campaign.Lead{ID: p.LeadID, CampaignID: p.CampaignID, ListID: p.ListID, State: campaign.LeadOpen}, calls[:0]
			if err := (jsonCol{&lead.Tries}).Scan(tries); err != nil {
				return err
			}
			if err := (jsonCol{&lead.Numbers}).Scan(numbers); err != nil {
				return err
			}
		}
		calls = append(calls, p)
		return nil
	})
	if err != nil {
		return err
	}
	return finish()
}

// lead checks one lead's calls, and that what the rule knows of them is what the ledger says.
func (a *audit) lead(rules map[ruleKey]*campaign.Campaign, l *campaign.Lead, calls []placed) error {
	tries := l.Tries
	for len(tries) > 0 && tries[0].PlacedAt.Before(calls[0].PlacedAt) {
		tries = tries[1:] // their history was dropped
	}
	before := l.Tries[:len(l.Tries)-len(tries)]
	if len(tries) != len(calls) {
		return a.breach(campaign.Breach{Invariant: "I9", Campaign: l.CampaignID, Lead: l.ID,
			What: fmt.Sprintf("the rule knows of %d calls and the ledger of %d", len(tries), len(calls))})
	}
	first := append([]campaign.Try(nil), before...)
	for i := range calls {
		p, try := &calls[i], tries[i]
		if !try.PlacedAt.Equal(p.PlacedAt) || try.Number != p.Number || (try.Outcome != p.final && try.Was != p.final) {
			if err := a.breach(campaign.Breach{Invariant: "I9", Campaign: l.CampaignID, Lead: l.ID, Assignment: p.Assignment, At: p.PlacedAt,
				What: fmt.Sprintf("the rule knows this call as %v at %s and the ledger as %v at %s", try.Outcome, try.PlacedAt, p.final, p.PlacedAt)}); err != nil {
				return err
			}
		}
		c := rules[ruleKey{p.CampaignID, p.RulesVersion}]
		if c == nil {
			c = &campaign.Campaign{}
		}
		now, then := *l, *l
		now.Tries, then.Tries = l.Tries[:len(before)+i], first
		if b := a.judge(c, &now, p); b != nil && a.judge(c, &then, p) != nil {
			if err := a.breach(*b); err != nil {
				return err
			}
		}
		first = append(first, campaign.Try{PlacedAt: p.PlacedAt, Outcome: p.Outcome, Number: p.Number, NewNumber: p.NewNumber})
	}
	return nil
}

// judge asks the rules whether the call was allowed when it was placed; nil: it was. A promise waives all but the hours,
// and those too when the customer insisted.
func (a *audit) judge(c *campaign.Campaign, l *campaign.Lead, p *placed) *campaign.Breach {
	if p.insisted || c.ID == 0 {
		return nil
	}
	l.Zones = p.Zones
	f := &campaign.Facts{Campaign: c, List: &campaign.List{ID: p.ListID, State: campaign.ListActive, On: true}, Lead: l, Now: p.PlacedAt}
	if p.Waived {
		bare := *c
		bare.Rules = campaign.Rules{Hours: c.Rules.Hours, Holidays: c.Rules.Holidays}
		l.Tries, f.Campaign = nil, &bare
	}
	plan := a.t.rules.Decide(f)
	b := &campaign.Breach{Invariant: "I3", Campaign: p.CampaignID, Lead: l.ID, Assignment: p.Assignment, Agent: p.AgentID, At: p.PlacedAt}
	switch {
	case plan.Verdict == campaign.VerdictExhausted:
		b.What = "the call was placed though the rules then in force had ended the lead: " + plan.Reason
	case plan.Verdict == campaign.VerdictCall && plan.At.After(p.PlacedAt):
		b.What = fmt.Sprintf("the call was placed %s before the rules then in force allow it: %s", plan.At.Sub(p.PlacedAt), plan.Reason)
	default:
		return nil
	}
	if plan.Reason == campaign.ReasonHours || plan.Reason == campaign.ReasonExpired || plan.Reason == campaign.ReasonNoCallableTime {
		b.Invariant = "I4"
	}
	return b
}

// numbers walks every number's calls, over all campaigns, and holds them to the caps over numbers.
func (a *audit) numbers() error {
	rules, err := a.t.rulesThen()
	if err != nil {
		return err
	}
	var longest time.Duration
	for _, c := range rules {
		longest = max(longest, ownReach(&c.Rules))
	}
	if longest == 0 {
		return nil
	}
	var number campaign.Phone
	var calls []time.Time // counted, to this number, in the longest period
	return a.t.each(`SELECT `+attemptColumns+`, t.insisted, `+finalOutcome+` FROM attempts t ORDER BY t.number, t.placed_at, t.assignment_id`, nil,
		func(r *sql.Rows) error {
			var p placed
			var err error
			if p.Attempt, err = scanAttempt(r, &p.insisted, outcomeCol{&p.final}); err != nil {
				return err
			}
			if p.Number != number {
				number, calls = p.Number, calls[:0]
			}
			for len(calls) > 0 && !calls[0].After(p.PlacedAt.Add(-longest)) {
				calls = calls[1:]
			}
			if c := rules[ruleKey{p.CampaignID, p.RulesVersion}]; c != nil && !p.Waived && (a.of == 0 || a.of == p.CampaignID) {
				if err := a.capped(c, &p, calls); err != nil {
					return err
				}
			}
			if p.counted() {
				calls = append(calls, p.PlacedAt)
			}
			return nil
		})
}

func (a *audit) capped(c *campaign.Campaign, p *placed, calls []time.Time) error {
	for _, limit := range c.Rules.Caps {
		if limit.Scope != campaign.CapNumber {
			continue
		}
		n := 0
		for _, at := range calls {
			if at.After(p.PlacedAt.Add(-limit.Period)) {
				n++
			}
		}
		if n >= limit.Max {
			return a.breach(campaign.Breach{Invariant: "I3", Campaign: p.CampaignID, Lead: p.LeadID, Assignment: p.Assignment, Agent: p.AgentID,
				At: p.PlacedAt, What: fmt.Sprintf("the number was called %d times in the %s before, and the cap is %d", n, limit.Period, limit.Max)})
		}
	}
	return nil
}
