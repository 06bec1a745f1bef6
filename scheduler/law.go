package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"redial/campaign"
)

// bound is a rule of a law pack as it is about a site.
type bound struct {
	*LawRule
	from, to int64  // local dates in force
	excuse   string // why it does not bind: agent, waiver; empty: it does
	reason   string // of a waiver
	lifts    bool   // a consent lifts it
	rota     *rota  // of hours, while the regime is compiled
	hours    *schedule
	closed   map[int64]campaign.Day // the holidays on which the hours close
	limit    *limit                 // of a cap or a cool-off
}

// bind finds the rules of the packs that are about the site.
func (r *Regime) bind(t *Terms) {
	for _, pack := range t.Law {
		for i := range pack.Rules {
			rule := &pack.Rules[i]
			if !rule.Holds(r.places, r.purpose) {
				continue
			}
			b := &bound{LawRule: rule, lifts: rule.Kind == LawConsent || slices.Contains(rule.Unless, ExcuseConsent)}
			b.from, b.to = between(rule.From, rule.To)
			if slices.Contains(rule.Unless, ExcuseAgent) {
				b.excuse = string(ExcuseAgent)
			}
			for _, w := range t.Rules.Waivers {
				if w.Rule == rule.ID {
					b.excuse, b.reason = "waiver", w.Reason
				}
			}
			r.rules = append(r.rules, b)
			b.compile(pack, r)
		}
	}
	for _, b := range r.rules {
		switch {
		case b.excuse != "":
		case b.limit != nil:
			r.lawLimits = append(r.lawLimits, *b.limit)
		case b.Kind == LawConsent:
			r.asking = append(r.asking, b)
		}
	}
}

func (b *bound) compile(pack *LawPack, r *Regime) {
	switch b.Kind {
	case LawHours:
		b.rota = b.lawHours(pack, r.places)
		b.hours = b.rota.compile()
	case LawCap:
		l := capLimit(&b.Cap)
		l.reason, l.law = campaign.ReasonLawCap, b
		b.limit = &l
	case LawCoolOff:
		l := coolOffLimit(&b.CoolOff)
		l.law = b
		b.limit = &l
	case LawConsent:
	}
}

// lawHours are the hours of a rule while it is in force, at any time before and after.
func (b *bound) lawHours(pack *LawPack, places []string) *rota {
	open := week{allDay, allDay, allDay, allDay, allDay, allDay, allDay}
	if len(b.Hours) > 0 {
		open = weekOf(b.Hours)
	}
	closed := map[int64]bool{}
	if b.Closed {
		b.closed = map[int64]campaign.Day{}
		for _, d := range pack.Days {
			addDay(b.closed, d, "", places)
		}
		maps.DeleteFunc(b.closed, func(date int64, d campaign.Day) bool { return d.Kind == campaign.DayWorking || !b.inForce(date) })
		for date := range b.closed {
			closed[date] = true
		}
	}
	return &rota{
		changes: []int64{b.from, b.to + 1}, special: closed,
		plain: func(date, wd int64) spans {
			if !b.inForce(date) {
				return allDay
			}
			return open[wd]
		},
		on: func(int64) spans { return nil },
	}
}

func (b *bound) inForce(date int64) bool { return b.from <= date && date <= b.to }

// scope is what a consent must open to lift the rule.
func (b *bound) scope() campaign.ConsentScope {
	switch b.Kind {
	case LawHours:
		return campaign.ConsentHours
	case LawConsent:
		return campaign.ConsentContact
	default:
		return campaign.ConsentFrequency
	}
}

// String is the rule for people.
func (b *bound) String() string {
	text := fmt.Sprintf("%s: %s (%s)", b.ID, b.Text, b.Source)
	if !b.Confirmed {
		return text + " (unconfirmed)"
	}
	return text
}

// binding says whether the rule is in force at t in a zone of the lead's.
func (d *decision) binding(b *bound, t int64) bool {
	if b.from == -far && b.to == far {
		return true
	}
	for _, z := range d.reg.zones {
		if b.inForce(z.day(t)) {
			return true
		}
	}
	return false
}

// expiry is the first instant from t at which the rule is in force in none of the lead's zones.
func (d *decision) expiry(b *bound, t int64) int64 {
	if b.to == far {
		return far
	}
	for _, z := range d.reg.zones {
		t = max(t, z.reach(t, b.to+1))
	}
	return t
}

// consent is the consent of the scope, given no longer ago than age, 0: however long, that stands at t for the number
// to dial; nil: there is none. Of several it is the one that stands longest.
func (d *decision) consent(scope campaign.ConsentScope, age time.Duration, t int64) (standing *campaign.Consent, until int64) {
	for i := range d.q.Consents {
		c := &d.q.Consents[i]
		from, to := stands(c, age)
		if from <= t && t < to && to > until && c.Opens(scope, d.reg.purpose, d.number) {
			standing, until = c, to
		}
	}
	return standing, until
}

// given is the first instant after t from which on such a consent stands; far: none.
func (d *decision) given(scope campaign.ConsentScope, age time.Duration, t int64) int64 {
	first := far
	for i := range d.q.Consents {
		c := &d.q.Consents[i]
		if from, to := stands(c, age); from > t && from < to && c.Opens(scope, d.reg.purpose, d.number) {
			first = min(first, from)
		}
	}
	return first
}

// stands is when a consent stands, half-open.
func stands(c *campaign.Consent, age time.Duration) (from, to int64) {
	from, to = c.GivenAt.Unix(), far
	if !c.ExpiresAt.IsZero() {
		to = c.ExpiresAt.Unix()
	}
	if !c.RevokedAt.IsZero() {
		to = min(to, c.RevokedAt.Unix())
	}
	if age > 0 {
		to = min(to, from+int64(age/time.Second)+1)
	}
	return from, to
}

// lacking is the rule that asks for a consent which is not there at t; nil: none does.
func (d *decision) lacking(t int64) *bound {
	for _, b := range d.reg.asking {
		if d.binding(b, t) {
			if c, _ := d.consent(campaign.ConsentContact, b.ConsentAge, t); c == nil {
				return b
			}
		}
	}
	return nil
}

// lackingFrom is the first instant after t, at which no consent lacks, at which one does; end when that comes first.
func (d *decision) lackingFrom(t, end int64) int64 {
	for _, b := range d.reg.asking {
		at := t
		for at < end && (!d.binding(b, at) || d.consentAt(b, at)) {
			at = d.nextTurn(b, at)
		}
		end = min(end, at)
	}
	return end
}

func (d *decision) consentAt(b *bound, t int64) bool {
	c, _ := d.consent(b.scope(), b.ConsentAge, t)
	return c != nil
}

// nextTurn is the first instant after t at which the consent for a rule ends, or the rule comes into force in a zone.
func (d *decision) nextTurn(b *bound, t int64) int64 {
	turn := far
	if _, until := d.consent(b.scope(), b.ConsentAge, t); until > t {
		turn = until
	}
	if b.from != -far {
		for _, z := range d.reg.zones {
			if at := z.reach(t, b.from); at > t {
				turn = min(turn, at)
			}
		}
	}
	return turn
}
