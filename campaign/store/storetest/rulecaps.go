package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

// made is a call as the small rules count it: the lead's own, or one that counts for it besides.
type made struct {
	campaign.Use
	own bool
}

// callsOf are the lead's own calls and those to other leads.
func callsOf(f *campaign.Facts) []made {
	var out []made
	for _, t := range f.Lead.Tries {
		out = append(out, made{campaign.Use{Phone: t.Number, PlacedAt: t.PlacedAt, Outcome: t.Outcome, Talk: t.Talk}, true})
	}
	for _, u := range f.Uses {
		out = append(out, made{u, false})
	}
	return out
}

// within says whether a call counts in a scope, for a call to a number now.
func (m made) within(f *campaign.Facts, scope campaign.CapScope, number campaign.Phone) bool {
	if m.own {
		return scope != campaign.CapNumber || m.Phone == number
	}
	if m.Outside {
		return scope == campaign.CapCompany && m.Person
	}
	switch scope { //nolint:exhaustive // no others count other leads' calls
	case campaign.CapNumber:
		return m.Phone == number
	case campaign.CapPerson, campaign.CapCompany:
		return m.Person
	case campaign.CapMatter:
		if matter := f.Campaign.Rules.Matter; matter != "" {
			return m.Person && m.Matter == matter
		}
		return m.Person && m.Campaign == f.Campaign.ID
	case campaign.CapAccount:
		return m.Account || f.Lead.Account == "" && m.Person
	}
	return false
}

// counts says whether a call counts as an attempt, a connect or a conversation; one still going on counts as each.
func (m made) counts(f *campaign.Facts, what campaign.CapCount) bool {
	if m.Outcome == campaign.NoOutcome {
		return true
	}
	switch what { //nolint:exhaustive // what is left are attempts
	case campaign.CountConnects:
		return m.Outcome.Connect()
	case campaign.CountConversations:
		return conversation(f, m.Outcome, m.Talk)
	}
	return m.Outcome.Counted() && !m.Inbound
}

func conversation(f *campaign.Facts, o campaign.Outcome, talk time.Duration) bool {
	least := f.Campaign.Floor.Conversation
	if least == 0 {
		least = 30 * time.Second
	}
	return o.Connect() && talk >= least
}

// frees is when a call no longer counts in a period or so many local days.
func frees(f *campaign.Facts, at time.Time, period time.Duration, days int) time.Time {
	if days == 0 {
		return at.Add(period)
	}
	zone, err := time.LoadLocation(f.Lead.Zones[0])
	if err != nil {
		panic(err)
	}
	local := at.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day()+days, 0, 0, 0, 0, zone)
}

// capped is the first cap or cool-off that forbids a call to the number now, and until when.
func capped(f *campaign.Facts, number campaign.Phone) (gate string, until time.Time) {
	calls := callsOf(f)
	for _, c := range f.Campaign.Rules.Caps {
		var ends []time.Time
		for _, m := range calls {
			if end := frees(f, m.PlacedAt, c.Period, c.Days); m.within(f, c.Scope, number) && m.counts(f, c.Count) && end.After(f.Now) {
				ends = append(ends, end)
			}
		}
		if len(ends) >= c.Max {
			slices.SortFunc(ends, time.Time.Compare)
			return c.Scope.String() + "_cap", ends[len(ends)-c.Max]
		}
	}
	for _, c := range f.Campaign.Rules.CoolOffs {
		for _, m := range calls {
			if end := frees(f, m.PlacedAt, c.Period, c.Days); m.within(f, c.Scope, number) && m.follows(f, c.After) && end.After(f.Now) {
				return "cool_off", end
			}
		}
	}
	return "", time.Time{}
}

// follows says whether a cool-off follows a call; one still going on may turn out so.
func (m made) follows(f *campaign.Facts, after campaign.CoolOffAfter) bool {
	switch {
	case m.Outcome == campaign.NoOutcome:
		return true
	case after == campaign.AfterConversation:
		return conversation(f, m.Outcome, m.Talk)
	case after == campaign.AfterRefused:
		return m.Outcome == campaign.Refused
	case after == campaign.AfterAbandoned:
		return m.Outcome == campaign.Abandoned
	}
	return m.Outcome == campaign.Machine
}
