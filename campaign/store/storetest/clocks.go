package storetest

import (
	"strings"
	"sync/atomic"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

func init() {
	cases = append(cases, []testCase{
		{"I3 calls of nodes whose clocks disagree are audited in the order in which they were made", clocksDisagree},
		{"I3 a call of the same second whose assignment was numbered earlier is not taken for an earlier call", numberedEarlier},
		{"I5 a number that is suppressed by a node whose clock is behind was called before", suppressedBehind},
	}...)
}

// ahead opens another node, whose clock is set forward as the database's is: it has seen that, and others not yet.
func (b *bundle) ahead(d time.Duration) *store.Store {
	b.Helper()
	if strings.HasPrefix(b.url, "sqlite://") {
		b.Skip("one process alone writes a file: it has one clock")
	}
	var step atomic.Int64
	s, err := store.Open(b.Context(), b.url, store.Options{Rules: rules(), MaxConns: 6,
		Now: func() time.Time { return time.Now().Add(time.Duration(b.skew.Load() + step.Load())) }})
	b.ok(err)
	b.Cleanup(func() { b.ok(s.Close()) })
	step.Store(int64(d))
	return s
}

// callOn makes a whole call by one node.
func (b *bundle) callOn(s *store.Store, a campaign.AgentID, lead campaign.LeadID, o campaign.Outcome) campaign.Assignment {
	b.Helper()
	got := b.try(s, a, lead)
	if got.Assignment == nil {
		b.Fatalf("lead %d is not to be had: %+v", lead, got)
	}
	started, err := s.StartCall(b.Context(), got.Assignment.ID, a)
	b.ok(err)
	must[campaign.Recorded](b)(s.Conclude(b.Context(), result(*got.Assignment, o)))
	return started.Assignment
}

// onNumber makes a lead whose number may be called twice, and one of a campaign without caps with the same number. The
// first has been called once.
func (b *bundle) onNumber(a campaign.AgentID) (capped, free campaign.LeadID) {
	b.Helper()
	_, one := b.list(b.capped("", campaign.Cap{Scope: campaign.CapNumber, Max: 2, Period: 24 * time.Hour}), []campaign.Phone{phone(1)})
	_, other := b.list(b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Second }), []campaign.Phone{phone(1)})
	b.callOn(b.s, a, one[0], campaign.NoAnswer)
	b.wait(5 * time.Second)
	return one[0], other[0]
}

// clocksDisagree has the last call that a cap allows made by a node ahead, and one that no cap binds by a node behind.
func clocksDisagree(b *bundle) {
	ahead := b.ahead(30 * time.Second)
	a := b.agent()
	capped, free := b.onNumber(a)
	last := b.callOn(ahead, a, capped, campaign.NoAnswer)
	b.ready(a)
	if next := b.callOn(b.s, a, free, campaign.NoAnswer); !next.StartedAt.Before(last.StartedAt) {
		b.Fatal("the clocks agree: nothing is tried")
	}
	b.sound()

	// The audit still sees a call beyond the cap, which nothing but a hole in the rule would let through.
	b.exec(`UPDATE campaign_rules SET rules = replace(rules, '"max":2', '"max":1')`)
	if found := b.audit(); len(found) != 1 || found[0].Invariant != "I3" || found[0].Assignment != last.ID {
		b.Errorf("the audit finds %+v, want the second call on the number under a cap of 1", found)
	}
}

// numberedEarlier has a claim be numbered and wait, while another of the number is made and called in the same second.
func numberedEarlier(b *bundle) {
	if strings.HasPrefix(b.url, "sqlite://") {
		b.Skip("claims of a file are numbered one after the other")
	}
	a, waiting := b.agent(), b.agent()
	capped, free := b.onNumber(a)
	b.ready(a)
	now := b.s.Now()
	b.wait(now.Truncate(time.Second).Add(time.Second).Sub(now)) // a second begins

	held, err := b.sql().BeginTx(b.Context(), nil)
	b.ok(err)
	_, err = held.ExecContext(b.Context(), `SELECT 1 FROM sessions WHERE agent_id = $1 FOR UPDATE`, int64(waiting))
	b.ok(err)
	first := make(chan campaign.Claimed, 1)
	numbered := b.count(`SELECT last_value FROM assignments_id_seq`)
	go func() {
		got, err := b.s.ClaimLeads(b.Context(), []campaign.Claim{{Agent: waiting, Candidates: []campaign.LeadID{free}}})
		if err != nil || len(got) == 0 {
			got = []campaign.Claimed{{Err: err}}
		}
		first <- got[0]
	}()
	for b.count(`SELECT last_value FROM assignments_id_seq`) == numbered {
		b.ok(b.Context().Err())
	}
	last := b.callOn(b.s, a, capped, campaign.NoAnswer)
	b.ok(held.Rollback())
	got := <-first
	if got.Assignment == nil {
		b.Fatalf("the claim that waited got nothing: %+v", got)
	}
	next, err := b.s.StartCall(b.Context(), got.Assignment.ID, waiting)
	b.ok(err)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(next.Assignment, campaign.NoAnswer)))
	if next.Assignment.ID > last.ID || !next.Assignment.PlacedAt.Equal(last.PlacedAt) {
		b.Skipf("call %d of %s came not before call %d of %s: the machine was too slow for one second", next.Assignment.ID, next.Assignment.PlacedAt,
			last.ID, last.PlacedAt)
	}
	b.sound()
}

// suppressedBehind has a number called by a node ahead and suppressed by one behind when the call is over.
func suppressedBehind(b *bundle) {
	ahead := b.ahead(30 * time.Second)
	a := b.agent()
	lead := b.some(b.campaign(nil), 1)[0]
	made := b.callOn(ahead, a, lead, campaign.NoAnswer)
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: made.Number, Reason: "complaint"}))
	b.sound()
}
