package store

import (
	"cmp"
	"database/sql"
	"maps"
	"slices"
	"time"

	"redial/campaign"
)

// want says what a transaction works on.
type want struct {
	assignments []campaign.AssignmentID // with their leads and agents
	agents      []campaign.AgentID      // their sessions
	alive       []campaign.AgentID      // their sessions, and nothing else of them
	remembered  bool                    // whose an assignment is need not be asked if it is remembered
	signing     bool                    // sessions of agents are made if they never had one
	follow      bool                    // and what the agents hold
	leads       []campaign.LeadID
	phones      []campaign.Phone // their subjects, made if new
	others      []subjectKey     // persons and accounts, made if new
	spread      bool             // and every lead with one of the phones
	offering    bool             // leads that others hold are left out instead of waited for, and assignments are not read
	around      bool             // of an offer: sessions and subjects that others hold are left out, too
	back        time.Duration    // read uses so far back at least, whatever the rules ask for
	consents    bool             // read consents even if no law pack asks for them
	under       *campaign.Rules  // read what these rules ask for, too; nil: those of the campaigns alone
	// locked changes the locked leads before what is known of them is read, and adds some that are to be; nil: nothing.
	locked func(*work, []*campaign.Lead) ([]*campaign.Lead, error)
}

// work is the part of the record that one transaction has locked and may change: loaded at once, changed as nouns in
// memory, written at once by flush. Locks are taken in the store's one order.
type work struct {
	t           *tx
	sessions    map[campaign.AgentID]*moving
	subjects    map[campaign.Phone]campaign.SubjectID // numbers
	others      map[subjectKey]campaign.SubjectID     // persons and accounts
	facts       map[campaign.LeadID]*campaign.Facts
	assignments map[campaign.AssignmentID]*campaign.Assignment
	open        map[campaign.LeadID]*campaign.Assignment
	uses        map[campaign.SubjectID][]*subjectUse // nil: nobody asks for them
	dialled     map[campaign.SubjectID]bool          // subjects of calls that were started in this transaction
	was         map[campaign.LeadID]campaign.LeadState
	grouped     map[campaign.LeadID]string // the calendar of the lead's group as it was read, see regroup
	changes
}

// moving is a session as it was read and as it will be.
type moving struct {
	was, now campaign.Session
	steps    []stateRow
}

// load locks and reads what is wanted. Leads, sessions or assignments that are not there are simply missing.
func (t *tx) load(w want) (*work, error) {
	k := &work{t: t, sessions: make(map[campaign.AgentID]*moving), subjects: make(map[campaign.Phone]campaign.SubjectID),
		others: make(map[subjectKey]campaign.SubjectID), grouped: make(map[campaign.LeadID]string)}
	leads, agents, err := t.resolve(w)
	if err != nil {
		return nil, err
	}
	locks := t.lockSessions(agents, w.around, k.sessions)
	if w.signing && !(w.remembered && t.known.seats.all(w.agents)) {
		if err := t.together(locks...); err != nil {
			return nil, err
		}
		locks = t.makeSessions(w.agents, k.sessions)
	}
	var rows []*campaign.Lead
	locks = slices.Concat(locks, t.makeSubjects(w.phones, w.others), k.lockSubjects(leads, w.phones, w.others, w.around), k.lockLeads(leads, w.offering, &rows))
	var read *ahead
	if t.aheadOf(leads, w) {
		read = k.before(leads, w)
		locks = append(locks, read.reads...)
	}
	if err := t.together(locks...); err != nil {
		return nil, err
	}
	if !w.around && k.misses(w) {
		return nil, errLost // its person was erased between making and locking
	}
	if w.signing && w.remembered && slices.ContainsFunc(w.agents, func(a campaign.AgentID) bool { return k.sessions[a] == nil }) {
		return nil, errLost
	}
	t.look()
	if w.spread {
		if err := k.sameLeads(w, leads); err != nil {
			return nil, err
		}
	}
	if w.locked != nil {
		if rows, err = w.locked(k, rows); err != nil {
			return nil, err
		}
	}
	return k, k.readFacts(rows, leads, w, read)
}

