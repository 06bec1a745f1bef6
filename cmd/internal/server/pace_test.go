package server

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
)

// export serves pieces of 64 KiB and tells how each stream ended.
func export(t *testing.T, pieces int) (*bundle, <-chan error) {
	t.Helper()
	ended := make(chan error, 8)
	return setup(t, &service{table: func(ss grpc.ServerStreamingServer[campaignv1.ExportProblemsResponse]) (err error) {
		defer func() { ended <- err }()
		for range pieces {
			if err := ss.Send(&campaignv1.ExportProblemsResponse{Data: make([]byte, 64<<10)}); err != nil {
				return err
			}
		}
		return nil
	}}), ended
}

func (b *bundle) open(t *testing.T) grpc.ServerStreamingClient[campaignv1.ExportProblemsResponse] {
	t.Helper()
	s, err := b.lists.ExportProblems(t.Context(), &campaignv1.ExportProblemsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// readAll reads to the end, a piece each so often.
func readAll(s grpc.ServerStreamingClient[campaignv1.ExportProblemsResponse], every time.Duration) (n int, err error) {
	for {
		m, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n += len(m.GetData())
		time.Sleep(every) //nolint:forbidigo // fake time: the bubble moves on by so much
	}
}

// A client that does not read what it asked for holds a place, and what the answer is made from, for a bounded time.
func TestAStalledReaderOfLongWorkIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, ended := export(t, 1000)
		stalled, began := b.open(t), time.Now()
		err := <-ended
		if took := time.Since(began); campaign.ReasonOf(err) != campaign.ReasonTooSlow || took < behindMost || took > 2*behindMost {
			t.Errorf("ended with %v after %v", err, took)
		}
		n, err := readAll(stalled, 0)
		if st := status.Convert(err); st.Code() != codes.ResourceExhausted || Reason(err) != campaign.ReasonTooSlow || !retries(st) || n == 0 {
			t.Errorf("after %d bytes the client reads %v", n, err)
		}
		if n, err := readAll(b.open(t), 0); err != nil || n != 1000*64<<10 {
			t.Errorf("asked again: %d bytes, %v", n, err)
		}
	})
}

func retries(st *status.Status) bool {
	for _, d := range st.Details() {
		if _, ok := d.(*errdetails.RetryInfo); ok {
			return true
		}
	}
	return false
}

// A slow line is no stall, and reading by drops is one, however much was read before.
func TestAReaderIsCutByItsPace(t *testing.T) {
	t.Parallel()
	for every, whole := range map[time.Duration]bool{0: true, 3 * time.Second: true, 20 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			b, ended := export(t, 200)
			n, err := readAll(b.open(t), every)
			if (err == nil) != whole || whole && n != 200*64<<10 {
				t.Errorf("a piece each %v: %d bytes, %v", every, n, err)
			}
			if err := <-ended; (err == nil) != whole {
				t.Errorf("a piece each %v: the work ended with %v", every, err)
			}
		})
	}
}

// The work itself may take as long as it needs between two messages.
func TestLongWorkMayBeSlowItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &service{table: func(ss grpc.ServerStreamingServer[campaignv1.ExportProblemsResponse]) error {
			for range 3 {
				time.Sleep(10 * time.Minute) //nolint:forbidigo // fake time: the bubble moves on by so much
				if err := ss.Send(&campaignv1.ExportProblemsResponse{Data: []byte("x")}); err != nil {
					return err
				}
			}
			return context.Cause(ss.Context())
		}})
		if n, err := readAll(b.open(t), 0); err != nil || n != 3 {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}
