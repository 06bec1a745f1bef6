package store

import (
	"cmp"
	"slices"

	"redial/campaign"
)

// Kinds of subjects. A lead's subjects are its numbers, its person and its account.
const (
	kindNumber  = "number"
	kindPerson  = "person"
	kindAccount = "account"
)

// subjectKey names a subject.
type subjectKey struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
}

func compareSubjects(a, b subjectKey) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
}

// othersOf are the subjects besides its numbers of a lead: the person, known by an external id in its source, and the
// account.
func othersOf(source, externalID, account string) []subjectKey {
	var out []subjectKey
	if externalID != "" {
		out = append(out, subjectKey{kindPerson, source + "\x1f" + externalID})
	}
	if account != "" {
		out = append(out, subjectKey{kindAccount, account})
	}
	return out
}

func leadOthers(l *campaign.Lead) []subjectKey { return othersOf(l.Source, l.ExternalID, l.Account) }

// subjectsOf are the ids of the lead's locked subjects, in order.
func (k *work) subjectsOf(l *campaign.Lead) []campaign.SubjectID {
	out := make([]campaign.SubjectID, 0, len(l.Numbers)+2)
	for _, p := range phonesOf(l) {
		if id := k.subjects[p]; id != 0 {
			out = append(out, id)
		}
	}
	for _, u := range leadOthers(l) {
		if id := k.others[u]; id != 0 {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// enrol makes a lead be found by its numbers, its person and its account.
func (k *work) enrol(l *campaign.Lead) {
	for _, id := range k.subjectsOf(l) {
		k.numbers = append(k.numbers, numberRow{id, l.ID})
	}
}

func (k *work) subjectIDs() []campaign.SubjectID {
	ids := make([]campaign.SubjectID, 0, len(k.subjects)+len(k.others))
	for _, id := range k.subjects {
		ids = append(ids, id)
	}
	for _, id := range k.others {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// adopt gives leads the persons that they lack: an older node made them, which knows none. What was missing for
// another reason came between our looking and our locking.
func (k *work) adopt(leads []*campaign.Lead) error {
	var missing []subjectKey
	var ids []campaign.LeadID
	for _, l := range leads {
		ids = append(ids, l.ID)
		for _, u := range leadOthers(l) {
			if k.others[u] == 0 {
				missing = append(missing, u)
			}
		}
	}
	if k.t.readOnly || len(ids) == 0 {
		return nil
	}
	slices.SortFunc(missing, compareSubjects)
	var has bool
	err := k.t.row(`SELECT EXISTS (SELECT 1 FROM `+k.t.d.set(1, "v", "kind text", "key text")+` JOIN subjects u ON u.kind = v.kind AND u.key = v.key
		JOIN lead_numbers n ON n.subject_id = u.id WHERE n.lead_id `+k.t.d.in(2)+`)`, []any{js(missing), js(ids)}, &has)
	if err != nil {
		return err
	}
	if has {
		return errLost
	}
	// Their locks come after those of leads, against the order: at worst this transaction dies of it and begins again.
	if err := k.t.together(append(k.t.makeSubjects(nil, missing), k.lockSubjects(nil, nil, slices.Compact(missing), false)...)...); err != nil {
		return err
	}
	for _, l := range leads {
		k.enrol(l)
	}
	return nil
}
