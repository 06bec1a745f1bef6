package store

import (
	"database/sql"
	"slices"
	"sync"
	"sync/atomic"

	"redial/campaign"
)

// campaignCache keeps campaigns as they were last read: their rules are long and change seldom. It remembers besides what
// never changes of assignments and agents.
type campaignCache struct {
	m sync.Map
	places
	seats seats
	law   atomic.Pointer[lawNeed] // what the rules asked for last
}

type campaignStamp struct{ version, updated int64 }

type cachedCampaign struct {
	campaignStamp
	c *campaign.Campaign
}

// campaigns reads campaigns, which are shared with other transactions: nobody may change them.
func (t *tx) campaigns(ids []campaign.CampaignID) (map[campaign.CampaignID]*campaign.Campaign, error) {
	stamps, rest := t.campaignStamps(some(t.d, ids))
	if err := t.together(stamps); err != nil {
		return nil, err
	}
	return rest()
}

// campaignStamps looks whether the campaigns are as they were last read; rest then gives them, read anew if not.
func (t *tx) campaignStamps(of which) (_ statement, rest func() (map[campaign.CampaignID]*campaign.Campaign, error)) {
	out := make(map[campaign.CampaignID]*campaign.Campaign)
	now := make(map[campaign.CampaignID]campaignStamp)
	look := statement{`SELECT c.id, c.version, c.updated_at FROM campaigns c WHERE c.id ` + of.in, of.args, func(r scanner) error {
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

// readFacts joins the locked leads with what is known besides, and reads the assignments of all that were wanted, unless
// they were read ahead.
func (k *work) readFacts(leads []*campaign.Lead, wanted []campaign.LeadID, w want, read *ahead) error {
	k.facts = make(map[campaign.LeadID]*campaign.Facts, len(leads))
	k.was = make(map[campaign.LeadID]campaign.LeadState, len(leads))
	if len(leads) == 0 {
		if read != nil {
			return nil
		}
		return k.t.together(k.readAssignments(w, wanted)...)
	}
	adopted, err := k.accept(leads, w)
	if err != nil {
		return err
	}
	if adopted {
		read = nil // of whom they belong to nothing was read
	}
	if read == nil {
		read = k.besides()
		if err := k.t.together(append(k.readAssignments(w, wanted), read.reads...)...); err != nil {
			return err
		}
	}
	known, err := read.campaigns()
	if err != nil {
		return err
	}
	for _, f := range k.facts {
		f.Campaign, f.List = known[f.Lead.CampaignID], read.lists[f.Lead.ListID]
		suppressedBy(f, read.shut)
	}
	for _, p := range read.promises {
		if f := k.facts[p.LeadID]; f != nil {
			f.Promise = p
		}
	}
	return k.readLaw(known, read, w)
}

// accept makes facts of the leads whose subjects are all locked. One that got another since we looked is lost to an
// offer, and makes anything else begin again. Adopted: some were given the persons that they lacked.
func (k *work) accept(leads []*campaign.Lead, w want) (adopted bool, err error) {
	var lacking []*campaign.Lead
	for _, l := range leads {
		if !k.known(l) || w.around && k.lacks(l) {
			if !w.offering {
				return false, errLost
			}
			continue
		}
		k.facts[l.ID] = &campaign.Facts{Lead: l, Now: k.t.now}
		k.was[l.ID] = l.State
		if k.lacks(l) {
			lacking = append(lacking, l)
		}
	}
	return len(lacking) > 0, k.adopt(lacking)
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
