package app_test

import (
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign/store/storetest/testserver"
	"redial/cmd/internal/app"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// heard is a log that is read while it is written.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) has(what string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Contains(h.text.String(), what)
}

// TestClocksAMinuteApartDoNoHarm has three nodes work: one whose clock is a minute ahead, and which sweeps, one a minute
// behind, and one whose clock is set while it works.
func TestClocksAMinuteApartDoNoHarm(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	db := beside(t, url)
	var set atomic.Int64
	logs := make([]heard, 3)
	n := startNodesWith(t, 3, url, "redis://"+testserver.Redis(t), func(i int) app.Options {
		o := app.Options{Log: slog.New(slog.NewTextHandler(&logs[i], nil)), Pace: app.Pace{Sweep: 200 * time.Millisecond}}
		switch i {
		case 0, 1:
			o.Now = func() time.Time { return time.Now().Add(time.Duration(1-2*i) * time.Minute) }
		default:
			o.Wall = func() time.Time { return time.Now().Add(time.Duration(set.Load())) }
		}
		return o
	})
	agents := logins(9)
	n.brisk(n.prepare(300, agents...))
	all := desks(n.conns)
	s := newShift(n.ctx, t, func() []dialerpb.AgentServiceClient { return all })
	s.staff(agents[3:])
	for _, by := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute, time.Hour} {
		set.Store(int64(by))
		s.until(40)
	}
	s.end()
	for i, login := range agents[:3] {
		set.Store(int64(time.Duration(i) * time.Hour))
		n.keeps(db, login, i, (i+1)%3)
	}
	for _, w := range []struct{ what, query string }{
		{"agents were signed out or lost an offer", `SELECT count(*) FROM agent_states WHERE reason IN ('heartbeat_lost', 'offer_lapsed', 'lease_lapsed')`},
		{"leads were called within their interval", `SELECT count(*) FROM (SELECT placed_at - lag(placed_at) OVER (PARTITION BY lead_id ORDER BY placed_at) AS gap
			FROM attempts) a WHERE gap < 2000000`},
		{"instants of a lead's events go back", `SELECT count(*) FROM (SELECT at - lag(at) OVER (PARTITION BY lead_id ORDER BY seq) AS gap
			FROM events WHERE lead_id <> 0) e WHERE gap < -20000`}, // two nodes know the database's clock to within milliseconds
		{"calls ended otherwise than their agents said", `SELECT count(*) FROM attempts WHERE outcome = 'UNKNOWN'`},
	} {
		if k := count(t, db, w.query); k != 0 {
			t.Errorf("%d %s", k, w.what)
		}
	}
	if k := count(t, db, `SELECT count(*) FROM events`); k < s.calls() {
		t.Errorf("only %d events of %d calls are in the stream", k, s.calls())
	}
	n.audit()
	set.Store(int64(time.Hour))
	for i, want := range []float64{-60, 60, -3600} {
		n.saysItsOffset(i, want)
		if i < 2 && !logs[i].has("disagrees with the database's") {
			t.Errorf("node %d did not say that its clock is off", i)
		}
	}
}

// keeps has an agent book a promise at one node and take it at another: it comes on time by the database's clock.
func (n *nodes) keeps(db *sql.DB, login string, book, take int) {
	n.t.Helper()
	w := n.open(book, login)
	card := w.card()
	w.start(card)
	w.pause()
	at := n.databaseNow(db).Add(3 * time.Second).Truncate(time.Second)
	w.record(card, "APPOINTMENT", &campaignpb.Booking{Local: at.Format("2006-01-02T15:04:05"), Zone: "Etc/UTC"})
	got := n.open(take, login).card()
	late := n.databaseNow(db).Sub(at)
	if got.GetAppointment() == nil || got.GetLeadId() != card.GetLeadId() {
		n.t.Errorf("%s was offered %v in place of the promise", login, got)
	}
	if late < 0 || late > 5*time.Second {
		n.t.Errorf("the promise of %s, booked at node %d, came at node %d %v after its time", login, book, take, late)
	}
	n.t.Logf("booked at node %d, taken at node %d: %v late", book, take, late)
}

func (n *nodes) databaseNow(db *sql.DB) (now time.Time) {
	n.t.Helper()
	n.must(db.QueryRowContext(n.t.Context(), `SELECT clock_timestamp()`).Scan(&now))
	return now.UTC()
}

// saysItsOffset asks a node in every way how far its clock is off.
func (n *nodes) saysItsOffset(i int, want float64) {
	n.t.Helper()
	near := func(what string, got float64) {
		if got < want-1 || got > want+1 {
			n.t.Errorf("node %d: %s says that its clock is %v s from the database's, want %v", i, what, got, want)
		}
	}
	about, err := campaignpb.NewAdminServiceClient(n.conns[i]).GetServer(n.ctx, &campaignpb.GetServerRequest{})
	n.must(err)
	near("GetServer", about.GetClockOffset().AsDuration().Seconds())
	var ready struct {
		Offset float64 `json:"clock_offset_seconds"`
	}
	n.must(json.Unmarshal(n.page(i, "/readyz"), &ready))
	near("readyz", ready.Offset)
	if !strings.Contains(string(n.page(i, "/metrics")), "\nredial_clock_offset_seconds ") {
		n.t.Errorf("node %d has no metric of it", i)
	}
}

func (n *nodes) page(i int, path string) []byte {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, "http://"+n.apps[i].Web()+path, http.NoBody)
	n.must(err)
	got, err := http.DefaultClient.Do(r)
	n.must(err)
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	n.must(err)
	return body
}
