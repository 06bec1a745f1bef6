package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"redial/campaign"
)

var callCases = []testCase{
	{"I2 an outcome recorded twice happens once", concludeTwice},
	{"I2 an outcome sent many times at once happens once", concludeAtOnce},
	{"I2 a transaction cut off leaves nothing behind", cutOff},
	{"I2 a guilty request does not sink its group", guiltyAlone},
	{"I7 leads are conserved through every outcome", conservation},
	{"an outcome needs a call that was started", concludeUnstarted},
	{"StartCall answers the same when asked again", startAgain},
	{"I4 StartCall refuses what may no longer be called", startRefused},
	{"every answer about a call tells the session as it is then", answersTellSessions},
	{"a lapsed offer goes back, a lapsed call is UNKNOWN", lapses},
	{"a number that changed is called next", numberChanged},
	{"I12 a bad result changes nothing", badResults},
}

func result(as campaign.Assignment, o campaign.Outcome) campaign.Result {
	return campaign.Result{Assignment: as.ID, Agent: as.AgentID, Outcome: o}
}

func concludeTwice(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	as := b.dial(b.agent(), lead)
	r := result(as, campaign.NoAnswer)
	r.Note = "rang long"
	first := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r))
	again := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r))
	if first.Replay || !again.Replay {
		b.Fatalf("replay: first %v, again %v", first.Replay, again.Replay)
	}
	again.Replay = false
	if again.Plan.At != first.Plan.At || again.Plan.Reason != first.Plan.Reason || again.State != first.State ||
		!again.Attempt.RecordedAt.Equal(first.Attempt.RecordedAt) || again.Attempt.Note != r.Note {
		b.Fatalf("answers differ:\n%+v\n%+v", first, again)
	}
	r.Outcome, r.Code = campaign.Busy, ""
	_, err := b.s.Conclude(b.Context(), r)
	b.refused(err, campaign.KindConflict, "")
	if n := len(must[[]campaign.Attempt](b)(b.s.History(b.Context(), lead))); n != 1 {
		b.Fatalf("%d attempts, want 1", n)
	}
	b.sound()
}

func answersTellSessions(b *bundle) {
	c := b.campaign(nil)
	leads, a := b.some(c, 4), b.agent()
	same := func(what string, got campaign.Session, state campaign.AgentState) {
		b.Helper()
		if now := must[campaign.Session](b)(b.s.Session(b.Context(), a)); got != now || got.State != state {
			b.Errorf("%s tells the session %+v; it is %+v, want %s", what, got, now, state)
		}
	}
	as := b.claim(a, leads[0])
	for _, what := range []string{"starting", "starting again"} {
		same(what, must[campaign.Started](b)(b.s.StartCall(b.Context(), as.ID, a)).Session, campaign.AgentOnCall)
	}
	for _, what := range []string{"ending", "ending again"} {
		same(what, must[campaign.Session](b)(b.s.EndCall(b.Context(), as.ID, a, b.s.Now())), campaign.AgentWrapUp)
	}
	for _, what := range []string{"concluding", "concluding again"} {
		same(what, must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(*as, campaign.Busy))).Session, campaign.AgentReady)
	}
	as = b.claim(a, leads[1])
	for _, what := range []string{"declining", "declining again"} {
		same(what, must[campaign.Session](b)(b.s.Decline(b.Context(), as.ID, a, "no")), campaign.AgentReady)
	}
	as = b.claim(a, leads[2])
	b.exec(`UPDATE lists SET is_on = FALSE`)
	got, err := b.s.StartCall(b.Context(), as.ID, a)
	b.refused(err, campaign.KindUnready, campaign.ReasonNotCallable)
	same("a start that is refused", got.Session, campaign.AgentReady)
}

