package simulate

import (
	"encoding/json"
	"fmt"
	"slices"

	"redial/campaign"
)

// BringsLists says whether the text of a scenario has lists of its own, so that a server's leads need not be read.
func BringsLists(raw []byte) bool {
	var doc struct {
		Lists []json.RawMessage `json:"lists"`
	}
	return json.Unmarshal(raw, &doc) == nil && len(doc.Lists) > 0
}

// OtherRules are those that a scenario gives to the campaign of that name; the zero ones where it gives none, or such as
// cannot be read, which ReadOver tells of.
func OtherRules(raw []byte, name string) (rules campaign.Rules) {
	var doc struct {
		Campaigns []struct {
			Name  string          `json:"name"`
			Rules json.RawMessage `json:"rules"`
		} `json:"campaigns"`
	}
	if json.Unmarshal(raw, &doc) != nil {
		return rules
	}
	for _, c := range doc.Campaigns {
		if c.Name != name || len(c.Rules) == 0 {
			continue
		}
		if r, err := campaign.ReadRules(c.Rules); err == nil {
			rules = r
		}
	}
	return rules
}

// Add takes leads of the campaign as the record knows them. It keeps what the facts point at.
func (o *Own) Add(facts []*campaign.Facts) error {
	for _, f := range facts {
		for _, c := range f.Calendars {
			if !slices.ContainsFunc(o.Calendars, func(k *campaign.Calendar) bool { return k.Name == c.Name }) {
				o.Calendars = append(o.Calendars, c)
			}
		}
		k := o.list(f)
		g := &Given{Lead: *f.Lead, Suppressions: f.Suppressions, Consents: f.Consents}
		g.Lead.Owner = 0 // who calls is the scenario's
		if f.Promise != nil {
			p := *f.Promise
			p.Owner = 0
			g.Promise = &p
		}
		for _, u := range f.Uses {
			if u.Campaign != o.Campaign.ID {
				g.Uses = append(g.Uses, u)
			}
		}
		if k.Leads = append(k.Leads, g); len(k.Leads) > maxLeads {
			return campaign.Invalid("campaign_id", fmt.Sprintf("has more than %d leads: simulate a synthetic list", maxLeads))
		}
	}
	return nil
}

func (o *Own) list(f *campaign.Facts) *List {
	if n := len(o.Lists); n > 0 && o.Lists[n-1].ID == f.Lead.ListID {
		return o.Lists[n-1]
	}
	for _, l := range o.Lists {
		if l.ID == f.Lead.ListID {
			return l
		}
	}
	l := &List{List: campaign.List{ID: f.Lead.ListID, CampaignID: o.Campaign.ID, Name: fmt.Sprint("list ", f.Lead.ListID), State: campaign.ListActive, On: true}}
	if f.List != nil {
		l.List = *f.List
	}
	o.Lists = append(o.Lists, l)
	return l
}
