package store

import (
	"database/sql"

	"redial/campaign"
)

// twin is the lead that a draft turned out to be.
type twin struct {
	lead     campaign.LeadID
	list     campaign.ListID
	campaign campaign.CampaignID
	by, what string // "number" or "external id", and which
	cells    []string
}

// firstNumber and externalID are what leads of a campaign differ by.
type (
	firstNumber struct {
		subject   campaign.SubjectID
		extension string
	}
	externalID struct{ source, id string }
)

// findTwins finds the drafts that are leads already, by their first number, or by their external id.
func (in *intake) findTwins() error {
	byNumber, byID := make(map[firstNumber]twin, len(in.all)), make(map[externalID]twin, len(in.persons.ids))
	if err := in.readNumberTwins(byNumber); err != nil {
		return err
	}
	if err := in.readIDTwins(byID); err != nil {
		return err
	}
	here := twin{list: in.list.ID, campaign: in.campaign.ID} // another draft of this batch: its lead has no id yet
	kept := in.all[:0]
	for _, c := range in.all {
		n := &c.Numbers[0]
		number, id := firstNumber{in.numbers.ids[string(n.Phone)].id, n.Extension}, externalID{c.Source, c.ExternalID}
		w, lost := byNumber[number]
		w.by, w.what = "number", string(n.Phone)
		if !lost && c.ExternalID != "" {
			w, lost = byID[id]
			w.by, w.what = "external id", c.ExternalID
		}
		if lost {
			w.cells = c.Cells
			in.lost[c.Line] = w
			continue
		}
		byNumber[number] = here
		if c.ExternalID != "" {
			byID[id] = here
		}
		kept = append(kept, c)
	}
	in.all = kept
	return nil
}

func (in *intake) readNumberTwins(found map[firstNumber]twin) error {
	var firsts []campaign.SubjectID
	for i := range in.all {
		if u := in.numbers.ids[string(in.all[i].Numbers[0].Phone)]; u.old {
			firsts = append(firsts, u.id)
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
		var n firstNumber
		var w twin
		err := r.Scan(&n.subject, &n.extension, &w.lead, &w.list, &w.campaign)
		found[n] = w
		return err
	})
}

// readIDTwins looks for the external ids whose persons were there before: every lead that has one has its person. Only an
// older node makes leads without; where it was quicker, the index of external ids says so and this looks for them all.
func (in *intake) readIDTwins(found map[externalID]twin) error {
	type row struct {
		Source string          `json:"source"`
		ID     string          `json:"external_id"`
		List   campaign.ListID `json:"list_id"`
	}
	var rows []row
	for i := range in.all {
		c := &in.all[i]
		if c.ExternalID == "" || !in.t.wary && !in.persons.ids[c.others[0].Key].old {
			continue
		}
		within := in.list.ID
		if c.Source != "" {
			within = 0
		}
		rows = append(rows, row{c.Source, c.ExternalID, within})
	}
	return setRowsBack(in.t.tx, idTwinsQuery(in.t.d), rows, func(r scanner) error {
		var id externalID
		var w twin
		err := r.Scan(&id.source, &id.id, &w.lead, &w.list, &w.campaign)
		found[id] = w
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
