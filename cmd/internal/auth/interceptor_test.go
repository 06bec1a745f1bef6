package auth

import (
	"context"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"redial/campaign"
)

const (
	nextCall  = "/dialer.v1.AgentService/NextCall"
	workWhole = "/dialer.v1.AgentService/Work"
)

func showing(ctx context.Context, secret string) context.Context {
	return metadata.NewIncomingContext(ctx, metadata.Pairs("authorization", "Bearer "+secret))
}

func TestUnaryPutsTheCallerIntoTheContext(t *testing.T) {
	t.Parallel()
	g, _, _ := setup(t)
	call := func(ctx context.Context, method string) (campaign.Caller, error) {
		var seen campaign.Caller
		_, err := g.Unary()(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, _ any) (any, error) {
			seen = campaign.CallerFrom(ctx)
			return nil, nil
		})
		return seen, err
	}
	if c, err := call(showing(t.Context(), "rd_li"), nextCall); err != nil || c.Agent != 7 {
		t.Errorf("agent: %+v, %v", c, err)
	}
	if _, err := call(t.Context(), "/grpc.health.v1.Health/Check"); err != nil {
		t.Errorf("health without a token: %v", err)
	}
	for name, c := range map[string]struct {
		secret, method string
		kind           campaign.Kind
	}{
		"no token":           {"", nextCall, campaign.KindStranger},
		"another role":       {"rd_crm", nextCall, campaign.KindDenied},
		"method of no row":   {"rd_adm", "/campaign.v1.Other/Do", campaign.KindDenied},
		"reflection, nobody": {"", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", campaign.KindStranger},
	} {
		if seen, err := call(showing(t.Context(), c.secret), c.method); campaign.KindOf(err) != c.kind || !reflect.DeepEqual(seen, campaign.Caller{}) {
			t.Errorf("%s: %+v, %v; want kind %d", name, seen, err, c.kind)
		}
	}
}

// wire is a stream whose messages are counted.
type wire struct {
	grpc.ServerStream
	ctx            context.Context
	sent, received int
}

func (w *wire) Context() context.Context { return w.ctx }
func (w *wire) SendMsg(any) error        { w.sent++; return nil }
func (w *wire) RecvMsg(any) error        { w.received++; return nil }

func TestStreamHearsAndSaysNothingOnceItsTokenIsRevoked(t *testing.T) {
	t.Parallel()
	g, r, c := setup(t)
	w := &wire{ctx: showing(t.Context(), "rd_li")}
	err := g.Stream()(nil, w, &grpc.StreamServerInfo{FullMethod: workWhole}, func(_ any, ss grpc.ServerStream) error {
		if campaign.CallerFrom(ss.Context()).Agent != 7 {
			t.Error("no caller in the stream's context")
		}
		if err := ss.SendMsg(nil); err != nil {
			t.Errorf("first message: %v", err)
		}
		r.change(func() { r.down = true })
		c.add(time.Minute)
		if err := ss.RecvMsg(nil); err != nil {
			t.Errorf("with the record away: %v", err)
		}
		r.change(func() { r.down = false; r.tokens["rd_li"].RevokedAt = c.Now() })
		c.add(2 * time.Second)
		if err := ss.RecvMsg(nil); campaign.ReasonOf(err) != ReasonTokenRevoked {
			t.Errorf("received after the revocation: %v", err)
		}
		return ss.SendMsg(nil)
	})
	if campaign.ReasonOf(err) != ReasonTokenRevoked || w.sent != 1 {
		t.Errorf("sent %d messages, ended with %v; want 1, revoked", w.sent, err)
	}
}

// Headers come first, the message after: the token is asked for once, and for that method alone.
func TestWhoEnteredByTheHeadersIsLetThroughWithTheMessage(t *testing.T) {
	t.Parallel()
	g, r, c := setup(t)
	ctx, err := g.Enter(showing(t.Context(), "rd_li"), nextCall)
	if err != nil || campaign.CallerFrom(ctx).Agent != 7 {
		t.Fatalf("%+v, %v", campaign.CallerFrom(ctx), err)
	}
	if _, err := g.Enter(showing(t.Context(), "rd_crm"), nextCall); campaign.KindOf(err) != campaign.KindDenied {
		t.Errorf("another role: %v", err)
	}
	c.add(time.Minute) // what is known of the token is not believed any more
	asked := r.asked()
	for method, want := range map[string]campaign.Kind{nextCall: campaign.KindInternal, "/campaign.v1.AdminService/CreateToken": campaign.KindDenied} {
		_, err := g.Unary()(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, _ any) (any, error) {
			if campaign.CallerFrom(ctx).Agent != 7 {
				t.Error("no caller in the context")
			}
			return nil, nil
		})
		if campaign.KindOf(err) != want || (err == nil) != (want == campaign.KindInternal) {
			t.Errorf("%s: %v", method, err)
		}
		if method == nextCall && r.asked() != asked {
			t.Error("the token is asked for twice")
		}
		asked = r.asked()
	}
}
