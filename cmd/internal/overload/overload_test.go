package overload_test

import (
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to count what the record holds when the server has stopped

	"redial/cmd/internal/overload"
	campaignpb "redial/proto/campaign/v1"
)

// TestTenTimesOverloadLeavesNoTraceOfWhatWasShed lets ten times as many cycles arrive at a whole server, embedded, as it
// just did with 64 agents who never rest. How fast it is meanwhile is printed and not judged, for other programs have
// the machine, too: the server's own test does that in fake time, and dialctl bench overload on a quiet machine.
func TestTenTimesOverloadLeavesNoTraceOfWhatWasShed(t *testing.T) {
	t.Parallel()
	n := start(t, "", "")
	n.prepare(8000, 640)
	full := n.Closed(t.Context(), 64, 1500*time.Millisecond)
	over := n.Open(t.Context(), max(10*full.Goodput(), 1000), 2500*time.Millisecond)
	t.Logf("full load %.0f cycles/s, p99 %v; ten times that: %.0f cycles/s, p99 %v, %d let in, %d shed (p99 %v), %d of %d arrivals found no agent",
		full.Goodput(), full.P(.99), over.Goodput(), over.P(.99), len(over.Accepted), over.Shed, over.ShedP(.99), over.AgentsOut, over.Arrivals)
	if full.Shed > 0 || full.Failed+over.Failed > 0 {
		t.Errorf("at full load %d were shed; failed %v, %v", full.Shed, full.Why, over.Why)
	}
	if over.Shed == 0 || over.Mute > 0 {
		t.Errorf("%d were shed, %d of them without a time to come back after", over.Shed, over.Mute)
	}
	runs := []overload.Result{full, over}
	for until := time.Now().Add(time.Minute); ; {
		r := n.Closed(t.Context(), 32, 300*time.Millisecond)
		if runs = append(runs, r); r.Shed == 0 && r.Cards > 0 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("calls are still shed a minute after the load: %d of %d", r.Shed, r.Shed+len(r.Accepted))
		}
	}
	n.audit()
	n.stop()
	var cards, started int
	for _, r := range runs {
		cards, started = cards+r.Cards, started+r.Started
		if r.Failed > 0 {
			t.Errorf("failed: %v", r.Why)
		}
	}
	if got := n.count("assignments"); got != cards {
		t.Errorf("the record holds %d assignments, the agents had %d cards", got, cards)
	}
	if got := n.count("attempts"); got != started {
		t.Errorf("the record holds %d attempts, the agents began %d calls", got, started)
	}
}

// audit walks the ledger: there must be no breach.
func (n *node) audit() {
	n.t.Helper()
	stream, err := campaignpb.NewAdminServiceClient(n.conn).Audit(n.ctx, &campaignpb.AuditRequest{})
	n.must(err)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		n.must(err)
		if b := m.GetBreach(); b != nil {
			n.t.Error(b)
		}
	}
}

// count is how many rows a table of the embedded record has, once the server has stopped.
func (n *node) count(table string) (rows int) {
	n.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(n.cfg.Data, "redial.db"))
	n.must(err)
	defer db.Close()
	n.must(db.QueryRowContext(n.t.Context(), `SELECT count(*) FROM `+table).Scan(&rows))
	return rows
}
