package hopper_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
	"redial/scheduler"
	"redial/scheduler/hopper"
)

// spell is a fault of those commands that it is told of.
type spell struct {
	mu   sync.Mutex
	hits func(cmd redis.Cmder) error // nil: none
}

func (s *spell) cast(hits func(cmd redis.Cmder) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits = hits
}

func (s *spell) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *spell) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.mu.Lock()
		hits := s.hits
		s.mu.Unlock()
		if hits != nil {
			if err := hits(cmd); err != nil {
				cmd.SetErr(err)
				return err
			}
		}
		return next(ctx, cmd)
	}
}

func (s *spell) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

var errFault = errors.New("OOM command not allowed when used memory > 'maxmemory'")

// unseen hits what is done to a window itself, but for dropping it: no trying can see it.
func unseen(cmd redis.Cmder) error {
	a := cmd.Args()
	if cmd.Name() == "evalsha" && len(a) > 6 && strings.HasPrefix(a[3].(string), "redial:{c1}:") && a[2].(int) > 3 {
		return errFault
	}
	return nil
}

// work has agents ask ten times a second for so long, and gives the number of times that Redis was left.
func (f *floor) work(t *testing.T, r *record, long time.Duration) (left int) {
	t.Helper()
	for began := time.Now(); time.Since(began) < long; {
		r.claim(f.take(t, 1, 0))
		time.Sleep(100 * time.Millisecond) //nolint:forbidigo // fake time: the bubble moves on by so much
	}
	for {
		select {
		case turn := <-f.turns:
			if turn.Away {
				left++
			}
		default:
			return left
		}
	}
}

// A fault that trying Redis does not show had every node turn away from it and back to it every second.
func TestARedisThatFailsAgainSoonIsReturnedToMoreAndMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := embedded(t)
		s := &spell{}
		client.AddHook(s)
		r := newRecord(50_000, 0)
		f := newFloor(t, client, r)
		f.take(t, 1, 0)
		s.cast(unseen)
		// 1, 1, 2, 4, 8, 16 and then 30 s, each up to a quarter less.
		if left := f.work(t, r, 5*time.Minute); left < 9 || left > 20 {
			t.Errorf("Redis was left %d times in five minutes, want less and less often", left)
		}
		s.cast(nil)
		f.work(t, r, 31*time.Second)
		if f.Away() {
			t.Error("half a minute after the end of the fault Redis is passed by")
		}
		f.work(t, r, 61*time.Second) // it holds
		s.cast(func(redis.Cmder) error { return errFault })
		f.work(t, r, 5*time.Second)
		s.cast(nil)
		if f.work(t, r, time.Second); f.Away() {
			t.Error("after it held for a minute Redis is not returned to as soon as it is back")
		}
	})
}

// One outage after the other, each of which trying shows, is no reason to wait.
func TestAfterEachPlainOutageRedisIsReturnedToAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := embedded(t)
		s := &spell{}
		client.AddHook(s)
		r := newRecord(50_000, 0)
		f := newFloor(t, client, r)
		for i := range 20 {
			f.work(t, r, 2*time.Second)
			s.cast(func(redis.Cmder) error { return errFault })
			if left := f.work(t, r, 3*time.Second); left != 1 {
				t.Errorf("outage %d: Redis was left %d times", i, left)
			}
			s.cast(nil)
			if f.work(t, r, 1100*time.Millisecond); f.Away() {
				t.Fatalf("outage %d: Redis is back and passed by", i)
			}
		}
	})
}

// The write by which Redis was tried went through while what agents need failed.
func TestAFaultOfWhatAgentsNeedKeepsRedisAway(t *testing.T) {
	t.Parallel()
	for _, forbidden := range []string{"zadd", "zpopmin", "hset", "evalsha"} {
		t.Run(forbidden, func(t *testing.T) {
			t.Parallel()
			server := testserver.NewRedis(t)
			r := newRecord(5000, 0)
			f := newFloor(t, dial(t, server.Addr), r)
			f.take(t, 4, 0)
			admin := dial(t, server.Addr)
			rule := func(sign string) {
				if err := admin.Do(t.Context(), "acl", "setuser", "default", sign+forbidden).Err(); err != nil {
					t.Error(err)
				}
			}
			rule("-")
			r.claim(f.take(t, 100, 0))
			before := f.warned.Load()
			for f.warned.Load() < before+4 { // tries
				r.claim(f.take(t, 1, 0))
				<-time.After(10 * time.Millisecond)
			}
			rule("+")
			var turns []bool
			for len(turns) < 2 {
				select {
				case turn := <-f.turns:
					turns = append(turns, turn.Away)
				case <-time.After(30 * time.Second):
					t.Fatalf("turned %v, and then not for half a minute", turns)
				}
			}
			if !turns[0] || turns[1] || len(f.turns) != 0 {
				t.Errorf("turned %v and %d more: want away once and back once", turns, len(f.turns))
			}
		})
	}
}

