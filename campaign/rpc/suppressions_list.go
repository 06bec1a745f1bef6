package rpc

import (
	"context"
	"fmt"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// ListSuppressions is a page of those in force.
func (s *SuppressionServer) ListSuppressions(ctx context.Context, r *pb.ListSuppressionsRequest) (*pb.ListSuppressionsResponse, error) {
	caller := campaign.CallerFrom(ctx)
	f := campaign.SuppressionFilter{
		Scope: wire.FromSuppressionScope(r.GetScope()), Campaign: campaign.CampaignID(r.GetCampaignId()), Country: r.GetCountry(),
		Source: r.GetSource(), Restricted: caller.Restricted(), Campaigns: caller.Campaigns,
	}
	if f.Campaign != 0 {
		if _, err := s.campaign(ctx, f.Campaign); err != nil {
			return nil, err
		}
	}
	if f.Country != "" && !campaign.KnownRegion(f.Country) {
		return nil, campaign.Invalid("country", fmt.Sprintf("%q is no country: give its two letters (ISO 3166-1), such as CN, US or GB", f.Country))
	}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	query := f
	if err := wire.FromPageToken(r.GetPageToken(), query, &f.From); err != nil {
		return nil, err
	}
	f.Limit = size + 1
	rows, err := s.suppressions.Suppressions(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &pb.ListSuppressionsResponse{}
	rows, out.NextPageToken = wire.Cut(rows, size, query, func(x *campaign.Suppression) any { return x.At() }) // the numbers are nobody's who only sees the token
	mask := numberMask(ctx, s.suppressions, "suppressions")
	for i := range rows {
		m := wire.Suppression(&rows[i])
		mask.Texts(rows[i].Campaign, m)
		out.Suppressions = append(out.Suppressions, m)
	}
	return out, nil
}
