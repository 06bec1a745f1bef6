package store

import (
	"slices"

	"redial/campaign"
)

// lockAll locks all that the leads are known by, and will be, and the leads; then it judges the items, so that what is
// known of the leads is read as they will be.
func (u *upsert) lockAll() error {
	w := want{locked: u.locked}
	for _, d := range u.items {
		if d.settled {
			continue
		}
		w.others = append(w.others, othersOf(u.b.Source, d.ExternalID, d.Values.Account)...)
		for _, l := range []*campaign.Lead{d.lead, &d.was, d.made} {
			if l != nil {
				w.phones = append(w.phones, phonesOf(l)...)
				w.others = append(w.others, leadOthers(l)...)
			}
		}
		if d.found != 0 {
			w.leads = append(w.leads, d.found)
		}
	}
	slices.SortFunc(w.others, compareSubjects)
	w.others = slices.Compact(w.others)
	var err error
	u.k, err = u.t.load(w)
	return err
}

// locked judges the items by the locked leads. Whatever came between looking and locking makes the transaction begin
// again: the lock on the person of an external id keeps others from making leads with it from here on.
func (u *upsert) locked(k *work, rows []*campaign.Lead) ([]*campaign.Lead, error) {
	byID := make(map[campaign.LeadID]*campaign.Lead, len(rows))
	for _, l := range rows {
		byID[l.ID] = l
	}
	last, err := u.readMarks()
	if err != nil {
		return nil, err
	}
	for _, d := range u.items {
		if d.settled {
			continue
		}
		if d.lead, d.was = byID[d.found], (campaign.Lead{}); d.Lead == 0 && last[d.ExternalID] != d.found || d.found != 0 && d.lead == nil {
			return nil, errLost
		}
		if d.lead != nil {
			d.was = *d.lead
		}
		if err := u.judge(d); err != nil {
			return nil, err
		}
		if d.settled || d.made == nil {
			d.made = nil
			continue
		}
		d.made.CreatedAt = k.t.now
		if d.lead == nil {
			d.made.Revision = d.Revision
		}
		rows = append(rows, d.made)
	}
	return rows, nil
}

// readMarks reads the leads by external id once more, under the locks, and what was withdrawn before it came.
func (u *upsert) readMarks() (last map[string]campaign.LeadID, err error) {
	last, u.alive, u.gone = make(map[string]campaign.LeadID), make(map[string][]aliveLead), make(map[string]int64)
	ids := make([]string, len(u.items))
	for i, d := range u.items {
		ids[i] = d.ExternalID
	}
	args := []any{js(ids), u.b.Source}
	return last, u.t.together(
		statement{`SELECT l.external_id, l.id, l.campaign_id, l.state FROM leads l WHERE l.source = $2 AND l.source <> '' AND l.external_id ` +
			u.t.d.inText(1) + ` ORDER BY l.id`, args, func(r scanner) error {
			var ext string
			var m aliveLead
			var state campaign.LeadState
			err := r.Scan(&ext, &m.id, &m.in, &state)
			last[ext] = m.id
			if state != campaign.LeadWithdrawn {
				u.alive[ext] = append(u.alive[ext], m)
			}
			return err
		}},
		statement{`SELECT g.external_id, g.revision FROM upsert_gone g WHERE g.source = $2 AND g.granted IN ('', $3) AND g.external_id ` +
			u.t.d.inText(1), append(args, u.granted()), func(r scanner) error {
			var ext string
			var revision int64
			err := r.Scan(&ext, &revision)
			u.gone[ext] = max(u.gone[ext], revision)
			return err
		}})
}

// judge settles an item, or leaves its lead as it will be.
func (u *upsert) judge(d *upserting) error {
	switch {
	case d.lead == nil:
		u.judgeUnknown(d)
		return nil
	case !u.sees(d.lead.CampaignID):
		d.lead = nil
		d.refuse(campaign.NotFound("lead with the external id", d.ExternalID))
		return nil
	}
	if d.old(); d.settled {
		return nil
	}
	if d.fault != nil {
		d.refuse(d.fault)
		return nil //nolint:nilerr // it is the item's, which was answered
	}
	switch d.Action {
	case campaign.UpsertPut:
		return u.judgePut(d)
	case campaign.UpsertMove:
		return u.judgeMove(d)
	case campaign.UpsertWithdraw:
		if d.lead.State == campaign.LeadWithdrawn {
			u.unchanged(d)
		} else {
			d.versioned()
		}
	}
	return nil
}

