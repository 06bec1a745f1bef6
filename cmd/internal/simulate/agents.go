package simulate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"redial/campaign"
	"redial/dialer"
	"redial/dialer/carrier/sim"
)

// phase is what an agent does next.
type phase uint8

const (
	idle     phase = iota
	toDial         // looks at the card, then dials
	toEnd          // is on the line, then it is over
	toTell         // writes down what came of it, then records it
	toReturn       // was away from the desk when an offer lapsed, then says ready
)

// awayFor is how long an agent whose offer lapsed stays away from the desk.
const awayFor = time.Minute

// agent is somebody who calls, by the floor's own step.
type agent struct {
	id       campaign.AgentID
	name     string
	team     *Team
	turns    []turn // the team's schedule
	turn     int    // of turns, the next
	want     turn   // what the schedule asks for now
	members  []campaign.Membership
	rota     dialer.Turns // among campaigns
	session  campaign.Session
	phase    phase
	act      int64 // when the phase ends, in Unix milliseconds
	gen      uint32
	held     *lead
	call     call
	waits    bool
	own      heap[callback]
	promises []*promise // open, of the agent's own
}

// call is the call in hand.
type call struct {
	id       campaign.AssignmentID
	number   campaign.Phone
	promise  *promise // that it is offered for; nil: none
	reason   string
	offered  time.Time
	placedAt time.Time // whole seconds; zero: not dialled
	endedAt  time.Time
	sample   sim.Sample
	use      *use
}

// hire makes the agents of the teams.
func (w *world) hire() {
	for i := range w.scn.Teams {
		t := &w.scn.Teams[i]
		turns, _ := t.schedule(w.scn.Start, w.scn.End()) // overlaps were refused when the scenario was read
		var members []campaign.Membership
		for _, f := range w.floors {
			weight := t.Members[f.Name]
			if len(t.Members) == 0 {
				weight = 1
			}
			if weight > 0 {
				members = append(members, campaign.Membership{CampaignID: f.ID, Weight: weight})
			}
		}
		for n := range t.Count {
			a := &agent{
				id: campaign.AgentID(len(w.agents) + 1), name: fmt.Sprintf("%s %d", t.Name, n+1), team: t, turns: turns, members: members,
				want: turn{want: campaign.AgentSignedOut},
			}
			a.session = campaign.Session{AgentID: a.id, State: campaign.AgentSignedOut, Since: w.now}
			w.agents = append(w.agents, a)
			w.schedule(a)
		}
	}
}

// schedule sets the event of an agent's next turn. Turns before the start come at once.
func (w *world) schedule(a *agent) {
	if a.turn < len(a.turns) {
		w.push(event{at: max(a.turns[a.turn].at.UnixMilli(), w.start), kind: evTurn, agent: a})
	}
}

// turned follows an agent's schedule. What is over at the same instant is passed over.
func (w *world) turned(a *agent) error {
	a.want = a.turns[a.turn]
	a.turn++
	w.schedule(a)
	if a.turn < len(a.turns) && a.turns[a.turn].at.UnixMilli() <= w.ms {
		return nil
	}
	return w.comply(a)
}

// comply lets the agent say what the schedule asks for, as far as the floor lets it be said now.
func (w *world) comply(a *agent) error {
	if a.phase == toReturn {
		return nil
	}
	s := &a.session
	done := s.State == campaign.AgentWrapUp && s.Assignment == 0 && !a.team.Linger // the outcome is recorded
	var ev dialer.Event
	switch a.want.want {
	case campaign.AgentReady:
		if s.State == campaign.AgentSignedOut {
			if err := w.step(a, dialer.SignIn{Node: "virtual"}); err != nil {
				return err
			}
		}
		if s.State == campaign.AgentBreak || done || s.State == campaign.AgentOnCall && s.Next != "" {
			ev = dialer.WantReady{}
		}
	case campaign.AgentBreak:
		if s.State != campaign.AgentSignedOut && s.State != campaign.AgentBreak && (done || s.Next != campaign.AgentBreak) {
			ev = dialer.WantBreak{Reason: a.want.reason}
		}
	default:
		if s.State != campaign.AgentSignedOut && (done || s.Next != campaign.AgentSignedOut) {
			ev = dialer.SignOut{}
		}
	}
	if ev == nil {
		return nil
	}
	return w.step(a, ev)
}

// settings are the floor's times for the agent's session.
func (w *world) settings(a *agent) dialer.Settings {
	floor := campaign.FloorSettings{}
	if a.held != nil {
		floor = a.held.home.floor.Floor
	}
	return dialer.SettingsOf(floor, w.heartbeat)
}

