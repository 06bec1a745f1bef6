package overload_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
)

// TestADeadlineReachesTheStatement has somebody hold a list's row, and a call with 50 ms that wants it: the caller
// hears that its time is over, and the statement does not go on waiting for the row behind its back.
func TestADeadlineReachesTheStatement(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	n := start(t, url, "none")
	n.prepare(10, 1)
	lists := campaignpb.NewListServiceClient(n.conn)
	all, err := lists.ListLists(n.ctx, &campaignpb.ListListsRequest{})
	n.must(err)
	change := &campaignpb.SetPriorityRequest{ListId: all.GetLists()[0].GetId(), Priority: 7}

	holder, err := pgx.Connect(t.Context(), url)
	n.must(err)
	defer holder.Close(context.WithoutCancel(t.Context()))
	tx, err := holder.Begin(t.Context())
	n.must(err)
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM lists WHERE id = $1 FOR UPDATE`, change.GetListId())
	n.must(err)
	watcher, err := pgx.Connect(t.Context(), url)
	n.must(err)
	defer watcher.Close(context.WithoutCancel(t.Context()))
	waiting := func() (statements int) {
		n.must(watcher.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&statements))
		return statements
	}

	// First without hurry, so that it is seen to wait.
	patient, cancel := context.WithCancel(n.ctx)
	ended := make(chan error, 1)
	go func() { _, err := lists.SetPriority(patient, change); ended <- err }()
	n.until("a statement waits for the row", func() bool { return waiting() > 0 })
	cancel()
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("who went away: %v", err)
	}
	n.until("the statement of who went away is cancelled", func() bool { return waiting() == 0 })

	hurried, cancel := context.WithTimeout(n.ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := lists.SetPriority(hurried, change); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("50 ms at a row that is held: %v, want DeadlineExceeded", err)
	}
	n.until("the statement whose time is over is cancelled", func() bool { return waiting() == 0 })
	n.must(tx.Rollback(t.Context()))
	if _, err := lists.SetPriority(n.ctx, change); err != nil {
		t.Errorf("once the row is free: %v", err)
	}
	n.stop()
}

// until waits for what must become true soon, and fails the test when it does not.
func (n *node) until(what string, is func() bool) {
	n.t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(end) {
			n.t.Fatalf("it did not come to pass within 20 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // between two looks
	}
}
