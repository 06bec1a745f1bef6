package dialer

import (
	"math/rand/v2"
	"testing"
	"time"

	"redial/campaign"
)

// walk is a floor of one agent with a record beside it that knows every assignment's end.
type walk struct {
	*day
	rng    *rand.Rand
	ends   map[campaign.AssignmentID]int // how often each offered one was ended
	open   campaign.AssignmentID
	placed bool
	last   campaign.AssignmentID
	spent  map[campaign.AgentState]time.Duration
}

// random picks an event, most often a sensible one, at times of a stale assignment or epoch.
func (w *walk) random() Event {
	id, epoch := w.open, w.s.Epoch
	if w.rng.IntN(12) == 0 {
		id = campaign.AssignmentID(w.rng.IntN(int(w.last) + 2))
	}
	switch w.rng.IntN(8) {
	case 0:
		epoch--
	case 1:
		epoch = 0
	}
	forced := Forced{
		State: []campaign.AgentState{campaign.AgentReady, campaign.AgentBreak, campaign.AgentSignedOut}[w.rng.IntN(3)], Reason: "why", By: "ann",
		Bound: w.rng.IntN(4) == 0, Of: id * campaign.AssignmentID(w.rng.IntN(2)),
	}
	events := []Event{WantReady{epoch}, Heartbeat{epoch}, Offer{w.last + 1}, Offer{w.last + 1}, Start{id, epoch}, Start{id, epoch},
		Concluded{id, w.now.Add(-time.Duration(w.rng.IntN(90)) * time.Second), w.rng.IntN(2) == 0}, Concluded{Assignment: id},
		CallEnded{Assignment: id}, CallEnded{Assignment: id, FromLine: true}, Timer{}, Timer{}, Timer{}, Heartbeat{epoch}, WantReady{epoch},
		Declined{id, "no", epoch}, Revoked{id, "suppressed"}, WantBreak{"tea", epoch}, SignIn{"n"}, SignOut{epoch}, forced, Lapsed{id}}
	return events[w.rng.IntN(len(events))]
}

// end notes that the record closed an assignment.
func (w *walk) end(id campaign.AssignmentID, how string, wantPlaced bool) {
	w.t.Helper()
	if id != w.open || id == 0 {
		w.t.Fatalf("%s of %d, which is not open (open: %d)", how, id, w.open)
	}
	if w.placed != wantPlaced {
		w.t.Fatalf("%s of %d with placed=%t", how, id, w.placed)
	}
	w.ends[id]++
	w.open, w.placed = 0, false
}

// record follows a step as the store does: facts first, then the actions.
func (w *walk) record(prev campaign.Session, ev Event) {
	switch ev := ev.(type) {
	case Offer:
		w.open, w.last = ev.Assignment, ev.Assignment
	case Start:
		w.placed = true
	case Concluded:
		if ev.Assignment == w.open && w.open != 0 {
			w.end(ev.Assignment, "conclusion", true)
		}
	case Revoked:
		if ev.Assignment == w.open && w.open != 0 {
			w.end(ev.Assignment, "revocation", false)
		}
	case Lapsed:
		if ev.Assignment == w.open && w.open != 0 {
			w.end(ev.Assignment, "lapse", w.placed)
		}
	}
	told := false
	for _, a := range w.acts {
		switch a := a.(type) {
		case Release:
			w.end(a.Assignment, "release", false)
		case GiveUp:
			w.end(a.Assignment, "giving up", true)
		case Notify:
			told = true
		}
	}
	switch ev.(type) {
	case Timer, Revoked, Lapsed, Forced:
		if (prev.State != w.s.State || prev.Reason != w.s.Reason) && !told {
			w.t.Fatalf("%T moved the agent from %s to %s(%s) in silence", ev, prev.State, w.s.State, w.s.Reason)
		}
	}
}

// check holds what must be true of a session after any step.
func (w *walk) check(ev Event) {
	w.t.Helper()
	s := w.s
	holds := s.State == campaign.AgentOffered || s.State == campaign.AgentOnCall
	if holds && s.Assignment == 0 || s.Assignment != 0 && !holds && s.State != campaign.AgentWrapUp {
		w.t.Fatalf("after %T: %s with assignment %d", ev, s.State, s.Assignment)
	}
	if s.Assignment != w.open {
		w.t.Fatalf("after %T: session holds %d, the record has %d open", ev, s.Assignment, w.open)
	}
	if (s.State == campaign.AgentSignedOut) != s.Deadline.IsZero() {
		w.t.Fatalf("after %T: %s with deadline %s: a state without a timer is for ever", ev, s.State, s.Deadline)
	}
	if s.Next != "" && s.Assignment == 0 && s.State != campaign.AgentWrapUp {
		w.t.Fatalf("after %T: a wish for %s is left in %s", ev, s.Next, s.State)
	}
	if s.State == campaign.AgentSignedOut && s.Node != "" {
		w.t.Fatalf("after %T: signed out at node %q", ev, s.Node)
	}
}

func TestRandomDaysLoseNoAssignmentAndNoSecond(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := &walk{day: newDay(t), rng: rng, ends: map[campaign.AssignmentID]int{}, spent: map[campaign.AgentState]time.Duration{}}
		w.s.State, w.s.Since = campaign.AgentSignedOut, t0
		for range 400 {
			prev, ev := w.s, w.random()
			before := w.now
			w.after(time.Duration(rng.IntN(25_000)) * time.Millisecond)
			w.spent[prev.State] += w.now.Sub(before)
			if w.do(ev) == nil {
				w.record(prev, ev)
			} else if w.s != prev {
				t.Fatalf("seed %d: a refused %T changed the session", seed, ev)
			}
			w.check(ev)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		w.finish(seed)
	}
}

// finish lets the desktop vanish: timers alone must bring everything to its end.
func (w *walk) finish(seed uint64) {
	for n := 0; w.s.State != campaign.AgentSignedOut; n++ {
		if n > 10 {
			w.t.Fatalf("seed %d: timers alone never sign the agent out of %s(%s)", seed, w.s.State, w.s.Reason)
		}
		prev := w.s
		at := later(w.now, w.s.Deadline)
		w.spent[prev.State] += at.Sub(w.now)
		w.now = at
		w.must(Timer{})
		w.record(prev, Timer{})
		w.check(Timer{})
	}
	for id := range w.last {
		if w.ends[id+1] != 1 {
			w.t.Fatalf("seed %d: assignment %d ended %d times", seed, id+1, w.ends[id+1])
		}
	}
	w.sums(seed)
}

// sums compares the ledger's seconds with the time that really passed in each state.
func (w *walk) sums(seed uint64) {
	got := map[campaign.AgentState]float64{}
	for i, row := range w.rows {
		got[row.From] += row.Seconds
		if i > 0 && w.rows[i-1].To != row.From {
			w.t.Fatalf("seed %d: the ledger jumps from %s to %s", seed, w.rows[i-1].To, row.From)
		}
		if !CanMove(row.From, row.To) {
			w.t.Fatalf("seed %d: %s to %s is no legal move", seed, row.From, row.To)
		}
	}
	got[w.s.State] += w.now.Sub(w.s.Since).Seconds()
	for state, d := range w.spent {
		if diff := got[state] - d.Seconds(); diff > 1e-3 || diff < -1e-3 {
			w.t.Fatalf("seed %d: %s lasted %v, the ledger has %v s", seed, state, d, got[state])
		}
	}
}
