package intake_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"redial/campaign"
	"redial/campaign/phone"
	"redial/campaign/rpc"
	"redial/campaign/store"
	"redial/cmd/internal/intake"
	"redial/cmd/internal/server"
	pb "redial/proto/campaign/v1"
	"redial/scheduler"
	schedulerrpc "redial/scheduler/rpc"
)

// door lets everybody in, as a manager.
type door struct{}

var manager = campaign.Caller{Owner: "mei", Role: campaign.RoleManager}

func (door) Enter(ctx context.Context, _ string) (context.Context, error) { return ctx, nil }

func (door) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(campaign.WithCaller(ctx, manager), req)
	}
}

func (door) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		return next(srv, ss)
	}
}

func (door) Check(map[string]grpc.ServiceInfo) error { return nil }

// floor hears what the services tell it.
type floor struct {
	mu      sync.Mutex
	woken   []campaign.CampaignID
	revoked []campaign.Assignment
}

func (f *floor) Wake(id campaign.CampaignID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.woken = append(f.woken, id)
}

func (f *floor) Revoked(taken []campaign.Assignment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revoked = append(f.revoked, taken...)
}

// heard is how often the campaign was woken since the last question.
func (f *floor) heard(id campaign.CampaignID) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, w := range f.woken {
		if w == id {
			n++
		}
	}
	f.woken = nil
	return n
}

type bundle struct {
	store     *store.Store
	intake    *intake.Intake
	floor     *floor
	campaigns pb.CampaignServiceClient
	lists     pb.ListServiceClient
	leads     pb.LeadServiceClient
	reports   pb.ReportServiceClient
	campaign  campaign.Campaign
}

func readNumber(text, region string) (campaign.Number, error) {
	return phone.One("", text, campaign.PhoneHint{Region: region})
}

func opened(st *store.Store) intake.Open {
	return func(ctx context.Context, id campaign.UploadID) (intake.File, error) { return st.UploadReader(ctx, id) }
}

// setup serves a record of its own, with one campaign of Chinese numbers, and an intake that works when it is told to.
func setup(t *testing.T) *bundle {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "record.db"), store.Options{
		Rules: store.Rules{Decide: new(scheduler.Rulebook).Plan, Judge: new(scheduler.Rulebook).Offer, Book: new(scheduler.Rulebook).Book},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	b := &bundle{store: st, floor: &floor{}}
	b.intake = intake.New(st, opened(st), st, st, intake.Options{Node: "one", Finished: b.floor.Wake})
	b.serve(t)
	b.campaign, err = st.CreateCampaign(t.Context(), campaign.Campaign{
		Name: "spring", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) serve(t *testing.T) {
	t.Helper()
	st := b.store
	srv, err := server.New(door{}, func(r grpc.ServiceRegistrar) {
		pb.RegisterCampaignServiceServer(r, rpc.NewCampaigns(st, st, b.floor, nil))
		pb.RegisterListServiceServer(r, rpc.NewLists(st, b.intake, st, st, intake.Tables{}, b.floor))
		pb.RegisterLeadServiceServer(r, rpc.NewLeads(st, st, st, st, readNumber, schedulerrpc.CaseEncoder(new(scheduler.Rulebook)), b.floor))
		pb.RegisterReportServiceServer(r, rpc.NewReports(st, intake.Tables{}))
	}, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		if err := errors.Join(srv.Stop(context.Background()), <-served); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	b.campaigns, b.lists = pb.NewCampaignServiceClient(conn), pb.NewListServiceClient(conn)
	b.leads, b.reports = pb.NewLeadServiceClient(conn), pb.NewReportServiceClient(conn)
}

func (b *bundle) begin(t *testing.T, name string, o *pb.ImportOptions) *pb.Upload {
	t.Helper()
	r, err := b.lists.BeginUpload(t.Context(), &pb.BeginUploadRequest{CampaignId: int64(b.campaign.ID), FileName: name, Options: o})
	if err != nil {
		t.Fatal(err)
	}
	return r.GetUpload()
}

// send sends the file from an offset in pieces, and answers with the size received.
func (b *bundle) send(t *testing.T, id, from int64, file []byte, piece int) (int64, error) {
	t.Helper()
	stream, err := b.lists.Upload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for at := int(from); at < len(file); at += piece {
		m := &pb.UploadRequest{UploadId: id, Offset: int64(at), Data: file[at:min(at+piece, len(file))]}
		if err := stream.Send(m); errors.Is(err, io.EOF) {
			break // the server's error comes with the answer
		} else if err != nil {
			t.Fatal(err)
		}
	}
	r, err := stream.CloseAndRecv()
	return r.GetSize(), err
}

// queued uploads a whole file and commits it.
func (b *bundle) queued(t *testing.T, name string, file []byte, o *pb.ImportOptions) *pb.Upload {
	t.Helper()
	u := b.begin(t, name, o)
	if n, err := b.send(t, u.GetId(), 0, file, 100_000); err != nil || n != int64(len(file)) {
		t.Fatalf("sent %d of %d bytes: %v", n, len(file), err)
	}
	r, err := b.lists.CommitUpload(t.Context(), &pb.CommitUploadRequest{UploadId: u.GetId(), Size: int64(len(file))})
	if err != nil {
		t.Fatal(err)
	}
	return r.GetUpload()
}

// imported is the upload after its import.
func (b *bundle) imported(t *testing.T, name string, file []byte, o *pb.ImportOptions) *pb.Upload {
	t.Helper()
	u := b.queued(t, name, file, o)
	if err := b.intake.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.upload(t, u.GetId())
}

func (b *bundle) upload(t *testing.T, id int64) *pb.Upload {
	t.Helper()
	r, err := b.lists.GetUpload(t.Context(), &pb.GetUploadRequest{UploadId: id})
	if err != nil {
		t.Fatal(err)
	}
	return r.GetUpload()
}

func (b *bundle) found(t *testing.T, list int64) []*pb.Lead {
	t.Helper()
	var all []*pb.Lead
	for token := ""; ; {
		r, err := b.leads.FindLeads(t.Context(), &pb.FindLeadsRequest{ListId: list, PageSize: 500, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.GetLeads()...)
		if token = r.GetNextPageToken(); token == "" {
			return all
		}
	}
}

// problemsCSV is the list's problems as the file that is exported.
func (b *bundle) problemsCSV(t *testing.T, list int64) []byte {
	t.Helper()
	stream, err := b.lists.ExportProblems(t.Context(), &pb.ExportProblemsRequest{ListId: list})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for first := true; ; first = false {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		if (r.GetFileName() != "") != first || len(r.GetData()) > 64<<10 {
			t.Errorf("piece %q of %d bytes", r.GetFileName(), len(r.GetData()))
		}
		out.Write(r.GetData())
	}
}

// refusal is the code of an error, the fields it names, and its reason with what programs need besides.
func refusal(err error) (code codes.Code, fields []string, reason string, meta map[string]string) {
	st := status.Convert(err)
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		case *errdetails.ErrorInfo:
			reason, meta = d.GetReason(), d.GetMetadata()
		}
	}
	return st.Code(), fields, reason, meta
}
