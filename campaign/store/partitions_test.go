package store

import (
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// A transaction that reads the tables does not end. What makes and drops months gives way to the work; a node starts all the
// same, and the months are made and dropped once the transaction ends.
func TestMonthsAreChangedBesideTheWork(t *testing.T) {
	t.Parallel()
	b := openBench(t, testserver.Postgres(t))
	ctx := t.Context()
	c := b.campaign(t, "months")
	b.now.Add(int64(400 * 24 * time.Hour))
	foreign, err := b.writer.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Rollback() // it may have ended
	if _, err := foreign.ExecContext(ctx, `LOCK TABLE attempts, agent_states, events IN ACCESS SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	months := func() int64 {
		return b.count(t, `SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('events')`)
	}
	was := months()
	if err := b.partitions(ctx, 1, nil); !lockedOut(err) {
		t.Errorf("while the tables are held a month is made: %v", err)
	}
	if err := b.openPartitions(ctx); err != nil || months() != was {
		t.Errorf("a node that starts: %v, %d partitions, want %d", err, months(), was)
	}
	before := time.Date(b.Now().Year(), b.Now().Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, -3, 0)
	dropped := make(chan error, 1)
	go func() { _, err := b.dropMonths(ctx, "events", before); dropped <- err }()
	for waits := int64(0); waits == 0; {
		waits = b.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'DROP TABLE%'`)
	}
	began := time.Now()
	must[campaign.Campaign](t)(b.StartCampaign(ctx, c.ID))
	if took := time.Since(began); took > lockTime {
		t.Errorf("what is written waited %v behind a month that is dropped", took)
	}
	if err := foreign.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-dropped; err != nil {
		t.Error(err)
	}
	if err := b.Housekeep(ctx); err != nil {
		t.Error(err)
	}
	if n := b.count(t, `SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('events')
		AND c.relname < $1`, monthOf("events", before)); n != 0 {
		t.Errorf("%d old months are left", n)
	}
	if n := b.count(t, `SELECT count(*) FROM pg_class WHERE relname = $1`, monthOf("events", before.AddDate(0, 6, 0))); n != 1 {
		t.Error("the last of the months to come was not made")
	}
}
