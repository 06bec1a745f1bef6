package simulate

import (
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// ledger is the full check's own book of calls. It finds who shares a number, a person or an account by itself.
type ledger struct {
	by   map[*lead][]entry
	who  map[string][]*lead // by number, external id and account
	shut map[campaign.Phone]bool
}

// entry is a call that was placed; its outcome is NoOutcome while it goes on.
type entry struct {
	at      time.Time
	number  campaign.Phone
	outcome campaign.Outcome
	talk    time.Duration
}

func (b *ledger) begin(leads []*lead) {
	b.by = make(map[*lead][]entry, len(leads))
	b.who = make(map[string][]*lead, len(leads))
	b.shut = make(map[campaign.Phone]bool)
	for _, l := range leads {
		for _, s := range l.sup {
			b.shut[s.Phone] = true
		}
		for i := range l.Tries {
			t := &l.Tries[i]
			b.by[l] = append(b.by[l], entry{t.PlacedAt, t.Number, t.Outcome, t.Talk})
		}
		for _, key := range keysOf(&l.Lead) {
			b.who[key] = append(b.who[key], l)
		}
	}
}

func (b *ledger) placed(l *lead, number campaign.Phone, at time.Time) {
	b.by[l] = append(b.by[l], entry{at: at, number: number})
}

func (b *ledger) told(l *lead, o campaign.Outcome, talk time.Duration) {
	all := b.by[l]
	all[len(all)-1].outcome, all[len(all)-1].talk = o, talk
}

// calls gives every call that a cap of a scope counts for a lead.
func (b *ledger) calls(l *lead, number campaign.Phone, scope campaign.CapScope, each func(*entry)) {
	own := func(e *entry) { each(e) }
	switch scope {
	case campaign.CapLead:
		for i := range b.by[l] {
			own(&b.by[l][i])
		}
		return
	case campaign.CapNumber:
		own = func(e *entry) {
			if e.number == number {
				each(e)
			}
		}
	case campaign.CapPerson, campaign.CapMatter, campaign.CapAccount, campaign.CapCompany, campaign.NumScopes:
	}
	seen := make(map[*lead]bool)
	for _, key := range keysOf(&l.Lead) {
		account := key[0] == 'a'
		if account != (scope == campaign.CapAccount && l.Account != "") {
			continue
		}
		for _, o := range b.who[key] {
			if seen[o] || scope == campaign.CapMatter && !sameMatter(l, o) {
				continue
			}
			seen[o] = true
			for i := range b.by[o] {
				own(&b.by[o][i])
			}
		}
	}
}

func sameMatter(l, o *lead) bool {
	a, b := l.home.floor, o.home.floor
	return a == b || (a.Rules.Matter != "" && a.Rules.Matter == b.Rules.Matter)
}

// caps holds the campaign's caps and cool-offs against the ledger.
func (c *checker) caps(l *lead, number campaign.Phone, at time.Time) error {
	rules := &l.home.floor.Rules
	for i := range rules.Caps {
		limit := &rules.Caps[i]
		n := c.count(l, number, at, limit.Scope, limit.Period, limit.Days, func(e *entry) bool { return c.counts(l, e, limit.Count) })
		if n >= limit.Max {
			return c.fail("I3", l, "%s is dialled for the %dth time within the cap of %d %v of scope %v", number, n+1, limit.Max, limit.Count, limit.Scope)
		}
	}
	for i := range rules.CoolOffs {
		off := &rules.CoolOffs[i]
		if n := c.count(l, number, at, off.Scope, off.Period, off.Days, func(e *entry) bool { return c.cools(l, e, off.After) }); n > 0 {
			return c.fail("I3", l, "%s is dialled within the cool-off after %s of scope %v", number, off.After, off.Scope)
		}
	}
	return nil
}

// count counts the calls of a scope that match and lie within a period before at, or on so many local dates up to
// at's, whatever zone of the lead makes the most of them.
func (c *checker) count(l *lead, number campaign.Phone, at time.Time, scope campaign.CapScope, period time.Duration, days int, match func(*entry) bool) int {
	if days == 0 {
		n := 0
		c.ledger.calls(l, number, scope, func(e *entry) {
			if match(e) && e.at.After(at.Add(-period)) {
				n++
			}
		})
		return n
	}
	most := 0
	for _, name := range l.Zones {
		loc, err := scheduler.LoadZone(name)
		if err != nil {
			continue
		}
		y, m, d := at.In(loc).Date()
		from, n := campaign.DateOf(time.Date(y, m, d-days+1, 0, 0, 0, 0, time.UTC)).String(), 0
		c.ledger.calls(l, number, scope, func(e *entry) {
			if match(e) && campaign.DateOf(e.at.In(loc)).String() >= from {
				n++
			}
		})
		most = max(most, n)
	}
	return most
}

func (c *checker) counts(l *lead, e *entry, basis campaign.CapCount) bool {
	switch {
	case e.outcome == campaign.NoOutcome:
		return true
	case basis == campaign.CountConnects:
		return e.outcome.Connect()
	case basis == campaign.CountConversations:
		return conversed(l.home.floor, e.outcome, e.talk)
	default:
		return e.outcome.Counted()
	}
}

func (c *checker) cools(l *lead, e *entry, after campaign.CoolOffAfter) bool {
	switch after {
	case campaign.AfterConversation:
		return conversed(l.home.floor, e.outcome, e.talk)
	case campaign.AfterRefused:
		return e.outcome == campaign.Refused
	case campaign.AfterAbandoned:
		return e.outcome == campaign.Abandoned
	case campaign.AfterMachine:
		return e.outcome == campaign.Machine
	default:
		return false
	}
}

// conversed says whether a call was a conversation by the campaign's threshold.
func conversed(f *floor, o campaign.Outcome, talk time.Duration) bool {
	least := f.Floor.Conversation
	if least == 0 {
		least = 30 * time.Second
	}
	return o.Connect() && talk >= least
}
