package store

import (
	"database/sql"
	"slices"

	"redial/campaign"
)

// meetSubjects finds the subjects of the drafts and makes those that are missing: accounts, numbers, persons, each by
// their keys, so that two imports of the same ones do not wait for one another. Numbers are locked against suppressions;
// nothing that is written under the locks of the others is read here.
func (in *intake) meetSubjects() (err error) {
	if in.accounts, err = in.meet(kindAccount, in.otherKeys(kindAccount)); err != nil {
		return err
	}
	phones := make([]string, 0, len(in.all))
	for i := range in.all {
		for j := range in.all[i].Numbers {
			phones = append(phones, string(in.all[i].Numbers[j].Phone))
		}
	}
	if in.numbers, err = in.meet(kindNumber, phones); err != nil {
		return err
	}
	in.persons, err = in.meet(kindPerson, in.otherKeys(kindPerson))
	return err
}

func (in *intake) otherKeys(kind string) (keys []string) {
	for i := range in.all {
		for _, u := range in.all[i].others {
			if u.Kind == kind {
				keys = append(keys, u.Key)
			}
		}
	}
	return keys
}

func (in *intake) meet(kind string, keys []string) (map[string]subject, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	met := make(map[string]subject, len(keys))
	for range txAttempts {
		if err := in.lookup(kind, keys, met); err != nil {
			return nil, err
		}
		missing := func(key string) bool { return met[key].id == 0 }
		keys = slices.DeleteFunc(keys, func(key string) bool { return !missing(key) })
		if len(keys) == 0 {
			return met, nil
		}
		if !in.t.wary {
			return met, in.makeSubjects(kind, keys, met)
		}
		if err := in.makeOrYield(kind, keys, met); err != nil {
			return nil, err
		}
		if keys = slices.DeleteFunc(keys, func(key string) bool { return !missing(key) }); len(keys) == 0 {
			return met, nil
		}
	}
	return nil, errLost
}

func (in *intake) lookup(kind string, keys []string, met map[string]subject) error {
	share := ""
	if kind == kindNumber && in.t.d.forShare != "" {
		share = " ORDER BY u.id FOR SHARE OF u"
	}
	among, param := in.t.anyOf(2, keys)
	return in.t.each(`SELECT u.id, u.key FROM subjects u WHERE u.kind = $1 AND u.key `+among+share, []any{kind, param}, func(r *sql.Rows) error {
		return scanSubject(r, true, met)
	})
}

func scanSubject(r scanner, old bool, met map[string]subject) error {
	var key string
	u := subject{old: old}
	err := r.Scan(&u.id, &key)
	met[key] = u
	return err
}

// makeSubjects writes what is missing in bulk. If another transaction writes one of the keys meanwhile, this one begins
// again, wary.
func (in *intake) makeSubjects(kind string, keys []string, met map[string]subject) error {
	ids, err := in.t.nextIDs("subjects", len(keys))
	if err != nil {
		return err
	}
	for i, key := range keys {
		met[key] = subject{id: campaign.SubjectID(ids[i])}
	}
	return in.t.insert("subjects", []string{"id", "kind", "key"}, len(keys), func(i int, r *bulkRow) error {
		r.int(ids[i])
		r.text(kind)
		r.text(keys[i])
		return nil
	})
}

// makeOrYield writes what is missing but for what another transaction wrote meanwhile.
func (in *intake) makeOrYield(kind string, keys []string, met map[string]subject) error {
	rows := make([]subjectKey, len(keys))
	for i, key := range keys {
		rows[i] = subjectKey{kind, key}
	}
	return setRowsBack(in.t.tx, `INSERT INTO subjects (kind, key) SELECT v.kind, v.key FROM `+in.t.d.set(1, "v", "kind text", "key text")+
		` WHERE TRUE ON CONFLICT DO NOTHING RETURNING id, key`, rows, func(r scanner) error { return scanSubject(r, false, met) })
}

// subjectsOf are the subjects of a draft, its first number's first, each once.
func (in *intake) subjectsOf(c *candidate, out []campaign.SubjectID) []campaign.SubjectID {
	for j, n := range c.Numbers {
		if !dialledBefore(c.Numbers[:j], n.Phone) {
			out = append(out, in.numbers[string(n.Phone)].id)
		}
	}
	for _, u := range c.others {
		out = append(out, in.other(u).id)
	}
	return out
}

func (in *intake) other(u subjectKey) subject {
	if u.Kind == kindAccount {
		return in.accounts[u.Key]
	}
	return in.persons[u.Key]
}

func dialledBefore(numbers []campaign.Number, p campaign.Phone) bool {
	for i := range numbers {
		if numbers[i].Phone == p {
			return true
		}
	}
	return false
}
