package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"redial/campaign"
)

// maker makes the leads of the lists, and finds out which of them are one person, or about one account.
type maker struct {
	w    *world
	last campaign.LeadID // the highest there is
	made int             // numbers made up so far
}

// give takes a lead as it was given.
func (m *maker) give(k *loaded, g *Given) {
	l := &lead{Lead: g.Lead, sup: g.Suppressions, uses: g.Uses, consents: g.Consents, before: len(g.Lead.Tries)}
	l.Tries = slices.Clone(g.Lead.Tries) // the scenario may be run again
	if g.Promise != nil {
		l.promise = &promise{Appointment: *g.Promise, lead: l}
	}
	m.add(k, l)
}

func (m *maker) add(k *loaded, l *lead) {
	w := m.w
	if l.ID == 0 {
		l.ID = m.last + 1
	}
	m.last = max(m.last, l.ID)
	l.CampaignID, l.ListID, l.home = k.CampaignID, k.ID, k
	l.CreatedAt = w.now
	w.leads = append(w.leads, l)
}

// invent makes a list up. Its numbers are in a range that no country has.
func (m *maker) invent(k *loaded, s *Synthetic, n int) {
	rng := rand.New(rand.NewPCG(m.w.scn.Seed, uint64(n)+1))
	whole := 0.0
	for _, p := range s.Sites {
		whole += p.Share
	}
	var earlier []*lead
	for _, l := range m.w.leads {
		if len(l.Numbers) > 0 {
			earlier = append(earlier, l)
		}
	}
	for range s.Count {
		at := siteAt(s.Sites, rng.Float64()*whole)
		l := &lead{Lead: campaign.Lead{Zones: at.Zones, Places: at.Places}}
		share, account, pick := rng.Float64(), rng.Float64(), rng.Float64()
		count := int(s.Numbers)
		if rng.Float64() < s.Numbers-float64(count) {
			count++
		}
		l.Numbers = make([]campaign.Number, count)
		for i := range l.Numbers {
			l.Numbers[i] = m.number(rng, s, i, at, whole)
		}
		if len(earlier) > 0 && share < s.Shared {
			twin := earlier[int(pick*float64(len(earlier)))]
			l.Numbers[0] = twin.Numbers[0]
			l.Zones, l.Places = twin.Zones, twin.Places
		}
		if s.Accounts > 0 {
			l.Account = fmt.Sprint("A", m.last+1)
			if len(earlier) > 0 && account < s.Accounts {
				if other := earlier[int(pick*float64(len(earlier)))]; other.Account != "" {
					l.Account = other.Account
				}
			}
		}
		m.add(k, l)
		earlier = append(earlier, l)
	}
}

func (m *maker) number(rng *rand.Rand, s *Synthetic, i int, home *Place, whole float64) campaign.Number {
	m.made++
	n := campaign.Number{Phone: campaign.Phone(fmt.Sprintf("+999%09d", m.made))}
	if i > 0 && s.Roaming > 0 && rng.Float64() < s.Roaming {
		if at := siteAt(s.Sites, rng.Float64()*whole); at != home {
			n.Zones, n.Places = at.Zones, at.Places
		}
	}
	return n
}

func siteAt(sites []Place, p float64) *Place {
	for i := range sites {
		if p -= sites[i].Share; p < 0 {
			return &sites[i]
		}
	}
	return &sites[len(sites)-1]
}

// link finds the subjects that several leads share: a number, a person (an external id) or an account.
func (m *maker) link() {
	first := make(map[string]*lead, len(m.w.leads))
	shared := make(map[string]*subject)
	for _, l := range m.w.leads {
		for _, key := range keysOf(&l.Lead) {
			one := first[key]
			switch s := shared[key]; {
			case one == nil:
				first[key] = l
			case one == l:
			case s == nil:
				s = &subject{account: key[0] == 'a'}
				shared[key] = s
				one.subjects, l.subjects = append(one.subjects, s), append(l.subjects, s)
				s.leads = []*lead{one, l}
			case s.leads[len(s.leads)-1] != l:
				l.subjects, s.leads = append(l.subjects, s), append(s.leads, l)
			}
		}
	}
	for _, l := range m.w.leads {
		l.recall()
	}
}

// keysOf are what makes a lead the same person or account as another.
func keysOf(l *campaign.Lead) []string {
	keys := make([]string, 0, len(l.Numbers)+2)
	for _, n := range l.Numbers {
		keys = append(keys, "n"+string(n.Phone))
	}
	if l.ExternalID != "" {
		keys = append(keys, "x"+l.Source+"\x00"+l.ExternalID)
	}
	if l.Account != "" {
		keys = append(keys, "a"+l.Account)
	}
	return keys
}
