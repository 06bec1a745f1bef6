package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
	"redial/campaign/phone"
	"redial/campaign/store"
	"redial/scheduler"
)

// desk is the record as the agents' service asks for it, with what only the finder knows.
type desk struct {
	*store.Store
	finder *scheduler.Finder
}

// NextDueFor says when there may be something for an agent, and why there is nothing now.
func (d desk) NextDueFor(ctx context.Context, agent campaign.AgentID) (time.Time, string, error) {
	a, err := d.Agent(ctx, agent)
	if err != nil {
		return time.Time{}, "", err
	}
	if len(a.Campaigns) == 0 {
		return time.Time{}, "you belong to no campaign: ask a manager to add you to one", nil
	}
	offering, err := d.Offering(ctx)
	if err != nil {
		return time.Time{}, "", err
	}
	var next time.Time
	why := "none of your campaigns is running"
	for i := range offering {
		c := &offering[i]
		if !slices.ContainsFunc(a.Campaigns, func(m campaign.Membership) bool { return m.CampaignID == c.ID }) {
			continue
		}
		if missing := lacking(c.Skills, a.Skills); missing != "" {
			why = fmt.Sprintf("campaign %s needs the skill %s, which you do not have", c.Name, missing)
			continue
		}
		found, err := d.finder.Find(ctx, c.ID, 1, 1)
		if err != nil {
			return time.Time{}, "", err
		}
		why = "no lead may be called now: each waits for its interval, its hours or a cap"
		if len(found.Tried)+len(found.Fresh) > 0 {
			return d.Now(), "leads are due, but others took them first or your own promise is near: ask again", nil
		}
		if next.IsZero() || (!found.Next.IsZero() && found.Next.Before(next)) {
			next = found.Next
		}
	}
	return next, why, nil
}

// lacking is the first skill that is asked for and not had.
func lacking(asked, had []string) string {
	for _, s := range asked {
		if !slices.Contains(had, s) {
			return s
		}
	}
	return ""
}

// readPhone reads a number as people write it, in a region when it is national.
func readPhone(text, region string) (campaign.Phone, error) {
	n, err := phone.One("", text, campaign.PhoneHint{Region: region})
	return n.Phone, err
}
