package floor

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/cmd/internal/web/page"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

var began = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// api is the services that the pages ask, with a floor of so many agents.
type api struct {
	pb.UnimplementedFloorServiceServer
	campaignpb.UnimplementedCampaignServiceServer
	schedulerpb.UnimplementedScheduleServiceServer

	denied   bool // the floor is not for the caller
	agents   []*pb.FloorAgent
	promises []*pb.OpenPromise
	late     []*pb.LateOutcome
	missed   []*pb.Missed
	zones    []*schedulerpb.ForecastZone
	change   func(second int) *pb.Floor // what a watch tells after so many seconds; nil: nothing

	mu         sync.Mutex
	watched    *pb.WatchFloorRequest
	state      *pb.SetAgentStateRequest
	judged     *pb.ResolveLateOutcomeRequest
	reassigned []*pb.ReassignRequest
}

func (a *api) floor() *pb.Floor {
	return &pb.Floor{
		At: timestamppb.New(began), Agents: a.agents, LateOutcomes: int64(len(a.late)), Missed: int64(len(a.missed)),
		Campaigns: []*pb.FloorCampaign{{CampaignId: 1, Name: "spring", Due: 40, AttemptsToday: 200, ConnectsToday: 50}},
	}
}

func (a *api) GetFloor(context.Context, *pb.GetFloorRequest) (*pb.GetFloorResponse, error) {
	if a.denied {
		return nil, status.Error(codes.PermissionDenied, "a manager may not")
	}
	return &pb.GetFloorResponse{Floor: a.floor()}, nil
}

func (a *api) WatchFloor(r *pb.WatchFloorRequest, stream grpc.ServerStreamingServer[pb.WatchFloorResponse]) error {
	a.mu.Lock()
	a.watched = r
	a.mu.Unlock()
	if err := stream.Send(&pb.WatchFloorResponse{Whole: true, Floor: a.floor()}); err != nil {
		return err
	}
	tick := time.NewTicker(r.GetEvery().AsDuration())
	defer tick.Stop()
	for second := 1; ; second++ {
		select {
		case <-stream.Context().Done():
			return nil
		case <-tick.C:
		}
		if f := a.change(second); f != nil {
			if err := stream.Send(&pb.WatchFloorResponse{Floor: f}); err != nil {
				return err
			}
		}
	}
}

