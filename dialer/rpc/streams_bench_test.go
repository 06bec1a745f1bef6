package rpc_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"redial/campaign"
	"redial/dialer"
	"redial/dialer/rpc"
	pb "redial/proto/dialer/v1"
)

// lobby is a record in memory in which agents are ready and there is nothing to call.
type lobby struct {
	dialer.Record
	rpc.Book
	mu       sync.Mutex
	sessions map[campaign.AgentID]campaign.Session
}

func (l *lobby) Arrivals(_ context.Context, ids []campaign.AgentID, _ time.Time) (map[campaign.AgentID]campaign.Arrival, error) {
	out := make(map[campaign.AgentID]campaign.Arrival)
	for _, id := range ids {
		out[id] = campaign.Arrival{
			Agent: campaign.Agent{ID: id, Login: fmt.Sprint("a", id), Active: true, Campaigns: []campaign.Membership{{CampaignID: 1, Weight: 1}}},
		}
	}
	return out, nil
}

func (l *lobby) MoveSession(_ context.Context, id campaign.AgentID, move func(campaign.Session, time.Time) (campaign.Session, error)) (campaign.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[id]
	if !ok {
		s = campaign.Session{AgentID: id, State: campaign.AgentSignedOut}
	}
	s, err := move(s, time.Now())
	if err == nil {
		l.sessions[id] = s
	}
	return s, err
}

func (l *lobby) Sessions(context.Context, string) ([]campaign.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]campaign.Session, 0, len(l.sessions))
	for _, s := range l.sessions {
		out = append(out, s)
	}
	return out, nil
}

func (l *lobby) Session(_ context.Context, id campaign.AgentID) (campaign.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sessions[id], nil
}

func (l *lobby) Agents(context.Context) ([]campaign.Agent, error) { return nil, nil }

func (l *lobby) Offering(context.Context) ([]campaign.Campaign, error) {
	return []campaign.Campaign{{ID: 1, State: campaign.CampaignRunning, Floor: campaign.DefaultFloor()}}, nil
}

func (l *lobby) DuePromises(context.Context, []campaign.CampaignID, time.Time, int) ([]campaign.Appointment, error) {
	return nil, nil
}

func (l *lobby) OwnedAhead(context.Context, []campaign.AgentID, time.Time, int) ([]campaign.Owned, error) {
	return nil, nil
}

func (l *lobby) AgentLogins(_ context.Context, ids []campaign.AgentID) (map[campaign.AgentID]string, error) {
	return map[campaign.AgentID]string{ids[0]: fmt.Sprint("a", ids[0])}, nil
}

func (l *lobby) Take(context.Context, campaign.CampaignID, int, int) ([]campaign.LeadID, error) {
	return nil, nil
}

// still is a service whose streams do nothing: what a stream costs at least.
type still struct {
	pb.UnimplementedAgentServiceServer
}

func (still) Work(s grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse]) error {
	for {
		if _, err := s.Recv(); err != nil {
			return err
		}
		if err := s.Send(&pb.WorkResponse{}); err != nil {
			return err
		}
	}
}

type lobbyHooks struct{ *dialer.Floor }

func (lobbyHooks) Back(campaign.CampaignID, campaign.LeadID) {}

// BenchmarkStreams tells what a signed-in stream costs in memory, client and server together, beside a stream that does
// nothing: on a connection shared by all, and with one of its own. Each b.N is a stream more; run it with -benchtime 2000x.
func BenchmarkStreams(b *testing.B) {
	l := &lobby{sessions: make(map[campaign.AgentID]campaign.Session)}
	floor := dialer.NewFloor("here", l, l, time.Now, dialer.Options{})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = floor.Run(ctx) }()
	b.Cleanup(func() { stop(); <-ended })
	agents := rpc.NewAgents(lobbyHooks{floor}, nil, nil, l, nil, statusOf, time.Now)
	for _, c := range []struct {
		name  string
		serve pb.AgentServiceServer
		own   bool
	}{{"still/shared", still{}, false}, {"work/shared", agents, false}, {"still/own", still{}, true}, {"work/own", agents, true}} {
		b.Run(c.name, func(b *testing.B) { benchStreams(b, c.serve, c.own) })
	}
}

func benchStreams(b *testing.B, serve pb.AgentServiceServer, own bool) {
	srv := grpc.NewServer(grpc.StreamInterceptor(streaming))
	pb.RegisterAgentServiceServer(srv, serve)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	fine(b, err)
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(listener) }()
	var conns []*grpc.ClientConn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
		srv.Stop()
		<-served
	}()
	dial := func() *grpc.ClientConn {
		conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		fine(b, err)
		conns = append(conns, conn)
		return conn
	}
	first := dial()
	lines := []grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse]{signedIn(b, first, 1)}
	before, goroutines := inUse(), runtime.NumGoroutine()
	b.ResetTimer()
	for i := range b.N {
		conn := first
		if own {
			conn = dial()
		}
		lines = append(lines, signedIn(b, conn, i+2))
	}
	b.StopTimer()
	b.ReportMetric(float64(inUse()-before)/float64(b.N), "B/stream")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(b.N), "goroutines/stream")
	runtime.KeepAlive(lines)
}

func signedIn(b *testing.B, conn *grpc.ClientConn, agent int) grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse] {
	line, err := pb.NewAgentServiceClient(conn).Work(asAgent(b.Context(), agent))
	fine(b, err)
	fine(b, line.Send(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Ready: true}}}))
	_, err = line.Recv()
	fine(b, err)
	return line
}

// inUse is the memory of heap and stacks that is in use.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
