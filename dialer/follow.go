package dialer

import (
	"cmp"
	"context"
	"errors"
	"time"

	"redial/campaign"
)

// How a seat follows its session in the record.

// errMoved says that the session holds something else than was thought.
var errMoved = errors.New("the session moved on meanwhile")

// applyTries bounds how often a step is begun anew because its session took or lost an assignment meanwhile.
const applyTries = 5

// Apply lets something happen to an agent's session, and acts on what the step asks for.
func (f *Floor) Apply(ctx context.Context, agent campaign.AgentID, ev Event) (campaign.Session, error) {
	defer f.moving(agent)()
	var acts []Action
	var next campaign.Session
	var idle bool // the step changed nothing
	err := errMoved
	for try := 0; try < applyTries && errors.Is(err, errMoved); try++ {
		held, set, e := f.settings(ctx, agent, try > 0)
		if e != nil {
			return campaign.Session{}, e
		}
		next, err = f.rec.MoveSession(ctx, agent, func(s campaign.Session, now time.Time) (campaign.Session, error) {
			if s.Assignment != held {
				return s, errMoved
			}
			mine := set
			mine.Heartbeat = patience(nodeAfter(s, ev), f.beat)
			n, a, err := Step(s, now, ev, mine)
			acts, idle = a, n == s
			return n, err
		})
	}
	if err != nil {
		return campaign.Session{}, err
	}
	f.after(agent, next, acts, idle)
	return next, nil
}

// moving says that a step of an agent's is being committed, until the function that it answers with is called: a look at
// the record that sees it sooner leaves it to the step, which has more to say.
func (f *Floor) moving(agent campaign.AgentID) (moved func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[agent]
	if s == nil {
		return func() {}
	}
	s.moving++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		s.moving--
	}
}

// moves says whether a step of an agent's is being committed.
func (f *Floor) moves(agent campaign.AgentID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[agent]
	return s != nil && s.moving > 0
}

// heard counts the sessions that were learnt of an agent.
func (f *Floor) heard(agent campaign.AgentID) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[agent]; s != nil {
		return s.heard
	}
	return 0
}

// nodeAfter is the node of a session once an event has happened.
func nodeAfter(s campaign.Session, ev Event) string {
	if in, ok := ev.(SignIn); ok {
		return in.Node
	}
	return s.Node
}

