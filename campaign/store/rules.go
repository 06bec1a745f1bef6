package store

import (
	"errors"
	"time"

	"redial/campaign"
)

// Rules are what the store asks when something must be decided. They are pure, run after the rows they read are
// locked, and may run again when a transaction is repeated. The store itself decides nothing.
type Rules struct {
	// Decide plans a lead by the rule of time.
	Decide func(*campaign.Facts) campaign.Plan
	// Judge says whether the lead may be offered to the agent at Facts.Now. The lead is shown as open even while the
	// agent holds it, and Facts.Uses are without the agent's own reservation.
	Judge func(*campaign.Facts, campaign.AgentID) campaign.Judgement
	// Book turns a wall time into its instant and the end of the grace; the error is for whoever booked.
	Book func(*campaign.Facts, campaign.Booking) (at, graceEnd time.Time, err error)
	// Step moves a session after something happened to its assignment.
	Step func(campaign.Session, time.Time, campaign.Happening) (campaign.Session, error)
	// Reach is how far back the rules ask for calls to other leads, beyond the caps and cool-offs that they name
	// themselves: those of the law packs that are switched on. nil: no further.
	Reach func(*campaign.Rules) time.Duration
	// PackVersion is the version of a law pack as the rules know it; empty: none. nil: they know no packs. The audit
	// judges calls by a pack only under the version that they were made under.
	PackVersion func(name string) string
	// Number tells where a number may be that a call brought: its zones and places. nil: where its lead is.
	Number func(campaign.Phone) campaign.Number
}

var errNoRules = errors.New("the store was opened without rules")

// orRefuse fills what is missing with rules that refuse: a store without them still keeps the record.
func (r Rules) orRefuse() Rules {
	if r.Decide == nil {
		r.Decide = func(f *campaign.Facts) campaign.Plan { return f.Lead.Plan }
	}
	if r.Judge == nil {
		r.Judge = func(f *campaign.Facts, _ campaign.AgentID) campaign.Judgement {
			return campaign.Judgement{Plan: f.Lead.Plan, Binding: "rules", Detail: errNoRules.Error()}
		}
	}
	if r.Book == nil {
		r.Book = func(*campaign.Facts, campaign.Booking) (time.Time, time.Time, error) {
			return time.Time{}, time.Time{}, errNoRules
		}
	}
	if r.Step == nil {
		r.Step = func(s campaign.Session, _ time.Time, _ campaign.Happening) (campaign.Session, error) {
			return s, errNoRules
		}
	}
	return r
}
