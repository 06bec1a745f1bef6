package scheduler

import (
	"time"

	"redial/campaign"
)

// Reach is how far back the law packs that the rules switch on look at calls to other leads; 0: they do not. What the
// rules' own caps look back is not in it.
func (rb *Rulebook) Reach(r *campaign.Rules) (longest time.Duration) {
	for _, p := range rb.packs(r) {
		for i := range p.Rules {
			switch rule := &p.Rules[i]; {
			case rule.Kind == LawCap && rule.Cap.Scope != campaign.CapLead:
				longest = max(longest, rule.Cap.Period, lastingDays(rule.Cap.Days))
			case rule.Kind == LawCoolOff && rule.CoolOff.Scope != campaign.CapLead:
				longest = max(longest, rule.CoolOff.Period, lastingDays(rule.CoolOff.Days))
			}
		}
	}
	return longest
}

// lastingDays is how long so many local days last at most: one of them is longer when clocks are set back.
func lastingDays(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return time.Duration(n)*24*time.Hour + 3*time.Hour
}

// PackVersion is the version of a law pack's data as it is known; empty: there is no such pack.
func (rb *Rulebook) PackVersion(name string) string {
	if rb.Law == nil {
		return ""
	}
	if p := rb.Law.Pack(name); p != nil {
		return p.Version
	}
	return ""
}
