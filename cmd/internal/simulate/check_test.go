package simulate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

// halfway is a world with one agent who has a lead in hand and is about to dial it.
func halfway(t *testing.T) (*world, *agent, *lead) {
	t.Helper()
	s := scenario(t, `"start":"2026-03-02","days":2`, `"outcomes":`+far(0, "SUCCESS", "NO_ANSWER"), oneAllDay, `"lists":[{`+leads("+9991", "+9992")+`}]`,
		`"campaigns":[{"name":"c","rules":{"caps":[{"scope":"person","max":2,"period":"24h"}]}}]`)
	w, err := newWorld(t.Context(), s, Options{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	w.at(utc(t, "2026-03-02T09:00:00Z").UnixMilli())
	a := w.agents[0]
	if err := w.turned(a); err != nil {
		t.Fatal(err)
	}
	if err := w.dispatch(); err != nil || a.held == nil {
		t.Fatalf("the agent has nothing in hand: %v", err)
	}
	if err := w.check.walk(); err != nil {
		t.Fatal(err)
	}
	return w, a, a.held
}

// Each invariant is broken once, and the check that must see it does.
func TestEveryBreachIsSeen(t *testing.T) {
	t.Parallel()
	at := func(w *world, s string) time.Time {
		w.at(utc(t, s).UnixMilli())
		return w.now
	}
	for name, c := range map[string]struct {
		invariant string
		harm      func(w *world, a *agent, l *lead) error
	}{
		"a lead at two agents": {"I1", func(w *world, a *agent, l *lead) error {
			return w.check.free(&agent{name: "bob"}, l)
		}},
		"two leads at an agent": {"I1", func(w *world, a *agent, l *lead) error {
			return w.check.free(a, w.leads[1])
		}},
		"a hand and a session that disagree": {"I1", func(w *world, a *agent, l *lead) error {
			a.session.Assignment = 0
			return w.check.walk()
		}},
		"sooner than the interval": {"I3", func(w *world, a *agent, l *lead) error {
			l.Tries = append(l.Tries, campaign.Try{PlacedAt: at(w, "2026-03-02T10:00:00Z"), Outcome: campaign.NoAnswer, Number: "+9991"})
			return w.check.call(a, l, at(w, "2026-03-02T13:59:59Z"))
		}},
		"a fourth call on a day": {"I3", func(w *world, a *agent, l *lead) error {
			for _, s := range []string{"2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z"} {
				l.Tries = append(l.Tries, campaign.Try{PlacedAt: utc(t, s), Outcome: campaign.NoAnswer, Number: "+9991"})
			}
			return w.check.call(a, l, at(w, "2026-03-02T20:00:00Z"))
		}},
		"a cap by the ledger": {"I3", func(w *world, a *agent, l *lead) error {
			w.check.ledger.placed(l, "+9991", utc(t, "2026-03-02T10:00:00Z"))
			w.check.ledger.placed(l, "+9991", utc(t, "2026-03-02T11:00:00Z"))
			return w.check.call(a, l, at(w, "2026-03-03T09:59:59Z"))
		}},
		"after the campaign": {"I4", func(w *world, a *agent, l *lead) error {
			l.home.floor.Rules.ExpiresAt = utc(t, "2026-03-02T10:00:00Z")
			return w.check.call(a, l, at(w, "2026-03-02T10:00:00Z"))
		}},
		"outside the hours": {"I4", func(w *world, a *agent, l *lead) error {
			return w.check.call(a, l, at(w, "2026-03-02T21:00:00Z"))
		}},
		"a suppressed number": {"I5", func(w *world, a *agent, l *lead) error {
			w.check.suppressed(a.call.number)
			return w.check.call(a, l, at(w, "2026-03-02T10:00:00Z"))
		}},
		"a promise forgotten": {"I6", func(w *world, a *agent, l *lead) error {
			w.promises.made++
			return w.check.walk()
		}},
		"a promise whose grace is over": {"I6", func(w *world, a *agent, l *lead) error {
			o := w.leads[1]
			o.promise = &promise{lead: o, Appointment: campaign.Appointment{GraceEnd: utc(t, "2026-03-02T08:00:00Z")}}
			w.promises.made++
			return w.check.walk()
		}},
		"a lead that is nowhere": {"I7", func(w *world, a *agent, l *lead) error {
			w.leads[1].gen++
			return w.check.walk()
		}},
		"a lead that is gone": {"I7", func(w *world, a *agent, l *lead) error {
			w.leads = w.leads[:1]
			return w.check.walk()
		}},
		"time that runs backwards": {"time", func(w *world, a *agent, l *lead) error {
			return w.check.time(w.ms - 1)
		}},
		"an illegal move": {"agent", func(w *world, a *agent, l *lead) error {
			return w.moved(a, campaign.Session{State: campaign.AgentWrapUp, Since: w.now})
		}},
		"a call that nobody placed": {"agent", func(w *world, a *agent, l *lead) error {
			next := a.session
			next.State = campaign.AgentOnCall
			return w.moved(a, next)
		}},
	} {
		w, a, l := halfway(t)
		var b *Breach
		if err := c.harm(w, a, l); !errors.As(err, &b) || b.Invariant != c.invariant {
			t.Errorf("%s: %v, want a breach of %s", name, err, c.invariant)
			continue
		}
		if w.check.failed == nil || w.check.end() == nil {
			t.Errorf("%s: the simulation would go on", name)
		}
		if b.Lead != 0 && !strings.Contains(b.Error(), "numbers [+999") {
			t.Errorf("%s: the breach lacks the lead's history:\n%v", name, b)
		}
	}
}

// A promise waives the campaign's own interval and caps; nothing waives the hours but the customer's insisting.
func TestWhatAPromiseWaivesIsNoBreach(t *testing.T) {
	t.Parallel()
	w, a, l := halfway(t)
	l.Tries = append(l.Tries, campaign.Try{PlacedAt: w.now, Outcome: campaign.NoAnswer, Number: "+9991"})
	at := w.now.Add(time.Minute)
	a.call.promise = &promise{Appointment: campaign.Appointment{State: campaign.AppointmentOpen, At: at}}
	if err := w.check.call(a, l, at); err != nil {
		t.Error(err)
	}
	late := utc(t, "2026-03-02T22:00:00Z")
	if err := w.check.hours(l, "+9991", late); err == nil {
		t.Error("a promise outside the hours is no breach though nobody insisted")
	}
	a.call.promise.Insisted = true
	if err := w.check.call(a, l, late); err != nil {
		t.Error(err)
	}
}
