package server

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
)

// porter lets in whom it is told to, when it is told to.
type porter struct {
	door
	enter func(context.Context) error
}

func (p porter) Enter(ctx context.Context, _ string) (context.Context, error) {
	return ctx, p.enter(ctx)
}

// headers opens a unary call without sending its message.
func (b *bundle) headers(t *testing.T) grpc.ClientStream {
	t.Helper()
	s, err := b.conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, getCampaign)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAStrangerIsToldSoBeforeItsMessageIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setupGuarded(t, porter{enter: func(context.Context) error {
			return &campaign.Error{Kind: campaign.KindStranger, Reason: "TOKEN_UNKNOWN", Message: "who are you?"}
		}}, &service{get: func(context.Context) error { t.Error("it was let in"); return nil }})
		began := time.Now()
		err := b.headers(t).RecvMsg(&campaignv1.GetCampaignResponse{})
		if status.Code(err) != codes.Unauthenticated || Reason(err) != "TOKEN_UNKNOWN" || time.Since(began) > 0 {
			t.Errorf("headers alone: %v after %v", err, time.Since(began))
		}
		if n := b.sample(t, "redial_grpc_calls_total", "Unauthenticated"); n != 1 {
			t.Errorf("%v calls counted", n)
		}
	})
}

// Many calls at once that nobody let in yet, with large messages: none takes more than its window.
func TestWhoIsNotLetInYetFillsNoMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		b := setupGuarded(t, porter{enter: func(ctx context.Context) error {
			select {
			case <-let:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}, &service{get: func(context.Context) error { return nil }})
		const calls, large = 20, usualMessage - 1000
		done := make(chan error, calls)
		for range calls {
			go func() {
				_, err := b.campaigns.GetCampaign(t.Context(), &campaignv1.GetCampaignRequest{Name: strings.Repeat("x", large)})
				done <- err
			}()
		}
		synctest.Wait()
		time.Sleep(time.Second) //nolint:forbidigo // fake time: nothing more comes
		synctest.Wait()
		if read := b.read.Load(); read < calls*streamWindow/2 || read > calls*(streamWindow+4<<10) {
			t.Errorf("%d bytes were read of %d calls that nobody let in, want %d each at most", read, calls, streamWindow)
		}
		close(let)
		for range calls {
			if err := <-done; status.Code(err) != codes.InvalidArgument { // the name is too long to look for
				t.Error(err)
			}
		}
		if read := b.read.Load(); read < calls*large {
			t.Errorf("%d bytes were read once they were let in", read)
		}
	})
}

// To callers, reflection and the role table a unary call is what it was.
func TestUnaryCallsAreStillUnary(t *testing.T) {
	t.Parallel()
	b := setup(t, &service{get: func(context.Context) error { return nil }})
	for service, info := range b.server.grpc.GetServiceInfo() {
		for _, m := range info.Methods {
			streams := strings.HasPrefix(m.Name, "Watch") || m.Name == "Upload" || m.Name == "ExportProblems" || strings.HasPrefix(m.Name, "ServerReflection")
			if (m.IsClientStream || m.IsServerStream) != streams {
				t.Errorf("%s/%s: client stream %v, server stream %v", service, m.Name, m.IsClientStream, m.IsServerStream)
			}
		}
	}
	if err := b.get(t.Context()); err != nil {
		t.Error(err)
	}
	s := b.headers(t)
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(&campaignv1.GetCampaignResponse{}); status.Code(err) != codes.Internal {
		t.Errorf("a call without a message: %v", err)
	}
	s = b.headers(t)
	for range 2 {
		if err := s.SendMsg(&campaignv1.GetCampaignRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(&campaignv1.GetCampaignResponse{}); status.Code(err) != codes.Internal {
		t.Errorf("a call with two messages: %v", err)
	}
}
