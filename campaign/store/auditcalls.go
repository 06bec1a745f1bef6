package store

import (
	"database/sql"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// placed is an attempt as the audit sees it.
type placed struct {
	*campaign.Attempt
	insisted bool
	start    int64            // in which order its start had the locks of its subjects; 0: not known, an older node made it
	final    campaign.Outcome // after amendments
	ended    time.Time        // after amendments
	subjects []campaign.SubjectID
	passed   []string
	uses     []earlierCall // calls before it to other leads on them
}

const finalOutcome = `COALESCE((SELECT m.outcome FROM amendments m WHERE m.assignment_id = t.assignment_id ORDER BY m.id DESC LIMIT 1), t.outcome)`

// finalEnd is when the conversation ended by the last amendment that says so.
const finalEnd = `COALESCE((SELECT m.ended_at FROM amendments m WHERE m.assignment_id = t.assignment_id AND m.ended_at > 0 ORDER BY m.id DESC LIMIT 1), t.ended_at)`

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

// auditPage is how many attempts the audit holds at once, besides the calls of one lead.
const auditPage = 2000

// leadCalls are a lead and its calls, oldest first.
type leadCalls struct {
	lead  *campaign.Lead
	calls []placed
}

const auditAttempts = `SELECT ` + attemptColumns + `, t.insisted, ` + finalOutcome + `, ` + finalEnd + `, l.tries, l.numbers, l.account,
	COALESCE((SELECT a.start_no FROM assignments a WHERE a.id = t.assignment_id), 0),
	COALESCE((SELECT CASE WHEN a.subjects = '[]' THEN '[' || a.subject_id || ']' ELSE a.subjects END FROM assignments a WHERE a.id = t.assignment_id), '[]')
	FROM attempts t JOIN leads l ON l.id = t.lead_id WHERE ($1 = 0 OR t.campaign_id = $1) AND (t.lead_id, t.placed_at, t.assignment_id) > ($2, $3, $4)
	ORDER BY t.lead_id, t.placed_at, t.assignment_id LIMIT $5`

// attempts walks every lead's calls in order and asks the rules of then about each.
func (a *audit) attempts() (err error) {
	if a.rules, err = a.t.rulesThen(); err != nil {
		return err
	}
	var some []leadCalls
	for after, n := (placed{Attempt: &campaign.Attempt{}}), auditPage; n == auditPage; {
		if n, err = a.page(&some, &after); err != nil {
			return err
		}
		whole := len(some)
		if n == auditPage {
			whole-- // the last one's calls may go on
		}
		if err := a.leads(some[:whole]); err != nil {
			return err
		}
		some = append([]leadCalls(nil), some[whole:]...)
	}
	return nil
}

// page reads the attempts after one and says how many there were.
func (a *audit) page(some *[]leadCalls, after *placed) (n int, err error) {
	args := []any{int64(a.of), int64(after.LeadID), us(after.PlacedAt), int64(after.Assignment), auditPage}
	err = a.t.each(auditAttempts, args, func(r *sql.Rows) error {
		var p placed
		var err error
		var tries, numbers, account string
		if p.Attempt, err = scanAttempt(r, &p.insisted, outcomeCol{&p.final}, usTime{&p.ended}, &tries, &numbers, &account, &p.start, jsonCol{&p.subjects}); err != nil {
			return err
		}
		n++
		*after = p
		if len(*some) == 0 || (*some)[len(*some)-1].lead.ID != p.LeadID {
			l := &campaign.Lead{ID: p.LeadID, CampaignID: p.CampaignID, ListID: p.ListID, State: campaign.LeadOpen, Account: account}
			if err := (jsonCol{&l.Tries}).Scan(tries); err != nil {
				return err
			}
			if err := (jsonCol{&l.Numbers}).Scan(numbers); err != nil {
				return err
			}
			*some = append(*some, leadCalls{lead: l})
		}
		last := &(*some)[len(*some)-1]
		last.calls = append(last.calls, p)
		return nil
	})
	return n, err
}

// leads checks some leads with all their calls.
func (a *audit) leads(some []leadCalls) error {
	if err := a.reserved(some); err != nil {
		return err
	}
	if err := a.readUses(some); err != nil {
		return err
	}
	if err := a.readCalendars(some); err != nil {
		return err
	}
	for _, l := range some {
		if err := a.lead(l.lead, l.calls); err != nil {
			return err
		}
	}
	return nil
}

// disown takes the calls off those to other leads that are among the lead's own tries: it was moved here with them.
func (p *placed) disown(tries []campaign.Try) {
	p.uses = slices.DeleteFunc(p.uses, func(u earlierCall) bool {
		return !u.Outside && slices.ContainsFunc(tries, func(t campaign.Try) bool { return t.PlacedAt.Equal(u.PlacedAt) && t.Number == u.Phone })
	})
}

// inOrderOfStart puts a lead's calls, which come by their instants, into the order in which they were made. Those of older
// nodes stay where they are.
func inOrderOfStart(calls []placed) {
	for i := range calls {
		for j := i; j > 0 && calls[j].start > 0 && calls[j-1].start > calls[j].start; j-- {
			calls[j-1], calls[j] = calls[j], calls[j-1]
		}
	}
}

// lead checks one lead's calls, and that what the rule knows of them is what the ledger says.
func (a *audit) lead(l *campaign.Lead, calls []placed) error {
	inOrderOfStart(calls)
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
		p.disown(before)
		if !try.PlacedAt.Equal(p.PlacedAt) || try.Number != p.Number || (try.Outcome != p.final && try.Was != p.final) {
			if err := a.breach(campaign.Breach{Invariant: "I9", Campaign: l.CampaignID, Lead: l.ID, Assignment: p.Assignment, At: p.PlacedAt,
				What: fmt.Sprintf("the rule knows this call as %v at %s and the ledger as %v at %s", try.Outcome, try.PlacedAt, p.final, p.PlacedAt)}); err != nil {
				return err
			}
		}
		now, then := *l, *l
		now.Tries, then.Tries = l.Tries[:len(before)+i], first
		if err := a.call(&now, &then, p, calls[:i], before); err != nil {
			return err
		}
		first = append(first, campaign.Try{PlacedAt: p.PlacedAt, Outcome: p.Outcome, Number: p.Number, NewNumber: p.NewNumber, Talk: talked(p.Attempt)})
	}
	return nil
}
