package rpc

import (
	"slices"

	"redial/campaign"
)

// own are the memberships of campaigns that the caller sees.
func own(c *campaign.Caller, all []campaign.Membership) []campaign.Membership {
	if !c.Restricted() {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(m campaign.Membership) bool { return !c.Sees(m.CampaignID) })
}

// others are the memberships that the caller does not see, and so neither gives nor takes away.
func others(c *campaign.Caller, all []campaign.Membership) []campaign.Membership {
	if !c.Restricted() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(all), func(m campaign.Membership) bool { return c.Sees(m.CampaignID) })
}

// mayChange says whether the caller may change these fields of an agent: of one who also works on campaigns that it does
// not see, only the part in its own. Errors: KindNotFound as if there were no such agent; KindDenied.
func mayChange(c *campaign.Caller, a *campaign.Agent, take map[string]bool) error {
	if !c.SeesAgent(a) {
		return campaign.NotFound("agent", a.ID)
	}
	if len(others(c, a.Campaigns)) == 0 {
		return nil
	}
	for _, field := range []string{"name", "skills", "active"} {
		if take[field] {
			return campaign.Denied("agent " + a.Login + " also works on campaigns that you do not see: you may change its campaigns among yours, but not its " + field)
		}
	}
	return nil
}
