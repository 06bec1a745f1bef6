package simulate

import (
	"time"

	"redial/campaign"
	"redial/dialer"
)

// checker counts for itself what must hold. It never asks the rules: it looks at wall clocks and at its own ledger.
type checker struct {
	w      *world
	full   bool
	failed error // the first breach
	calls  int64
	steps  int64
	total  int
	walked int64 // when everything was last walked through, in Unix milliseconds
	ledger ledger
}

func (c *checker) loaded() {
	c.total = len(c.w.leads)
	if c.full {
		c.ledger.begin(c.w.leads)
	}
}

// time holds that virtual time never runs backwards. With the full check it is also when everything is walked through.
func (c *checker) time(at int64) error {
	if at < c.w.ms {
		return c.fail("time", nil, "an event of %s comes after %s", time.UnixMilli(at).UTC(), c.w.now)
	}
	const every = 6 * 60 * 60 * 1000
	if c.full && at-c.walked >= every {
		c.walked = at
		return c.walk()
	}
	return nil
}

// free holds I1 when a lead is about to be offered.
func (c *checker) free(a *agent, l *lead) error {
	switch {
	case l.desk != nil:
		return c.fail("I1", l, "%s is offered a lead that %s has", a.name, l.desk.name)
	case a.held != nil:
		return c.fail("I1", l, "%s, who has lead %d, is offered another", a.name, a.held.ID)
	case l.State != campaign.LeadOpen:
		return c.fail("I1", l, "%s is offered a lead that is %s", a.name, l.State)
	}
	return nil
}

// moved holds that an agent is in one state, by legal moves, for no negative time, and holds what the session says.
func (c *checker) moved(a *agent, prev, next campaign.Session) error {
	c.steps++
	switch {
	case !dialer.CanMove(prev.State, next.State):
		return c.fail("agent", nil, "%s moved from %s to %s", a.name, prev.State, next.State)
	case next.Since.Before(prev.Since) || next.Since.After(c.w.now):
		return c.fail("agent", nil, "%s is %s since %s, after %s since %s, at %s", a.name, next.State, next.Since, prev.State, prev.Since, c.w.now)
	case next.Assignment != 0 && (a.held == nil || a.held.desk != a || a.call.id != next.Assignment):
		return c.fail("I1", a.held, "%s's session holds assignment %d, which is not the one in hand", a.name, next.Assignment)
	case next.State == campaign.AgentOnCall && a.call.placedAt.IsZero():
		return c.fail("agent", a.held, "%s is on a call that was not placed", a.name)
	}
	return nil
}

// call holds I1, I3, I4 and I5 when a call is placed.
func (c *checker) call(a *agent, l *lead, at time.Time) error {
	c.calls++
	switch {
	case l.desk != a || a.held != l:
		return c.fail("I1", l, "%s places a call to a lead that is not in hand", a.name)
	case l.suppressed(a.call.number), c.full && c.ledger.shut[a.call.number]:
		return c.fail("I5", l, "%s is dialled though it is suppressed", a.call.number)
	}
	p := a.call.promise
	if p != nil && (p.State != campaign.AppointmentOpen || at.Before(p.At.Truncate(time.Second))) {
		return c.fail("I6", l, "a promise for %s is kept at %s while it is %s", p.At, at, p.State)
	}
	if p == nil || !p.Insisted {
		if err := c.hours(l, a.call.number, at); err != nil {
			return err
		}
	}
	if p == nil {
		if err := c.own(l, at); err != nil {
			return err
		}
		if c.full {
			if err := c.caps(l, a.call.number, at); err != nil {
				return err
			}
		}
	}
	if c.full {
		c.ledger.placed(l, a.call.number, at)
	}
	return nil
}

// told notes what came of the lead's last call.
func (c *checker) told(l *lead, o campaign.Outcome, talk time.Duration) {
	if c.full {
		c.ledger.told(l, o, talk)
	}
}

