package store

import (
	"fmt"
	"testing"
	"time"

	"redial/campaign"
)

// Who they are, how they stand and what they own, each with the agent that it belongs to.
func TestArrivalsAreReadTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		c := b.campaign(t, "spring")
		b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, 4))
		leads := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{Campaign: c.ID, Limit: 10}))
		ids := make([]campaign.AgentID, 3)
		for i := range ids {
			ids[i] = must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: fmt.Sprint("agent-", i), Skills: []string{"sv"},
				Campaigns: []campaign.Membership{{CampaignID: c.ID, Weight: i + 1}}})).ID
		}
		must[campaign.Session](t)(b.MoveSession(ctx, ids[1], toBreak))
		now := b.Now()
		for i, l := range leads[:3] { // the last comes later than is looked ahead
			b.sql(t, `UPDATE leads SET owner_id = $2, earliest = $3 WHERE id = $1`, int64(l.ID), int64(ids[1]), us(now.Add(time.Duration(2-i)*time.Hour)))
		}
		b.sql(t, `INSERT INTO appointments (lead_id, campaign_id, owner_id, local, zone, at, grace_end, state, created_at)
			VALUES ($1, $2, $3, '2026-03-02T15:00', 'Asia/Shanghai', $4, $4, 'open', $4)`, int64(leads[3].ID), int64(c.ID), int64(ids[2]), us(now))
		must[campaign.Campaign](t)(b.StartCampaign(ctx, c.ID))
		paused := b.campaign(t, "autumn") // what is owned there does not come due
		b.loaded(t, paused.ID, campaign.ImportOptions{}, drafts(10, 1))
		b.sql(t, `UPDATE leads SET owner_id = $2, earliest = $3 WHERE campaign_id = $1`, int64(paused.ID), int64(ids[1]), us(now))
		got := must[map[campaign.AgentID]campaign.Arrival](t)(b.Arrivals(ctx, append(ids, 4711), now.Add(90*time.Minute)))
		if len(got) != 3 {
			t.Fatalf("%d arrivals, want 3", len(got))
		}
		for i, id := range ids {
			a := got[id]
			if a.Agent.Login != fmt.Sprint("agent-", i) || a.Agent.Campaigns[0].Weight != i+1 || a.Agent.Skills[0] != "sv" || a.Session.AgentID != id {
				t.Errorf("agent %d: %+v", i, a)
			}
		}
		if s := got[ids[0]].Session; s.State != campaign.AgentSignedOut {
			t.Errorf("who never came is %s", s.State)
		}
		if s := got[ids[1]].Session; s.State != campaign.AgentBreak {
			t.Errorf("who is on break is %s", s.State)
		}
		if o := got[ids[1]].Owned; len(o) != 2 || o[0].Lead != leads[2].ID || o[1].Lead != leads[1].ID || len(got[ids[0]].Owned)+len(got[ids[2]].Owned) != 0 {
			t.Errorf("owned: %+v", got)
		}
		if a := got[ids[2]].Promises; len(a) != 1 || a[0].LeadID != leads[3].ID || len(got[ids[0]].Promises)+len(got[ids[1]].Promises) != 0 {
			t.Errorf("promised: %+v", got)
		}
		if got := must[map[campaign.AgentID]campaign.Arrival](t)(b.Arrivals(ctx, nil, now)); len(got) != 0 {
			t.Errorf("of nobody: %v", got)
		}
	})
}
