package lists

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
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

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

// api is a server that answers what a test says, and remembers what it was asked.
type api struct {
	pb.UnimplementedListServiceServer
	pb.UnimplementedCampaignServiceServer
	pb.UnimplementedReportServiceServer
	pb.UnimplementedAdminServiceServer

	mu      sync.Mutex
	asked   []proto.Message
	file    []byte
	fail    map[string]error // by method
	list    *pb.List
	state   pb.UploadState
	preview *pb.PreviewImportResponse
	kept    []*pb.ImportTemplate
	moves   []*pb.Upload // of WatchImport
	parts   [][]byte     // of a file that is saved
	cut     error        // ends it
}

// ask remembers a request, and answers the error that the test said for it.
func (a *api) ask(m proto.Message) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, m)
	return a.fail[string(m.ProtoReflect().Descriptor().Name())]
}

// last is the last request of a kind.
func last[M proto.Message](t *testing.T, a *api) M {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, asked := range slices.Backward(a.asked) {
		if m, ok := asked.(M); ok {
			return m
		}
	}
	t.Fatalf("nobody asked for %T: %v", *new(M), a.asked)
	return *new(M)
}

func (a *api) upload() *pb.Upload {
	return &pb.Upload{Id: 7, CampaignId: 3, ListId: 9, FileName: "<b>leads.csv", Size: int64(len(a.file)), State: a.state}
}

func (a *api) BeginUpload(_ context.Context, r *pb.BeginUploadRequest) (*pb.BeginUploadResponse, error) {
	return &pb.BeginUploadResponse{Upload: a.upload()}, a.ask(r)
}

func (a *api) Upload(stream grpc.ClientStreamingServer[pb.UploadRequest, pb.UploadResponse]) error {
	for {
		r, err := stream.Recv()
		if err == io.EOF { //nolint:errorlint // grpc promises io.EOF itself
			return stream.SendAndClose(&pb.UploadResponse{Size: int64(len(a.file))})
		}
		if err != nil {
			return err
		}
		if err := a.ask(r); err != nil {
			return err
		}
		if r.GetOffset() != int64(len(a.file)) {
			s, _ := status.New(codes.OutOfRange, "wrong place").WithDetails(&errdetails.ErrorInfo{Reason: "WRONG_OFFSET", Metadata: map[string]string{"size": "5"}})
			return s.Err()
		}
		a.file = append(a.file, r.GetData()...)
	}
}

func (a *api) GetUpload(_ context.Context, r *pb.GetUploadRequest) (*pb.GetUploadResponse, error) {
	return &pb.GetUploadResponse{Upload: a.upload()}, a.ask(r)
}

func (a *api) DiscardUpload(_ context.Context, r *pb.DiscardUploadRequest) (*pb.DiscardUploadResponse, error) {
	return &pb.DiscardUploadResponse{}, a.ask(r)
}

func (a *api) PreviewImport(_ context.Context, r *pb.PreviewImportRequest) (*pb.PreviewImportResponse, error) {
	return a.preview, a.ask(r)
}

func (a *api) CommitUpload(_ context.Context, r *pb.CommitUploadRequest) (*pb.CommitUploadResponse, error) {
	return &pb.CommitUploadResponse{Upload: a.upload()}, a.ask(r)
}

func (a *api) WatchImport(r *pb.WatchImportRequest, stream grpc.ServerStreamingServer[pb.WatchImportResponse]) error {
	for _, u := range a.moves {
		if err := stream.Send(&pb.WatchImportResponse{Upload: u}); err != nil {
			return err
		}
	}
	return a.ask(r)
}

func (a *api) ListLists(_ context.Context, r *pb.ListListsRequest) (*pb.ListListsResponse, error) {
	return &pb.ListListsResponse{Lists: []*pb.List{a.list}, NextPageToken: "further"}, a.ask(r)
}

func (a *api) GetList(_ context.Context, r *pb.GetListRequest) (*pb.GetListResponse, error) {
	return &pb.GetListResponse{List: a.list}, a.ask(r)
}

