package hopper_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
	"redial/scheduler"
	"redial/scheduler/hopper"
)

// record is a campaign whose leads wait in order: tried ones 1, 2, …; fresh ones 1001, 1002, ….
type record struct {
	mu    sync.Mutex
	due   []campaign.Due
	held  map[campaign.LeadID]bool
	next  time.Time
	stale time.Time
	err   error
	looks int
	most  int           // leads of a kind that one look asked for
	gate  chan struct{} // a look's answer waits here; nil: it does not
}

func newRecord(tried, fresh int) *record {
	r := &record{held: make(map[campaign.LeadID]bool)}
	for i := range tried {
		r.due = append(r.due, campaign.Due{Lead: campaign.LeadID(1 + i), Tried: true, Earliest: time.Unix(int64(1+i), 0)})
	}
	for i := range fresh {
		r.due = append(r.due, campaign.Due{Lead: campaign.LeadID(1001 + i)})
	}
	return r
}

func (r *record) Find(_ context.Context, _ campaign.CampaignID, tried, fresh int) (scheduler.Found, error) {
	f, err := r.look(tried, fresh)
	if r.gate != nil {
		<-r.gate
	}
	return f, err
}

func (r *record) look(tried, fresh int) (scheduler.Found, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	r.most = max(r.most, tried, fresh)
	f := scheduler.Found{Next: r.next, Stale: r.stale}
	for _, d := range r.due {
		switch {
		case r.held[d.Lead]:
		case d.Tried && len(f.Tried) < tried:
			f.Tried = append(f.Tried, d)
		case !d.Tried && len(f.Fresh) < fresh:
			f.Fresh = append(f.Fresh, d)
		}
	}
	return f, r.err
}

// claim is the record's claim: it settles who has a lead.
func (r *record) claim(ids []campaign.LeadID) (won []campaign.LeadID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range ids {
		if !r.held[l] {
			r.held[l] = true
			won = append(won, l)
		}
	}
	return won
}

func (r *record) set(change func(*record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// Take lets the record be the direct source, too.
func (r *record) Take(ctx context.Context, id campaign.CampaignID, n, fresh int) ([]campaign.LeadID, error) {
	f, err := r.Find(ctx, id, n-fresh, fresh)
	var out []campaign.LeadID
	for _, d := range slices.Concat(f.Fresh, f.Tried) {
		out = append(out, d.Lead)
	}
	return out, err
}

type armed struct {
	id campaign.CampaignID
	at time.Time
}

type floor struct {
	*hopper.Fallback
	window *hopper.Window
	warned atomic.Int64
	lost   atomic.Int64
	turns  chan hopper.Turn
	armed  chan armed
}

func newFloor(t *testing.T, client redis.UniversalClient, r *record) *floor {
	t.Helper()
	return patientFloor(t, client, r, 0)
}

// patientFloor passes a Redis by only when it takes so long; 0: as long as by default.
func patientFloor(t *testing.T, client redis.UniversalClient, r *record, patience time.Duration) *floor {
	t.Helper()
	f := &floor{window: newWindow(t, client, hopper.Options{Timeout: patience}), armed: make(chan armed, 100), turns: make(chan hopper.Turn, 100)}
	f.Fallback = hopper.NewFallback(&hopper.Filler{Window: f.window, Finder: r}, r, hopper.FallbackOptions{
		Slow: patience,
		Warn: func(context.Context, error) { f.warned.Add(1) },
		Turn: func(_ context.Context, turn hopper.Turn) { f.turns <- turn },
		Lost: func(context.Context, campaign.CampaignID) { f.lost.Add(1) },
		Arm:  func(_ context.Context, id campaign.CampaignID, at time.Time) { f.armed <- armed{id, at} },
	})
	t.Cleanup(f.Close)
	return f
}

func (f *floor) take(t *testing.T, n, fresh int) []campaign.LeadID {
	t.Helper()
	got, err := f.Take(t.Context(), 1, n, fresh)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFillsWhenEmptyAndServesTheOrderOfOffering(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		f := newFloor(t, client, newRecord(3, 3))
		wantLeads(t, "first", f.take(t, 4, 1), leads(1001, 1, 2, 3))
		wantLeads(t, "then", f.take(t, 4, 1), leads(1002, 1003))
		wantLeads(t, "then none", f.take(t, 4, 1), nil)
	})
}

func TestDrainsACampaignFarLargerThanTheWindowWithFewLooks(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRecord(900, 1000)
		f := newFloor(t, client, r)
		won := 0
		for misses := 0; won < 1900 && misses < 50; {
			got := r.claim(f.take(t, 8, 2))
			if won += len(got); len(got) == 0 {
				misses++
			}
		}
		if won != 1900 {
			t.Errorf("%d leads were had, want 1900", won)
		}
		if r.looks > 60 {
			t.Errorf("the record was looked through %d times", r.looks)
		}
		if r.most > 512 {
			t.Errorf("a look asked for %d leads, for what was taken and claimed long since is no longer there", r.most)
		}
	})
}

