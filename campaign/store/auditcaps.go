package store

import (
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// earlierCall is a call before another, to the same lead or on one of its subjects, as it stood all along: what a
// correction made of it later, or unmade, does not count against the other.
type earlierCall struct {
	subjectUse
	final     campaign.Outcome
	finalTalk time.Duration
	own       bool
}

// is says whether the call was of a kind as it was first told and still is as it was corrected.
func (u *earlierCall) is(kind func(campaign.Outcome, time.Duration) bool) bool {
	return kind(u.Outcome, u.Talk) && kind(u.final, u.finalTalk)
}

// readUses reads, for the calls that caps bind, the calls before them to other leads on their subjects. Which came before
// is said by the order in which their starts had the locks of the subjects, and not by the instants alone: nodes whose
// clocks disagree for a moment write those in another order, and calls of one second have the same.
func (a *audit) readUses(some []leadCalls) error {
	type row struct {
		Of      campaign.AssignmentID `json:"of_id"`
		Subject campaign.SubjectID    `json:"subject_id"`
		Lead    campaign.LeadID       `json:"lead_id"`
		Since   int64                 `json:"since"`
		Until   int64                 `json:"until"`
		Start   int64                 `json:"start_no"`
	}
	var rows []row
	calls := make(map[campaign.AssignmentID]*placed)
	for _, l := range some {
		for i := range l.calls {
			p := &l.calls[i]
			back := a.since(p)
			if back == 0 {
				continue
			}
			calls[p.Assignment] = p
			for _, id := range p.subjects {
				rows = append(rows, row{p.Assignment, id, p.LeadID, us(p.PlacedAt.Add(-back)), us(p.PlacedAt), p.start})
			}
		}
	}
	q := `SELECT ` + useColumns + `, v.of_id, u.kind, COALESCE(t.outcome, s.outcome), COALESCE(t.ended_at - t.placed_at, s.talk_us) FROM ` +
		a.t.d.set(1, "v", "of_id bigint", "subject_id bigint", "lead_id bigint", "since bigint", "until bigint", "start_no bigint") + `
		JOIN subject_uses s ON s.subject_id = v.subject_id AND s.placed_at > v.since AND s.placed_at <= v.until
		JOIN subjects u ON u.id = s.subject_id LEFT JOIN attempts t ON t.assignment_id = s.assignment_id AND t.placed_at = s.placed_at
		LEFT JOIN assignments b ON b.id = s.assignment_id WHERE (s.placed OR s.outside) AND (s.outside OR s.lead_id <> v.lead_id)
		AND CASE WHEN b.start_no > 0 AND v.start_no > 0 THEN b.start_no < v.start_no ELSE s.placed_at < v.until OR s.assignment_id < v.of_id END
		ORDER BY v.of_id, s.placed_at, s.assignment_id`
	return setRowsBack(a.t, q, rows, func(r scanner) error {
		var of campaign.AssignmentID
		var kind string
		var first campaign.Outcome
		var talk int64
		_, u, err := scanUse(r, &of, &kind, outcomeCol{&first}, &talk)
		if err != nil {
			return err
		}
		p := calls[of]
		i := slices.IndexFunc(p.uses, func(x earlierCall) bool { return x.assignment == u.assignment })
		if i < 0 {
			i = len(p.uses)
			p.uses = append(p.uses, earlierCall{subjectUse: *u, final: u.Outcome, finalTalk: u.Talk})
			p.uses[i].Outcome, p.uses[i].Talk = first, time.Duration(talk)*time.Microsecond
		}
		p.uses[i].Person = p.uses[i].Person || kind != kindAccount
		p.uses[i].Account = p.uses[i].Account || kind == kindAccount
		return nil
	})
}

// usesThen are the calls to other leads as the rules take them: those that count all along.
func (p *placed) usesThen() (out []campaign.Use) {
	for i := range p.uses {
		u := &p.uses[i]
		if u.Outcome == u.final {
			out = append(out, u.Use)
		}
	}
	return out
}

// capped counts the calls before one and holds them to the campaign's caps and cool-offs that look at more than its
// lead's own.
func (a *audit) capped(c *campaign.Campaign, l *campaign.Lead, p *placed, earlier []placed, dropped []campaign.Try) error {
	if ownReach(&c.Rules) == 0 {
		return nil
	}
	calls := slices.Clone(p.uses)
	for _, t := range dropped {
		calls = append(calls, earlierCall{subjectUse{Use: campaign.Use{Phone: t.Number, PlacedAt: t.PlacedAt, Outcome: t.Outcome, Talk: t.Talk}}, t.Outcome, t.Talk, true})
	}
	for i := range earlier {
		e := &earlier[i]
		calls = append(calls, earlierCall{subjectUse{Use: campaign.Use{Phone: e.Number, PlacedAt: e.PlacedAt, Outcome: e.Outcome, Talk: e.Talk()}},
			e.final, e.ended.Sub(e.PlacedAt), true})
	}
	told := func(what string) error {
		b := a.breachOf(p)
		b.What = what
		return a.breach(b)
	}
	for _, limit := range c.Rules.Caps {
		if limit.Scope == campaign.CapLead {
			continue
		}
		kind := countsAs(c, limit.Count)
		n := most(p, calls, limit.Period, limit.Days, func(u *earlierCall) bool {
			return u.within(c, l, p.Number, limit.Scope) && !(u.Inbound && limit.Count != campaign.CountConversations) && u.is(kind)
		})
		if n >= limit.Max {
			if err := told(fmt.Sprintf("the %v had %d %v in the %s before, and the cap is %d", limit.Scope, n, limit.Count, span(limit.Period, limit.Days), limit.Max)); err != nil {
				return err
			}
		}
	}
	for _, wait := range c.Rules.CoolOffs {
		if wait.Scope == campaign.CapLead {
			continue
		}
		kind := coolsOff(c, wait.After)
		if most(p, calls, wait.Period, wait.Days, func(u *earlierCall) bool { return u.within(c, l, p.Number, wait.Scope) && u.is(kind) }) > 0 {
			if err := told(fmt.Sprintf("the call was placed less than %s after a call of the %v that was %s", span(wait.Period, wait.Days), wait.Scope, wait.After)); err != nil {
				return err
			}
		}
	}
	return nil
}

func span(period time.Duration, days int) string {
	if days > 0 {
		return fmt.Sprintf("%d local days", days)
	}
	return campaign.Duration(period)
}

// within says whether a call counts in a scope for a call to a number of the lead.
func (u *earlierCall) within(c *campaign.Campaign, l *campaign.Lead, number campaign.Phone, scope campaign.CapScope) bool {
	switch {
	case u.own:
		return scope != campaign.CapNumber || u.Phone == number
	case u.Outside && scope != campaign.CapCompany:
		return false
	}
	switch scope {
	case campaign.CapLead, campaign.NumScopes:
		return false
	case campaign.CapNumber:
		return u.Phone == number
	case campaign.CapPerson, campaign.CapCompany:
		return u.Person
	case campaign.CapMatter:
		return u.Person && (c.Rules.Matter != "" && u.Matter == c.Rules.Matter || c.Rules.Matter == "" && u.Campaign == c.ID)
	case campaign.CapAccount:
		return u.Account || l.Account == "" && u.Person
	}
	return false
}

func countsAs(c *campaign.Campaign, what campaign.CapCount) func(campaign.Outcome, time.Duration) bool {
	switch what {
	case campaign.CountConnects:
		return func(o campaign.Outcome, _ time.Duration) bool { return o.Connect() }
	case campaign.CountConversations:
		return conversed(c)
	case campaign.CountAttempts, campaign.NumCounts:
	}
	return func(o campaign.Outcome, _ time.Duration) bool { return o != campaign.NoOutcome && o.Counted() }
}

// conversed says what a conversation is by the campaign's threshold of today: no version of it is kept.
func conversed(c *campaign.Campaign) func(campaign.Outcome, time.Duration) bool {
	least := c.Floor.Conversation
	if least == 0 {
		least = 30 * time.Second
	}
	return func(o campaign.Outcome, talk time.Duration) bool { return o.Connect() && talk >= least }
}

func coolsOff(c *campaign.Campaign, after campaign.CoolOffAfter) func(campaign.Outcome, time.Duration) bool {
	of := map[campaign.CoolOffAfter]campaign.Outcome{campaign.AfterRefused: campaign.Refused, campaign.AfterAbandoned: campaign.Abandoned,
		campaign.AfterMachine: campaign.Machine}
	if o, ok := of[after]; ok {
		return func(is campaign.Outcome, _ time.Duration) bool { return is == o }
	}
	return conversed(c)
}

// most is how many of the calls that count fall into the period or the local days before a call, in the zone of its
// number where they are the most.
func most(p *placed, calls []earlierCall, period time.Duration, days int, counts func(*earlierCall) bool) (n int) {
	var zones []*time.Location
	if days > 0 {
		for _, z := range p.Zones {
			if loc, err := campaign.Location(z); err == nil {
				zones = append(zones, loc)
			}
		}
	} else {
		zones = []*time.Location{time.UTC}
	}
	for _, zone := range zones {
		from := p.PlacedAt.Add(-period)
		if days > 0 {
			y, m, d := p.PlacedAt.In(zone).Date()
			from = time.Date(y, m, d-days+1, 0, 0, 0, 0, zone).Add(-time.Nanosecond)
		}
		in := 0
		for i := range calls {
			if calls[i].PlacedAt.After(from) && counts(&calls[i]) {
				in++
			}
		}
		n = max(n, in)
	}
	return n
}

// reserved checks that every call counts on all of its lead's subjects of then.
func (a *audit) reserved(some []leadCalls) error {
	type row struct {
		Of      campaign.AssignmentID `json:"of_id"`
		Subject campaign.SubjectID    `json:"subject_id"`
		Placed  int64                 `json:"placed_at"`
	}
	var rows []row
	calls := make(map[campaign.AssignmentID]*placed)
	for _, l := range some {
		for i := range l.calls {
			p := &l.calls[i]
			if len(p.subjects) < 2 {
				continue // its number is looked at among the states
			}
			calls[p.Assignment] = p
			for _, id := range p.subjects {
				rows = append(rows, row{p.Assignment, id, us(p.PlacedAt)})
			}
		}
	}
	q := `SELECT v.of_id, u.kind FROM ` + a.t.d.set(1, "v", "of_id bigint", "subject_id bigint", "placed_at bigint") + `
		JOIN subjects u ON u.id = v.subject_id JOIN assignments a ON a.id = v.of_id
		LEFT JOIN subject_uses s ON s.subject_id = u.id AND s.assignment_id = a.id
		WHERE u.id <> a.subject_id AND (s.subject_id IS NULL OR NOT s.placed OR s.placed_at <> v.placed_at) ORDER BY a.id, u.id`
	var found []campaign.Breach
	err := setRowsBack(a.t, q, rows, func(r scanner) error {
		var of campaign.AssignmentID
		var kind string
		if err := r.Scan(&of, &kind); err != nil {
			return err
		}
		b := a.breachOf(calls[of])
		b.What = fmt.Sprintf("the attempt is not counted among the calls to its %s", kind)
		found = append(found, b)
		return nil
	})
	for _, b := range found {
		if err := a.breach(b); err != nil {
			return err
		}
	}
	return err
}
