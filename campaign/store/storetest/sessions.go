package storetest

import (
	"errors"
	"time"

	"redial/campaign"
)

var sessionCases = []testCase{
	{"I9 the ledger of states has no gap", ledgerWhole},
	{"a move that lets go of an offer gives the lead back", moveReleases},
	{"a move that lets go of a call gives it up as UNKNOWN", moveGivesUp},
	{"a move that is a sign of life renews the lease of the call", moveRenews},
	{"a refused move changes nothing", moveRefused},
	{"heartbeats tell stale desktops", staleDesktops},
	{"sessions are found by node and by deadline", sessionsFound},
	{"I5 I9 a clock that is behind makes no negative times and no false breach", clocksApart},
}

func (b *bundle) move(a campaign.AgentID, to campaign.AgentState, reason string, drop bool) campaign.Session {
	b.Helper()
	return must[campaign.Session](b)(b.s.MoveSession(b.Context(), a, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Reason, s.Since, s.Deadline = to, reason, now, time.Time{}
		if drop {
			s.Assignment = 0
		}
		return s, nil
	}))
}

func ledgerWhole(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 3)
	a := b.agent()
	for _, l := range leads {
		b.wait(time.Second)
		b.call(a, campaign.Busy, l)
	}
	b.move(a, campaign.AgentBreak, "lunch", false)
	b.move(a, campaign.AgentBreak, "training", false)
	b.move(a, campaign.AgentBreak, "training", false)
	b.move(a, campaign.AgentSignedOut, "signed_out", false)
	// asked, three calls of offered, started, concluded, two breaks, out
	if n := b.count(`SELECT count(*) FROM agent_states`); n != 1+9+2+1 {
		b.Fatalf("%d rows in the ledger, want 13", n)
	}
	spent := b.count(`SELECT CAST(sum(spent_us) AS BIGINT) FROM agent_states WHERE from_state <> 'signed_out'`)
	whole := b.count(`SELECT max(at) - min(at) FROM agent_states`)
	if spent != whole {
		b.Fatalf("the parts sum to %d µs, the whole is %d", spent, whole)
	}
	if n := b.count(`SELECT count(*) FROM agent_states WHERE assignment_id > 0 AND campaign_id > 0`); n != 9 {
		b.Fatalf("%d rows know their call, want 9", n)
	}
	b.sound()
}

func moveReleases(b *bundle) {
	lead := b.some(b.campaign(nil), 1)[0]
	a := b.agent()
	as := b.claim(a, lead)
	b.move(a, campaign.AgentSignedOut, "heartbeat_lost", true)
	b.state(lead, campaign.LeadOpen)
	got := must[campaign.Assignment](b)(b.s.Assignment(b.Context(), as.ID))
	if got.State != campaign.AssignmentLapsed || got.CloseReason != "heartbeat_lost" {
		b.Fatalf("the offer is %+v", got)
	}
	if s := must[campaign.Session](b)(b.s.Session(b.Context(), a)); s.State != campaign.AgentSignedOut {
		b.Fatalf("the floor's rule moved the session on to %s", s.State)
	}
	b.sound()
}

func moveGivesUp(b *bundle) {
	lead := b.some(b.campaign(nil), 1)[0]
	a := b.agent()
	as := b.dial(a, lead)
	b.wait(time.Minute)
	b.move(a, campaign.AgentSignedOut, "heartbeat_lost", true)
	h := must[[]campaign.Attempt](b)(b.s.History(b.Context(), lead))
	if len(h) != 1 || h[0].Outcome != campaign.Unknown || h[0].Talk() != 0 {
		b.Fatalf("history %+v", h)
	}
	if got := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.Success))); got.Late != campaign.LateAmended {
		b.Fatalf("the outcome that came after all: %+v", got)
	}
	b.sound()
}

func moveRenews(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 2)
	talks, silent := b.agent(), b.agent()
	as := b.dial(talks, leads[0])
	lost := b.dial(silent, leads[1])
	b.wait(c.Floor.Lease - 10*time.Second)
	for agent, beat := range map[campaign.AgentID]time.Duration{talks: 0, silent: -c.Floor.Lease} {
		must[campaign.Session](b)(b.s.MoveSession(b.Context(), agent, func(s campaign.Session, now time.Time) (campaign.Session, error) {
			s.Next, s.HeartbeatAt = campaign.AgentBreak, now.Add(beat)
			return s, nil
		}))
	}
	if got := must[campaign.Assignment](b)(b.s.Assignment(b.Context(), lost.ID)); !got.LeaseUntil.Equal(lost.LeaseUntil) {
		b.Errorf("the lease ends %s, and did %s: it never moves back", got.LeaseUntil, lost.LeaseUntil)
	}
	b.wait(20 * time.Second)
	if got := must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 10)); len(got) != 1 || got[0].ID != lost.ID {
		b.Errorf("lapsed %+v, want that of the silent agent alone", got)
	}
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.Success)))
	b.sound()
}