func TestLeadsOnTheirWayToAClaimHideNobody(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		f := patientFloor(t, client, newRecord(200, 0), time.Minute) // a laden machine's pauses are not what this is about
		seen := make(map[campaign.LeadID]bool)
		for began := time.Now(); len(seen) < 200 && time.Since(began) < 5*time.Second; {
			// No claim is through yet. A take may find the end of a window, and less than it asked for.
			for _, l := range f.take(t, 10, 0) {
				seen[l] = true
			}
		}
		if len(seen) != 200 {
			t.Errorf("%d leads came out, want all 200", len(seen))
		}
	})
}

func TestALaneIsNotDryWhileTheWindowHadNoRoomForTheRest(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRecord(164, 0)
		f := newFloor(t, client, r)
		for _, want := range []int{64, 64, 36} {
			if won := r.claim(f.take(t, 64, 0)); len(won) != want {
				t.Errorf("%d leads were had, want %d", len(won), want)
			}
		}
	})
}

func TestReleaseDoesNotTrustALookThatBeganBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := embedded(t)
		r := newRecord(0, 0)
		r.gate = make(chan struct{})
		f := newFloor(t, client, r)
		go f.Take(t.Context(), 1, 1, 0)
		synctest.Wait() // its look is under way
		released := make(chan error)
		go func() {
			_, err := f.Release(t.Context(), 1)
			released <- err
		}()
		synctest.Wait()
		r.gate <- struct{}{} // the look that found nothing ends
		r.set(func(r *record) { r.due = newRecord(1, 0).due })
		close(r.gate)
		if err := <-released; err != nil {
			t.Fatal(err)
		}
		wantLen(t, f.window, 1, hopper.Tried, 1)
	})
}

func TestADryCampaignIsLookedAtOnceASecondAndWhenMoreComesDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := embedded(t)
		r := newRecord(0, 0)
		due := time.Now().Add(1600 * time.Millisecond)
		r.next = due
		f := newFloor(t, client, r)
		for range 30 {
			f.take(t, 1, 0)
			time.Sleep(50 * time.Millisecond) //nolint:forbidigo // fake time: the bubble moves on by so much
		}
		if r.looks != 2 {
			t.Errorf("%d looks in 1.5 s, want 2", r.looks)
		}
		if a := <-f.armed; a.id != 1 || !a.at.Equal(due) {
			t.Errorf("armed %+v, want campaign 1 at %v", a, due)
		}
		if !f.NextDue(1).Equal(due) {
			t.Errorf("next due %v, want %v", f.NextDue(1), due)
		}
		time.Sleep(time.Until(due)) //nolint:forbidigo // fake time: the bubble moves on by so much
		r.set(func(r *record) { r.due, r.next = newRecord(2, 0).due, time.Time{} })
		wantLeads(t, "at the instant", f.take(t, 1, 0), leads(1))
	})
}

func TestReleaseAndChangedLookAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRecord(0, 0)
		f := newFloor(t, client, r)
		wantLeads(t, "dry", f.take(t, 1, 0), nil)
		next := time.Now().Add(time.Hour).Truncate(time.Second)
		r.set(func(r *record) { r.due, r.next = newRecord(1, 1).due, next })
		got, err := f.Release(t.Context(), 1)
		if err != nil || !got.Equal(next) {
			t.Errorf("release: got %v, %v; want %v", got, err, next)
		}
		wantLen(t, f.window, 1, hopper.Tried, 1)
		r.set(func(r *record) { r.due = r.due[1:] })
		f.Changed(t.Context(), 1)
		wantLeads(t, "what was withdrawn is gone", f.take(t, 9, 0), leads(1001))
	})
}