// judgeUnknown settles what there is no lead for, unless one is to be made.
func (u *upsert) judgeUnknown(d *upserting) {
	gone, was := u.gone[d.ExternalID]
	switch {
	case d.Revision > 0 && d.Revision < gone:
		d.done(campaign.UpsertStale)
	case d.Action == campaign.UpsertWithdraw:
		if d.Revision > 0 {
			u.remember = append(u.remember, goneRow{d.ExternalID, d.Revision})
		}
		d.done(campaign.UpsertUnchanged)
	case d.fault != nil:
		d.refuse(d.fault)
	case d.Version != 0:
		d.refuse(campaign.Conflict(campaign.ReasonVersion, "there is no such lead: give no version to have it made"))
	case d.Action == campaign.UpsertMove:
		d.refuse(campaign.NotFound("lead with the external id", d.ExternalID))
	default:
		if was {
			u.forget = append(u.forget, goneRow{ExternalID: d.ExternalID})
		}
	}
}

// judgePut puts the values into the lead.
func (u *upsert) judgePut(d *upserting) (err error) {
	d.home.Campaign = u.campaigns[d.lead.CampaignID]
	if d.home.Campaign == nil {
		return errLost
	}
	if d.fields, err = d.home.Change(d.lead, &d.Values, d.Takes()); err != nil {
		d.restore()
		d.refuse(err)
		return nil
	}
	out := d.was.State == campaign.LeadWithdrawn
	if !out && len(d.fields) == 0 {
		u.unchanged(d)
		return nil
	}
	if d.versioned(); d.settled {
		return nil
	}
	switch {
	case d.made != nil && !out:
		return errLost // somebody reopened it
	case d.made != nil:
		d.goOn()
		*d.lead = d.was
	case out:
		d.lead.State = campaign.LeadOpen
	}
	return nil
}

func (u *upsert) judgeMove(d *upserting) error {
	switch {
	case d.lead.CampaignID == d.goes && d.lead.State != campaign.LeadWithdrawn:
		u.unchanged(d)
		return nil
	case d.lead.State == campaign.LeadWithdrawn:
		d.refuse(campaign.Unready(campaign.ReasonBadState, "the lead was withdrawn: upsert it first, then move it"))
		return nil
	case d.made == nil:
		return errLost // it was moved meanwhile
	}
	if d.versioned(); !d.settled {
		d.goOn()
	}
	return nil
}

// goOn makes the lead that goes on in place of the one there is, with its attempts.
func (d *upserting) goOn() {
	m, l := d.made, d.lead
	*m = campaign.Lead{ID: m.ID, CampaignID: m.CampaignID, ListID: m.ListID, State: campaign.LeadOpen, Version: 1, Source: l.Source,
		ExternalID: l.ExternalID, Name: l.Name, Zones: l.Zones, Numbers: l.Numbers, Attributes: l.Attributes, Account: l.Account,
		Places: l.Places, Priority: l.Priority, Tries: slices.Clone(l.Tries), Owner: l.Owner, Revision: max(d.Revision, l.Revision),
		HeldOffUntil: l.HeldOffUntil, HeldOffReason: l.HeldOffReason}
}

// versioned refuses an item that saw another version than there is.
func (d *upserting) versioned() {
	if d.Version != 0 && d.Version != d.was.Version {
		d.restore()
		d.refuse(wrongVersion("lead", d.Version, d.was.Version))
	}
}

// unchanged settles an item that says what is so already; that it was said is remembered.
func (u *upsert) unchanged(d *upserting) {
	d.done(campaign.UpsertUnchanged)
	u.revise(d)
}

// revise keeps the item's revision with its lead.
func (u *upsert) revise(d *upserting) {
	if d.Revision > d.lead.Revision {
		d.lead.Revision = d.Revision
		u.revisions = append(u.revisions, revisionRow{d.lead.ID, d.Revision})
	}
}
