package tasks

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

func appointment(id campaign.AppointmentID, at time.Time) *campaign.Appointment {
	return &campaign.Appointment{ID: id, CampaignID: 1, At: at, State: campaign.AppointmentOpen}
}

func TestNoWakeUpIsEarly(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		start(t, client, d, WorkerOptions{})
		w := NewWaker(client, Options{})
		due := make(map[int64]time.Time)
		base := time.Now().Truncate(time.Second).Add(2 * time.Second)
		for i := range 40 {
			at := base.Add(time.Duration(i) * 25 * time.Millisecond).Add(377 * time.Microsecond)
			due[int64(i+1)] = at
			if err := w.Promise(t.Context(), appointment(campaign.AppointmentID(i+1), at), 0); err != nil {
				t.Fatal(err)
			}
		}
		for range due {
			c := d.await(t, 10*time.Second)
			if late := c.at.Sub(due[c.id]); late < 0 || late > 3*time.Second {
				t.Errorf("promise %d was called %v after its instant", c.id, late)
			}
		}
	})
}

func TestAReleaseSendsTheNextOne(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		start(t, client, d, WorkerOptions{})
		first := time.Now().Add(1300 * time.Millisecond)
		second := first.Add(time.Second)
		d.next = second
		for range 3 { // several nodes see the same instant
			if err := NewWaker(client, Options{}).Release(t.Context(), 7, first); err != nil {
				t.Fatal(err)
			}
		}
		for _, at := range []time.Time{first, second} {
			if c := d.await(t, 10*time.Second); c.kind != typeRelease || c.id != 7 || c.at.Before(at) {
				t.Errorf("got %+v, want the release of campaign 7 not before %v", c, at)
			}
		}
		if len(d.calls) > 0 {
			t.Errorf("and then %+v: the same instant ran twice", <-d.calls)
		}
	})
}

func TestPeriodicWorkSentByManyNodesRunsOnceASlot(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		for range 3 {
			start(t, client, d, WorkerOptions{})
		}
		day := campaign.Date{Year: 2026, Month: 3, Day: 2}
		for round := range 3 {
			for range 3 {
				w := NewWaker(client, Options{})
				if err := w.Rollover(t.Context(), 1, day); err != nil {
					t.Fatal(err)
				}
				if err := w.Purge(t.Context(), day); err != nil {
					t.Fatal(err)
				}
			}
			if err := NewWaker(client, Options{}).Replan(t.Context(), 1, int64(round)); err != nil { // so that each round has a call
				t.Fatal(err)
			}
			want := map[string]int{typeReplan: 1}
			if round == 0 {
				want = map[string]int{typeReplan: 1, typeRollover: 1, typePurge: 1}
			}
			for range len(want) {
				c := d.await(t, 10*time.Second)
				if want[c.kind]--; want[c.kind] < 0 {
					t.Errorf("round %d: %s ran again", round, c.kind)
				}
			}
			idle(t, client)
		}
		if err := NewWaker(client, Options{}).Rollover(t.Context(), 1, campaign.Date{Year: 2026, Month: 3, Day: 3}); err != nil {
			t.Fatal(err)
		}
		if c := d.await(t, 10*time.Second); c.kind != typeRollover {
			t.Errorf("the next day: got %s, want a rollover", c.kind)
		}
	})
}

// idle waits until no task waits or runs.
func idle(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	in := asynq.NewInspectorFromRedisClient(client)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		q, err := in.GetQueueInfo("redial")
		if err != nil {
			t.Fatal(err)
		}
		if q.Pending+q.Active+q.Scheduled+q.Retry == 0 {
			return
		}
		<-tick.C
	}
	t.Fatal("the queue is never empty")
}

