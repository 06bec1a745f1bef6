package tasks

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"redial/campaign"
)

// Ahead is how far ahead promises are sent: those further on are left to a later sweep, so that the queue stays small.
const Ahead = time.Hour

// anew is how often work whose task runs, or seems to, may be sent again under another id. A task that lost its lease
// with a part of Redis's memory would otherwise keep its id for ever (asynq #1144).
const anew = 10 * time.Minute

// Options of NewWaker and NewWorker. The zero value is useful.
type Options struct {
	Queue string           // empty: redial
	Now   func() time.Time // the clock that counts; nil: time.Now
	Wall  func() time.Time // what the machine says the time is: what Asynq goes by; nil: time.Now
}

func (o Options) withDefaults() Options {
	if o.Queue == "" {
		o.Queue = "redial"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	return o
}

// Waker sends wake-ups. Sending the same twice wakes once. Its errors are Redis's, and need nothing but a note: the sweep
// sends again what matters.
type Waker struct {
	o         Options
	redis     redis.UniversalClient
	client    atomic.Pointer[asynq.Client]
	inspector *asynq.Inspector
}

// NewWaker sends through the client, which stays the caller's to close.
func NewWaker(client redis.UniversalClient, o Options) *Waker {
	w := &Waker{o: o.withDefaults(), redis: client, inspector: asynq.NewInspectorFromRedisClient(client)}
	w.renew()
	return w
}

// renew is for a Redis that was flushed: Asynq's client believes that the queue's name is known. A new one writes it.
func (w *Waker) renew() { w.client.Store(asynq.NewClientFromRedisClient(w.redis)) }

// unsent marks an error of Redis among those of the record.
type unsent struct{ error }

func (e *unsent) Unwrap() error { return e.error }

// mark says in Redis that everything was sent; while it is there Redis has lost nothing.
func (w *Waker) mark(ctx context.Context) error {
	if err := w.redis.Set(ctx, w.o.Queue+":whole", w.o.Now().Unix(), 0).Err(); err != nil {
		return fmt.Errorf("note that everything was sent: %w", err)
	}
	return nil
}

// lost says whether the mark is gone.
func (w *Waker) lost(ctx context.Context) (bool, error) {
	n, err := w.redis.Exists(ctx, w.o.Queue+":whole").Result()
	if err != nil {
		return false, fmt.Errorf("look whether Redis holds everything: %w", err)
	}
	return n == 0, nil
}

// Release wakes a campaign's hopper at an instant, in whole seconds.
func (w *Waker) Release(ctx context.Context, id campaign.CampaignID, at time.Time) error {
	return w.send(ctx, releaseTask(id, at))
}

// Promise wakes for an open promise: its reminder, so long before it, and its instant. One further ahead than Ahead is
// left to the sweep.
func (w *Waker) Promise(ctx context.Context, a *campaign.Appointment, remindBefore time.Duration) error {
	if a.State != campaign.AppointmentOpen || a.At.After(w.o.Now().Add(Ahead)) {
		return nil
	}
	if !a.Reminded && remindBefore > 0 {
		if err := w.send(ctx, remindTask(a, a.At.Add(-remindBefore))); err != nil {
			return err
		}
	}
	return w.send(ctx, dueTask(a))
}

// Import takes an upload in, now.
func (w *Waker) Import(ctx context.Context, id campaign.UploadID) error {
	return w.send(ctx, importTask(id))
}

// Replan decides about a campaign's leads anew, for this version of its rules, now.
func (w *Waker) Replan(ctx context.Context, id campaign.CampaignID, rulesVersion int64) error {
	return w.send(ctx, replanTask(id, rulesVersion))
}

// Rollover begins a campaign's day, now.
func (w *Waker) Rollover(ctx context.Context, id campaign.CampaignID, day campaign.Date) error {
	return w.send(ctx, rolloverTask(id, day))
}

// Purge drops old history, once for the day.
func (w *Waker) Purge(ctx context.Context, day campaign.Date) error {
	return w.send(ctx, purgeTask(day))
}

// send sends a task unless it is there already.
func (w *Waker) send(ctx context.Context, m message) error {
	if err := w.sendOnce(ctx, m); err != nil {
		return &unsent{err}
	}
	return nil
}

// sendOnce frees an id that is only taken by what will never run.
func (w *Waker) sendOnce(ctx context.Context, m message) error {
	id := m.id
	for range 4 {
		err := w.enqueue(ctx, m, id)
		if !errors.Is(err, asynq.ErrTaskIDConflict) {
			return err
		}
		info, err := w.inspector.GetTaskInfo(w.o.Queue, id)
		switch {
		case errors.Is(err, asynq.ErrTaskNotFound):
			continue // it ended meanwhile
		case errors.Is(err, asynq.ErrQueueNotFound):
			w.renew()
			continue
		case err != nil:
			return fmt.Errorf("look at task %s: %w", id, err)
		}
		switch info.State {
		case asynq.TaskStateArchived, asynq.TaskStateCompleted:
			if err := w.inspector.DeleteTask(w.o.Queue, id); err != nil && !errors.Is(err, asynq.ErrTaskNotFound) {
				return fmt.Errorf("free the id of task %s: %w", id, err)
			}
		default:
			if info.State != asynq.TaskStateActive && !astray(info) {
				return nil // it waits its turn
			}
			again := fmt.Sprintf("%s-again-%d", m.id, w.o.Now().Unix()/int64(anew/time.Second))
			if id == again {
				return nil
			}
			id = again
		}
	}
	return nil
}

// astray says whether a task waits that will never run: Redis evicted the set that it waited in.
func astray(info *asynq.TaskInfo) bool {
	return (info.State == asynq.TaskStateScheduled || info.State == asynq.TaskStateRetry) && info.NextProcessAt.IsZero()
}

// enqueue sends a task. Asynq at whichever node looks goes by its machine's clock: it is told the instant by the clock
// that counts or by this machine's, whichever comes first. A task that is early by the clock that counts goes back, one
// that is late stays late.
func (w *Waker) enqueue(ctx context.Context, m message, id string) error {
	t, err := m.task()
	if err != nil {
		return err
	}
	opts := []asynq.Option{asynq.Queue(w.o.Queue), asynq.TaskID(id)}
	if m.At > 0 {
		at := time.UnixMicro(m.At)
		if wait := at.Sub(w.o.Now()); wait > 0 {
			if here := w.o.Wall().Round(0).Add(wait); here.Before(at) {
				at = here
			}
			opts = append(opts, asynq.ProcessAt(ceil(at)))
		}
	}
	if _, err := w.client.Load().EnqueueContext(ctx, t, opts...); err != nil {
		return fmt.Errorf("send task %s: %w", id, err)
	}
	return nil
}