func moveRefused(b *bundle) {
	a := b.agent()
	no := errors.New("no")
	was := must[campaign.Session](b)(b.s.Session(b.Context(), a))
	_, err := b.s.MoveSession(b.Context(), a, func(s campaign.Session, _ time.Time) (campaign.Session, error) { return s, no })
	if !errors.Is(err, no) {
		b.Fatalf("error %v", err)
	}
	_, err = b.s.MoveSession(b.Context(), a, func(s campaign.Session, _ time.Time) (campaign.Session, error) {
		s.Assignment = 4711
		return s, nil
	})
	if err == nil {
		b.Fatal("a move took an assignment")
	}
	if now := must[campaign.Session](b)(b.s.Session(b.Context(), a)); now != was {
		b.Fatalf("the session is %+v, was %+v", now, was)
	}
	_, err = b.s.MoveSession(b.Context(), 4711, func(s campaign.Session, _ time.Time) (campaign.Session, error) { return s, nil })
	b.refused(err, campaign.KindNotFound, "")
}

func staleDesktops(b *bundle) {
	a := b.agents(3)
	b.ready(a[1]) // signed in again: its epoch is 2
	b.move(a[2], campaign.AgentSignedOut, "signed_out", false)
	b.wait(time.Minute)
	beats := []campaign.Beat{{Agent: a[0], Epoch: 1}, {Agent: a[1], Epoch: 1}, {Agent: a[2]}, {Agent: 4711}}
	left := must[[]campaign.Session](b)(b.s.Heartbeat(b.Context(), beats))
	for i, beat := range beats {
		s := must[campaign.Session](b)(b.s.Session(b.Context(), beat.Agent))
		if left[i] != s {
			b.Errorf("a beat of agent %d was answered with %+v, its session is %+v", beat.Agent, left[i], s)
		}
		noted := b.s.Now().Sub(s.HeartbeatAt) < 30*time.Second
		if fresh := i == 0; beat.Stale(s) == fresh || noted != fresh {
			b.Errorf("a beat of %+v for %+v: stale %t, noted %t", beat, s, beat.Stale(s), noted)
		}
	}
}

func sessionsFound(b *bundle) {
	a := b.agents(3)
	for i, id := range a[:2] {
		must[campaign.Session](b)(b.s.MoveSession(b.Context(), id, func(s campaign.Session, now time.Time) (campaign.Session, error) {
			s.Node, s.Deadline = "n1", now.Add(time.Duration(2-i)*time.Minute)
			return s, nil
		}))
	}
	b.move(a[2], campaign.AgentSignedOut, "signed_out", false)
	if got := must[[]campaign.Session](b)(b.s.Sessions(b.Context(), "n1")); len(got) != 2 {
		b.Fatalf("%d sessions at the node", len(got))
	}
	if got := must[[]campaign.Session](b)(b.s.Sessions(b.Context(), "")); len(got) != 2 {
		b.Fatalf("%d sessions in all", len(got))
	}
	if got := must[[]campaign.Session](b)(b.s.OverdueSessions(b.Context(), 10)); len(got) != 0 {
		b.Fatalf("overdue %+v", got)
	}
	b.wait(3 * time.Minute)
	if got := must[[]campaign.Session](b)(b.s.OverdueSessions(b.Context(), 10)); len(got) != 2 || got[0].AgentID != a[1] {
		b.Fatalf("overdue %+v, the longest first", got)
	}
	never := must[campaign.Agent](b)(b.s.CreateAgent(b.Context(), campaign.Agent{Login: "never", Active: true}))
	if s := must[campaign.Session](b)(b.s.Session(b.Context(), never.ID)); s.State != campaign.AgentSignedOut {
		b.Fatalf("one who never signed in is %q", s.State)
	}
}

// clocksApart lets the clock fall back three seconds, as when the next deed comes by way of a node that is behind.
func clocksApart(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Minute })
	lead := b.some(c, 1)[0]
	a := b.agent()
	as := b.dial(a, lead)
	b.wait(-3 * time.Second)
	rec := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.DoNotCall)))
	if rec.Attempt.Talk() < 0 || rec.Attempt.RecordedAt.Before(rec.Attempt.EndedAt) {
		b.Fatalf("a call of negative length: %+v", rec.Attempt)
	}
	b.move(a, campaign.AgentBreak, "lunch", false)
	b.wait(10 * time.Second)
	b.sound()
}
