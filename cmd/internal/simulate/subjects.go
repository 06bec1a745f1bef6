package simulate

import (
	"slices"
	"time"

	"redial/campaign"
)

// subject is a number, a person or an account that several leads share: calls to one count for the others.
type subject struct {
	account bool // else a number or a person
	leads   []*lead
	calls   []*use // in the order in which they were reserved
}

// use is a call to a subject, reserved or placed.
type use struct {
	campaign.Use
	lead *lead
}

// recall puts the calls that a lead had before virtual time began among those of its subjects.
func (l *lead) recall() {
	if len(l.subjects) == 0 {
		return
	}
	for i := range l.Tries {
		try := &l.Tries[i]
		if try.Outcome.Counted() {
			l.reserve(campaign.AssignmentID(-int64(l.ID)<<16-int64(i)), try.Number, try.PlacedAt).tell(try.Outcome, try.Talk)
		}
	}
	for _, s := range l.subjects {
		slices.SortStableFunc(s.calls, func(a, b *use) int { return a.PlacedAt.Compare(b.PlacedAt) })
	}
}

// reserve keeps a call for every subject of the lead; nil when it shares none.
func (l *lead) reserve(id campaign.AssignmentID, number campaign.Phone, at time.Time) *use {
	if len(l.subjects) == 0 {
		return nil
	}
	u := &use{lead: l, Use: campaign.Use{
		Phone: number, PlacedAt: at.Truncate(time.Second), Assignment: id, Campaign: l.CampaignID, Matter: l.home.floor.Rules.Matter,
	}}
	for _, s := range l.subjects {
		s.calls = append(s.calls, u)
	}
	return u
}

// tell says what came of the call.
func (u *use) tell(o campaign.Outcome, talk time.Duration) {
	if u == nil {
		return
	}
	u.Outcome, u.Talk = o, talk
	if !o.Counted() {
		u.release()
	}
}

// placed dates the call when it is dialled.
func (u *use) placed(at time.Time) {
	if u != nil {
		u.PlacedAt = at
	}
}

// release takes back what was not dialled, or counts nowhere.
func (u *use) release() {
	if u == nil {
		return
	}
	for _, s := range u.lead.subjects {
		if i := slices.Index(s.calls, u); i >= 0 {
			s.calls = slices.Delete(s.calls, i, i+1)
		}
	}
}

// usesBack is how far back the uses of other leads are told: longer than any cap of the packs.
const usesBack = 400 * 24 * time.Hour

// usesOf are the calls to the same person, number or account, oldest first, but for the lead's own. They are not
// looked for where no rule asks for them.
func (w *world) usesOf(l *lead) []campaign.Use {
	if !l.home.floor.asksUses() {
		return nil
	}
	if len(l.subjects) == 0 {
		return l.uses
	}
	back := w.now.Add(-usesBack)
	w.usesBuf = append(w.usesBuf[:0], l.uses...)
	for _, s := range l.subjects {
		for _, u := range s.calls {
			if u.lead == l || u.PlacedAt.Before(back) {
				continue
			}
			i := slices.IndexFunc(w.usesBuf, func(o campaign.Use) bool { return o.Assignment == u.Assignment })
			if i < 0 {
				w.usesBuf = append(w.usesBuf, u.Use)
				i = len(w.usesBuf) - 1
			}
			w.usesBuf[i].Account = w.usesBuf[i].Account || s.account
			w.usesBuf[i].Person = w.usesBuf[i].Person || !s.account
		}
	}
	slices.SortStableFunc(w.usesBuf, func(a, b campaign.Use) int { return a.PlacedAt.Compare(b.PlacedAt) })
	return w.usesBuf
}

// asksUses says whether any rule of the campaign looks at calls of other leads.
func (f *floor) asksUses() bool {
	r := &f.Rules
	return len(r.Packs) > 0 || slices.ContainsFunc(r.Caps, func(c campaign.Cap) bool { return c.Scope != campaign.CapLead }) ||
		slices.ContainsFunc(r.CoolOffs, func(c campaign.CoolOff) bool { return c.Scope != campaign.CapLead })
}
