package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

func TestWhatTheDriversSayIsToldToCallers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		kind   campaign.Kind
		reason string
	}{
		{&pgconn.PgError{Code: "57P01"}, campaign.KindAway, campaign.ReasonRecordAway},
		{&pgconn.PgError{Code: "57P04"}, campaign.KindInternal, ""},
		{&pgconn.PgError{Code: "53300"}, campaign.KindAway, campaign.ReasonRecordAway},
		{&pgconn.PgError{Code: "25006"}, campaign.KindAway, campaign.ReasonRecordAway},
		{&pgconn.PgError{Code: "55P03"}, campaign.KindAway, campaign.ReasonRecordAway},
		{&pgconn.PgError{Code: "57014"}, campaign.KindAway, campaign.ReasonRecordAway},
		{&pgconn.PgError{Code: "40P01"}, campaign.KindAway, campaign.ReasonRecordAway},
		{&pgconn.PgError{Code: "53100"}, campaign.KindAway, campaign.ReasonRecordFull},
		{&pgconn.PgError{Code: "58030"}, campaign.KindAway, campaign.ReasonRecordFull},
		{&pgconn.PgError{Code: "23505"}, campaign.KindInternal, ""},
		{fmt.Errorf("read: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")}), campaign.KindAway, campaign.ReasonRecordAway},
		{fmt.Errorf("write: %w", syscall.ENOSPC), campaign.KindAway, campaign.ReasonRecordFull},
		{errBusy, campaign.KindAway, campaign.ReasonRecordAway},
		{errLost, campaign.KindAway, campaign.ReasonRecordAway},
		{errSlow, campaign.KindAway, campaign.ReasonRecordAway},
		{errOverdue, campaign.KindAway, campaign.ReasonRecordAway},
		{context.DeadlineExceeded, campaign.KindInternal, ""},
		{campaign.NotFound("lead", 7), campaign.KindNotFound, ""},
	} {
		err := doing("try", c.err)
		if campaign.KindOf(err) != c.kind || campaign.ReasonOf(err) != c.reason || !errors.Is(err, c.err) {
			t.Errorf("%v is told as %v: kind %v, reason %q, want %v, %q", c.err, err, campaign.KindOf(err), campaign.ReasonOf(err), c.kind, c.reason)
		}
		if e, ok := errors.AsType[*campaign.Error](err); ok && c.kind == campaign.KindAway && (e.RetryAfter < retryLeast || e.RetryAfter > retryMost) {
			t.Errorf("%v: to be tried again after %v", c.err, e.RetryAfter)
		}
		if again := doing("and", err); campaign.ReasonOf(again) != c.reason {
			t.Errorf("told twice: %v", again)
		}
	}
	for code, all := range map[string]bool{"57P03": true, "53300": true, "53100": true, "57014": false, "55P03": false, "40001": false, "23505": false} {
		if err := doing("try", &pgconn.PgError{Code: code}); away(err) != all || lockedOut(err) != (code == "55P03") || tooLong(err) != (code == "55P03" || code == "57014") {
			t.Errorf("%s: any other request fails as well: %v, want %v", code, !all, all)
		}
	}
}

