package campaigns

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // 10:00 in Shanghai

// fake is an API with one campaign.
type fake struct {
	pb.UnimplementedCampaignServiceServer
	pb.UnimplementedListServiceServer
	pb.UnimplementedLeadServiceServer
	pb.UnimplementedAdminServiceServer
	pb.UnimplementedReportServiceServer
	schedulerv1.UnimplementedScheduleServiceServer
	dialerv1.UnimplementedFloorServiceServer

	mu      sync.Mutex
	c       *pb.Campaign
	asked   map[string]int
	updated *pb.UpdateCampaignRequest
	created *pb.Campaign
	preview *schedulerv1.PreviewRulesRequest
	refuse  error // of the next change
	noFloor bool  // the reader is of quality: neither floor nor forecast nor lists
	hasten  bool  // somebody else is just quicker with the next change

	warnings []string // of a change
}

func (f *fake) count(what string) {
	f.asked[what]++
}

func (f *fake) did(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[what]
}

func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

func (f *fake) clone() *pb.Campaign { return proto.CloneOf(f.c) }

func (f *fake) GetCampaign(_ context.Context, r *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count("get")
	if r.GetId() != f.c.GetId() {
		return nil, status.Error(codes.NotFound, "no campaign")
	}
	return &pb.GetCampaignResponse{Campaign: f.clone(), OpenPromises: 3, Leads: []*pb.LeadCount{
		{State: pb.LeadState_LEAD_STATE_OPEN, Count: 70}, {State: pb.LeadState_LEAD_STATE_HELD, Count: 4}, {State: pb.LeadState_LEAD_STATE_FINISHED, Count: 26},
	}}, nil
}

func (f *fake) ListCampaigns(_ context.Context, r *pb.ListCampaignsRequest) (*pb.ListCampaignsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := r.GetState(); s != pb.CampaignState_CAMPAIGN_STATE_UNSPECIFIED && s != f.c.GetState() {
		return &pb.ListCampaignsResponse{}, nil
	}
	return &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{f.clone()}, NextPageToken: "more"}, nil
}

func (f *fake) PauseCampaign(context.Context, *pb.PauseCampaignRequest) (*pb.PauseCampaignResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.c.State = pb.CampaignState_CAMPAIGN_STATE_PAUSED
	return &pb.PauseCampaignResponse{Campaign: f.clone(), Revoked: 4, OpenPromises: 3}, nil
}

func (f *fake) FinishCampaign(_ context.Context, r *pb.FinishCampaignRequest) (*pb.FinishCampaignResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.GetPromises() == pb.PromisePolicy_PROMISE_POLICY_UNSPECIFIED {
		return nil, fault(codes.FailedPrecondition, "3 promises are open", &errdetails.ErrorInfo{Reason: "PROMISES_OPEN"})
	}
	f.c.State = pb.CampaignState_CAMPAIGN_STATE_FINISHED
	return &pb.FinishCampaignResponse{Campaign: f.clone(), Kept: 3}, nil
}

func (f *fake) CreateCampaign(_ context.Context, r *pb.CreateCampaignRequest) (*pb.CreateCampaignResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return nil, f.refuse
	}
	f.created = r.GetCampaign()
	return &pb.CreateCampaignResponse{Campaign: &pb.Campaign{Id: 9}}, nil
}

func (f *fake) UpdateCampaign(_ context.Context, r *pb.UpdateCampaignRequest) (*pb.UpdateCampaignResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return nil, f.refuse
	}
	if f.hasten {
		f.hasten = false
		f.c.Version++
	}
	if r.GetCampaign().GetVersion() != f.c.GetVersion() {
		return nil, fault(codes.Aborted, "changed since", &errdetails.ErrorInfo{Reason: campaign.ReasonVersion})
	}
	f.updated = r
	return &pb.UpdateCampaignResponse{Campaign: r.GetCampaign(), Warnings: f.warnings}, nil
}

func (f *fake) ListLists(context.Context, *pb.ListListsRequest) (*pb.ListListsResponse, error) {
	if f.noFloor {
		return nil, status.Error(codes.PermissionDenied, "no")
	}
	return &pb.ListListsResponse{Lists: []*pb.List{{Id: 1, Name: "spring.csv", On: true, Tally: &pb.Tally{Leads: 100}}}}, nil
}

func (f *fake) FindLeads(context.Context, *pb.FindLeadsRequest) (*pb.FindLeadsResponse, error) {
	return &pb.FindLeadsResponse{Leads: []*pb.Lead{{Attributes: []*pb.Attribute{{Name: "City"}, {Name: "Plan"}}}}}, nil
}

