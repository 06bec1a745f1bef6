package scheduler

import (
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

// limit is a cap or a cool-off, of the campaign's rules or the law. A cool-off is a cap of one call that counts only the
// calls that it follows.
type limit struct {
	scope   campaign.CapScope
	max     int
	period  int64  // seconds; 0 with days
	days    int64  // local days, that of the call included; 0 with period
	counts  uint32 // outcomes that count, a bit each
	talked  bool   // of those only conversations
	inbound bool   // conversations of calls that the person made count too
	placed  bool   // an attempt counts whatever comes of it: calls that are not over count as long as others
	coolOff bool
	reason  string
	law     *bound // whose it is; nil: the campaign's
	what    string // what is limited, for people
}

// limitsOf are the caps, then the cool-offs, of the rules.
func limitsOf(r *campaign.Rules) []limit {
	var all []limit
	for i := range r.Caps {
		all = append(all, capLimit(&r.Caps[i]))
	}
	for i := range r.CoolOffs {
		all = append(all, coolOffLimit(&r.CoolOffs[i]))
	}
	return all
}

func capLimit(c *campaign.Cap) limit {
	l := limit{
		scope: c.Scope, max: c.Max, period: int64(c.Period / time.Second), days: int64(c.Days),
		reason: campaign.ReasonRollingCap,
	}
	calls := c.Count.String()
	if c.Max == 1 {
		calls = strings.TrimSuffix(calls, "s")
	}
	l.what = fmt.Sprintf("at most %d %s %s in %s", c.Max, calls, whose[c.Scope], stretchOf(c.Period, c.Days))
	if c.Days > 0 {
		l.reason = campaign.ReasonDayCap
	}
	switch c.Count {
	case campaign.CountConnects:
		l.counts = countedIf(campaign.Outcome.Connect)
	case campaign.CountConversations:
		l.counts, l.talked = countedIf(campaign.Outcome.Connect), true
	default:
		l.counts, l.placed = countedIf(campaign.Outcome.Counted), true
	}
	return l
}

func coolOffLimit(c *campaign.CoolOff) limit {
	l := limit{
		scope: c.Scope, max: 1, period: int64(c.Period / time.Second), days: int64(c.Days),
		coolOff: true, reason: campaign.ReasonCoolOff,
	}
	l.what = fmt.Sprintf("no call %s for %s after %s", whose[c.Scope], stretchOf(c.Period, c.Days), after[c.After])
	switch c.After {
	case campaign.AfterRefused:
		l.counts = 1 << campaign.Refused
	case campaign.AfterAbandoned:
		l.counts = 1 << campaign.Abandoned
	case campaign.AfterMachine:
		l.counts = 1 << campaign.Machine
	default:
		l.counts, l.talked = countedIf(campaign.Outcome.Connect), true
		l.inbound = c.Scope == campaign.CapCompany || c.Scope == campaign.CapAccount
	}
	return l
}

var whose = [campaign.NumScopes]string{
	"of this lead", "to this number", "to the person", "to the person on this matter", "about this account",
	"to the person by the whole company",
}

var after = map[campaign.CoolOffAfter]string{
	campaign.AfterConversation: "a conversation", campaign.AfterRefused: "a refusal",
	campaign.AfterAbandoned: "an abandoned call", campaign.AfterMachine: "a machine answered",
}

func stretchOf(period time.Duration, days int) string {
	switch {
	case days == 1:
		return "a calendar day"
	case days > 0:
		return fmt.Sprintf("%d calendar days", days)
	}
	return campaign.Duration(period)
}

func countedIf(counts func(campaign.Outcome) bool) (bits uint32) {
	for _, o := range campaign.Outcomes() {
		if counts(o) {
			bits |= 1 << o
		}
	}
	return bits
}

// unknownFor is how long, in seconds from now, a call that is not over is held against what follows it where its outcome
// matters: by then it will be known.
const unknownFor = 60

// calls walks over the calls that a limit counts, the latest first.
type calls struct {
	try, use int  // those still to come are before these
	unknown  bool // one of those given is not over and counts only until its outcome is known
}

func (d *decision) calls(l *limit) calls {
	c := calls{try: len(d.tries), use: len(d.q.Uses)}
	if l.scope == campaign.CapLead {
		c.use = 0
	}
	return c
}

// before is the placed-at of the next call that counts at t, when it is after floor.
func (d *decision) before(c *calls, l *limit, t, floor int64) (int64, bool) {
	for c.try > 0 || c.use > 0 {
		var at int64
		var counts bool
		if c.use == 0 || c.try > 0 && !d.tries[c.try-1].PlacedAt.Before(d.q.Uses[c.use-1].PlacedAt) {
			c.try--
			at, counts = d.tries[c.try].PlacedAt.Unix(), d.countsTry(l, &d.tries[c.try])
		} else {
			c.use--
			u := &d.q.Uses[c.use]
			at, counts = u.PlacedAt.Unix(), d.countsUse(l, u)
			if counts && !l.placed && unfinished(u) {
				counts = t < d.now+unknownFor
				c.unknown = c.unknown || counts
			}
		}
		if at <= floor {
			return 0, false
		}
		if counts {
			return at, true
		}
	}
	return 0, false
}

func (d *decision) countsTry(l *limit, try *campaign.Try) bool {
	return l.counts>>try.Outcome&1 != 0 && (!l.talked || try.Talk >= d.conversation()) &&
		(l.scope != campaign.CapNumber || try.Number == d.number)
}

// countsUse says whether the call of another counts, one that is not over as what it may become.
func (d *decision) countsUse(l *limit, u *campaign.Use) bool {
	switch {
	case u.Inbound && !l.inbound, u.Outside && !u.Inbound && l.scope != campaign.CapCompany, !d.within(l.scope, u):
		return false
	case unfinished(u):
		return true
	case u.Outcome == campaign.NoOutcome && u.Inbound:
		return u.Talk >= d.conversation() // whoever called was on the line
	case u.Outcome == campaign.NoOutcome:
		return l.placed
	}
	return l.counts>>u.Outcome&1 != 0 && (!l.talked || u.Talk >= d.conversation())
}

// unfinished says whether the call is reserved or goes on; one made outside is told of when it is over.
func unfinished(u *campaign.Use) bool { return u.Outcome == campaign.NoOutcome && !u.Outside }

// within says whether the call of another is of the scope.
func (d *decision) within(s campaign.CapScope, u *campaign.Use) bool {
	switch s {
	case campaign.CapNumber:
		return u.Phone == d.number
	case campaign.CapPerson, campaign.CapCompany:
		return u.Person
	case campaign.CapMatter:
		if d.rules.Matter != "" {
			return u.Person && u.Matter == d.rules.Matter
		}
		return u.Person && u.Campaign == d.q.Campaign
	case campaign.CapAccount:
		if d.q.Lead.Account != "" {
			return u.Account
		}
		return u.Person
	default:
		return false
	}
}

// conversation is how long a connect must be to be a conversation.
func (d *decision) conversation() time.Duration {
	if d.q.Conversation == 0 {
		return 30 * time.Second
	}
	return d.q.Conversation
}
