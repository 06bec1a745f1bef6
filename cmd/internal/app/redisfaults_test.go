package app_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"redial/campaign/store/storetest/testserver"
)

// single is one redis-server behind a proxy.
type single struct {
	*outage
	server *testserver.Server
	proxy  *testserver.Proxy
	other  *testserver.Server // with much in it, to be loaded from
}

func newSingle(t *testing.T) *single {
	t.Helper()
	s := &single{server: testserver.NewRedis(t)}
	s.proxy = testserver.NewProxy(t, s.server.Addr)
	s.outage = newOutage(t, "redis://"+s.proxy.Addr, direct(t, "redis://"+s.server.Addr))
	return s
}

// set changes settings of the server: names and values in turn.
func (s *single) set(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if err := s.admin.ConfigSet(s.t.Context(), pairs[i], pairs[i+1]).Err(); err != nil {
			s.t.Errorf("set %s: %v", pairs[i], err)
		}
	}
}

func (s *single) stopped() harm {
	return harm{"stopped", s.server.Stop, both, func() { s.must(s.server.Start()) }}
}

func (s *single) flushed() harm {
	return harm{"flushed", func() { flush(s.t, s.admin) }, risen("redial_redis_lost_total"), func() {}}
}

func (s *single) cutOff() harm { return harm{"cut off", s.proxy.Hang, both, s.proxy.Heal} }

func (s *single) slow(by time.Duration) harm {
	return harm{fmt.Sprintf("slow by %v each way", by), func() { s.proxy.Delay(by) }, func(before, now vitals) bool {
		return now["redial_redis_absences_total"] >= before["redial_redis_absences_total"]+2
	}, s.proxy.Heal}
}

func (s *single) full() harm {
	return harm{"out of memory", func() { s.set("maxmemory", "1") }, both, func() { s.set("maxmemory", "0") }}
}

// replica is a server that was made a replica, as a fail-over behind one address leaves it.
func (s *single) replica() harm {
	return harm{
		"a read-only replica", func() { s.must(s.admin.ReplicaOf(s.t.Context(), "127.0.0.1", "1").Err()) }, both,
		func() { s.must(s.admin.ReplicaOf(s.t.Context(), "NO", "ONE").Err()) },
	}
}

// loading is a server that loads what it is to hold.
func (s *single) loading() harm {
	if s.other == nil {
		s.other = testserver.NewRedis(s.t)
		err := direct(s.t, "redis://"+s.other.Addr).Eval(s.t.Context(), `for i=1,20000 do redis.call("SET", "key:" .. i, string.rep("x", 100)) end return 1`, nil).Err()
		s.must(err)
	}
	return harm{"loading", func() {
		s.set("key-load-delay", "500", "loading-process-events-interval-bytes", "1024")
		host, port, _ := strings.Cut(s.other.Addr, ":")
		s.must(s.admin.ReplicaOf(s.t.Context(), host, port).Err())
		s.await("it loads", func() bool {
			return strings.HasPrefix(fmt.Sprint(s.admin.Get(s.t.Context(), "key:1").Err()), "LOADING")
		})
	}, both, func() {
		s.set("key-load-delay", "0")
		s.await("it is a master again", func() bool { return s.admin.ReplicaOf(s.t.Context(), "NO", "ONE").Err() == nil })
	}}
}

// evicting throws away what others write, and what we wrote, to make room.
func (s *single) evicting(policy string) harm {
	stop, done := make(chan struct{}), make(chan struct{})
	return harm{"evicting, " + policy, func() {
		info := s.admin.Info(s.t.Context(), "memory").Val()
		_, after, _ := strings.Cut(info, "used_memory:")
		var used int
		_, err := fmt.Sscan(after, &used)
		s.must(err)
		s.set("maxmemory-policy", policy, "maxmemory", fmt.Sprint(used+50_000))
		go func() {
			defer close(done)
			junk := strings.Repeat("x", 8192)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					s.admin.Set(s.t.Context(), fmt.Sprint("junk:", i%1000), junk, 0) // refused when nothing is left to throw away
				}
			}
		}()
	}, func(before, now vitals) bool {
		return risen("redial_redis_lost_total", "redial_redis_failures_total")(before, now) &&
			field(s, "evicted_keys:") > 0
	}, func() {
		close(stop)
		<-done
		s.set("maxmemory", "0", "maxmemory-policy", "noeviction")
	}}
}

