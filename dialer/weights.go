package dialer

import (
	"cmp"
	"slices"
	"time"

	"redial/campaign"
)

// Turns chooses among an agent's campaigns by their weights, smoothly: weights 2 and 1 give A B A, A B A and not
// A A B. Each offer moves its campaign's next turn on by one stride, 1/weight of a round. A campaign that had nothing to offer
// when its turn came saves nothing up: it goes on like one that is new.
//
// The zero value is ready. It is deterministic and not safe for concurrent use.
type Turns struct {
	clock int64 // the place of the last turn taken
	next  map[campaign.CampaignID]int64
}

// round is the length of a round: a campaign of weight 1 has one turn in it.
const round = 1 << 32

func stride(weight int) int64 { return round / int64(max(weight, 1)) }

// place is where a campaign's next turn stands. A new one, and one that was passed over, starts half
// a stride on, so that heavy campaigns do not take all their turns first.
func (t *Turns) place(m campaign.Membership) int64 {
	if at, ok := t.next[m.CampaignID]; ok && at >= t.clock {
		return at
	}
	return t.clock + stride(m.Weight)/2
}

// Order lists the agent's campaigns in the order in which to look for a lead; it changes nothing. Weights below 1 count
// as 1. Equal turns go by weight, then by id.
func (t *Turns) Order(members []campaign.Membership) []campaign.CampaignID {
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, func(a, b campaign.Membership) int {
		return cmp.Or(cmp.Compare(t.place(a), t.place(b)), cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.CampaignID, b.CampaignID))
	})
	ids := make([]campaign.CampaignID, len(sorted))
	for i, m := range sorted {
		ids[i] = m.CampaignID
	}
	return ids
}

// Took says that an offer of this campaign was made. Members are all campaigns of the agent: those that are new
// take their first place now, and those that are gone are forgotten.
func (t *Turns) Took(id campaign.CampaignID, members []campaign.Membership) {
	next := make(map[campaign.CampaignID]int64, len(members))
	clock := t.clock
	for _, m := range members {
		at := t.place(m)
		if m.CampaignID == id {
			clock = at
			at += stride(m.Weight)
		}
		next[m.CampaignID] = at
	}
	t.clock, t.next = clock, next
}

// Mix decides whether the next offer of a campaign is reserved for a fresh lead, so that of any n offers with both
// kinds waiting, n times fresh_share rounded down are fresh: retries never starve them. The share is a floor: fresh leads
// offered because no retry was due cost later ones nothing, and what could not be offered for want of fresh leads
// is saved up to one offer only.
//
// The zero value is ready; one a campaign. It is deterministic and not safe for concurrent use.
type Mix struct{ owed float64 }

// slack absorbs rounding: ten times 0.1 is one offer.
const slack = 1e-9

// Fresh says whether to look among fresh leads first. Share is the campaign's fresh_share, 0..1.
func (m *Mix) Fresh(share float64) bool { return share > 0 && m.owed+share >= 1-slack }

// Took says that an offer was made, of a fresh lead or of a tried one.
func (m *Mix) Took(share float64, fresh bool) {
	m.owed += share
	if fresh {
		m.owed--
	}
	m.owed = min(max(m.owed, 0), 1)
}

// LongShotAllowed says whether an agent may be given an ordinary lead though a promise of the agent's own is coming:
// not from RemindBefore ahead of it, so that the agent is free when it is due, until OwnerWait past it, when
// any fit agent may take it. A zero nextPromise is none.
func LongShotAllowed(nextPromise, now time.Time, set campaign.FloorSettings) bool {
	if nextPromise.IsZero() {
		return true
	}
	return now.Before(nextPromise.Add(-set.RemindBefore)) || !now.Before(nextPromise.Add(set.OwnerWait))
}
