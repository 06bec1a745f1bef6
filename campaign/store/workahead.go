package store

import (
	"slices"
	"time"

	"redial/campaign"
)

// which are the rows that a statement is about: the right side of a condition on their ids, and its parameters from $1 on.
type which struct {
	in   string
	args []any
}

func (w which) and(more ...any) []any { return append(slices.Clone(w.args), more...) }

// some are rows by their ids.
func some[T any](d *dialect, ids []T) which { return which{d.in(1), []any{js(list(ids))}} }

// ahead is what is read of leads besides themselves: when their subjects are locked, or together with the locks.
type ahead struct {
	reads     []statement
	campaigns func() (map[campaign.CampaignID]*campaign.Campaign, error)
	lists     map[campaign.ListID]*campaign.List
	shut      shut
	promises  []*campaign.Appointment
	law       lawRead
}

// besides reads what belongs to the leads that are locked and accepted.
func (k *work) besides() *ahead {
	var campaigns []campaign.CampaignID
	var lists []campaign.ListID
	for _, f := range k.facts {
		campaigns, lists = append(campaigns, f.Lead.CampaignID), append(lists, f.Lead.ListID)
	}
	return k.read(some(k.t.d, unique(campaigns)), some(k.t.d, unique(lists)), some(k.t.d, k.subjectIDs()), some(k.t.d, inOrder(k.facts)))
}

// before reads the same of leads together with their locks: what belongs to them is looked up by the statements, each of
// which sees what was committed before it began, and so before the locks were had. What law will ask for is what it
// asked for last: if that is too little it is read apart.
func (k *work) before(leads []campaign.LeadID, w want) *ahead {
	d := k.t.d
	ids := []any{js(list(leads))}
	of := func(column string) which {
		return which{d.inSelect(`SELECT DISTINCT l.` + column + ` FROM leads l WHERE l.id ` + d.in(1)), ids}
	}
	subjects := which{d.inSelect(`SELECT n.subject_id FROM lead_numbers n WHERE n.lead_id ` + d.in(1) +
		` UNION SELECT u2.id FROM subjects u2 WHERE u2.kind = 'number' AND u2.key ` + d.inText(2)), append(slices.Clone(ids), js(list(w.phones)))}
	a := k.read(of("campaign_id"), of("list_id"), subjects, which{d.in(1), ids})
	if need := k.t.known.law.Load(); need != nil {
		a.law = k.lawOf(*need, subjects)
		a.reads = append(a.reads, a.law.reads...)
	}
	a.reads = append(a.reads, k.readAssignments(w, leads)...)
	return a
}

// aheadOf says whether what belongs to leads may be read with their locks: where ways to the database cost, and where
// the subjects are those of the leads and the numbers, which nothing changes before.
func (t *tx) aheadOf(leads []campaign.LeadID, w want) bool {
	return t.late && len(leads) > 0 && len(w.others) == 0 && w.locked == nil
}

func (k *work) read(campaigns, lists, subjects, leads which) *ahead {
	a := &ahead{lists: make(map[campaign.ListID]*campaign.List), shut: make(shut)}
	var stamps statement
	stamps, a.campaigns = k.t.campaignStamps(campaigns)
	a.reads = []statement{stamps, readLists(lists, a.lists), k.readSuppressions(subjects, a.shut), readPromises(leads, &a.promises)}
	return a
}

func readLists(of which, into map[campaign.ListID]*campaign.List) statement {
	return statement{`SELECT ` + listColumns + ` FROM lists k WHERE k.id ` + of.in, of.args, func(r scanner) error {
		l, err := scanList(r)
		into[l.ID] = l
		return err
	}}
}

func readPromises(of which, into *[]*campaign.Appointment) statement {
	q := `SELECT ` + appointmentColumns + ` FROM appointments p WHERE p.closed_at = 0 AND p.lead_id ` + of.in
	return statement{q, of.args, func(r scanner) error {
		p, err := scanAppointment(r)
		*into = append(*into, p)
		return err
	}}
}

// lawNeed is what the rules of campaigns ask for besides the leads' own.
type lawNeed struct {
	back  time.Duration // calls to other leads so far back; 0: none
	packs bool          // consents
	names []string      // calendars, in order, without repeats
}

// covers says whether who read this has what n asks for.
func (l *lawNeed) covers(n *lawNeed) bool {
	missing := func(name string) bool { _, ok := slices.BinarySearch(l.names, name); return !ok }
	return l.back >= n.back && (l.packs || !n.packs) && !slices.ContainsFunc(n.names, missing)
}

// asks remembers what the rules ask for.
func (c *campaignCache) asks(n *lawNeed) {
	if last := c.law.Load(); last == nil || last.back != n.back || !last.covers(n) || !n.covers(last) {
		c.law.Store(n)
	}
}

func (l *lawNeed) nothing() bool { return l.back == 0 && !l.packs && len(l.names) == 0 }
