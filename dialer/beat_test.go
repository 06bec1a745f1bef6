package dialer

import (
	"testing"
	"time"

	"redial/campaign"
)

// A beat's answer that is older than what a step of the agent's came to takes nothing of it back, be the two in one
// transaction or not.
func TestABeatTakesNoWishBack(t *testing.T) {
	for name, after := range map[string]time.Duration{"in one transaction": 0, "in the next one": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			for _, wish := range []Event{
				WantBreak{Reason: "lunch"},
				Forced{State: campaign.AgentBreak, Reason: "lunch", By: "ann"},
			} {
				onFloor(t, Options{}, func(w *world) {
					w.agent(1, 1)
					w.lead(1, nil)
					d := w.desk(1)
					w.happen(w.T, d.last().ID, campaign.HappenedStarted, "")
					d.refresh()
					w.change(func() { w.late["Heartbeat"] = 100 * time.Millisecond })
					go func() {
						if _, err := w.floor.Beat(w.Context(), 1, 0); err != nil {
							w.Error(err)
						}
					}()
					w.sleep(after)
					w.apply(1, wish)
					w.sleep(200 * time.Millisecond)
					if d.read(); d.states[len(d.states)-1].Next != campaign.AgentBreak {
						w.Errorf("after %T the desk was told %+v", wish, d.states)
					}
				})
			}
		})
	}
}

// What a beat sees of a step that is being committed the step tells itself: it knows why.
func TestABeatLeavesAStepToItself(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		d.read()
		w.change(func() { w.late["MoveSession"] = 100 * time.Millisecond })
		go func() {
			if _, err := w.floor.Apply(w.Context(), 1, Forced{State: campaign.AgentBreak, Reason: "coaching", By: "ann"}); err != nil {
				w.Error(err)
			}
		}()
		w.settled()
		if s, err := w.floor.Beat(w.Context(), 1, 0); err != nil || s.State != campaign.AgentBreak {
			w.Errorf("the beat was answered %+v, %v", s, err)
		}
		w.sleep(200 * time.Millisecond)
		if d.read(); len(d.revoked) != 1 || d.revoked[0].Reason != "coaching (by ann)" {
			w.Errorf("the desk was told that %+v was taken back", d.revoked)
		}
	})
}

// The answer to one deed that arrives after the answer to the agent's next one takes nothing of that back.
func TestAnAnswerThatComesLateTakesNoWishBack(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		id := d.last().ID
		w.happen(w.T, id, campaign.HappenedStarted, "")
		w.happen(w.T, id, campaign.HappenedEnded, "")
		ended := w.session(1)
		w.sleep(time.Millisecond)
		w.apply(1, WantBreak{Reason: "lunch"})
		if _, err := w.floor.Learned(w.Context(), 1, ended); err != nil {
			w.Fatal(err)
		}
		if d.read(); d.states[len(d.states)-1].Next != campaign.AgentBreak {
			w.Errorf("the desk was told %+v", d.states)
		}
	})
}
