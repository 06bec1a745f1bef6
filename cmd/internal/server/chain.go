package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
)

// A call's own deadline ends a little before the caller's, so that the caller hears which part was slow; a call with
// next to no time left is not begun.
const (
	shave   = 10 * time.Millisecond
	tooLate = 20 * time.Millisecond
)

// errEnding is why streams end when the server stops.
var errEnding = status.Error(codes.Unavailable, "the server is stopping: connect again, to another node if there is one")

// chain is what happens round every call, outermost first: measure and log, put the error into words, recover from
// a panic, give it its time. Admission comes after it.
type chain struct {
	log    *slog.Logger
	meter  *meter
	ending context.Context // ends when the server stops
}

func (c *chain) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	m := c.meter.begin(info.FullMethod)
	ctx, cancel := timed(ctx, timeOf(info.FullMethod))
	defer cancel()
	err = c.guarded(ctx, info.FullMethod, func(ctx context.Context) (err error) {
		resp, err = next(ctx, req)
		return err
	})
	took := m.end(status.Code(err), true)
	c.record(ctx, info.FullMethod, took, err)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func (c *chain) stream(ss grpc.ServerStream, method string, next func(grpc.ServerStream) error) error {
	m := c.meter.begin(method)
	ctx, cancel := context.WithCancelCause(ss.Context())
	defer cancel(nil)
	defer context.AfterFunc(c.ending, func() { cancel(errEnding) })()
	err := c.guarded(ctx, method, func(ctx context.Context) error {
		return next(&endingStream{ServerStream: ss, ctx: ctx})
	})
	took := m.end(status.Code(err), false)
	c.record(ctx, method, took, err)
	return err
}

// guarded runs a call within its time, turns a panic into an error and every error into a status.
func (c *chain) guarded(ctx context.Context, method string, call func(context.Context) error) error {
	inner, cancel, err := shaved(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	if err = c.recovered(inner, method, call); err != nil {
		return c.worded(ctx, inner, method, err)
	}
	return nil
}

// worded is the status of an error. One that is nobody's to see is told to the log, and the caller its id.
func (c *chain) worded(ctx, inner context.Context, method string, err error) error {
	if errors.Is(context.Cause(inner), errEnding) && outOfTime(inner, err) {
		return errEnding
	}
	st, known := statusOf(inner, err)
	if known {
		return st.Err()
	}
	id := rand.Text()[:10]
	c.log.ErrorContext(ctx, "internal error", "id", id, "method", method, "owner", campaign.CallerFrom(inner).Owner, "error", err)
	return status.Error(codes.Internal, "internal error; the server's log has the rest under id "+id)
}

// timed is the context with a deadline if it had none: nothing goes on for ever because its caller does not care.
func timed(ctx context.Context, usual time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, usual)
}

// shaved is the context whose deadline lies a little before the caller's.
func shaved(ctx context.Context) (context.Context, context.CancelFunc, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}, nil
	}
	if time.Until(deadline) < tooLate {
		return nil, nil, status.Error(codes.DeadlineExceeded, "less than 20 ms of the call's time were left when it came in: nothing was done; allow it more")
	}
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-shave))
	return ctx, cancel, nil
}

func (c *chain) recovered(ctx context.Context, method string, call func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.meter.panicked()
			c.log.ErrorContext(ctx, "panic", "method", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return call(ctx)
}

// record writes the call's line: successes for debugging, refusals for information. Internal errors have theirs.
func (c *chain) record(ctx context.Context, method string, took time.Duration, err error) {
	code, level := status.Code(err), slog.LevelDebug
	reason := Reason(err)
	if err != nil && reason != campaign.ReasonOverloaded && reason != campaign.ReasonRateLimited { // which come by the thousand
		level = slog.LevelInfo
	}
	if code == codes.Internal || !c.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("method", method), slog.String("code", code.String()), slog.Duration("took", took)}
	if reason != "" {
		attrs = append(attrs, slog.String("reason", reason))
	}
	c.log.LogAttrs(ctx, level, "call", attrs...)
}

// endingStream is a stream whose context ends with the server.
type endingStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *endingStream) Context() context.Context { return s.ctx }
