package rpc

import (
	"context"

	"redial/campaign"
	"redial/campaign/wire"
)

// NumberMasks is how callers may see numbers: masked in campaigns that mask them, unless they are permitted to see them.
// A number of no campaign, which was suppressed everywhere, is masked for a caller one of whose campaigns masks: it may
// be one of theirs. A campaign that cannot be read masks.
func NumberMasks(from interface {
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
}) func(context.Context) wire.Mask {
	return func(ctx context.Context) wire.Mask {
		caller := campaign.CallerFrom(ctx)
		if caller.May(campaign.PermitNumbers) {
			return func(_ campaign.CampaignID, number string) string { return number }
		}
		known := make(map[campaign.CampaignID]bool)
		masks := func(id campaign.CampaignID) bool {
			hides, ok := known[id]
			if !ok {
				c, err := from.Campaign(ctx, id)
				hides = err != nil || c.MaskNumbers
				known[id] = hides
			}
			return hides
		}
		return func(of campaign.CampaignID, number string) string {
			hides := of != 0 && masks(of)
			for i := 0; of == 0 && i < len(caller.Campaigns) && !hides; i++ {
				hides = masks(caller.Campaigns[i])
			}
			if hides {
				return campaign.Phone(number).Masked()
			}
			return number
		}
	}
}
