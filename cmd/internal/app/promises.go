package app

import (
	"context"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// rederive has every open promise keep its wall time where the rules of its zone changed since it was made. Any node
// may do it at its start: what one moved, the next finds in its place. What cannot be derived is told and stands.
func (a *App) rederive(ctx context.Context) {
	moved, err := a.store.RederivePromises(ctx, func(p campaign.Appointment) (at, graceEnd time.Time, err error) {
		return a.rules.Rederive(p, func() (*campaign.Facts, error) {
			f, _, _, err := a.store.Facts(ctx, p.LeadID)
			return f, err
		})
	}, 0)
	for i := range moved {
		m := &moved[i]
		a.log.WarnContext(ctx, "a promise keeps its wall time at another instant: its zone's rules changed", "appointment", m.ID, "lead", m.LeadID,
			"campaign", m.CampaignID, "owner", m.Owner, "local", m.Local, "zone", m.Zone, "was", m.Was, "at", m.At)
	}
	if len(moved) > 0 {
		a.log.WarnContext(ctx, "promises were derived anew", "moved", len(moved), "zone_data", scheduler.TZData())
	}
	if err != nil {
		a.log.ErrorContext(ctx, "not every promise's instant could be checked against the rules of its zone", "error", err, "zone_data", scheduler.TZData())
	}
}