func (f *fake) ListCalendars(context.Context, *pb.ListCalendarsRequest) (*pb.ListCalendarsResponse, error) {
	return &pb.ListCalendarsResponse{Calendars: []*pb.Calendar{{Name: "cn-2026"}}}, nil
}

func (f *fake) GetReport(_ context.Context, r *pb.GetReportRequest) (*pb.GetReportResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count("report")
	if q := r.GetQuery(); q.GetFrom() != "2026-03-02" || q.GetZone() != "Asia/Shanghai" {
		return nil, status.Error(codes.InvalidArgument, "not the campaign's day")
	}
	return &pb.GetReportResponse{Report: &pb.Report{Total: &pb.ReportRow{Figures: []*pb.Figure{
		{Name: "attempts", Numerator: 41}, {Name: "connect_rate", Value: new(0.375)}, {Name: "success_rate"},
	}}}}, nil
}

func (f *fake) GetFloor(context.Context, *dialerv1.GetFloorRequest) (*dialerv1.GetFloorResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count("floor")
	if f.noFloor {
		return nil, status.Error(codes.PermissionDenied, "no")
	}
	return &dialerv1.GetFloorResponse{Floor: &dialerv1.Floor{Missed: 2, Campaigns: []*dialerv1.FloorCampaign{{CampaignId: 7, PromisesSoon: 1}}}}, nil
}

func (f *fake) Forecast(context.Context, *schedulerv1.ForecastRequest) (*schedulerv1.ForecastResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count("forecast")
	if f.noFloor {
		return nil, status.Error(codes.PermissionDenied, "no")
	}
	all := &schedulerv1.ForecastZone{Callable: 50, DryAt: timestamppb.New(monday.Add(time.Hour))}
	for i := range 24 {
		all.Hours = append(all.Hours, &schedulerv1.ForecastHour{From: timestamppb.New(monday.Add(time.Duration(i) * time.Hour)), Callable: int64(50 + i), Calls: 10, Left: float64(40 - i)})
	}
	return &schedulerv1.ForecastResponse{All: all, Agents: 5, CallsPerAgentHour: 12}, nil
}

func (f *fake) ExplainCampaign(context.Context, *schedulerv1.ExplainCampaignRequest) (*schedulerv1.ExplainCampaignResponse, error) {
	return &schedulerv1.ExplainCampaignResponse{Now: timestamppb.New(monday), Leads: 100, Callable: 50, Gates: []*schedulerv1.GateCount{
		{Gate: "interval", Leads: 20, OpensAt: timestamppb.New(monday.Add(30 * time.Minute)), ExampleLeadId: 5},
	}}, nil
}

func (f *fake) ListLawPacks(context.Context, *schedulerv1.ListLawPacksRequest) (*schedulerv1.ListLawPacksResponse, error) {
	return &schedulerv1.ListLawPacksResponse{Packs: []*schedulerv1.LawPack{{Name: "us", Title: "United States"}}}, nil
}

func (f *fake) PreviewRules(r *schedulerv1.PreviewRulesRequest, out grpc.ServerStreamingServer[schedulerv1.PreviewRulesResponse]) error {
	f.mu.Lock()
	f.preview = r
	err := f.refuse
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if err := out.Send(&schedulerv1.PreviewRulesResponse{Done: 35, Total: 70}); err != nil {
		return err
	}
	return out.Send(&schedulerv1.PreviewRulesResponse{Done: 70, Total: 70, Result: &schedulerv1.RulesEffect{Version: 4, Waiting: 70, Earlier: 12, Later: 7, Unchanged: 51}})
}

func (f *fake) WatchReplan(_ *schedulerv1.WatchReplanRequest, out grpc.ServerStreamingServer[schedulerv1.WatchReplanResponse]) error {
	f.mu.Lock()
	err := f.refuse
	f.mu.Unlock()
	if err != nil {
		return err
	}
	for _, left := range []int64{70, 20, 0} {
		if err := out.Send(&schedulerv1.WatchReplanResponse{Remaining: left, Total: 70}); err != nil {
			return err
		}
	}
	return nil
}

func fault(code codes.Code, message string, details ...protoadapt.MessageV1) error {
	s, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		return err
	}
	return s.Err()
}

