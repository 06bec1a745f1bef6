package server

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	campaignv1 "redial/proto/campaign/v1"
)

// door is a guard that lets everybody in, and says of the services what it is told to.
type door struct{ fault error }

func (door) Enter(ctx context.Context, _ string) (context.Context, error) { return ctx, nil }

func (door) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(ctx, req)
	}
}

func (door) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		return next(srv, ss)
	}
}

func (d door) Check(map[string]grpc.ServiceInfo) error { return d.fault }

// service does what each test says.
type service struct {
	campaignv1.UnimplementedCampaignServiceServer
	campaignv1.UnimplementedListServiceServer
	get   func(context.Context) error
	watch func(context.Context) error
	table func(grpc.ServerStreamingServer[campaignv1.ExportProblemsResponse]) error
}

func (s *service) ExportProblems(_ *campaignv1.ExportProblemsRequest, ss grpc.ServerStreamingServer[campaignv1.ExportProblemsResponse]) error {
	return s.table(ss)
}

func (s *service) GetCampaign(ctx context.Context, _ *campaignv1.GetCampaignRequest) (*campaignv1.GetCampaignResponse, error) {
	return &campaignv1.GetCampaignResponse{}, s.get(ctx)
}

func (s *service) WatchImport(_ *campaignv1.WatchImportRequest, ss grpc.ServerStreamingServer[campaignv1.WatchImportResponse]) error {
	return s.watch(ss.Context())
}

// journal is a log that tests read.
type journal struct {
	mu sync.Mutex
	b  strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

type bundle struct {
	server    *Server
	campaigns campaignv1.CampaignServiceClient
	lists     campaignv1.ListServiceClient
	conn      *grpc.ClientConn
	log       *journal
	metrics   *prometheus.Registry
	read      *atomic.Int64 // bytes that came from clients
	lis       *metered
}

// metered is a listener that counts what it reads.
type metered struct {
	*bufconn.Listener
	read atomic.Int64
}

func (l *metered) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &meteredConn{c, &l.read}, nil
}

type meteredConn struct {
	net.Conn
	read *atomic.Int64
}

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func setup(t *testing.T, svc *service) *bundle {
	t.Helper()
	return setupGuarded(t, door{}, svc)
}

func setupGuarded(t *testing.T, guard Guard, svc *service) *bundle {
	t.Helper()
	b := &bundle{log: &journal{}, metrics: prometheus.NewRegistry()}
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	b.server, err = New(guard, func(r grpc.ServiceRegistrar) {
		campaignv1.RegisterCampaignServiceServer(r, svc)
		campaignv1.RegisterListServiceServer(r, svc)
	}, Options{Log: log, Metrics: b.metrics})
	if err != nil {
		t.Fatal(err)
	}
	lis := &metered{Listener: bufconn.Listen(1 << 20)}
	b.read, b.lis = &lis.read, lis
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(lis) }()
	b.conn, err = grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(1<<16), grpc.WithInitialConnWindowSize(1<<20), // they do not grow by themselves
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.conn.Close()
		b.server.grpc.Stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	b.campaigns, b.lists = campaignv1.NewCampaignServiceClient(b.conn), campaignv1.NewListServiceClient(b.conn)
	return b
}

func (b *bundle) get(ctx context.Context) error {
	_, err := b.campaigns.GetCampaign(ctx, &campaignv1.GetCampaignRequest{Name: "spring-secret"})
	return err
}

// sample is a metric's value, of the sample with this code if one is given; 0 if there is none.
func (b *bundle) sample(t *testing.T, name, code string) float64 {
	t.Helper()
	families, err := b.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			fits := code == ""
			for _, l := range m.GetLabel() {
				fits = fits || (l.GetName() == "code" && l.GetValue() == code)
			}
			if f.GetName() == name && fits {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}
