package store

import (
	"slices"

	"redial/campaign"
)

// met are the subjects of one kind that the drafts have.
type met struct {
	kind string
	keys []string // of those that are missing yet, in order
	ids  map[string]subject
}

// subject is one whose key was met.
type subject struct {
	id  campaign.SubjectID
	old bool // it was there before: only such a one can have leads or suppressions
}

// meetSubjects finds the subjects of the drafts and makes those that are missing: accounts, numbers, persons, each by
// their keys, so that two imports of the same ones do not wait for one another. Numbers are locked against suppressions, the
// others against being erased alone: nothing else that is written under their locks is read here. The leads' ids are reserved with theirs.
func (in *intake) meetSubjects() error {
	in.gatherKeys()
	for range txAttempts {
		missing, err := in.lookup()
		if err != nil {
			return err
		}
		if missing > 0 && in.t.wary {
			if err := in.makeOrYield(); err != nil {
				return err
			}
			missing = in.missing()
		}
		if missing == 0 || !in.t.wary {
			return in.makeSubjects(missing)
		}
	}
	return errLost
}

// kinds are the subjects by kind, in the order in which they are locked and made.
func (in *intake) kinds() [3]*met { return [3]*met{&in.accounts, &in.numbers, &in.persons} }

func (in *intake) gatherKeys() {
	in.accounts.kind, in.numbers.kind, in.persons.kind = kindAccount, kindNumber, kindPerson
	for i := range in.all {
		c := &in.all[i]
		for j := range c.Numbers {
			in.numbers.keys = append(in.numbers.keys, string(c.Numbers[j].Phone))
		}
		for _, u := range c.others {
			m := in.of(u.Kind)
			m.keys = append(m.keys, u.Key)
		}
	}
	for _, m := range in.kinds() {
		slices.Sort(m.keys)
		m.keys = slices.Compact(m.keys)
		m.ids = make(map[string]subject, len(m.keys))
	}
}

func (in *intake) of(kind string) *met {
	switch kind {
	case kindAccount:
		return &in.accounts
	case kindPerson:
		return &in.persons
	}
	return &in.numbers
}

// lookup finds what is missing yet and says how many are still. Numbers come first: whoever erases a person has locked the
// number before the person is deleted, and must not wait for somebody who waits for the number.
func (in *intake) lookup() (missing int, err error) {
	var all []statement
	for _, m := range []*met{&in.numbers, &in.accounts, &in.persons} {
		if len(m.keys) == 0 {
			continue
		}
		share := " ORDER BY u.id" + in.t.d.keyShare("u")
		if m.kind == kindNumber && in.t.d.forShare != "" {
			share = " ORDER BY u.id FOR SHARE OF u"
		}
		among, keys := in.t.anyOf(2, m.keys)
		all = append(all, statement{`SELECT u.id, u.key FROM subjects u WHERE u.kind = $1 AND u.key ` + among + share, []any{m.kind, keys}, func(r scanner) error {
			var key string
			u := subject{old: true}
			err := r.Scan(&u.id, &key)
			m.ids[key] = u
			return err
		}})
	}
	if err := in.t.together(all...); err != nil {
		return 0, err
	}
	return in.missing(), nil
}

// missing takes those that were found off the keys and counts the rest.
func (in *intake) missing() (n int) {
	for _, m := range in.kinds() {
		if len(m.ids) > 0 {
			m.keys = slices.DeleteFunc(m.keys, func(key string) bool { return m.ids[key].id != 0 })
		}
		n += len(m.keys)
	}
	return n
}

// makeSubjects writes what is missing in bulk. If another transaction writes one of the keys meanwhile, this one begins
// again, wary.
func (in *intake) makeSubjects(missing int) error {
	wants := []wantIDs{{"leads", len(in.all)}, {"subjects", missing}}
	if missing == 0 {
		wants = wants[:1]
	}
	ids, err := in.t.nextIDs(wants...)
	if err != nil {
		return err
	}
	in.ids = ids[0]
	if missing == 0 {
		return nil
	}
	in.assign(ids[1])
	rows := in.missingKeys()
	return in.t.insert("subjects", []string{"id", "kind", "key"}, len(rows), func(i int, r *bulkRow) error {
		u := &rows[i]
		r.int(int64(in.of(u.Kind).ids[u.Key].id))
		r.text(u.Kind)
		r.text(u.Key)
		return nil
	})
}

// assign gives the missing subjects their ids in the order of the leads, so that what tells of leads and subjects is
// written in order of both.
func (in *intake) assign(ids []int64) {
	give := func(m *met, key string) {
		if m.ids[key].id == 0 {
			m.ids[key] = subject{id: campaign.SubjectID(ids[0])}
			ids = ids[1:]
		}
	}
	for i := range in.all {
		c := &in.all[i]
		for j := range c.Numbers {
			give(&in.numbers, string(c.Numbers[j].Phone))
		}
		for _, u := range c.others {
			give(in.of(u.Kind), u.Key)
		}
	}
}

func (in *intake) missingKeys() (rows []subjectKey) {
	for _, m := range in.kinds() {
		rows = slices.Grow(rows, len(m.keys))
		for _, key := range m.keys {
			rows = append(rows, subjectKey{m.kind, key})
		}
	}
	return rows
}

// makeOrYield writes what is missing but for what another transaction wrote meanwhile.
func (in *intake) makeOrYield() error {
	return setRowsBack(in.t.tx, `INSERT INTO subjects (kind, key) SELECT v.kind, v.key FROM `+in.t.d.set(1, "v", "kind text", "key text")+
		` WHERE TRUE ON CONFLICT DO NOTHING RETURNING id, kind, key`, in.missingKeys(), func(r scanner) error {
		var kind, key string
		var u subject
		if err := r.Scan(&u.id, &kind, &key); err != nil {
			return err
		}
		in.of(kind).ids[key] = u
		return nil
	})
}

// subjectsOf are the subjects of a draft, its first number's first, each once.
func (in *intake) subjectsOf(c *candidate, out []campaign.SubjectID) []campaign.SubjectID {
	for j, n := range c.Numbers {
		if !dialledBefore(c.Numbers[:j], n.Phone) {
			out = append(out, in.numbers.ids[string(n.Phone)].id)
		}
	}
	for _, u := range c.others {
		out = append(out, in.of(u.Kind).ids[u.Key].id)
	}
	return out
}

func dialledBefore(numbers []campaign.Number, p campaign.Phone) bool {
	for i := range numbers {
		if numbers[i].Phone == p {
			return true
		}
	}
	return false
}
