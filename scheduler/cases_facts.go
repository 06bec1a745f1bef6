package scheduler

import (
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// usualConversation is the threshold of a case that names none.
const usualConversation = 30 * time.Second

// CaseOf is the lead's last decision as a case, as of the instant at which it was made, without its promise; rules are
// those that it was made under. It has what the record tells now of calendars, other calls and consents, less what came
// after that instant: where these changed since, the rule may answer otherwise than it did. The error is of a lead
// whose zone is unknown.
func (rb *Rulebook) CaseOf(f *campaign.Facts, rules *campaign.Rules) (Case, error) {
	l := f.Lead
	c := Case{ID: fmt.Sprint("lead-", l.ID), Now: l.DecidedAt.UTC().Truncate(time.Second), Rules: *rules, Tries: l.Tries}
	var err error
	if c.Lead, err = caseLead(l); err != nil {
		return c, err
	}
	c.addCalendars(f)
	if f.Campaign != nil {
		c.Campaign = f.Campaign.ID
		if c.Conversation = f.Campaign.Floor.Conversation; c.Conversation == usualConversation {
			c.Conversation = 0
		}
	}
	for _, u := range f.Uses {
		if !u.PlacedAt.After(c.Now) && (u.Assignment == 0 || u.Assignment != l.Assignment) {
			c.Uses = append(c.Uses, u)
		}
	}
	for _, k := range f.Consents {
		if k.CreatedAt.After(l.DecidedAt) {
			continue
		}
		if k.RevokedAt.After(l.DecidedAt) {
			k.RevokedAt = time.Time{} // it stood then, for all that anybody knew
		}
		c.Consents = append(c.Consents, k)
	}
	region := ""
	if f.Campaign != nil {
		region = f.Campaign.Region
	}
	c.addLaw(rb.packs(rules), l, region)
	if len(c.Law)+len(c.Calendars) > 0 {
		c.placeIn(region)
	}
	if c.Alone() {
		c.Campaign, c.Conversation = 0, 0 // nothing asks for them
		c.Tries = slices.Clone(c.Tries)
		for i := range c.Tries {
			c.Tries[i].Talk = 0
		}
	}
	return c, nil
}

// placeIn writes down what the rulebook takes for granted: who has no place is in the campaign's region.
func (c *Case) placeIn(region string) {
	l := &c.Lead
	switch {
	case region == "" || len(l.Places) > 0:
	case !slices.ContainsFunc(l.Numbers, func(n Number) bool { return len(n.Places) > 0 }):
		l.Places = []string{region}
	default: // the lead's would count for numbers that have their own
		for i := range l.Numbers {
			if n := &l.Numbers[i]; len(n.Places) == 0 {
				n.Places = []string{region}
			}
		}
	}
}

// caseLead is a lead as a case has it.
func caseLead(l *campaign.Lead) (Lead, error) {
	zones, err := LoadZones(l.Zones)
	if err != nil {
		return Lead{}, campaign.Under("zones", err)
	}
	out := Lead{Account: l.Account, Zones: zones, Places: l.Places}
	for i := range l.Numbers {
		n := &l.Numbers[i]
		own, err := LoadZones(n.Zones)
		if err != nil {
			return Lead{}, campaign.Under(fmt.Sprintf("numbers[%d].zones", i), err)
		}
		if len(own) == 0 {
			own = nil
		}
		out.Numbers = append(out.Numbers, Number{Phone: n.Phone, Zones: own, Places: n.Places})
	}
	return out, nil
}

func (c *Case) addCalendars(f *campaign.Facts) {
	if f.List != nil {
		c.ListHours, c.ListCalendars = f.List.Hours, f.List.Calendars
	}
	for _, k := range f.Calendars {
		if slices.Contains(c.Rules.Calendars, k.Name) || slices.Contains(c.ListCalendars, k.Name) {
			c.Calendars = append(c.Calendars, k)
		}
	}
}

// addLaw takes the rules of packs that may be about the lead: those of its places and its numbers', and of the
// campaign's purpose. A pack's holidays come with a rule that closes on them.
func (c *Case) addLaw(packs []*LawPack, l *campaign.Lead, region string) {
	places := slices.Clone(l.Places)
	if len(places) == 0 && region != "" {
		places = append(places, region)
	}
	for i := range l.Numbers {
		places = append(places, l.Numbers[i].Places...)
	}
	for _, p := range packs {
		closed := false
		for i := range p.Rules {
			if r := &p.Rules[i]; r.Holds(places, c.Rules.Purpose) {
				c.Law = append(c.Law, *r)
				closed = closed || r.Closed
			}
		}
		for _, d := range p.Days {
			if closed && slices.ContainsFunc(places, func(place string) bool { return within(place, []string{d.Place}) }) {
				c.LawDays = append(c.LawDays, d)
			}
		}
	}
}

// Alone says whether nothing but the lead and the campaign's own rules, hours and caps of attempts decides the case.
func (c *Case) Alone() bool {
	return len(c.Rules.Calendars)+len(c.ListHours)+len(c.ListCalendars)+len(c.Law)+len(c.Uses)+len(c.Consents) == 0 &&
		!slices.ContainsFunc(c.Rules.Caps, func(k campaign.Cap) bool { return k.Count == campaign.CountConversations }) &&
		len(c.Rules.CoolOffs) == 0
}
