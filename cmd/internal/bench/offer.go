package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
)

// pace is how long a call lasts: evenly between two times.
type pace struct{ least, most time.Duration }

// pause lasts as long as a call; r may be nil when there is nothing to choose.
func (p pace) pause(ctx context.Context, r *rand.Rand) {
	d := p.least
	if p.most > p.least {
		d += time.Duration(r.Int64N(int64(p.most - p.least)))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (p pace) String() string {
	return fmt.Sprintf("%g to %g s", p.least.Seconds(), p.most.Seconds())
}

// offerPace is that of the measure of offers: about one offer a second and agent.
func (o *Options) offerPace() pace {
	if o.Quick {
		return pace{5 * time.Millisecond, 15 * time.Millisecond}
	}
	return pace{500 * time.Millisecond, 1500 * time.Millisecond}
}

// offers is how long an agent waits for the next lead, from the outcome or from being ready to the offer on its
// stream, with so many agents whose calls last a while.
func (c *calls) offers(ctx context.Context) error {
	agents, pace := c.w.streamers(), c.o.offerPace()
	all, err := c.office.sitAll(ctx, []*grpc.ClientConn{c.office.conn}, c.w.callers, agents, true)
	if err != nil {
		return err
	}
	defer all.end()
	got, err := all.paced(pace, 2*c.o.Slice, 0)
	if err != nil {
		return err
	}
	s := c.add("offer", agents, "offers/s", got, 0, "")
	s.Note = "on streams; a call lasts " + pace.String() + "; p50 and p99 are from the outcome to the next offer"
	if c.e.pg != nil {
		s.atMost("p50_ms", 5).atMost("p99_ms", 50)
	}
	return nil
}

// paced lets agents work for a while with calls that last. With a stagger they are not ready yet, and become so one
// after the other in that time. What an agent is offered first is not counted, for nobody knows since when it waited.
func (c *crew) paced(calls pace, for_, stagger time.Duration) (slice, error) {
	f, n := c.posts[0].f, len(c.posts)
	until := time.Now().Add(stagger + for_)
	got, err := c.each(stagger+for_+2*calls.most, func(ctx context.Context, p *post, i int, did func(time.Duration)) error {
		r, cycles := rand.New(rand.NewPCG(2, uint64(i))), 0
		over := func() bool { return cycles > 1 && !time.Now().Before(until) || f.left() <= n }
		if stagger > 0 {
			after := stagger * time.Duration(i) / time.Duration(n)
			pace{after, after}.pause(ctx, r)
			if err := p.ready(); err != nil {
				return err
			}
		}
		return p.work(over, func() { calls.pause(ctx, r) }, func(asked, came time.Time) {
			if cycles++; cycles > 1 {
				did(came.Sub(asked))
			}
		})
	})
	if err != nil {
		return got, err
	}
	got.took -= stagger // in which few were at work
	return got, c.gone()
}
