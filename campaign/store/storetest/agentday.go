package storetest

import (
	"fmt"
	"time"

	"redial/campaign"
)

var agentDayCases = []testCase{
	{"I9 an agent's day is its own attempts since midnight of its campaign, as amended", agentDays},
}

func agentDays(b *bundle) {
	c := b.campaign(nil)
	shanghai := must[*time.Location](b)(time.LoadLocation(c.Zone))
	noon := campaign.DateOf(b.s.Now().In(shanghai)).Next().Start(shanghai).Add(12 * time.Hour)
	b.wait(noon.Sub(b.s.Now()))
	leads := b.some(c, 3)
	a := must[campaign.Agent](b)(b.s.CreateAgent(b.Context(), campaign.Agent{
		Login: fmt.Sprint("day", b.made.Add(1)), Active: true, Campaigns: []campaign.Membership{{CampaignID: c.ID, Weight: 1}},
	})).ID
	day := func() campaign.AgentDay { return must[campaign.AgentDay](b)(b.s.AgentDay(b.Context(), a)) }
	if d := day(); d.Zone != c.Zone || d.Counts.Attempts != 0 || d.Last != nil || !d.From.Equal(noon.Add(-12*time.Hour)) {
		b.Fatalf("before any call: %+v", d)
	}
	b.ready(a)
	b.call(a, campaign.Success, leads[0])
	b.call(b.agent(), campaign.Success, leads[1]) // another agent's
	b.wait(time.Minute)
	b.ready(a)
	as := b.dial(a, leads[2])
	b.wait(30 * time.Second)
	if d := day(); d.Counts.Attempts != 1 {
		b.Fatalf("a call without an outcome counts: %+v", d)
	}
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), campaign.Result{Assignment: as.ID, Agent: a, Outcome: campaign.NoAnswer, Note: "rang"}))
	d := day()
	if d.Counts.Attempts != 2 || d.Counts.Connects() != 1 || d.Counts.Handling.N != 2 || d.Last == nil || d.Last.Attempt.Assignment != as.ID ||
		d.Last.Campaign.ID != c.ID || !d.Last.CorrectUntil.Equal(d.Last.Attempt.RecordedAt.Add(c.Floor.CorrectWithin)) {
		b.Fatalf("day %+v, last %+v", d, d.Last)
	}
	must[campaign.Recorded](b)(b.s.Correct(b.Context(), campaign.Correction{Assignment: as.ID, Agent: a, Outcome: campaign.Refused, Note: "no", By: "a"}))
	d = day()
	if d.Counts.Connects() != 2 || d.Last.Attempt.Outcome != campaign.Refused || d.Counts.Talk.Sum < 30*time.Second {
		b.Fatalf("after a correction %+v", d)
	}
	b.wait(12*time.Hour + time.Minute)
	if d = day(); d.Counts.Attempts != 0 || d.Last != nil {
		b.Fatalf("on the next day %+v", d)
	}
}
