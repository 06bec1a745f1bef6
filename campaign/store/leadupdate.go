package store

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"redial/campaign"
)

// UpdateLead changes a lead and plans it anew. One in an agent's hands keeps its call and its plan: it is planned
// when the call is over. The number it was taken in with still counts for duplicates, so that the same file does not
// bring it back. Errors: KindInvalid by field; KindConflict with VERSION_MISMATCH; KindUnready when it was withdrawn;
// KindNotFound.
func (s *Store) UpdateLead(ctx context.Context, u campaign.LeadUpdate) (campaign.Lead, error) {
	if err := updateFault(u); err != nil {
		return campaign.Lead{}, fmt.Errorf("update a lead: %w", err)
	}
	var more want
	if u.Numbers != nil {
		more.phones = campaign.Phones(*u.Numbers)
	}
	if u.Account != nil {
		more.others = othersOf("", "", *u.Account)
	}
	return s.changeLead(ctx, "update a lead", leadDeed{action: "update_lead"}, u.ID, u.Version, more, func(k *work, f *campaign.Facts, d *leadDeed) error {
		if f.Lead.State == campaign.LeadWithdrawn {
			return campaign.Unready(campaign.ReasonBadState, "the lead was withdrawn: reopen it first")
		}
		changed, err := k.apply(f, u)
		if err != nil || len(changed) == 0 {
			return err
		}
		d.after = map[string]any{"fields": changed}
		k.regroup(f)
		if f.Lead.Assignment == 0 && (u.Numbers != nil || u.Zones != nil || u.Places != nil || u.Account != nil) {
			k.decide(f)
		}
		k.event(campaign.EventLeadUpdated, f.Lead, 0, map[string]any{"change": "updated", "state": f.Lead.State, "fields": changed, "by": u.By})
		return nil
	})
}

// apply writes the fields that are given and answers with their names.
func (k *work) apply(f *campaign.Facts, u campaign.LeadUpdate) (changed []string, err error) {
	l := f.Lead
	if u.Name != nil {
		l.Name, changed = *u.Name, append(changed, "name")
	}
	if u.Attributes != nil {
		l.Attributes, changed = *u.Attributes, append(changed, "attributes")
	}
	if u.Priority != nil {
		l.Priority, changed = *u.Priority, append(changed, "priority")
	}
	if u.Zones != nil && !slices.Equal(l.Zones, *u.Zones) {
		l.Zones, changed = *u.Zones, append(changed, "zones")
		mark(&k.regrouped, l.ID)
	}
	known := false
	if u.Places != nil && !slices.Equal(l.Places, sorted(*u.Places)) {
		l.Places, changed, known = sorted(*u.Places), append(changed, "places"), true
	}
	if u.Account != nil && l.Account != *u.Account {
		l.Account, changed, known = *u.Account, append(changed, "account"), true
	}
	if u.Numbers != nil {
		l.Numbers, changed, known = *u.Numbers, append(changed, "numbers"), true
	}
	if known {
		if err := k.knownBy(f); err != nil {
			return nil, err
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	_, err = k.t.exec(`UPDATE leads SET name = $2, attributes = $3, priority = $4, account = $5, places = $6, numbers = $7, updated_at = $8,
		version = version + 1 WHERE id = $1`,
		l.ID, l.Name, js(list(l.Attributes)), l.Priority, l.Account, js(list(l.Places)), js(l.Numbers), us(k.t.now))
	return changed, err
}

func sorted(places []string) []string {
	places = slices.Clone(places)
	slices.Sort(places)
	return slices.Compact(places)
}

// knownBy lets the lead be found by the numbers and the account that it has from now on, and reads what is known of
// them.
func (k *work) knownBy(f *campaign.Facts) error {
	f.Suppressions, f.Consents = nil, nil
	if _, err := k.t.exec(`DELETE FROM lead_numbers WHERE lead_id = $1`, f.Lead.ID); err != nil {
		return err
	}
	k.enrol(f.Lead)
	k.useOf(f)
	found := make(shut)
	subjects, consents := some(k.t.d, k.subjectIDs()), new([]readConsent)
	reads := []statement{k.readSuppressions(subjects, found)}
	if f.Campaign != nil && len(f.Campaign.Rules.Packs) > 0 {
		reads = append(reads, readConsents(subjects, consents))
	}
	err := k.t.together(reads...)
	suppressedBy(f, found)
	k.takeConsents(consents)
	return err
}

// updateFault says what is wrong with an update, every fault at once.
func updateFault(u campaign.LeadUpdate) error {
	var bad []campaign.Violation
	add := func(field, message string) { bad = append(bad, campaign.Violation{Field: field, Message: message}) }
	if u.Name != nil && utf8.RuneCountInString(*u.Name) > 200 {
		add("name", "must be at most 200 characters")
	}
	if u.Zones != nil {
		if len(*u.Zones) == 0 {
			add("zones", "must name at least one zone")
		}
		for i, z := range *u.Zones {
			if !campaign.KnownZone(z) {
				add(fmt.Sprintf("zones[%d]", i), fmt.Sprintf("%q is no time zone: write it as America/New_York or Asia/Shanghai", z))
			}
		}
	}
	if u.Numbers != nil {
		if len(*u.Numbers) == 0 {
			add("numbers", "must hold at least one number: withdraw the lead instead")
		}
		for i, n := range *u.Numbers {
			if !e164(n.Phone) {
				add(fmt.Sprintf("numbers[%d].phone", i), fmt.Sprintf("%q is no number: write it as +8613800138000", n.Phone))
			}
		}
	}
	if u.Attributes != nil && len(*u.Attributes) > 500 {
		add("attributes", "must be at most 500")
	}
	if len(bad) > 0 {
		return &campaign.Error{Kind: campaign.KindInvalid, Violations: bad}
	}
	return nil
}

// e164 says whether a number has the form of one.
func e164(p campaign.Phone) bool {
	if len(p) < 5 || len(p) > 16 || p[0] != '+' || p[1] == '0' {
		return false
	}
	for _, c := range p[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
