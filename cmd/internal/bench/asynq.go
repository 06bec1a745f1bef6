package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"golang.org/x/sync/errgroup"
)

// The peer's settings.
const (
	asynqWorkers = 50
	asynqPoll    = time.Second
	asynqEnqueue = 16 // at once
	asynqPatient = 5 * time.Minute
)

// asynqRun is one instant at which tasks come due that do nothing.
type asynqRun struct {
	tasks int
	at    time.Time
	wrong atomic.Int64 // early, or a second time
	done  atomic.Int64
	late  []time.Duration // by task; below 0: not run
	took  time.Duration
	over  chan struct{}
	once  sync.Once
}

// asynqRound puts a task for each lead into a queue, due at one instant, and lets a server run them. beside is what the
// callbacks reached in the same round.
func asynqRound(ctx context.Context, o *Options, e *engine, s *series, beside float64) error {
	url, err := e.redisURL(ctx)
	if err != nil {
		return err
	}
	at, err := asynq.ParseRedisURI(url)
	if err != nil {
		return fmt.Errorf("read the address of Redis: %w", err)
	}
	r := &asynqRun{tasks: o.callbackLeads(e), over: make(chan struct{})}
	if err := r.enqueue(ctx, at); err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	w := startWatch()
	if err := r.serve(ctx, at); err != nil {
		return err
	}
	got := slice{done: r.tasks, took: r.took, outside: w.outside(), waits: r.late}
	s.round(got, beside)
	s.Note = fmt.Sprintf("%d tasks that do nothing, due at one instant; p50 and p99 are how late they began", r.tasks)
	return nil
}

// enqueue measures the first tasks to find an instant by which all will be there.
func (r *asynqRun) enqueue(ctx context.Context, at asynq.RedisConnOpt) (err error) {
	c := asynq.NewClient(at)
	defer func() { err = errors.Join(err, c.Close()) }()
	r.late = make([]time.Duration, r.tasks)
	for i := range r.late {
		r.late[i] = -1
	}
	some := max(r.tasks/50, 1)
	r.at = time.Now().Add(time.Hour)
	began := time.Now()
	if err := enqueueSome(ctx, c, r.at, -some, 0); err != nil { // of another hour: they only show how fast it goes
		return err
	}
	whole := time.Since(began) * time.Duration(r.tasks/some)
	r.at = time.Now().Add(whole*3/2 + 3*time.Second).Truncate(time.Second)
	if err := enqueueSome(ctx, c, r.at, 0, r.tasks); err != nil {
		return err
	}
	if late := time.Since(r.at); late > 0 {
		return fmt.Errorf("the tasks came due %v before all were there: the machine is too unsteady", late)
	}
	return nil
}

func enqueueSome(ctx context.Context, c *asynq.Client, at time.Time, from, to int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(asynqEnqueue)
	for i := range asynqEnqueue {
		g.Go(func() error {
			for n := from + i; n < to; n += asynqEnqueue {
				task := asynq.NewTask("lead", binary.BigEndian.AppendUint64(nil, uint64(n)))
				if _, err := c.EnqueueContext(ctx, task, asynq.ProcessAt(at)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (r *asynqRun) serve(ctx context.Context, at asynq.RedisConnOpt) error {
	server := asynq.NewServer(at, asynq.Config{Concurrency: asynqWorkers, DelayedTaskCheckInterval: asynqPoll, LogLevel: asynq.FatalLevel})
	if err := server.Start(asynq.HandlerFunc(r.run)); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	defer server.Shutdown()
	patience := time.NewTimer(time.Until(r.at) + asynqPatient)
	defer patience.Stop()
	select {
	case <-r.over:
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		return fmt.Errorf("%w: %d of %d tasks were run in %v", errWrong, r.done.Load(), r.tasks, asynqPatient)
	}
	if n := r.wrong.Load(); n > 0 {
		return fmt.Errorf("%w: %d tasks were run twice", errWrong, n)
	}
	return nil
}

// run is what a task does: nothing, but that it was run is noted.
func (r *asynqRun) run(_ context.Context, t *asynq.Task) error {
	n := int64(binary.BigEndian.Uint64(t.Payload()))
	if n < 0 || n >= int64(r.tasks) {
		return errors.New("of another hour")
	}
	late := max(time.Since(r.at), 0) // it goes by whole seconds and may be early
	if r.late[n] >= 0 {
		r.wrong.Add(1)
	}
	r.late[n] = late
	if r.done.Add(1) == int64(r.tasks) {
		r.once.Do(func() {
			r.took = late
			close(r.over)
		})
	}
	return nil
}
