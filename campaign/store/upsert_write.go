package store

import (
	"time"

	"redial/campaign"
)

// goneKept is how long it is known that a lead was withdrawn before it came.
const goneKept = 90 * 24 * time.Hour

type valueRow struct {
	ID         campaign.LeadID    `json:"id"`
	Name       string             `json:"name"`
	Attributes string             `json:"attributes"`
	Priority   int                `json:"priority"`
	Account    string             `json:"account"`
	Places     string             `json:"places"`
	Numbers    string             `json:"numbers"`
	Revision   int64              `json:"revision"`
	First      campaign.SubjectID `json:"first_subject"` // of one that comes back; 0: as it was
	Extension  string             `json:"first_extension"`
}

type revisionRow struct {
	ID       campaign.LeadID `json:"id"`
	Revision int64           `json:"revision"`
}

type goneRow struct {
	ExternalID string `json:"external_id"`
	Revision   int64  `json:"revision"`
}

// write writes everything that the items did. Leads that leave give up their numbers before others take them.
func (u *upsert) write() error {
	groups, err := u.makeGroups()
	if err != nil {
		return err
	}
	for _, step := range []func() error{u.writeLeft, func() error { return u.insertFresh(groups) }, u.writeValues, u.k.flush, u.countFresh, u.writeGone} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (u *upsert) writeLeft() error {
	if len(u.left) > 0 {
		if _, err := u.t.exec(`UPDATE leads SET state = 'withdrawn', assignment_id = 0 WHERE id `+u.t.d.in(1), js(u.left)); err != nil {
			return err
		}
	}
	if gone := append(u.left, u.relinked...); len(gone) > 0 {
		return u.t.unlist(gone)
	}
	return nil
}

func (u *upsert) writeValues() error {
	if err := setRows(u.t, `UPDATE leads AS l SET name = v.name, attributes = v.attributes, priority = v.priority, account = v.account,
		places = v.places, numbers = v.numbers, revision = v.revision, updated_at = $2, version = l.version + 1,
		first_subject = CASE WHEN v.first_subject > 0 THEN v.first_subject ELSE l.first_subject END,
		first_extension = CASE WHEN v.first_subject > 0 THEN v.first_extension ELSE l.first_extension END FROM `+
		u.t.d.set(1, "v", "id bigint", "name text", "attributes text", "priority bigint", "account text", "places text", "numbers text",
			"revision bigint", "first_subject bigint", "first_extension text")+` WHERE l.id = v.id`, u.values, us(u.t.now)); err != nil {
		return err
	}
	return setRows(u.t, `UPDATE leads AS l SET revision = v.revision FROM `+u.t.d.set(1, "v", "id bigint", "revision bigint")+
		` WHERE l.id = v.id`, u.revisions)
}

func (u *upsert) writeGone() error {
	if err := setRows(u.t, `DELETE FROM upsert_gone WHERE source = $2 AND granted IN ('', $3) AND external_id `+u.t.d.inSelect(`SELECT v.external_id FROM `+
		u.t.d.set(1, "v", "external_id text")), u.forget, u.b.Source, u.granted()); err != nil || len(u.remember) == 0 {
		return err
	}
	if err := setRows(u.t, `INSERT INTO upsert_gone (source, external_id, granted, revision, at) SELECT $2, v.external_id, $4, v.revision, $3 FROM `+
		u.t.d.set(1, "v", "external_id text", "revision bigint")+` WHERE TRUE ON CONFLICT (source, external_id, granted) DO UPDATE
		SET revision = excluded.revision, at = excluded.at`, u.remember, u.b.Source, us(u.t.now), u.granted()); err != nil {
		return err
	}
	_, err := u.t.exec(`DELETE FROM upsert_gone WHERE at < $1`, us(u.t.now.Add(-goneKept)))
	return err
}

// granted are the campaigns that the sender may see, as what it withdrew before it came is kept under: what it says of
// leads that it cannot see must not bind others. Empty: all.
func (u *upsert) granted() string {
	if len(u.b.Campaigns) == 0 {
		return ""
	}
	return js(unique(u.b.Campaigns))
}

// groupKey names a calendar group.
type groupKey struct {
	list            campaign.ListID
	zones, calendar string
}

// makeGroups finds or makes the calendar groups of the new leads.
func (u *upsert) makeGroups() (map[groupKey]campaign.GroupID, error) {
	type row struct {
		Campaign campaign.CampaignID `json:"campaign_id"`
		List     campaign.ListID     `json:"list_id"`
		Zones    string              `json:"zones"`
		Calendar string              `json:"calendar"`
	}
	groups := make(map[groupKey]campaign.GroupID)
	set := u.t.d.set(1, "v", "campaign_id bigint", "list_id bigint", "zones text", "calendar text")
	for look := range 2 {
		var rows []row
		asked := make(map[groupKey]bool)
		for _, d := range u.fresh {
			if g := u.groupOf(d.made); groups[g] == 0 && !asked[g] {
				asked[g] = true
				rows = append(rows, row{d.made.CampaignID, g.list, g.zones, g.calendar})
			}
		}
		if look > 0 {
			if err := setRows(u.t, `INSERT INTO calendar_groups (campaign_id, list_id, zones, calendar)
				SELECT v.campaign_id, v.list_id, v.zones, v.calendar FROM `+set+` WHERE TRUE ORDER BY v.list_id, v.zones, v.calendar
				ON CONFLICT DO NOTHING`, rows); err != nil {
				return nil, err
			}
		}
		if err := setRowsBack(u.t, `SELECT g.id, g.list_id, g.zones, g.calendar FROM `+set+` CROSS JOIN calendar_groups g
			WHERE g.list_id = v.list_id AND g.zones = v.zones AND g.calendar = v.calendar`, rows, func(r scanner) error {
			var id campaign.GroupID
			var g groupKey
			err := r.Scan(&id, &g.list, &g.zones, &g.calendar)
			groups[g] = id
			return err
		}); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

func (u *upsert) groupOf(l *campaign.Lead) groupKey {
	return groupKey{l.ListID, js(list(l.Zones)), u.k.grouped[l.ID]}
}

// freshInsert are the columns of a lead that is made by an item; those of an import and what a moved one brings.
var freshInsert = append(append([]string(nil), leadInsert...), "tries", "last_placed", "owner_id", "revision", "hold_until", "hold_reason")

func (u *upsert) insertFresh(groups map[groupKey]campaign.GroupID) error {
	bulk := &bulkTx{tx: u.t}
	return bulk.insert("leads", freshInsert, len(u.fresh), func(i int, r *bulkRow) error {
		l := u.fresh[i].made
		first := u.k.subjects[l.Numbers[0].Phone]
		group := groups[u.groupOf(l)]
		if first == 0 || group == 0 {
			return errNoSubject
		}
		p, now := &l.Plan, us(u.t.now)
		for _, n := range []int64{int64(l.ID), int64(l.CampaignID), int64(l.ListID), int64(group)} {
			r.int(n)
		}
		for _, s := range []string{string(l.State), l.Source, l.ExternalID, l.Name, js(l.Numbers), js(list(l.Attributes))} {
			r.text(s)
		}
		r.int(int64(l.Priority))
		r.int(int64(l.Line))
		r.int(int64(first))
		r.text(l.Numbers[0].Extension)
		r.int(int64(u.k.subjects[p.Number]))
		r.text(p.Verdict.String())
		r.int(us(p.At))
		r.int(us(p.Until))
		r.text(string(p.Number))
		r.text(p.Reason)
		for _, n := range []int64{us(p.Earliest), now, l.RulesVersion, now, now} {
			r.int(n)
		}
		r.text(l.Account)
		r.text(js(list(l.Places)))
		r.int(p.Turn)
		r.text(js(list(l.Tries)))
		var placed int64
		if n := len(l.Tries); n > 0 {
			placed = us(l.Tries[n-1].PlacedAt)
		}
		r.int(placed)
		r.int(int64(l.Owner))
		r.int(l.Revision)
		r.int(us(l.HeldOffUntil))
		r.text(l.HeldOffReason)
		return nil
	})
}

// countFresh keeps the lists' tallies, which are the last rows that this transaction locks. A list that was undone since it
// was found takes nothing more in: the transaction begins again, and finds another.
func (u *upsert) countFresh() error {
	type count struct{ leads, shut int64 }
	counts := make(map[campaign.ListID]count)
	for _, d := range u.fresh {
		c := counts[d.made.ListID]
		c.leads++
		if d.made.State == campaign.LeadSuppressed {
			c.shut++
		}
		counts[d.made.ListID] = c
	}
	for _, id := range inOrder(counts) {
		n, err := u.t.exec(`UPDATE lists SET row_count = row_count + $2, lead_count = lead_count + $2, suppressed_count = suppressed_count + $3
			WHERE id = $1 AND state = 'active'`, int64(id), counts[id].leads, counts[id].shut)
		if err != nil {
			return err
		}
		if n == 0 {
			return errLost
		}
	}
	return nil
}

// tellVersions fills in the versions of the leads that were changed, as they are now.
func (u *upsert) tellVersions() error {
	of := make(map[campaign.LeadID]*campaign.UpsertResult)
	for _, d := range u.items {
		switch d.result.Done {
		case campaign.UpsertUpdated, campaign.UpsertWithdrawn, campaign.UpsertReopened:
			of[d.result.Lead] = d.result
		default: // they were told with it
		}
	}
	if len(of) == 0 {
		return nil
	}
	return u.t.one(statement{`SELECT l.id, l.version FROM leads l WHERE l.id ` + u.t.d.in(1), []any{js(inOrder(of))}, func(r scanner) error {
		var id campaign.LeadID
		var version int64
		err := r.Scan(&id, &version)
		of[id].Version = version
		return err
	}})
}
