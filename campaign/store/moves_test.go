package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"redial/campaign"
)

var errRefused = errors.New("refused")

func deedsOf(moves ...*moveRequest) []*deed {
	out := make([]*deed, len(moves))
	for i, m := range moves {
		out[i] = m.deed()
	}
	return out
}

func toBreak(s campaign.Session, now time.Time) (campaign.Session, error) {
	s.State, s.Reason, s.Since = campaign.AgentBreak, "lunch", now
	return s, nil
}

func refuse(s campaign.Session, _ time.Time) (campaign.Session, error) { return s, errRefused }

// One transaction for all: who never signed in gets a session, and what is refused does not touch the others.
func TestMovesShareATransactionAndAreRefusedAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		asked := make([]*moveRequest, 4)
		for i := range asked[:3] {
			a := must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: fmt.Sprint("agent-", i)}))
			asked[i] = &moveRequest{agent: a.ID, move: toBreak}
		}
		must[campaign.Session](t)(b.MoveSession(t.Context(), asked[2].agent, toBreak)) // has a session already
		asked[1].move = refuse
		asked[3] = &moveRequest{agent: 4711, move: toBreak}
		got := must[[]result[any]](t)(b.commitDeeds(t.Context(), deedsOf(asked...)))
		for _, i := range []int{0, 2} {
			if got[i].err != nil || got[i].a.(campaign.Session).State != campaign.AgentBreak {
				t.Errorf("move %d: %+v", i, got[i])
			}
		}
		if !errors.Is(got[1].err, errRefused) || campaign.KindOf(got[3].err) != campaign.KindNotFound {
			t.Errorf("the refused one: %v; nobody: %v", got[1].err, got[3].err)
		}
		for i, want := range []campaign.AgentState{campaign.AgentBreak, campaign.AgentSignedOut, campaign.AgentBreak} {
			if s := must[campaign.Session](t)(b.Session(t.Context(), asked[i].agent)); s.State != want {
				t.Errorf("session %d is %s, want %s", i, s.State, want)
			}
		}
	})
}

// The caller reads what its move wrote, so the move must not run behind its back.
func TestAMoveNeverRunsOnceItsCallerLeft(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		a := must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: "gone"}))
		r := &moveRequest{agent: a.ID, move: func(s campaign.Session, now time.Time) (campaign.Session, error) {
			t.Error("the move ran")
			return toBreak(s, now)
		}}
		r.leave(context.Canceled)
		got := must[[]result[any]](t)(b.commitDeeds(t.Context(), deedsOf(r)))
		if !errors.Is(got[0].err, context.Canceled) {
			t.Errorf("it answered %v", got[0].err)
		}
		if s := must[campaign.Session](t)(b.Session(t.Context(), a.ID)); s.State != campaign.AgentSignedOut {
			t.Errorf("the session is %s", s.State)
		}
	})
}