// misses says whether a subject that was made, or was there, is gone.
func (k *work) misses(w want) bool {
	return slices.ContainsFunc(w.phones, func(p campaign.Phone) bool { return k.subjects[p] == 0 }) ||
		slices.ContainsFunc(w.others, func(u subjectKey) bool { return k.others[u] == 0 })
}

// resolve finds, without locks, whose sessions and which leads are meant.
func (t *tx) resolve(w want) ([]campaign.LeadID, []campaign.AgentID, error) {
	leads, agents := slices.Clone(w.leads), slices.Concat(w.agents, w.alive)
	if w.spread {
		more, err := t.leadsOf(w.phones)
		if err != nil {
			return nil, nil, err
		}
		leads = append(leads, more...)
	}
	suspects := slices.Clone(leads)
	if w.offering {
		return unique(leads), unique(agents), nil
	}
	note := func(r *sql.Rows) error {
		var l campaign.LeadID
		var a campaign.AgentID
		err := r.Scan(&l, &a)
		leads, agents = append(leads, l), append(agents, a)
		return err
	}
	// The lead of an open assignment is in that agent's hands. Of a closed one it may be in others': those sessions count.
	const row = `SELECT a.lead_id, a.agent_id FROM assignments a WHERE a.closed_at = 0 AND `
	known, remembered := t.known.all(w.assignments)
	if remembered && w.remembered {
		for _, p := range known {
			leads, agents = append(leads, p.lead), append(agents, p.agent)
		}
	} else if len(w.assignments) > 0 {
		err := t.each(`SELECT a.lead_id, a.agent_id, a.closed_at FROM assignments a WHERE a.id `+t.d.in(1), []any{js(w.assignments)}, func(r *sql.Rows) error {
			var l campaign.LeadID
			var a campaign.AgentID
			var closed int64
			err := r.Scan(&l, &a, &closed)
			if closed > 0 {
				suspects = append(suspects, l)
			}
			leads, agents = append(leads, l), append(agents, a)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if len(suspects) > 0 {
		if err := t.each(row+`a.lead_id `+t.d.in(1), []any{js(suspects)}, note); err != nil {
			return nil, nil, err
		}
	}
	if w.follow {
		if err := t.each(row+`a.agent_id `+t.d.in(1), []any{js(list(w.agents))}, note); err != nil {
			return nil, nil, err
		}
	}
	return unique(leads), unique(agents), nil
}

func (t *tx) leadsOf(phones []campaign.Phone) ([]campaign.LeadID, error) {
	var leads []campaign.LeadID
	q := `SELECT DISTINCT n.lead_id FROM lead_numbers n JOIN subjects u ON u.id = n.subject_id
		WHERE u.kind = 'number' AND u.key ` + t.d.inText(1)
	err := t.each(q, []any{js(list(phones))}, func(r *sql.Rows) error {
		var l campaign.LeadID
		err := r.Scan(&l)
		leads = append(leads, l)
		return err
	})
	return leads, err
}

// sameLeads begins again when a number got a lead between looking and locking.
func (k *work) sameLeads(w want, locked []campaign.LeadID) error {
	now, err := k.t.leadsOf(w.phones)
	if err != nil {
		return err
	}
	for _, l := range now {
		if _, ok := slices.BinarySearch(locked, l); !ok {
			return errLost
		}
	}
	return nil
}

func (t *tx) lockSessions(agents []campaign.AgentID, skip bool, into map[campaign.AgentID]*moving) []statement {
	if len(agents) == 0 {
		return nil
	}
	q := `SELECT ` + sessionColumns + ` FROM sessions s WHERE s.agent_id ` + t.d.in(1) + ` ORDER BY s.agent_id` + t.d.lock("s", skip)
	return []statement{{q, []any{js(agents)}, func(r scanner) error {
		s, err := scanSession(r)
		into[s.AgentID] = &moving{was: s, now: s}
		t.known.seats.m.LoadOrStore(s.AgentID, true)
		return err
	}}}
}

func (t *tx) makeSubjects(phones []campaign.Phone, others []subjectKey) []statement {
	rows := make([]subjectKey, 0, len(phones)+len(others))
	for _, p := range unique(phones) {
		rows = append(rows, subjectKey{kindNumber, string(p)})
	}
	rows = append(rows, others...)
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, compareSubjects)
	return []statement{{query: `INSERT INTO subjects (kind, key) SELECT v.kind, v.key FROM ` + t.d.set(1, "v", "kind text", "key text") +
		` WHERE TRUE ON CONFLICT DO NOTHING`, args: []any{js(slices.Compact(rows))}}}
}

func (k *work) lockSubjects(leads []campaign.LeadID, phones []campaign.Phone, others []subjectKey, skip bool) []statement {
	if len(leads)+len(phones)+len(others) == 0 {
		return nil
	}
	args := []any{js(list(leads)), js(list(phones))}
	if len(others) > 0 {
		args = append(args, js(others))
	}
	return []statement{{lockSubjectsQuery(k.t.d, len(others) > 0, skip), args, func(r scanner) error {
		var id campaign.SubjectID
		var u subjectKey
		err := r.Scan(&id, &u.Kind, &u.Key)
		if u.Kind == kindNumber {
			k.subjects[campaign.Phone(u.Key)] = id
		} else {
			k.others[u] = id
		}
		return err
	}}}
}

// lockSubjectsQuery finds the subjects of the leads $1, the phones $2 and, with others, the persons and accounts $3.
func lockSubjectsQuery(d *dialect, others, skip bool) string {
	more := ""
	if others {
		more = ` UNION SELECT u3.id FROM ` + d.set(3, "v", "kind text", "key text") + ` JOIN subjects u3 ON u3.kind = v.kind AND u3.key = v.key`
	}
	return `SELECT u.id, u.kind, u.key FROM subjects u WHERE u.id ` + d.inSelect(`SELECT n.subject_id FROM lead_numbers n WHERE n.lead_id `+d.in(1)+
		` UNION SELECT u2.id FROM subjects u2 WHERE u2.kind = 'number' AND u2.key `+d.inText(2)+more) + ` ORDER BY u.id` + d.lockKeyed("u", skip)
}

func (k *work) lockLeads(leads []campaign.LeadID, skip bool, into *[]*campaign.Lead) []statement {
	if len(leads) == 0 {
		return nil
	}
	q := `SELECT ` + leadColumns + `, g.calendar` + leadFrom + ` WHERE l.id ` + k.t.d.in(1) + ` ORDER BY l.id` + k.t.d.lock("l", skip)
	return []statement{{q, []any{js(leads)}, func(r scanner) error {
		var calendar string
		l, err := scanLead(r, &calendar)
		*into = append(*into, l)
		if calendar != "" {
			k.grouped[l.ID] = calendar
		}
		return err
	}}}
}

// readAssignments reads the assignments asked for and the open ones of the leads; an open one whose agent's session
// is not locked came between.
func (k *work) readAssignments(w want, leads []campaign.LeadID) []statement {
	if w.offering {
		return nil
	}
	k.assignments = make(map[campaign.AssignmentID]*campaign.Assignment)
	k.open = make(map[campaign.LeadID]*campaign.Assignment)
	if len(leads)+len(w.assignments) == 0 {
		return nil
	}
	q := `SELECT ` + assignmentColumns + ` FROM assignments a WHERE a.id ` + k.t.d.inSelect(`SELECT b.id FROM assignments b WHERE b.id `+k.t.d.in(1)+
		` UNION SELECT b.id FROM assignments b WHERE b.closed_at = 0 AND b.lead_id `+k.t.d.in(2)) + ` ORDER BY a.id`
	return []statement{{q, []any{js(list(w.assignments)), js(list(leads))}, func(r scanner) error {
		a, err := scanAssignment(r)
		if err != nil {
			return err
		}
		k.assignments[a.ID] = a
		k.t.known.put(a.ID, place{a.LeadID, a.AgentID})
		if a.State.Open() {
			k.open[a.LeadID] = a
			if k.sessions[a.AgentID] == nil {
				return errLost
			}
		}
		if _, ok := slices.BinarySearch(leads, a.LeadID); !ok {
			return errLost
		}
		return nil
	}}}
}

// in order of id, without repeats.
func unique[T cmp.Ordered](s []T) []T {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

// list is s, never nil, so that it is [] in JSON.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// inOrder ranges over a map in order of key, so that a transaction does the same thing each time.
func inOrder[K cmp.Ordered, V any](m map[K]V) []K { return list(slices.Sorted(maps.Keys(m))) }
