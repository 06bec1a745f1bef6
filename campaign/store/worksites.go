package store

import (
	"slices"

	"redial/campaign"
)

// sitesOf are where the lead may be called: at its numbers and at those it changed to.
func sitesOf(l *campaign.Lead, consents []campaign.Consent, f *campaign.Facts) []campaign.Site {
	all := *l
	for _, t := range l.Tries {
		known := func(n campaign.Number) bool { return n.Phone == t.NewNumber }
		if t.Outcome == campaign.NumberChanged && t.NewNumber != "" && !slices.ContainsFunc(all.Numbers, known) {
			all.Numbers = append(slices.Clone(all.Numbers), campaign.Number{Phone: t.NewNumber})
		}
	}
	return all.Sites(consents, f.Campaign.Rules.Purpose, f.Now)
}

// groupCalendar is what a calendar group keeps of its sites besides the leads' zones; empty: there is no more to them.
func groupCalendar(zones []string, sites []campaign.Site) string {
	if len(sites) == 1 && len(sites[0].Places) == 0 && !sites[0].Consented && slices.Equal(sites[0].Zones, zones) {
		return ""
	}
	return js(sites)
}

// plainSite says whether the lead is called where its zones say and nowhere else, as most are.
func plainSite(l *campaign.Lead) bool {
	if len(l.Places) > 0 {
		return false
	}
	for i := range l.Numbers {
		if n := &l.Numbers[i]; len(n.Zones)+len(n.Places) > 0 {
			return false
		}
	}
	return true
}

// regroup moves the lead to the calendar group of its sites, as its numbers, places and consents now make them.
func (k *work) regroup(f *campaign.Facts) {
	l := f.Lead
	calendar := ""
	if f.Campaign != nil && (len(f.Consents) > 0 || !plainSite(l)) {
		calendar = groupCalendar(l.Zones, sitesOf(l, f.Consents, f))
	}
	if calendar != k.grouped[l.ID] {
		k.grouped[l.ID] = calendar
		mark(&k.regrouped, l.ID)
	}
}

// place adds a number that a call brought to the lead's own, with where it may be, so that the hours and the law of that
// place bind. Zones count only where the lead's are those of its first number: else somebody knew them.
func (k *work) place(l *campaign.Lead, p campaign.Phone) {
	if k.t.rules.Number == nil || slices.ContainsFunc(l.Numbers, func(n campaign.Number) bool { return n.Phone == p }) {
		return
	}
	n := k.t.rules.Number(p)
	n.Phone, n.Label = p, broughtLabel
	if slices.Equal(n.Zones, l.Zones) || len(l.Numbers) == 0 || !slices.Equal(k.t.rules.Number(l.Numbers[0].Phone).Zones, l.Zones) {
		n.Zones = nil
	}
	if len(n.Zones)+len(n.Places) == 0 {
		return // it is where the lead is
	}
	l.Numbers = append(slices.Clone(l.Numbers), n)
	mark(&k.renumbered, l.ID)
}

// broughtLabel tells a number that a call brought from those that the lead was taken in with.
const broughtLabel = campaign.BroughtLabel

// displace takes back what place added, when no call is any longer said to have brought the number.
func (k *work) displace(l *campaign.Lead, p campaign.Phone) {
	if p == "" || slices.ContainsFunc(l.Tries, func(t campaign.Try) bool { return t.NewNumber == p }) {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(l.Numbers), func(n campaign.Number) bool { return n.Phone == p && n.Label == broughtLabel })
	if len(kept) < len(l.Numbers) {
		l.Numbers = kept
		mark(&k.renumbered, l.ID)
	}
}

func (k *work) flushOwnNumbers() error {
	type row struct {
		Lead    campaign.LeadID `json:"id"`
		Numbers string          `json:"numbers"`
	}
	var rows []row
	for _, id := range inOrder(k.renumbered) {
		rows = append(rows, row{id, js(k.facts[id].Lead.Numbers)})
	}
	return setRows(k.t, `UPDATE leads AS l SET numbers = v.numbers FROM `+k.t.d.set(1, "v", "id bigint", "numbers text")+` WHERE l.id = v.id`, rows)
}

// flushGroups finds or makes the groups of the leads that moved to another.
func (k *work) flushGroups() error {
	type row struct {
		Lead     campaign.LeadID     `json:"id"`
		Campaign campaign.CampaignID `json:"campaign_id"`
		List     campaign.ListID     `json:"list_id"`
		Zones    string              `json:"zones"`
		Calendar string              `json:"calendar"`
	}
	var rows []row
	for _, id := range inOrder(k.regrouped) {
		l := k.facts[id].Lead
		rows = append(rows, row{id, l.CampaignID, l.ListID, js(list(l.Zones)), k.grouped[id]})
	}
	set := k.t.d.set(1, "v", "id bigint", "campaign_id bigint", "list_id bigint", "zones text", "calendar text")
	if err := setRows(k.t, `INSERT INTO calendar_groups (campaign_id, list_id, zones, calendar)
		SELECT DISTINCT v.campaign_id, v.list_id, v.zones, v.calendar FROM `+set+` WHERE TRUE ON CONFLICT DO NOTHING`, rows); err != nil {
		return err
	}
	return setRows(k.t, `UPDATE leads AS l SET group_id = g.id FROM `+set+` CROSS JOIN calendar_groups g WHERE g.list_id = v.list_id AND g.zones = v.zones
		AND g.calendar = v.calendar AND l.id = v.id`, rows)
}
