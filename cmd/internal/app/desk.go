package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
	"redial/campaign/phone"
	"redial/campaign/store"
	"redial/dialer"
	"redial/scheduler"
)

// desk is the record as the agents' service asks for it, with what only the finder knows.
type desk struct {
	*store.Store
	finder *scheduler.Finder
	*scheduler.Rulebook
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
	next, why := time.Time{}, "none of your campaigns is running"
	if p, near, err := d.ownPromise(ctx, agent, offering); err != nil || near {
		return p.At, fmt.Sprintf("your promise to %s is near: you are kept free for it", p.Name), err
	}
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
			return d.Now(), "leads are due, but others took them first: ask again", nil
		}
		if next.IsZero() || (!found.Next.IsZero() && found.Next.Before(next)) {
			next = found.Next
		}
	}
	return next, why, nil
}

// ownPromise is the agent's earliest promise, and whether it is so near that the agent is kept free for it.
func (d desk) ownPromise(ctx context.Context, agent campaign.AgentID, offering []campaign.Campaign) (campaign.Callback, bool, error) {
	all, err := d.Callbacks(ctx, agent)
	if err != nil {
		return campaign.Callback{}, false, err
	}
	for _, c := range all {
		i := slices.IndexFunc(offering, func(o campaign.Campaign) bool { return o.ID == c.Campaign })
		if i >= 0 && c.Appointment != nil && !dialer.LongShotAllowed(c.At, d.Now(), offering[i].Floor) {
			return c, true, nil
		}
	}
	return campaign.Callback{}, false, nil
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
