package store

import (
	"cmp"
	"database/sql"
	"slices"

	"redial/campaign"
)

// intake turns drafts into leads of a list. Those that are leads already are lost to it, with the lead that won.
type intake struct {
	t      *bulkTx
	source string // where external ids are unique; empty: the list
	across bool   // leads of all campaigns count, not only this one's
	drafts []campaign.Draft

	campaign  *campaign.Campaign
	list      *campaign.List
	numbers   map[string]subject
	persons   map[string]subject
	accounts  map[string]subject
	all       []candidate // in the order of the drafts, without those that are lost
	shut      map[campaign.SubjectID]campaign.Suppression
	consents  map[campaign.SubjectID][]campaign.Consent
	calendars []*campaign.Calendar
	sites     sites
	lost      map[int]twin // by line

	suppressed int64
}

// candidate is a draft on its way to a lead.
type candidate struct {
	*campaign.Draft
	source string
	others []subjectKey // the person and the account
	site   *siting
}

// subject is one whose key was met.
type subject struct {
	id  campaign.SubjectID
	old bool // it was there before: only such a one can have leads or suppressions
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
	in.all = make([]candidate, len(in.drafts))
	for i := range in.drafts {
		d := &in.drafts[i]
		if len(d.Places) > 0 {
			d.Places = sorted(d.Places)
		}
		source := cmp.Or(d.Source, in.source)
		in.all[i] = candidate{Draft: d, source: source, others: othersOf(source, d.ExternalID, d.Account)}
	}
	for _, step := range []func() error{
		in.meetSubjects, in.findShut, in.findTwins, in.findConsents, in.findCalendars, in.internGroups,
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

// findShut reads the suppressions in force of the numbers.
func (in *intake) findShut() error {
	var ids []campaign.SubjectID
	for _, u := range in.numbers {
		if u.old {
			ids = append(ids, u.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	in.shut = make(map[campaign.SubjectID]campaign.Suppression)
	q := `SELECT ` + suppressionColumns + `, x.subject_id FROM suppressions x JOIN subjects u ON u.id = x.subject_id
		WHERE x.subject_id ` + in.t.d.in(1) + ` AND (x.expires_at = 0 OR x.expires_at > $2)`
	return in.t.each(q, []any{js(ids), us(in.t.now)}, func(r *sql.Rows) error {
		var id campaign.SubjectID
		x, err := scanSuppression(r, &id)
		in.shut[id] = x
		return err
	})
}
