package simulate

import (
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

// Breach is an invariant that did not hold: a defect of the rules or of the simulation, never of the scenario.
type Breach struct {
	Invariant string
	What      string
	At        time.Time // of virtual time
	Lead      campaign.LeadID
	History   []string // the lead's, a line each; empty: it is about no lead
}

// Error says what did not hold, with the lead's history.
func (b *Breach) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s is broken at %s: %s", b.Invariant, b.At.Format(time.RFC3339), b.What)
	if b.Lead != 0 {
		fmt.Fprintf(&s, " (lead %d)", b.Lead)
	}
	for _, line := range b.History {
		s.WriteString("\n  " + line)
	}
	return s.String()
}

// fail makes a breach the end of the simulation; the first one counts.
func (c *checker) fail(invariant string, l *lead, what string, args ...any) error {
	b := &Breach{Invariant: invariant, What: fmt.Sprintf(what, args...), At: c.w.now}
	if l != nil {
		b.Lead, b.History = l.ID, l.history()
	}
	if c.failed == nil {
		c.failed = b
	}
	return b
}

// history tells what a lead has behind it.
func (l *lead) history() []string {
	out := []string{fmt.Sprintf("list %q, campaign %q, zones %s, numbers %v", l.home.Name, l.home.floor.Name, strings.Join(l.Zones, " "), campaign.Phones(l.Numbers))}
	for i := range l.Tries {
		t := &l.Tries[i]
		out = append(out, fmt.Sprintf("%s %v to %s, talk %s", t.PlacedAt.Format(time.RFC3339), t.Outcome, t.Number, campaign.Duration(t.Talk)))
	}
	for _, s := range l.subjects {
		for _, u := range s.calls {
			if u.lead != l {
				out = append(out, fmt.Sprintf("%s %v to %s, of lead %d, who shares a subject", u.PlacedAt.Format(time.RFC3339), u.Outcome, u.Phone, u.lead.ID))
			}
		}
	}
	if p := l.promise; p != nil {
		out = append(out, fmt.Sprintf("promised for %s, grace until %s", p.At.Format(time.RFC3339), p.GraceEnd.Format(time.RFC3339)))
	}
	return append(out, fmt.Sprintf("%s; planned %s: %v at %s (%s), earliest %s", l.State, l.DecidedAt.Format(time.RFC3339), l.Plan.Verdict,
		l.Plan.At.Format(time.RFC3339), l.Plan.Reason, l.Plan.Earliest.Format(time.RFC3339)))
}
