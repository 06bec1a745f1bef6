package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Times of faults. A fault lasts until it was felt, at most feelMost: on a slow machine it is not over before anybody met it.
const (
	feelMost = 15 * time.Second
	lookFor  = 20 * time.Second // the same, for what the product does only every few seconds
	pastSway = 17 * time.Second // longer than the elected node's lease
)

// fault is one kind of harm. do does it, makes it good again and says how often it was felt.
type fault struct {
	kind string
	do   func(w *world, rng *rand.Rand) (felt int64)
}

// ofNodes are the faults of processes, ofServers those of what they stand on. A kind of either may be under way at the
// same time as one of the other.
var (
	kill      = fault{"node killed (SIGKILL)", (*world).killNode}
	terminate = fault{"node restarted (SIGTERM)", (*world).terminateNode}
	hang      = fault{"elected node hung past its lease (SIGSTOP)", (*world).hangLeader}

	ofServers = []fault{
		{"Redis flushed", (*world).flushRedis},
		{"Redis stopped", (*world).stopRedis},
		{"Redis cut off, connections open", (*world).hangRedis},
		{"Redis slow", (*world).slowRedis},
		{"Redis connections reset", (*world).resetRedis},
		{"PostgreSQL stopped", (*world).stopPostgres},
		{"PostgreSQL replies cut half-way", (*world).cutPostgres},
		{"PostgreSQL connections reset", (*world).resetPostgres},
		{"PostgreSQL cut off, connections open", (*world).hangPostgres},
		{"PostgreSQL slow", (*world).slowPostgres},
		{"PostgreSQL ends its connections", (*world).endSessions},
		{"PostgreSQL has no connection to spare", (*world).fillPostgres},
		{"rows of calls in hand held by a transaction", (*world).holdRows},
		{"snapshot held by a transaction that has written", (*world).holdSnapshot},
		{"deadlock that a node loses", (*world).deadlock},
	}
	failover  = fault{"PostgreSQL dies, its synchronous standby takes over", (*world).failOver}
	hangAlone = fault{"process hung (SIGSTOP)", (*world).hangLeader}
	allAtOnce = fault{"node killed, Redis and PostgreSQL stopped at once", (*world).everything}
)

// tally counts faults by kind.
type tally struct {
	mu        sync.Mutex
	done, bit map[string]int
}

func newTally() *tally { return &tally{done: make(map[string]int), bit: make(map[string]int)} }

// do does one fault and counts it.
func (y *tally) do(w *world, rng *rand.Rand, f fault) {
	began := time.Now()
	felt := f.do(w, rng)
	w.t.Logf("%s UTC %v: %v, felt %d times", began.UTC().Format("15:04:05.000"), f.kind, time.Since(began).Round(time.Millisecond), felt)
	y.mu.Lock()
	defer y.mu.Unlock()
	y.done[f.kind]++
	if felt > 0 {
		y.bit[f.kind]++
	}
}

// table prints what was done and felt; a kind that never was is an error.
func (y *tally) table(w *world) {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%-52s %6s %6s\n", "fault", "done", "felt")
	for _, kind := range slices.Sorted(maps.Keys(y.done)) {
		fmt.Fprintf(&out, "%-52s %6d %6d\n", kind, y.done[kind], y.bit[kind])
		if y.bit[kind] == 0 {
			w.t.Errorf("%s: done %d times and never felt: it proved nothing", kind, y.done[kind])
		}
	}
	w.t.Log(out.String())
}

// until holds a harm for at least so long and until it was felt. What was felt once counts, though it is over by now: who
// waits for a lock gives up.
func until(least, most time.Duration, felt func() int64) (n int64) {
	pause(least)
	await(most, func() bool { n = max(n, felt()); return n > 0 })
	return n
}

// killNode keeps a node dead until a request to it has failed, and starts it again.
func (w *world) killNode(rng *rand.Rand) int64 {
	n := w.pick(rng)
	defer w.putBack(n)
	before := n.felt.Load()
	n.kill()
	felt := until(time.Duration(rng.IntN(500))*time.Millisecond, feelMost, func() int64 { return n.felt.Load() - before })
	w.begin(n)
	return felt
}

func (w *world) terminateNode(rng *rand.Rand) int64 {
	n := w.pick(rng)
	defer w.putBack(n)
	before := n.felt.Load()
	ended := n.signal(syscall.SIGTERM)
	felt := until(0, feelMost, func() int64 { return n.felt.Load() - before })
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		w.breach(0, "node %s did not stop in 30 s after SIGTERM:\n%s", n.name, n.words())
		n.kill()
	}
	w.begin(n)
	return felt
}

// hangLeader stops the elected node for longer than its lease, so that another takes its office, and lets it go on, so
// that it finds that out. Embedded there is no other: it is felt by its callers.
func (w *world) hangLeader(rng *rand.Rand) int64 {
	if w.sql == nil {
		n := w.pick(rng)
		defer w.putBack(n)
		before := n.felt.Load()
		n.signal(syscall.SIGSTOP)
		felt := until(5*time.Second, feelMost, func() int64 { return n.felt.Load() - before })
		n.signal(syscall.SIGCONT)
		return felt
	}
	var n *node
	var epoch int64
	await(lookFor, func() bool {
		var holder string
		err := w.sql.QueryRow(`SELECT holder, epoch FROM leases WHERE name = 'sweep'`).Scan(&holder, &epoch)
		if err == nil {
			n = w.pickNamed(holder)
		}
		return n != nil
	})
	if n == nil {
		return 0
	}
	defer w.putBack(n)
	n.signal(syscall.SIGSTOP)
	felt := until(pastSway, lookFor, func() int64 { return w.epoch() - epoch })
	n.signal(syscall.SIGCONT)
	return felt
}

// epoch is the term of the elected node; 0: the record does not answer.
func (w *world) epoch() (epoch int64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.sql.QueryRowContext(ctx, `SELECT epoch FROM leases WHERE name = 'sweep'`).Scan(&epoch) // away: 0
	return epoch
}

// begin starts a node again.
func (w *world) begin(n *node) {
	if err := n.start(); err != nil {
		w.breach(0, "%v", err)
	}
}
