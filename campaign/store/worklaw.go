package store

import (
	"slices"

	"redial/campaign"
)

// readLaw reads what only some campaigns ask for: calls to other leads, so far back as their rules reach, calendars and
// consents. Where nobody asks it costs no statement.
func (k *work) readLaw(campaigns map[campaign.CampaignID]*campaign.Campaign, lists map[campaign.ListID]*campaign.List, w want) error {
	var names []string
	back, packs := w.back, w.consents
	for _, c := range campaigns {
		back = max(back, k.t.rules.reach(&c.Rules))
		names = append(names, c.Rules.Calendars...)
		packs = packs || len(c.Rules.Packs) > 0
	}
	for _, l := range lists {
		names = append(names, l.Calendars...)
	}
	var besides []string
	if r := w.under; r != nil {
		back, packs, besides = max(back, k.t.rules.reach(r)), packs || len(r.Packs) > 0, r.Calendars
		names = append(names, besides...)
	}
	reads := k.readUses(back)
	calendars := func() (map[string]*campaign.Calendar, error) { return nil, nil } //nolint:nilnil // none are named
	if len(names) > 0 {
		var stamps statement
		stamps, calendars = k.t.calendarStamps(unique(names))
		reads = append(reads, stamps)
	}
	if packs {
		reads = append(reads, k.readConsents())
	}
	if len(reads) == 0 {
		return nil
	}
	if err := k.t.together(reads...); err != nil {
		return err
	}
	days, err := calendars()
	if err != nil {
		return err
	}
	for _, f := range k.facts {
		k.useOf(f)
		f.Calendars = named(f, days, besides)
	}
	return nil
}

// named are the calendars that the lead's campaign and list name, each once, the campaign's first, and some besides.
func named(f *campaign.Facts, calendars map[string]*campaign.Calendar, besides []string) (out []*campaign.Calendar) {
	if f.Campaign == nil || f.List == nil {
		return nil
	}
	for _, name := range slices.Concat(f.Campaign.Rules.Calendars, f.List.Calendars, besides) {
		if c := calendars[name]; c != nil && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// readConsents reads the consents of the locked subjects into the facts of their leads, oldest first.
func (k *work) readConsents() statement {
	ofSubject := make(map[campaign.SubjectID][]*campaign.Facts)
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		for _, u := range k.subjectsOf(f.Lead) {
			ofSubject[u] = append(ofSubject[u], f)
		}
	}
	q := `SELECT ` + consentColumns + `, n.subject_id FROM consents n WHERE n.subject_id ` + k.t.d.in(1) + ` ORDER BY n.id`
	return statement{q, []any{js(k.subjectIDs())}, func(r scanner) error {
		var subject campaign.SubjectID
		c, err := scanConsent(r, &subject)
		if c.RevokedAt.After(k.t.now) { // by a node whose clock is ahead: it was acknowledged
			c.RevokedAt = k.t.now
		}
		for _, f := range ofSubject[subject] {
			f.Consents = append(f.Consents, c)
		}
		return err
	}}
}
