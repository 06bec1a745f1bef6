package store

import (
	"database/sql"
	"slices"

	"redial/campaign"
)

// sharedAtOnce is how many leads of one person, number or account a transaction plans anew.
const sharedAtOnce = 500

// sharing are the first leads after one, by id, that have one of the subjects.
func (t *tx) sharing(subjects []campaign.SubjectID, after campaign.LeadID, limit int) ([]campaign.LeadID, error) {
	return idsOf[campaign.LeadID](t, `SELECT DISTINCT n.lead_id FROM lead_numbers n WHERE n.subject_id `+t.d.in(1)+` AND n.lead_id > $2
		ORDER BY n.lead_id LIMIT $3`, js(list(subjects)), int64(after), limit)
}

// loadSharing locks the next leads that have one of the subjects, and some besides: whatever joined them while it
// waited makes it begin again. last is the last of them by id; 0: these were all.
func (t *tx) loadSharing(subjects []campaign.SubjectID, after campaign.LeadID, besides ...campaign.LeadID) (k *work, last campaign.LeadID, err error) {
	some, err := t.sharing(subjects, after, sharedAtOnce)
	if err != nil {
		return nil, 0, err
	}
	w := want{leads: unique(append(slices.Clone(some), besides...)), consents: true}
	if err := t.wantSubjects(subjects, &w); err != nil {
		return nil, 0, err
	}
	if k, err = t.load(w); err != nil {
		return nil, 0, err
	}
	again, err := t.sharing(subjects, after, sharedAtOnce)
	if err != nil {
		return nil, 0, err
	}
	if !slices.Equal(some, again) {
		return nil, 0, errLost
	}
	if len(some) == sharedAtOnce {
		last = some[len(some)-1]
	}
	return k, last, nil
}

// wantSubjects has subjects locked even if no lead has them.
func (t *tx) wantSubjects(ids []campaign.SubjectID, w *want) error {
	return t.each(`SELECT u.kind, u.key FROM subjects u WHERE u.id `+t.d.in(1), []any{js(list(ids))}, func(r *sql.Rows) error {
		var u subjectKey
		err := r.Scan(&u.Kind, &u.Key)
		if u.Kind == kindNumber {
			w.phones = append(w.phones, campaign.Phone(u.Key))
		} else {
			w.others = append(w.others, u)
		}
		return err
	})
}

// gone says whether the lead's plan is over for good, whatever becomes of caps and consents.
func gone(l *campaign.Lead) bool {
	return l.State == campaign.LeadFinished || l.State == campaign.LeadWithdrawn
}

// again reads a lead as it is after what this transaction wrote.
func (t *tx) again(id campaign.LeadID) (campaign.Lead, error) {
	l, err := scanLead(t.QueryRowContext(t.ctx, `SELECT `+leadColumns+leadFrom+` WHERE l.id = $1`, int64(id)))
	if err != nil {
		return campaign.Lead{}, none(err, "lead", id)
	}
	return *l, nil
}
