package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"redial/campaign"
	"redial/campaign/rpc"
	pb "redial/proto/campaign/v1"
)

// counting counts what reaches the record, and may fail or hold it up.
type counting struct {
	rpc.Leads
	taken atomic.Int64
	fail  func(n int64) error
	last  map[string]int64 // of the audit log's entry
}

func (c *counting) UpsertLeads(ctx context.Context, b campaign.UpsertBatch) (campaign.Upserted, error) {
	n := c.taken.Add(int64(len(b.Items)))
	if c.fail != nil {
		if err := c.fail(n); err != nil {
			return campaign.Upserted{}, err
		}
	}
	return c.Leads.UpsertLeads(ctx, b)
}

func (c *counting) AuditUpserts(ctx context.Context, source string, counts map[string]int64) error {
	c.last = counts
	return c.Leads.AuditUpserts(ctx, source, counts)
}

// served answers over a connection in memory, to a caller.
func served(t *testing.T, s *rpc.LeadServer, caller campaign.Caller) pb.LeadServiceClient {
	t.Helper()
	server := grpc.NewServer(grpc.StreamInterceptor(func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		err := next(srv, called{ss, campaign.WithCaller(ss.Context(), caller)})
		if e, ok := errors.AsType[*campaign.Error](err); ok {
			return status.Error(map[campaign.Kind]codes.Code{campaign.KindInvalid: codes.InvalidArgument, campaign.KindExhausted: codes.ResourceExhausted,
				campaign.KindAway: codes.Unavailable, campaign.KindNotFound: codes.NotFound}[e.Kind], e.Reason+" "+e.Error())
		}
		return err
	}))
	pb.RegisterLeadServiceServer(server, s)
	l := bufconn.Listen(64 << 10)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); server.Stop(); <-done })
	return pb.NewLeadServiceClient(conn)
}

type called struct {
	grpc.ServerStream
	ctx context.Context
}

func (c called) Context() context.Context { return c.ctx }

func (b *bench) upserting(leads rpc.Leads) *rpc.LeadServer {
	return rpc.NewLeads(leads, b, b, b, readNumber, encoded, b.heard)
}

func itemOf(n int, phone string) *pb.UpsertItem {
	return &pb.UpsertItem{Position: int64(n), ExternalId: fmt.Sprint("C", n), Revision: 1, Action: &pb.UpsertItem_Upsert{Upsert: &pb.UpsertLead{
		Lead: &pb.Lead{Name: fmt.Sprint("lead ", n), Numbers: []*pb.Number{{Phone: phone}}}}}}
}

// mobile is the n-th mobile number, as it is written in China.
func mobile(n int) string { return fmt.Sprintf("138%08d", n) }

func begun(t *testing.T, c pb.LeadServiceClient, begin *pb.UpsertBegin) grpc.BidiStreamingClient[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse] {
	t.Helper()
	stream := must[grpc.BidiStreamingClient[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse]](t)(c.UpsertLeads(t.Context()))
	if err := stream.Send(&pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Begin{Begin: begin}}); err != nil {
		t.Fatal(err)
	}
	return stream
}

func sendItem(stream grpc.BidiStreamingClient[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse], it *pb.UpsertItem) error {
	return stream.Send(&pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Item{Item: it}})
}

// answers reads until the stream ends.
func answers(stream grpc.BidiStreamingClient[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse]) (all []*pb.UpsertResult, err error) {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, m.GetResults()...)
	}
}

func manager() campaign.Caller { return campaign.Caller{Owner: "hubspot", Role: campaign.RoleCRM} }

func TestUpsertLeadsAnswersEachItemOnItsOwn(t *testing.T) {
	b := setup(t)
	leads := &counting{Leads: b}
	c := served(t, b.upserting(leads), manager())
	stream := begun(t, c, &pb.UpsertBegin{Source: "hubspot", CampaignId: int64(b.campaign.ID)})
	bad := itemOf(3, "12")
	masked := itemOf(4, mobile(4))
	masked.GetUpsert().UpdateMask = mask("state")
	gone := &pb.UpsertItem{Position: 6, ExternalId: "C1", Revision: 2, Action: &pb.UpsertItem_Withdraw{Withdraw: &pb.WithdrawUpserted{Reason: "sold"}}}
	for _, it := range []*pb.UpsertItem{itemOf(1, mobile(1)), itemOf(2, mobile(1)), bad, masked, {Position: 5, ExternalId: "C5"}, gone} {
		if err := sendItem(stream, it); err != nil {
			t.Fatal(err)
		}
	}
	_ = stream.CloseSend()
	got, err := answers(stream)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b *pb.UpsertResult) int { return int(a.GetPosition() - b.GetPosition()) })
	var lines []string
	for _, r := range got {
		line := fmt.Sprintf("%d %s %s", r.GetPosition(), r.GetExternalId(), strings.TrimPrefix(r.GetDone().String(), "UPSERT_DONE_"))
		if e := r.GetError(); e != nil {
			line += fmt.Sprintf(" %s %s %s", codes.Code(e.GetCode()), e.GetReason(), e.GetFields()[0].GetField())
		}
		lines = append(lines, line)
	}
	want := `1 C1 ADDED
2 C2 UNSPECIFIED AlreadyExists DUPLICATE_NUMBER lead.numbers[0].phone
3 C3 UNSPECIFIED InvalidArgument  lead.numbers[0].phone
4 C4 UNSPECIFIED InvalidArgument  update_mask
5 C5 UNSPECIFIED InvalidArgument  action
6 C1 WITHDRAWN`
	if text := strings.Join(lines, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if !slices.Contains(b.heard.woken, b.campaign.ID) {
		t.Error("the floor was not woken")
	}
	if fmt.Sprint(leads.last) != "map[added:1 failed:4 withdrawn:1]" {
		t.Errorf("the audit log counts %v", leads.last)
	}
}