// settings are those of the campaign in the agent's hands, and what that is: as the seat knows it, or as the record has it.
func (f *Floor) settings(ctx context.Context, agent campaign.AgentID, anew bool) (campaign.AssignmentID, Settings, error) {
	if !anew {
		f.mu.Lock()
		defer f.mu.Unlock()
		s := f.seats[agent]
		if s == nil || s.session.Assignment == 0 || s.session.Assignment != s.held.id {
			return 0, Settings{}, nil // most hold nothing; the record objects if this one does
		}
		return s.held.id, SettingsOf(s.held.floor, f.beat), nil
	}
	held, err := f.rec.OpenAssignment(ctx, agent)
	if err != nil || held == nil || held.Assignment == nil {
		return 0, Settings{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[agent]; s != nil {
		s.holds(held)
	}
	return held.Assignment.ID, SettingsOf(held.Facts.Campaign.Floor, f.beat), nil
}

// after acts on a step that was committed. One that changed nothing leaves what another step did to that one.
func (f *Floor) after(agent campaign.AgentID, next campaign.Session, acts []Action, idle bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[agent]
	if s == nil || (idle && s.moving > 1) {
		return
	}
	for _, a := range acts {
		switch a := a.(type) {
		case Notify:
			s.tell(Update{Notice: &a})
		case Release:
			if a.As != campaign.AssignmentDeclined {
				s.lost, s.reason = a.Assignment, a.Reason
			}
		}
	}
	f.learn(s, next)
}

// Refresh reads the agent's session after something changed it that was not Apply.
func (f *Floor) Refresh(ctx context.Context, agent campaign.AgentID) (campaign.Session, error) {
	next, err := f.rec.Session(ctx, agent)
	if err != nil || f.moves(agent) {
		return next, err
	}
	return f.Learned(ctx, agent, next)
}

// Learned takes over the session that a transaction of the record left an agent in, which spares reading it. One
// without an agent is not known, and is read.
func (f *Floor) Learned(ctx context.Context, agent campaign.AgentID, next campaign.Session) (campaign.Session, error) {
	if next.AgentID != agent {
		return f.Refresh(ctx, agent)
	}
	f.mu.Lock()
	s := f.seats[agent]
	if s != nil {
		f.learn(s, next)
	}
	unseen := s != nil && s.unseen()
	f.mu.Unlock()
	if unseen {
		return next, f.show(ctx, agent)
	}
	return next, nil
}

// unseen says whether the desk was not given the card in hand: it was claimed at another node, or the answer to the
// claim was lost.
func (s *seat) unseen() bool {
	return s.desk != nil && !s.pending && s.session.Assignment != 0 && s.session.Assignment != s.told
}

// show puts the card in hand on the desk.
func (f *Floor) show(ctx context.Context, agent campaign.AgentID) error {
	held, err := f.rec.OpenAssignment(ctx, agent)
	if err != nil || held == nil {
		return err
	}
	if f.asks(held) {
		f.showChecked(held)
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[agent]; s != nil && s.unseen() && s.session.Assignment == held.Assignment.ID {
		s.hand(held)
	}
	return nil
}

// learn takes over a session as the record has it, unless something newer is known; the caller holds the lock.
func (f *Floor) learn(s *seat, next campaign.Session) {
	if s.older(next) {
		return
	}
	prev := s.session
	s.session, s.learnt = next, f.now()
	s.heard++
	if s.desk != nil {
		f.relate(s, prev, next)
	}
	f.settle(s)
}

// settle lets what is known of a seat act, and wakes the dispatcher for an agent who has begun to wait.
func (f *Floor) settle(s *seat) {
	if f.place(s) {
		poke(f.kick)
	}
}

// place puts a seat where it belongs: callers who wait in vain are told, the timer is set, the queue kept. A seat that
// nobody needs is forgotten. It says whether the agent has begun to wait. While a claim is under way its end decides,
// which places the seat once more.
func (f *Floor) place(s *seat) (begun bool) {
	if s.session.State != campaign.AgentReady && !s.pending {
		s.send(nil)
	}
	elsewhere := s.session.Node != "" && s.session.Node != f.node
	if (s.session.State == campaign.AgentSignedOut || elsewhere) && !s.listening() && !s.pending {
		f.forget(s)
		return false
	}
	f.arm(s)
	return f.note(s)
}

// note keeps the queue of those who wait; it says whether this one has begun to.
func (f *Floor) note(s *seat) bool {
	id := s.agent.ID
	if !s.waits() || f.seats[id] != s {
		f.queue.remove(s)
		delete(f.strangers, id)
		return false
	}
	if s.looked.IsZero() {
		f.strangers[id] = s
	} else {
		delete(f.strangers, id)
	}
	return f.queue.add(s)
}

// takenBack are the reasons for which an offer goes that is not the agent's own doing.
var takenBack = map[string]bool{ReasonRevoked: true, ReasonOfferLapsed: true, ReasonHeartbeatLost: true}

// relate tells a stream what changed, and cuts it when the session went elsewhere.
func (f *Floor) relate(s *seat, prev, next campaign.Session) {
	if prev.Epoch != 0 && next.Epoch > prev.Epoch {
		s.desk.close(campaign.ReasonSignedInAnew)
		s.desk = nil
		return
	}
	if next.State == prev.State && next.Reason == prev.Reason && next.Assignment == prev.Assignment && next.Next == prev.Next {
		return
	}
	if prev.State == campaign.AgentOffered && next.Assignment != prev.Assignment {
		switch {
		case s.lost == prev.Assignment:
			s.tell(Update{Revoked: &Revoked{Assignment: prev.Assignment, Reason: cmp.Or(s.reason, next.Reason)}})
		case takenBack[next.Reason]:
			s.tell(Update{Revoked: &Revoked{Assignment: prev.Assignment, Reason: next.Reason}})
		}
	}
	s.tell(Update{Session: &next})
	if next.State == campaign.AgentSignedOut {
		s.desk.close(next.Reason)
		s.desk = nil
	}
}

func (f *Floor) forget(s *seat) {
	if s.timer != nil {
		s.timer.Stop()
	}
	delete(f.seats, s.agent.ID)
	f.note(s)
}

// arm sets the seat's timer to the session's deadline.
func (f *Floor) arm(s *seat) {
	if s.timer != nil {
		if s.due.Equal(s.session.Deadline) {
			return
		}
		s.timer.Stop()
		s.timer = nil
	}
	if s.session.Deadline.IsZero() || f.stopped {
		return
	}
	s.due = s.session.Deadline
	f.wind(s, max(s.due.Sub(f.now()), 0))
}

// expireAgain is how long after a timer that could not act it acts once more: of an agent who is gone nothing else is
// heard at this node.
const expireAgain = 5 * time.Second

// wind lets the seat's deadline act in so much time; the caller holds the lock.
func (f *Floor) wind(s *seat, in time.Duration) {
	agent := s.agent.ID
	var timer *time.Timer
	timer = time.AfterFunc(in, func() {
		f.mu.Lock()
		if f.stopped || s.timer != timer {
			f.mu.Unlock()
			return
		}
		s.timer = nil
		f.acting.Add(1)
		f.mu.Unlock()
		defer f.acting.Done()
		if f.expire(context.Background(), agent) == nil {
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if s.timer == nil && f.seats[agent] == s && !f.stopped {
			f.wind(s, expireAgain)
		}
	})
	s.timer = timer
}

// Expire lets a session's deadline act, if it has come. The sweep calls it for the agents of nodes that are gone.
func (f *Floor) Expire(ctx context.Context, agent campaign.AgentID) { _ = f.expire(ctx, agent) }

// expire is Expire; its error has been told of.
func (f *Floor) expire(ctx context.Context, agent campaign.AgentID) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := f.Apply(ctx, agent, Timer{})
	if err != nil {
		f.log.WarnContext(ctx, "a session's timer could not act; it will be tried again", "agent", agent, "error", err)
	}
	return err
}
