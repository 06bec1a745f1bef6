package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// onCallRetry is how long the sender of an item waits for a call to be over before it sends it again.
const onCallRetry = time.Minute

// UpsertLeads does what a CRM wants done with leads, each answered on its own: what was answered with a deed is durable.
// Items of one lead take effect in their order. An item that cannot be done sinks no other; a batch that the database
// refuses is cut until the guilty item stands alone. Sent again, items change nothing (see campaign.UpsertItem). The
// error is of what befalls all items alike, such as a database that is away: then some of them may have been done.
func (s *Store) UpsertLeads(ctx context.Context, b campaign.UpsertBatch) (campaign.Upserted, error) {
	out := campaign.Upserted{Results: make([]campaign.UpsertResult, len(b.Items))}
	read := upsertBatch{&b, make(map[[2]string]readNumber)}
	var named []int
	for i := range b.Items {
		it := &b.Items[i]
		if err := it.Unnamed(); err != nil {
			out.Results[i] = campaign.UpsertResult{Position: it.Position, ExternalID: strings.ToValidUTF8(it.ExternalID, "�"), Err: upsertRefusal(err)}
		} else {
			named = append(named, i)
		}
	}
	for _, round := range roundsOf(b.Items, named) {
		if err := s.upsertAll(ctx, read, round, &out); err != nil {
			return out, err
		}
	}
	out.Changed = unique(out.Changed)
	return out, nil
}

// upsertBatch is a batch whose numbers are read once, however often its transaction runs.
type upsertBatch struct {
	*campaign.UpsertBatch
	numbers map[[2]string]readNumber
}

type readNumber struct {
	campaign.Number
	err error
}

func (b upsertBatch) number(text, region string) (campaign.Number, error) {
	key := [2]string{text, region}
	n, ok := b.numbers[key]
	if !ok {
		n.Number, n.err = b.Number(text, region)
		b.numbers[key] = n
	}
	return n.Number, n.err
}

// roundsOf are places of items, cut so that a round holds each lead once: its items are done one after the other.
func roundsOf(items []campaign.UpsertItem, places []int) (rounds [][]int) {
	nth := make(map[string]int, len(places))
	for _, i := range places {
		n := nth[items[i].ExternalID]
		nth[items[i].ExternalID]++
		if n == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[n] = append(rounds[n], i)
	}
	return rounds
}

// upsertAll does some items, each of another lead, in one transaction; what the database refuses is cut in two.
func (s *Store) upsertAll(ctx context.Context, b upsertBatch, places []int, out *campaign.Upserted) error {
	var u *upsert
	late := 0
	err := s.write(ctx, "take leads over", func(t *tx) error {
		u = newUpsert(t, b, places)
		err := u.run()
		if duplicate(err) && late < 2 {
			late++
			err = errLost // another was quicker: its lead is found now
		}
		return err
	})
	switch {
	case err == nil:
		for i, d := range u.items {
			out.Results[places[i]] = *d.result
		}
		out.Changed = append(out.Changed, inOrder(u.changed)...)
		out.Revoked = append(out.Revoked, u.revoked...)
		return nil
	case ctx.Err() != nil || away(err):
		return err
	case len(places) > 1:
		half := len(places) / 2
		if err := s.upsertAll(ctx, b, places[:half], out); err != nil {
			return err
		}
		return s.upsertAll(ctx, b, places[half:], out)
	}
	item := &b.Items[places[0]]
	s.log.ErrorContext(ctx, "an item of a CRM could not be kept", "source", b.Source, "position", item.Position, "error", err)
	out.Results[places[0]] = campaign.UpsertResult{Position: item.Position, ExternalID: item.ExternalID, Err: upsertRefusal(err)}
	return nil
}

// MoveLead lets one lead go on in another campaign, whatever its source, and answers as which: Results has one. By whom, and
// the campaigns that they may see, are as in campaign.UpsertBatch. Errors: KindNotFound; KindUnready when it was withdrawn,
// is on a call, or the campaign has finished; KindConflict when its number or external id is another lead's there, or with
// VERSION_MISMATCH (version 0: any).
func (s *Store) MoveLead(ctx context.Context, id campaign.LeadID, version int64, to campaign.CampaignID, sees []campaign.CampaignID, by string) (campaign.Upserted, error) {
	var out campaign.Upserted
	err := s.write(ctx, "move a lead", func(t *tx) error {
		u := newUpsert(t, upsertBatch{UpsertBatch: &campaign.UpsertBatch{Campaigns: sees, By: by, Items: []campaign.UpsertItem{
			{Action: campaign.UpsertMove, Lead: id, Version: version, Campaign: to},
		}}}, []int{0})
		if err := u.run(); err != nil {
			return err
		}
		r := u.items[0].result
		if r.Err != nil {
			return r.Err
		}
		out = campaign.Upserted{Results: []campaign.UpsertResult{*r}, Changed: inOrder(u.changed), Revoked: u.revoked}
		if r.Done != campaign.UpsertMoved {
			return nil
		}
		if !u.items[0].lead.Keyed() {
			if _, err := t.exec(`INSERT INTO lead_moves (lead_id, next_id) VALUES ($1, $2)`, int64(id), int64(r.Lead)); err != nil {
				return err
			}
		}
		return t.audit("move_lead", leadTarget(id), nil, map[string]any{"campaign": to, "moved_to": r.Lead}, "")
	})
	return out, err
}