func TestAStoppedPostgresIsAwayAndComesBack(t *testing.T) {
	t.Parallel()
	db := testserver.NewPostgres(t, false)
	s, err := Open(t.Context(), db.Database(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db.Stop()
	for range 3 {
		if _, err := s.Agents(t.Context()); campaign.KindOf(err) != campaign.KindAway {
			t.Errorf("while it is stopped: %v", err)
		}
	}
	if err := db.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Agents(t.Context()); err != nil {
		t.Errorf("after its return: %v", err)
	}
}

// What the server says of a lost transaction is run again inside; what it says again and again is told away.
func TestALostTransactionIsRunAgain(t *testing.T) {
	t.Parallel()
	b := openBench(t, testserver.Postgres(t))
	for _, code := range []string{"40001", "40P01"} {
		lose := fmt.Sprintf(`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '%s'; END $$`, code)
		runs := 0
		if err := b.write(t.Context(), "try", func(x *tx) error {
			if runs++; runs < 3 {
				_, err := x.exec(lose)
				return err
			}
			return nil
		}); err != nil || runs != 3 {
			t.Errorf("%s: %v after %d runs, want 3", code, err, runs)
		}
		err := b.write(t.Context(), "try", func(x *tx) error { _, err := x.exec(lose); return err })
		if campaign.ReasonOf(err) != campaign.ReasonRecordAway {
			t.Errorf("%s without end: %v", code, err)
		}
	}
}

// A statement that takes too long is told away, unless its work is known to take long; a caller who gives up hears that he
// did, and his statement ends in the database.
func TestStatementsAreBounded(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	b := openBench(t, url+"&statement_timeout=200")
	sleep := func(x *tx) error { _, err := x.exec(`SELECT pg_sleep(0.5)`); return err }
	if err := b.write(t.Context(), "sleep", sleep); campaign.ReasonOf(err) != campaign.ReasonRecordAway || away(err) || !tooLong(err) {
		t.Errorf("a slow statement: %v", err)
	}
	if err := b.write(atLength(t.Context()), "sleep", sleep); err != nil {
		t.Errorf("work at length: %v", err)
	}
	b = openBench(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := b.write(ctx, "sleep", func(x *tx) error { _, err := x.exec(`SELECT pg_sleep(600)`); return err })
	if !errors.Is(err, context.DeadlineExceeded) || campaign.KindOf(err) == campaign.KindAway {
		t.Errorf("a caller gave up and heard %v", err)
	}
	for n := int64(1); n > 0; {
		n = b.count(t, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()`)
	}
}

// What the URL says of bounds and servers stands.
func TestTheURLsBoundsStand(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]map[string]string{
		"":                                    {"lock_timeout": "2s", "statement_timeout": "10s", "idle_in_transaction_session_timeout": "15s"},
		"&lock_timeout=700&connect_timeout=9": {"lock_timeout": "700ms", "statement_timeout": "10s"},
	} {
		b := openBench(t, testserver.Postgres(t)+query)
		for name, value := range want {
			if n := b.count(t, `SELECT count(*) FROM pg_settings WHERE name = $1 AND setting || COALESCE(unit, '') = (
				SELECT (extract(epoch FROM $2::interval) * 1000)::int::text || 'ms')`, name, value); n != 1 {
				t.Errorf("with %q, %s is not %s", query, name, value)
			}
		}
	}
}

// A file that becomes one that may only be read, and one that another process holds, say so; work goes on afterwards.
func TestTheFileIsTakenAwayAtWork(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "r.db")
	b := openBench(t, "sqlite://"+path)
	b.campaign(t, "before")
	add := func() error {
		_, err := b.CreateCampaign(t.Context(), campaign.Campaign{Name: "after", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(),
			Floor: campaign.DefaultFloor()})
		return err
	}
	query := func(db *sql.DB, text string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	query(b.writer, `PRAGMA query_only = 1`) // what a file system that was mounted anew answers
	if err := add(); campaign.KindOf(err) != campaign.KindAway || campaign.ReasonOf(err) != campaign.ReasonRecordFull || !strings.Contains(err.Error(), "writable") {
		t.Errorf("to be read only: %v", err)
	}
	if _, err := b.Campaigns(t.Context(), 0, 10); err != nil {
		t.Errorf("reading: %v", err)
	}
	query(b.writer, `PRAGMA query_only = 0`)
	other, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	query(other, `BEGIN IMMEDIATE`)
	if err := add(); campaign.ReasonOf(err) != campaign.ReasonRecordAway || !strings.Contains(err.Error(), "another process") {
		t.Errorf("while another process holds it: %v", err)
	}
	query(other, `ROLLBACK`)
	if err := add(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A commit waits for a standby that is gone. The caller is told away, nobody sees what is not on two disks, and asking
// again is no way to have it acknowledged. When the standby is given up it is there.
func TestI2ACommitWaitsForAStandby(t *testing.T) {
	t.Parallel()
	primary := testserver.NewPostgres(t, false)
	url := primary.Database(t)
	b := openBench(t, url)
	ann := must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: "ann"}))
	standby := testserver.NewStandby(t, primary)
	if first, err := b.Slot(t.Context(), "job", 1); err != nil || !first {
		t.Fatal(first, err)
	}
	standby.Stop()
	b.bound = 500 * time.Millisecond
	for range 2 {
		if _, err := b.Slot(t.Context(), "job", 2); campaign.ReasonOf(err) != campaign.ReasonRecordAway {
			t.Errorf("while the standby is gone: %v", err)
		}
		if n := b.count(t, `SELECT count(*) FROM slots WHERE job = 'job'`); n != 1 {
			t.Errorf("%d are seen, want the one that was acknowledged", n)
		}
		if _, err := b.MoveSession(t.Context(), ann.ID, toBreak); campaign.ReasonOf(err) != campaign.ReasonRecordAway {
			t.Errorf("a move while the standby is gone: %v", err)
		}
		if n := b.count(t, `SELECT count(*) FROM agent_states`); n != 0 {
			t.Errorf("%d moves are seen, want none", n)
		}
	}
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, q := range []string{`SET synchronous_commit = off`, `ALTER SYSTEM SET synchronous_standby_names = ''`, `SELECT pg_reload_conf()`} {
		if _, err := admin.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for campaign.KindOf(err) == campaign.KindAway || err == nil {
		var first bool
		if first, err = b.Slot(t.Context(), "job", 2); err == nil {
			if first {
				t.Error("the commit that waited was lost")
			}
			break
		}
	}
	if err != nil {
		t.Error(err)
	}
}
