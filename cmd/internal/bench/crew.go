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

	mu  sync.Mutex
	sat []*post // in order of coming
}

// crewPatience is how much longer than it should an act of a crew may take before the run counts as broken.
const crewPatience = time.Minute

// sitAll opens a stream for each of many agents, spread over connections.
func (f *office) sitAll(ctx context.Context, conns []*grpc.ClientConn, first, n int, ready bool) (*crew, error) {
	c := &crew{posts: make([]*post, n)}
	c.ctx, c.stop = context.WithCancelCause(ctx)
	c.beats.Go(c.beat)
	g := new(errgroup.Group)
	g.SetLimit(32)
	for i := range c.posts {
		g.Go(func() (err error) {
			if c.posts[i], err = f.sit(c.ctx, conns[i%len(conns)], first+i, ready); err == nil {
				c.mu.Lock()
				c.sat = append(c.sat, c.posts[i])
				c.mu.Unlock()
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		c.end()
		return nil, err
	}
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

// beatsEvery is how often it is looked which heartbeats are due.
const beatsEvery = 2 * time.Millisecond

// beat says for every agent that it is there, in turn, until the streams end: as many as are due by the clock, since ticks
// are lost on a laden machine. One that broke is told of by its reader.
func (c *crew) beat() {
	tick := time.NewTicker(beatsEvery)
	defer tick.Stop()
	next, owed, last := 0, 0.0, time.Now()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
			now, sat := time.Now(), c.seated()
			if len(sat) > 0 {
				owed += float64(len(sat)) * float64(now.Sub(last)) / float64(sat[0].beat)
			}
			for last = now; owed >= 1; owed-- {
				_ = sat[next%len(sat)].heartbeat()
				next++
			}
		}
	}
}

func (c *crew) seated() []*post {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sat
}
