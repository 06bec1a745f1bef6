package chaos

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the events of the embedded record, once its process has ended
)

// TestNothingIsLostWhateverFails works three nodes on PostgreSQL and Redis through every kind of fault: in make test
// each once and five kills; as long as REDIAL_CHAOS says in make chaos, with at least fifty (I1-I9).
func TestNothingIsLostWhateverFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, onServers)
	agents := w.open(staff{unary: 3, streams: 2, twice: 1, resenders: 1, vanishers: 2, stallers: 1}, 400)
	y := newTally()
	w.run(agents, 4*time.Second, func() {
		if long := longForm(t); long > 0 {
			w.harmLong(y, long)
		} else {
			w.harmOnce(y)
		}
		await(feelMost*2, func() bool { return w.count.late.Load() > 0 && w.count.stalls.Load() > 0 })
	})
	y.done["desktop vanished in mid-call"], y.bit["desktop vanished in mid-call"] = int(w.count.vanished.Load()), int(w.count.late.Load())
	y.done["desktop stopped reading"], y.bit["desktop stopped reading"] = int(w.count.stalled.Load()), int(w.count.stalls.Load())
	w.settle()
	w.verifyEvents()
	w.follower.compare(w.sql)
	w.judge()
	y.table(w)
}

// TestNothingIsLostWhenTheEmbeddedServerIsKilled does the same to a single process on SQLite.
func TestNothingIsLostWhenTheEmbeddedServerIsKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, embedded)
	agents := w.open(staff{unary: 4, streams: 2, twice: 1, resenders: 1, vanishers: 1}, 300)
	y := newTally()
	w.run(agents, 4*time.Second, func() {
		rng := w.draw("process")
		kinds := []fault{kill, kill, kill, terminate, kill, hangAlone, kill}
		for began := time.Now(); len(kinds) > 0; kinds = kinds[1:] {
			pause(time.Duration(500+rng.IntN(1500)) * time.Millisecond)
			y.do(w, rng, kinds[0])
			if time.Since(began) < longForm(t) {
				kinds = append(kinds, kinds[0])
			}
		}
	})
	w.settle()
	w.verifyEvents()
	w.judge()
	n := w.nodes[0]
	<-n.signal(15)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(n.dir, "redial.db")+"?mode=ro")
	w.must(err)
	defer db.Close()
	w.follower.compare(db)
	w.report()
	y.table(w)
}

// TestNothingIsLostWhenPostgreSQLFailsOver lets the primary die under three nodes and everybody's work, and its
// synchronous standby take over; nodes are killed before and after.
func TestNothingIsLostWhenPostgreSQLFailsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, withStandby)
	agents := w.open(staff{unary: 3, streams: 2, resenders: 1, vanishers: 1}, 200)
	y := newTally()
	w.run(agents, 4*time.Second, func() {
		w.lane(y, w.draw("failover"), kill, failover, kill)
		calls := w.count.calls.Load()
		if !await(lookFor, func() bool { return w.count.calls.Load() > calls+20 }) {
			w.breach(0, "after the failover and a kill no calls are made in %v", lookFor)
		}
	})
	w.settle()
	w.verifyEvents()
	w.follower.compare(w.sql)
	w.judge()
	y.table(w)
}

// longForm is how long make chaos runs; 0: the short form of make test.
func longForm(t *testing.T) time.Duration {
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

// draw is a source of chance for one of several who do harm.
func (w *world) draw(name string) *rand.Rand { return rand.New(rand.NewPCG(w.seed, uint64(len(name)))) }

// lane does faults one after the other, with a moment's rest between them.
func (w *world) lane(y *tally, rng *rand.Rand, faults ...fault) {
	for _, f := range faults {
		pause(time.Duration(rng.IntN(1000)) * time.Millisecond)
		y.do(w, rng, f)
	}
}

// harmOnce does every kind once, and five kills, those of nodes and those of servers side by side.
func (w *world) harmOnce(y *tally) {
	nodes := w.draw("nodes")
	servers := w.draw("servers")
	first, second := []fault{kill, kill, kill, kill, kill, terminate}, slices.Clone(ofServers)
	shuffle(nodes, first)
	shuffle(servers, second)
	var all sync.WaitGroup
	all.Go(func() { w.lane(y, w.draw("a hang"), hang) })
	all.Go(func() { w.lane(y, nodes, first...) })
	all.Go(func() { w.lane(y, servers, second...) })
	all.Wait()
	w.lane(y, nodes, allAtOnce)
}

// leastKills is how many kills the long form does at least, however long that takes.
const leastKills = 50

// harmLong does faults at random until the time is over and enough nodes were killed.
func (w *world) harmLong(y *tally, long time.Duration) {
	began := time.Now()
	nodes, servers := w.draw("nodes"), w.draw("servers")
	for kills := 0; time.Since(began) < long || kills < leastKills; {
		var all sync.WaitGroup
		batch := []fault{kill, kill, kill, terminate}
		if nodes.IntN(3) == 0 {
			all.Go(func() { w.lane(y, w.draw("a hang"), hang) })
		}
		shuffle(nodes, batch)
		some := []fault{ofServers[servers.IntN(len(ofServers))], ofServers[servers.IntN(len(ofServers))], ofServers[servers.IntN(len(ofServers))]}
		all.Go(func() { w.lane(y, nodes, batch...) })
		all.Go(func() { w.lane(y, servers, some...) })
		all.Wait()
		kills += 3
		if nodes.IntN(3) == 0 {
			w.lane(y, nodes, allAtOnce)
		}
	}
}

func shuffle(rng *rand.Rand, f []fault) {
	rng.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
}