func concludeAtOnce(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 20)
	var calls []campaign.Assignment
	for _, l := range leads {
		calls = append(calls, b.dial(b.agent(), l))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	fresh := 0
	other := b.open()
	for i := range 5 * len(calls) {
		node := b.s
		if i%2 == 0 {
			node = other
		}
		wg.Go(func() {
			got, err := node.Conclude(b.Context(), result(calls[i%len(calls)], campaign.Busy))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				b.Error(err)
			} else if !got.Replay {
				fresh++
			}
		})
	}
	wg.Wait()
	if attempts := b.count(`SELECT count(*) FROM attempts`); fresh != len(calls) || attempts != int64(len(calls)) {
		b.Fatalf("%d answers were new and %d attempts written, want %d", fresh, attempts, len(calls))
	}
	b.sound()
}

// cutOff cancels transactions at every moment and lets the floor's rule fail inside them.
func cutOff(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 4)
	a := b.agent()
	for d := time.Duration(0); d < 3*time.Millisecond; d += 100 * time.Microsecond {
		ctx, cancel := context.WithTimeout(b.Context(), d)
		got, err := b.s.ClaimLeads(ctx, []campaign.Claim{{Agent: a, Candidates: leads}})
		cancel()
		if err == nil && got[0].Assignment != nil {
			must[campaign.Session](b)(b.s.Decline(b.Context(), got[0].Assignment.ID, a, "next"))
		} else if open := must[*campaign.Claimed](b)(b.s.OpenAssignment(b.Context(), a)); open != nil {
			must[campaign.Session](b)(b.s.Decline(b.Context(), open.Assignment.ID, a, "acknowledged by nobody")) // committed, the answer was lost
		}
		b.sound()
	}
	as := b.dial(a, leads...)
	for d := time.Duration(0); d < 3*time.Millisecond; d += 200 * time.Microsecond {
		ctx, cancel := context.WithTimeout(b.Context(), d)
		_, err := b.s.Conclude(ctx, result(as, campaign.NoAnswer))
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			b.Fatal(err)
		}
	}
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.NoAnswer)))
	if n := b.count(`SELECT count(*) FROM attempts`); n != 1 {
		b.Fatalf("%d attempts, want 1", n)
	}
	b.sound()
}

// guiltyAlone has the database refuse one of many outcomes that are committed together.
func guiltyAlone(b *bundle) {
	c := b.campaign(nil)
	var calls []campaign.Assignment
	for _, l := range b.some(c, 12) {
		calls = append(calls, b.dial(b.agent(), l))
	}
	guilty := calls[5]
	// A row that stands where the attempt should go makes that one insert fail.
	b.exec(`INSERT INTO attempts (assignment_id, placed_at, lead_id, campaign_id, list_id, agent_id, number, outcome, code, reason, offered_at,
		ended_at, recorded_at, rules_version, zones) VALUES ($1, $2, 0, 0, 0, 0, '', 'BUSY', 'BUSY', '', 0, 0, 0, 1, '[]')`,
		int64(guilty.ID), guilty.PlacedAt.UnixMicro())
	var wg sync.WaitGroup
	errs := make([]error, len(calls))
	for i, as := range calls {
		wg.Go(func() { _, errs[i] = b.s.Conclude(b.Context(), result(as, campaign.Busy)) })
	}
	wg.Wait()
	for i, err := range errs {
		if guiltyOne := calls[i].ID == guilty.ID; guiltyOne != (err != nil) {
			b.Errorf("call %d: error %v", i, err)
		}
	}
}

func conservation(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.MaxAttempts, c.Rules.Interval = 2, time.Second })
	leads := b.some(c, 2*campaign.NumOutcomes)
	a := b.agent()
	for i, o := range campaign.Outcomes() {
		for _, l := range []campaign.LeadID{leads[2*i], leads[2*i+1]} {
			as := b.dial(a, l)
			r := result(as, o)
			if o == campaign.Booked {
				r.Booking = &campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}
			}
			must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r))
		}
	}
	counts, _, err := b.s.CampaignCounts(b.Context(), c.ID)
	b.ok(err)
	var sum int64
	for _, n := range counts {
		sum += n
	}
	if sum != int64(len(leads)) {
		b.Fatalf("%d leads are left of %d: %v", sum, len(leads), counts)
	}
	if counts[campaign.LeadHeld] != 0 || counts[campaign.LeadSuppressed] != 2 {
		b.Fatalf("counts %v", counts)
	}
	b.sound()
}

