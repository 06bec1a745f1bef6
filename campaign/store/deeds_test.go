package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"redial/campaign"
)

// desks are agents who each hold an offer of a campaign's leads.
type desks struct {
	*bench
	agents []campaign.AgentID
	offers []campaign.AssignmentID
}

func inHand(t testing.TB, b *bench, n int) *desks {
	t.Helper()
	c := b.campaign(t, "desks")
	b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, n))
	leads := must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{Limit: n}))
	h := &desks{bench: b}
	claims := make([]campaign.Claim, n)
	for i := range claims {
		a := must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: fmt.Sprint("hand-", i)}))
		must[campaign.Session](t)(b.MoveSession(t.Context(), a.ID, toReady))
		h.agents = append(h.agents, a.ID)
		claims[i] = campaign.Claim{Agent: a.ID, Candidates: []campaign.LeadID{leads[i].ID}}
	}
	for _, got := range must[[]campaign.Claimed](t)(b.ClaimLeads(t.Context(), claims)) {
		if got.Assignment == nil {
			t.Fatalf("claimed %+v", got)
		}
		h.offers = append(h.offers, got.Assignment.ID)
	}
	return h
}

func toReady(s campaign.Session, now time.Time) (campaign.Session, error) {
	s.State, s.Since = campaign.AgentReady, now
	return s, nil
}

func (h *desks) start(i int) *deed {
	return &deed{what: "start a call", agent: h.agents[i], assignment: h.offers[i], do: func(k *work) (result[any], error) {
		return answered(k.start(h.offers[i], h.agents[i]))
	}}
}

func (h *desks) outcome(t testing.TB, i int, o campaign.Outcome) *deed {
	t.Helper()
	r := campaign.Result{Assignment: h.offers[i], Agent: h.agents[i], Outcome: o}
	if err := checkResult(&r); err != nil {
		t.Fatal(err)
	}
	return outcomeDeed(r)
}

func (h *desks) move(i int, to func(campaign.Session, time.Time) (campaign.Session, error)) *deed {
	return (&moveRequest{agent: h.agents[i], move: to}).deed()
}

// toLunch lets go of whatever is held.
func toLunch(s campaign.Session, now time.Time) (campaign.Session, error) {
	s.Assignment = 0
	return toBreak(s, now)
}

func TestDeedsOfAllKindsCommitTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		h := inHand(t, b, 6)
		ctx := t.Context()
		for _, i := range []int{1, 4} {
			must[campaign.Started](t)(b.StartCall(ctx, h.offers[i], h.agents[i]))
		}
		got := must[[]result[any]](t)(b.commitDeeds(ctx, []*deed{h.start(0), h.outcome(t, 1, campaign.Success), h.move(2, toLunch),
			h.outcome(t, 3, campaign.Busy), h.outcome(t, 4, campaign.DoNotCall),
			{what: "note signs of life", beats: []campaign.Beat{{Agent: h.agents[5]}, {Agent: 4711}}, do: func(k *work) (result[any], error) {
				return result[any]{a: k.beat([]campaign.Beat{{Agent: h.agents[5]}, {Agent: 4711}})}, nil
			}}}))
		if s, _ := got[0].a.(campaign.Started); got[0].err != nil || s.Session.State != campaign.AgentOnCall {
			t.Errorf("the start: %+v", got[0])
		}
		if r, _ := got[1].a.(campaign.Recorded); got[1].err != nil || r.State != campaign.LeadFinished || r.Session.State != campaign.AgentReady {
			t.Errorf("the outcome: %+v", got[1])
		}
		if s, _ := got[2].a.(campaign.Session); got[2].err != nil || s.State != campaign.AgentBreak {
			t.Errorf("the break: %+v", got[2])
		}
		if campaign.ReasonOf(got[3].err) != campaign.ReasonNotStarted {
			t.Errorf("an outcome without a call: %+v", got[3])
		}
		if r, _ := got[4].a.(campaign.Recorded); got[4].err != nil || r.State != campaign.LeadSuppressed {
			t.Errorf("the refusal: %+v", got[4])
		}
		if left, _ := got[5].a.([]campaign.Session); len(left) != 2 || left[0].State == campaign.AgentSignedOut || left[1].State != campaign.AgentSignedOut {
			t.Errorf("sessions of the desks: %+v", got[5].a)
		}
		for i, want := range []campaign.AssignmentState{campaign.AssignmentStarted, campaign.AssignmentConcluded, campaign.AssignmentLapsed,
			campaign.AssignmentOffered, campaign.AssignmentConcluded, campaign.AssignmentOffered} {
			if a := must[campaign.Assignment](t)(b.Assignment(ctx, h.offers[i])); a.State != want {
				t.Errorf("assignment %d is %s, want %s", i, a.State, want)
			}
		}
		if s := must[campaign.Session](t)(b.Session(ctx, h.agents[5])); s.HeartbeatAt.IsZero() {
			t.Error("the sign of life was not noted")
		}
		soundly(t, b)
	})
}

