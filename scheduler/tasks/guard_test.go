package tasks

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// notes is a log that may be read while it is written.
type notes struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notes) lines() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Split(strings.TrimSpace(n.b.String()), "\n")
}

// TestAFullRedisIsNeitherSpunOnNorCriedAbout: Asynq asks for the next task again at once when Redis refuses.
func TestAFullRedisIsNeitherSpunOnNorCriedAbout(t *testing.T) {
	t.Parallel()
	server := testserver.NewRedis(t)
	client, admin := dial(t, server.Addr), dial(t, server.Addr)
	log := &notes{}
	d := newDesk()
	start(t, client, d, WorkerOptions{
		Poll: 100 * time.Millisecond, Guard: NewGuard(client, GuardOptions{Pause: 100 * time.Millisecond}),
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	w := NewWaker(admin, Options{})
	if err := w.Import(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	d.await(t, 10*time.Second)

	full(t, admin, "1")
	before := refused(t, admin)
	<-time.After(2 * time.Second)
	if n := refused(t, admin) - before; n == 0 || n > 100 {
		t.Errorf("Redis refused %d commands in two seconds, want some and at most a hundred", n)
	}
	server.Stop()
	<-time.After(3 * time.Second)
	if got := log.lines(); len(got) != 1 {
		t.Errorf("%d lines, want one in the minute:\n%s", len(got), strings.Join(got, "\n"))
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	for w.Import(t.Context(), 2) != nil {
		<-time.After(50 * time.Millisecond)
	}
	if c := d.await(t, 10*time.Second); c.id != 2 {
		t.Errorf("got %+v, want the import sent after Redis had room again", c)
	}
}

func full(t *testing.T, admin redis.UniversalClient, maxmemory string) {
	t.Helper()
	if err := admin.ConfigSet(t.Context(), "maxmemory", maxmemory).Err(); err != nil {
		t.Fatal(err)
	}
}

// refused is how many commands Redis answered with an error.
func refused(t *testing.T, admin redis.UniversalClient) int {
	t.Helper()
	info, err := admin.Info(t.Context(), "stats").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(info, "total_error_replies:")
	number, _, _ := strings.Cut(after, "\r")
	n, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAWorkerStopsWhileRedisHangs(t *testing.T) {
	t.Parallel()
	proxy := testserver.NewProxy(t, testserver.Redis(t))
	client := dial(t, proxy.Addr)
	d := newDesk()
	start(t, client, d, WorkerOptions{Guard: NewGuard(client, GuardOptions{}), Grace: time.Second})
	if err := NewWaker(dial(t, proxy.Addr), Options{}).Import(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	d.await(t, 10*time.Second)
	proxy.Hang()
	for proxy.Bitten() == 0 {
		<-time.After(10 * time.Millisecond)
	}
	// The clean-up stops the worker, which fails the test if Redis keeps it from ending.
}

// TestWhatRedisEvictedOfATaskDoesNotKeepItsWorkFromBeingSent takes each of the keys behind a task away in turn.
func TestWhatRedisEvictedOfATaskDoesNotKeepItsWorkFromBeingSent(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"asynq:{redial}:scheduled", "asynq:{redial}:t:due-1", "asynq:queues", "asynq:{redial}:lease", "asynq:{redial}:active"} {
		t.Run(key, func(t *testing.T) {
			onEach(t, func(t *testing.T, client redis.UniversalClient) {
				d := newDesk()
				w := NewWaker(client, Options{})
				due := appointment(1, time.Now().Add(1500*time.Millisecond))
				if err := w.Promise(t.Context(), due, 0); err != nil {
					t.Fatal(err)
				}
				if err := client.Del(t.Context(), key).Err(); err != nil {
					t.Fatal(err)
				}
				start(t, client, d, WorkerOptions{})
				deadline := time.After(30 * time.Second)
				for {
					if err := w.Promise(t.Context(), due, 0); err != nil {
						t.Fatal(err)
					}
					select {
					case c := <-d.calls:
						if c.kind != typeDue || c.at.Before(due.At) {
							t.Errorf("got %+v, want the promise at %v", c, due.At)
						}
						return
					case <-time.After(250 * time.Millisecond):
					case <-deadline:
						t.Fatal("the wake-up never came")
					}
				}
			})
		})
	}
}

func TestI8TheSweepComesSoonAfterALossAndSendsEverythingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		b := &backlog{now: time.Now, promises: []campaign.Appointment{*appointment(3, time.Now().Add(50*time.Minute))}}
		var away atomic.Bool
		away.Store(true)
		o := &office{numbers: make(map[string]int)}
		s, err := NewSweeper("a", o.node("a"), &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{}), Away: away.Load}, SweeperOptions{LookEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); s.Run(ctx) }()
		defer func() { stop(); <-ended }()
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() } //nolint:forbidigo // fake time: the bubble moves on by so much
		pass(16 * time.Second)
		if n := client.DBSize(t.Context()).Val(); n != 0 {
			t.Errorf("a Redis that is away holds %d keys", n)
		}
		away.Store(false)
		for range 2 {
			s.Lost()
			pass(lostGap + time.Millisecond)
			if got := waiting(t, client); !slices.Contains(got, "due-3") || !slices.Contains(got, "remind-3") {
				t.Errorf("%v after the loss there wait %v", lostGap, got)
			}
			client.FlushAll(t.Context())
		}
		looked := len(b.looked)
		for range 100 { // a Redis that evicts all the time
			s.Lost()
			pass(10 * time.Millisecond)
		}
		if n := len(b.looked) - looked; n > 1 {
			t.Errorf("%d sweeps in a second", n)
		}
	})
}

func TestI8TheElectedNodeFindsARedisThatWasFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		b := &backlog{now: time.Now, promises: []campaign.Appointment{*appointment(3, time.Now().Add(50*time.Minute))}}
		o := &office{numbers: make(map[string]int)}
		ctx, stop := context.WithCancel(t.Context())
		var nodes sync.WaitGroup
		defer func() { stop(); nodes.Wait() }()
		for _, name := range []string{"a", "b"} {
			s, err := NewSweeper(name, o.node(name), &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{})}, SweeperOptions{})
			if err != nil {
				t.Fatal(err)
			}
			nodes.Go(func() { s.Run(ctx) })
		}
		for range 3 {
			time.Sleep(5 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
			synctest.Wait()
			if got := waiting(t, client); !slices.Contains(got, "due-3") {
				t.Errorf("five seconds after the flush there wait %v", got)
			}
			client.FlushAll(t.Context())
		}
	})
}
