package app

import (
	"context"
	"sync"
	"time"

	"redial/campaign"
	"redial/cmd/internal/web"
)

// views keeps the last view of the floor for as long as it took to read twentyfold, so that however many supervisors
// watch, the record spends no more than a twentieth of its time on them.
type views struct {
	read func(context.Context, campaign.CampaignID) (campaign.FloorView, error)
	now  func() time.Time

	mu   sync.Mutex
	kept map[campaign.CampaignID]*kept
}

type kept struct {
	mu    sync.Mutex
	view  campaign.FloorView
	until time.Time
}

// FloorView is the floor, at most a moment old.
func (v *views) FloorView(ctx context.Context, of campaign.CampaignID) (campaign.FloorView, error) {
	v.mu.Lock()
	if v.kept == nil || len(v.kept) > 1000 {
		v.kept = make(map[campaign.CampaignID]*kept)
	}
	k := v.kept[of]
	if k == nil {
		k = &kept{}
		v.kept[of] = k
	}
	v.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	began := v.now()
	if began.Before(k.until) {
		return k.view, nil
	}
	view, err := v.read(ctx, of)
	if err != nil {
		return campaign.FloorView{}, err
	}
	now := v.now()
	k.view, k.until = view, now.Add(max(300*time.Millisecond, 20*now.Sub(began)))
	return k.view, nil
}

// overview is the view of the floor as the web page shows it.
type overview struct {
	*views
	demo bool
}

// Overview implements web.Record.
func (o overview) Overview(ctx context.Context) (web.Overview, error) {
	v, err := o.FloorView(ctx, 0)
	if err != nil {
		return web.Overview{}, err
	}
	out := web.Overview{At: v.At, Demo: o.demo}
	names := make(map[campaign.CampaignID]string)
	for _, c := range v.Campaigns {
		names[c.ID] = c.Name
		out.Campaigns = append(out.Campaigns, web.CampaignView{
			ID: c.ID, Name: c.Name, State: c.State, Zone: c.Zone, Leads: c.ByState, Callable: c.Due, NextDue: c.NextDue,
			Today: web.Today{Outcomes: c.Outcomes, Due: c.Promises, Kept: c.Kept, Missed: c.Missed},
		})
	}
	for _, a := range v.Agents {
		out.Agents = append(out.Agents, web.AgentView{
			Login: a.Login, Name: a.Name, State: a.Session.State, Since: a.Session.Since, Reason: a.Session.Reason,
			Campaign: names[a.Campaign], Lead: a.LeadName,
			Works: a.Campaigns, CampaignID: a.Campaign,
		})
	}
	for _, p := range v.Promised {
		out.Promises = append(out.Promises, web.PromiseView{At: p.At, Zone: p.Zone, Campaign: names[p.Campaign], Lead: p.LeadName, Owner: p.Owner, CampaignID: p.Campaign})
	}
	for _, r := range v.Recent[:min(20, len(v.Recent))] {
		out.Outcomes = append(out.Outcomes, web.OutcomeView{
			At: r.At, Agent: r.Agent, Campaign: names[r.Campaign], Lead: r.LeadName, Outcome: r.Outcome, Code: r.Code,
			State: r.State, Next: r.Next.At, Reason: r.Next.Reason, CampaignID: r.Campaign,
		})
	}
	return out, nil
}
