package app_test

import (
	"fmt"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	"redial/cmd/internal/app"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// brisk has leads called again within seconds, so that the floor does not run dry.
func (n *nodes) brisk(id int64) {
	n.t.Helper()
	c := campaignpb.NewCampaignServiceClient(n.conns[0])
	got, err := c.GetCampaign(n.ctx, &campaignpb.GetCampaignRequest{Id: id})
	n.must(err)
	m, none := got.GetCampaign(), int32(0)
	m.Rules.Interval, m.Rules.MaxPerDay = durationpb.New(2*time.Second), &none
	m.Floor.WrapUp = durationpb.New(0)
	_, err = c.UpdateCampaign(n.ctx, &campaignpb.UpdateCampaignRequest{Campaign: m, UpdateMask: mask("rules", "floor")})
	n.must(err)
}

// staff are agents, half of whom have a stream.
func (s *shift) staff(agents []string) {
	for i, login := range agents {
		if i%2 == 0 {
			s.stream(login, i)
		} else {
			s.unary(login, i)
		}
	}
}

func logins(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("agent%d", i))
	}
	return all
}

// verify holds the ledger against what the agents know: each call that was begun ended with its outcome, nobody was
// signed out, and the shift felt what was done to it.
func (s *shift) verify(n *nodes, url string) {
	s.t.Helper()
	db := beside(s.t, url)
	for id, b := range s.begun {
		if s.recorded[id] != "NO_ANSWER" {
			s.t.Errorf("%s began call %d, and its outcome is %q", b.login, id, s.recorded[id])
		}
	}
	if n := count(s.t, db, `SELECT count(*) FROM attempts WHERE outcome = 'NO_ANSWER'`); n != len(s.recorded) {
		s.t.Errorf("%d calls in the ledger, the agents recorded %d", n, len(s.recorded))
	}
	if n := count(s.t, db, `SELECT count(*) FROM attempts WHERE outcome <> 'NO_ANSWER'`); n != 0 {
		s.t.Errorf("%d calls ended otherwise than their agents said", n)
	}
	if n := count(s.t, db, `SELECT count(*) FROM agent_states WHERE reason IN ('heartbeat_lost', 'offer_lapsed', 'outcome_missing', 'lease_lapsed')`); n != 0 {
		s.t.Errorf("%d times an agent was signed out or lost an offer", n)
	}
	n.audit()
	s.t.Logf("%d calls, %d moves to another node, %d calls ended elsewhere than they began", len(s.recorded), s.moves.Load(), s.followed)
	if s.moves.Load() == 0 || s.followed == 0 {
		s.t.Error("nobody felt that the nodes were restarted")
	}
}

// TestI2ARollingRestartLosesNoCallAndSignsNobodyOut restarts three nodes one after the other while twelve agents work.
func TestI2ARollingRestartLosesNoCallAndSignsNobodyOut(t *testing.T) {
	t.Parallel()
	url, cache := testserver.Postgres(t), "redis://"+testserver.Redis(t)
	var procs []*dialerd
	n := &nodes{t: t}
	for i := range 3 {
		procs = append(procs, runNode(t, fmt.Sprint("node", i), url, cache))
		n.conns = append(n.conns, dial(t, procs[i].addr))
	}
	n.ctx = procs[0].token(t.Context())
	agents := logins(12)
	n.brisk(n.prepare(600, agents...))
	all := desks(n.conns)
	s := newShift(n.ctx, t, func() []dialerpb.AgentServiceClient { return all })
	s.staff(agents)
	for _, p := range procs {
		s.until(40)
		p.stop()
		s.until(20) // on the two that are left
		p.start()
	}
	s.until(40)
	s.end()
	s.verify(n, url)
}

// TestI2OldAndNewNodesWorkSideBySideThroughAMigration replaces two nodes by two of the next version, whose first one
// migrates the schema under load. An old one that crashes meanwhile starts again.
func TestI2OldAndNewNodesWorkSideBySideThroughAMigration(t *testing.T) {
	t.Parallel()
	url, cache := testserver.Postgres(t), "redis://"+testserver.Redis(t)
	old := []*dialerd{runNode(t, "old0", url, cache), runNode(t, "old1", url, cache)}
	n := &nodes{t: t, conns: []*grpc.ClientConn{dial(t, old[0].addr), dial(t, old[1].addr)}}
	n.ctx = old[0].token(t.Context())
	agents := logins(8)
	n.brisk(n.prepare(600, agents...))
	reachable := &clients{all: desks(n.conns)}
	s := newShift(n.ctx, t, reachable.now)
	s.staff(agents)
	s.until(40)

	next := &fstest.MapFile{Data: []byte(`ALTER TABLE leads ADD COLUMN mood TEXT;
CREATE INDEX leads_mood ON leads (mood) WHERE mood IS NOT NULL;
ALTER TABLE sessions ADD COLUMN mood TEXT;
ALTER TABLE assignments ADD COLUMN mood TEXT;
CREATE TABLE moods (id BIGINT PRIMARY KEY);
`)}
	newer := startNodesWith(t, 2, url, cache, func(i int) app.Options {
		if i > 0 {
			s.until(40) // the first is alone with the old ones for a while
		}
		return app.Options{Log: quiet(), Migrations: fstest.MapFS{"migrations/postgres/9001_moods.sql": next}}
	})
	n.conns = newer.conns // whom the audit asks
	n.ctx = newer.ctx
	if got := count(t, beside(t, url), `SELECT count(*) FROM information_schema.columns WHERE column_name = 'mood'`); got != 3 {
		t.Fatalf("%d new columns: the migration was not made", got)
	}
	reachable.add(desks(newer.conns)...)
	s.until(40)
	old[0].stop()
	s.until(20)
	old[1].signal(syscall.SIGKILL)
	_ = old[1].cmd.Wait() // killed, it says so
	old[1].start()
	s.until(40)
	old[1].stop()
	s.until(40)
	s.end()
	s.verify(n, url)
}
