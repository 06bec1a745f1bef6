package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

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
	for code, all := range map[string]bool{"57P03": true, "53300": true, "53100": true, "57014": true, "55P03": false, "40001": false, "23505": false} {
		if err := doing("try", &pgconn.PgError{Code: code}); away(err) != all || lockedOut(err) != (code == "55P03") {
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
		if _, err = s.Agents(t.Context()); err != nil { // the pool may hold one dead connection yet
			t.Errorf("after its return: %v", err)
		}
	}
}
