package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	"redial/campaign"
	"redial/campaign/wire"
)

// hide masks the numbers of an answer about a campaign that masks them, for callers who may not see them.
func (s *Server) hide(ctx context.Context, id campaign.CampaignID, answer proto.Message) error {
	caller := campaign.CallerFrom(ctx)
	if caller.May(campaign.PermitNumbers) {
		return nil
	}
	c, err := s.record.Campaign(ctx, id)
	if err == nil && c.MaskNumbers {
		wire.HideNumbers(answer)
	}
	return err
}
