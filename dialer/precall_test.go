package dialer

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// crms answers as it is told, by lead; any other lead may be called.
type crms struct {
	mu    sync.Mutex
	says  map[campaign.LeadID]campaign.PreCallAnswer
	hangs bool // until the deadline
	down  bool
	asked []campaign.PreCallQuestion
}

func (c *crms) Check(ctx context.Context, p campaign.PreCall, q campaign.PreCallQuestion) (campaign.PreCallAnswer, error) {
	c.mu.Lock()
	c.asked = append(c.asked, q)
	a, no := c.says[q.Lead]
	hangs, down := c.hangs, c.down
	c.mu.Unlock()
	if hangs {
		select {
		case <-time.After(p.Deadline):
			return a, context.DeadlineExceeded
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
	if down {
		return a, errors.New("nobody there")
	}
	a.Allow = !no
	return a, nil
}

func (c *crms) set(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

func (c *crms) leads() (out []campaign.LeadID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.asked {
		out = append(out, q.Lead)
	}
	return out
}

// withCRM runs a test whose campaign 1 asks a CRM first; campaign 2 does not.
func withCRM(t *testing.T, closed bool, test func(*world, *crms)) {
	t.Helper()
	c := &crms{says: map[campaign.LeadID]campaign.PreCallAnswer{}}
	onFloor(t, Options{Checks: c}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) {
			c.PreCall = campaign.PreCall{Address: "crm:443", Deadline: 2 * time.Second, FailClosed: closed}
			c.Rules.Interval = 4 * time.Hour
		})
		w.camp(2, nil)
		w.sleep(2 * time.Second) // until the floor has read them
		test(w, c)
	})
}

func TestANoGivesTheAgentAnotherLeadUnseen(t *testing.T) {
	t.Parallel()
	withCRM(t, false, func(w *world, c *crms) {
		until := clock().Add(time.Hour)
		c.says[1] = campaign.PreCallAnswer{NotBefore: until, Reason: "in dispute"}
		w.agent(1, 1)
		w.lead(1, nil)
		w.lead(2, nil)
		d := w.desk(1)
		if got := d.leads(); len(got) != 1 || got[0] != 2 {
			t.Fatalf("offered %v, want lead 2 alone", got)
		}
		if q := c.asked[0]; q.Lead != 1 || q.Login != "a1" || q.Campaign != 1 {
			t.Errorf("asked %+v", q)
		}
		w.change(func() {
			if l := w.leads[1]; l.gate != "held_off" || !l.openAt.Equal(until.Truncate(time.Second)) && !l.openAt.Equal(until.Truncate(time.Second).Add(time.Second)) {
				t.Errorf("lead 1 is held off by %q until %v, want %v", l.gate, l.openAt, until)
			}
			w.leads[1].gate = ""
			w.leads[1].guard = time.Time{}
		})
		c.set(func() { clear(c.says) })
		d.work()
		w.sleep(5 * time.Second)
		if got := d.leads(); len(got) != 2 || got[1] != 1 {
			t.Errorf("then offered %v, want lead 1, asked about again (%v)", got, c.leads())
		}
	})
}

func TestWithoutAnAnswerACampaignOffersOrHoldsOff(t *testing.T) {
	t.Parallel()
	for name, closed := range map[string]bool{"open": false, "closed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withCRM(t, closed, func(w *world, c *crms) {
				c.down = true
				w.agent(1, 1)
				w.lead(1, nil)
				d := w.desk(1)
				if got := len(d.leads()); got == 1 == closed {
					t.Fatalf("%d offers", got)
				}
				if !closed {
					return
				}
				w.change(func() {
					if l := w.leads[1]; l.openAt.Sub(clock()) > campaign.HoldSilent+time.Second {
						t.Errorf("held off until %v", l.openAt)
					}
				})
				c.set(func() { c.down = false })
				w.sleep(2 * time.Minute)
				if got := d.leads(); len(got) != 1 {
					t.Errorf("after the CRM came back %v were offered", got)
				}
			})
		})
	}
}

func TestACRMThatHangsDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	withCRM(t, true, func(w *world, c *crms) {
		c.hangs = true
		const n = 64
		for i := range campaign.LeadID(n) {
			w.agent(campaign.AgentID(i+1), 1)
			w.agent(campaign.AgentID(n+i+1), 2)
			w.lead(i+1, nil)
			w.lead(n+i+1, func(l *fakeLead) { l.camp = 2 })
		}
		var asking, others []*asked
		for i := range campaign.AgentID(n) {
			asking = append(asking, w.next(i+1, time.Second))
		}
		for i := range campaign.AgentID(n) {
			others = append(others, w.next(n+i+1, time.Second))
		}
		for _, a := range others {
			if a.lead() == 0 || a.at.Sub(a.from) > 100*time.Millisecond {
				t.Fatalf("an agent of another campaign got lead %d after %v", a.lead(), a.at.Sub(a.from))
			}
		}
		for _, a := range asking {
			if a.lead() != 0 {
				t.Error("a lead was offered without an answer")
			}
		}
		if len(c.leads()) != n {
			t.Errorf("%d were asked about", len(c.leads()))
		}
	})
}

