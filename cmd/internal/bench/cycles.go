package bench

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	pb "redial/proto/dialer/v1"
)

// nextCalls measures asking for leads alone: what comes is called and ended while the clock stands.
func (f *office) nextCalls(ctx context.Context, callers int, for_ time.Duration) (total slice, err error) {
	for total.took < for_ && (total.done == 0 || f.left() > f.w.callers) {
		got, held, err := f.pass(ctx, callers, for_-total.took, f.w.callers/callers*callers)
		if err != nil {
			return total, err
		}
		total.add(got)
		if err := f.finish(ctx, held); err != nil {
			return total, err
		}
	}
	return total, nil
}

// cycles measures agents who take a lead, call and record, again and again.
func (f *office) cycles(ctx context.Context, callers int, for_ time.Duration) (slice, error) {
	until := time.Now().Add(for_)
	return inParallel(ctx, callers, func(ctx context.Context, i int, did func(time.Duration)) error {
		for n := 0; n == 0 || time.Now().Before(until) && f.left() > callers; n++ {
			began := time.Now()
			c, err := f.next(ctx, i)
			if err == nil {
				err = f.end(ctx, c)
			}
			if err != nil {
				return err
			}
			did(time.Since(began))
		}
		return nil
	})
}

// cyclesNext is cycles by clients that ask for the next lead with the outcome: two calls a cycle instead of three.
// asked is how many leads had to be asked for all the same, besides each caller's first.
func (f *office) cyclesNext(ctx context.Context, callers int, for_ time.Duration) (got slice, asked int64, err error) {
	until := time.Now().Add(for_)
	var extra atomic.Int64
	got, err = inParallel(ctx, callers, func(ctx context.Context, i int, did func(time.Duration)) error {
		c, err := f.next(ctx, i)
		if err != nil {
			return err
		}
		for last, n := false, 0; !last; n++ {
			last = n > 0 && (!time.Now().Before(until) || f.left() <= callers)
			began := time.Now()
			r := &pb.RecordOutcomeRequest{Code: campaign.Success.String()}
			if !last {
				r.NextWait = durationpb.New(nextWait)
			}
			done, err := f.conclude(f.as(ctx, i), c, r)
			if err != nil {
				return err
			}
			switch next := done.GetNext().GetCard(); {
			case last: // its lead was asked for before the first
			case next != nil:
				c = card{i, next.GetAssignmentId()}
				err = f.came(next.GetLeadId())
			default:
				extra.Add(1)
				c, err = f.next(ctx, i)
			}
			if err != nil {
				return err
			}
			did(time.Since(began))
		}
		return nil
	})
	return got, extra.Load(), err
}

// cyclesOnStreams is cycles over streams, where the next lead comes by itself.
func (f *office) cyclesOnStreams(ctx context.Context, callers int, for_ time.Duration) (slice, error) {
	c, err := f.sitAll(ctx, []*grpc.ClientConn{f.conn}, f.w.callers, callers, true)
	if err != nil {
		return slice{}, err
	}
	defer c.end()
	until := time.Now().Add(for_)
	over := func() bool { return !time.Now().Before(until) || f.left() <= callers }
	got, err := c.each(for_, func(_ context.Context, p *post, _ int, did func(time.Duration)) error {
		return p.work(over, nil, func(asked, _ time.Time) { did(time.Since(asked)) })
	})
	if err != nil {
		return got, err
	}
	return got, c.gone()
}
