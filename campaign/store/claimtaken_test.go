package store

import (
	"testing"

	"redial/campaign"
)

// An open assignment that nobody knows of stands in a claim's way: that claim is refused, the others of its batch are served.
func TestI1AnOpenAssignmentInTheWayRefusesOneClaim(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		h := inHand(t, b, 3)
		ctx := t.Context()
		claims := make([]campaign.Claim, len(h.offers))
		for i, id := range h.offers {
			lead := must[campaign.Assignment](t)(b.Assignment(ctx, id)).LeadID
			must[campaign.Session](t)(b.Decline(ctx, id, h.agents[i], "no"))
			claims[i] = campaign.Claim{Agent: h.agents[i], Candidates: []campaign.LeadID{lead}}
		}
		b.sql(t, `INSERT INTO assignments (lead_id, campaign_id, list_id, agent_id, state, reason, number, subject_id, offered_at, lease_until,
			rules_version, zones, plan) SELECT lead_id, campaign_id, list_id, 4711, 'offered', reason, number, subject_id, offered_at, lease_until,
			rules_version, zones, plan FROM assignments WHERE id = $1`, int64(h.offers[1]))
		got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, claims))
		if a := got[1].Assignment; a != nil || got[1].Err != nil || len(got[1].Refused) != 1 || got[1].Refused[0].Judgement.Binding != "state" {
			t.Errorf("in the way: %+v", got[1])
		}
		for _, i := range []int{0, 2} {
			a := got[i].Assignment
			if a == nil {
				t.Fatalf("claim %d got nothing: %+v", i, got[i])
			}
			kept := must[campaign.Assignment](t)(b.Assignment(ctx, a.ID))
			if kept.LeadID != claims[i].Candidates[0] || kept.AgentID != claims[i].Agent || got[i].Session.Assignment != a.ID {
				t.Errorf("claim %d: %+v, kept %+v", i, got[i], kept)
			}
			if n := b.count(t, `SELECT count(*) FROM subject_uses WHERE assignment_id = $1`, int64(a.ID)); n == 0 {
				t.Errorf("claim %d reserved nothing", i)
			}
		}
	})
}