func (c *checker) suppressed(p campaign.Phone) {
	if c.full {
		c.ledger.shut[p] = true
	}
}

// lead holds that a lead is in one state that its plan and its promise bear out.
func (c *checker) lead(l *lead) error {
	switch {
	case l.promise != nil && l.State != campaign.LeadOpen && l.State != campaign.LeadHeld:
		return c.fail("I6", l, "the promise is open and the lead is %s", l.State)
	case l.State == campaign.LeadOpen && l.Plan.Verdict == campaign.VerdictAppointment && l.promise == nil:
		return c.fail("I6", l, "the lead waits for a promise that is not open")
	case l.State == campaign.LeadOpen && !l.Plan.Open():
		return c.fail("I7", l, "the lead is open and its plan is %v", l.Plan.Verdict)
	case l.State == campaign.LeadHeld && l.desk == nil:
		return c.fail("I7", l, "the lead is held by nobody")
	case l.Plan.Open() && l.Plan.Verdict == campaign.VerdictCall && l.Plan.At.Before(l.Plan.Earliest):
		return c.fail("I4", l, "the plan is before its own earliest instant")
	}
	return nil
}

// walk holds I1, I6 and I7 over all leads: each is in one state and, if it waits for an agent or for its time, in the
// index exactly once; the counters are what is there.
func (c *checker) walk() error {
	w := c.w
	places := make(map[*lead]int)
	for _, f := range w.floors {
		for _, g := range f.groups {
			for _, h := range []*heap[place]{&g.waiting, &g.tried, &g.fresh} {
				for _, p := range h.all {
					if !p.stale() {
						places[p.lead]++
					}
				}
			}
		}
	}
	type key struct {
		f     *floor
		state campaign.LeadState
	}
	count := make(map[key]int64)
	open := int64(0)
	for _, l := range w.leads {
		count[key{l.home.floor, l.State}]++
		if err := c.lead(l); err != nil {
			return err
		}
		waits := l.State == campaign.LeadOpen && l.Plan.Verdict == campaign.VerdictCall
		if n := places[l]; waits && n != 1 || !waits && n != 0 {
			return c.fail("I7", l, "the lead is %s with verdict %v and %d times in the index", l.State, l.Plan.Verdict, n)
		}
		if p := l.promise; p != nil {
			if open++; l.desk == nil && p.GraceEnd.Before(w.now) {
				return c.fail("I6", l, "the promise's grace is over and it is still open")
			}
		}
	}
	sum := int64(0)
	for _, f := range w.floors {
		for _, s := range campaign.LeadStates {
			if f.tally.leads[s] != count[key{f, s}] {
				return c.fail("I7", nil, "campaign %q counts %d leads %s and has %d", f.Name, f.tally.leads[s], s, count[key{f, s}])
			}
			sum += f.tally.leads[s]
		}
	}
	if sum != int64(c.total) {
		return c.fail("I7", nil, "%d leads were taken in and %d are there", c.total, sum)
	}
	p := &w.promises
	if p.made != p.ended()+open {
		return c.fail("I6", nil, "%d promises were made, %d ended, %d are open", p.made, p.ended(), open)
	}
	return c.desks()
}

// desks holds I1 from the agents' side.
func (c *checker) desks() error {
	held := 0
	for _, a := range c.w.agents {
		if (a.held != nil) != (a.session.Assignment != 0) {
			return c.fail("I1", a.held, "%s's hands and session disagree", a.name)
		}
		if a.held != nil {
			if held++; a.held.desk != a {
				return c.fail("I1", a.held, "%s holds a lead that is not theirs", a.name)
			}
		}
	}
	n := int64(0)
	for _, f := range c.w.floors {
		n += f.tally.leads[campaign.LeadHeld]
	}
	if n != int64(held) {
		return c.fail("I1", nil, "%d leads are held and %d agents hold one", n, held)
	}
	return nil
}

func (c *checker) end() error {
	if c.failed != nil {
		return c.failed
	}
	return c.walk()
}
