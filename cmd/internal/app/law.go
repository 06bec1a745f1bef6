package app

import (
	"context"
	"errors"
	"fmt"

	"redial/campaign"
	"redial/cmd/internal/config"
	"redial/scheduler/law"
)

// openLaw reads the law packs of the program, and those of the user's own that the settings name.
func (a *App) openLaw(context.Context) (err error) {
	if a.law, err = law.Open(a.cfg.Law); err != nil {
		return config.Fault("--law: " + err.Error())
	}
	return nil
}

// checkLaw refuses to work for a record whose campaigns switch on packs that this process does not have: their leads
// would be called as if there were no such law.
func (a *App) checkLaw(ctx context.Context) error {
	const some = 100
	var missing []error
	for after := campaign.CampaignID(0); ; {
		campaigns, err := a.store.Campaigns(ctx, after, some)
		if err != nil {
			return fmt.Errorf("read which law packs are switched on: %w", err)
		}
		for i := range campaigns {
			c := &campaigns[i]
			after = c.ID
			if c.State == campaign.CampaignFinished {
				continue
			}
			for _, name := range c.Rules.Packs {
				if a.law.Pack(name) == nil {
					missing = append(missing, fmt.Errorf("campaign %q has the law pack %s switched on, which is not here: give the folder of your own packs with --law", c.Name, name))
				}
			}
		}
		if len(campaigns) < some {
			break
		}
	}
	if err := errors.Join(missing...); err != nil {
		return config.Fault(err.Error())
	}
	return nil
}
