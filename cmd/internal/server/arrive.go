package server

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/tap"
)

// arrivalTime is how long the only message of a call may take to come in whole after its headers, by which its caller is
// known. gRPC would wait for the rest for ever: whoever sends headers alone, or a byte a minute, would hold the call.
const arrivalTime = 30 * time.Second

// arrivals cuts off unary calls whose message does not come, and turns away what will not be taken up in any case.
type arrivals struct {
	within time.Duration
	away   func(method string) error       // why a call is turned away by its headers; nil: it is not
	unary  atomic.Pointer[map[string]bool] // by full method; nil: not known yet
}

// awayMost is the longest time of a call that is turned away here: gRPC keeps what it knows of one until its time is over.
const awayMost = 10 * time.Second

type arrivalKey struct{}

// know learns which methods are unary.
func (a *arrivals) know(services map[string]grpc.ServiceInfo) {
	unary := map[string]bool{}
	for service, info := range services {
		for _, m := range info.Methods {
			unary["/"+service+"/"+m.Name] = !m.IsClientStream && !m.IsServerStream
		}
	}
	a.unary.Store(&unary)
}

// begin is called with a call's headers, before a byte of its message is waited for.
func (a *arrivals) begin(ctx context.Context, call *tap.Info) (context.Context, error) {
	unary := a.unary.Load()
	if unary == nil || !(*unary)[call.FullMethodName] {
		return ctx, nil
	}
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) < awayMost {
		if err := a.away(call.FullMethodName); err != nil {
			return ctx, err
		}
	}
	ctx, cut := context.WithCancel(ctx) // the call's own context ends it at the latest
	return context.WithValue(ctx, arrivalKey{}, time.AfterFunc(a.within, cut)), nil
}

// arrived says that the message is there.
func arrived(ctx context.Context) {
	if t, ok := ctx.Value(arrivalKey{}).(*time.Timer); ok {
		t.Stop()
	}
}
