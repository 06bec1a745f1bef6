package store

import (
	"fmt"
	"slices"

	"redial/campaign"
)

// aliveLead is one that was not withdrawn.
type aliveLead struct {
	id campaign.LeadID
	in campaign.CampaignID
}

// leadMark is what leads that are not withdrawn differ by.
type leadMark struct {
	campaign campaign.CampaignID
	first    firstNumber
}

// comer is the lead that an item brings in, or back; nil: it does neither.
func (d *upserting) comer() *campaign.Lead {
	switch {
	case d.made != nil:
		return d.made
	case d.Action == campaign.UpsertPut && d.lead != nil && d.was.State == campaign.LeadWithdrawn:
		return d.lead
	}
	return nil
}

func (u *upsert) markOf(l *campaign.Lead) leadMark {
	return leadMark{l.CampaignID, firstNumber{u.k.subjects[l.Numbers[0].Phone], l.Numbers[0].Extension}}
}

// findTwins finds who has the first numbers of the leads that come in. The locks on the numbers keep others from taking
// them meanwhile.
func (u *upsert) findTwins() error {
	u.held = make(map[leadMark]campaign.LeadID)
	type row struct {
		Campaign  campaign.CampaignID `json:"campaign_id"`
		Subject   campaign.SubjectID  `json:"subject_id"`
		Extension string              `json:"extension"`
	}
	var rows []row
	for _, d := range u.items {
		if l := d.comer(); l != nil && !d.settled {
			m := u.markOf(l)
			rows = append(rows, row{m.campaign, m.first.subject, m.first.extension})
		}
	}
	return setRowsBack(u.t, `SELECT l.campaign_id, l.first_subject, l.first_extension, l.id FROM `+
		u.t.d.set(1, "v", "campaign_id bigint", "subject_id bigint", "extension text")+` CROSS JOIN leads l WHERE l.campaign_id = v.campaign_id
		AND l.first_subject = v.subject_id AND l.first_extension = v.extension AND l.state <> 'withdrawn'`, rows, func(r scanner) error {
		var m leadMark
		var id campaign.LeadID
		err := r.Scan(&m.campaign, &m.first.subject, &m.first.extension, &id)
		u.held[m] = id
		return err
	})
}

// enter gives a lead that comes in its place, or says whose that is.
func (u *upsert) enter(d *upserting, l *campaign.Lead) error {
	m := u.markOf(l)
	if twin := u.held[m]; twin != 0 && twin != l.ID && !u.freed[twin] {
		return &campaign.Error{Kind: campaign.KindConflict, Reason: campaign.ReasonDuplicateNumber,
			Message:    fmt.Sprintf("the number is lead %d's of campaign %d already: withdraw that one, or give this one another first number", twin, l.CampaignID),
			Violations: []campaign.Violation{{Field: "lead.numbers[0].phone", Message: fmt.Sprintf("is the first number of lead %d", twin)}}}
	}
	for _, a := range u.alive[d.ExternalID] {
		if a.in == l.CampaignID && a.id != l.ID && (d.lead == nil || a.id != d.lead.ID) {
			return campaign.Conflict("", fmt.Sprintf("lead %d of campaign %d has this external id already: withdraw that one first", a.id, a.in))
		}
	}
	u.held[m] = l.ID
	return nil
}

