package tasks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"redial/campaign"
)

// backlog is a record of one campaign in Shanghai.
type backlog struct {
	promises []campaign.Appointment
	uploads  []campaign.Upload
	next     time.Time
	looked   []time.Duration // how far ahead, each time
	now      func() time.Time
}

func (b *backlog) Offering(context.Context) ([]campaign.Campaign, error) {
	return []campaign.Campaign{{ID: 1, Zone: "Asia/Shanghai", Floor: campaign.DefaultFloor()}}, nil
}

func (b *backlog) DuePromises(_ context.Context, _ []campaign.CampaignID, until time.Time, _ int) ([]campaign.Appointment, error) {
	b.looked = append(b.looked, until.Sub(b.now()))
	return slices.DeleteFunc(slices.Clone(b.promises), func(a campaign.Appointment) bool { return !a.At.Before(until) }), nil
}

func (b *backlog) QueuedUploads(context.Context) ([]campaign.Upload, error) { return b.uploads, nil }

func (b *backlog) Next(context.Context, campaign.CampaignID) (time.Time, error) { return b.next, nil }

// waiting are the ids of the tasks that wait, in the queue or for their instant.
func waiting(t *testing.T, client redis.UniversalClient) []string {
	t.Helper()
	in := asynq.NewInspectorFromRedisClient(client)
	var ids []string
	for _, list := range []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){in.ListPendingTasks, in.ListScheduledTasks} {
		infos, err := list("redial", asynq.PageSize(1000))
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			ids = append(ids, i.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestI8ASweepSendsAgainWhatAFlushLost(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		now := time.Now().Truncate(time.Second)
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("CST", 8*3600)} {
			if later := now.Add(time.Hour); later.In(zone).Day() != now.In(zone).Day() {
				now = now.Add(-time.Hour) // half an hour of sweeps stays on one day
			}
		}
		in := func(d time.Duration) time.Time { return now.Add(d) }
		b := &backlog{
			now: func() time.Time { return now }, next: in(5 * time.Minute), uploads: []campaign.Upload{{ID: 4}},
			promises: []campaign.Appointment{*appointment(1, in(time.Minute)), *appointment(2, in(4*time.Minute)), *appointment(3, in(50*time.Minute)), *appointment(4, in(3*time.Hour))},
		}
		s := &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{})}
		day := slotOf(campaign.DateOf(now.In(time.FixedZone("CST", 8*3600))))
		want := []string{
			"due-1", "due-2", "due-3", "import-4", fmt.Sprintf("purge-%d", slotOf(campaign.DateOf(now.UTC()))),
			fmt.Sprintf("release-1-%d", b.next.Unix()), "remind-1", "remind-2", "remind-3", fmt.Sprintf("rollover-1-%d", day),
		}
		for range 2 { // the second adds nothing
			if err := s.runOnce(t.Context(), now.UTC()); err != nil {
				t.Fatal(err)
			}
			if got := waiting(t, client); !slices.Equal(got, want) {
				t.Errorf("sent\n%v, want\n%v", got, want)
			}
		}
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		for range 30 { // half an hour of sweeps, one a minute
			now = now.Add(time.Minute)
			if err := s.runOnce(t.Context(), now.UTC()); err != nil {
				t.Fatal(err)
			}
		}
		if got := waiting(t, client); !slices.Equal(got, want) {
			t.Errorf("after the flush\n%v, want\n%v", got, want)
		}
		if b.looked[0] != time.Hour || b.looked[1] != nearAhead+5*time.Minute {
			t.Errorf("looked ahead %v: the whole hour is for now and then", b.looked[:2])
		}
	})
}

func TestAFailingStepLeavesTheOthersAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		b := &backlog{now: time.Now}
		left, calls := 3*choreLimit-10, 0
		s := &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{}), Chores: []Chore{
			{Name: "lapse leases", Do: func(context.Context, int) (int, error) { return 0, errFault }},
			{Name: "miss promises", Do: func(_ context.Context, limit int) (int, error) {
				calls++
				n := min(limit, left)
				left -= n
				return n, nil
			}},
		}}
		err := s.runOnce(t.Context(), time.Now())
		if !errors.Is(err, errFault) || !strings.Contains(err.Error(), "lapse leases") {
			t.Errorf("got %v, want the fault with its step's name", err)
		}
		if left != 0 || calls != 3 {
			t.Errorf("%d promises left after %d calls, want none after 3", left, calls)
		}
		if got := waiting(t, client); len(got) != 2 {
			t.Errorf("sent %v, want the day's work all the same", got)
		}
	})
}

