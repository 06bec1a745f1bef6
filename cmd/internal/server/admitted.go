package server

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
)

func (a *admission) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx := ss.Context()
	give, err := a.streams.open(ctx)
	if err != nil {
		return err
	}
	defer give()
	defer a.meter.stream(kindOf(info.FullMethod))()
	in := &admitted{ServerStream: ss, ctx: ctx, a: a, method: info.FullMethod, class: classOf(info.FullMethod)}
	defer in.left()
	switch {
	case in.class == bulk:
	case info.FullMethod == agentService+"Work":
		in.ctx = campaign.WithAdmission(ctx, a.action)
	case !info.IsClientStream:
		in.opening = true
	default:
		leave, err := a.enter(ctx, in.class, 0)
		if err != nil {
			return err
		}
		in.leave = leave
		if in.class != heavy {
			in.left() // from here on it watches
		}
	}
	if in.class == heavy {
		in.ServerStream = &paced{ServerStream: ss}
	}
	return next(srv, in)
}

// admitted is a stream whose messages are measured. What one request opens begins when that has come: a caller who sends
// headers alone holds no place. The pieces of an upload wait for their turn, each of them.
type admitted struct {
	grpc.ServerStream
	ctx     context.Context
	a       *admission
	method  string
	class   class
	opening bool       // its only request is yet to come
	leave   func(bool) // of the piece in work, or of the long work; nil: none
}

func (s *admitted) Context() context.Context { return s.ctx }

func (s *admitted) RecvMsg(m any) error {
	if s.opening {
		s.opening = false
		return s.open(m)
	}
	if s.class != bulk {
		return s.receive(m)
	}
	s.left()
	if err := s.receive(m); err != nil {
		return err
	}
	var err error
	s.leave, err = s.a.enter(s.ctx, bulk, uploadWait)
	return err
}

func (s *admitted) receive(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.a.sizes.request(s.method, m)
}

// open waits for the request of a stream that has one, and begins it. Its error ends the stream, and with it the wait.
func (s *admitted) open(m any) error {
	came := make(chan error, 1)
	go func() { came <- s.receive(m) }()
	timer := time.NewTimer(arrivalTime)
	defer timer.Stop()
	select {
	case err := <-came:
		if err != nil {
			return err
		}
	case <-timer.C:
		return neverCame()
	}
	var err error
	if s.leave, err = s.a.enter(s.ctx, s.class, 0); err == nil && s.class != heavy {
		s.left() // from here on it watches
	}
	return err
}

// neverCame ends a call of which only the headers came.
func neverCame() error {
	return &campaign.Error{
		Kind: campaign.KindAway, RetryAfter: retryUnit,
		Message: fmt.Sprintf("the request did not come in whole within %v of its headers, and nothing was begun: send it again", arrivalTime),
	}
}

// left ends the work on the last piece, or the long work.
func (s *admitted) left() {
	if s.leave != nil {
		s.leave(false)
		s.leave = nil
	}
}
