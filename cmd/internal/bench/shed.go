package bench

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// patience is how long a caller who is sent away comes again before the run counts as broken.
const patience = 2 * time.Minute

// again does something, and does it again after as long as the server says when it has too much to do, as clients
// should. The waits are the caller's.
func (f *office) again(ctx context.Context, do func() error) error {
	for until := time.Now().Add(patience); ; {
		err := do()
		if err == nil {
			return nil
		}
		after, other := sentAway(err)
		if other != nil {
			return other
		}
		f.sheds.Add(1)
		if time.Now().After(until) || ctx.Err() != nil {
			return fmt.Errorf("sent away for %v: %w", patience, err)
		}
		pace{after, after}.pause(ctx, nil)
	}
}

// shed notes how many requests an office's agents had to send again since it was last asked.
func (s *series) shed(f *office) {
	s.Sheds += f.sheds.Swap(0)
}

// sentAway is when to come again, by the error of a server with too much to do; another error is given back.
func sentAway(err error) (after time.Duration, other error) {
	st, ok := status.FromError(err)
	if !ok || st.Code() != codes.ResourceExhausted {
		return 0, err
	}
	for _, d := range st.Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.GetRetryDelay().AsDuration(), nil
		}
	}
	return 0, fmt.Errorf("%w: sent away without a word on when to come again: %w", errWrong, err)
}
