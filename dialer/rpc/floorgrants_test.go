package rpc

import (
	"context"
	"testing"
	"time"

	"redial/campaign"
	pb "redial/proto/dialer/v1"
)

// twoFloors is a record of campaigns 1 and 2; agent 7 works on both, and has a lead of campaign 2 in hand.
type twoFloors struct{}

func (twoFloors) FloorView(_ context.Context, of campaign.CampaignID) (campaign.FloorView, error) {
	v := campaign.FloorView{Late: 1, Missed: 2, Campaigns: []campaign.CampaignView{{ID: of}}, Recent: []campaign.RecentCall{{Campaign: of, LeadName: "own"}, {Campaign: 2, LeadName: "theirs"}}}
	v.Agents = []campaign.AgentView{{
		Session: campaign.Session{AgentID: 7, Assignment: 9}, Login: "both", Campaigns: []campaign.CampaignID{1, 2}, Lead: 5, LeadName: "theirs", Campaign: 2,
	}}
	if of > 2 {
		return v, campaign.NotFound("campaign", of)
	}
	return v, nil
}

func (twoFloors) ListMissed(context.Context, campaign.CampaignID, time.Time) ([]campaign.MissedPromise, error) {
	return []campaign.MissedPromise{{Appointment: campaign.Appointment{CampaignID: 2}}, {Appointment: campaign.Appointment{CampaignID: 1}}}, nil
}

func (twoFloors) LateOutcomes(context.Context, campaign.CampaignID) ([]campaign.LateOutcome, error) {
	return []campaign.LateOutcome{{Campaign: 2}, {Campaign: 1}, {Campaign: 3}}, nil
}

func TestTheFloorIsShownAsFarAsTheCallerSees(t *testing.T) {
	t.Parallel()
	f := NewFloors(nil, twoFloors{}, nil, nil)
	few := campaign.WithCaller(t.Context(), campaign.Caller{Role: campaign.RoleSupervisor, Campaigns: []campaign.CampaignID{1, 4}})
	got, err := f.GetFloor(few, &pb.GetFloorRequest{})
	if err != nil {
		t.Fatal(err)
	}
	v := got.GetFloor()
	if len(v.GetCampaigns()) != 1 || v.GetLateOutcomes() != 1 || v.GetMissed() != 2 || len(v.GetEvents()) != 1 || v.GetEvents()[0].GetLeadName() != "own" {
		t.Errorf("the floor of campaign 1 is %v", v)
	}
	if len(v.GetAgents()) != 1 {
		t.Fatalf("agents %v", v.GetAgents())
	}
	if a := v.GetAgents()[0]; a.GetLeadId() != 0 || a.GetLeadName() != "" || a.GetCampaignId() != 0 || a.GetSession().GetAssignmentId() != 0 || len(a.GetCampaignIds()) != 1 {
		t.Errorf("what an agent does elsewhere is told: %v", a)
	}
	both := campaign.WithCaller(t.Context(), campaign.Caller{Role: campaign.RoleSupervisor, Campaigns: []campaign.CampaignID{1, 2}})
	got, err = f.GetFloor(both, &pb.GetFloorRequest{})
	if v := got.GetFloor(); err != nil || len(v.GetCampaigns()) != 2 || len(v.GetAgents()) != 1 || v.GetAgents()[0].GetLeadId() != 5 || v.GetMissed() != 4 {
		t.Errorf("the floor of both is %v, %v", v, err)
	}
}

func TestMissedAndLateAreThoseOfTheCallersCampaigns(t *testing.T) {
	t.Parallel()
	f := NewFloors(nil, twoFloors{}, nil, maskBook{})
	for name, c := range map[string]struct {
		sees         []campaign.CampaignID
		missed, late int
	}{"one": {[]campaign.CampaignID{1}, 1, 1}, "two": {[]campaign.CampaignID{1, 3}, 1, 2}, "all": {nil, 2, 3}} {
		ctx := campaign.WithCaller(t.Context(), campaign.Caller{Role: campaign.RoleSupervisor, Campaigns: c.sees})
		missed, err := f.ListMissed(ctx, &pb.ListMissedRequest{})
		if err != nil || len(missed.GetMissed()) != c.missed {
			t.Errorf("%s: missed %v, %v; want %d", name, missed, err, c.missed)
		}
		late, err := f.ListLateOutcomes(ctx, &pb.ListLateOutcomesRequest{})
		if err != nil || len(late.GetOutcomes()) != c.late {
			t.Errorf("%s: late %v, %v; want %d", name, late, err, c.late)
		}
	}
}
