package rpc

import (
	"cmp"
	"context"
	"slices"

	"redial/campaign"
)

// recentMost are how many of the last calls a view shows.
const recentMost = 30

// seen is the floor as the caller may see it, of one campaign or (0) of all that it sees.
func (f *Floors) seen(ctx context.Context, of campaign.CampaignID) (campaign.FloorView, error) {
	c := campaign.CallerFrom(ctx)
	if !c.Restricted() {
		return f.view.FloorView(ctx, of)
	}
	ids := c.Campaigns
	if of != 0 {
		ids = []campaign.CampaignID{of}
	}
	var out campaign.FloorView
	for _, id := range ids {
		v, err := f.view.FloorView(ctx, id)
		if campaign.KindOf(err) == campaign.KindNotFound && of == 0 {
			continue
		}
		if err != nil {
			return out, err
		}
		join(&out, &v)
	}
	narrow(&out, &c)
	return out, nil
}

// join adds the view of one more campaign.
func join(to, v *campaign.FloorView) {
	to.At = v.At
	for i := range v.Agents {
		a := v.Agents[i]
		at := slices.IndexFunc(to.Agents, func(b campaign.AgentView) bool { return b.Session.AgentID == a.Session.AgentID })
		switch {
		case at < 0:
			to.Agents = append(to.Agents, a)
		case a.Lead != 0:
			to.Agents[at] = a
		}
	}
	to.Campaigns = append(to.Campaigns, v.Campaigns...)
	to.Recent = append(to.Recent, v.Recent...)
	to.Late, to.Missed = to.Late+v.Late, to.Missed+v.Missed
}

// narrow leaves out what agents who also work elsewhere do there, and puts things in order.
func narrow(v *campaign.FloorView, c *campaign.Caller) {
	for i := range v.Agents {
		a := &v.Agents[i]
		a.Campaigns = slices.DeleteFunc(slices.Clone(a.Campaigns), func(id campaign.CampaignID) bool { return !c.Sees(id) })
		if a.Lead != 0 && !c.Sees(a.Campaign) {
			a.Lead, a.LeadName, a.Campaign = 0, "", 0
			a.Session.Assignment = 0
		}
	}
	slices.SortFunc(v.Agents, func(a, b campaign.AgentView) int { return cmp.Compare(a.Login, b.Login) })
	v.Recent = slices.DeleteFunc(v.Recent, func(r campaign.RecentCall) bool { return !c.Sees(r.Campaign) })
	slices.SortStableFunc(v.Recent, func(a, b campaign.RecentCall) int { return b.At.Compare(a.At) })
	v.Recent = v.Recent[:min(len(v.Recent), recentMost)]
}

// login finds an agent whom the caller sees. Error: KindNotFound.
func (f *Floors) login(ctx context.Context, name string) (campaign.Agent, error) {
	a, err := f.book.AgentByLogin(ctx, name)
	if c := campaign.CallerFrom(ctx); err == nil && !c.SeesAgent(&a) {
		return campaign.Agent{}, campaign.NotFound("agent", name)
	}
	return a, err
}

// bound says whether the caller may end but one assignment of an agent's, and which: the one in hand, if it is of a
// campaign that the caller sees; else 0.
func (f *Floors) bound(ctx context.Context, agent campaign.AgentID) (bool, campaign.AssignmentID, error) {
	c := campaign.CallerFrom(ctx)
	if !c.Restricted() {
		return false, 0, nil
	}
	s, err := f.floor.Refresh(ctx, agent)
	if err != nil || s.Assignment == 0 {
		return true, 0, err
	}
	a, err := f.book.Assignment(ctx, s.Assignment)
	if err != nil || !c.Sees(a.CampaignID) {
		return true, 0, err
	}
	return true, a.ID, nil
}
