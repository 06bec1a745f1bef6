package rpc

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/dialer/v1"
)

// Outcomes that one transaction committed share their instant, and a campaign that finished shifts the places of the
// others: neither may hide or repeat anything from whoever watches.
func TestChangesAreToldOnceAndAll(t *testing.T) {
	t.Parallel()
	at := timestamppb.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	one := &pb.FloorEvent{At: at, LeadId: 1, AgentLogin: "ann"}
	two := &pb.FloorEvent{At: at, LeadId: 2, AgentLogin: "bob"}
	a, b := &pb.FloorCampaign{CampaignId: 1, Name: "a"}, &pb.FloorCampaign{CampaignId: 2, Name: "b"}

	got := changes(&pb.Floor{Events: []*pb.FloorEvent{one}, Campaigns: []*pb.FloorCampaign{a, b}},
		&pb.Floor{Events: []*pb.FloorEvent{two, one}, Campaigns: []*pb.FloorCampaign{b}})
	if len(got.GetEvents()) != 1 || got.GetEvents()[0] != two || len(got.GetCampaigns()) != 0 {
		t.Errorf("told %v", got)
	}
	same := &pb.Floor{Events: []*pb.FloorEvent{two, one}, Campaigns: []*pb.FloorCampaign{b}}
	if got := changes(same, same); got != nil {
		t.Errorf("nothing changed, but told %v", got)
	}
}
