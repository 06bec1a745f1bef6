package lists

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
)

// Pieces that are read at once, before the API sees them, and forms with files: each may hold a mebibyte for as long as it
// comes.
const (
	handsAll = 64
	handsOne = 4 // of one caller
)

// hands are the pieces and forms that are being read. Safe for concurrent use.
type hands struct {
	mu  sync.Mutex
	all int
	by  map[string]int
}

// take is a place for a piece of the caller in ctx, until leave. The error is of code ResourceExhausted.
func (h *hands) take(ctx context.Context) (leave func(), err error) {
	c := campaign.CallerFrom(ctx)
	key := fmt.Sprint(c.Token, " ", c.Owner)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all >= handsAll || h.by[key] >= handsOne {
		s, fault := status.New(codes.ResourceExhausted, "too many pieces of files come in at once: send them one after the other").
			WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
		if fault != nil {
			return nil, fmt.Errorf("refuse a piece: %w", fault)
		}
		return nil, s.Err() //nolint:wrapcheck // the API's kind of error
	}
	h.all++
	h.by[key]++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all--
		if h.by[key]--; h.by[key] == 0 {
			delete(h.by, key)
		}
	}, nil
}
