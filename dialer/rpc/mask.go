package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	"redial/campaign"
	"redial/campaign/wire"
)

// hides says whether the caller may not see the numbers of a campaign.
func hides(ctx context.Context, c *campaign.Campaign) bool {
	caller := campaign.CallerFrom(ctx)
	return c.MaskNumbers && !caller.May(campaign.PermitNumbers)
}

// hide masks the numbers of the answer to what an agent said.
func (s *said) hide(ctx context.Context, answer proto.Message) {
	if hides(ctx, &campaign.Campaign{MaskNumbers: s.masks}) {
		wire.HideNumbers(answer)
	}
}

// hide masks the numbers of an answer about a campaign that masks them, for callers who may not see them.
func hide(ctx context.Context, book Book, id campaign.CampaignID, answer proto.Message) error {
	caller := campaign.CallerFrom(ctx)
	if caller.May(campaign.PermitNumbers) {
		return nil
	}
	c, err := book.Campaign(ctx, id)
	if err == nil && hides(ctx, &c) {
		wire.HideNumbers(answer)
	}
	return err
}
