package dialer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

var t0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var testSet = Settings{Heartbeat: 45 * time.Second, OfferTime: 20 * time.Second, WrapUp: 60 * time.Second,
	Lease: 90 * time.Second, OutcomeWait: 10 * time.Minute}

const held = campaign.AssignmentID(7)

// stations are every kind of session that the floor knows, as they are 10 s after they began. The agent was last
// heard 5 s ago.
func stations() map[string]campaign.Session {
	since := t0.Add(-10 * time.Second)
	at := func(state campaign.AgentState, reason string, a campaign.AssignmentID, deadline time.Duration) campaign.Session {
		s := campaign.Session{AgentID: 1, State: state, Reason: reason, Since: since, Node: "n1", Epoch: 3,
			HeartbeatAt: t0.Add(-5 * time.Second), Assignment: a, Deadline: since.Add(deadline)}
		if state == campaign.AgentSignedOut {
			s.Node, s.Deadline = "", time.Time{}
		}
		return s
	}
	return map[string]campaign.Session{
		"signed_out": at(campaign.AgentSignedOut, ReasonSignedOut, 0, 0),
		"ready":      at(campaign.AgentReady, ReasonAsked, 0, 50*time.Second),
		"offered":    at(campaign.AgentOffered, "", held, 20*time.Second),
		"on_call":    at(campaign.AgentOnCall, "", held, 95*time.Second),
		"wrap_open":  at(campaign.AgentWrapUp, ReasonCallEnded, held, 60*time.Second),
		"overdue":    at(campaign.AgentWrapUp, ReasonOutcomeOverdue, held, 95*time.Second),
		"wrap_done":  at(campaign.AgentWrapUp, ReasonConcluded, 0, 60*time.Second),
		"break":      at(campaign.AgentBreak, "lunch", 0, 50*time.Second),
	}
}

var tableEvents = map[string]Event{
	"sign_in":       SignIn{Node: "n2"},
	"sign_out":      SignOut{Epoch: 3},
	"want_ready":    WantReady{Epoch: 3},
	"want_break":    WantBreak{Reason: "tea", Epoch: 3},
	"heartbeat":     Heartbeat{Epoch: 3},
	"offer":         Offer{Assignment: 8},
	"start":         Start{Assignment: held, Epoch: 3},
	"declined":      Declined{Assignment: held, Reason: "know them", Epoch: 3},
	"call_ended":    CallEnded{Assignment: held},
	"concluded":     Concluded{Assignment: held},
	"revoked":       Revoked{Assignment: held, Reason: "suppressed"},
	"lapsed":        Lapsed{Assignment: held},
	"timer":         Timer{},
	"force_ready":   Forced{State: campaign.AgentReady, Reason: "busy hour", By: "ann"},
	"force_break":   Forced{State: campaign.AgentBreak, Reason: "coaching", By: "ann"},
	"force_out":     Forced{State: campaign.AgentSignedOut, Reason: "stuck", By: "ann"},
	"force_on_call": Forced{State: campaign.AgentOnCall, Reason: "why not", By: "ann"},
}

// describe writes what a step did: state(reason) #assignment ->wish: actions, or the refusal.
func describe(next campaign.Session, acts []Action, err error) string {
	if err != nil {
		if v := campaign.ReasonOf(err); v != "" {
			return "refused " + v
		}
		return "refused " + err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s(%s)", next.State, next.Reason)
	if next.Assignment != 0 {
		fmt.Fprintf(&b, " #%d", next.Assignment)
	}
	if next.Next != "" {
		fmt.Fprintf(&b, " ->%s(%s)", next.Next, next.NextReason)
	}
	for i, a := range acts {
		b.WriteString([]string{": ", ", "}[min(i, 1)])
		switch a := a.(type) {
		case Release:
			fmt.Fprintf(&b, "release #%d %s %s", a.Assignment, a.As, a.Reason)
		case GiveUp:
			fmt.Fprintf(&b, "give up #%d %s", a.Assignment, a.Reason)
		case Notify:
			fmt.Fprintf(&b, "notify %s", a.Reason)
		}
	}
	return b.String()
}

func TestEveryEventInEveryStateIsTheTable(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(stepTable) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		cells := strings.SplitN(line, "|", 3)
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		s, okS := stations()[cells[0]]
		ev, okE := tableEvents[cells[1]]
		if !okS || !okE {
			t.Fatalf("unknown row %q", line)
		}
		seen[cells[0]+cells[1]] = true
		next, acts, err := Step(s, t0, ev, testSet)
		if got := describe(next, acts, err); got != cells[2] {
			t.Errorf("%s + %s:\n got  %s\n want %s", cells[0], cells[1], got, cells[2])
		}
		if err != nil && next != s {
			t.Errorf("%s + %s: refused, yet the session changed: %+v", cells[0], cells[1], next)
		}
	}
	if want := len(stations()) * len(tableEvents); len(seen) != want {
		t.Errorf("the table has %d rows, there are %d states x events", len(seen), want)
	}
}

// TestDeadlinesActInEveryState feeds Timer when the deadline has come, with the desktop there and gone.
func TestDeadlinesActInEveryState(t *testing.T) {
	var got []string
	for _, name := range []string{"signed_out", "ready", "offered", "on_call", "wrap_open", "overdue", "wrap_done", "break"} {
		for _, there := range []bool{true, false} {
			s := stations()[name]
			at := t0.Add(11 * time.Minute)
			if there {
				s.HeartbeatAt = at.Add(-time.Second)
				s.Deadline = earlier(at, s.Deadline)
			}
			next, acts, err := Step(s, at, Timer{}, testSet)
			got = append(got, fmt.Sprintf("%s there=%t | %s", name, there, describe(next, acts, err)))
			if err == nil && !next.Deadline.IsZero() && !next.Deadline.After(at) {
				t.Errorf("%s there=%t: the next deadline is not ahead: the timer would spin", name, there)
			}
		}
	}
	if want := strings.Split(strings.TrimSpace(timerTable), "\n"); !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