func TestI8RedisKilledUnderWayAndBack(t *testing.T) {
	t.Parallel()
	server := testserver.NewRedis(t)
	r := newRecord(500, 0)
	f := newFloor(t, dial(t, server.Addr), r)
	serve := func(what string, most time.Duration) {
		t.Helper()
		for range 5 {
			start := time.Now()
			if won := r.claim(f.take(t, 4, 0)); len(won) == 0 {
				t.Errorf("%s: nobody got a lead", what)
			}
			if d := time.Since(start); d > most {
				t.Errorf("%s: it took %v", what, d)
			}
		}
	}
	serve("with Redis", 5*time.Second)
	server.Stop()
	serve("without Redis", time.Second)
	if f.warned.Load() == 0 || !f.Away() {
		t.Errorf("warned %d times, away %v: nobody would know", f.warned.Load(), f.Away())
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	returned := time.Now()
	for turn := (hopper.Turn{Away: true}); turn.Away; {
		select {
		case turn = <-f.turns:
		case <-time.After(30 * time.Second):
			t.Fatal("half a minute after its return Redis is still passed by")
		}
	}
	t.Logf("used again %v after its return", time.Since(returned))
	r.claim(f.take(t, 4, 0))
	if n, err := f.window.Len(t.Context(), 1, hopper.Tried); err != nil || n == 0 {
		t.Errorf("the window was not rebuilt: %d leads, %v", n, err)
	}
}

func TestI8FlushedUnderWay(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRecord(300, 300)
		f := newFloor(t, client, r)
		won := len(r.claim(f.take(t, 10, 2)))
		for misses := 0; won < 600 && misses < 50; {
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			got := r.claim(f.take(t, 10, 2))
			if won += len(got); len(got) == 0 {
				misses++
			}
		}
		if won != 600 {
			t.Errorf("%d leads were had over the flushes, want 600", won)
		}
		if f.Away() {
			t.Error("a flushed Redis counts as away")
		}
	})
}

func TestI8ARedisThatHangsCostsAQuarterOfASecondOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClient(&redis.Options{
			Addr: "127.0.0.1:1", ContextTimeoutEnabled: true,
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				go func() { // takes every word and never answers
					buf := make([]byte, 4096)
					for {
						if _, err := far.Read(buf); err != nil {
							return
						}
					}
				}()
				return near, nil
			},
		})
		defer client.Close()
		r := newRecord(500, 0)
		f := newFloor(t, client, r)
		start := time.Now()
		r.claim(f.take(t, 1, 0))
		if d := time.Since(start); d > 300*time.Millisecond {
			t.Errorf("the first agent waited %v", d)
		}
		start = time.Now()
		for range 20 {
			r.claim(f.take(t, 1, 0))
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("the next twenty waited %v", d)
		}
		if len(r.held) != 21 {
			t.Errorf("%d leads were had, want 21", len(r.held))
		}
	})
}

func TestNobodyWhoWaitsTriesARedisThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, client := embedded(t)
		r := newRecord(500, 0)
		f := newFloor(t, client, r)
		f.take(t, 1, 0)
		m.SetError("LOADING Redis is loading the dataset in memory")
		f.take(t, 1, 0)
		start, before := time.Now(), f.warned.Load()
		var agents sync.WaitGroup
		for range 80 {
			agents.Go(func() { f.take(t, 1, 0) })
		}
		agents.Wait()
		if d := time.Since(start); d != 0 {
			t.Errorf("agents waited %v for a Redis that is known to be away", d)
		}
		time.Sleep(10250 * time.Millisecond) //nolint:forbidigo // fake time: the bubble moves on by so much
		if n := f.warned.Load() - before; n < 8 || n > 20 {
			t.Errorf("%d tries in ten seconds, want about one in each pause", n)
		}
		m.SetError("")
		time.Sleep(1250 * time.Millisecond) //nolint:forbidigo // fake time: the bubble moves on by so much
		if f.Away() {
			t.Error("Redis is back and still passed by")
		}
		wantLen(t, f.window, 1, hopper.Tried, 64)
		want := []bool{true, false}
		for i, away := range want {
			if turn := <-f.turns; turn.Away != away || turn.Away != (turn.Err != nil) || !away && turn.For < 10*time.Second {
				t.Errorf("turn %d: %+v, want away %v", i, turn, away)
			}
		}
	})
}

