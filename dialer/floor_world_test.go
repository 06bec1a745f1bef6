package dialer

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// world is a floor on a fake record, in fake time.
type world struct {
	*testing.T
	*fake
	floor *Floor
	ended chan struct{}
}

// onFloor runs a test in a bubble. When it ends the floor is stopped, and the bubble proves that nothing of it goes on.
func onFloor(t *testing.T, o Options, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if o.Heartbeat == 0 {
			o.Heartbeat = 24 * time.Hour // nobody has to beat
		}
		w := &world{T: t, fake: newFake(o.Heartbeat), ended: make(chan struct{})}
		w.floor = w.node("here", o)
		ctx, stop := context.WithCancel(t.Context())
		w.camp(1, nil)
		go func() {
			defer close(w.ended)
			if err := w.floor.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		defer func() { // of a test that fails, too
			stop()
			<-w.ended
		}()
		synctest.Wait()
		test(w)
	})
}

func (w *world) node(name string, o Options) *Floor { return NewFloor(name, w.fake, w.fake, clock, o) }

func (w *world) settled() { w.Helper(); synctest.Wait() }

// sleep lets time pass, and what is due then happen.
func (w *world) sleep(d time.Duration) { w.Helper(); time.Sleep(d); synctest.Wait() } //nolint:forbidigo // fake time: the bubble moves on by so much

func (w *world) change(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
}

func (w *world) count(call string) (n int) { w.change(func() { n = w.calls[call] }); return n }

func (w *world) reset() { w.change(func() { clear(w.calls); w.writes = 0 }) }

// camp makes a running campaign.
func (w *world) camp(id campaign.CampaignID, change func(*campaign.Campaign)) {
	c := campaign.Campaign{ID: id, State: campaign.CampaignRunning, Floor: campaign.DefaultFloor()}
	c.Floor.OfferTime = 24 * time.Hour // nobody has to be quick
	if change != nil {
		change(&c)
	}
	w.change(func() { w.camps[id] = c })
}

// agent makes an agent of some campaigns; weights are 1.
func (w *world) agent(id campaign.AgentID, camps ...campaign.CampaignID) {
	a := campaign.Agent{ID: id, Login: fmt.Sprint("a", id), Active: true}
	for _, c := range camps {
		a.Campaigns = append(a.Campaigns, campaign.Membership{CampaignID: c, Weight: 1})
	}
	w.change(func() { w.agents[id] = a })
}

// lead adds a fresh lead that may be called now.
func (w *world) lead(id campaign.LeadID, change func(*fakeLead)) {
	l := &fakeLead{id: id, camp: 1}
	if change != nil {
		change(l)
	}
	w.change(func() { w.leads[id] = l })
}

// promise adds a lead with a promise in so much time; it has the lead's id.
func (w *world) promise(id campaign.LeadID, owner campaign.AgentID, in time.Duration) {
	w.lead(id, func(l *fakeLead) {
		l.tried = true
		l.promise = &campaign.Appointment{ID: campaign.AppointmentID(id), LeadID: id, CampaignID: 1, Owner: owner, At: clock().Add(in)}
	})
}

// desk signs in an agent with a stream, ready.
func (w *world) desk(id campaign.AgentID) *seen {
	w.Helper()
	d, _, held, err := w.floor.SignIn(w.Context(), id, true)
	if err != nil {
		w.Fatal(err)
	}
	s := &seen{w: w, agent: id, desk: d}
	if held != nil {
		s.offers = append(s.offers, held)
	}
	w.settled()
	return s
}

// next asks for a call in the background.
func (w *world) next(id campaign.AgentID, wait time.Duration) *asked {
	a := &asked{done: make(chan struct{}), from: clock()}
	go func() {
		defer close(a.done)
		a.got, a.session, a.err = w.floor.NextCall(w.Context(), id, 0, wait)
		a.at = clock()
	}()
	synctest.Wait()
	return a
}

// asked is a NextCall.
type asked struct {
	done     chan struct{}
	got      *campaign.Claimed
	session  campaign.Session
	err      error
	from, at time.Time
}

func (a *asked) lead() campaign.LeadID {
	<-a.done
	if a.got == nil {
		return 0
	}
	return a.got.Assignment.LeadID
}

// seen is what a desk was told.
type seen struct {
	w       *world
	agent   campaign.AgentID
	desk    *Desk
	offers  []*campaign.Claimed
	states  []campaign.Session
	notices []string
	revoked []Revoked
	remind  []campaign.Appointment
}

// read takes what the desk was told until now.
func (s *seen) read() *seen {
	s.w.Helper()
	s.w.settled()
	for {
		u, ok := s.desk.Next()
		switch {
		case !ok:
			return s
		case u.Offer != nil:
			s.offers = append(s.offers, u.Offer)
		case u.Session != nil:
			s.states = append(s.states, *u.Session)
		case u.Notice != nil:
			s.notices = append(s.notices, u.Notice.Reason)
		case u.Revoked != nil:
			s.revoked = append(s.revoked, *u.Revoked)
		case u.Reminder != nil:
			s.remind = append(s.remind, *u.Reminder)
		}
	}
}

// leads are those the desk was offered.
func (s *seen) leads() []campaign.LeadID {
	s.w.Helper()
	var out []campaign.LeadID
	for _, o := range s.read().offers {
		out = append(out, o.Assignment.LeadID)
	}
	return out
}

func (s *seen) last() *campaign.Assignment {
	s.w.Helper()
	if len(s.read().offers) == 0 {
		s.w.Fatalf("agent %d was offered nothing", s.agent)
	}
	return s.offers[len(s.offers)-1].Assignment
}

// why is the reason of the desk's close; empty: it is open.
func (s *seen) why() string {
	s.w.settled()
	select {
	case <-s.desk.Done:
		return s.desk.Why()
	default:
		return ""
	}
}

// work calls and concludes what the desk was offered last, without wrap-up.
func (s *seen) work() {
	s.w.Helper()
	id := s.last().ID
	s.w.happen(s.w.T, id, campaign.HappenedStarted, "")
	s.w.happen(s.w.T, id, campaign.HappenedConcluded, "")
	s.refresh()
	if _, err := s.w.floor.Apply(s.w.Context(), s.agent, WantReady{}); err != nil {
		s.w.Fatal(err)
	}
	s.w.settled()
}

func (s *seen) refresh() {
	s.w.Helper()
	if _, err := s.w.floor.Refresh(s.w.Context(), s.agent); err != nil {
		s.w.Fatal(err)
	}
	s.w.settled()
}

func (w *world) apply(id campaign.AgentID, ev Event) campaign.Session {
	w.Helper()
	s, err := w.floor.Apply(w.Context(), id, ev)
	if err != nil {
		w.Fatal(err)
	}
	w.settled()
	return s
}

func (w *world) state(id campaign.AgentID, want campaign.AgentState, reason string) {
	w.Helper()
	var s campaign.Session
	w.change(func() { s = w.session(id) })
	if s.State != want || s.Reason != reason {
		w.Fatalf("agent %d is %s (%s), want %s (%s)", id, s.State, s.Reason, want, reason)
	}
}
