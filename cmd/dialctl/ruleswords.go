package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
)

// rulesInWords tells what rules say, a sentence a line.
func rulesInWords(r *campaign.Rules) []string {
	said := []string{againText(r), "called " + strings.Join(hoursText(wire.Windows(r.Windows())), "; ") + calendarsText(r)}
	if len(r.Holidays) > 0 {
		var days []string
		for _, d := range r.Holidays {
			days = append(days, d.String())
		}
		said = append(said, "never on "+strings.Join(days, ", "))
	}
	for i := range r.Caps {
		said = append(said, capText(&r.Caps[i]))
	}
	for i := range r.CoolOffs {
		said = append(said, coolOffText(&r.CoolOffs[i]))
	}
	if r.Rotate {
		said = append(said, "after no answer or a busy line the next good number is dialled")
	}
	if r.MixHours {
		said = append(said, "leads of earlier days are offered at other hours than before")
	}
	return append(said, lawText(r)...)
}

func againText(r *campaign.Rules) string {
	waits := []string{"called again " + campaign.Duration(r.Interval) + " after a call"}
	for _, o := range slices.Sorted(maps.Keys(r.Intervals)) {
		waits = append(waits, fmt.Sprintf("%s after %v", campaign.Duration(r.Intervals[o]), o))
	}
	s := strings.Join(waits, ", ")
	if r.MaxPerDay > 0 {
		s += fmt.Sprintf("; at most %s a day", plural(int64(r.MaxPerDay), "call", "calls"))
	}
	if r.MaxAttempts > 0 {
		s += fmt.Sprintf("; at most %d in all", r.MaxAttempts)
	}
	if r.MaxDays > 0 {
		s += "; on at most " + plural(int64(r.MaxDays), "day", "days")
	}
	if !r.ExpiresAt.IsZero() {
		s += "; until " + r.ExpiresAt.Format(time.RFC3339)
	}
	return s
}

func calendarsText(r *campaign.Rules) string {
	if len(r.Calendars) == 0 {
		return ""
	}
	s := ", and the special days of " + strings.Join(r.Calendars, ", ")
	if len(r.Hours) == 0 {
		return ", unless a calendar has weekly hours" + s
	}
	return s
}

var whose = map[campaign.CapScope]string{
	campaign.CapLead: "the lead", campaign.CapNumber: "the number that is dialled", campaign.CapPerson: "the person, of all lists and campaigns",
	campaign.CapMatter: "the person about the same matter", campaign.CapAccount: "whoever shares the account", campaign.CapCompany: "the person, calls made elsewhere included",
}

func capText(c *campaign.Cap) string {
	what := map[campaign.CapCount]string{
		campaign.CountAttempts: "call", campaign.CountConnects: "answered call", campaign.CountConversations: "conversation",
	}[c.Count]
	return fmt.Sprintf("at most %s in %s to %s", plural(int64(c.Max), what, what+"s"), spanText(c.Period, c.Days), whose[c.Scope])
}

func coolOffText(c *campaign.CoolOff) string {
	after := map[campaign.CoolOffAfter]string{
		campaign.AfterConversation: "a conversation", campaign.AfterRefused: "a refusal", campaign.AfterAbandoned: "an abandoned call",
		campaign.AfterMachine: "an answering machine",
	}[c.After]
	return fmt.Sprintf("after %s no call for %s to %s", after, strings.TrimPrefix(spanText(c.Period, c.Days), "any "), whose[c.Scope])
}

func spanText(period time.Duration, days int) string {
	switch {
	case days == 1:
		return "any calendar day"
	case days > 1:
		return fmt.Sprintf("any %d calendar days", days)
	case period%(24*time.Hour) == 0 && period > 48*time.Hour:
		return fmt.Sprintf("any %d x 24 hours", period/(24*time.Hour))
	}
	return "any " + campaign.Duration(period)
}

// lawText tells which laws are kept, and which not.
func lawText(r *campaign.Rules) []string {
	var said []string
	if r.Matter != "" {
		said = append(said, "its matter is "+r.Matter+", shared with other campaigns of it")
	}
	if len(r.Packs) == 0 {
		return append(said, "no law pack is switched on")
	}
	said = append(said, fmt.Sprintf("law packs %s are kept, for calls of the purpose %s; they are no legal advice: counsel must check them",
		strings.Join(r.Packs, ", "), r.Purpose.OrSales()))
	for _, w := range r.Waivers {
		said = append(said, fmt.Sprintf("law rule %s is NOT kept: %s", w.Rule, w.Reason))
	}
	return said
}

// explainRules prints rules in words, and what is unwise about them.
func (c *cli) explainRules(r *campaign.Rules, now time.Time) {
	c.say("\nin words:")
	for _, s := range rulesInWords(r) {
		c.say("  %s", s)
	}
	c.warn(r.Warnings(now))
}
