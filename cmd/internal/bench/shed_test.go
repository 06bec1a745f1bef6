package bench

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func exhausted(t *testing.T, retry bool) error {
	t.Helper()
	st := status.New(codes.ResourceExhausted, "too much to do")
	if retry {
		var err error
		if st, err = st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Millisecond)}); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Errorf("next call: %w", st.Err())
}

func TestWhoIsSentAwayComesAgain(t *testing.T) {
	t.Parallel()
	f, n := &office{}, 0
	err := f.again(context.Background(), func() error {
		if n++; n < 3 {
			return exhausted(t, true)
		}
		return nil
	})
	if err != nil || n != 3 {
		t.Errorf("%v after %d times, want nil after 3", err, n)
	}
	var s series
	s.shed(f)
	if s.shed(f); s.Sheds != 2 {
		t.Errorf("%d times sent away, want 2", s.Sheds)
	}
}

func TestOtherErrorsAndSilenceEndTheRun(t *testing.T) {
	t.Parallel()
	f := &office{}
	if err := f.again(context.Background(), func() error { return exhausted(t, false) }); !errors.Is(err, errWrong) {
		t.Errorf("sent away without RetryInfo: %v", err)
	}
	broken := status.Error(codes.Internal, "broken")
	if err := f.again(context.Background(), func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("an internal error: %v", err)
	}
}
