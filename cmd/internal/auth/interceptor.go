package auth

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"redial/campaign"
)

// entered is who makes a call, as its headers say.
type entered struct {
	method string
	caller campaign.Caller
	secret string
}

type enteredKey struct{}

// Enter lets a call in by its headers alone, before its message is read: Unary, which comes after it with the context that
// this answers, looks at the message. The context has the caller.
func (g *Guard) Enter(ctx context.Context, method string) (context.Context, error) {
	ctx, c, secret, err := g.admit(ctx, method)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, enteredKey{}, &entered{method, c, secret}), nil
}

// enters is the same, for a call that may have entered.
func (g *Guard) enters(ctx context.Context, method string) (context.Context, campaign.Caller, string, error) {
	if e, ok := ctx.Value(enteredKey{}).(*entered); ok && e.method == method {
		return ctx, e.caller, e.secret, nil
	}
	return g.admit(ctx, method)
}

// Unary lets a call through whose token's role may make it, with its caller in the context. A call that lasts is cut, and
// not answered, when its token is revoked.
func (g *Guard) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		ctx, c, secret, err := g.enters(ctx, info.FullMethod)
		if err != nil {
			return nil, err
		}
		if c.Restricted() {
			if err := g.allowed(ctx, info.FullMethod, &c, req, true); err != nil {
				return nil, err
			}
		}
		if c.Role == "" {
			return next(ctx, req)
		}
		ctx, l := g.lasts(ctx, &c, secret)
		resp, err := next(ctx, req)
		if over := l.end(ctx); over != nil {
			return nil, over
		}
		return resp, err
	}
}

// Stream does the same for streams, and asks again with each message, for a stream may outlive its token: from then
// on nothing is heard from it and nothing said to it.
func (g *Guard) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		in, err := g.stream(ss, info.FullMethod)
		if err != nil {
			return err
		}
		return next(srv, in)
	}
}

func (g *Guard) stream(ss grpc.ServerStream, method string) (*stream, error) {
	ctx, c, secret, err := g.admit(ss.Context(), method)
	if err != nil {
		return nil, err
	}
	return &stream{ServerStream: ss, ctx: ctx, guard: g, caller: c, secret: secret, method: method}, nil
}

// admit is the context with the caller, whom it also answers, and the secret shown; none when none was needed.
func (g *Guard) admit(ctx context.Context, method string) (context.Context, campaign.Caller, string, error) {
	a, ok := table[method]
	if !ok {
		return nil, campaign.Caller{}, "", campaign.Denied(method + " is in no role table")
	}
	if a.open {
		return ctx, campaign.Caller{}, "", nil
	}
	secret := bearer(ctx)
	c, err := g.Authenticate(ctx, secret)
	if err != nil {
		return nil, campaign.Caller{}, "", err
	}
	if err := permit(method, a, c); err != nil {
		return nil, campaign.Caller{}, "", err
	}
	c.From = from(ctx)
	return campaign.WithCaller(ctx, c), c, secret, nil
}

// from is the address that a call comes from, without its port; empty: this process.
func from(ctx context.Context) string {
	if inside(ctx) {
		return guestFrom(ctx)
	}
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return ""
	}
	if a, ok := p.Addr.(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().String()
	}
	return p.Addr.String()
}

// stream is a stream whose token is asked for again and again.
type stream struct {
	grpc.ServerStream
	ctx    context.Context
	guard  *Guard
	caller campaign.Caller // of no role: the method is open to everybody
	secret string
	method string
	heard  bool // a message
}

// Context has the caller.
func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if err := s.still(); err != nil || !s.caller.Restricted() {
		return err
	}
	first := !s.heard
	s.heard = true
	return s.guard.allowed(s.ctx, s.method, &s.caller, m, first)
}

func (s *stream) SendMsg(m any) error {
	if err := s.still(); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(m)
}

func (s *stream) still() error {
	if s.caller.Role == "" {
		return nil
	}
	return s.guard.still(s.ctx, s.secret)
}

// still says whether a token is in force yet; a record that is away ends nothing.
func (g *Guard) still(ctx context.Context, secret string) error {
	_, err := g.Authenticate(ctx, secret)
	if kind := campaign.KindOf(err); kind == campaign.KindStranger || kind == campaign.KindDenied {
		return err
	}
	return nil
}