func (a *api) ListProblems(_ context.Context, r *pb.ListProblemsRequest) (*pb.ListProblemsResponse, error) {
	return &pb.ListProblemsResponse{Problems: []*pb.Problem{{Line: 4, Column: "Tel", Value: "=1+1<i>", Reason: "bad_phone", Message: `"=1+1" is too short in the numbering plan of CN (the row became a lead without it)`, Suggestion: "name one: --map COLUMN=phone"}}}, a.ask(r)
}

func (a *api) SetPriority(_ context.Context, r *pb.SetPriorityRequest) (*pb.SetPriorityResponse, error) {
	return &pb.SetPriorityResponse{}, a.ask(r)
}

func (a *api) SwitchOff(_ context.Context, r *pb.SwitchOffRequest) (*pb.SwitchOffResponse, error) {
	return &pb.SwitchOffResponse{Revoked: 2}, a.ask(r)
}

func (a *api) SwitchOn(_ context.Context, r *pb.SwitchOnRequest) (*pb.SwitchOnResponse, error) {
	return &pb.SwitchOnResponse{}, a.ask(r)
}

func (a *api) SetHours(_ context.Context, r *pb.SetHoursRequest) (*pb.SetHoursResponse, error) {
	return &pb.SetHoursResponse{}, a.ask(r)
}

func (a *api) UndoImport(_ context.Context, r *pb.UndoImportRequest) (*pb.UndoImportResponse, error) {
	return &pb.UndoImportResponse{Withdrawn: 40, Kept: 2}, a.ask(r)
}

func (a *api) SaveTemplate(_ context.Context, r *pb.SaveTemplateRequest) (*pb.SaveTemplateResponse, error) {
	return &pb.SaveTemplateResponse{}, a.ask(r)
}

func (a *api) ListTemplates(_ context.Context, r *pb.ListTemplatesRequest) (*pb.ListTemplatesResponse, error) {
	return &pb.ListTemplatesResponse{Templates: a.kept}, a.ask(r)
}

func (a *api) DeleteTemplate(_ context.Context, r *pb.DeleteTemplateRequest) (*pb.DeleteTemplateResponse, error) {
	return &pb.DeleteTemplateResponse{}, a.ask(r)
}

func (a *api) ExportProblems(r *pb.ExportProblemsRequest, stream grpc.ServerStreamingServer[pb.ExportProblemsResponse]) error {
	for i, part := range a.parts {
		m := &pb.ExportProblemsResponse{Data: part}
		if i == 0 {
			m.FileName = "a \"b\" 客户.csv"
		}
		if err := stream.Send(m); err != nil {
			return err
		}
	}
	return cmpErr(a.ask(r), a.cut)
}

func (a *api) ExportBadData(r *pb.ExportBadDataRequest, stream grpc.ServerStreamingServer[pb.ExportBadDataResponse]) error {
	if err := stream.Send(&pb.ExportBadDataResponse{FileName: "bad", Data: []byte("bad")}); err != nil {
		return err
	}
	return a.ask(r)
}

func (a *api) GetReport(_ context.Context, r *pb.GetReportRequest) (*pb.GetReportResponse, error) {
	return &pb.GetReportResponse{Report: &pb.Report{Total: &pb.ReportRow{Figures: []*pb.Figure{{Name: "tried", Numerator: 17}}}}}, a.ask(r)
}

func (a *api) ListCalendars(_ context.Context, r *pb.ListCalendarsRequest) (*pb.ListCalendarsResponse, error) {
	return &pb.ListCalendarsResponse{Calendars: []*pb.Calendar{{Name: "easter"}}}, a.ask(r)
}

func (a *api) GetCampaign(_ context.Context, r *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	return &pb.GetCampaignResponse{Campaign: &pb.Campaign{Id: r.GetId(), Name: "spring", Zone: "Europe/London", Region: "GB"}}, a.ask(r)
}