func TestAnArchivedTaskDoesNotBlockItsSuccessor(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := NewWaker(client, Options{})
		a := appointment(17, time.Now().Add(time.Second))
		in := asynq.NewInspectorFromRedisClient(client)
		if err := w.Promise(t.Context(), a, 0); err != nil {
			t.Fatal(err)
		}
		if err := in.ArchiveTask("redial", "due-17"); err != nil {
			t.Fatal(err)
		}
		if err := w.Promise(t.Context(), a, 0); err != nil {
			t.Fatal(err)
		}
		d := newDesk()
		start(t, client, d, WorkerOptions{})
		if c := d.await(t, 10*time.Second); c.kind != typeDue || c.id != 17 {
			t.Errorf("got %+v, want promise 17", c)
		}
	})
}

func TestWorkWhoseTaskSeemsToRunForEverIsSentAgain(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		held := make(chan struct{})
		d.hook(typeReplan, func(_ context.Context, n int) error {
			if n == 1 {
				<-held
			}
			return nil
		})
		defer close(held)
		start(t, client, d, WorkerOptions{})
		w := NewWaker(client, Options{})
		for range 2 {
			for range 3 {
				if err := w.Replan(t.Context(), 5, 1); err != nil {
					t.Fatal(err)
				}
			}
			if c := d.await(t, 10*time.Second); c.kind != typeReplan {
				t.Errorf("got %+v, want a replan", c)
			}
		}
	})
}

func TestFaultsAreTriedAgainAndTheRecordsRefusalsAreNot(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		d.hook(typePurge, func(_ context.Context, n int) error {
			if n < 3 {
				return errFault
			}
			return nil
		})
		d.hook(typeRemind, func(context.Context, int) error { return campaign.NotFound("appointment", 3) })
		start(t, client, d, WorkerOptions{})
		w := NewWaker(client, Options{})
		if err := w.Promise(t.Context(), appointment(3, time.Now().Add(30*time.Minute)), time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := w.Purge(t.Context(), campaign.Date{Year: 2026, Month: 3, Day: 2}); err != nil {
			t.Fatal(err)
		}
		got := make(map[string]int)
		for range 4 {
			got[d.await(t, 15*time.Second).kind]++
		}
		if got[typePurge] != 3 || got[typeRemind] != 1 {
			t.Errorf("calls %v, want 3 purges (its slot is its own over the faults) and 1 reminder", got)
		}
		info, err := asynq.NewInspectorFromRedisClient(client).GetQueueInfo("redial")
		if err != nil || info.Archived != 0 || info.Retry != 0 || info.Scheduled != 1 {
			t.Errorf("left %+v (%v), want the promise's own instant alone", info, err)
		}
	})
}

func TestATaskFarTooEarlyWaitsWithoutUsingUpRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		var behind atomic.Int64
		now := func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }
		d := newDesk()
		d.now = now
		start(t, client, d, WorkerOptions{Options: Options{Now: now}, Poll: time.Second})
		at := now().Add(10 * time.Second)
		if err := NewWaker(client, Options{Now: now}).Promise(t.Context(), appointment(1, at), 0); err != nil {
			t.Fatal(err)
		}
		behind.Store(int64(2 * time.Minute)) // the clock that counts turned out to be behind
		c := d.await(t, time.Hour)
		if late := c.at.Sub(at); late < 0 || late > 3*time.Second {
			t.Errorf("called %v after its instant by the clock that counts", late)
		}
	})
}

func TestImportsNeverHoldUpWakeUps(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		release := make(chan struct{})
		d.hook(typeImport, func(context.Context, int) error { <-release; return nil })
		start(t, client, d, WorkerOptions{Concurrency: 3, Heavy: 2})
		w := NewWaker(client, Options{})
		for i := range 4 {
			if err := w.Import(t.Context(), campaign.UploadID(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if c := d.await(t, 10*time.Second); c.kind != typeImport {
				t.Errorf("got %+v, want an import", c)
			}
		}
		if err := w.Release(t.Context(), 1, time.Now()); err != nil {
			t.Fatal(err)
		}
		if c := d.await(t, 5*time.Second); c.kind != typeRelease {
			t.Errorf("got %+v, want the release", c)
		}
		close(release)
		for range 2 {
			if c := d.await(t, 20*time.Second); c.kind != typeImport {
				t.Errorf("got %+v, want the imports that waited", c)
			}
		}
	})
}

