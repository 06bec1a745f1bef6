package store

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"redial/campaign"
)

// intake turns drafts into leads of a list. Those that are leads already are lost to it, with the lead that won.
type intake struct {
	t      *bulkTx
	source string // where external ids are unique; empty: the list
	across bool   // leads of all campaigns count, not only this one's
	drafts []campaign.Draft

	campaign   *campaign.Campaign
	list       *campaign.List
	subjects   map[campaign.Phone]campaign.SubjectID
	old        map[campaign.SubjectID]bool // subjects that were there before: only they can have leads or suppressions
	shut       map[campaign.SubjectID]campaign.Suppression
	others     map[subjectKey]campaign.SubjectID // persons and accounts
	consents   map[campaign.SubjectID][]campaign.Consent
	calendars  []*campaign.Calendar
	sites      []siting                    // of each draft
	groups     map[string]campaign.GroupID // by their sites
	fresh      map[string]campaign.Plan    // of a lead never tried, by its site
	lost       map[int]twin                // by line
	suppressed int64
}

// twin is the lead that a draft turned out to be.
type twin struct {
	lead     campaign.LeadID
	list     campaign.ListID
	campaign campaign.CampaignID
	by, what string // "number" or "external id", and which
	cells    []string
}

// take inserts the leads. Subjects are locked in order, then everything that was written under their locks is read.
func (in *intake) take(c campaign.CampaignID, l campaign.ListID) (err error) {
	if in.campaign, err = in.t.campaign(c, ""); err != nil {
		return err
	}
	if in.list, err = in.t.list(l, ""); err != nil {
		return err
	}
	in.lost = make(map[int]twin)
	if len(in.drafts) == 0 {
		return nil
	}
	in.others = make(map[subjectKey]campaign.SubjectID)
	for i := range in.drafts {
		in.drafts[i].Places = sorted(in.drafts[i].Places)
	}
	for _, step := range []func() error{
		func() error { return in.meetOthers(kindAccount) }, in.meetSubjects, func() error { return in.meetOthers(kindPerson) },
		in.findShut, in.findTwins, in.findConsents, in.findCalendars, in.internGroups,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return in.insertLeads()
}

// findCalendars reads what the campaign and the list name.
func (in *intake) findCalendars() error {
	days, err := in.t.calendars(unique(slices.Concat(in.campaign.Rules.Calendars, in.list.Calendars)))
	in.calendars = named(&campaign.Facts{Campaign: in.campaign, List: in.list}, days, nil)
	return err
}

// meetSubjects finds the subject of every number, locked against suppressions, and makes those that are missing.
func (in *intake) meetSubjects() error {
	var phones []campaign.Phone
	for i := range in.drafts {
		for _, n := range in.drafts[i].Numbers {
			phones = append(phones, n.Phone)
		}
	}
	phones = unique(phones)
	in.subjects = make(map[campaign.Phone]campaign.SubjectID, len(phones))
	in.old = make(map[campaign.SubjectID]bool)
	if err := in.lookup(phones); err != nil {
		return err
	}
	for range txAttempts {
		missing := slices.DeleteFunc(phones, func(p campaign.Phone) bool { return in.subjects[p] != 0 })
		if len(missing) == 0 {
			return nil
		}
		if err := in.makeSubjects(missing); err != nil {
			return err
		}
		phones = missing
		if err := in.lookup(slices.DeleteFunc(slices.Clone(missing), func(p campaign.Phone) bool { return in.subjects[p] != 0 })); err != nil {
			return err
		}
	}
	return errLost
}

func (in *intake) lookup(phones []campaign.Phone) error {
	if len(phones) == 0 {
		return nil
	}
	share := ""
	if in.t.d.forShare != "" {
		share = " FOR SHARE OF u"
	}
	q := `SELECT u.id, u.key FROM subjects u WHERE u.kind = 'number' AND u.key ` + in.t.d.inText(1) + ` ORDER BY u.id` + share
	return in.t.each(q, []any{js(phones)}, func(r *sql.Rows) error {
		id, err := in.scanSubject(r)
		in.old[id] = true
		return err
	})
}

func (in *intake) scanSubject(r scanner) (campaign.SubjectID, error) {
	var id campaign.SubjectID
	var p campaign.Phone
	err := r.Scan(&id, &p)
	in.subjects[p] = id
	return id, err
}

// makeSubjects inserts new numbers in order of key, so that two imports of the same numbers do not wait for one another.
func (in *intake) makeSubjects(missing []campaign.Phone) error {
	type row struct {
		Key campaign.Phone `json:"key"`
	}
	rows := make([]row, len(missing))
	for i, p := range missing {
		rows[i] = row{p}
	}
	return setRowsBack(in.t.tx, `INSERT INTO subjects (kind, key) SELECT 'number', v.key FROM `+in.t.d.set(1, "v", "key text")+
		` WHERE TRUE ORDER BY v.key ON CONFLICT DO NOTHING RETURNING id, key`, rows, func(r scanner) error {
		_, err := in.scanSubject(r)
		return err
	})
}

func (in *intake) oldIDs() []campaign.SubjectID {
	ids := make([]campaign.SubjectID, 0, len(in.old))
	for id := range in.old {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// findShut reads the suppressions in force of the numbers.
func (in *intake) findShut() error {
	in.shut = make(map[campaign.SubjectID]campaign.Suppression)
	if len(in.old) == 0 {
		return nil
	}
	q := `SELECT ` + suppressionColumns + `, x.subject_id FROM suppressions x JOIN subjects u ON u.id = x.subject_id
		WHERE x.subject_id ` + in.t.d.in(1) + ` AND (x.expires_at = 0 OR x.expires_at > $2)`
	return in.t.each(q, []any{js(in.oldIDs()), us(in.t.now)}, func(r *sql.Rows) error {
		var id campaign.SubjectID
		x, err := scanSuppression(r, &id)
		in.shut[id] = x
		return err
	})
}

// findTwins finds the drafts that are leads already, by their first number, or by their external id.
func (in *intake) findTwins() error {
	byNumber, byID := make(map[string]twin), make(map[string]twin)
	if err := in.readNumberTwins(byNumber); err != nil {
		return err
	}
	if err := in.readIDTwins(byID); err != nil {
		return err
	}
	in.drafts = slices.DeleteFunc(slices.Clone(in.drafts), func(d campaign.Draft) bool {
		n := d.Numbers[0]
		number := numberKey(in.subjects[n.Phone], n.Extension)
		w, lost := byNumber[number]
		w.by, w.what = "number", string(n.Phone)
		if !lost && d.ExternalID != "" {
			w, lost = byID[in.idKey(d)]
			w.by, w.what = "external id", d.ExternalID
		}
		if lost {
			w.cells = d.Cells
			in.lost[d.Line] = w
			return true
		}
		// Another draft of this batch may be the same, too; its lead has no id yet.
		here := twin{list: in.list.ID, campaign: in.campaign.ID}
		byNumber[number] = here
		if d.ExternalID != "" {
			byID[in.idKey(d)] = here
		}
		return false
	})
	return nil
}

func numberKey(id campaign.SubjectID, extension string) string { return fmt.Sprint(id, "x", extension) }

func (in *intake) idKey(d campaign.Draft) string {
	return cmp.Or(d.Source, in.source) + "\x00" + d.ExternalID
}

func (in *intake) readNumberTwins(found map[string]twin) error {
	var firsts []campaign.SubjectID
	for i := range in.drafts {
		if id := in.subjects[in.drafts[i].Numbers[0].Phone]; in.old[id] {
			firsts = append(firsts, id)
		}
	}
	if len(firsts) == 0 {
		return nil
	}
	q := `SELECT l.first_subject, l.first_extension, l.id, l.list_id, l.campaign_id FROM leads l
		WHERE l.campaign_id = $2 AND l.first_subject ` + in.t.d.in(1) + ` AND l.state <> 'withdrawn'`
	args := []any{js(unique(firsts)), in.campaign.ID}
	if in.across {
		q = `SELECT l.first_subject, l.first_extension, l.id, l.list_id, l.campaign_id FROM lead_numbers n JOIN leads l ON l.id = n.lead_id
			WHERE n.subject_id ` + in.t.d.in(1) + ` AND l.first_subject = n.subject_id AND l.state <> 'withdrawn'
			ORDER BY CASE WHEN l.campaign_id = $2 THEN 1 ELSE 0 END`
	}
	return in.t.each(q, args, func(r *sql.Rows) error {
		var id campaign.SubjectID
		var ext string
		var w twin
		err := r.Scan(&id, &ext, &w.lead, &w.list, &w.campaign)
		found[numberKey(id, ext)] = w
		return err
	})
}

func (in *intake) readIDTwins(found map[string]twin) error {
	type row struct {
		Source string          `json:"source"`
		ID     string          `json:"external_id"`
		List   campaign.ListID `json:"list_id"`
	}
	var rows []row
	for i := range in.drafts {
		if d := &in.drafts[i]; d.ExternalID != "" {
			source := cmp.Or(d.Source, in.source)
			within := in.list.ID
			if source != "" {
				within = 0
			}
			rows = append(rows, row{source, d.ExternalID, within})
		}
	}
	return setRowsBack(in.t.tx, idTwinsQuery(in.t.d), rows, func(r scanner) error {
		var source, id string
		var w twin
		err := r.Scan(&source, &id, &w.lead, &w.list, &w.campaign)
		found[source+"\x00"+id] = w
		return err
	}, in.campaign.ID)
}

// idTwinsQuery looks each external id of $1 up among the leads of campaign $2. The cross join holds SQLite to that
// order: left to itself it compares every lead of the campaign with every row, and an import grows with the square.
func idTwinsQuery(d *dialect) string {
	return `SELECT l.source, l.external_id, l.id, l.list_id, l.campaign_id FROM ` +
		d.set(1, "v", "source text", "external_id text", "list_id bigint") + ` CROSS JOIN leads l WHERE l.external_id = v.external_id
		AND l.campaign_id = $2 AND l.source = v.source AND (CASE WHEN l.source = '' THEN l.list_id ELSE 0 END) = v.list_id
		AND l.external_id <> '' AND l.state <> 'withdrawn'`
}

func (in *intake) zonesOf(d *campaign.Draft) []string {
	if len(d.Zones) == 0 {
		return []string{in.campaign.Zone}
	}
	return d.Zones
}

// internGroups finds or makes the calendar group of each draft's sites. CROSS JOIN makes SQLite look each up by the unique
// index instead of comparing all groups of the list with all rows.
func (in *intake) internGroups() error {
	type row struct {
		Zones    string `json:"zones"`
		Calendar string `json:"calendar"`
	}
	in.groups = make(map[string]campaign.GroupID)
	in.sites = make([]siting, len(in.drafts))
	var rows []row
	for i := range in.drafts {
		s := in.sitingOf(&in.drafts[i])
		in.sites[i] = s
		if _, ok := in.groups[s.key]; !ok {
			in.groups[s.key] = 0
			rows = append(rows, row{js(s.zones), s.cal})
		}
	}
	set := in.t.d.set(1, "v", "zones text", "calendar text")
	if err := setRows(in.t.tx, `INSERT INTO calendar_groups (campaign_id, list_id, zones, calendar) SELECT $2, $3, v.zones, v.calendar FROM `+set+
		` WHERE TRUE ORDER BY v.zones, v.calendar ON CONFLICT DO NOTHING`, rows, in.campaign.ID, in.list.ID); err != nil {
		return err
	}
	return setRowsBack(in.t.tx, `SELECT g.id, g.zones, g.calendar FROM `+set+` CROSS JOIN calendar_groups g WHERE g.list_id = $2 AND g.zones = v.zones
		AND g.calendar = v.calendar`, rows, func(r scanner) error {
		var id campaign.GroupID
		var zones []string
		var calendar string
		err := r.Scan(&id, jsonCol{&zones}, &calendar)
		in.groups[strings.Join(zones, " ")+"\x00"+calendar] = id
		return err
	}, in.list.ID)
}
