package store

import (
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// call holds one call to the rules of then: as its lead is known now, and as it was known before corrections. What
// either allows was allowed.
func (a *audit) call(now, then *campaign.Lead, p *placed, earlier []placed, dropped []campaign.Try) error {
	c := a.rules[ruleKey{p.CampaignID, p.RulesVersion}]
	if c == nil {
		return nil
	}
	if b := a.judge(c, now, p); b != nil && a.judge(c, then, p) != nil {
		if err := a.breach(*b); err != nil {
			return err
		}
	}
	if p.Waived {
		return nil // a promise waives the campaign's own
	}
	return a.capped(c, now, p, earlier, dropped)
}

// judge asks the rules whether the call was allowed when it was placed; nil: it was. A promise waives all but the hours
// and the law, and the campaign's hours too when the customer insisted. Caps that count other leads' calls are left to
// capped, but for those of law packs.
func (a *audit) judge(c *campaign.Campaign, l *campaign.Lead, p *placed) *campaign.Breach {
	calendars, known := a.calendarsThen(c, p)
	if !known {
		return nil
	}
	rules := c.Rules
	rules.Packs, rules.Waivers = a.packsThen(c, p), waivedThen(c, p)
	if p.insisted && len(rules.Packs) == 0 {
		return nil
	}
	rules.Caps = slices.DeleteFunc(slices.Clone(rules.Caps), func(c campaign.Cap) bool { return c.Scope != campaign.CapLead })
	rules.CoolOffs = slices.DeleteFunc(slices.Clone(rules.CoolOffs), func(c campaign.CoolOff) bool { return c.Scope != campaign.CapLead })
	l.HeldOffUntil = time.Time{} // a CRM says so of calls to come
	l.Zones, l.Places, l.Numbers = p.Zones, p.Law.Site.Places, []campaign.Number{{Phone: p.Number}}
	f := &campaign.Facts{Campaign: c, Lead: l, Calendars: calendars, Now: p.PlacedAt,
		List: &campaign.List{ID: p.ListID, State: campaign.ListActive, On: true, Calendars: besides(c, p)}}
	if len(rules.Packs) > 0 {
		f.Uses = p.usesThen()
	}
	if p.Waived {
		rules = campaign.Rules{Hours: rules.Hours, Holidays: rules.Holidays, Calendars: rules.Calendars, Purpose: rules.Purpose, Matter: rules.Matter,
			Packs: rules.Packs, Waivers: rules.Waivers}
		if p.insisted {
			rules.Hours, rules.Holidays, rules.Calendars = always, nil, nil
		}
		if len(rules.Packs) == 0 {
			l.Tries = nil
		}
	}
	bare := *c
	bare.Rules, f.Campaign = rules, &bare
	plan := a.t.rules.Decide(f)
	b := a.breachOf(p)
	switch {
	case plan.Verdict == campaign.VerdictExhausted:
		b.What = "the call was placed though the rules then in force had ended the lead: " + plan.Reason
	case plan.Verdict == campaign.VerdictCall && plan.At.After(p.PlacedAt):
		b.What = fmt.Sprintf("the call was placed %s before the rules then in force allow it: %s", plan.At.Sub(p.PlacedAt), plan.Reason)
	default:
		return nil
	}
	switch plan.Reason {
	case campaign.ReasonHours, campaign.ReasonLawHours, campaign.ReasonExpired, campaign.ReasonNoCallableTime, campaign.ReasonNoConsent:
		b.Invariant = "I4"
	}
	return &b
}

var always = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 0, Close: 24 * 60}}

func (a *audit) breachOf(p *placed) campaign.Breach {
	return campaign.Breach{Invariant: "I3", Campaign: p.CampaignID, Lead: p.LeadID, Assignment: p.Assignment, Agent: p.AgentID, At: p.PlacedAt}
}

// packsThen are the packs that the call can be judged by: those whose data is what it was then.
func (a *audit) packsThen(c *campaign.Campaign, p *placed) (packs []string) {
	for _, name := range c.Rules.Packs {
		was, now := p.Law.Packs[name], ""
		if a.t.rules.PackVersion != nil {
			now = a.t.rules.PackVersion(name)
		}
		if was != "" && was == now {
			packs = append(packs, name)
			continue
		}
		a.pass(p, fmt.Sprintf("under version %q of the law pack %s, which is not known any more", was, name))
	}
	return packs
}

// waivedThen are the waivers of then, with the rules that did not bind the call for another reason.
func waivedThen(c *campaign.Campaign, p *placed) []campaign.Waiver {
	out := slices.Clone(c.Rules.Waivers)
	for _, e := range p.Law.Exempt {
		out = append(out, campaign.Waiver{Rule: e.Rule, Reason: "exempt: " + e.By})
	}
	return out
}

// pass notes once what a call could not be judged by.
func (a *audit) pass(p *placed, what string) {
	if !slices.Contains(p.passed, what) {
		p.passed = append(p.passed, what)
		a.passed[what]++
	}
}

// calendarKey names a version of a calendar.
type calendarKey struct {
	name    string
	version int64
}

// calendarsThen are the calendars that the call was judged by; known is false where one of them is not to be had.
func (a *audit) calendarsThen(c *campaign.Campaign, p *placed) (out []*campaign.Calendar, known bool) {
	for _, name := range slices.Concat(c.Rules.Calendars, besides(c, p)) {
		q := a.calendars[calendarKey{name, p.Law.Calendars[name]}]
		if q == nil {
			a.pass(p, fmt.Sprintf("under version %d of the calendar %s, which is not known", p.Law.Calendars[name], name))
			return nil, false
		}
		out = append(out, q)
	}
	return out, true
}

// besides are the calendars of the call that its campaign does not name: its list did. Their weekly hours may have been
// replaced by hours of the list's own, of which no version is kept: only their days are used.
func besides(c *campaign.Campaign, p *placed) (names []string) {
	for _, name := range inOrder(p.Law.Calendars) {
		if !slices.Contains(c.Rules.Calendars, name) {
			names = append(names, name)
		}
	}
	return names
}

// readCalendars reads the versions of calendars that calls were made under.
func (a *audit) readCalendars(some []leadCalls) error {
	type row struct {
		Name    string `json:"name"`
		Version int64  `json:"version"`
	}
	var rows []row
	asked := make(map[calendarKey]bool)
	for _, l := range some {
		for i := range l.calls {
			for name, version := range l.calls[i].Law.Calendars {
				if k := (calendarKey{name, version}); !asked[k] && a.calendars[k] == nil {
					asked[k] = true
					rows = append(rows, row{name, version})
				}
			}
		}
	}
	return setRowsBack(a.t, `SELECT q.calendar_id, q.name, q.version, q.data, q.created_at FROM `+a.t.d.set(1, "v", "name text", "version bigint")+
		` JOIN calendar_versions q ON q.name = v.name AND q.version = v.version ORDER BY q.calendar_id`, rows, func(r scanner) error {
		c, err := scanCalendar(r)
		if err == nil {
			a.calendars[calendarKey{c.Name, c.Version}] = c
		}
		return err
	})
}

// since is how far back the caps of then look from a call; 0: they do not.
func (a *audit) since(p *placed) time.Duration {
	c := a.rules[ruleKey{p.CampaignID, p.RulesVersion}]
	if c == nil {
		return 0
	}
	return a.t.rules.reach(&c.Rules)
}
