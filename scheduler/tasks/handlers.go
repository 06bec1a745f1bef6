package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"redial/campaign"
)

// Releaser fills a campaign's hopper and says when more comes due by itself; zero: nothing waits.
type Releaser interface {
	Release(ctx context.Context, id campaign.CampaignID) (next time.Time, err error)
}

// Promises act on a promise whose instant, or whose reminder's, has come. They look at the record first: it may have been
// kept, moved or cancelled, or been told of before.
type Promises interface {
	Remind(ctx context.Context, id campaign.AppointmentID) error
	PromiseDue(ctx context.Context, id campaign.AppointmentID) error
}

// Days begin a campaign's day: what waits since yesterday goes before what was tried today.
type Days interface {
	Rollover(ctx context.Context, id campaign.CampaignID) error
}

// Imports take an upload in. One that another node has, or that is done, is none of their business.
type Imports interface {
	RunImport(ctx context.Context, id campaign.UploadID) error
}

// Replans decide about a campaign's leads anew.
type Replans interface {
	Replan(ctx context.Context, id campaign.CampaignID) error
}

// Purges drop history that is old enough.
type Purges interface {
	Purge(ctx context.Context) error
}

// Slots make periodic work unique: of all who ask for a job's slot, one is first, for ever.
type Slots interface {
	Slot(ctx context.Context, job string, slot int64) (first bool, err error)
}

// Handlers are what tasks call; all are needed. Each call may come twice and must change nothing the second time.
type Handlers struct {
	Releaser Releaser
	Promises Promises
	Days     Days
	Imports  Imports
	Replans  Replans
	Purges   Purges
	Pushes   Pushes
	Slots    Slots
}

func (h *Handlers) missing() error {
	if h.Releaser == nil || h.Promises == nil || h.Days == nil || h.Imports == nil || h.Replans == nil || h.Purges == nil || h.Pushes == nil || h.Slots == nil {
		return errors.New("tasks need every handler")
	}
	return nil
}

// later says that a task should run again after a while; it is no failure and uses up no retry.
type later struct {
	wait time.Duration
	why  string
}

func (l *later) Error() string { return fmt.Sprintf("%s: again in %v", l.why, l.wait) }

const (
	patience  = 2 * time.Second // a handler waits so long for its instant; for more it goes back to the queue
	heavyWait = 5 * time.Second // all places for long work are taken: look again
)

// process runs a task.
func (w *Worker) process(ctx context.Context, t *asynq.Task) error {
	var p payload
	if err := json.Unmarshal(t.Payload(), &p); err != nil {
		return fmt.Errorf("read task %s: %w: %w", t.Type(), err, asynq.SkipRetry)
	}
	if err := w.await(ctx, p.At); err != nil {
		return err
	}
	err := w.run(ctx, t.Type(), p)
	switch campaign.KindOf(err) {
	case campaign.KindNotFound, campaign.KindInvalid, campaign.KindConflict, campaign.KindUnready, campaign.KindDenied:
		// The record's answer will not change by asking again.
		w.log.WarnContext(ctx, "a wake-up came for nothing", "task", t.Type(), "id", p.ID, "reason", err)
		return nil
	default:
		return err
	}
}

// await waits for the instant of a task that fired early.
func (w *Worker) await(ctx context.Context, at int64) error {
	wait := time.UnixMicro(at).Sub(w.o.Now())
	if at == 0 || wait <= 0 {
		return nil
	}
	if wait > patience {
		return &later{wait: wait, why: "fired too early"}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *Worker) run(ctx context.Context, kind string, p payload) error {
	switch kind {
	case typeRelease:
		return w.release(ctx, campaign.CampaignID(p.ID))
	case typeRemind:
		return w.h.Promises.Remind(ctx, campaign.AppointmentID(p.ID))
	case typeDue:
		return w.h.Promises.PromiseDue(ctx, campaign.AppointmentID(p.ID))
	case typeRollover:
		return w.once(ctx, fmt.Sprintf("%s:%d", kind, p.ID), p.Slot, func(ctx context.Context) error {
			return w.h.Days.Rollover(ctx, campaign.CampaignID(p.ID))
		})
	case typePurge:
		return w.heavily(func() error { // the slot is taken in its place, not before: else a day without a place would be lost
			return w.once(ctx, kind, p.Slot, w.h.Purges.Purge)
		})
	case typePush:
		return w.push(ctx, campaign.DeliveryID(p.ID))
	case typeImport:
		return w.heavily(func() error { return w.h.Imports.RunImport(ctx, campaign.UploadID(p.ID)) })
	case typeReplan:
		return w.heavily(func() error { return w.h.Replans.Replan(ctx, campaign.CampaignID(p.ID)) })
	default:
		return fmt.Errorf("%q is no task of this program: %w", kind, asynq.SkipRetry)
	}
}

// release fills the hopper and sends the next wake-up.
func (w *Worker) release(ctx context.Context, id campaign.CampaignID) error {
	next, err := w.h.Releaser.Release(ctx, id)
	if err != nil || next.IsZero() {
		return err
	}
	return w.waker.Release(ctx, id, next)
}

// errStops ends the work of a slot that this node has no more time for.
var errStops = errors.New("this node stops")

// once runs the work of a slot unless somebody did. A task that is run again after a fault goes on with its own slot. So
// does one whose node stops: it ends before the grace does and is tried again as after a fault, for what Asynq gives back
// at the end of the grace is as if it had never run, and would find its slot taken.
func (w *Worker) once(ctx context.Context, job string, slot int64, work func(context.Context) error) error {
	if retried, _ := asynq.GetRetryCount(ctx); retried == 0 {
		first, err := w.h.Slots.Slot(ctx, job, slot)
		if err != nil || !first {
			return err
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(w.stopping, func() { stop(errStops) })()
	err := work(ctx)
	if err != nil && w.stopping.Err() != nil {
		return fmt.Errorf("%w: %w", errStops, err)
	}
	return err
}

// heavily runs long work in one of the few places for it, so that it never holds up wake-ups that are due.
func (w *Worker) heavily(work func() error) error {
	select {
	case w.heavy <- struct{}{}:
		defer func() { <-w.heavy }()
		return work()
	default:
		return &later{wait: heavyWait, why: "all places for long work are taken"}
	}
}
