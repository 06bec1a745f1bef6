package store

import (
	"encoding/binary"
	"slices"
	"strings"

	"redial/campaign"
)

// siting is where drafts may be called.
type siting struct {
	key   string // of its calendar group
	zones []string
	cal   string
	group campaign.GroupID
	alone bool // one site, and no consents: its plan is that of all such leads

	planned bool
	plan    campaign.Plan // of a lead never tried, if alone
}

// sites are those of the drafts. Most have the same few: those without consents are kept by what they are made of.
type sites struct {
	known map[string]*siting
	all   []*siting
	made  []byte
}

// siteOf finds a draft's sites.
func (in *intake) siteOf(c *candidate) *siting {
	zones := c.Zones
	if len(zones) == 0 {
		zones = []string{in.campaign.Zone}
	}
	if consents := in.consentsOf(c); len(consents) > 0 {
		return in.newSite(c, zones, consents)
	}
	in.sites.made = appendWhere(in.sites.made[:0], zones, c.Draft)
	if s := in.sites.known[string(in.sites.made)]; s != nil {
		return s
	}
	s := in.newSite(c, zones, nil)
	in.sites.known[string(in.sites.made)] = s
	return s
}

func (in *intake) newSite(c *candidate, zones []string, consents []campaign.Consent) *siting {
	s := &siting{zones: zones, alone: true}
	if l := in.leadOf(c, zones); len(consents) > 0 || !plainSite(l) {
		sites := l.Sites(consents, in.campaign.Rules.Purpose, in.t.now)
		s.cal, s.alone = groupCalendar(zones, sites), len(sites) == 1 && len(consents) == 0
	}
	s.key = strings.Join(zones, " ") + "\x00" + s.cal
	in.sites.all = append(in.sites.all, s)
	return s
}

// appendWhere appends all that the sites of a lead without consents are made of.
func appendWhere(b []byte, zones []string, d *campaign.Draft) []byte {
	add := func(texts []string) {
		b = binary.AppendUvarint(b, uint64(len(texts)))
		for _, s := range texts {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	add(zones)
	add(d.Places)
	for i := range d.Numbers {
		add(d.Numbers[i].Zones)
		add(d.Numbers[i].Places)
	}
	return b
}

// leadOf is the draft as the lead that it will be.
func (in *intake) leadOf(c *candidate, zones []string) *campaign.Lead {
	return &campaign.Lead{CampaignID: in.campaign.ID, ListID: in.list.ID, State: campaign.LeadOpen, Source: c.Source,
		ExternalID: c.ExternalID, Zones: zones, Numbers: c.Numbers, Account: c.Account, Places: c.Places}
}

// internGroups finds or makes the calendar group of each draft's sites.
func (in *intake) internGroups() error {
	in.sites.known = make(map[string]*siting)
	for i := range in.all {
		in.all[i].site = in.siteOf(&in.all[i])
	}
	groups := make(map[string]campaign.GroupID)
	var rows []groupRow
	for _, s := range in.sites.all {
		if _, ok := groups[s.key]; !ok {
			groups[s.key] = 0
			rows = append(rows, groupRow{s.key, js(s.zones), s.cal})
		}
	}
	if err := in.findGroups(rows, groups); err != nil {
		return err
	}
	if rows = slices.DeleteFunc(rows, func(r groupRow) bool { return groups[r.key] != 0 }); len(rows) > 0 {
		if err := setRows(in.t.tx, `INSERT INTO calendar_groups (campaign_id, list_id, zones, calendar) SELECT $2, $3, v.zones, v.calendar FROM `+
			in.groupSet()+` WHERE TRUE ORDER BY v.zones, v.calendar ON CONFLICT DO NOTHING`, rows, in.campaign.ID, in.list.ID); err != nil {
			return err
		}
		if err := in.findGroups(rows, groups); err != nil {
			return err
		}
	}
	for _, s := range in.sites.all {
		s.group = groups[s.key]
	}
	return nil
}

// groupRow is a calendar group of the list.
type groupRow struct {
	key      string
	Zones    string `json:"zones"`
	Calendar string `json:"calendar"`
}

func (in *intake) groupSet() string { return in.t.d.set(1, "v", "zones text", "calendar text") }

// findGroups finds groups by their keys. CROSS JOIN makes SQLite look each up by the unique index instead of comparing
// all groups of the list with all rows.
func (in *intake) findGroups(rows []groupRow, groups map[string]campaign.GroupID) error {
	return setRowsBack(in.t.tx, `SELECT g.id, g.zones, g.calendar FROM `+in.groupSet()+` CROSS JOIN calendar_groups g WHERE g.list_id = $2
		AND g.zones = v.zones AND g.calendar = v.calendar`, rows, func(r scanner) error {
		var id campaign.GroupID
		var zones []string
		var calendar string
		err := r.Scan(&id, jsonCol{&zones}, &calendar)
		groups[strings.Join(zones, " ")+"\x00"+calendar] = id
		return err
	}, in.list.ID)
}
