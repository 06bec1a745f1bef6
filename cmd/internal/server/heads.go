package server

import (
	"context"
	"slices"

	"google.golang.org/grpc"
)

// heads registers services whose unary calls are judged by their headers: gRPC would read the whole message of anybody
// before it asked who that is. To gRPC they are streams of one message each way, which is the same on the wire.
type heads struct {
	to    grpc.ServiceRegistrar
	chain *chain
	guard Guard
	rates *limiter
	away  func(method string) error   // why a call will not be taken up; nil: it may be
	unary grpc.UnaryServerInterceptor // what comes once the message is there
}

// RegisterService implements grpc.ServiceRegistrar.
func (h *heads) RegisterService(d *grpc.ServiceDesc, impl any) {
	own := *d
	own.Methods, own.Streams = nil, slices.Clone(d.Streams)
	for _, m := range d.Methods {
		own.Streams = append(own.Streams, grpc.StreamDesc{StreamName: m.MethodName, Handler: h.handler("/"+d.ServiceName+"/"+m.MethodName, m)})
	}
	h.to.RegisterService(&own, impl)
}

func (h *heads) handler(method string, m grpc.MethodDesc) grpc.StreamHandler {
	info := &grpc.UnaryServerInfo{FullMethod: method}
	return func(srv any, ss grpc.ServerStream) error {
		resp, err := h.chain.unary(ss.Context(), nil, info, func(ctx context.Context, _ any) (any, error) {
			ctx, err := h.guard.Enter(ctx, method)
			if err != nil {
				return nil, err
			}
			if err := h.rates.call(ctx); err != nil {
				return nil, err
			}
			if err := h.away(method); err != nil {
				return nil, err
			}
			return m.Handler(srv, ctx, func(req any) error { return message(ss, req) }, h.unary)
		})
		if err != nil {
			return err
		}
		return ss.SendMsg(resp)
	}
}

// tapped is why a call is turned away before anything is begun for it, as it is told; nil: it is not.
func (h *heads) tapped(method string) error {
	err := h.away(method)
	if err == nil {
		return nil
	}
	st, _ := Status(err)
	h.chain.meter.turned(method, st.Code())
	return st.Err()
}

// message reads the message of a unary call.
func message(ss grpc.ServerStream, req any) error {
	if err := ss.RecvMsg(req); err != nil {
		return err
	}
	arrived(ss.Context())
	return nil
}

// streams is all that happens round a stream, outermost first; the calls that heads made streams pass by. It is one
// interceptor and no chain: each link would take a few hundred bytes of the stack of every stream, which are thousands and
// last a shift, and past 4 kB the stack has twice the size.
func streams(c *chain, guard grpc.StreamServerInterceptor, rates *limiter, a *admission) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if !info.IsClientStream && !info.IsServerStream {
			return next(srv, ss)
		}
		return c.stream(ss, info.FullMethod, func(ss grpc.ServerStream) error {
			return guard(srv, ss, info, func(srv any, ss grpc.ServerStream) error {
				if err := rates.call(ss.Context()); err != nil { // what is said in a stream has limits of its own
					return err
				}
				return a.stream(srv, ss, info, next)
			})
		})
	}
}

// chained is two interceptors as one.
func chained(outer, inner grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return outer(ctx, req, info, func(ctx context.Context, req any) (any, error) { return inner(ctx, req, info, next) })
	}
}
