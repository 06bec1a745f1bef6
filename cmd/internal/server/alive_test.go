package server

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	campaignv1 "redial/proto/campaign/v1"
)

// cable is a client's end of a connection. Once it is cut, nothing comes or goes and nothing breaks: neither side is told.
type cable struct {
	net.Conn
	cut    atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (c *cable) Write(p []byte) (int, error) {
	if c.cut.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *cable) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.cut.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *cable) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// plugged is a client on a cable of its own. It connects once: a second time is an error.
func (b *bundle) plugged(t *testing.T, o ...grpc.DialOption) (*cable, campaignv1.ListServiceClient) {
	t.Helper()
	end := &cable{closed: make(chan struct{})}
	conn, err := grpc.NewClient("passthrough:///x", append(o, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			if end.Conn != nil {
				t.Error("the client had to connect again")
				return nil, net.ErrClosed
			}
			var err error
			end.Conn, err = b.lis.DialContext(ctx)
			return end, err
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return end, campaignv1.NewListServiceClient(conn)
}

// watching is a service whose streams last until their clients are gone, and tells of each that it began and that it ended.
func watching() (s *service, began, ended chan struct{}) {
	began, ended = make(chan struct{}, 2), make(chan struct{}, 2)
	return &service{watch: func(ctx context.Context) error {
		began <- struct{}{}
		<-ctx.Done()
		ended <- struct{}{}
		return ctx.Err()
	}}, began, ended
}

// Whoever says nothing but is there may stay; whoever vanished, with a cable that was pulled, has left within a minute, and
// the stream with it: an agent's session would look alive for as long.
func TestAClientThatVanishedIsLetGoOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, began, ended := watching()
		b := setup(t, s)
		end, lists := b.plugged(t)
		if _, err := lists.WatchImport(t.Context(), &campaignv1.WatchImportRequest{}); err != nil {
			t.Fatal(err)
		}
		<-began
		time.Sleep(20 * time.Minute) //nolint:forbidigo // fake time: the bubble moves on by so much
		synctest.Wait()
		select {
		case <-ended:
			t.Fatal("a client that was there and had nothing to say was cut off")
		default:
		}
		end.cut.Store(true)
		vanished := time.Now()
		<-ended
		if took := time.Since(vanished); took > time.Minute {
			t.Errorf("a client that vanished was let go of after %v, want within a minute", took)
		}
	})
}

// Clients that look after their connections as often as dialctl does, or as often as gRPC lets any, are let: in a call and
// between calls.
func TestAClientMayLookWhetherTheServerIsThere(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{30 * time.Second, 10 * time.Second} {
		for _, calling := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				s, began, ended := watching()
				s.get = func(context.Context) error { return nil }
				b := setup(t, s)
				_, lists := b.plugged(t, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: every, Timeout: 20 * time.Second, PermitWithoutStream: true}))
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				if _, err := lists.WatchImport(ctx, &campaignv1.WatchImportRequest{}); err != nil {
					t.Fatal(err)
				}
				<-began
				if !calling {
					leave()
					<-ended
				}
				read := b.read.Load()
				time.Sleep(10 * time.Minute) //nolint:forbidigo // fake time: the bubble moves on by so much
				synctest.Wait()
				if looked := b.read.Load() - read; looked < int64(10*time.Minute/every)*17/2 {
					t.Errorf("every %v: %d bytes came, so nobody looked", every, looked)
				}
				select {
				case <-ended:
					t.Errorf("every %v, in a call %v: sent away", every, calling)
				default:
				}
				if _, err := lists.WatchImport(t.Context(), &campaignv1.WatchImportRequest{}); err != nil {
					t.Fatal(err)
				}
				if synctest.Wait(); len(began) == 0 {
					t.Errorf("every %v, in a call %v: no call on the same connection later", every, calling)
				}
			})
		}
	}
}

// pings sends pings on a connection of its own until it is sent away, at most so many; it answers how many it sent and the
// words it was sent away with.
func (b *bundle) pings(t *testing.T, every time.Duration, most int) (sent int, why string) {
	t.Helper()
	conn, err := b.lis.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	frames := http2.NewFramer(conn, conn)
	_, err = io.WriteString(conn, http2.ClientPreface)
	if err = errors.Join(err, frames.WriteSettings(), frames.WriteSettingsAck()); err != nil {
		t.Fatal(err)
	}
	away := make(chan string, 1)
	go func() {
		defer close(away)
		for {
			f, err := frames.ReadFrame()
			if err != nil {
				return
			}
			if f, ok := f.(*http2.GoAwayFrame); ok {
				away <- f.ErrCode.String() + " " + string(f.DebugData())
			}
		}
	}()
	for sent < most {
		if err := frames.WritePing(false, [8]byte{byte(sent)}); err != nil {
			t.Fatal(err)
		}
		sent++
		synctest.Wait()
		select {
		case why = <-away:
			return sent, why
		default:
		}
		time.Sleep(every) //nolint:forbidigo // fake time: the bubble moves on by so much
	}
	conn.Close()
	<-away
	return sent, ""
}

// Whoever pings without end is sent away after a few, with the code by which gRPC's clients learn to ask less often.
func TestAClientThatPingsTooOftenIsSentAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &service{})
		for _, c := range []struct {
			every time.Duration
			why   string
		}{
			{time.Millisecond, "ENHANCE_YOUR_CALM too_many_pings"},
			{9 * time.Second, "ENHANCE_YOUR_CALM too_many_pings"},
			{10 * time.Second, ""},
			{30 * time.Second, ""},
		} {
			sent, why := b.pings(t, c.every, 20)
			if why != c.why {
				t.Errorf("a ping every %v: %q after %d, want %q", c.every, why, sent, c.why)
			}
			if c.why != "" && sent > 5 {
				t.Errorf("a ping every %v: sent away after %d only", c.every, sent)
			}
		}
	})
}
