package rpc

import (
	"context"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/dialer/v1"
)

// OpenPromises is the promises that are to be kept, as the record has them.
type OpenPromises interface {
	// OpenPromises are those that are asked for, earliest first.
	OpenPromises(ctx context.Context, w campaign.WantPromises) ([]campaign.OpenPromise, error)
}

// ListPromises are the open promises of the campaigns that the caller sees, earliest first.
func (f *Floors) ListPromises(ctx context.Context, r *pb.ListPromisesRequest) (*pb.ListPromisesResponse, error) {
	before, err := wire.FromTime("before", r.GetBefore())
	if err != nil {
		return nil, err
	}
	skip, size, err := page(r.GetPageToken(), r.GetPageSize())
	if err != nil {
		return nil, err
	}
	want := campaign.WantPromises{Before: before, Skip: skip, Limit: size + 1}
	if c := campaign.CallerFrom(ctx); r.GetCampaignId() != 0 {
		want.Campaigns = []campaign.CampaignID{campaign.CampaignID(r.GetCampaignId())}
	} else if c.Restricted() {
		want.Campaigns = c.Campaigns
	}
	if r.GetOwner() != "" {
		a, err := f.login(ctx, r.GetOwner())
		if err != nil {
			return nil, err
		}
		want.Owner = a.ID
	}
	all, err := f.view.OpenPromises(ctx, want)
	if err != nil {
		return nil, err
	}
	out := &pb.ListPromisesResponse{}
	if len(all) > size {
		all, out.NextPageToken = all[:size], next(r.GetPageToken(), size)
	}
	for i := range all {
		p := &all[i]
		out.Promises = append(out.Promises, &pb.OpenPromise{
			Appointment: wire.Appointment(&p.Appointment, p.Owner), LeadName: p.LeadName, LeadState: wire.LeadState(p.State),
		})
	}
	return out, nil
}
