package desk

import (
	"bufio"
	"context"
	"html"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
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
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

var now = time.Date(2026, 3, 2, 15, 4, 0, 0, time.UTC)

// agents is a service that answers what a test told it, and keeps what it was asked.
type agents struct {
	pb.UnimplementedAgentServiceServer
	mu      sync.Mutex
	session *pb.Session
	card    *pb.Card
	day     *pb.GetMyDayResponse
	rows    *pb.ListCallbacksResponse
	fails   error
	asked   []any
	streams chan grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse] // those that signed in
	ends    chan error                                                     // what the next stream ends with
}

func (a *agents) heard(m any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, m)
	return a.fails
}

func (a *agents) last() any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.asked) == 0 {
		return nil
	}
	return a.asked[len(a.asked)-1]
}

func (a *agents) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

func (a *agents) GetSession(_ context.Context, r *pb.GetSessionRequest) (*pb.GetSessionResponse, error) {
	return &pb.GetSessionResponse{Session: a.session, Card: a.card}, a.heard(r)
}

func (a *agents) SignIn(_ context.Context, r *pb.SignInRequest) (*pb.SignInResponse, error) {
	return &pb.SignInResponse{Session: a.session}, a.heard(r)
}

func (a *agents) Heartbeat(_ context.Context, r *pb.HeartbeatRequest) (*pb.HeartbeatResponse, error) {
	return &pb.HeartbeatResponse{Session: a.session}, a.heard(r)
}

func (a *agents) PickLead(_ context.Context, r *pb.PickLeadRequest) (*pb.PickLeadResponse, error) {
	return &pb.PickLeadResponse{Session: a.session, Card: a.card}, a.heard(r)
}

func (a *agents) StartCall(_ context.Context, r *pb.StartCallRequest) (*pb.StartCallResponse, error) {
	return &pb.StartCallResponse{AssignmentId: r.GetAssignmentId(), Number: "+441134960431", TelUri: "tel:+441134960431"}, a.heard(r)
}

func (a *agents) RecordOutcome(_ context.Context, r *pb.RecordOutcomeRequest) (*pb.RecordOutcomeResponse, error) {
	out := &pb.RecordOutcomeResponse{Session: a.session}
	if r.GetNextWait() != nil {
		out.Next = &pb.NextCallResponse{Card: a.card, Session: a.session}
	}
	return out, a.heard(r)
}

func (a *agents) GetMyDay(_ context.Context, r *pb.GetMyDayRequest) (*pb.GetMyDayResponse, error) {
	return a.day, a.heard(r)
}

func (a *agents) ListCallbacks(_ context.Context, r *pb.ListCallbacksRequest) (*pb.ListCallbacksResponse, error) {
	return a.rows, a.heard(r)
}

func (a *agents) ListSlots(_ context.Context, r *pb.ListSlotsRequest) (*pb.ListSlotsResponse, error) {
	return &pb.ListSlotsResponse{Zone: "Europe/Paris", Now: "2026-03-02T16:04", Slots: []string{"2026-03-03T09:00"}}, a.heard(r)
}

func (a *agents) Work(stream grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse]) error {
	m, err := stream.Recv()
	if err != nil {
		return err
	}
	if err := a.heard(m); err != nil {
		return err
	}
	in := &pb.SignInResponse{Session: a.session, Card: a.card}
	if err := stream.Send(&pb.WorkResponse{Event: &pb.WorkResponse_SignedIn{SignedIn: in}}); err != nil {
		return err
	}
	a.streams <- stream
	select {
	case err := <-a.ends:
		return err
	case <-stream.Context().Done():
		return nil
	}
}

// world is a desk over the service.
type world struct {
	*testing.T
	*agents
	desk *desks
	web  *httptest.Server
}