func TestStoppingGivesUnfinishedWorkBack(t *testing.T) {
	day := campaign.Date{Year: 2026, Month: 3, Day: 2}
	for kind, send := range map[string]func(context.Context, *Waker) error{
		typeImport:   func(ctx context.Context, w *Waker) error { return w.Import(ctx, 9) },
		typePurge:    func(ctx context.Context, w *Waker) error { return w.Purge(ctx, day) },
		typeRollover: func(ctx context.Context, w *Waker) error { return w.Rollover(ctx, 9, day) },
	} {
		t.Run(kind, func(t *testing.T) {
			onEach(t, func(t *testing.T, client redis.UniversalClient) { givesBack(t, client, kind, send) })
		})
	}
}

// givesBack stops a worker in the middle of work, which another one goes on with.
func givesBack(t *testing.T, client redis.UniversalClient, kind string, send func(context.Context, *Waker) error) {
	t.Helper()
	d := newDesk()
	d.hook(kind, func(ctx context.Context, n int) error {
		if n == 1 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	w, err := NewWorker(client, d.handlers(), WorkerOptions{Poll: 100 * time.Millisecond, Grace: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	if err := send(t.Context(), NewWaker(client, Options{})); err != nil {
		t.Fatal(err)
	}
	d.await(t, 10*time.Second)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	start(t, client, d, WorkerOptions{}) // another node
	if c := d.await(t, 10*time.Second); c.kind != kind {
		t.Errorf("got %+v, want %s again", c, kind)
	}
}

func TestI8TheWorkerOutlivesRedisAwayAtStartAndLater(t *testing.T) {
	t.Parallel()
	server := testserver.NewRedis(t)
	server.Stop()
	client := dial(t, server.Addr)
	d := newDesk()
	start(t, client, d, WorkerOptions{})
	w := NewWaker(client, Options{})
	for n := range 3 {
		if err := w.Replan(t.Context(), campaign.CampaignID(n+1), 1); err == nil {
			t.Error("sending to a Redis that is away gave no error")
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		back := time.Now()
		tick := time.NewTicker(50 * time.Millisecond)
		for w.Replan(t.Context(), campaign.CampaignID(n+1), 1) != nil && time.Since(back) < 5*time.Second {
			<-tick.C // the client looks for Redis once a second
		}
		tick.Stop()
		if c := d.await(t, 5*time.Second-time.Since(back)); c.kind != typeReplan || c.id != int64(n+1) {
			t.Errorf("got %+v, want replan %d", c, n+1)
		}
		server.Stop()
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
}

func TestAWorkerNeedsEveryHandlerAndAPlaceForWakeUps(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	h := newDesk().handlers()
	h.Slots = nil
	if _, err := NewWorker(client, h, WorkerOptions{}); err == nil {
		t.Error("a worker without slots was accepted")
	}
	if _, err := NewWorker(client, newDesk().handlers(), WorkerOptions{Concurrency: 2, Heavy: 2}); err == nil {
		t.Error("a worker with places for long work alone was accepted")
	}
}

func TestWaitingForAPlaceUsesUpNoRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		d := newDesk()
		d.hook(typeImport, func(_ context.Context, n int) error {
			if n == 1 {
				time.Sleep(3 * heavyWait * maxRetry) //nolint:forbidigo // fake time: the bubble moves on by so much
			}
			return nil
		})
		start(t, client, d, WorkerOptions{Concurrency: 2, Heavy: 1, Poll: time.Second})
		for i := range 2 {
			if err := NewWaker(client, Options{}).Import(t.Context(), campaign.UploadID(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			d.await(t, time.Hour)
		}
	})
}

func TestAWorkerThatPollsSeldomStopsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, err := NewWorker(embedded(t), newDesk().handlers(), WorkerOptions{Poll: 10 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		synctest.Wait() // it found nothing, and sleeps
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