func field(s *single, name string) (n int) {
	_, after, _ := strings.Cut(s.admin.Info(s.t.Context(), "stats").Val(), name)
	_, _ = fmt.Sscan(after, &n)
	return n
}

// longRun is how long make chaos runs; 0: each fault of the short form once.
func longRun(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("REDIAL_CHAOS")
	if text == "" {
		return 0
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("REDIAL_CHAOS: %v", err)
	}
	return long
}

// TestI8RedisFaultsCostNobodyACall does to Redis whatever may befall it while agents of two nodes call all the time:
// nobody sees an error, retries and promises that come due meanwhile are offered, what it held is built anew on its
// return, no lead is called twice within its interval, and the audit is clean.
func TestI8RedisFaultsCostNobodyACall(t *testing.T) {
	t.Parallel()
	s := newSingle(t)
	for _, h := range []harm{s.stopped(), s.flushed(), s.cutOff(), s.slow(2 * time.Second), s.full(), s.replica(), s.evicting("allkeys-random")} {
		s.suffer(h)
	}
	if long := longRun(t); long > 0 {
		rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
		for began := time.Now(); time.Since(began) < long; {
			all := []func() harm{
				s.stopped, s.flushed, s.cutOff, s.full, s.replica, s.loading,
				func() harm { return s.slow(60 * time.Millisecond) }, func() harm { return s.slow(300 * time.Millisecond) },
				func() harm { return s.slow(2 * time.Second) },
				func() harm { return s.evicting("allkeys-random") }, func() harm { return s.evicting("allkeys-lru") },
			}
			s.suffer(all[rng.IntN(len(all))]())
		}
	}
	s.finish()
}

// finish holds what was done against the rules.
func (o *outage) finish() {
	o.t.Helper()
	o.end()
	o.mu.Lock()
	for _, d := range o.calls {
		if !d.before.IsZero() && d.over.Sub(d.before) < briskInterval-time.Second { // the rule counts in whole seconds
			o.t.Errorf("a lead was called again after %v", d.over.Sub(d.before))
		}
	}
	o.t.Logf("%d calls; nothing came %d times", len(o.calls), o.empty.Load())
	o.mu.Unlock()
	for _, kind := range []string{"promise", "retry"} {
		if o.vitals()[`redial_lateness_seconds_count{kind="`+kind+`"}`] == 0 {
			o.t.Errorf("nobody can know how late a %s was offered", kind)
		}
	}
	o.audit()
}

// TestI8SentinelFailsOver kills the master under load: the replica takes over, and the floor goes on with it.
func TestI8SentinelFailsOver(t *testing.T) {
	t.Parallel()
	s := testserver.NewSentinel(t, 1)
	o := newOutage(t, s.URL(), direct(t, s.URL()))
	o.suffer(harm{"master killed (sentinel)", s.Master.Stop, both, func() {
		o.await("the replica is master", func() bool {
			at, err := s.Current(t.Context())
			return err == nil && at == s.Replica.Addr
		})
	}})
	o.finish()
}

// TestI8ClusterFailsOver kills the master that has the campaign's slot: its replica takes over.
func TestI8ClusterFailsOver(t *testing.T) {
	t.Parallel()
	c := testserver.NewCluster(t, 1)
	admin := direct(t, c.URL())
	o := newOutage(t, c.URL(), admin)
	slot := admin.ClusterKeySlot(t.Context(), fmt.Sprintf("{c%d}", o.id)).Val()
	at := int(slot) * len(c.Masters) / 16384
	o.suffer(harm{fmt.Sprintf("master %d killed (cluster)", at), c.Masters[at].Stop, both, func() {
		replica := direct(t, "redis://"+c.Replicas[at].Addr)
		o.await("the replica is master", func() bool {
			return strings.HasPrefix(fmt.Sprint(replica.Do(t.Context(), "role").Val()), "[master")
		})
	}})
	o.finish()
}
