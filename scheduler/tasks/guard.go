package tasks

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// GuardOptions of NewGuard. The zero value is useful.
type GuardOptions struct {
	Pause   time.Duration // a command that Redis failed at is answered so much later; 0: 500ms
	Timeout time.Duration // of each command, dialling and trying again included; 0: 2s
}

// Guard makes a client fit for Asynq, which gives its commands no deadline, asks for the next task again at once when
// Redis fails, and complains of every command: with it, commands end, loops do not spin and the log is not flooded.
// What it does is felt by everybody who uses the client.
type Guard struct {
	o GuardOptions

	mu     sync.Mutex
	failed time.Time // when Redis last failed
	told   time.Time // when that was last told of
	ending chan struct{}
	once   sync.Once
}

const (
	recent    = 10 * time.Second // a failure explains what Asynq complains of for so long
	tellEvery = time.Minute
)

// NewGuard puts a guard into the client, which should be Asynq's alone.
func NewGuard(client redis.UniversalClient, o GuardOptions) *Guard {
	if o.Pause <= 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	g := &Guard{o: o, ending: make(chan struct{})}
	client.AddHook(g)
	return g
}

// DialHook implements redis.Hook.
func (g *Guard) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (g *Guard) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return g.watch(ctx, func(ctx context.Context) error { return next(ctx, cmd) })
	}
}

// ProcessPipelineHook implements redis.Hook.
func (g *Guard) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return g.watch(ctx, func(ctx context.Context) error { return next(ctx, cmds) })
	}
}

func (g *Guard) watch(ctx context.Context, command func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, g.o.Timeout)
	defer cancel()
	err := command(bounded)
	if !redisFault(err) || ctx.Err() != nil {
		return err
	}
	g.mu.Lock()
	g.failed = time.Now()
	g.mu.Unlock()
	timer := time.NewTimer(g.o.Pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-g.ending:
	}
	return err
}

// redisFault says whether an error is Redis's, and not an answer of one of Asynq's scripts.
func redisFault(err error) bool {
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return false
	case redis.HasErrorPrefix(err, "NOSCRIPT"), redis.HasErrorPrefix(err, "NOT FOUND"):
		return false
	default:
		return true
	}
}

// hurry ends the pauses: the program stops.
func (g *Guard) hurry() {
	if g != nil {
		g.once.Do(func() { close(g.ending) })
	}
}

// says whether a complaint is worth a line: while Redis fails, one a minute.
func (g *Guard) says(now time.Time) bool {
	if g == nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.failed) >= recent {
		return true
	}
	if now.Sub(g.told) < tellEvery {
		return false
	}
	g.told = now
	return true
}
