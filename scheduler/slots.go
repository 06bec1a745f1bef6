package scheduler

import (
	"fmt"
	"time"

	"redial/campaign"
)

// Slots are the wall times in a zone, each step after the last from midnight on, at which a promise may be made for the
// lead as of f.Now without anybody insisting: exactly those that Book takes. They begin with a day and are of so many.
// An empty zone is the lead's first. The error is of kind KindInvalid and names zone.
func (rb *Rulebook) Slots(f *campaign.Facts, zone string, from campaign.Date, days int, step time.Duration) ([]string, error) {
	zones, err := LoadZones(f.Lead.Zones)
	if err != nil {
		return nil, campaign.Under("zones", err)
	}
	if zone == "" && len(zones) > 0 {
		zone = zones[0].String()
	}
	if _, err := LoadZone(zone); err != nil {
		return nil, campaign.Under("zone", err)
	}
	q, _ := rb.question(f)
	var out []string
	for range days {
		for at := time.Duration(0); at < 24*time.Hour; at += step {
			local := fmt.Sprintf("%vT%02d:%02d", from, int(at.Hours()), int(at.Minutes())%60)
			if _, plan := JudgeBooking(&q, campaign.Booking{Local: local, Zone: zone}); plan.Reason == "" {
				out = append(out, local)
			}
		}
		from = from.Next()
	}
	return out, nil
}
