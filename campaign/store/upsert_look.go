package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"

	"redial/campaign"
)

// upsertRefusal is an error as an item is answered with it; what only an operator can mend is not told.
func upsertRefusal(err error) *campaign.Error {
	if e, ok := errors.AsType[*campaign.Error](err); ok {
		return e
	}
	return &campaign.Error{Kind: campaign.KindInternal,
		Message: "the item could not be kept, and it is not known why: the server's log says it; the others were not held up"}
}

// look finds the leads without locks: the last one that had an external id counts.
func (u *upsert) look() error {
	if d := u.items[0]; d.Lead != 0 {
		return u.lookByID(d)
	}
	ids := make([]string, len(u.items))
	of := make(map[string]*upserting, len(u.items))
	for i, d := range u.items {
		ids[i], of[d.ExternalID] = d.ExternalID, d
	}
	return u.t.each(`SELECT `+leadColumns+`, k.state`+leadFrom+` JOIN lists k ON k.id = l.list_id
		WHERE l.source = $2 AND l.source <> '' AND l.external_id `+u.t.d.inText(1)+` ORDER BY l.id`, []any{js(ids), u.b.Source}, func(r *sql.Rows) error {
		var list campaign.ListState
		l, err := scanLead(r, &list)
		if err == nil {
			d := of[l.ExternalID]
			d.found, d.lead, d.undone = l.ID, l, list == campaign.ListUndone
		}
		return err
	})
}

// lookByID finds the only item's lead by its own id; whose it is follows from it.
func (u *upsert) lookByID(d *upserting) error {
	var list campaign.ListState
	l, err := scanLead(u.t.QueryRowContext(u.t.ctx, `SELECT `+leadColumns+`, k.state`+leadFrom+` JOIN lists k ON k.id = l.list_id
		WHERE l.id = $1 AND `+visibleList, int64(d.Lead)), &list)
	if err != nil {
		return none(err, "lead", d.Lead)
	}
	d.found, d.lead, d.undone = l.ID, l, list == campaign.ListUndone
	u.b.Source, d.ExternalID = l.Source, l.ExternalID
	return nil
}

// findCampaigns reads where leads are and where they go.
func (u *upsert) findCampaigns() (err error) {
	var ids []campaign.CampaignID
	for _, d := range u.items {
		if d.lead != nil {
			ids = append(ids, d.lead.CampaignID)
		}
		if d.goes = d.Campaign; d.goes != 0 {
			ids = append(ids, d.goes)
		}
	}
	u.campaigns, err = u.t.campaigns(unique(ids))
	return err
}

// target is the campaign that takes the item's lead in.
func (u *upsert) target(d *upserting) (*campaign.Campaign, error) {
	field := d.Whereto()
	if d.goes == 0 {
		return nil, campaign.Invalid(field, "is missing: there is no such lead yet, and neither the item nor the beginning of the stream says where it goes")
	}
	c := u.campaigns[d.goes]
	switch {
	case c == nil || !u.sees(c.ID):
		e := campaign.NotFound("campaign", d.goes)
		e.Violations = []campaign.Violation{{Field: field, Message: e.Message}}
		return nil, e
	case c.State == campaign.CampaignFinished:
		return nil, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("campaign %d has finished and takes no more leads", c.ID))
	}
	return c, nil
}

// prepare reads the values, so that all that a lead will be known by can be locked, and makes the leads to be.
func (u *upsert) prepare() error {
	for _, d := range u.items {
		if err := d.Validate(); err != nil {
			d.lead = nil
			d.refuse(err)
			continue
		}
		if d.lead != nil && !u.sees(d.lead.CampaignID) {
			d.lead = nil
			d.refuse(campaign.NotFound("lead with the external id", d.ExternalID))
			continue
		}
		if d.old(); d.settled {
			continue
		}
		switch d.Action {
		case campaign.UpsertPut:
			u.rehearse(d)
		case campaign.UpsertMove:
			if d.lead != nil {
				if _, d.fault = u.target(d); d.fault == nil && d.goes != d.lead.CampaignID {
					d.made = new(campaign.Lead)
				}
			}
		case campaign.UpsertWithdraw:
		}
	}
	if err := u.findLists(); err != nil {
		return err
	}
	return u.reserve()
}

// old settles an item that a lead has seen already: its revision only rises, so that no lock is needed to know it. Values of
// the same revision are a repetition, which undoes nothing that was done here since; a move or a withdrawal of the same
// revision is one only if the lead is so already.
func (d *upserting) old() {
	switch {
	case d.lead == nil || d.Revision == 0:
	case d.Revision < d.lead.Revision:
		d.done(campaign.UpsertStale)
	case d.Revision == d.lead.Revision && d.Action == campaign.UpsertPut:
		d.done(campaign.UpsertUnchanged)
	}
}

