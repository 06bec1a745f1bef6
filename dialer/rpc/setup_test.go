package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	"redial/campaign/phone"
	"redial/campaign/store"
	"redial/dialer"
	"redial/dialer/rpc"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
	"redial/scheduler"
)

// bench is the services over a real floor and a real SQLite record, in fake time: it is ten o'clock.
type bench struct {
	*testing.T
	s      *store.Store
	reads  *reads
	floor  *dialer.Floor
	desk   pb.AgentServiceClient
	super  pb.FloorServiceClient
	camp   campaign.Campaign
	agents map[string]campaign.AgentID
	made   int
}

// book is the record with what only the finder knows.
type book struct {
	*reads
	finder *scheduler.Finder
}

func (b book) NextDueFor(ctx context.Context, agent campaign.AgentID) (time.Time, string, error) {
	a, err := b.Agent(ctx, agent)
	if err != nil {
		return time.Time{}, "", err
	}
	next, err := b.finder.Next(ctx, a.Campaigns[0].CampaignID)
	return next, "no lead may be called now", err
}

// hands is the floor with the way back into the source.
type hands struct {
	*dialer.Floor
	src *scheduler.Direct
}

func (h hands) Back(id campaign.CampaignID, lead campaign.LeadID) {
	_ = h.src.Return(context.Background(), id, []campaign.LeadID{lead})
	h.Wake(id)
}

func onBench(t *testing.T, test func(*bench)) {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(10 * time.Hour)                                                               //nolint:forbidigo // fake time: the bubble moves on by so much
		pprof.SetGoroutineLabels(pprof.WithLabels(t.Context(), pprof.Labels("bench", t.Name()))) // inherited by all that is started
		b := &bench{T: t, agents: make(map[string]campaign.AgentID)}
		b.open(dir)
		b.camp = b.campaign("spring", nil)
		b.agent("ann", b.camp.ID)
		b.agent("bob", b.camp.ID)
		synctest.Wait()
		test(b)
	})
}

func (b *bench) open(dir string) {
	var err error
	b.s, err = store.Open(b.Context(), "sqlite://"+filepath.Join(dir, "r.db"), store.Options{Rules: store.Rules{
		Decide: new(scheduler.Rulebook).Plan, Judge: new(scheduler.Rulebook).Offer, Book: new(scheduler.Rulebook).Book, Step: dialer.Follow(dialer.DefaultHeartbeat),
	}})
	b.ok(err)
	b.Cleanup(func() { b.ok(b.s.Close()) })
	b.reads = &reads{Store: b.s}
	finder := &scheduler.Finder{Record: b.s, Now: b.s.Now}
	src := scheduler.NewDirect(finder)
	b.floor = dialer.NewFloor("here", b.reads, src, b.s.Now, dialer.Options{})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = b.floor.Run(ctx) }()
	b.Cleanup(func() { stop(); <-ended })

	srv := grpc.NewServer(grpc.UnaryInterceptor(unary), grpc.StreamInterceptor(streaming))
	h, bk := hands{b.floor, src}, book{b.reads, finder}
	phones := func(text, region string) (campaign.Phone, error) {
		n, err := phone.One("", text, campaign.PhoneHint{Region: region})
		return n.Phone, err
	}
	pb.RegisterAgentServiceServer(srv, rpc.NewAgents(h, b.reads, b.reads, bk, phones, statusOf, b.s.Now))
	pb.RegisterFloorServiceServer(srv, rpc.NewFloors(h, b.reads, b.reads, bk))
	l := bufconn.Listen(1 << 16)
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(l) }()
	b.Cleanup(func() { srv.Stop(); <-served })
	conn, err := grpc.NewClient("passthrough:///bench", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	b.ok(err)
	b.Cleanup(func() { conn.Close() })
	b.desk, b.super = pb.NewAgentServiceClient(conn), pb.NewFloorServiceClient(conn)
}

// statusOf maps errors as a server does.
func statusOf(_ context.Context, err error) error {
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok {
		return err
	}
	code := map[campaign.Kind]codes.Code{
		campaign.KindInvalid: codes.InvalidArgument, campaign.KindNotFound: codes.NotFound, campaign.KindConflict: codes.AlreadyExists,
		campaign.KindUnready: codes.FailedPrecondition, campaign.KindDenied: codes.PermissionDenied, campaign.KindAway: codes.Unavailable,
	}[e.Kind]
	st := status.New(code, e.Error())
	bad := &errdetails.BadRequest{}
	for _, v := range e.Violations {
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Message})
	}
	st, _ = st.WithDetails(&errdetails.ErrorInfo{Reason: e.Reason, Domain: "redial", Metadata: e.Meta}, bad)
	if e.RetryAfter > 0 {
		st, _ = st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	return st.Err()
}

// who is the caller that a request names in its metadata.
func who(ctx context.Context) context.Context {
	md, _ := metadata.FromIncomingContext(ctx)
	c := campaign.Caller{Role: campaign.Role(md.Get("role")[0]), Owner: md.Get("owner")[0]}
	if c.Role == campaign.RoleAgent {
		_, _ = fmt.Sscan(md.Get("agent")[0], &c.Agent)
	}
	for _, id := range md.Get("campaign") {
		c.Campaigns = append(c.Campaigns, 0)
		_, _ = fmt.Sscan(id, &c.Campaigns[len(c.Campaigns)-1])
	}
	return campaign.WithCaller(ctx, c)
}

func unary(ctx context.Context, r any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
	out, err := h(who(ctx), r)
	if err != nil {
		return nil, statusOf(ctx, err)
	}
	return out, nil
}

type asCaller struct {
	grpc.ServerStream
	ctx context.Context
}