// AuditUpserts notes in the audit log what a stream of items did, by how many items ended how.
func (s *Store) AuditUpserts(ctx context.Context, source string, counts map[string]int64) error {
	return s.write(ctx, "note what a CRM changed", func(t *tx) error {
		return t.audit("upsert_leads", "source "+source, nil, counts, "")
	})
}

// upsert is a transaction over items, each of another lead.
type upsert struct {
	t     *tx
	b     upsertBatch
	items []*upserting
	k     *work

	campaigns map[campaign.CampaignID]*campaign.Campaign
	lists     map[campaign.CampaignID]campaign.ListID
	gone      map[string]int64             // revisions of leads that were withdrawn before they came
	alive     map[string][]aliveLead       // by external id, all that are not withdrawn
	held      map[leadMark]campaign.LeadID // who has a first number
	freed     map[campaign.LeadID]bool     // gave its own up
	relinked  []campaign.LeadID            // to be found by other numbers
	left      []campaign.LeadID            // withdrawn
	fresh     []*upserting                 // leads to be inserted
	values    []valueRow
	revisions []revisionRow
	forget    []goneRow
	remember  []goneRow
	changed   map[campaign.CampaignID]bool
	revoked   []campaign.Assignment
}

// upserting is an item on its way.
type upserting struct {
	*campaign.UpsertItem
	result  *campaign.UpsertResult
	home    campaign.UpsertHome
	found   campaign.LeadID     // by its external id, without locks; 0: none
	undone  bool                // its list was
	goes    campaign.CampaignID // where a lead is to be made
	made    *campaign.Lead      // the lead to be: new, or what a moved one goes on as
	lead    *campaign.Lead      // that there is
	was     campaign.Lead       // as it was
	fields  []string            // that changed
	settled bool                // answered: nothing more to do
	fault   error               // of the values, told unless the item is stale
}

func newUpsert(t *tx, b upsertBatch, places []int) *upsert {
	u := &upsert{t: t, b: b, changed: make(map[campaign.CampaignID]bool), freed: make(map[campaign.LeadID]bool)}
	for _, i := range places {
		it := &b.Items[i]
		u.items = append(u.items, &upserting{UpsertItem: it,
			result: &campaign.UpsertResult{Position: it.Position, ExternalID: it.ExternalID}})
	}
	return u
}

// done answers an item that changes nothing more.
func (d *upserting) done(what campaign.UpsertDone) {
	d.result.Done, d.settled = what, true
	if d.lead != nil {
		d.result.Lead, d.result.Campaign, d.result.Version, d.result.Plan = d.lead.ID, d.lead.CampaignID, d.lead.Version, d.lead.Plan
	}
}

// refuse answers an item that cannot be done.
func (d *upserting) refuse(err error) {
	d.result.Err, d.settled = upsertRefusal(err), true
	if d.lead != nil {
		d.result.Lead, d.result.Campaign, d.result.Version = d.lead.ID, d.lead.CampaignID, d.lead.Version
	}
}

// restore leaves the lead as it was found.
func (d *upserting) restore() {
	if d.lead != nil && d.was.ID != 0 {
		*d.lead = d.was
	}
}

func (u *upsert) sees(id campaign.CampaignID) bool {
	return len(u.b.Campaigns) == 0 || slices.Contains(u.b.Campaigns, id)
}

// run does the items. What changes several tables at once is changed in memory and written by a statement a table.
func (u *upsert) run() error {
	if err := u.t.planAnew(); err != nil {
		return err
	}
	for _, step := range []func() error{u.look, u.findCampaigns, u.prepare, u.lockAll, u.findTwins, u.act, u.write, u.tellVersions} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// planAnew has PostgreSQL plan each statement of the transaction for the tables as they are. A plan that it made and kept
// when they were small reads all of them: a first sync grows them a thousandfold before anything makes it think again.
func (t *tx) planAnew() error {
	if t.d.name != "postgres" {
		return nil
	}
	_, err := t.exec(`SET LOCAL plan_cache_mode = force_custom_plan`)
	return err
}
