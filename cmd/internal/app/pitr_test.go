package app_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"redial/campaign/store/storetest/testserver"
	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	campaignpb "redial/proto/campaign/v1"
)

// TestAPostgresRecordIsBroughtBackToAnInstant follows the runbook: a base backup, the log, recovery to a point in time, and
// `dialctl restore`. Every call up to the instant is there and none after it, the campaign waits for a person, and
// numbers that were given after it are not given again.
func TestAPostgresRecordIsBroughtBackToAnInstant(t *testing.T) {
	t.Parallel()
	server := testserver.NewArchiving(t)
	url, agents := server.Database(t), []string{"a", "b", "c"}
	var kept, lost int64
	var at time.Time
	t.Run("before", func(t *testing.T) {
		n := startNodes(t, 1, url, "none")
		n.prepare(300, agents...)
		calls := len(n.work(20, agents...))
		n.must(server.BaseBackup())
		calls += len(n.work(40, agents...))
		kept = number(t, url, `SELECT count(*) FROM attempts`)
		var err error
		at, err = server.Now()
		n.must(err)
		n.work(30, agents...)
		lost = number(t, url, `SELECT max(id) FROM assignments`)
		if kept != int64(calls) || lost <= kept {
			t.Fatalf("%d calls, %d attempts, the last assignment is %d", calls, kept, lost)
		}
	})
	back := strings.Replace(url, server.Addr, server.Recover(t, at).Addr, 1)
	if n := number(t, back, `SELECT count(*) FROM attempts`); n != kept {
		t.Errorf("%d attempts came back, %d had been made until then", n, kept)
	}
	cfg := config.Default()
	cfg.Database = back
	done, _, err := app.Restore(t.Context(), cfg, "", false)
	if err != nil || len(done.Paused) != 1 {
		t.Fatalf("restored %+v: %v", done, err)
	}
	n := startNodes(t, 1, back, "none")
	n.audit()
	c := campaignpb.NewCampaignServiceClient(n.conns[0])
	if calls := n.work(5, agents...); len(calls) != 0 {
		t.Errorf("a restored campaign offers %d leads before somebody starts it", len(calls))
	}
	_, err = c.StartCampaign(n.ctx, &campaignpb.StartCampaignRequest{Id: 1})
	n.must(err)
	if calls := n.work(20, agents...); len(calls) < 20 {
		t.Errorf("%d calls after the campaign was started again", len(calls))
	}
	if first := number(t, back, `SELECT max(id) FROM assignments`); first <= lost {
		t.Errorf("assignment %d was given again: %d had been", first, lost)
	}
	n.audit()
}

func number(t *testing.T, url, query string) (n int64) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