func TestASlowRedisIsPassedByUntilItIsQuickAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := embedded(t)
		slow := &slowness{}
		client.AddHook(slow)
		r := newRecord(500, 0)
		f := newFloor(t, client, r)
		f.take(t, 1, 0)
		slow.set(120 * time.Millisecond)
		start := time.Now()
		for range 40 {
			r.claim(f.take(t, 1, 0))
		}
		if d := time.Since(start); d > time.Second || !f.Away() {
			t.Errorf("forty agents waited %v; away %v", d, f.Away())
		}
		if turn := <-f.turns; !errors.Is(turn.Err, hopper.ErrSlow) {
			t.Errorf("turned away because %v, want that it is slow", turn.Err)
		}
		time.Sleep(3 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if !f.Away() {
			t.Error("a Redis that is still slow is used again")
		}
		slow.set(0)
		time.Sleep(2 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if f.Away() {
			t.Error("a Redis that is quick again is passed by")
		}
		slow.set(120 * time.Millisecond)
		r.claim(f.take(t, 1, 0))
		if f.Away() {
			t.Error("one slow call made Redis count as away")
		}
	})
}

func TestAFlushThatAFillingMeetsFirstIsNoticedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		f := newFloor(t, client, newRecord(300, 0))
		f.take(t, 1, 0)
		for want := int64(1); want < 3; want++ {
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := f.Release(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				f.take(t, 1, 0)
			}
			if n := f.lost.Load(); n != want {
				t.Errorf("%d losses were noticed, want %d", n, want)
			}
		}
	})
}

func TestANodeThatOnlyTakesNoticesALossToo(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRecord(300, 0)
		a, b := newFloor(t, client, r), newFloor(t, client, r)
		a.take(t, 1, 0)
		b.take(t, 1, 0) // finds the window filled
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		b.take(t, 1, 0)
		if b.lost.Load() != 1 {
			t.Errorf("%d losses were noticed, want one", b.lost.Load())
		}
	})
}

// slowness makes every call take longer.
type slowness struct{ by atomic.Int64 }

func (s *slowness) set(d time.Duration) { s.by.Store(int64(d)) }

func (s *slowness) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *slowness) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if d := s.by.Load(); d > 0 {
			<-time.After(time.Duration(d))
		}
		return next(ctx, cmd)
	}
}

func (s *slowness) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestI8EvictedPiecesOfAWindowAreFilledAgain(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRecord(300, 300)
		f := newFloor(t, client, r)
		won := len(r.claim(f.take(t, 10, 2)))
		for i, misses := 0, 0; won < 600 && misses < 200; i++ {
			keys, err := client.Keys(t.Context(), "redial:{c1}:*").Result()
			if err != nil {
				t.Fatal(err)
			}
			if len(keys) > 0 {
				client.Del(t.Context(), keys[i%len(keys)])
			}
			got := r.claim(f.take(t, 10, 2))
			if won += len(got); len(got) == 0 {
				misses++
				<-time.After(20 * time.Millisecond)
			}
		}
		if won != 600 {
			t.Errorf("%d leads were had over the evictions, want 600", won)
		}
		if f.lost.Load() == 0 {
			t.Error("nobody noticed that the window was lost")
		}
	})
}

func TestWhatWasChangedWhileRedisWasAwayIsNotServedAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, client := embedded(t)
		r := newRecord(50, 0)
		f := newFloor(t, client, r)
		f.take(t, 1, 0)
		m.SetError("READONLY You can't write against a read only replica")
		r.set(func(r *record) { r.due = newRecord(0, 5).due })
		f.Changed(t.Context(), 1)
		m.SetError("")
		time.Sleep(2 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		wantLeads(t, "after the return", f.take(t, 9, 0), leads(1001, 1002, 1003, 1004, 1005))
	})
}

func TestTheRecordsErrorsAreAnswered(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRecord(5, 0)
		r.err = campaign.NotFound("campaign", 1)
		f := newFloor(t, client, r)
		if _, err := f.Take(t.Context(), 1, 1, 0); campaign.KindOf(err) != campaign.KindNotFound {
			t.Errorf("got %v, want the record's own error", err)
		}
		if f.Away() {
			t.Error("the record's error was blamed on Redis")
		}
	})
}
