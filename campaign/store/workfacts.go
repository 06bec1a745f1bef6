package store

import (
	"database/sql"
	"slices"
	"sync"

	"redial/campaign"
)

// campaignCache keeps campaigns as they were last read: their rules are long and change seldom. It remembers besides what
// never changes of assignments and agents.
type campaignCache struct {
	m sync.Map
	places
	seats seats
}

type campaignStamp struct{ version, updated int64 }

type cachedCampaign struct {
	campaignStamp
	c *campaign.Campaign
}

// campaigns reads campaigns, which are shared with other transactions: nobody may change them.
func (t *tx) campaigns(ids []campaign.CampaignID) (map[campaign.CampaignID]*campaign.Campaign, error) {
	stamps, rest := t.campaignStamps(ids)
	if err := t.together(stamps); err != nil {
		return nil, err
	}
	return rest()
}

// campaignStamps looks whether the campaigns are as they were last read; rest then gives them, read anew if not.
func (t *tx) campaignStamps(ids []campaign.CampaignID) (_ statement, rest func() (map[campaign.CampaignID]*campaign.Campaign, error)) {
	out := make(map[campaign.CampaignID]*campaign.Campaign, len(ids))
	now := make(map[campaign.CampaignID]campaignStamp)
	look := statement{`SELECT id, version, updated_at FROM campaigns WHERE id ` + t.d.in(1), []any{js(list(ids))}, func(r scanner) error {
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
		return nil
	}}
	return look, func() (map[campaign.CampaignID]*campaign.Campaign, error) { return out, t.readStale(now, out) }
}

func (t *tx) readStale(now map[campaign.CampaignID]campaignStamp, into map[campaign.CampaignID]*campaign.Campaign) error {
	if len(now) == 0 {
		return nil
	}
	return t.each(`SELECT `+campaignColumns+` FROM campaigns c WHERE c.id `+t.d.in(1), []any{js(inOrder(now))}, func(r *sql.Rows) error {
		c, err := scanCampaign(r)
		if err != nil {
			return err
		}
		into[c.ID] = c
		s := campaignStamp{c.Version, us(c.UpdatedAt)}
		if s == now[c.ID] {
			t.known.m.Store(c.ID, cachedCampaign{s, c})
		}
		return nil
	})
}

// readFacts joins the locked leads with what is known besides, and reads the assignments of all that were wanted.
func (k *work) readFacts(leads []*campaign.Lead, wanted []campaign.LeadID, w want) error {
	k.facts = make(map[campaign.LeadID]*campaign.Facts, len(leads))
	k.was = make(map[campaign.LeadID]campaign.LeadState, len(leads))
	reads := k.readAssignments(w, wanted)
	if len(leads) == 0 {
		return k.t.together(reads...)
	}
	if err := k.accept(leads, w); err != nil {
		return err
	}
	var ofCampaigns []campaign.CampaignID
	var ofLists []campaign.ListID
	for _, f := range k.facts {
		ofCampaigns, ofLists = append(ofCampaigns, f.Lead.CampaignID), append(ofLists, f.Lead.ListID)
	}
	stamps, campaigns := k.t.campaignStamps(unique(ofCampaigns))
	lists := make(map[campaign.ListID]*campaign.List)
	shut := make(map[campaign.Phone]campaign.Suppression)
	reads = append(reads, stamps, k.readLists(unique(ofLists), lists), k.readSuppressions(shut), k.readPromises())
	if err := k.t.together(reads...); err != nil {
		return err
	}
	known, err := campaigns()
	if err != nil {
		return err
	}
	for _, f := range k.facts {
		f.Campaign, f.List = known[f.Lead.CampaignID], lists[f.Lead.ListID]
		suppressedBy(f, shut)
	}
	return k.readLaw(known, lists, w)
}

// accept makes facts of the leads whose subjects are all locked. One that got another since we looked is lost to an
// offer, and makes anything else begin again.
func (k *work) accept(leads []*campaign.Lead, w want) error {
	var lacking []*campaign.Lead
	for _, l := range leads {
		if !k.known(l) || w.around && k.lacks(l) {
			if !w.offering {
				return errLost
			}
			continue
		}
		k.facts[l.ID] = &campaign.Facts{Lead: l, Now: k.t.now}
		k.was[l.ID] = l.State
		if k.lacks(l) {
			lacking = append(lacking, l)
		}
	}
	return k.adopt(lacking)
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

// lacks says whether the lead's person or account is not locked.
func (k *work) lacks(l *campaign.Lead) bool {
	if l.State == campaign.LeadWithdrawn || l.ExternalID == "" && l.Account == "" {
		return false
	}
	for _, u := range leadOthers(l) {
		if k.others[u] == 0 {
			return true
		}
	}
	return false
}

func (k *work) readLists(ids []campaign.ListID, into map[campaign.ListID]*campaign.List) statement {
	return statement{`SELECT ` + listColumns + ` FROM lists k WHERE k.id ` + k.t.d.in(1), []any{js(list(ids))}, func(r scanner) error {
		l, err := scanList(r)
		into[l.ID] = l
		return err
	}}
}

func (k *work) readSuppressions(into map[campaign.Phone]campaign.Suppression) statement {
	q := `SELECT ` + suppressionColumns + ` FROM suppressions x JOIN subjects u ON u.id = x.subject_id
		WHERE x.subject_id ` + k.t.d.in(1) + ` AND (x.expires_at = 0 OR x.expires_at > $2)`
	return statement{q, []any{js(k.subjectIDs()), us(k.t.now)}, func(r scanner) error {
		s, err := scanSuppression(r)
		into[s.Phone] = s
		return err
	}}
}

func suppressedBy(f *campaign.Facts, shut map[campaign.Phone]campaign.Suppression) {
	for _, p := range phonesOf(f.Lead) {
		if s, ok := shut[p]; ok {
			f.Suppressions = append(f.Suppressions, s)
		}
	}
}

func (k *work) readPromises() statement {
	q := `SELECT ` + appointmentColumns + ` FROM appointments p WHERE p.closed_at = 0 AND p.lead_id ` + k.t.d.in(1)
	return statement{q, []any{js(inOrder(k.facts))}, func(r scanner) error {
		p, err := scanAppointment(r)
		if err != nil {
			return err
		}
		k.facts[p.LeadID].Promise = p
		return nil
	}}
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
