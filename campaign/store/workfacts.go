package store

import (
	"database/sql"
	"slices"
	"sync"
	"time"

	"redial/campaign"
)

// campaignCache keeps campaigns as they were last read: their rules are long and change seldom.
type campaignCache struct{ m sync.Map }

type campaignStamp struct{ version, updated int64 }

type cachedCampaign struct {
	campaignStamp
	c *campaign.Campaign
}

// campaigns reads campaigns, which are shared with other transactions: nobody may change them.
func (t *tx) campaigns(ids []campaign.CampaignID) (map[campaign.CampaignID]*campaign.Campaign, error) {
	out := make(map[campaign.CampaignID]*campaign.Campaign, len(ids))
	var stale []campaign.CampaignID
	now := make(map[campaign.CampaignID]campaignStamp, len(ids))
	err := t.each(`SELECT id, version, updated_at FROM campaigns WHERE id `+t.d.in(1), []any{js(list(ids))}, func(r *sql.Rows) error {
		var id campaign.CampaignID
		var s campaignStamp
		if err := r.Scan(&id, &s.version, &s.updated); err != nil {
			return err
		}
		if e, ok := t.known.m.Load(id); ok && e.(cachedCampaign).campaignStamp == s {
			out[id] = e.(cachedCampaign).c
			return nil
		}
		now[id] = s
		stale = append(stale, id)
		return nil
	})
	if err != nil || len(stale) == 0 {
		return out, err
	}
	return out, t.each(`SELECT `+campaignColumns+` FROM campaigns c WHERE c.id `+t.d.in(1), []any{js(stale)}, func(r *sql.Rows) error {
		c, err := scanCampaign(r)
		if err != nil {
			return err
		}
		out[c.ID] = c
		s := campaignStamp{c.Version, us(c.UpdatedAt)}
		if s == now[c.ID] {
			t.known.m.Store(c.ID, cachedCampaign{s, c})
		}
		return nil
	})
}

func (t *tx) lists(ids []campaign.ListID) (map[campaign.ListID]*campaign.List, error) {
	out := make(map[campaign.ListID]*campaign.List, len(ids))
	err := t.each(`SELECT `+listColumns+` FROM lists k WHERE k.id `+t.d.in(1), []any{js(list(ids))}, func(r *sql.Rows) error {
		l, err := scanList(r)
		out[l.ID] = l
		return err
	})
	return out, err
}

// readFacts joins the leads with what is known besides.
func (k *work) readFacts(leads []*campaign.Lead, w want) error {
	k.facts = make(map[campaign.LeadID]*campaign.Facts, len(leads))
	k.was = make(map[campaign.LeadID]campaign.LeadState, len(leads))
	if len(leads) == 0 {
		return nil
	}
	for _, l := range leads {
		if !k.known(l) {
			if !w.offering {
				return errLost
			}
			continue
		}
		k.facts[l.ID] = &campaign.Facts{Lead: l, Now: k.t.now}
		k.was[l.ID] = l.State
	}
	if err := k.readAround(leads); err != nil {
		return err
	}
	if err := k.readSuppressions(); err != nil {
		return err
	}
	if err := k.readPromises(); err != nil {
		return err
	}
	if !w.uses {
		return nil
	}
	return k.readUses()
}

// known says whether all the lead's numbers are locked; one may have been added while we waited. A withdrawn lead has
// given its numbers up.
func (k *work) known(l *campaign.Lead) bool {
	if l.State == campaign.LeadWithdrawn {
		return true
	}
	for _, p := range phonesOf(l) {
		if k.subjects[p] == 0 {
			return false
		}
	}
	return true
}

func (k *work) readAround(leads []*campaign.Lead) error {
	var cs []campaign.CampaignID
	var ls []campaign.ListID
	for _, l := range leads {
		cs, ls = append(cs, l.CampaignID), append(ls, l.ListID)
	}
	campaigns, err := k.t.campaigns(unique(cs))
	if err != nil {
		return err
	}
	lists, err := k.t.lists(unique(ls))
	if err != nil {
		return err
	}
	for _, f := range k.facts {
		f.Campaign, f.List = campaigns[f.Lead.CampaignID], lists[f.Lead.ListID]
	}
	return nil
}

