package simulate

import (
	"slices"

	"redial/campaign"
)

// factsOf are all that is known of a lead now, as the record would read them. They are good until the next call.
func (w *world) factsOf(l *lead) *campaign.Facts {
	k := l.home
	w.facts = campaign.Facts{
		Campaign: k.floor.Campaign, List: k.List, Lead: &l.Lead, Suppressions: l.sup, Uses: w.usesOf(l),
		Calendars: k.floor.calendarsOf(k), Consents: l.consents, Now: w.now,
	}
	if l.promise != nil {
		w.facts.Promise = &l.promise.Appointment
	}
	if l.desk != nil {
		w.facts.Holder = l.desk.name
	}
	return &w.facts
}

// calendarsOf are those that the campaign and the list name.
func (f *floor) calendarsOf(k *loaded) []*campaign.Calendar {
	if len(k.calendars) == 0 {
		return f.calendars
	}
	f.refs = append(append(f.refs[:0], f.calendars...), k.calendars...)
	return f.refs
}

// callable says whether a number of the lead is neither suppressed nor found to be bad data.
func (l *lead) callable() bool {
	if len(l.sup) == 0 {
		return true
	}
	return slices.ContainsFunc(l.Numbers, func(n campaign.Number) bool { return !l.suppressed(n.Phone) && !l.bad(n.Phone) })
}

func (l *lead) bad(p campaign.Phone) bool {
	return slices.ContainsFunc(l.Tries, func(t campaign.Try) bool { return t.Number == p && t.Outcome.BadData() })
}

func (l *lead) suppressed(p campaign.Phone) bool {
	return slices.ContainsFunc(l.sup, func(s campaign.Suppression) bool { return s.Phone == p })
}
