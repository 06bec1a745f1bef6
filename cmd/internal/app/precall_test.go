package app_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// askedCRM answers by lead; whom it does not know may be called.
type askedCRM struct {
	pb.UnimplementedPreCallServiceServer
	mu   sync.Mutex
	says map[int64]*pb.CheckCallResponse
	fail bool
	seen []*pb.CheckCallRequest
}

func (c *askedCRM) CheckCall(_ context.Context, r *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, r)
	if c.fail {
		return nil, status.Error(codes.Unavailable, "out of order")
	}
	if a := c.says[r.GetLeadId()]; a != nil {
		return a, nil
	}
	return &pb.CheckCallResponse{Allow: true}, nil
}

func (c *askedCRM) set(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

func newAskedCRM(t *testing.T) (*askedCRM, string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, g := &askedCRM{says: map[int64]*pb.CheckCallResponse{}}, grpc.NewServer()
	pb.RegisterPreCallServiceServer(g, c)
	done := make(chan struct{})
	go func() { defer close(done); _ = g.Serve(l) }()
	t.Cleanup(func() { g.Stop(); <-done })
	return c, l.Addr().String()
}

// TestACRMIsAskedBeforeAnAgentSeesALead has a whole node ask: what the CRM forbids is never seen, and Explain says why.
func TestACRMIsAskedBeforeAnAgentSeesALead(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	crm, address := newAskedCRM(t)
	id, leads := r.campaign("asked", "+1303555010")
	campaigns, desk, book := pb.NewCampaignServiceClient(r.conn), dialerpb.NewAgentServiceClient(r.conn), pb.NewLeadServiceClient(r.conn)
	c, err := campaigns.GetCampaign(r.admin, &pb.GetCampaignRequest{Id: id["campaign"]})
	r.must(err)
	given := &pb.Campaign{Id: id["campaign"], Version: c.GetCampaign().GetVersion(), PreCall: &pb.PreCall{
		Address: "no address", Deadline: durationpb.New(time.Minute), TokenName: "../x",
	}}
	change := &pb.UpdateCampaignRequest{Campaign: given, UpdateMask: mask("pre_call")}
	if _, err = campaigns.UpdateCampaign(r.admin, change); status.Code(err) != codes.InvalidArgument {
		t.Fatalf("nonsense was taken: %v", err)
	}
	given.PreCall = &pb.PreCall{Address: address, Plaintext: true, FailClosed: true}
	changed, err := campaigns.UpdateCampaign(r.admin, change)
	r.must(err)
	if p := changed.GetCampaign().GetPreCall(); p.GetAddress() != address || p.GetDeadline().AsDuration() != time.Second || !p.GetFailClosed() {
		t.Fatalf("it is %v", p)
	}
	until := time.Now().Add(3 * time.Hour).Truncate(time.Second).UTC()
	crm.set(func() {
		crm.says[leads[1]] = &pb.CheckCallResponse{Reason: "in dispute", NotBefore: timestamppb.New(until)}
		crm.says[leads[2]] = &pb.CheckCallResponse{Reason: "deceased", Withdraw: true}
	})
	// The realm's call of lead 0 left its agent in wrap-up; ready again, the agent is given nothing that the CRM forbids.
	got, err := desk.NextCall(r.admin, &dialerpb.NextCallRequest{Agent: "asked-agent", Wait: durationpb.New(5 * time.Second)})
	r.must(err)
	if got.GetCard() != nil {
		t.Fatalf("the agent saw lead %d", got.GetCard().GetLeadId())
	}
	x, err := schedulerpb.NewScheduleServiceClient(r.conn).ExplainLead(r.admin, &schedulerpb.ExplainLeadRequest{LeadId: leads[1]})
	r.must(err)
	if x.GetOfferable() || x.GetBinding() != "held_off" || !x.GetOpensAt().AsTime().Equal(until) || x.GetPlan().GetReason() != "held_off" {
		t.Errorf("explained: %v, %s until %v, plan %v", x.GetOfferable(), x.GetBinding(), x.GetOpensAt().AsTime(), x.GetPlan())
	}
	denver, err := time.LoadLocation("America/Denver") // where the number is
	r.must(err)
	for _, g := range x.GetGates() {
		if want := "the CRM said: in dispute, until " + until.In(denver).Format("2006-01-02 15:04 ") + "America/Denver"; g.GetName() == "held_off" && g.GetDetail() != want {
			t.Errorf("the gate says %q, want %q", g.GetDetail(), want)
		}
	}
	l, err := book.GetLead(r.admin, &pb.GetLeadRequest{Id: leads[1]})
	r.must(err)
	if l.GetCaseJson() != "" {
		t.Errorf("a case that does not know the hold: %s", l.GetCaseJson())
	}
	l, err = book.GetLead(r.admin, &pb.GetLeadRequest{Id: leads[2]})
	r.must(err)
	if l.GetLead().GetState() != pb.LeadState_LEAD_STATE_WITHDRAWN {
		t.Errorf("lead %d is %v", leads[2], l.GetLead().GetState())
	}
	if _, err = desk.PickLead(r.admin, &dialerpb.PickLeadRequest{Agent: "asked-agent", LeadId: leads[1]}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("the lead was picked: %v", err)
	}
	crm.set(func() {
		if q := crm.seen[0]; q.GetAgentLogin() != "asked-agent" || q.GetCampaignName() != "asked" || q.GetNumber() == "" || q.GetExternalId() == "" {
			t.Errorf("asked %v", q)
		}
	})
}
