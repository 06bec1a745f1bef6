package web

import (
	"slices"

	"redial/campaign"
)

// seenBy is what a caller may see of the overview: its campaigns, the agents who work in them, and what they do there.
func (o Overview) seenBy(c *campaign.Caller) Overview {
	if !c.Restricted() {
		return o
	}
	o.Campaigns = kept(o.Campaigns, func(v CampaignView) bool { return c.Sees(v.ID) })
	o.Promises = kept(o.Promises, func(v PromiseView) bool { return c.Sees(v.CampaignID) })
	o.Outcomes = kept(o.Outcomes, func(v OutcomeView) bool { return c.Sees(v.CampaignID) })
	o.Agents = kept(o.Agents, func(v AgentView) bool {
		return slices.ContainsFunc(v.Works, c.Sees) || (v.CampaignID != 0 && c.Sees(v.CampaignID))
	})
	for i := range o.Agents {
		if a := &o.Agents[i]; a.CampaignID != 0 && !c.Sees(a.CampaignID) {
			a.Campaign, a.Lead = "", ""
		}
	}
	return o
}

// kept are those that pass, in a slice of their own: the overview is shared.
func kept[V any](all []V, pass func(V) bool) []V {
	return slices.DeleteFunc(slices.Clone(all), func(v V) bool { return !pass(v) })
}
