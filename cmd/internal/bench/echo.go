package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echo is a bare gRPC server that gives back what it gets, call by call or over streams, and a client on one
// connection: what a call costs at least.
type echo struct {
	server *grpc.Server
	addr   string
	conn   *grpc.ClientConn
	ended  chan error
}

// The echo's methods.
const (
	echoMethod = "/redial.bench.Echo/Echo"
	echoStream = "/redial.bench.Echo/Stream"
)

var echoService = grpc.ServiceDesc{
	ServiceName: "redial.bench.Echo", HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(_ any, _ context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.BytesValue)
		return in, read(in)
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		for {
			in := new(wrapperspb.BytesValue)
			if err := s.RecvMsg(in); err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				return err
			}
			if err := s.SendMsg(in); err != nil {
				return err
			}
		}
	}}},
}

func startEcho() (*echo, error) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the echo: %w", err)
	}
	e := &echo{server: grpc.NewServer(), addr: lis.Addr().String(), ended: make(chan error, 1)}
	e.server.RegisterService(&echoService, nil)
	go func() { e.ended <- e.server.Serve(lis) }()
	e.conn, err = connect(e.addr)
	if err != nil {
		return nil, errors.Join(err, e.stop())
	}
	return e, nil
}

func connect(addr string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

func (e *echo) stop() error {
	var err error
	if e.conn != nil {
		err = e.conn.Close()
	}
	e.server.Stop()
	return errors.Join(err, <-e.ended)
}

// echoBytes is how large a message of the echo is.
const echoBytes = 64

var errEcho = errors.New("echo: it is not what was sent")

// slice lets callers call for a while.
func (e *echo) slice(ctx context.Context, callers int, for_ time.Duration) (slice, error) {
	payload := wrapperspb.Bytes(make([]byte, echoBytes))
	until := time.Now().Add(for_)
	return inParallel(ctx, callers, func(ctx context.Context, _ int, did func(time.Duration)) error {
		for n := 0; n == 0 || time.Now().Before(until) && ctx.Err() == nil; n++ {
			began := time.Now()
			out := new(wrapperspb.BytesValue)
			if err := e.conn.Invoke(ctx, echoMethod, payload, out); err != nil {
				return fmt.Errorf("echo: %w", err)
			}
			if len(out.GetValue()) != echoBytes {
				return errEcho
			}
			did(time.Since(began))
		}
		return ctx.Err()
	})
}

// streams lets callers send and receive for a while, each over a stream of its own that stands already.
func (e *echo) streams(ctx context.Context, callers int, for_ time.Duration) (slice, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make([]grpc.ClientStream, callers)
	for i := range all {
		s, err := idle(ctx, e.conn)
		if err != nil {
			return slice{}, err
		}
		all[i] = s
	}
	payload := wrapperspb.Bytes(make([]byte, echoBytes))
	until := time.Now().Add(for_)
	return inParallel(ctx, callers, func(_ context.Context, i int, did func(time.Duration)) error {
		for n := 0; n == 0 || time.Now().Before(until); n++ {
			began := time.Now()
			if err := bounce(all[i], payload); err != nil {
				return err
			}
			did(time.Since(began))
		}
		return nil
	})
}

// idle opens a stream of the echo and uses it once.
func idle(ctx context.Context, conn *grpc.ClientConn) (grpc.ClientStream, error) {
	s, err := conn.NewStream(ctx, &echoService.Streams[0], echoStream)
	if err != nil {
		return nil, fmt.Errorf("echo: %w", err)
	}
	return s, bounce(s, wrapperspb.Bytes(make([]byte, echoBytes)))
}

func bounce(s grpc.ClientStream, payload *wrapperspb.BytesValue) error {
	if err := s.SendMsg(payload); err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	out := new(wrapperspb.BytesValue)
	if err := s.RecvMsg(out); err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	if len(out.GetValue()) != echoBytes {
		return errEcho
	}
	return nil
}

// inParallel runs callers and times them together; each tells did how long one unit took. The first error ends all.
func inParallel(ctx context.Context, callers int, call func(ctx context.Context, i int, did func(time.Duration)) error) (slice, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	waits := make([][]time.Duration, callers)
	w := startWatch()
	began := time.Now()
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			if err := call(ctx, i, func(d time.Duration) { waits[i] = append(waits[i], d) }); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	s := slice{took: time.Since(began), outside: w.outside()}
	for _, one := range waits {
		s.done += len(one)
		s.waits = append(s.waits, one...)
	}
	return s, context.Cause(ctx)
}