// step lets the floor's rule move an agent's session by what the agent or the clock says, and does what it asks for.
func (w *world) step(a *agent, ev dialer.Event) error {
	a.beat(w.now)
	next, acts, err := dialer.Step(a.session, w.now, ev, w.settings(a))
	if err != nil {
		return fmt.Errorf("%s: %T: %w", a.name, ev, err)
	}
	for _, act := range acts {
		switch act := act.(type) {
		case dialer.Release:
			w.released(a, act)
		case dialer.GiveUp:
			if err := w.gaveUp(a); err != nil {
				return err
			}
		}
	}
	return w.moved(a, next)
}

// happen is the step that the record runs when one of its transactions changed the agent's assignment.
func (w *world) happen(a *agent, kind campaign.HappeningKind, reason string) error {
	a.beat(w.now)
	next, err := w.follow(a.session, w.now, campaign.Happening{
		Kind: kind, Assignment: a.call.id, Floor: a.held.home.floor.Floor, Reason: reason,
	})
	if err != nil {
		return fmt.Errorf("%s: %s: %w", a.name, kind, err)
	}
	return w.moved(a, next)
}

// beat notes the desktop's sign of life, which live nodes note by the batch.
func (a *agent) beat(now time.Time) {
	if a.session.State != campaign.AgentSignedOut {
		a.session.HeartbeatAt = now
	}
}

// moved takes over the session's next state.
func (w *world) moved(a *agent, next campaign.Session) error {
	prev := a.session
	a.session = next
	if err := w.check.moved(a, prev, next); err != nil {
		return err
	}
	w.tally.moved(prev, next)
	if waits := next.State == campaign.AgentReady; waits != a.waits {
		a.waits = waits
		if waits {
			w.queueUp(a)
		} else if i := slices.Index(w.waiting, a); i >= 0 {
			w.waiting = slices.Delete(w.waiting, i, i+1)
		}
	}
	return nil
}

// queueUp puts an agent among those who wait, the longest first.
func (w *world) queueUp(a *agent) {
	i := len(w.waiting)
	for i > 0 && cmp.Or(w.waiting[i-1].session.Since.Compare(a.session.Since), cmp.Compare(w.waiting[i-1].id, a.id)) > 0 {
		i--
	}
	w.waiting = slices.Insert(w.waiting, i, a)
	w.dirty = true
}

// goOn sets what the agent does next, after d.
func (a *agent) goOn(p phase, now int64, d time.Duration) {
	a.phase, a.act = p, now+max(d.Milliseconds(), 0)
}

// arm sets the event at which the agent acts, or a deadline of the session does.
func (w *world) arm(a *agent) {
	at := int64(math.MaxInt64)
	if a.phase != idle {
		at = a.act
	}
	if t := a.deadline(); t != 0 && t < at {
		at = t
	}
	if at == math.MaxInt64 {
		return
	}
	a.gen++
	w.push(event{at: at, kind: evAct, agent: a, gen: a.gen})
}

// deadline is when the session changes by itself, in Unix milliseconds, rounded up; 0: never. A desktop that beats
// keeps the ready, the resting and those on the line where they are.
func (a *agent) deadline() int64 {
	s := &a.session
	if s.Deadline.IsZero() || (s.State != campaign.AgentOffered && s.State != campaign.AgentWrapUp) {
		return 0
	}
	return s.Deadline.Add(time.Millisecond - 1).UnixMilli()
}

// acted lets an agent do what comes next, or the session's deadline act.
func (w *world) acted(a *agent) error {
	if err := w.actNow(a); err != nil {
		return err
	}
	if err := w.comply(a); err != nil {
		return err
	}
	w.arm(a)
	return nil
}

func (w *world) actNow(a *agent) error {
	if t := a.deadline(); t != 0 && t <= w.ms && (a.phase == idle || t <= a.act) {
		lapsing := a.session.State == campaign.AgentOffered
		if err := w.step(a, dialer.Timer{}); err != nil {
			return err
		}
		if lapsing && a.held == nil {
			a.goOn(toReturn, w.ms, awayFor)
		}
		return nil
	}
	switch a.phase {
	case toDial:
		return w.dial(a)
	case toEnd:
		a.call.endedAt = w.now
		a.goOn(toTell, w.ms, a.call.sample.Wrap)
		return w.happen(a, campaign.HappenedEnded, "")
	case toTell:
		return w.conclude(a)
	case toReturn:
		a.phase = idle
	case idle:
	}
	return nil
}