// act does what the items ask for, in their order, in memory.
func (u *upsert) act() error {
	for _, d := range u.items {
		if d.settled {
			continue
		}
		var err error
		switch {
		case d.made != nil && d.lead == nil:
			u.add(d)
		case d.made != nil:
			err = u.moveOn(d)
		case d.Action == campaign.UpsertWithdraw:
			err = u.withdraw(d)
		case d.was.State == campaign.LeadWithdrawn:
			u.reopen(d)
		default:
			u.change(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// acted answers an item that did something to a lead.
func (u *upsert) acted(d *upserting, l *campaign.Lead, what campaign.UpsertDone) {
	d.result.Done, d.result.Lead, d.result.Campaign, d.result.Version, d.result.Plan = what, l.ID, l.CampaignID, l.Version, l.Plan
	u.changed[l.CampaignID] = true
}

// drop leaves a lead that is not to be.
func (u *upsert) drop(d *upserting, err error) {
	if d.made != nil {
		delete(u.k.facts, d.made.ID)
	}
	d.made = nil
	d.restore()
	d.refuse(err)
}

// add makes a lead.
func (u *upsert) add(d *upserting) {
	if err := u.enter(d, d.made); err != nil {
		u.drop(d, err)
		return
	}
	u.settle(d)
	u.tellAdded(d)
	u.acted(d, d.made, campaign.UpsertAdded)
}

// settle plans a lead that is to be, which is written as a whole afterwards.
func (u *upsert) settle(d *upserting) {
	k, id := u.k, d.made.ID
	k.decide(k.facts[id])
	delete(k.planned, id)
	delete(k.moved, id)
	delete(k.regrouped, id)
	k.enrol(d.made)
	u.fresh = append(u.fresh, d)
}

func (u *upsert) tellAdded(d *upserting) {
	l := d.made
	data := map[string]any{"change": "added", "state": l.State, "by": u.b.By}
	if d.lead != nil {
		data["moved_from"] = d.lead.ID
	}
	u.k.event(campaign.EventLeadAdded, l, 0, data)
	if over(l.State) {
		u.k.event(campaign.EventLeadFinished, l, 0, map[string]any{"state": l.State, "reason": whyOver(l)})
	}
}

// change keeps what was changed. One in an agent's hands keeps its call and its plan.
func (u *upsert) change(d *upserting) {
	u.keep(d, false)
	u.k.event(campaign.EventLeadUpdated, d.lead, 0, map[string]any{"change": "updated", "state": d.lead.State, "fields": d.fields, "by": u.b.By})
	u.acted(d, d.lead, campaign.UpsertUpdated)
}

// keep has the lead written, found by what it is known by now, and planned by it.
func (u *upsert) keep(d *upserting, back bool) {
	k, l := u.k, d.lead
	f := k.facts[l.ID]
	if l.Revision = max(l.Revision, d.Revision); !back && (slices.Contains(d.fields, "numbers") || slices.Contains(d.fields, "account")) {
		u.relinked = append(u.relinked, l.ID)
		k.enrol(l)
	}
	if slices.Contains(d.fields, "zones") {
		mark(&k.regrouped, l.ID)
	}
	k.regroup(f)
	plans := func(field string) bool {
		return slices.Contains([]string{"numbers", "zones", "places", "account"}, field)
	}
	if l.Assignment == 0 && (back || slices.ContainsFunc(d.fields, plans)) {
		k.decide(f)
	}
	row := valueRow{ID: l.ID, Name: l.Name, Attributes: js(list(l.Attributes)), Priority: l.Priority, Account: l.Account,
		Places: js(list(l.Places)), Numbers: js(l.Numbers), Revision: l.Revision}
	if back {
		m := u.markOf(l)
		row.First, row.Extension = m.first.subject, m.first.extension
	}
	u.values = append(u.values, row)
}

// reopen takes a withdrawn lead up again: the rule plans it by the attempts it has.
func (u *upsert) reopen(d *upserting) {
	u.k.was[d.lead.ID] = campaign.LeadWithdrawn
	if err := u.enter(d, d.lead); err != nil {
		u.drop(d, err)
		return
	}
	u.k.enrol(d.lead)
	u.keep(d, true)
	u.k.event(campaign.EventLeadUpdated, d.lead, 0, map[string]any{"change": "reopened", "state": d.lead.State, "was": campaign.LeadWithdrawn,
		"fields": d.fields, "by": u.b.By})
	u.acted(d, d.lead, campaign.UpsertReopened)
}

// letGo takes a lead back from an agent who has not called it yet. The error says that somebody has it on a call.
func (u *upsert) letGo(d *upserting, reason string) (onCall *campaign.Error, err error) {
	a := u.k.open[d.lead.ID]
	if a == nil {
		return nil, nil //nolint:nilnil // nobody has it
	}
	if a.State == campaign.AssignmentStarted {
		return &campaign.Error{Kind: campaign.KindUnready, Reason: campaign.ReasonOnCall, RetryAfter: onCallRetry,
			Message: "an agent has the lead on a call: send the item again when the call is over"}, nil
	}
	if err := u.k.release(a, campaign.AssignmentRevoked, reason, campaign.HappenedRevoked); err != nil {
		return nil, err
	}
	u.revoked = append(u.revoked, *a)
	return nil, nil //nolint:nilnil // it is free
}

// leave withdraws the lead that there is, which gives up its numbers.
func (u *upsert) leave(d *upserting, told map[string]any) {
	k, l := u.k, d.lead
	l.State = campaign.LeadWithdrawn
	mark(&k.moved, l.ID)
	u.revise(d)
	u.left, u.freed[l.ID] = append(u.left, l.ID), true
	told["state"], told["by"] = l.State, u.b.By
	k.event(campaign.EventLeadUpdated, l, 0, told)
	u.changed[l.CampaignID] = true
}

func (u *upsert) withdraw(d *upserting) error {
	if onCall, err := u.letGo(d, "withdrawn"); err != nil || onCall != nil {
		if onCall != nil {
			d.refuse(onCall)
		}
		return err
	}
	u.k.closePromise(u.k.facts[d.lead.ID], campaign.AppointmentCancelled, d.Reason)
	u.leave(d, map[string]any{"change": "withdrawn", "reason": d.Reason})
	u.acted(d, d.lead, campaign.UpsertWithdrawn)
	return nil
}

// moveOn lets a lead go on as another: with its attempts, which still count, and its open promise, which is closed here
// and made there. One whose list was undone is out already and comes back so.
func (u *upsert) moveOn(d *upserting) error {
	k, old, next := u.k, u.k.facts[d.lead.ID], u.k.facts[d.made.ID]
	if a := k.open[d.lead.ID]; a == nil || a.State != campaign.AssignmentStarted {
		if err := u.enter(d, d.made); err != nil {
			u.drop(d, err)
			return nil
		}
	}
	onCall, err := u.letGo(d, "moved")
	if err != nil {
		return err
	}
	if onCall != nil {
		u.drop(d, onCall)
		return nil
	}
	told := map[string]any{"change": "moved", "moved_to": d.made.ID}
	promise := old.Promise
	k.closePromise(old, campaign.AppointmentRescheduled, "moved")
	what := campaign.UpsertMoved
	if d.was.State == campaign.LeadWithdrawn {
		what = campaign.UpsertReopened
		u.revise(d)
		told["state"], told["by"] = d.lead.State, u.b.By
		k.event(campaign.EventLeadUpdated, d.lead, 0, told)
	} else {
		u.leave(d, told)
		k.was[d.lead.ID] = campaign.LeadWithdrawn // it goes on: nothing tells that it finished
	}
	if promise != nil {
		k.book(next, &campaign.Appointment{Owner: promise.Owner, Local: promise.Local, Zone: promise.Zone, Insisted: promise.Insisted,
			At: promise.At, GraceEnd: promise.GraceEnd, Replaces: promise.ID})
	}
	u.settle(d)
	u.tellAdded(d)
	u.acted(d, d.made, what)
	return nil
}
