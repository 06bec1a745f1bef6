package scheduler

import (
	"slices"
	"time"

	"redial/campaign"
)

// The numbers of a lead in the order of dialling: new ones, the latest first, then its own; all in a circle from the one
// after the number last dialled where the rules rotate. Places in that order are from 0.

// count is how many places there are, some of which hold no number.
func (d *decision) count() int { return len(d.tries) + len(d.q.Lead.Numbers) }

// at is the number at a place before rotation; empty: none.
func (d *decision) at(i int) campaign.Phone {
	if i >= len(d.tries) {
		return d.q.Lead.Numbers[i-len(d.tries)].Phone
	}
	if try := &d.tries[len(d.tries)-1-i]; try.Outcome == campaign.NumberChanged {
		return try.NewNumber
	}
	return ""
}

// rotation is where the order begins.
func (d *decision) rotation() int {
	if !d.rules.Rotate || d.last != campaign.NoAnswer && d.last != campaign.Busy {
		return 0
	}
	dialled := d.tries[len(d.tries)-1].Number
	for i := range d.count() {
		if n := d.at(i); n != "" && n == dialled {
			return i + 1
		}
	}
	return 0
}

// good finds the next number from a place on that may be dialled: no attempt found it bad and it is not suppressed. It
// becomes the one that is decided about. The next place to look at; 0: none is left.
func (d *decision) good(from int) (next int) {
	if !d.bad && d.first == 0 {
		from = max(from, len(d.tries)) // no new numbers
	}
	for k := from; k < d.count(); k++ {
		i := k
		if d.first > 0 {
			i = (d.first + k) % d.count()
		}
		n := d.at(i)
		if n == "" || d.bad && foundBad(d.tries, n) {
			continue
		}
		if suppressed(d.q.Suppressions, n, d.q.Now) {
			d.blocked = true
			continue
		}
		d.number, d.reg = n, d.regime(i, n)
		return k + 1
	}
	return 0
}

// regime is that of a number at a place: its own, or the lead's.
func (d *decision) regime(i int, n campaign.Phone) *Regime {
	lead := &d.q.Lead
	if i < len(d.tries) {
		i = len(d.tries) + slices.IndexFunc(lead.Numbers, func(o Number) bool { return o.Phone == n })
	}
	if i >= len(d.tries) && lead.Numbers[i-len(d.tries)].Regime != nil {
		return lead.Numbers[i-len(d.tries)].Regime
	}
	if lead.Regime == nil {
		return nowhere
	}
	return lead.Regime
}

// seen are the numbers that stand for their sites.
type seen []candidate

type candidate struct {
	number campaign.Phone
	reg    *Regime
}

// alike says whether a number before this one is at the same site, so that it need not be decided about: whatever it
// may do, that one may do before it. Numbers that a consent names stand for themselves.
func (d *decision) alike(before seen) bool {
	for i := range before {
		if b := &before[i]; (b.reg == d.reg || b.reg.at(d.reg.locs, d.reg.places)) && !d.named(b.number) && !d.named(d.number) {
			return true
		}
	}
	return false
}

func (d *decision) named(n campaign.Phone) bool {
	for i := range d.q.Consents {
		if d.q.Consents[i].Phone == n {
			return true
		}
	}
	return false
}

func foundBad(tries []campaign.Try, n campaign.Phone) bool {
	for i := range tries {
		if tries[i].Number == n && tries[i].Outcome.BadData() {
			return true
		}
	}
	return false
}

func suppressed(sup []campaign.Suppression, n campaign.Phone, now time.Time) bool {
	for i := range sup {
		if sup[i].Phone == n && sup[i].InForce(now) {
			return true
		}
	}
	return false
}