func concludeUnstarted(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	a := b.agent()
	as := b.claim(a, lead)
	_, err := b.s.Conclude(b.Context(), result(*as, campaign.NoAnswer))
	b.refused(err, campaign.KindUnready, campaign.ReasonNotStarted)
	_, err = b.s.Conclude(b.Context(), campaign.Result{Assignment: as.ID, Agent: b.agent(), Outcome: campaign.Busy})
	b.refused(err, campaign.KindDenied, "")
	_, err = b.s.Conclude(b.Context(), campaign.Result{Assignment: 4711, Agent: a, Outcome: campaign.Busy})
	b.refused(err, campaign.KindNotFound, "")
	must[campaign.Session](b)(b.s.Decline(b.Context(), as.ID, a, "no"))
	must[campaign.Session](b)(b.s.Decline(b.Context(), as.ID, a, "no"))
	_, err = b.s.Conclude(b.Context(), result(*as, campaign.NoAnswer))
	b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
	b.state(lead, campaign.LeadOpen)
	b.sound()
}

func startAgain(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(7)})
	a := b.agent()
	as := b.claim(a, ids...)
	got, err := b.s.StartCall(b.Context(), as.ID, a)
	b.ok(err)
	first, number := got.Assignment, got.Number
	if number.Phone != phone(7) || number.Label != "mobile" || !first.PlacedAt.Equal(first.StartedAt.Truncate(time.Second)) {
		b.Fatalf("got %+v, %+v", first, number)
	}
	b.wait(5 * time.Second)
	again, err := b.s.StartCall(b.Context(), as.ID, a)
	b.ok(err)
	if !again.Assignment.StartedAt.Equal(first.StartedAt) {
		b.Fatalf("started at %s, then at %s", first.StartedAt, again.Assignment.StartedAt)
	}
	_, err = b.s.StartCall(b.Context(), as.ID, b.agent())
	b.refused(err, campaign.KindDenied, "")
	must[campaign.Session](b)(b.s.EndCall(b.Context(), as.ID, a, b.s.Now()))
	if s := must[campaign.Session](b)(b.s.Session(b.Context(), a)); s.State != campaign.AgentWrapUp {
		b.Fatalf("the agent is %s after the call's end", s.State)
	}
	b.wait(20 * time.Second)
	rec := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(*as, campaign.Success)))
	if talk := rec.Attempt.Talk(); talk < 5*time.Second || talk > 10*time.Second {
		b.Fatalf("talked %s, want a little over 5 s: after-call work does not count", talk)
	}
	b.state(ids[0], campaign.LeadFinished)
	b.sound()
}

func startRefused(b *bundle) {
	c := b.campaign(nil)
	list, ids := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)})
	a := b.agents(2)
	as := b.claim(a[0], ids[0])
	b.exec(`UPDATE lists SET is_on = FALSE WHERE id = $1`, int64(list)) // between the claim and the call, without taking cards back
	_, err := b.s.StartCall(b.Context(), as.ID, a[0])
	b.refused(err, campaign.KindUnready, campaign.ReasonNotCallable)
	b.state(ids[0], campaign.LeadOpen)
	if s := must[campaign.Session](b)(b.s.Session(b.Context(), a[0])); s.State != campaign.AgentReady || s.Assignment != 0 {
		b.Fatalf("the agent is left with %+v", s)
	}
	b.exec(`UPDATE lists SET is_on = TRUE WHERE id = $1`, int64(list))
	as = b.claim(a[0], ids[0])
	b.wait(c.Floor.OfferTime + time.Second)
	_, err = b.s.StartCall(b.Context(), as.ID, a[0])
	b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
	b.back(1)
	b.sound()
}