func TestUpsertLeadsRefusesABeginningThatSaysNotWhose(t *testing.T) {
	b := setup(t)
	c := served(t, b.upserting(b), campaign.Caller{Owner: "x", Role: campaign.RoleCRM, Campaigns: []campaign.CampaignID{77}})
	for what, m := range map[string]*pb.UpsertLeadsRequest{
		"item first": {Part: &pb.UpsertLeadsRequest_Item{Item: itemOf(1, mobile(1))}},
		"no source":  {Part: &pb.UpsertLeadsRequest_Begin{Begin: &pb.UpsertBegin{}}},
		"region":     {Part: &pb.UpsertLeadsRequest_Begin{Begin: &pb.UpsertBegin{Source: "x", Region: "China"}}},
		"unseen":     {Part: &pb.UpsertLeadsRequest_Begin{Begin: &pb.UpsertBegin{Source: "x", CampaignId: int64(b.campaign.ID)}}},
	} {
		stream := must[grpc.BidiStreamingClient[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse]](t)(c.UpsertLeads(t.Context()))
		_ = stream.Send(m)
		_, err := stream.Recv()
		if code := status.Code(err); code != codes.InvalidArgument && (what != "unseen" || code != codes.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestI2AStreamThatIsCutGoesOnWithWhatWasNotAnswered(t *testing.T) {
	b := setup(t)
	cut := &counting{Leads: b, fail: func(n int64) error {
		if n > 300 {
			return &campaign.Error{Kind: campaign.KindAway, Message: "the record is away"}
		}
		return nil
	}}
	const all = 700
	open := make(map[int64]bool)
	for n := range all {
		open[int64(n)] = true
	}
	for try := 0; len(open) > 0; try++ {
		leads := rpc.Leads(b)
		if try == 0 {
			leads = cut
		}
		stream := begun(t, served(t, b.upserting(leads), manager()), &pb.UpsertBegin{Source: "hubspot", CampaignId: int64(b.campaign.ID)})
		sent := make(chan struct{})
		var some []int64
		for n := range open {
			some = append(some, n)
		}
		go func() {
			defer close(sent)
			for _, n := range some {
				if sendItem(stream, itemOf(int(n), mobile(int(n)))) != nil {
					return
				}
			}
			_ = stream.CloseSend()
		}()
		got, err := answers(stream)
		<-sent
		if (status.Code(err) == codes.Unavailable) != (try == 0) {
			t.Fatalf("try %d ended with %v", try, err)
		}
		for _, r := range got {
			if r.GetError() != nil || r.GetDone() != pb.UpsertDone_UPSERT_DONE_ADDED || !open[r.GetPosition()] {
				t.Fatalf("try %d: %v", try, r)
			}
			delete(open, r.GetPosition())
		}
		if try == 0 && (len(open) == 0 || len(open) == all) {
			t.Fatalf("%d were left after the cut", len(open))
		}
	}
	if n := len(must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{Campaign: b.campaign.ID, Limit: 2 * all}))); n != all {
		t.Errorf("%d leads, want %d", n, all)
	}
}

func TestUpsertLeadsTakesNoMoreThanIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		leads := &counting{Leads: b}
		ctx := campaign.WithCaller(t.Context(), manager())
		s := &unread{ctx: ctx, items: func(n int) *pb.UpsertItem { return itemOf(n, mobile(n)) }, campaign: int64(b.campaign.ID), stop: make(chan struct{})}
		began := time.Now()
		err := b.upserting(leads).UpsertLeads(s)
		close(s.stop)
		if campaign.ReasonOf(err) != campaign.ReasonTooSlow || campaign.KindOf(err) != campaign.KindExhausted {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(began); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("ended after %s", took)
		}
		if n := s.asked.Load(); n > 800 || leads.taken.Load() > 200 {
			t.Errorf("%d items were taken off the wire, %d done, with nobody reading", n, leads.taken.Load())
		}
	})
}

// unread is a stream whose other end sends without end, and reads nothing.
type unread struct {
	grpc.ServerStream
	ctx      context.Context
	items    func(n int) *pb.UpsertItem
	campaign int64
	asked    atomic.Int64
	stop     chan struct{}
}

func (u *unread) Context() context.Context { return u.ctx }

func (u *unread) Recv() (*pb.UpsertLeadsRequest, error) {
	n := u.asked.Add(1)
	if n == 1 {
		return &pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Begin{Begin: &pb.UpsertBegin{Source: "hubspot", CampaignId: u.campaign}}}, nil
	}
	return &pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Item{Item: u.items(int(n))}}, nil
}

func (u *unread) Send(*pb.UpsertLeadsResponse) error {
	<-u.stop
	return io.ErrClosedPipe
}

func TestLargeItemsTakeMorePlaces(t *testing.T) {
	b := setup(t)
	stream := begun(t, served(t, b.upserting(b), manager()), &pb.UpsertBegin{Source: "hubspot", CampaignId: int64(b.campaign.ID), Region: "CN"})
	go func() {
		for n := range 40 {
			it := itemOf(n, mobile(n))
			for k := range 100 {
				it.GetUpsert().GetLead().Attributes = append(it.GetUpsert().GetLead().Attributes, &pb.Attribute{Name: fmt.Sprint(k), Value: strings.Repeat("x", 9000)})
			}
			if sendItem(stream, it) != nil {
				return
			}
		}
		_ = stream.CloseSend()
	}()
	got, err := answers(stream)
	if err != nil || len(got) != 40 {
		t.Errorf("%d answers, %v", len(got), err)
	}
}