func soundly(t testing.TB, b *bench) {
	t.Helper()
	_, err := b.Audit(t.Context(), 0, func(x campaign.Breach) error {
		t.Errorf("audit: %+v", x)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A fault undoes the transaction; the requests are split until the guilty one stands alone, and the others are done.
func TestAGuiltyDeedFailsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		h := inHand(t, b, 4)
		guilty := errors.New("guilty")
		asked := []*deed{h.start(0), h.start(1), h.move(2, toLunch),
			{what: "do harm", agent: h.agents[3], assignment: h.offers[3], do: func(k *work) (result[any], error) { return result[any]{}, guilty }}}
		batch := make([]*waiting[*deed, any], len(asked))
		for i, d := range asked {
			batch[i] = &waiting[*deed, any]{d, t.Context(), make(chan result[any], 1)}
		}
		if again := b.groups.deeds.commit(t.Context(), batch); len(again) != 0 {
			t.Errorf("%d are to be asked again", len(again))
		}
		for i, w := range batch {
			if r := <-w.done; (i == 3) != errors.Is(r.err, guilty) {
				t.Errorf("deed %d: %v", i, r.err)
			}
		}
		for i, want := range []campaign.AgentState{campaign.AgentOnCall, campaign.AgentOnCall, campaign.AgentBreak, campaign.AgentOffered} {
			if s := must[campaign.Session](t)(b.Session(t.Context(), h.agents[i])); s.State != want {
				t.Errorf("agent %d is %s, want %s", i, s.State, want)
			}
		}
		soundly(t, b)
	})
}

// Deeds of one agent, or on one lead, that come together are done one after the other, in the order in which they came.
func TestDeedsOfOneAgentAreDoneInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		h := inHand(t, b, 2)
		ctx := t.Context()
		must[campaign.Started](t)(b.StartCall(ctx, h.offers[0], h.agents[0]))
		// The move lets go of the call, so that the outcome is late; the same outcome again is a replay.
		asked := []*deed{h.move(0, toLunch), h.outcome(t, 0, campaign.Success), h.outcome(t, 0, campaign.Success), h.start(1)}
		batch := make([]*waiting[*deed, any], len(asked))
		for i, d := range asked {
			batch[i] = &waiting[*deed, any]{d, ctx, make(chan result[any], 1)}
		}
		rounds := 0
		for later := batch; len(later) > 0; rounds++ {
			var now []*waiting[*deed, any]
			now, later = b.groups.deeds.apart(later)
			later = append(b.groups.deeds.commit(ctx, now), later...)
		}
		if rounds != 3 {
			t.Errorf("%d transactions, want one for each deed of the agent", rounds)
		}
		if s, _ := (<-batch[0].done).a.(campaign.Session); s.State != campaign.AgentBreak {
			t.Errorf("the move: %+v", s)
		}
		for i, replay := range []bool{false, true} {
			r := <-batch[1+i].done
			if rec, _ := r.a.(campaign.Recorded); r.err != nil || rec.Late != campaign.LateAmended || rec.Replay != replay || rec.Session.State != campaign.AgentBreak {
				t.Errorf("outcome %d: %+v, %v", i, rec, r.err)
			}
		}
		soundly(t, b)
	})
}

// What is remembered of an assignment may be too little: somebody else has the lead now. Then it is looked up.
func TestWhatIsRememberedIsNotTrustedBlindly(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		h := inHand(t, b, 2)
		ctx := t.Context()
		must[campaign.Started](t)(b.StartCall(ctx, h.offers[0], h.agents[0]))
		must[campaign.Session](t)(b.MoveSession(ctx, h.agents[0], toLunch))
		must[campaign.Session](t)(b.Decline(ctx, h.offers[1], h.agents[1], "no"))
		lead := must[campaign.Assignment](t)(b.Assignment(ctx, h.offers[0])).LeadID
		got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{{Agent: h.agents[1], Candidates: []campaign.LeadID{lead}}}))
		if got[0].Assignment == nil {
			t.Fatalf("claimed %+v", got[0])
		}
		rec := must[campaign.Recorded](t)(b.Conclude(ctx, campaign.Result{Assignment: h.offers[0], Agent: h.agents[0], Outcome: campaign.Success}))
		if rec.Late != campaign.LateWaits {
			t.Errorf("the late outcome: %+v", rec)
		}
		b.known.put(got[0].Assignment.ID, place{lead + 1, h.agents[0]}) // as if the record had been put back to an older state
		started := must[campaign.Started](t)(b.StartCall(ctx, got[0].Assignment.ID, h.agents[1]))
		if started.Assignment.LeadID != lead || started.Session.State != campaign.AgentOnCall {
			t.Errorf("started %+v", started)
		}
		soundly(t, b)
	})
}
