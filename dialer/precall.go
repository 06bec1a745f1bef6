package dialer

import (
	"context"
	"time"

	"redial/campaign"
)

// Checks asks CRMs before leads are offered.
type Checks interface {
	// Check asks whether a lead may be called now, within p's deadline. An error is no answer.
	Check(ctx context.Context, p campaign.PreCall, q campaign.PreCallQuestion) (campaign.PreCallAnswer, error)
}

// A campaign may ask its CRM about each lead once it was claimed, before the agent sees it. Nobody else waits for the
// answer: the seat is pending meanwhile, and the claim's lease keeps the lead.
//
// StartCall does not ask again. An offer lapses when the campaign's offer time is over, counted from the claim and whatever
// signs of life renew its lease, so no answer is older than that when its number is told; a card that another node shows
// after a new sign-in was asked about anew there. A campaign whose CRM changes its mind sooner is given a shorter offer
// time, and what must hold to the second is a suppression, which StartCall does look at.

// How a no is written down.
const (
	holdTime   = 10 * time.Second       // it may take
	holdAgain  = 200 * time.Millisecond // after which it is tried again when the record fails
	silentRest = time.Second            // a campaign is not asked for leads after its CRM kept silent and it wants an answer
)

// check is a question under way, or answered.
type check struct {
	done chan struct{}
	hold *campaign.HoldOff // nil: the agent may see the lead
	err  error             // it could not be found out, or written down
}

// asks says whether a CRM must be asked before the agent sees what was claimed.
func (f *Floor) asks(c *campaign.Claimed) bool {
	return f.checks != nil && c != nil && c.Assignment != nil && c.Assignment.State == campaign.AssignmentOffered &&
		c.Facts != nil && c.Facts.Campaign != nil && c.Facts.Campaign.PreCall.Address != ""
}

// clear asks the campaign's CRM, if it has one, about what was claimed; once, however many wait for the answer. Nil: the
// agent may see it. Else the lead is held off already and the agent free.
func (f *Floor) clear(ctx context.Context, c *campaign.Claimed) (*campaign.HoldOff, error) {
	if !f.asks(c) {
		return nil, nil
	}
	login, err := f.loginOf(ctx, c.Assignment.AgentID)
	if err != nil {
		return nil, err
	}
	q, err := f.inquire(c, login)
	if q == nil || err != nil {
		return nil, err
	}
	select {
	case <-q.done:
		return q.hold, q.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (f *Floor) loginOf(ctx context.Context, agent campaign.AgentID) (string, error) {
	f.mu.Lock()
	s := f.seats[agent]
	f.mu.Unlock()
	if s != nil {
		return s.agent.Login, nil
	}
	a, err := f.agentOf(ctx, agent, memberFor)
	return a.Login, err
}

// inquire begins to ask, unless that is under way; nil: it was answered yes before.
func (f *Floor) inquire(c *campaign.Claimed, login string) (*check, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := c.Assignment.ID
	if s := f.seats[c.Assignment.AgentID]; s != nil && s.cleared == id {
		return nil, nil
	}
	q := f.asking[id]
	if q == nil {
		if f.stopped {
			return nil, f.stopping()
		}
		q = &check{done: make(chan struct{})}
		f.asking[id] = q
		f.acting.Go(func() { f.ask(q, c, login) })
	}
	return q, nil
}

// ask asks, and acts on the answer. A node that stops meanwhile leaves the question to the node that the agent goes to.
func (f *Floor) ask(q *check, c *campaign.Claimed, login string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-f.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	id, p := c.Assignment.ID, c.Facts.Campaign.PreCall
	answer, err := f.checks.Check(ctx, p, campaign.PreCallAbout(c, login))
	var next campaign.Session
	switch {
	case err != nil && f.stopping() != nil:
		q.err = f.stopping()
	default:
		if q.hold = p.HoldOff(id, answer, err, c.Facts.Campaign.Rules.Interval, f.now()); q.hold != nil {
			next, q.err = f.holdOff(q.hold, c.Assignment.LeaseUntil)
		}
	}
	f.mu.Lock()
	f.answered(q, c, next, err != nil)
	delete(f.asking, id)
	f.mu.Unlock()
	close(q.done)
}

// holdOff writes a no down, for as long as the offer stands.
func (f *Floor) holdOff(h *campaign.HoldOff, lease time.Time) (campaign.Session, error) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), holdTime)
		next, err := f.rec.HoldOff(ctx, *h)
		cancel()
		switch k := campaign.KindOf(err); {
		case err == nil:
			return next, nil
		case k == campaign.KindUnready || k == campaign.KindNotFound: // it went meanwhile
			return next, nil
		case !f.now().Before(lease) || f.stopping() != nil:
			return next, err
		}
		f.log.Warn("a lead could not be held off; trying again", "assignment", h.Assignment, "error", err)
		timer := time.NewTimer(holdAgain)
		select {
		case <-timer.C:
		case <-f.ending:
			timer.Stop()
		}
	}
}

