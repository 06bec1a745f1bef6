package app_test

import (
	"database/sql"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
	dialerpb "redial/proto/dialer/v1"
)

// elected is who sweeps and numbers events, and the epoch.
func elected(t *testing.T, db *sql.DB) (holder string, epoch int64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT holder, epoch FROM leases WHERE name = $1`, store.Elected).Scan(&holder, &epoch); err != nil {
		t.Fatal(err)
	}
	return holder, epoch
}

// waitFor waits until a number is as large as it should be.
func waitFor(t *testing.T, what string, least int, number func() int) {
	t.Helper()
	for end := time.Now().Add(2 * patience); number() < least; {
		if time.Now().After(end) {
			t.Fatalf("%s: %d, want %d", what, number(), least)
		}
		rest(50 * time.Millisecond)
	}
}

// TestAHungLeaderIsReplacedAndRefusedWhenItWakes stops the process that sweeps and numbers events in the middle of its
// work, lets another take its place, and wakes it.
func TestAHungLeaderIsReplacedAndRefusedWhenItWakes(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	db := beside(t, url)
	hung := runNode(t, "hung", url, "none")
	other := runNode(t, "other", url, "none")
	n := &nodes{t: t, conns: []*grpc.ClientConn{dial(t, other.addr)}, ctx: other.token(t.Context())}
	agents := logins(4)
	n.brisk(n.prepare(200, agents...))
	all := desks(n.conns)
	s := newShift(n.ctx, t, func() []dialerpb.AgentServiceClient { return all })
	s.staff(agents)
	s.until(20)
	holder, before := elected(t, db)
	if holder != "hung" {
		t.Fatalf("%s leads, not the first node", holder)
	}
	hung.signal(syscall.SIGSTOP)
	numbered := func() int { return count(t, db, `SELECT count(*) FROM events`) }
	waitFor(t, "nobody took the place of the leader", int(before)+1, func() int {
		_, epoch := elected(t, db)
		return int(epoch)
	})
	waitFor(t, "events in the stream under the new leader", numbered()+50, numbered)
	hung.signal(syscall.SIGCONT)

	old, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { old.Close() })
	if _, err := old.Sequence(t.Context(), before, 10); campaign.ReasonOf(err) != campaign.ReasonLeaseExpired {
		t.Errorf("the old leader's word is answered with %v", err)
	}
	waitFor(t, "events in the stream with the old leader awake", numbered()+50, numbered)
	s.end()
	if holder, epoch := elected(t, db); holder != "other" || epoch != before+1 {
		t.Errorf("%s leads in epoch %d, want the other node in %d", holder, epoch, before+1)
	}
	other.stop() // it gives the office up: nobody waits for its lease
	waitFor(t, "nobody leads after the leader has resigned", int(before)+2, func() int {
		_, epoch := elected(t, db)
		return int(epoch)
	})
	waitFor(t, "the rest of the events", 0, func() int { return -count(t, db, `SELECT count(*) FROM outbox`) })
	for what, query := range map[string]string{
		"numbers given twice or left out":  `SELECT (max(seq) - min(seq) + 1 - count(DISTINCT seq)) + (count(*) - count(DISTINCT seq)) FROM events`,
		"events told twice":                `SELECT count(*) - count(DISTINCT id) FROM events`,
		"events of a lead out of order":    `SELECT count(*) FROM (SELECT id - lag(id) OVER (PARTITION BY lead_id ORDER BY seq) AS gap FROM events WHERE lead_id <> 0) e WHERE gap < 0`,
		"calls that ended as UNKNOWN":      `SELECT count(*) FROM attempts WHERE outcome = 'UNKNOWN'`,
		"agents signed out or offers lost": `SELECT count(*) FROM agent_states WHERE reason IN ('heartbeat_lost', 'offer_lapsed', 'lease_lapsed')`,
		"calls that the stream tells not":  `SELECT (SELECT count(*) FROM attempts) - (SELECT count(*) FROM events WHERE type = 'attempt')`,
	} {
		if k := count(t, db, query); k != 0 {
			t.Errorf("%d %s", k, what)
		}
	}
	n.conns, n.ctx = []*grpc.ClientConn{dial(t, hung.addr)}, hung.token(t.Context())
	n.audit()
}
