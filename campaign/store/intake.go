package store

import (
	"database/sql"
	"fmt"
	"slices"

	"redial/campaign"
)

// intake turns drafts into leads of a list. Those that are leads already are lost to it, with the lead that won.
type intake struct {
	t      *bulkTx
	across bool // leads of all campaigns count, not only this one's
	drafts []campaign.Draft

	campaign  *campaign.Campaign
	list      *campaign.List
	all       []candidate // in the order of the drafts, without those that are lost
	ids       []int64     // of their leads
	accounts  met
	numbers   met
	persons   met
	shut      map[campaign.SubjectID][]campaign.Suppression
	consents  map[campaign.SubjectID][]campaign.Consent
	calendars []*campaign.Calendar
	sites     sites
	lost      map[int]twin // by line

	suppressed int64
}

// candidate is a draft on its way to a lead.
type candidate struct {
	*campaign.Draft
	others []subjectKey // the person and the account
	site   *siting
}

// begin reads the upload, locked, with its campaign and its list. Errors: KindNotFound.
func (in *intake) begin(id campaign.UploadID) (u *campaign.Upload, err error) {
	of := `(SELECT o.%s_id FROM uploads o WHERE o.id = $1)`
	err = in.t.begin(
		statement{`SELECT ` + uploadColumns + uploadFrom + ` WHERE o.id = $1` + in.t.d.lock("o", false), []any{int64(id)}, func(r scanner) (err error) {
			u, err = scanUpload(r)
			return err
		}},
		statement{`SELECT ` + campaignColumns + ` FROM campaigns c WHERE c.id = ` + fmt.Sprintf(of, "campaign"), []any{int64(id)}, func(r scanner) (err error) {
			in.campaign, err = scanCampaign(r)
			return err
		}},
		statement{`SELECT ` + listColumns + ` FROM lists k WHERE k.id = ` + fmt.Sprintf(of, "list"), []any{int64(id)}, func(r scanner) (err error) {
			in.list, err = scanList(r)
			return err
		}},
	)
	if err == nil && u == nil {
		err = none(sql.ErrNoRows, "upload", id)
	}
	return u, err
}

// take inserts the leads. Subjects are locked in order, then everything that was written under their locks is read.
func (in *intake) take() error {
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
		in.all[i] = candidate{Draft: d, others: othersOf(d.Source, d.ExternalID, d.Account)}
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
	for _, u := range in.numbers.ids {
		if u.old {
			ids = append(ids, u.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	in.shut = make(map[campaign.SubjectID][]campaign.Suppression)
	q := suppressionsOf(`x.subject_id ` + in.t.d.in(1) + ` AND (x.expires_at = 0 OR x.expires_at > $2)`)
	return in.t.each(q, []any{js(ids), us(in.t.now)}, func(r *sql.Rows) error {
		x, id, err := scanSuppression(r)
		in.shut[id] = append(in.shut[id], x)
		return err
	})
}
