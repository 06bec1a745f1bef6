package law

import (
	"fmt"
	"slices"
	"strings"

	"redial/campaign"
	"redial/scheduler"
)

// Check says which packs and rules a campaign names that there are not, each by its field, such as "rules.packs[0]" or
// "rules.waivers[0].rule", with those there are.
func (l *Library) Check(r *campaign.Rules) error {
	var f faults
	for i, name := range r.Packs {
		if l.Pack(name) == nil {
			f.add(fmt.Sprintf("packs[%d]", i), fmt.Sprintf("there is no law pack %q: there are %s", name, strings.Join(l.names(), ", ")))
		}
	}
	for i, w := range r.Waivers {
		at := fmt.Sprintf("waivers[%d].rule", i)
		if _, known := l.file["rule "+w.Rule]; !known {
			f.add(at, fmt.Sprintf("no law pack has a rule %q: %s", w.Rule, l.waivable(r.Packs)))
		} else if !l.switchedOn(r.Packs, w.Rule) {
			f.add(at, fmt.Sprintf("%s is a rule of a pack that is not switched on: %s", w.Rule, l.waivable(r.Packs)))
		}
	}
	return campaign.Under("rules", f.err())
}

// switchedOn says whether one of the packs has the rule.
func (l *Library) switchedOn(packs []string, rule string) bool {
	return slices.ContainsFunc(packs, func(name string) bool {
		p := l.Pack(name)
		return p != nil && slices.ContainsFunc(p.Rules, func(r scheduler.LawRule) bool { return r.ID == rule })
	})
}

func (l *Library) names() []string {
	var names []string
	for _, p := range l.packs {
		names = append(names, p.Name)
	}
	return names
}

// waivable tells which rules the packs have.
func (l *Library) waivable(packs []string) string {
	var ids []string
	for _, name := range packs {
		if p := l.Pack(name); p != nil {
			for i := range p.Rules {
				ids = append(ids, p.Rules[i].ID)
			}
		}
	}
	if ids == nil {
		return "switch a pack on first: there are " + strings.Join(l.names(), ", ")
	}
	return "the packs that are switched on have " + strings.Join(ids, ", ")
}

// Warning is what must be told to whoever switches a pack on for calls of a purpose, for people; empty for a pack that
// is not there.
func (l *Library) Warning(pack string, purpose campaign.Purpose) string {
	p := l.Pack(pack)
	if p == nil {
		return ""
	}
	said := p.Warning
	if n := unconfirmed(p); n > 0 {
		said = fmt.Sprintf("%s Unconfirmed rules: %d of %d.", said, n, len(p.Rules))
	}
	if len(p.Days) > 0 {
		last := slices.MaxFunc(p.Days, func(a, b campaign.Day) int { return strings.Compare(a.Date.String(), b.Date.String()) })
		said = fmt.Sprintf("%s It knows of no holiday after %s.", said, last.Date)
	}
	binds := func(r scheduler.LawRule) bool {
		return len(r.Purposes) == 0 || slices.Contains(r.Purposes, purpose.OrSales())
	}
	if !slices.ContainsFunc(p.Rules, binds) {
		said = fmt.Sprintf("%s None of its rules is about calls of the purpose %s: it changes nothing here.", said, purpose.OrSales())
	}
	return said
}

func unconfirmed(p *scheduler.LawPack) int {
	n := 0
	for i := range p.Rules {
		if !p.Rules[i].Confirmed {
			n++
		}
	}
	return n
}