func (s asCaller) Context() context.Context { return s.ctx }

func streaming(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) error {
	if err := h(srv, asCaller{s, who(s.Context())}); err != nil {
		return statusOf(s.Context(), err)
	}
	return nil
}

// as is an agent's own token.
func (b *bench) as(login string) context.Context {
	return metadata.AppendToOutgoingContext(b.Context(), "role", "agent", "owner", login, "agent", fmt.Sprint(b.agents[login]))
}

// asAgent is the token of an agent by number.
func asAgent(ctx context.Context, id int) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "role", "agent", "owner", fmt.Sprint("a", id), "agent", fmt.Sprint(id))
}

func (b *bench) admin() context.Context {
	return metadata.AppendToOutgoingContext(b.Context(), "role", "admin", "owner", "root")
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func must[T any](b *bench) func(T, error) T {
	return func(v T, err error) T {
		b.Helper()
		b.ok(err)
		return v
	}
}

// refused checks the code and the reason, or the field that is wrong.
func (b *bench) refused(what string, err error, code codes.Code, word string) {
	b.Helper()
	st := status.Convert(err)
	var words []string
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			words = append(words, d.GetReason())
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				words = append(words, v.GetField())
			}
		}
	}
	if st.Code() != code || (word != "" && !slices.Contains(words, word)) {
		b.Errorf("%s: got %s %q (%s), want %s %q", what, st.Code(), words, st.Message(), code, word)
	}
}

func (b *bench) campaign(name string, change func(*campaign.Campaign)) campaign.Campaign {
	b.Helper()
	c := campaign.Campaign{
		Name: name, Zone: "Etc/UTC", Region: "US", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor(),
		Script: "Hello {{name}}, this is {{agent}} about {{plan}} and {{nothing}}.",
		Codes:  []campaign.OutcomeCode{{Code: "SOLD", Label: "Sold it", Outcome: campaign.Success}},
	}
	c.Floor.WrapUp, c.Rules.Interval = 0, 10*time.Minute
	if change != nil {
		change(&c)
	}
	made := must[campaign.Campaign](b)(b.s.CreateCampaign(b.Context(), c))
	return must[campaign.Campaign](b)(b.s.StartCampaign(b.Context(), made.ID))
}

func (b *bench) agent(login string, camps ...campaign.CampaignID) {
	b.Helper()
	a := campaign.Agent{Login: login, Active: true}
	for _, c := range camps {
		a.Campaigns = append(a.Campaigns, campaign.Membership{CampaignID: c, Weight: 1})
	}
	b.agents[login] = must[campaign.Agent](b)(b.s.CreateAgent(b.Context(), a)).ID
}

// leads loads a list of so many and returns their ids.
func (b *bench) leads(n int) []campaign.LeadID {
	b.Helper()
	ctx := b.Context()
	b.made++
	u := must[campaign.Upload](b)(b.s.BeginUpload(ctx, campaign.Upload{CampaignID: b.camp.ID, FileName: "a.csv"}, fmt.Sprint("r", b.made)))
	must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("x")))
	u = must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, nil, 1))
	drafts := make([]campaign.Draft, n)
	for i := range drafts {
		b.made++
		drafts[i] = campaign.Draft{
			Line: i + 2, Name: fmt.Sprint("Lead ", i), Zones: []string{"Etc/UTC"}, Attributes: []campaign.Attribute{{Name: "plan", Value: "gold"}},
			Numbers: []campaign.Number{{Phone: campaign.Phone(fmt.Sprintf("+1212555%04d", b.made)), Extension: "7"}},
		}
	}
	must[campaign.Tally](b)(b.s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: int64(n)}))
	must[campaign.Upload](b)(b.s.FinishImport(ctx, u.ID))
	var ids []campaign.LeadID
	for _, l := range must[[]campaign.Lead](b)(b.s.FindLeads(ctx, campaign.LeadFilter{List: u.ListID, Limit: 1000})) {
		ids = append(ids, l.ID)
	}
	b.floor.Wake(b.camp.ID)
	synctest.Wait()
	return ids
}

// sound runs the audit, which must find nothing.
func (b *bench) sound() {
	b.Helper()
	_, err := b.s.Audit(b.Context(), 0, func(x campaign.Breach) error {
		b.Errorf("audit: %s: lead %d, assignment %d: %s", x.Invariant, x.Lead, x.Assignment, x.What)
		return nil
	})
	b.ok(err)
}

// next asks for a call by unary words.
func (b *bench) next(login string) *pb.Card {
	b.Helper()
	r := must[*pb.NextCallResponse](b)(b.desk.NextCall(b.as(login), &pb.NextCallRequest{Wait: durationpb.New(5 * time.Second)}))
	if r.GetCard() == nil {
		b.Fatalf("%s was given nothing: %s", login, r.GetWhyNone())
	}
	return r.GetCard()
}

func (b *bench) start(login string, id int64) *pb.StartCallResponse {
	b.Helper()
	return must[*pb.StartCallResponse](b)(b.desk.StartCall(b.as(login), &pb.StartCallRequest{AssignmentId: id}))
}

func (b *bench) record(login string, id int64, code string) *pb.RecordOutcomeResponse {
	b.Helper()
	return must[*pb.RecordOutcomeResponse](b)(b.desk.RecordOutcome(b.as(login), &pb.RecordOutcomeRequest{AssignmentId: id, Code: code}))
}

func (b *bench) in(d time.Duration) *campaignpb.Booking {
	return &campaignpb.Booking{Local: time.Now().UTC().Add(d).Format("2006-01-02T15:04:05"), Zone: "Etc/UTC"}
}