func (k *work) readSuppressions() error {
	byPhone := make(map[campaign.Phone]campaign.Suppression)
	q := `SELECT ` + suppressionColumns + ` FROM suppressions x JOIN subjects u ON u.id = x.subject_id
		WHERE x.subject_id ` + k.t.d.in(1) + ` AND (x.expires_at = 0 OR x.expires_at > $2)`
	err := k.t.each(q, []any{js(k.subjectIDs()), us(k.t.now)}, func(r *sql.Rows) error {
		s, err := scanSuppression(r)
		byPhone[s.Phone] = s
		return err
	})
	if err != nil || len(byPhone) == 0 {
		return err
	}
	for _, f := range k.facts {
		for _, p := range phonesOf(f.Lead) {
			if s, ok := byPhone[p]; ok {
				f.Suppressions = append(f.Suppressions, s)
			}
		}
	}
	return nil
}

func (k *work) readPromises() error {
	q := `SELECT ` + appointmentColumns + ` FROM appointments p WHERE p.closed_at = 0 AND p.lead_id ` + k.t.d.in(1)
	return k.t.each(q, []any{js(inOrder(k.facts))}, func(r *sql.Rows) error {
		p, err := scanAppointment(r)
		if err != nil {
			return err
		}
		k.facts[p.LeadID].Promise = p
		return nil
	})
}

// readUses reads what the numbers were called, as far back as the longest cap over a number that any of the leads'
// campaigns has.
func (k *work) readUses() error {
	var back time.Duration
	for _, f := range k.facts {
		back = max(back, numberCap(f.Campaign))
	}
	k.uses = make(map[campaign.Phone][]campaign.Use)
	if back == 0 {
		return nil
	}
	q := `SELECT u.key, s.placed_at, s.assignment_id FROM subject_uses s JOIN subjects u ON u.id = s.subject_id
		WHERE s.subject_id ` + k.t.d.in(1) + ` AND s.counted AND s.placed_at > $2 ORDER BY s.placed_at, s.assignment_id`
	err := k.t.each(q, []any{js(k.subjectIDs()), us(k.t.now.Add(-back - time.Second))}, func(r *sql.Rows) error {
		var u campaign.Use
		err := r.Scan(&u.Phone, usTime{&u.PlacedAt}, &u.Assignment)
		k.uses[u.Phone] = append(k.uses[u.Phone], u)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range k.facts {
		k.useOf(f)
	}
	return nil
}

// useOf gives the lead what its numbers were called, without the lead's own open assignment.
func (k *work) useOf(f *campaign.Facts) {
	f.Uses = nil
	for _, p := range phonesOf(f.Lead) {
		for _, u := range k.uses[p] {
			if u.Assignment != f.Lead.Assignment || u.Assignment == 0 {
				f.Uses = append(f.Uses, u)
			}
		}
	}
}

func numberCap(c *campaign.Campaign) (longest time.Duration) {
	if c == nil {
		return 0
	}
	for _, limit := range c.Rules.Caps {
		if limit.Scope == campaign.CapNumber {
			longest = max(longest, limit.Period)
		}
	}
	return longest
}

func (k *work) subjectIDs() []campaign.SubjectID {
	ids := make([]campaign.SubjectID, 0, len(k.subjects))
	for _, id := range k.subjects {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// phonesOf are all the lead's numbers, good and bad, with those it changed to.
func phonesOf(l *campaign.Lead) []campaign.Phone {
	out := make([]campaign.Phone, 0, len(l.Numbers)+1)
	for _, n := range l.Numbers {
		if !slices.Contains(out, n.Phone) {
			out = append(out, n.Phone)
		}
	}
	for _, t := range l.Tries {
		if t.Outcome == campaign.NumberChanged && t.NewNumber != "" && !slices.Contains(out, t.NewNumber) {
			out = append(out, t.NewNumber)
		}
	}
	return out
}

// callable says whether a number is left that no attempt found bad and nobody suppressed.
func callable(f *campaign.Facts) bool {
	for _, p := range phonesOf(f.Lead) {
		bad := slices.ContainsFunc(f.Lead.Tries, func(t campaign.Try) bool { return t.Number == p && t.Outcome.BadData() })
		shut := slices.ContainsFunc(f.Suppressions, func(s campaign.Suppression) bool { return s.Phone == p && s.InForce(f.Now) })
		if !bad && !shut {
			return true
		}
	}
	return false
}
