package chaos

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestSoak keeps a steady load on three nodes for as long as REDIAL_SOAK says, with a node killed now and then and no
// other fault, and prints how many calls were made and how large the record is; the audit ends it.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv("REDIAL_SOAK"))
	if err != nil {
		t.Skip("runs with make soak, for as long as REDIAL_SOAK says")
	}
	w := newWorld(t, 3, onServers)
	w.mix, w.talk, w.book.light = endless, time.Millisecond, true
	agents := w.open(staff{unary: 56, streams: 8, twice: 1, resenders: 1, vanishers: 1}, soakLeads)
	for _, a := range agents {
		a.habits.dawdle = 0
	}
	y := newTally()
	rng := w.draw("soak")
	w.run(agents, time.Minute, func() {
		every := min(long/10, time.Minute)
		for began, last := time.Now(), w.count.calls.Load(); time.Since(began) < long; {
			pause(every)
			y.do(w, rng, kill)
			calls := w.count.calls.Load()
			t.Logf("%v: %d calls, %.0f/s\n%s", time.Since(began).Round(time.Second), calls, float64(calls-last)/every.Seconds(), w.sizes())
			last = calls
		}
	})
	w.settle()
	w.verifyEvents()
	w.follower.compare(w.sql)
	w.judge()
	y.table(w)
}

// soakLeads is how many leads each of the two campaigns begins with: enough for the load, with their intervals and caps.
const soakLeads = 40_000

// relation is how large a table is, in bytes, and its rows by PostgreSQL's own count.
type relation struct {
	name                       string
	table, indexes             int64
	live, dead, updated, inHot int64
}

// relations are the largest tables with their indexes; partitions each by themselves.
func (w *world) relations(most int) ([]relation, error) {
	rows, err := w.sql.Query(`SELECT relname, pg_table_size(relid), pg_indexes_size(relid), n_live_tup, n_dead_tup, n_tup_upd, n_tup_hot_upd
		FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("reading the sizes of tables: %w", err)
	}
	defer rows.Close()
	var all []relation
	for rows.Next() {
		var r relation
		if err := rows.Scan(&r.name, &r.table, &r.indexes, &r.live, &r.dead, &r.updated, &r.inHot); err != nil {
			return nil, fmt.Errorf("reading the size of a table: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// sizes are the largest tables as a text.
func (w *world) sizes() string {
	all, err := w.relations(8)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %10s %10s %9s %9s %9s %5s\n", "table", "kB", "index kB", "live", "dead", "updates", "HOT")
	for _, r := range all {
		fmt.Fprintf(&b, "%-24s %10d %10d %9d %9d %9d %4.0f%%\n", r.name, r.table>>10, r.indexes>>10, r.live, r.dead, r.updated,
			100*float64(r.inHot)/float64(max(r.updated, 1)))
	}
	return b.String()
}