// dying is a connection that can be cut off without a word.
type dying struct {
	net.Conn
	dead atomic.Bool
}

func (d *dying) Read(b []byte) (int, error) {
	for {
		n, err := d.Conn.Read(b)
		if !d.dead.Load() || err != nil {
			return n, err // an error is a deadline that has passed, or the end
		}
	}
}

// cord makes connections to a miniredis and cuts those there are.
type cord struct {
	m     *miniredis.Miniredis
	mu    sync.Mutex
	conns []*dying
}

func (c *cord) dial(context.Context, string, string) (net.Conn, error) {
	conn, err := c.m.Dial()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	d := &dying{Conn: conn}
	c.conns = append(c.conns, d)
	return d, nil
}

func (c *cord) cut() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.conns {
		d.dead.Store(true)
	}
	return len(c.conns)
}

// Every connection of the pool that had died cost a try, and then an agent, a timeout: ten seconds for twenty of them.
func TestI8ConnectionsThatDiedWithoutAWordDoNotKeepANodeFromARedisThatIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		c := &cord{m: m}
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true, PoolSize: 20, Dialer: c.dial})
		defer m.Close()
		defer client.Close()
		r := newRecord(5000, 0)
		f := newFloor(t, client, r)
		var busy []*redis.Conn
		for range 20 {
			conn := client.Conn()
			if err := conn.Ping(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			busy = append(busy, conn)
		}
		for _, conn := range busy {
			conn.Close()
		}
		f.take(t, 1, 0)
		if n := c.cut(); n != 20 {
			t.Fatalf("%d connections were cut, want 20", n)
		}
		began := time.Now() // and at once Redis answers whoever comes anew
		f.take(t, 1, 0)
		if turn := <-f.turns; !turn.Away {
			t.Fatalf("turned %+v", turn)
		}
		if turn := <-f.turns; turn.Away || time.Since(began) > 2*time.Second {
			t.Errorf("turned %+v after %v, want back within two seconds", turn, time.Since(began))
		}
		var agents sync.WaitGroup
		for range 20 {
			agents.Go(func() { r.claim(f.take(t, 1, 0)) })
		}
		agents.Wait()
		if f.Away() || len(f.turns) != 0 {
			t.Error("some connection was still dead")
		}
	})
}

type finderFunc func(ctx context.Context, id campaign.CampaignID, tried, fresh int) (scheduler.Found, error)

func (f finderFunc) Find(ctx context.Context, id campaign.CampaignID, tried, fresh int) (scheduler.Found, error) {
	return f(ctx, id, tried, fresh)
}

// A campaign that the record is slow to answer for held up the windows of all the others.
func TestOneSlowCampaignDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := embedded(t)
		s := &spell{}
		client.AddHook(s)
		r := newRecord(500, 0)
		slow := make(chan struct{})
		defer close(slow)
		w := newWindow(t, client, hopper.Options{})
		var stuck atomic.Bool
		f := hopper.NewFallback(&hopper.Filler{Window: w, Finder: finderFunc(func(ctx context.Context, id campaign.CampaignID, tried, fresh int) (scheduler.Found, error) {
			if id == 1 && stuck.Load() {
				select {
				case <-slow:
				case <-ctx.Done():
				}
				return scheduler.Found{}, ctx.Err()
			}
			return r.Find(ctx, id, tried, fresh)
		})}, r, hopper.FallbackOptions{})
		t.Cleanup(f.Close)
		for id := range campaign.CampaignID(4) {
			if _, err := f.Take(t.Context(), id+1, 1, 0); err != nil {
				t.Fatal(err)
			}
		}
		stuck.Store(true)
		s.cast(func(redis.Cmder) error { return errFault })
		if _, err := f.Take(t.Context(), 2, 1, 0); err != nil {
			t.Fatal(err)
		}
		s.cast(nil)
		time.Sleep(1100 * time.Millisecond) //nolint:forbidigo // fake time: the bubble moves on by so much
		for id := campaign.CampaignID(2); id <= 4; id++ {
			wantLen(t, w, id, hopper.Tried, 64)
		}
	})
}