// rehearse reads what an item says of its lead.
func (u *upsert) rehearse(d *upserting) {
	d.home = campaign.UpsertHome{Region: u.b.Region, Number: u.b.number}
	if d.lead != nil {
		d.home.Campaign = u.campaigns[d.lead.CampaignID]
		after := *d.lead
		_, d.fault = d.home.Change(&after, &d.Values, d.Takes())
		d.was = after // for what it will be known by
		if d.undone && d.lead.State == campaign.LeadWithdrawn && d.fault == nil {
			d.goes, d.made = d.lead.CampaignID, new(campaign.Lead)
		}
		return
	}
	c, err := u.target(d)
	if err != nil {
		d.fault = err
		return
	}
	d.home.Campaign = c
	if d.made, d.fault = d.home.Make(&d.Values); d.fault != nil {
		d.made = nil
	}
}

// findLists finds the list that each campaign keeps the source's leads in, and makes what is missing. The leads of a list
// that was undone are not followed by others: a new one takes its place.
func (u *upsert) findLists() error {
	u.lists = make(map[campaign.CampaignID]campaign.ListID)
	var wanted []campaign.CampaignID
	for _, d := range u.items {
		if d.made != nil {
			wanted = append(wanted, d.goes)
		}
	}
	wanted = unique(wanted)
	for range 3 {
		var undone []campaign.ListID
		err := u.t.each(`SELECT k.id, k.campaign_id, k.state FROM lists k WHERE k.source = $2 AND k.source <> '' AND k.campaign_id `+u.t.d.in(1),
			[]any{js(list(wanted)), u.keeper()}, func(r *sql.Rows) error {
				var id campaign.ListID
				var of campaign.CampaignID
				var state campaign.ListState
				err := r.Scan(&id, &of, &state)
				if state == campaign.ListActive {
					u.lists[of] = id
				} else {
					undone = append(undone, id)
				}
				return err
			})
		if err != nil || len(u.lists) == len(wanted) {
			return err
		}
		if err := u.makeLists(wanted, undone); err != nil {
			return err
		}
	}
	return errLost
}

func (u *upsert) makeLists(wanted []campaign.CampaignID, undone []campaign.ListID) error {
	if len(undone) > 0 {
		if _, err := u.t.exec(`UPDATE lists SET source = '' WHERE state = 'undone' AND id `+u.t.d.in(1), js(undone)); err != nil {
			return err
		}
	}
	type row struct {
		Campaign campaign.CampaignID `json:"campaign_id"`
	}
	var rows []row
	for _, id := range wanted {
		if u.lists[id] == 0 {
			rows = append(rows, row{id})
		}
	}
	return setRows(u.t, `INSERT INTO lists (campaign_id, name, source, state, created_at, loaded_at)
		SELECT v.campaign_id, CASE WHEN EXISTS (SELECT 1 FROM lists o WHERE o.campaign_id = v.campaign_id AND o.name = $2) THEN
			$2 || ' (' || (SELECT count(*) + 1 FROM lists o WHERE o.campaign_id = v.campaign_id) || ')' ELSE $2 END, $2, 'active', $3, $3
		FROM `+u.t.d.set(1, "v", "campaign_id bigint")+` WHERE TRUE ORDER BY v.campaign_id
		ON CONFLICT (campaign_id, source) WHERE source <> '' DO NOTHING`, rows, u.keeper(), us(u.t.now))
}

// movedList is the list in which a campaign keeps the leads that came from others and from no CRM.
const movedList = "moved"

// keeper is the source that the list is of in which a campaign keeps the leads.
func (u *upsert) keeper() string { return cmp.Or(u.b.Source, movedList) }

// reserve gives the leads to be their ids.
func (u *upsert) reserve() error {
	var made []*upserting
	for _, d := range u.items {
		if d.made != nil {
			made = append(made, d)
		}
	}
	if len(made) == 0 {
		return nil
	}
	ids, err := (&bulkTx{tx: u.t}).nextIDs(wantIDs{"leads", len(made)})
	if err != nil {
		return err
	}
	for i, d := range made {
		d.made.ID = campaign.LeadID(ids[0][i])
		d.made.Source, d.made.ExternalID, d.made.ListID = u.b.Source, d.ExternalID, u.lists[d.goes]
		d.made.CampaignID, d.made.Version, d.made.CreatedAt = d.goes, 1, u.t.now
	}
	return nil
}