// answered notes what an answer means for the agent and the lead; the caller holds the lock.
func (f *Floor) answered(q *check, c *campaign.Claimed, next campaign.Session, silent bool) {
	a := c.Assignment
	s := f.seats[a.AgentID]
	if q.err != nil {
		return
	}
	if q.hold == nil {
		if s != nil {
			s.cleared = a.ID
		}
		return
	}
	now := f.now()
	f.ahead.rest[a.LeadID] = later(q.hold.Until, now.Add(restTaken))
	if silent {
		f.dry[a.CampaignID] = now.Add(silentRest)
	}
	if s == nil {
		return
	}
	s.lost, s.reason = a.ID, campaign.AssignmentHeldOff
	if next.AgentID == a.AgentID {
		f.learn(s, next)
	}
}

// check has a claim's lead asked about and gives it to the desk then; if it may not be called the agent waits on. The
// caller holds the lock.
func (f *Floor) check(b *bid, g *campaign.Claimed) {
	b.seat.asking = f.now().Add(g.Facts.Campaign.PreCall.Deadline + time.Second)
	if f.stopped {
		f.unbid(b)
		return
	}
	began := f.now()
	f.acting.Go(func() {
		hold, err := f.clear(context.Background(), g)
		if hold == nil && err == nil && f.now().Sub(began) >= trusted {
			f.reread(b.agent) // the offer may have gone meanwhile: the agent signed in at another node
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if hold == nil && err == nil {
			f.offered(b, g, f.now())
			return
		}
		f.unbid(b)
		poke(f.kick)
	})
}

// reread learns how an agent's session stands. If the record fails what is known is believed.
func (f *Floor) reread(agent campaign.AgentID) {
	ctx, cancel := context.WithTimeout(context.Background(), holdTime)
	defer cancel()
	next, err := f.rec.Session(ctx, agent)
	if err != nil {
		f.log.WarnContext(ctx, "a session could not be read before an offer", "agent", agent, "error", err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seats[agent]; s != nil {
		f.learn(s, next)
	}
}

// showChecked puts a card in hand on the desk once its CRM was asked; nobody waits for that.
func (f *Floor) showChecked(held *campaign.Claimed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[held.Assignment.AgentID]
	if s == nil || f.stopped || !s.unseen() {
		return
	}
	s.pending = true
	s.asking = f.now().Add(held.Facts.Campaign.PreCall.Deadline + time.Second)
	f.note(s)
	f.acting.Go(func() {
		hold, err := f.clear(context.Background(), held)
		f.mu.Lock()
		defer f.mu.Unlock()
		s.pending = false
		if hold == nil && err == nil && f.seats[s.agent.ID] == s && s.unseen() && s.session.Assignment == held.Assignment.ID {
			s.hand(held)
		}
		f.place(s)
		poke(f.kick)
	})
}

// heldOff tells the agent who chose the lead why it may not be called.
func heldOff(h *campaign.HoldOff) error {
	l := campaign.Lead{HeldOffUntil: h.Until, HeldOffReason: h.Reason}
	if h.Withdraw {
		return notCallable("held_off", l.Held(time.Time{})+"; the lead was withdrawn", time.Time{})
	}
	return notCallable("held_off", l.Held(time.Time{}), h.Until)
}