func newFake() *fake {
	return &fake{asked: map[string]int{}, c: &pb.Campaign{
		Id: 7, Version: 4, Name: "Spring <b>", Zone: "Asia/Shanghai", Region: "CN", State: pb.CampaignState_CAMPAIGN_STATE_RUNNING, Script: "Hello {{name}}",
		Rules: &pb.Rules{
			Interval: durationpb.New(4 * time.Hour), MaxPerDay: new(int32(3)), NetworkRetry: durationpb.New(5 * time.Minute), NetworkRetryLimit: new(int32(3)),
			Hours:     []*pb.Window{{Days: []string{"mon", "tue", "wed", "thu", "fri"}, Open: "09:00", Close: "20:00"}},
			Intervals: []*pb.OutcomeInterval{{Outcome: pb.Outcome_OUTCOME_BUSY, Interval: durationpb.New(90 * time.Second)}},
			Caps: []*pb.Cap{
				{Scope: pb.CapScope_CAP_SCOPE_NUMBER, Max: 3, Period: durationpb.New(24 * time.Hour), Count: pb.CapCount_CAP_COUNT_ATTEMPTS},
				{Scope: pb.CapScope_CAP_SCOPE_PERSON, Max: 1, Days: 7, Count: pb.CapCount_CAP_COUNT_CONVERSATIONS},
			},
			CoolOffs:  []*pb.CoolOff{{After: "refused", Scope: pb.CapScope_CAP_SCOPE_PERSON, Days: 30}},
			Calendars: []string{"cn-2026"}, Holidays: []string{"2026-10-01"}, Packs: []string{"us"}, Waivers: []*pb.Waiver{{Rule: "us.hours", Reason: "counsel"}},
			ExpiresAt: timestamppb.New(monday.Add(1000 * time.Hour)), MaxAttempts: 12, MaxDays: 5, Rotate: true, MixHours: true, Purpose: "research", Matter: "spring",
		},
		Floor: &pb.FloorSettings{
			FreshShare: 0.125, RemindBefore: durationpb.New(5 * time.Minute), OwnerWait: durationpb.New(2 * time.Minute), Grace: durationpb.New(15 * time.Minute),
			OfferTime: durationpb.New(20 * time.Second), WrapUp: durationpb.New(time.Minute), Lease: durationpb.New(90 * time.Second),
			Conversation: durationpb.New(30 * time.Second), CorrectWithin: durationpb.New(24 * time.Hour),
		},
		Skills: []string{"mandarin"}, MaskNumbers: true,
		Codes:   []*pb.OutcomeCode{{Code: "SOLD", Label: "Sold", Outcome: pb.Outcome_OUTCOME_SUCCESS}, {Code: "THINKS", Outcome: pb.Outcome_OUTCOME_CALL_LATER}},
		PreCall: &pb.PreCall{Address: "crm.example.com:443", Deadline: durationpb.New(800 * time.Millisecond), FailClosed: true},
	}}
}

// site serves the pages before a fake API.
type site struct {
	*fake
	t    *testing.T
	mux  *http.ServeMux
	role campaign.Role
	lang string
}

func open(t *testing.T, f *fake) *site {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	s := grpc.NewServer()
	pb.RegisterCampaignServiceServer(s, f)
	pb.RegisterListServiceServer(s, f)
	pb.RegisterLeadServiceServer(s, f)
	pb.RegisterAdminServiceServer(s, f)
	pb.RegisterReportServiceServer(s, f)
	schedulerv1.RegisterScheduleServiceServer(s, f)
	dialerv1.RegisterFloorServiceServer(s, f)
	go s.Serve(l) // it ends with the test
	t.Cleanup(s.Stop)
	conn, err := grpc.NewClient("passthrough:///fake", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p, err := newPages(page.Kit{API: conn, Now: func() time.Time { return monday }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p.every = time.Millisecond
	mux := http.NewServeMux()
	for _, r := range p.routes() {
		mux.HandleFunc(r.Pattern, r.Handle)
	}
	return &site{fake: f, t: t, mux: mux, role: campaign.RoleManager, lang: "en"}
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	s.t.Helper()
	ctx := campaign.WithCaller(r.Context(), campaign.Caller{Role: s.role, Owner: "mei"})
	r = r.WithContext(page.WithGuest(ctx, page.Guest{}))
	r.Header.Set("Accept-Language", s.lang)
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

func (s *site) get(path string) string {
	s.t.Helper()
	w := s.do(httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		s.t.Fatalf("%s: %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

func (s *site) post(path string, v url.Values, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.do(r)
}

// has checks that a page says all of these.
func has(t *testing.T, body string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("does not say %q:\n%s", want, body)
		}
	}
}

// lacks checks that a page says none of these.
func lacks(t *testing.T, body string, others ...string) {
	t.Helper()
	for _, other := range others {
		if strings.Contains(body, other) {
			t.Errorf("says %q:\n%s", other, body)
		}
	}
}
