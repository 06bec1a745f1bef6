package rpc

import (
	"context"
	"testing"
	"time"

	"redial/campaign"
	pb "redial/proto/dialer/v1"
)

// maskBook knows campaigns, of which one masks numbers.
type maskBook struct {
	Book
	masks campaign.CampaignID
}

func (b maskBook) Campaign(_ context.Context, id campaign.CampaignID) (campaign.Campaign, error) {
	return campaign.Campaign{ID: id, MaskNumbers: id == b.masks}, nil
}

// numbered is a floor whose missed promise and late outcome tell of numbers.
type numbered struct{ twoFloors }

func (numbered) ListMissed(context.Context, campaign.CampaignID, time.Time) ([]campaign.MissedPromise, error) {
	return []campaign.MissedPromise{{Appointment: campaign.Appointment{CampaignID: 2}, Plan: campaign.Plan{Verdict: campaign.VerdictCall, Number: "+8613800000001"}}}, nil
}

func (numbered) LateOutcomes(context.Context, campaign.CampaignID) ([]campaign.LateOutcome, error) {
	return []campaign.LateOutcome{{Campaign: 2, Result: campaign.Result{NewNumber: "+8613800000001", Note: "rang +8613800000001"}}}, nil
}

func TestTheFloorMasksNumbersOfCampaignsThatDo(t *testing.T) {
	t.Parallel()
	const full, hidden = "+8613800000001", "+86•••••••••01"
	for _, c := range []struct {
		masks campaign.CampaignID
		may   []campaign.Permission
		want  string
	}{{1, nil, full}, {2, nil, hidden}, {2, []campaign.Permission{campaign.PermitNumbers}, full}} {
		f := NewFloors(nil, numbered{}, nil, maskBook{masks: c.masks})
		ctx := campaign.WithCaller(t.Context(), campaign.Caller{Role: campaign.RoleSupervisor, Permissions: c.may})
		missed, err := f.ListMissed(ctx, &pb.ListMissedRequest{})
		if err != nil || missed.GetMissed()[0].GetPlan().GetNumber() != c.want {
			t.Errorf("%+v: missed %v, %v", c, missed, err)
		}
		late, err := f.ListLateOutcomes(ctx, &pb.ListLateOutcomesRequest{})
		if err != nil || late.GetOutcomes()[0].GetNewNumber() != c.want || late.GetOutcomes()[0].GetNote() != "rang "+c.want {
			t.Errorf("%+v: late %v, %v", c, late, err)
		}
	}
}