func lapses(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 2)
	a := b.agents(2)
	offered, dialled := b.claim(a[0], leads[0]), b.dial(a[1], leads[1])
	plan := b.lead(leads[0]).Plan
	b.wait(c.Floor.OfferTime + time.Second)
	got := must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 10))
	if len(got) != 1 || got[0].ID != offered.ID || got[0].State != campaign.AssignmentLapsed {
		b.Fatalf("lapsed %+v, want the offer alone", got)
	}
	if l := b.lead(leads[0]); l.State != campaign.LeadOpen || l.Plan != plan || len(l.Tries) != 0 {
		b.Fatalf("the lead came back as %+v", l)
	}
	b.wait(c.Floor.Lease - 30*time.Second)
	beat := campaign.Beat{Agent: a[1]}
	if left := must[[]campaign.Session](b)(b.s.Heartbeat(b.Context(), []campaign.Beat{beat})); beat.Stale(left[0]) {
		b.Fatalf("stale for %+v", left[0])
	}
	b.wait(40 * time.Second)
	if got := must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 10)); len(got) != 0 {
		b.Fatalf("lapsed %+v though its desktop was there", got)
	}
	b.wait(c.Floor.Lease)
	if got := must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 10)); len(got) != 1 || got[0].ID != dialled.ID {
		b.Fatalf("lapsed %+v, want the call", got)
	}
	h := must[[]campaign.Attempt](b)(b.s.History(b.Context(), leads[1]))
	if len(h) != 1 || h[0].Outcome != campaign.Unknown {
		b.Fatalf("history %+v, want one UNKNOWN", h)
	}
	b.state(leads[1], campaign.LeadOpen)
	b.sound()
}

func numberChanged(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1)})
	a := b.agent()
	as := b.dial(a, ids...)
	r := result(as, campaign.NumberChanged)
	r.NewNumber = phone(2)
	got := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r))
	if got.Plan.Number != phone(2) {
		b.Fatalf("planned %+v", got.Plan)
	}
	if found := must[[]campaign.LeadID](b)(b.s.FindByNumber(b.Context(), phone(2))); !slices.Equal(found, ids) {
		b.Fatalf("found %v by the new number", found)
	}
	if as := b.claim(a, ids...); as.Number != phone(2) {
		b.Fatalf("offered on %s", as.Number)
	}
	x := must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(2), Reason: "complaint"}))
	if len(x.Revoked) != 1 || x.Leads != 1 {
		b.Fatalf("suppressing the new number did %+v", x)
	}
	b.state(ids[0], campaign.LeadSuppressed)
	b.sound()
}

func badResults(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	a := b.agent()
	as := b.dial(a, lead)
	for _, r := range []campaign.Result{
		result(as, campaign.NoOutcome), result(as, campaign.Booked),
		{Assignment: as.ID, Agent: a, Outcome: campaign.Busy, Booking: &campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}},
		{Assignment: as.ID, Agent: a, Outcome: campaign.Booked, Booking: &campaign.Booking{Local: local(b.s.Now().Add(-time.Hour))}},
		{Assignment: as.ID, Agent: a, Outcome: campaign.Booked, Booking: &campaign.Booking{Local: "tomorrow"}},
	} {
		_, err := b.s.Conclude(b.Context(), r)
		if campaign.KindOf(err) != campaign.KindInvalid {
			b.Errorf("%v with %+v: error %v, want an invalid argument", r.Outcome, r.Booking, err)
		}
	}
	if n := b.count(`SELECT count(*) FROM attempts`) + b.count(`SELECT count(*) FROM appointments`); n != 0 {
		b.Fatalf("%d rows were written", n)
	}
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.Busy)))
	b.sound()
}
