package law

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"redial/campaign"
	"redial/scheduler"
)

// faults gathers what is wrong with a pack, so that somebody who writes one sees all of it at once.
type faults []campaign.Violation

func (f *faults) add(field, message string) {
	*f = append(*f, campaign.Violation{Field: field, Message: message})
}

func (f *faults) required(field, value, what string) {
	if strings.TrimSpace(value) == "" {
		f.add(field, "is missing: give "+what)
	}
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &campaign.Error{Kind: campaign.KindInvalid, Violations: *f}
}

var (
	packName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,49}$`)
	ruleID    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,99}$`)
	placeName = regexp.MustCompile(`^[A-Z]{2}(-[A-Z0-9]{1,3})?$`)
)

func ruleField(i int, id string) string {
	if id != "" {
		return "rules[" + id + "]"
	}
	return fmt.Sprintf("rules[%d]", i)
}

// checkPack says everything that is wrong with a pack that could be read.
func checkPack(p *scheduler.LawPack) error {
	var f faults
	if !packName.MatchString(p.Name) {
		f.add("name", fmt.Sprintf("%q is no name: give 1 to 50 lower-case letters, digits and -", p.Name))
	}
	f.required("version", p.Version, "that of the data, a date such as 2026-11-01")
	f.required("title", p.Title, "what it is, for people")
	f.required("warning", p.Warning, "what must be told to whoever switches it on")
	if len(p.Rules) == 0 {
		f.add("rules", "are missing: a pack has at least one")
	}
	seen := make(map[string]bool)
	for i := range p.Rules {
		r := &p.Rules[i]
		c := ruleCheck{&f, ruleField(i, r.ID) + ".", r}
		if !ruleID.MatchString(r.ID) {
			c.add("id", fmt.Sprintf("%q is no id: give lower-case letters, digits, dots and -, such as us-fl.hours", r.ID))
		} else if seen[r.ID] {
			c.add("id", "is that of another rule, too")
		}
		seen[r.ID] = true
		c.words()
		c.where()
		c.closed(p.Days)
		c.excuses()
	}
	f.days(p.Days)
	return f.err()
}

// ruleCheck looks at one rule.
type ruleCheck struct {
	f  *faults
	at string
	r  *scheduler.LawRule
}

func (c ruleCheck) add(field, message string) { c.f.add(c.at+field, message) }

func (c ruleCheck) words() {
	c.f.required(c.at+"text", c.r.Text, "what the rule says")
	c.f.required(c.at+"source", c.r.Source, "where the rule is from: a rule without its source is not loaded")
	if c.r.Checked == (campaign.Date{}) {
		c.add("checked", "is missing: give the day the source was looked at, such as 2026-11-01")
	}
}

// where checks that what is excepted is a part of where the rule holds.
func (c ruleCheck) where() {
	all := scheduler.LawRule{Places: c.r.Places}
	for i, e := range c.r.Except {
		if !all.Holds([]string{e}, "") {
			c.add(fmt.Sprintf("except[%d]", i), fmt.Sprintf("the rule does not hold in %s anyway", e))
		}
	}
}

// closed checks that a rule which closes on holidays has some in each of its places.
func (c ruleCheck) closed(days []campaign.Day) {
	if !c.r.Closed {
		return
	}
	for _, p := range c.r.Places {
		if !slices.ContainsFunc(days, func(d campaign.Day) bool { return d.Place == p || strings.HasPrefix(p, d.Place+"-") }) {
			c.add("closed", fmt.Sprintf("the pack's days name no holiday of %s", p))
		}
	}
}

// excuses checks that a rule which asks for a consent leaves it at that.
func (c ruleCheck) excuses() {
	if c.r.Kind == scheduler.LawConsent && len(c.r.Unless) > 0 {
		c.add("unless", "does not belong to a rule of kind consent, which says itself what lifts it")
	}
}

func (f *faults) days(days []campaign.Day) {
	type key struct {
		date  campaign.Date
		place string
		name  string
	}
	seen := make(map[key]bool)
	for i, d := range days {
		at := fmt.Sprintf("days[%d].", i)
		if d.Date == (campaign.Date{}) {
			f.add(at+"date", "is missing: write it as 2026-12-25")
		}
		if d.Kind != campaign.DayHoliday {
			f.add(at+"kind", fmt.Sprintf("%q: the days of a law pack are of kind holiday", d.Kind))
		}
		f.required(at+"name", d.Name, "what is celebrated")
		f.required(at+"source", d.Source, "where the date is from")
		if !placeName.MatchString(d.Place) {
			f.add(at+"place", fmt.Sprintf("%q is no place: write a country as US, a part of it as US-AL", d.Place))
		}
		if k := (key{d.Date, d.Place, d.Name}); seen[k] {
			f.add(at+"date", fmt.Sprintf("%v, %s of %s is given twice", d.Date, d.Name, d.Place))
		} else {
			seen[k] = true
		}
	}
}
