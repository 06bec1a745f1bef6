// Package server decides how every call over gRPC is received: recovered from, admitted, given its time, measured,
// logged, and its error put into words that cross the wire. It never decides what a call does, and its log has no
// notes, attributes or numbers: a request's content is never written.
package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

// Guard admits callers and knows the table of roles.
type Guard interface {
	// Enter lets a unary call in by its headers, before a byte of its message is read; the context is for Unary.
	Enter(ctx context.Context, method string) (context.Context, error)
	Unary() grpc.UnaryServerInterceptor
	Stream() grpc.StreamServerInterceptor
	// Check says what is wrong between the table and the services; a server does not start with an error.
	Check(services map[string]grpc.ServiceInfo) error
}

// Options of New. The zero value is useful.
type Options struct {
	Log        *slog.Logger          // nil: discarded
	Metrics    prometheus.Registerer // nil: not measured
	MaxMessage int                   // bytes of a message in or out; 0: 4 MiB
	MaxStreams uint32                // concurrent calls on a connection; 0: 10,000
	TLS        *tls.Config           // nil: in the clear
	Heavy      int                   // reports, exports, simulations at once: each holds a connection to the database for long; 0: 2
	Rates      Rates                 // calls a second of a token by its role; nil: the usual ones

	handshake time.Duration // to greet, TLS included; 0: 10 s. Tests are shorter
}

// Server is the API's port: the services given to New, health and reflection.
type Server struct {
	grpc   *grpc.Server
	health *health.Server
	gate   *gate // of short work
	ending context.CancelFunc
}

// New builds a server of the services that register adds. It fails when one of their methods is in no role table.
// It reports NOT_SERVING until SetServing.
func New(guard Guard, register func(grpc.ServiceRegistrar), o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MaxMessage = cmp.Or(o.MaxMessage, usualMessage)
	o.MaxStreams = cmp.Or(o.MaxStreams, 10_000)
	o.Heavy = cmp.Or(o.Heavy, 2)
	o.handshake = cmp.Or(o.handshake, handshake)
	size := sizes{o.MaxMessage}
	m, err := newMeter(o.Metrics)
	sheds := newShedMeter(o.Metrics)
	a := newAdmission(o.Log, sheds, size, o.Heavy)
	rates := newLimiter(o.Rates, sheds)
	if err = errors.Join(err, sheds.err); err != nil {
		return nil, fmt.Errorf("register the metrics of the API: %w", err)
	}
	ending, cancel := context.WithCancel(context.Background())
	c := &chain{log: o.Log, meter: m, ending: ending}
	s := &Server{health: health.NewServer(), gate: a.short, ending: cancel}
	coming := &arrivals{within: arrivalTime}
	s.grpc = grpc.NewServer(append(transport(size, o, coming), grpc.StreamInterceptor(streams(c, guard.Stream(), rates, a)))...)
	h := &heads{to: s.grpc, chain: c, guard: guard, rates: rates, away: a.turnAway, unary: chained(guard.Unary(), a.unary)}
	coming.away = h.tapped
	register(h)
	healthpb.RegisterHealthServer(h, s.health)
	reflection.Register(s.grpc)
	s.SetServing(false)
	coming.know(s.grpc.GetServiceInfo())
	if err := guard.Check(s.grpc.GetServiceInfo()); err != nil {
		cancel()
		return nil, fmt.Errorf("the role table does not fit the services: %w", err)
	}
	return s, nil
}

// Limits of connections. They are let go of after a while, so that after a restart of one node the callers spread over
// all again: what is in hand is finished first, and only what outlasts the grace is cut. That is longer than a backup or
// an audit of the largest record takes, which would begin anew each time and never end. Streams of desks and watchers may
// stay as long: they end when the node drains, and come back.
const (
	handshake   = 10 * time.Second
	oldAge      = 30 * time.Minute // give or take a tenth, which gRPC does
	ageGrace    = 4 * time.Hour
	idleMost    = 15 * time.Minute
	headersMost = 16 << 10 // bytes of metadata
	// What a stream may send before anybody reads it: whoever is not let in yet fills no more than that. What is read may
	// come in one go however large it is. A window that gRPC lets grow by what the line can carry would grow for strangers.
	streamWindow = 64 << 10
	connWindow   = 1 << 20
)

func transport(size sizes, o Options, coming *arrivals) []grpc.ServerOption {
	creds := insecure.NewCredentials()
	if o.TLS != nil {
		creds = mixed{credentials.NewTLS(o.TLS), insecure.NewCredentials()}
	}
	return []grpc.ServerOption{
		grpc.Creds(creds),
		grpc.InTapHandle(coming.begin),
		grpc.MaxRecvMsgSize(size.hard()),
		grpc.MaxSendMsgSize(size.hard()),
		grpc.MaxConcurrentStreams(o.MaxStreams),
		grpc.MaxHeaderListSize(headersMost),
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connWindow),
		grpc.ConnectionTimeout(o.handshake),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: 30 * time.Second, Timeout: 20 * time.Second,
			MaxConnectionIdle: idleMost, MaxConnectionAge: oldAge, MaxConnectionAgeGrace: ageGrace,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
}

// Serve answers calls on lis until Stop; it closes lis. A stop is no error.
func (s *Server) Serve(lis net.Listener) error {
	if err := s.grpc.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve the API: %w", err)
	}
	return nil
}

// SetServing tells health checks, for the server as a whole and for each service, whether to send calls here.
func (s *Server) SetServing(serving bool) {
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if serving {
		status = healthpb.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", status)
	for name := range s.grpc.GetServiceInfo() {
		s.health.SetServingStatus(name, status)
	}
}

// Stop takes no more calls, tells streams to end (see Ending) and waits for unary calls. What still runs when ctx
// ends is cut off, which is the error then.
func (s *Server) Stop(ctx context.Context) error {
	s.health.Shutdown()
	s.ending()
	done := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
		return fmt.Errorf("calls were cut off: %w", context.Cause(ctx))
	}
}
