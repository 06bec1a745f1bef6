package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

func TestAnErrorOfTheWayIsToBeTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		kind campaign.Kind
	}{
		{&pgconn.PgError{Code: "57P01"}, campaign.KindAway},
		{&pgconn.PgError{Code: "53300"}, campaign.KindAway},
		{fmt.Errorf("read: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")}), campaign.KindAway},
		{&pgconn.PgError{Code: "23505"}, campaign.KindInternal},
		{context.DeadlineExceeded, campaign.KindInternal},
		{campaign.NotFound("lead", 7), campaign.KindNotFound},
	} {
		if got := campaign.KindOf(doing("try", c.err)); got != c.kind {
			t.Errorf("%v is of kind %v, want %v", c.err, got, c.kind)
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
