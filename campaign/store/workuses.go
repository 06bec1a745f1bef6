package store

import (
	"cmp"
	"slices"
	"time"

	"redial/campaign"
)

// subjectUse is a call as it counts on one or several subjects.
type subjectUse struct {
	campaign.Use
	assignment campaign.AssignmentID // as it is kept: below 0 for a call made outside
	lead       campaign.LeadID
}

// reach is how far back the rules may ask for calls to other leads; 0: they do not.
func (r *Rules) reach(rules *campaign.Rules) time.Duration {
	longest := ownReach(rules)
	if r.Reach != nil {
		longest = max(longest, r.Reach(rules))
	}
	return longest
}

// ownReach is the reach of the caps and cool-offs that the rules themselves name.
func ownReach(rules *campaign.Rules) (longest time.Duration) {
	for _, c := range rules.Caps {
		if c.Scope != campaign.CapLead {
			longest = max(longest, c.Period, daysBack(c.Days))
		}
	}
	for _, c := range rules.CoolOffs {
		if c.Scope != campaign.CapLead {
			longest = max(longest, c.Period, daysBack(c.Days))
		}
	}
	return longest
}

// daysBack is how long so many local days last at most: one of them has more than 24 hours when clocks are set back.
func daysBack(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return time.Duration(n)*24*time.Hour + 3*time.Hour
}

// readUse is a call as it was read for a subject.
type readUse struct {
	subject campaign.SubjectID
	*subjectUse
}

// readUses reads the calls on subjects, so far back.
func (k *work) readUses(back time.Duration, of which, into *[]readUse) statement {
	q := `SELECT ` + useColumns + ` FROM subject_uses s WHERE s.subject_id ` + of.in + ` AND (s.counted OR s.inbound) AND s.placed_at > ` +
		parameter(len(of.args)+1) + ` ORDER BY s.placed_at, s.assignment_id`
	return statement{q, of.and(us(k.t.now.Add(-back - time.Second))), func(r scanner) error {
		id, u, err := scanUse(r)
		*into = append(*into, readUse{id, u})
		return err
	}}
}

// takeUses keeps what was read by subject; a call on several of them is one.
func (k *work) takeUses(read *[]readUse) {
	k.uses = make(map[campaign.SubjectID][]*subjectUse)
	numbers := make(map[campaign.SubjectID]campaign.Phone, len(k.subjects))
	for p, id := range k.subjects {
		numbers[id] = p
	}
	known := make(map[campaign.AssignmentID]*subjectUse)
	for _, r := range *read {
		u := r.subjectUse
		if u.Phone == "" { // an older node's, of the number alone
			u.Phone = numbers[r.subject]
		}
		if same := known[u.assignment]; same != nil {
			u = same
		}
		known[u.assignment] = u
		k.uses[r.subject] = append(k.uses[r.subject], u)
	}
}

const useColumns = `s.subject_id, s.phone, s.placed_at, s.assignment_id, s.campaign_id, s.lead_id, s.matter, s.outcome, s.talk_us, s.outside, s.inbound`

func scanUse(r scanner, more ...any) (campaign.SubjectID, *subjectUse, error) {
	var id campaign.SubjectID
	u := new(subjectUse)
	var talk int64
	err := r.Scan(append([]any{&id, &u.Phone, usTime{&u.PlacedAt}, &u.assignment, &u.Campaign, &u.lead, &u.Matter, outcomeCol{&u.Outcome}, &talk,
		&u.Outside, &u.Inbound}, more...)...)
	u.Talk = time.Duration(talk) * time.Microsecond
	if u.Assignment = u.assignment; u.Outside {
		u.Assignment, u.Campaign = 0, 0
	}
	return id, u, err
}

// useOf gives the lead the calls that count for it besides its own: those to other leads on one of its subjects, each
// once, oldest first, and those made outside.
func (k *work) useOf(f *campaign.Facts) {
	f.Uses = nil
	if len(k.uses) == 0 {
		return
	}
	at := make(map[*subjectUse]int)
	add := func(id campaign.SubjectID, account bool) {
		for _, u := range k.uses[id] {
			if (u.lead == f.Lead.ID || inherited(f.Lead, u)) && !u.Outside {
				continue
			}
			i, seen := at[u]
			if !seen {
				i = len(f.Uses)
				at[u] = i
				f.Uses = append(f.Uses, u.Use)
			}
			f.Uses[i].Person = f.Uses[i].Person || !account
			f.Uses[i].Account = f.Uses[i].Account || account
		}
	}
	for _, p := range phonesOf(f.Lead) {
		add(k.subjects[p], false)
	}
	for _, o := range leadOthers(f.Lead) {
		add(k.others[o], o.Kind == kindAccount)
	}
	slices.SortStableFunc(f.Uses, func(a, b campaign.Use) int {
		return cmp.Or(a.PlacedAt.Compare(b.PlacedAt), cmp.Compare(a.Assignment, b.Assignment))
	})
}

// inherited says whether a call is one of the lead's own tries though another lead made it: the one that was moved here,
// to go on as this one.
func inherited(l *campaign.Lead, u *subjectUse) bool {
	for i := range l.Tries {
		t := &l.Tries[i]
		if !t.PlacedAt.Before(l.CreatedAt.Truncate(time.Second)) {
			return false
		}
		if t.PlacedAt.Equal(u.PlacedAt) && t.Number == u.Phone {
			return true
		}
	}
	return false
}

// reserve counts a claim that is not written yet against the claims of the same batch that come after it.
func (k *work) reserve(f *campaign.Facts, number campaign.Phone) {
	if k.uses == nil {
		return
	}
	u := &subjectUse{lead: f.Lead.ID, assignment: unborn, Use: campaign.Use{Phone: number, PlacedAt: k.t.now, Assignment: unborn,
		Campaign: f.Lead.CampaignID, Matter: f.Campaign.Rules.Matter}}
	for _, id := range k.subjectsOf(f.Lead) {
		k.uses[id] = append(k.uses[id], u)
	}
}