func TestNextCallWaitsForAnAnswerThatIsUnderWay(t *testing.T) {
	t.Parallel()
	withCRM(t, false, func(w *world, c *crms) {
		c.hangs = true
		w.agent(1, 1)
		w.lead(1, nil)
		a := w.next(1, 500*time.Millisecond)
		if a.lead() != 1 {
			t.Fatalf("got lead %d, %v", a.lead(), a.err)
		}
		if took := a.at.Sub(a.from); took < 2*time.Second || took > 3*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

func TestALeadOfAnotherNodeIsAskedAboutBeforeItIsShown(t *testing.T) {
	t.Parallel()
	withCRM(t, false, func(w *world, c *crms) {
		w.agent(1, 1)
		w.lead(1, nil)
		c.hangs = true
		a := w.next(1, time.Second) // asking; the agent signs in with a stream meanwhile
		c.set(func() { c.hangs = false; c.says[1] = campaign.PreCallAnswer{Reason: "no"} })
		other := w.node("there", Options{Checks: c})
		_, _, held, err := other.SignIn(w.Context(), 1, true)
		if err != nil || held != nil {
			t.Errorf("the other node showed %v, %v", held, err)
		}
		if a.lead() != 0 {
			t.Errorf("this node showed lead %d", a.lead())
		}
		other.Drain()
	})
}

func TestAPromiseThatIsHeldOffIsNotOfferedBefore(t *testing.T) {
	t.Parallel()
	withCRM(t, false, func(w *world, c *crms) {
		w.agent(1, 1)
		w.promise(1, 1, time.Minute)
		d := w.desk(1)
		c.set(func() {
			c.says[1] = campaign.PreCallAnswer{NotBefore: clock().Add(3 * time.Minute), Reason: "at the doctor's"}
		})
		w.sleep(2 * time.Minute)
		if got := d.leads(); len(got) != 0 || len(c.leads()) != 1 {
			t.Fatalf("offered %v, asked about %v", got, c.leads())
		}
		c.set(func() { clear(c.says) })
		w.sleep(2 * time.Minute)
		if got := d.leads(); len(got) != 1 || !c.asked[0].PromisedAt.Equal(d.offers[0].Facts.Promise.At) {
			t.Errorf("offered %v", got)
		}
	})
}

func TestALeadThatWasChosenIsRefusedInWords(t *testing.T) {
	t.Parallel()
	withCRM(t, false, func(w *world, c *crms) {
		c.says[1] = campaign.PreCallAnswer{Reason: "in dispute"}
		c.says[2] = campaign.PreCallAnswer{Reason: "deceased", Withdraw: true}
		w.agent(1, 1)
		w.lead(1, func(l *fakeLead) { l.guard = clock().Add(time.Hour) })
		w.lead(2, func(l *fakeLead) { l.guard = clock().Add(time.Hour) })
		for lead, want := range map[campaign.LeadID]string{1: "the CRM said: in dispute; it may be from", 2: "the CRM said: deceased; the lead was withdrawn"} {
			got, session, err := w.floor.PickLead(w.Context(), 1, 0, lead)
			if got != nil || campaign.ReasonOf(err) != campaign.ReasonNotCallable || !strings.Contains(err.Error(), want) || session.State != campaign.AgentReady {
				t.Errorf("lead %d: %v, %s, %v; want %q", lead, got, session.State, err, want)
			}
		}
		w.change(func() {
			if !w.leads[2].done {
				t.Error("the lead was not withdrawn")
			}
		})
	})
}

func TestANoIsWrittenDownThoughTheRecordFails(t *testing.T) {
	t.Parallel()
	withCRM(t, false, func(w *world, c *crms) {
		c.says[1] = campaign.PreCallAnswer{Reason: "no"}
		w.fails["HoldOff"] = 3
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		w.sleep(time.Second)
		if got := d.leads(); len(got) != 0 || w.count("HoldOff") != 4 {
			t.Errorf("offered %v after %d tries", got, w.count("HoldOff"))
		}
		w.state(1, campaign.AgentReady, ReasonRevoked)
	})
}

func TestANodeThatStopsHoldsNothingOff(t *testing.T) {
	t.Parallel()
	withCRM(t, true, func(w *world, c *crms) {
		c.hangs = true
		w.agent(1, 1)
		w.lead(1, nil)
		a := w.next(1, time.Minute)
		w.floor.Drain()
		if a.lead() != 0 {
			t.Errorf("it offered lead %d", a.lead())
		}
		synctest.Wait()
		if n := w.count("HoldOff"); n != 0 {
			t.Errorf("it held off %d leads", n)
		}
	})
}
