package rpc

import (
	"context"
	"slices"
	"testing"

	"redial/campaign"
	pb "redial/proto/dialer/v1"
)

// OpenPromises are one of campaign 1 and two of campaign 2.
func (twoFloors) OpenPromises(_ context.Context, w campaign.WantPromises) (out []campaign.OpenPromise, err error) {
	for i, c := range []campaign.CampaignID{1, 2, 2} {
		if len(w.Campaigns) == 0 || slices.Contains(w.Campaigns, c) {
			out = append(out, campaign.OpenPromise{Owner: "ann", LeadName: "Li", Appointment: campaign.Appointment{ID: campaign.AppointmentID(i + 1), CampaignID: c}})
		}
	}
	out = out[min(w.Skip, len(out)):]
	return out[:min(w.Limit, len(out))], nil
}

func TestPromisesAreThoseOfTheCallersCampaigns(t *testing.T) {
	t.Parallel()
	f := NewFloors(nil, twoFloors{}, nil, maskBook{})
	for name, c := range map[string]struct {
		sees []campaign.CampaignID
		of   int64
		want int
	}{"all": {nil, 0, 3}, "one": {[]campaign.CampaignID{1}, 0, 1}, "asked for": {nil, 2, 2}} {
		ctx := campaign.WithCaller(t.Context(), campaign.Caller{Role: campaign.RoleSupervisor, Campaigns: c.sees})
		got, err := f.ListPromises(ctx, &pb.ListPromisesRequest{CampaignId: c.of})
		if err != nil || len(got.GetPromises()) != c.want || got.GetNextPageToken() != "" {
			t.Errorf("%s: %v, %v; want %d", name, got, err, c.want)
		}
	}
	ctx := campaign.WithCaller(t.Context(), campaign.Caller{Role: campaign.RoleSupervisor})
	var seen []int64
	for token := ""; ; {
		got, err := f.ListPromises(ctx, &pb.ListPromisesRequest{PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got.GetPromises() {
			seen = append(seen, p.GetAppointment().GetId())
		}
		if token = got.GetNextPageToken(); token == "" {
			break
		}
	}
	if !slices.Equal(seen, []int64{1, 2, 3}) {
		t.Errorf("by pages of two: %v", seen)
	}
}
