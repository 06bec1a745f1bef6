package auth

import (
	"context"

	"google.golang.org/grpc"

	"redial/campaign"
)

// Unary lets a call through whose token's role may make it, with its caller in the context.
func (g *Guard) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		ctx, _, err := g.admit(ctx, info.FullMethod)
		if err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// Stream does the same for streams, and asks again with each message, for a stream may outlive its token: from then
// on nothing is heard from it and nothing said to it.
func (g *Guard) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		ctx, secret, err := g.admit(ss.Context(), info.FullMethod)
		if err != nil {
			return err
		}
		return next(srv, &stream{ServerStream: ss, ctx: ctx, guard: g, secret: secret})
	}
}

// admit is the context with the caller, and the secret shown; empty when none was needed.
func (g *Guard) admit(ctx context.Context, method string) (context.Context, string, error) {
	a, ok := table[method]
	if !ok {
		return nil, "", campaign.Denied(method + " is in no role table")
	}
	if a.open {
		return ctx, "", nil
	}
	secret := bearer(ctx)
	c, err := g.Authenticate(ctx, secret)
	if err != nil {
		return nil, "", err
	}
	if err := permit(method, a, c); err != nil {
		return nil, "", err
	}
	return campaign.WithCaller(ctx, c), secret, nil
}

// stream is a stream whose token is asked for again and again.
type stream struct {
	grpc.ServerStream
	ctx    context.Context
	guard  *Guard
	secret string
}

// Context has the caller.
func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.still()
}

func (s *stream) SendMsg(m any) error {
	if err := s.still(); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(m)
}

// still says whether the token is in force; a record that is away ends no stream.
func (s *stream) still() error {
	if c := campaign.CallerFrom(s.ctx); c.Role == "" { // the method is open to everybody
		return nil
	}
	_, err := s.guard.Authenticate(s.ctx, s.secret)
	if kind := campaign.KindOf(err); kind == campaign.KindStranger || kind == campaign.KindDenied {
		return err
	}
	return nil
}