func (a *api) ListPromises(_ context.Context, r *pb.ListPromisesRequest) (*pb.ListPromisesResponse, error) {
	if r.GetOwner() == "nobody" {
		return nil, status.Error(codes.NotFound, "agent nobody")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var open []*pb.OpenPromise
	for _, p := range a.promises {
		if r.GetOwner() == "" || p.GetAppointment().GetOwnerLogin() == r.GetOwner() {
			open = append(open, p)
		}
	}
	skip, size := 0, int(r.GetPageSize())
	if r.GetPageToken() != "" {
		_, _ = fmt.Sscan(r.GetPageToken(), &skip) // its own token
	}
	out := &pb.ListPromisesResponse{Promises: open[min(skip, len(open)):]}
	if len(out.GetPromises()) > size {
		out.Promises, out.NextPageToken = out.GetPromises()[:size], fmt.Sprint(skip+size)
	}
	return out, nil
}

func (a *api) ListMissed(context.Context, *pb.ListMissedRequest) (*pb.ListMissedResponse, error) {
	return &pb.ListMissedResponse{Missed: a.missed}, nil
}

func (a *api) ListLateOutcomes(context.Context, *pb.ListLateOutcomesRequest) (*pb.ListLateOutcomesResponse, error) {
	return &pb.ListLateOutcomesResponse{Outcomes: a.late, NextPageToken: "50"}, nil
}

func (a *api) ResolveLateOutcome(_ context.Context, r *pb.ResolveLateOutcomeRequest) (*pb.ResolveLateOutcomeResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.judged = r
	return &pb.ResolveLateOutcomeResponse{}, nil
}

// Reassign takes the promise from its owner at once, so that pages read afterwards are others.
func (a *api) Reassign(_ context.Context, r *pb.ReassignRequest) (*pb.ReassignResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.GetAppointmentId()%10 == 7 {
		return nil, status.Error(codes.FailedPrecondition, "it is no longer open")
	}
	a.reassigned = append(a.reassigned, r)
	for _, p := range a.promises {
		if p.GetAppointment().GetId() == r.GetAppointmentId() {
			p.Appointment.OwnerLogin = r.GetOwner()
		}
	}
	return &pb.ReassignResponse{}, nil
}

func (a *api) SetAgentState(_ context.Context, r *pb.SetAgentStateRequest) (*pb.SetAgentStateResponse, error) {
	if r.GetReason() == "" {
		return nil, status.Error(codes.InvalidArgument, "reason: say why")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state = r
	now := r.GetState()
	if r.GetAgent() == "agent1" {
		now = campaignpb.AgentState_AGENT_STATE_ON_CALL
	}
	return &pb.SetAgentStateResponse{Session: &pb.Session{State: now}}, nil
}

func (a *api) ListCampaigns(context.Context, *campaignpb.ListCampaignsRequest) (*campaignpb.ListCampaignsResponse, error) {
	return &campaignpb.ListCampaignsResponse{Campaigns: []*campaignpb.Campaign{
		{Id: 1, Name: "spring", Zone: "Europe/Paris"}, {Id: 9, Name: "gone", State: campaignpb.CampaignState_CAMPAIGN_STATE_FINISHED},
	}}, nil
}

func (a *api) Forecast(_ context.Context, r *schedulerpb.ForecastRequest) (*schedulerpb.ForecastResponse, error) {
	out := &schedulerpb.ForecastResponse{All: &schedulerpb.ForecastZone{}, Zones: a.zones, Agents: cmp.Or(r.GetAgents(), 5), CallsPerAgentHour: 12}
	for i := range 24 {
		out.All.Hours = append(out.All.Hours, &schedulerpb.ForecastHour{From: timestamppb.New(began.Add(time.Duration(i) * time.Hour))})
	}
	return out, nil
}

func (a *api) ExplainCampaign(context.Context, *schedulerpb.ExplainCampaignRequest) (*schedulerpb.ExplainCampaignResponse, error) {
	return &schedulerpb.ExplainCampaignResponse{Leads: 50, Callable: 40, Gates: []*schedulerpb.GateCount{{Gate: "hours", Leads: 10, ExampleLeadId: 77}}}, nil
}

// crowd are so many agents on calls, with their leads.
func crowd(n int) []*pb.FloorAgent {
	out := make([]*pb.FloorAgent, n)
	for i := range out {
		out[i] = person(i, campaignpb.AgentState_AGENT_STATE_ON_CALL, began.Add(-time.Minute))
	}
	return out
}

func person(i int, state campaignpb.AgentState, since time.Time) *pb.FloorAgent {
	return &pb.FloorAgent{
		Name: fmt.Sprintf("Agent Number %d", i), CampaignIds: []int64{1}, CampaignId: 1, LeadId: int64(1000 + i), LeadName: fmt.Sprintf("Lead Number %d", i),
		Session: &pb.Session{
			AgentId: int64(i + 1), Login: fmt.Sprintf("agent%d", i), State: state, Since: timestamppb.New(since), AssignmentId: int64(i + 1),
		},
	}
}

// pages are the family's pages on the fake.
func pages(t *testing.T, a *api) http.Handler {
	t.Helper()
	lis := bufconn.Listen(1 << 20)
	srv := grpc.NewServer()
	pb.RegisterFloorServiceServer(srv, a)
	campaignpb.RegisterCampaignServiceServer(srv, a)
	schedulerpb.RegisterScheduleServiceServer(srv, a)
	go func() { _ = srv.Serve(lis) }() // ends with Stop
	conn, err := grpc.NewClient("passthrough:///inside", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); srv.Stop() })
	f, err := New(page.Kit{API: conn, Now: func() time.Time { return began }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range f.Routes {
		mux.HandleFunc(r.Pattern, r.Handle)
	}
	return mux
}

// ask is the answer to a request; with a form it is a POST.
func ask(t *testing.T, h http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
