package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// crew are agents at their streams, whose heartbeats are sent for them.
type crew struct {
	posts []*post
	ctx   context.Context // of the streams
	stop  context.CancelCauseFunc
	beats sync.WaitGroup
}

// crewPatience is how much longer than it should an act of a crew may take before the run counts as broken.
const crewPatience = time.Minute

// sitAll opens a stream for each of many agents, spread over connections.
func (f *office) sitAll(ctx context.Context, conns []*grpc.ClientConn, first, n int, ready bool) (*crew, error) {
	c := &crew{posts: make([]*post, n)}
	c.ctx, c.stop = context.WithCancelCause(ctx)
	g := new(errgroup.Group)
	g.SetLimit(32)
	for i := range c.posts {
		g.Go(func() (err error) {
			c.posts[i], err = f.sit(c.ctx, conns[i%len(conns)], first+i, ready)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		c.stop(nil)
		return nil, err
	}
	c.beats.Go(c.beat)
	return c, nil
}

// each lets every agent act and times them together; the first error ends all streams. It should take so long at most.
func (c *crew) each(most time.Duration, act func(ctx context.Context, p *post, i int, did func(time.Duration)) error) (slice, error) {
	late := time.AfterFunc(most+crewPatience, func() {
		c.stop(fmt.Errorf("%w: agents at streams still waited %v after the end", errWrong, crewPatience))
	})
	defer late.Stop()
	got, err := inParallel(c.ctx, len(c.posts), func(ctx context.Context, i int, did func(time.Duration)) error {
		err := act(ctx, c.posts[i], i, did)
		if err != nil {
			c.stop(err)
		}
		return err
	})
	if err != nil && context.Cause(c.ctx) != nil {
		err = context.Cause(c.ctx) // what came first
	}
	return got, err
}

// gone waits until every agent is signed out.
func (c *crew) gone() error {
	_, err := c.each(0, func(_ context.Context, p *post, _ int, _ func(time.Duration)) error { return p.gone() })
	return err
}

// end ends the streams.
func (c *crew) end() {
	c.stop(nil)
	c.beats.Wait()
}

// beat says for every agent that it is there, until the streams end. One that broke is told of by its reader.
func (c *crew) beat() {
	every := 10 * time.Second
	if len(c.posts) > 0 && c.posts[0].beat > 0 {
		every = c.posts[0].beat
	}
	tick := time.NewTicker(max(every/time.Duration(max(len(c.posts), 1)), 10*time.Microsecond))
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
			_ = c.posts[i%len(c.posts)].heartbeat()
		}
	}
}