func onDesk(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	a := &agents{
		session: &pb.Session{AgentId: 7, Login: "ann", State: campaignpb.AgentState_AGENT_STATE_READY, Epoch: 3, Since: timestamppb.New(now)},
		streams: make(chan grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse], 4), ends: make(chan error, 1),
		day: &pb.GetMyDayResponse{Date: "2026-03-02", Zone: "Europe/London"}, rows: &pb.ListCallbacksResponse{},
	}
	srv := grpc.NewServer()
	pb.RegisterAgentServiceServer(srv, a)
	l := bufconn.Listen(1 << 16)
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(srv.Stop)
	conn, err := grpc.NewClient("passthrough:///desk", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	w := &world{T: t, agents: a}
	if w.desk, err = newDesks(page.Kit{API: conn, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range w.desk.routes() {
		mux.Handle(r.Pattern, r.Handle)
	}
	w.web = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx := campaign.WithCaller(r.Context(), campaign.Caller{Owner: "ann", Role: campaign.RoleAgent, Agent: 7})
		mux.ServeHTTP(rw, r.WithContext(page.WithGuest(ctx, page.Guest{Still: func() bool { return true }})))
	}))
	t.Cleanup(w.web.Close)
	return w
}

// ask sends a request in a language and gives the answer's code and text.
func (w *world) ask(method, path, body, lang string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.web.URL+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Accept-Language", lang)
	r.Header.Set("Accept", "application/json, text/html;q=0.5")
	got, err := w.web.Client().Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	var text strings.Builder
	if _, err := bufio.NewReader(got.Body).WriteTo(&text); err != nil {
		w.Fatal(err)
	}
	return got.StatusCode, html.UnescapeString(text.String())
}

// live listens; each event is its name and data in one line. The channel closes when it ends.
func (w *world) live(path string) (events <-chan string, away func()) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.web.URL+path, http.NoBody)
	if err != nil {
		w.Fatal(err)
	}
	got, err := w.web.Client().Do(r) //nolint:bodyclose // the reader below closes it
	if err != nil {
		w.Fatal(err)
	}
	out := make(chan string, 100)
	go func() {
		defer close(out)
		defer func() { _ = got.Body.Close() }()
		var name string
		var data []string
		for lines := bufio.NewScanner(got.Body); lines.Scan(); {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "event: "):
				name = line[7:]
			case strings.HasPrefix(line, "data: "):
				data = append(data, line[6:])
			case line == "":
				out <- name + " " + strings.Join(data, "\n")
				name, data = "", nil
			}
		}
	}()
	w.Cleanup(cancel)
	return out, cancel
}

// next waits for an event that begins so and passes the others over.
func (w *world) next(events <-chan string, begins string) string {
	w.Helper()
	for e := range events {
		if strings.HasPrefix(e, begins) {
			return e
		}
	}
	w.Fatalf("the live part ended without %q", begins)
	return ""
}

func refusing(code codes.Code, reason, message string, meta map[string]string) error {
	s, err := status.New(code, message).WithDetails(&errdetails.ErrorInfo{Reason: reason, Metadata: meta})
	if err != nil {
		panic(err)
	}
	return s.Err()
}

func offered() *pb.Card {
	return &pb.Card{
		AssignmentId: 41, LeadId: 5, CampaignName: "spring", Name: "Zoë <b>Quist</b>", Reason: "retry", Why: "a retry is due",
		MaskedNumber: "+44•••31", Script: "Hello Zoë", Zones: []string{"Europe/Paris"}, LocalTimes: []string{"2026-03-02T16:04"},
		Attributes: []*campaignpb.Attribute{{Name: "Plan", Value: "fibre"}},
		Outcomes: []*pb.OutcomeChoice{
			{Code: "SOLD", Label: "sold it", Outcome: campaignpb.Outcome_OUTCOME_SUCCESS}, {Code: "NO_ANSWER", Outcome: campaignpb.Outcome_OUTCOME_NO_ANSWER},
		},
		History: []*campaignpb.Attempt{{
			AssignmentId: 9, Outcome: campaignpb.Outcome_OUTCOME_NO_ANSWER, Code: "NO_ANSWER", Note: "rang <long>", AgentLogin: "bob",
			PlacedAt: timestamppb.New(now.Add(-4 * time.Hour)), EndedAt: timestamppb.New(now.Add(-4 * time.Hour)),
		}},
		OfferUntil: timestamppb.New(now.Add(20 * time.Second)),
	}
}
