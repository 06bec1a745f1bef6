package tasks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// WorkerOptions of NewWorker. The zero value is useful.
type WorkerOptions struct {
	Options
	Concurrency int           // tasks at a time; 0: 16
	Heavy       int           // imports, replans and purges among them; 0: 2
	Poll        time.Duration // how often Redis is asked; 0: 500ms. It is the cost of an idle node, and how late a wake-up is
	Grace       time.Duration // at the end tasks may go on for so long, then go back to the queue; 0: 8s
	Guard       *Guard        // of the client; nil: it has none
	Log         *slog.Logger  // nil: discarded
}

func (o WorkerOptions) withDefaults() WorkerOptions {
	o.Options = o.Options.withDefaults()
	if o.Concurrency <= 0 {
		o.Concurrency = 16
	}
	if o.Heavy <= 0 {
		o.Heavy = 2
	}
	if o.Poll <= 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.Grace <= 0 {
		o.Grace = 8 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Worker runs tasks. Redis may be away when it starts and at any time later; it goes on when Redis is back.
type Worker struct {
	o      WorkerOptions
	h      Handlers
	log    *slog.Logger
	waker  *Waker
	server *asynq.Server
	heavy  chan struct{}

	pushing chan struct{}

	stopping context.Context // of the work of slots; it ends half the grace before asynq gives back what is not done
	stop     context.CancelFunc
}

// NewWorker runs tasks from the client's Redis, which stays the caller's to close.
func NewWorker(client redis.UniversalClient, h Handlers, o WorkerOptions) (*Worker, error) {
	if err := h.missing(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	if o.Heavy >= o.Concurrency {
		return nil, fmt.Errorf("tasks: %d places for long work leave none of %d for wake-ups", o.Heavy, o.Concurrency)
	}
	w := &Worker{o: o, h: h, log: o.Log, waker: NewWaker(client, o.Options), heavy: make(chan struct{}, o.Heavy), pushing: make(chan struct{}, max(1, (o.Concurrency-o.Heavy)/2))}
	w.stopping, w.stop = context.WithCancel(context.Background())
	w.server = asynq.NewServerFromRedisClient(client, asynq.Config{
		Concurrency:              o.Concurrency,
		Queues:                   map[string]int{o.Queue: 1},
		TaskCheckInterval:        o.Poll,
		DelayedTaskCheckInterval: o.Poll,
		ShutdownTimeout:          o.Grace,
		RetryDelayFunc:           retryDelay,
		IsFailure:                failure,
		ErrorHandler:             asynq.ErrorHandlerFunc(w.tell),
		Logger:                   asynqLog{o.Log, o.Guard},
		LogLevel:                 asynq.WarnLevel,
	})
	return w, nil
}

// Run runs tasks until the context ends, and then stops in this order: no new task is begun; those under way get the
// grace, the work of slots half of it; what is not done by then goes back to the queue, its handler's context ends, and it
// is run again elsewhere. Stop what sends tasks before, and close the Redis client and the record after.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.server.Start(asynq.HandlerFunc(w.process)); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	<-ctx.Done()
	defer time.AfterFunc(w.o.Grace/2, w.stop).Stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.o.Guard.hurry()
		w.server.Stop()
		w.server.Shutdown()
	}()
	limit := time.NewTimer(w.o.Grace + 2*w.o.Poll + 15*time.Second) // asynq sleeps up to one and a half polls before it hears
	defer limit.Stop()
	select {
	case <-done:
		return nil
	case <-limit.C:
		return errors.New("stop the worker: Redis does not answer; what was under way will be run again")
	}
}

// failure says whether an error uses up a retry.
func failure(err error) bool {
	_, wait := errors.AsType[*later](err)
	return err != nil && !wait
}

// retryDelay is 1, 2, 4, … 60 s after faults, and as long as asked for otherwise.
func retryDelay(n int, err error, _ *asynq.Task) time.Duration {
	if l, ok := errors.AsType[*later](err); ok {
		return l.wait
	}
	return min(time.Minute, time.Second<<min(n, 6))
}

func (w *Worker) tell(ctx context.Context, t *asynq.Task, err error) {
	if failure(err) && !errors.Is(err, errStops) {
		retried, _ := asynq.GetRetryCount(ctx)
		w.log.ErrorContext(ctx, "a task failed", "task", t.Type(), "payload", string(t.Payload()), "retried", retried, "error", err)
	}
}

// asynqLog gives Asynq's words to slog; what it complains of while Redis fails is told once a minute. Nothing of Asynq's
// ends the process.
type asynqLog struct {
	log   *slog.Logger
	guard *Guard
}

func (l asynqLog) Debug(args ...any) { l.say(slog.LevelDebug, args) }
func (l asynqLog) Info(args ...any)  { l.say(slog.LevelInfo, args) }
func (l asynqLog) Warn(args ...any)  { l.say(slog.LevelWarn, args) }
func (l asynqLog) Error(args ...any) { l.say(slog.LevelError, args) }
func (l asynqLog) Fatal(args ...any) { l.say(slog.LevelError, args) }

func (l asynqLog) say(level slog.Level, args []any) {
	if level >= slog.LevelWarn && !l.guard.says(time.Now()) {
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, "asynq", "says", fmt.Sprint(args...))
}