// office is the lease and the stream of a record.
type office struct {
	mu      sync.Mutex
	holder  string
	epoch   int64
	until   time.Time
	crashes bool // nodes end without a word
	stale   int  // words of a node that is not the leader
	numbers map[string]int
}

func (o *office) Now() time.Time { return time.Now() }

func (o *office) node(name string) *node { return &node{office: o, name: name} }

type node struct {
	*office
	name string
	cut  bool // from the record
}

func (n *node) Elect(_ context.Context, _, holder string, ttl time.Duration) (int64, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut {
		return 0, false, errFault
	}
	if n.holder != holder && time.Now().Before(n.until) {
		return n.epoch, false, nil
	}
	if n.holder != holder {
		n.epoch++
	}
	n.holder, n.until = holder, time.Now().Add(ttl)
	return n.epoch, true, nil
}

func (n *node) Resign(_ context.Context, _, holder string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.holder == holder && !n.crashes {
		n.until = time.Time{}
	}
	return nil
}

func (n *node) Sequence(_ context.Context, epoch int64, limit int) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut {
		return 0, errFault
	}
	if epoch != n.epoch || n.holder != n.name {
		n.stale++
	}
	n.numbers[n.name]++
	if n.numbers[n.name] == 1 {
		return limit, nil // there is more
	}
	return 0, nil
}

func TestOneNodeSweepsAndAnotherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		o := &office{numbers: make(map[string]int), crashes: true}
		swept := make(map[string]int)
		nodes := make(map[string]*node)
		var running sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		var stopA context.CancelFunc
		for _, name := range []string{"a", "b"} {
			nodes[name] = o.node(name)
			b := &backlog{now: time.Now}
			sweep := &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{}), Chores: []Chore{{Name: "count", Do: func(context.Context, int) (int, error) {
				o.mu.Lock()
				defer o.mu.Unlock()
				swept[name]++
				return 0, nil
			}}}}
			s, err := NewSweeper(name, nodes[name], sweep, SweeperOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ctx := ctx
			if name == "a" {
				ctx, stopA = context.WithCancel(ctx)
			}
			running.Go(func() { s.Run(ctx) })
			synctest.Wait() // a stands first
		}
		counts := func() map[string]int {
			o.mu.Lock()
			defer o.mu.Unlock()
			return maps.Clone(swept)
		}
		time.Sleep(time.Minute + time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if swept := counts(); swept["a"] != 5 || swept["b"] != 0 {
			t.Errorf("in the first minute: %v sweeps, want 5 by a", swept)
		}
		stopA()                 // as a crash: the lease runs out
		time.Sleep(time.Minute) //nolint:forbidigo // fake time: the bubble moves on by so much
		if swept := counts(); swept["a"] != 5 || swept["b"] < 2 {
			t.Errorf("after a died: %v sweeps, want some by b", swept)
		}
		o.mu.Lock()
		nodes["b"].cut = true
		before := swept["b"]
		o.mu.Unlock()
		time.Sleep(2 * time.Minute) //nolint:forbidigo // fake time: the bubble moves on by so much
		if n := counts()["b"] - before; n > 2 {
			t.Errorf("b swept %d times after it was cut off from the record", n)
		}
		stop()
		running.Wait()
		if o.stale != 0 || o.numbers["a"] == 0 || o.numbers["b"] == 0 {
			t.Errorf("events numbered %v, %d times by a node that was not the leader", o.numbers, o.stale)
		}
	})
}

func TestANodeThatEndsGivesTheOfficeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		o := &office{numbers: make(map[string]int)}
		b := &backlog{now: time.Now}
		s, err := NewSweeper("a", o.node("a"), &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{})}, SweeperOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		time.Sleep(time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		stop()
		<-ended
		if _, leader, _ := o.node("b").Elect(t.Context(), Office, "b", time.Minute); !leader {
			t.Error("another node has to wait for the end of the term")
		}
	})
}

func TestASweeperNeedsItsParts(t *testing.T) {
	o := &office{numbers: make(map[string]int)}
	if _, err := NewSweeper("a", o.node("a"), &Sweep{}, SweeperOptions{}); err == nil {
		t.Error("a sweep without its parts was accepted")
	}
}
