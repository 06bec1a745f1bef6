package precall

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/campaign/egress"
	pb "redial/proto/campaign/v1"
)

// server is a CRM that answers as it is told.
type server struct {
	pb.UnimplementedPreCallServiceServer
	mu     sync.Mutex
	asked  []*pb.CheckCallRequest
	bearer []string
	answer func(context.Context, *pb.CheckCallRequest) (*pb.CheckCallResponse, error)
}

func (s *server) CheckCall(ctx context.Context, r *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
	s.mu.Lock()
	md, _ := metadata.FromIncomingContext(ctx)
	s.asked, s.bearer = append(s.asked, r), append(s.bearer, strings.Join(md.Get("authorization"), ","))
	answer := s.answer
	s.mu.Unlock()
	return answer(ctx, r)
}

func (s *server) say(f func(context.Context, *pb.CheckCallRequest) (*pb.CheckCallResponse, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func yes(context.Context, *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
	return &pb.CheckCallResponse{Allow: true}, nil
}

func hang(ctx context.Context, _ *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func broken(context.Context, *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
	return nil, status.Error(codes.Internal, "out of order")
}

// serve starts a CRM on this machine, at an address if one is given.
func serve(t *testing.T, at string, opts ...grpc.ServerOption) (s *server, address string, stop func()) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s = &server{answer: yes}
	g := grpc.NewServer(opts...)
	pb.RegisterPreCallServiceServer(g, s)
	done := make(chan struct{})
	go func() { defer close(done); _ = g.Serve(l) }()
	stop = sync.OnceFunc(func() { g.Stop(); <-done })
	t.Cleanup(stop)
	return s, l.Addr().String(), stop
}

var here = egress.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

func asking(address string) campaign.PreCall {
	return campaign.PreCall{Address: address, Deadline: 2 * time.Second, Plaintext: true}
}

func TestAQuestionArrivesWholeAndItsAnswerComesBack(t *testing.T) {
	t.Parallel()
	s, address, _ := serve(t, "127.0.0.1:0")
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "crm"), []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var results []Result
	c := client(t, Options{Guard: here, Tokens: folder, Count: func(r Result, _ time.Duration) { results = append(results, r) }})
	promised := time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	s.say(func(context.Context, *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
		return &pb.CheckCallResponse{Reason: "in dispute", NotBefore: timestamppb.New(promised), Withdraw: true}, nil
	})
	p := asking(address)
	p.TokenName = "crm"
	got, err := c.Check(t.Context(), p, campaign.PreCallQuestion{Campaign: 1, Name: "spring", Lead: 2, Source: "crm", ExternalID: "c-9", Number: "+12125550100",
		Account: "loan 4", Reason: "appointment", Login: "ann", PromisedAt: promised})
	if want := (campaign.PreCallAnswer{NotBefore: promised, Reason: "in dispute", Withdraw: true}); err != nil || got != want {
		t.Fatalf("got %+v, %v", got, err)
	}
	r := s.asked[0]
	if r.GetCampaignId() != 1 || r.GetCampaignName() != "spring" || r.GetLeadId() != 2 || r.GetSource() != "crm" || r.GetExternalId() != "c-9" ||
		r.GetNumber() != "+12125550100" || r.GetAccount() != "loan 4" || r.GetReason() != "appointment" || r.GetAgentLogin() != "ann" || !r.GetPromisedAt().AsTime().Equal(promised) {
		t.Errorf("asked %v", r)
	}
	if s.bearer[0] != "Bearer s3cret" {
		t.Errorf("showed %q", s.bearer[0])
	}
	s.say(yes)
	if got, err := c.Check(t.Context(), asking(address), campaign.PreCallQuestion{}); err != nil || !got.Allow || s.bearer[1] != "" {
		t.Errorf("then %+v, %v, shown %q", got, err, s.bearer)
	}
	if len(results) != 2 || results[0] != Withdrawn || results[1] != Allowed {
		t.Errorf("counted %v", results)
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	s, address, _ := serve(t, "127.0.0.1:0")
	_, down, stop := serve(t, "127.0.0.1:0")
	stop()
	for name, test := range map[string]struct {
		do    func(context.Context, *pb.CheckCallRequest) (*pb.CheckCallResponse, error)
		ask   campaign.PreCall
		guard egress.Guard
		want  string
	}{
		"an error":                  {do: broken, ask: asking(address), guard: here, want: "out of order"},
		"no answer in time":         {do: hang, ask: campaign.PreCall{Address: address, Deadline: 50 * time.Millisecond, Plaintext: true}, guard: here, want: "DeadlineExceeded"},
		"nobody there":              {do: yes, ask: asking(down), guard: here, want: "refused"},
		"an address that is closed": {do: yes, ask: asking(address), want: egress.Setting},
		"plain text where TLS is":   {do: yes, ask: campaign.PreCall{Address: address, Deadline: time.Second}, guard: here, want: "tls"},
		"an unknown token":          {do: yes, ask: campaign.PreCall{Address: address, Deadline: time.Second, Plaintext: true, TokenName: "x"}, guard: here, want: "pre-call-tokens"},
		"an instant that is none": {do: func(context.Context, *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
			return &pb.CheckCallResponse{NotBefore: &timestamppb.Timestamp{Nanos: -1}}, nil
		}, ask: asking(address), guard: here, want: "not_before"},
	} {
		t.Run(name, func(t *testing.T) {
			s.say(test.do)
			_, err := client(t, Options{Guard: test.guard}).Check(t.Context(), test.ask, campaign.PreCallQuestion{Number: "+12125550100"})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "12125550100") {
				t.Errorf("got %v, want one with %q and no number", err, test.want)
			}
		})
	}
}

func TestACRMThatIsDownIsLeftAloneAndFoundAgain(t *testing.T) {
	t.Parallel()
	s, address, _ := serve(t, "127.0.0.1:0")
	now := time.Unix(1000, 0)
	c := client(t, Options{Guard: here, Now: func() time.Time { return now }})
	ask := func() error {
		_, err := c.Check(t.Context(), asking(address), campaign.PreCallQuestion{})
		return err
	}
	s.say(broken)
	for range failures {
		if err := ask(); err == nil || errors.Is(err, errResting) {
			t.Fatal(err)
		}
	}
	if err := ask(); !errors.Is(err, errResting) || s.count() != failures {
		t.Fatalf("the next question was asked: %v, %d in all", err, s.count())
	}
	now = now.Add(restFor)
	if err := ask(); errors.Is(err, errResting) { // the one that is tried
		t.Fatal(err)
	}
	if err := ask(); !errors.Is(err, errResting) || s.count() != failures+1 {
		t.Fatalf("one failure more opened it: %v", err)
	}
	s.say(yes)
	now = now.Add(restFor)
	for range 3 {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNobodyTripsTheBreakerByLeaving(t *testing.T) {
	t.Parallel()
	s, address, _ := serve(t, "127.0.0.1:0")
	s.say(hang)
	c := client(t, Options{Guard: here})
	for n := range failures + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for s.count() <= n && ctx.Err() == nil {
				time.Sleep(time.Millisecond) //nolint:forbidigo // until the question has arrived
			}
			cancel()
		}()
		if _, err := c.Check(ctx, asking(address), campaign.PreCallQuestion{}); err == nil || errors.Is(err, errResting) {
			t.Fatal(err)
		}
	}
}

func TestAtMostSoManyAreAskedAtOnce(t *testing.T) {
	t.Parallel()
	s, address, _ := serve(t, "127.0.0.1:0")
	arrived, release := make(chan struct{}, 2*atOnce), make(chan struct{})
	s.say(func(ctx context.Context, r *pb.CheckCallRequest) (*pb.CheckCallResponse, error) {
		arrived <- struct{}{}
		<-release
		return yes(ctx, r)
	})
	c := client(t, Options{Guard: here})
	var all sync.WaitGroup
	for range atOnce + 8 {
		all.Go(func() {
			p := asking(address)
			p.Deadline = 5 * time.Second
			if a, err := c.Check(t.Context(), p, campaign.PreCallQuestion{}); err != nil || !a.Allow {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
	for range atOnce {
		<-arrived
	}
	if n := s.count(); n != atOnce {
		t.Errorf("%d are asked at once", n)
	}
	close(release)
	all.Wait()
	if n := s.count(); n != atOnce+8 {
		t.Errorf("%d were asked in all", n)
	}
}
