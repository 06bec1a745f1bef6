package store

import (
	"slices"

	"redial/campaign"
)

// readLaw takes what only some campaigns ask for: calls to other leads, so far back as their rules reach, calendars and
// consents. Where nobody asks it costs no statement; where it was not read ahead it is read now.
func (k *work) readLaw(campaigns map[campaign.CampaignID]*campaign.Campaign, read *ahead, w want) error {
	need, besides := k.lawNeeds(campaigns, read.lists, w)
	if w.back == 0 && !w.consents && w.under == nil {
		k.t.known.asks(&need)
	}
	if need.nothing() {
		return nil
	}
	law := read.law
	if law.calendars == nil || !law.need.covers(&need) {
		law = k.lawOf(need, some(k.t.d, k.subjectIDs()))
		if err := k.t.together(law.reads...); err != nil {
			return err
		}
	}
	days, err := law.calendars()
	if err != nil {
		return err
	}
	if need.back > 0 {
		k.takeUses(law.uses)
	}
	if need.packs {
		k.takeConsents(law.consents)
	}
	for _, f := range k.facts {
		k.useOf(f)
		f.Calendars = named(f, days, besides)
	}
	return nil
}

// lawNeeds is what campaigns and lists ask for; besides are the calendars that every lead of w is judged by.
func (k *work) lawNeeds(campaigns map[campaign.CampaignID]*campaign.Campaign, lists map[campaign.ListID]*campaign.List, w want) (n lawNeed, besides []string) {
	n.back, n.packs = w.back, w.consents
	for _, c := range campaigns {
		n.back = max(n.back, k.t.rules.reach(&c.Rules))
		n.names = append(n.names, c.Rules.Calendars...)
		n.packs = n.packs || len(c.Rules.Packs) > 0
	}
	for _, l := range lists {
		n.names = append(n.names, l.Calendars...)
	}
	if r := w.under; r != nil {
		n.back, n.packs, besides = max(n.back, k.t.rules.reach(r)), n.packs || len(r.Packs) > 0, r.Calendars
		n.names = append(n.names, besides...)
	}
	n.names = unique(n.names)
	return n, besides
}

// lawRead is what is read for a need. Whose it is is told when the leads are known.
type lawRead struct {
	need      lawNeed
	reads     []statement
	calendars func() (map[string]*campaign.Calendar, error) // nil: nothing was read
	uses      *[]readUse
	consents  *[]readConsent
}

type readConsent struct {
	subject campaign.SubjectID
	campaign.Consent
}

func (k *work) lawOf(need lawNeed, subjects which) lawRead {
	l := lawRead{need: need, uses: new([]readUse), consents: new([]readConsent)}
	l.calendars = func() (map[string]*campaign.Calendar, error) { return nil, nil } //nolint:nilnil // none are named
	if need.back > 0 {
		l.reads = append(l.reads, k.readUses(need.back, subjects, l.uses))
	}
	if len(need.names) > 0 {
		var stamps statement
		stamps, l.calendars = k.t.calendarStamps(need.names)
		l.reads = append(l.reads, stamps)
	}
	if need.packs {
		l.reads = append(l.reads, readConsents(subjects, l.consents))
	}
	return l
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

// readConsents reads the consents of subjects, oldest first.
func readConsents(of which, into *[]readConsent) statement {
	q := `SELECT ` + consentColumns + `, n.subject_id FROM consents n WHERE n.subject_id ` + of.in + ` ORDER BY n.id`
	return statement{q, of.args, func(r scanner) error {
		var subject campaign.SubjectID
		c, err := scanConsent(r, &subject)
		*into = append(*into, readConsent{subject, c})
		return err
	}}
}

// takeConsents gives consents to the leads of their subjects.
func (k *work) takeConsents(read *[]readConsent) {
	ofSubject := make(map[campaign.SubjectID][]*campaign.Facts)
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		for _, u := range k.subjectsOf(f.Lead) {
			ofSubject[u] = append(ofSubject[u], f)
		}
	}
	for _, c := range *read {
		if c.RevokedAt.After(k.t.now) { // by a node whose clock is ahead: it was acknowledged
			c.RevokedAt = k.t.now
		}
		for _, f := range ofSubject[c.subject] {
			f.Consents = append(f.Consents, c.Consent)
		}
	}
}