func (a *api) ListCampaigns(_ context.Context, r *pb.ListCampaignsRequest) (*pb.ListCampaignsResponse, error) {
	return &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{
		{Id: 3, Name: "spring", Zone: "Europe/London"}, {Id: 4, Name: "over", State: pb.CampaignState_CAMPAIGN_STATE_FINISHED},
	}}, a.ask(r)
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// site serves the pages over an API; requests are made by a role.
type site struct {
	*api
	http *httptest.Server
	role campaign.Role
	lang string
}

func serve(t *testing.T) *site {
	t.Helper()
	s := &site{role: campaign.RoleManager, lang: "en", api: &api{
		state: pb.UploadState_UPLOAD_STATE_RECEIVING, fail: map[string]error{},
		list: &pb.List{Id: 9, CampaignId: 3, Name: "<b>leads", State: pb.ListState_LIST_STATE_ACTIVE, On: true, Version: 5, Tally: &pb.Tally{Rows: 1300, Leads: 1200, Problems: 100}, Called: 17,
			Counts: []*pb.LeadCount{{State: pb.LeadState_LEAD_STATE_OPEN, Count: 900}, {State: pb.LeadState_LEAD_STATE_FINISHED, Count: 300}},
			Hours:  []*pb.Window{{Days: []string{"mon"}, Open: "09:00", Close: "24:00"}}},
		preview: &pb.PreviewImportResponse{Format: "csv", Encoding: "gb18030", Delimiter: ",", HeaderLine: 1, Tally: &pb.Tally{Rows: 2, Leads: 2},
			Columns: []*pb.PreviewColumn{{Index: 1, Heading: "Tel<i>", Field: "phone", Why: "heading", Samples: []string{"1<u>"}}, {Index: 2, Heading: "Memo", Field: "attribute"}, {Index: 3, Heading: "Column 3", Field: "attribute"}},
			Leads:   []*pb.Lead{{Line: 2, Name: "Zhang", Numbers: []*pb.Number{{Phone: "+8613800138000"}}}}},
	}}
	lis, server := bufconn.Listen(1<<20), grpc.NewServer()
	pb.RegisterListServiceServer(server, s.api)
	pb.RegisterCampaignServiceServer(server, s.api)
	pb.RegisterReportServiceServer(server, s.api)
	pb.RegisterAdminServiceServer(server, s.api)
	go server.Serve(lis)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	family, err := New(page.Kit{API: conn, Now: func() time.Time { return monday }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range family.Routes {
		mux.HandleFunc(r.Pattern, func(w http.ResponseWriter, req *http.Request) {
			ctx := page.WithGuest(campaign.WithCaller(req.Context(), campaign.Caller{Role: s.role, Owner: "mei"}), page.Guest{})
			req.Body = http.MaxBytesReader(w, req.Body, max(r.Body, 64<<10))
			r.Handle(w, req.WithContext(ctx))
		})
	}
	s.http = httptest.NewServer(mux)
	t.Cleanup(s.http.Close)
	return s
}

// answer is what a request was answered with, its body apart.
type answer struct {
	StatusCode int
	Header     http.Header
}

// do sends a request without following where it leads.
func (s *site) do(t *testing.T, method, path, body string, headers map[string]string) (answer, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.http.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Language", s.lang)
	for name, value := range maps.All(headers) {
		r.Header.Set(name, value)
	}
	a, err := s.http.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	if err != nil {
		return answer{a.StatusCode, a.Header}, "cut: " + err.Error()
	}
	return answer{a.StatusCode, a.Header}, string(raw)
}

func (s *site) get(t *testing.T, path string) string {
	t.Helper()
	a, text := s.do(t, "GET", path, "", nil)
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, a.StatusCode, text)
	}
	return text
}

var form = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

// post sends a form and answers where it leads.
func (s *site) post(t *testing.T, path, body string) string {
	t.Helper()
	a, text := s.do(t, "POST", path, body, form)
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: %d %s", path, a.StatusCode, text)
	}
	return a.Header.Get("Location")
}

// holds checks that a page has these texts, and none of those that begin with "!".
func holds(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if not, absent := strings.CutPrefix(w, "!"); absent == strings.Contains(text, not) {
			t.Errorf("want %q in the page: %s", w, text)
		}
	}
}
