package tasks

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// onEach runs a test on miniredis in a bubble of fake time and on a redis-server of its own.
func onEach(t *testing.T, test func(t *testing.T, client redis.UniversalClient)) {
	t.Parallel()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(t, embedded(t)) })
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, dial(t, testserver.Redis(t)))
	})
}

// embedded is the client of a miniredis, for use in a bubble.
func embedded(t *testing.T) redis.UniversalClient {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	client := redis.NewClient(&redis.Options{
		Addr:                  "127.0.0.1:1",
		ContextTimeoutEnabled: true,
		Dialer:                func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
	})
	t.Cleanup(func() { client.Close(); m.Close() })
	return client
}

func dial(t *testing.T, addr string) redis.UniversalClient {
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	return client
}

// call is something a handler was asked to do.
type call struct {
	kind string
	id   int64
	at   time.Time
}

// desk is every handler at once. It notes calls, and answers what hooks say.
type desk struct {
	calls chan call
	now   func() time.Time

	mu    sync.Mutex
	slots map[string]bool
	hooks map[string]func(ctx context.Context, n int) error // by kind; n counts that kind's calls from 1
	count map[string]int
	next  time.Time
}

func newDesk() *desk {
	return &desk{
		calls: make(chan call, 10000), now: time.Now,
		slots: make(map[string]bool), hooks: make(map[string]func(context.Context, int) error), count: make(map[string]int),
	}
}

func (d *desk) handlers() Handlers {
	return Handlers{Releaser: d, Promises: d, Days: d, Imports: d, Replans: d, Purges: d, Pushes: d, Slots: d}
}

func (d *desk) hook(kind string, fn func(ctx context.Context, n int) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hooks[kind] = fn
}

func (d *desk) done(ctx context.Context, kind string, id int64) error {
	d.mu.Lock()
	d.count[kind]++
	n, hook := d.count[kind], d.hooks[kind]
	d.mu.Unlock()
	d.calls <- call{kind, id, d.now()}
	if hook != nil {
		return hook(ctx, n)
	}
	return nil
}

func (d *desk) Release(ctx context.Context, id campaign.CampaignID) (time.Time, error) {
	err := d.done(ctx, typeRelease, int64(id))
	d.mu.Lock()
	defer d.mu.Unlock()
	next := d.next
	d.next = time.Time{}
	return next, err
}

func (d *desk) Remind(ctx context.Context, id campaign.AppointmentID) error {
	return d.done(ctx, typeRemind, int64(id))
}

func (d *desk) PromiseDue(ctx context.Context, id campaign.AppointmentID) error {
	return d.done(ctx, typeDue, int64(id))
}

func (d *desk) Rollover(ctx context.Context, id campaign.CampaignID) error {
	return d.done(ctx, typeRollover, int64(id))
}

func (d *desk) RunImport(ctx context.Context, id campaign.UploadID) error {
	return d.done(ctx, typeImport, int64(id))
}

func (d *desk) Replan(ctx context.Context, id campaign.CampaignID) error {
	return d.done(ctx, typeReplan, int64(id))
}

func (d *desk) Purge(ctx context.Context) error { return d.done(ctx, typePurge, 0) }

func (d *desk) Slot(_ context.Context, job string, slot int64) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := job + time.Unix(slot, 0).String()
	first := !d.slots[key]
	d.slots[key] = true
	return first, nil
}

// await is the next call; the test fails when none comes in so long.
func (d *desk) await(t *testing.T, most time.Duration) call {
	t.Helper()
	select {
	case c := <-d.calls:
		return c
	case <-time.After(most):
		t.Fatalf("nothing was called in %v", most)
		return call{}
	}
}

// start runs a worker for the rest of the test.
func start(t *testing.T, client redis.UniversalClient, d *desk, o WorkerOptions) *Worker {
	t.Helper()
	if o.Poll == 0 {
		o.Poll = 200 * time.Millisecond
	}
	w, err := NewWorker(client, d.handlers(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

var errFault = errors.New("the database is away")
