package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest"
	"redial/campaign/store/storetest/testserver"
)

// foreigner is a transaction of somebody else's.
func foreigner(t testing.TB, db *sql.DB) (say func(query string, args ...any), end func()) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return func(query string, args ...any) {
			t.Helper()
			if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}, func() {
			t.Helper()
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
		}
}

// aside takes the last agent and the last lead of a call centre out of the work, for what a test does by itself.
func (x *shift) aside() (campaign.AgentID, campaign.LeadID) {
	a, l := x.Agents[len(x.Agents)-1], x.Leads[len(x.Leads)-1]
	x.Agents, x.Leads = x.Agents[:len(x.Agents)-1], x.Leads[:len(x.Leads)-1]
	return a, l
}

func (x *shift) ready(t testing.TB, a campaign.AgentID) {
	t.Helper()
	get(x.Nodes[0].MoveSession(t.Context(), a, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Reason, s.Since, s.HeartbeatAt = campaign.AgentReady, "asked", now, now
		return s, nil
	}))(t)
}

// wantAway checks that a caller is told to come back.
func wantAway(t testing.TB, what string, err error) {
	t.Helper()
	if campaign.KindOf(err) != campaign.KindAway || campaign.ReasonOf(err) != campaign.ReasonRecordAway {
		t.Errorf("%s: %v, want it told away", what, err)
	}
}

// Somebody holds a lead's row and a number in a transaction that does not end. Who needs those is told in bounded time,
// others go on beside, and what was asked for succeeds once the transaction ends.
func TestI2AForeignTransactionHoldsRows(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := testserver.NewPostgres(t, false)
	x := newShift(t, server.Database(t), 6)
	s := x.Nodes[0]
	agent, lead := x.aside()
	_, other := x.aside()
	x.ready(t, agent)
	got := get(s.ClaimLeads(ctx, []campaign.Claim{{Agent: agent, Candidates: []campaign.LeadID{lead}}}))(t)
	as := got[0].Assignment
	get(s.StartCall(ctx, as.ID, agent))(t)
	phone := get(s.Lead(ctx, other))(t).Numbers[0].Phone
	x.start(t)
	say, end := foreigner(t, x.db)
	say(`SELECT 1 FROM leads WHERE id = $1 FOR UPDATE`, int64(lead))
	say(`SELECT 1 FROM subjects WHERE key = $1 FOR UPDATE`, string(phone))
	told := make(chan error, 2)
	outcome := campaign.Result{Assignment: as.ID, Agent: agent, Outcome: campaign.Success}
	go func() { _, err := s.Conclude(ctx, outcome); told <- err }()
	go func() {
		_, err := s.Suppress(ctx, campaign.Suppression{Phone: phone, Reason: "complaint"})
		told <- err
	}()
	x.progress(t, 60)
	for range 2 {
		wantAway(t, "while the rows are held", <-told)
	}
	x.progress(t, 20)
	end()
	get(s.Conclude(ctx, outcome))(t)
	get(s.Suppress(ctx, campaign.Suppression{Phone: phone, Reason: "complaint"}))(t)
	x.close(t)
}

// Somebody locks a lead first and its number next, against the order of all. The deadlock is PostgreSQL's to find and
// ours to run again: the caller sees nothing of it.
func TestI2AForeignDeadlockIsNotSeen(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := testserver.NewPostgres(t, false)
	x := newShift(t, server.Database(t), 1)
	s, agent, lead := x.Nodes[0], x.Agents[0], x.Leads[0]
	x.ready(t, agent)
	phone := get(s.Lead(ctx, lead))(t).Numbers[0].Phone
	as := get(s.ClaimLeads(ctx, []campaign.Claim{{Agent: agent, Candidates: []campaign.LeadID{lead}}}))(t)[0].Assignment
	say, end := foreigner(t, x.db)
	say(`SET LOCAL deadlock_timeout = '1min'`) // the other side finds it, and is the one that is ended
	say(`SELECT 1 FROM leads WHERE id = $1 FOR UPDATE`, int64(lead))
	answer := make(chan error, 1)
	go func() { _, err := s.StartCall(ctx, as.ID, agent); answer <- err }()
	await(t, "the start to wait for the lead", func() bool {
		var n int
		if err := x.db.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	say(`SELECT 1 FROM subjects WHERE key = $1 FOR UPDATE`, string(phone))
	end()
	if err := <-answer; err != nil {
		t.Errorf("the start: %v", err)
	}
	await(t, "the deadlock to be counted", func() bool {
		var n int
		if err := x.db.QueryRowContext(ctx, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	storetest.Sound(t, s, x.db, nil)
}

// The connection dies while a commit is under way: before the server heard of it, or before the answer came back. The
// caller is told to send the same again, and it happens once either way.
func TestI2TheConnectionDiesInACommit(t *testing.T) {
	t.Parallel()
	ctx := context.WithoutCancel(t.Context())
	server := testserver.NewPostgres(t, false)
	db := server.Database(t)
	cutter := newCommitCutter(t, server.Addr)
	x := newShift(t, through(t, db, cutter.addr), 2)
	x.db = storetest.Look(t, db)
	s := x.Nodes[0]
	for i, heard := range []bool{false, true} {
		agent, lead := x.Agents[i], x.Leads[i]
		x.ready(t, agent)
		as := get(s.ClaimLeads(ctx, []campaign.Claim{{Agent: agent, Candidates: []campaign.LeadID{lead}}}))(t)[0].Assignment
		get(s.StartCall(ctx, as.ID, agent))(t)
		outcome := campaign.Result{Assignment: as.ID, Agent: agent, Outcome: campaign.Success}
		cutter.arm(heard)
		_, err := s.Conclude(ctx, outcome)
		wantAway(t, "the commit was cut", err)
		if n := cutter.cut.Load(); n != int64(i)+1 {
			t.Fatalf("%d commits were cut, want %d", n, i+1)
		}
		var there bool
		if err := x.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM attempts WHERE assignment_id = $1)`, int64(as.ID)).Scan(&there); err != nil || there != heard {
			t.Errorf("the server heard of the commit: %v; the outcome is there: %v; %v", heard, there, err)
		}
		if rec := get(s.Conclude(ctx, outcome))(t); rec.Replay != heard || rec.Attempt.Outcome != campaign.Success {
			t.Errorf("sent again: %+v", rec)
		}
		storetest.Sound(t, s, x.db, []storetest.Fact{{What: "call", ID: int64(as.ID), Value: campaign.Success.String()}})
	}
}
