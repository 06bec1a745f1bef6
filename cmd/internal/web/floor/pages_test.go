package floor

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// has fails unless a page has all of these, in this order.
func has(t *testing.T, body string, words ...string) {
	t.Helper()
	rest := body
	for _, w := range words {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Fatalf("%q is not there, or not in its place, in:\n%.4000s", w, body)
		}
		rest = after
	}
}

func TestTheFloorShowsAgentsByStateTheLongestFirst(t *testing.T) {
	t.Parallel()
	a := &api{agents: []*pb.FloorAgent{
		person(1, campaignpb.AgentState_AGENT_STATE_BREAK, began.Add(-time.Hour)), person(2, campaignpb.AgentState_AGENT_STATE_ON_CALL, began.Add(-time.Minute)),
		person(3, campaignpb.AgentState_AGENT_STATE_ON_CALL, began.Add(-time.Hour)),
	}}
	h := pages(t, a)
	w := ask(t, h, "/floor", nil)
	has(t, w.Body.String(), `data-live="/floor/live?campaign=0"`, `data-state="on_call"`, "Agent Number 3", "/leads/1003", "Agent Number 2", `data-state="break"`, "Agent Number 1", "spring", "25 %")
	if strings.Contains(w.Body.String(), ">gone<") {
		t.Error("a finished campaign is offered to choose")
	}
	w = ask(t, h, "/floor?q=NUMBER+2", nil)
	if body := w.Body.String(); !strings.Contains(body, "Agent Number 2") || strings.Contains(body, "Agent Number 3</th>") {
		t.Error("the name does not choose")
	}
	if w := ask(t, h, "/floor?campaign=x", nil); w.Code != http.StatusBadRequest {
		t.Errorf("campaign x: %d", w.Code)
	}
}

func TestWhoMayNotSeeTheFloorSeesWhatIsAhead(t *testing.T) {
	t.Parallel()
	w := ask(t, pages(t, &api{denied: true}), "/floor", nil)
	has(t, w.Body.String(), `id="floor-denied"`, `data-part="/floor/ahead`)
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "data-live") || strings.Contains(w.Body.String(), "/floor/late") {
		t.Errorf("%d: parts are shown that the API does not give", w.Code)
	}
}

func TestAnAgentIsHelpedInWordsThatSayWhatHappens(t *testing.T) {
	t.Parallel()
	a := &api{agents: crowd(3), promises: promised(2, "agent1")}
	h := pages(t, a)
	has(t, ask(t, h, "/floor/agent?login=agent1", nil).Body.String(), "Agent Number 1", `value="ready"`, "The call and its outcome are left alone",
		`value="signed_out"`, "a call without an outcome is recorded as unknown", "Give away promises: 2")
	a.agents[0].Session.AssignmentId = 0
	has(t, ask(t, h, "/floor/agent?login=agent0", nil).Body.String(), "a campaign that you do not see")
	has(t, ask(t, h, "/floor/agent?login=away", nil).Body.String(), "is not signed in")
	if w := ask(t, h, "/floor/agent?login=nobody", nil); w.Code != http.StatusNotFound {
		t.Errorf("nobody: %d", w.Code)
	}
	if w := ask(t, h, "/floor/state", url.Values{"agent": {"agent2"}, "state": {"break"}, "reason": {" "}}); w.Code != http.StatusBadRequest || a.state != nil {
		t.Errorf("without a reason: %d, %v", w.Code, a.state)
	}
	for login, did := range map[string]string{"agent2": "state", "agent1": "kept"} {
		w := ask(t, h, "/floor/state", url.Values{"agent": {login}, "state": {"break"}, "reason": {"stuck"}})
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/floor?did="+did {
			t.Errorf("%s: %d %s", login, w.Code, w.Header().Get("Location"))
		}
		if a.state.GetAgent() != login || a.state.GetState() != campaignpb.AgentState_AGENT_STATE_BREAK || a.state.GetReason() != "stuck" {
			t.Errorf("asked %v", a.state)
		}
	}
	has(t, ask(t, h, "/floor?did=kept", nil).Body.String(), "Kept for after the call.")
}

// promised are open promises of an owner, the first of them late.
func promised(n int, owner string) []*pb.OpenPromise {
	out := make([]*pb.OpenPromise, n)
	for i := range out {
		at := began.Add(time.Duration(i)*10*time.Minute - 5*time.Minute)
		out[i] = &pb.OpenPromise{LeadName: fmt.Sprint("Lead ", i), Appointment: &campaignpb.Appointment{
			Id: int64(i + 1), LeadId: int64(i + 100), OwnerLogin: owner, Local: "2026-03-02T09:55", Zone: "Europe/Paris",
			At: timestamppb.New(at), GraceEnd: timestamppb.New(at.Add(15 * time.Minute)),
		}}
	}
	return out
}

// All of an agent's promises are handed over, though that changes the pages of the list; one that was closed meanwhile
// is counted, and nothing else is touched.
func TestAllPromisesOfAnAgentAreHandedOver(t *testing.T) {
	t.Parallel()
	a := &api{promises: append(promised(1205, "ann"), promised(1, "bob")...)}
	h := pages(t, a)
	if w := ask(t, h, "/floor/hand-over", url.Values{"to": {"bob"}, "reason": {"ill"}}); w.Code != http.StatusBadRequest || len(a.reassigned) != 0 {
		t.Fatalf("of nobody: %d, %d handed over", w.Code, len(a.reassigned))
	}
	w := ask(t, h, "/floor/hand-over", url.Values{"from": {"ann"}, "to": {"bob"}, "reason": {"ill"}})
	if at := w.Header().Get("Location"); at != "/floor?did=handed&n=900&n=100" {
		t.Errorf("%d %s", w.Code, at)
	}
	seen := map[int64]bool{}
	for _, r := range a.reassigned {
		if seen[r.GetAppointmentId()] || r.GetOwner() != "bob" || r.GetReason() != "ill" {
			t.Fatalf("asked %v", r)
		}
		seen[r.GetAppointmentId()] = true
	}
	has(t, ask(t, h, "/floor?did=handed&n=900&n=100", nil).Body.String(), "Promises handed over: 900. Closed meanwhile: 100.")
}

func TestPromisesAreShownWithLatenessAndPaged(t *testing.T) {
	t.Parallel()
	a := &api{promises: promised(60, "ann")}
	h := pages(t, a)
	body := ask(t, h, "/floor/promises?campaign=1", nil).Body.String()
	has(t, body, "2026-03-02 09:55", "Europe/Paris", "late by 5:00", "/leads/100", "ann", `name="appointment" value="1"`, "in 5:00", `href="/floor/promises?campaign=1&amp;page=50"`)
	w := ask(t, h, "/floor/reassign", url.Values{"appointment": {"3"}, "to": {""}, "reason": {"ill"}})
	if w.Code != http.StatusSeeOther || len(a.reassigned) != 1 || a.reassigned[0].GetOwner() != "" || a.reassigned[0].GetAppointmentId() != 3 {
		t.Errorf("%d %v", w.Code, a.reassigned)
	}
	if w := ask(t, h, "/floor/reassign", url.Values{"appointment": {"7"}, "reason": {"ill"}}); w.Code != http.StatusConflict {
		t.Errorf("a closed one: %d", w.Code)
	}
}

func TestMissedAndLateAreShownAndJudged(t *testing.T) {
	t.Parallel()
	open := promised(1, "ann")[0]
	a := &api{
		missed: []*pb.Missed{{Appointment: open.GetAppointment(), LeadName: "Zoë", LeadState: campaignpb.LeadState_LEAD_STATE_EXHAUSTED}},
		late: []*pb.LateOutcome{{
			AssignmentId: 8, LeadId: 4, LeadName: "Li", AgentLogin: "ann", Outcome: campaignpb.Outcome_OUTCOME_NO_ANSWER, Code: "NO_ANSWER", Note: "rang <b>long</b>",
			PlacedAt: timestamppb.New(began.Add(-time.Hour)), ReceivedAt: timestamppb.New(began.Add(-30 * time.Minute)),
		}},
	}
	h := pages(t, a)
	has(t, ask(t, h, "/floor/missed", nil).Body.String(), "5:00 ago", "Zoë", "ann", "Limits reached")
	has(t, ask(t, h, "/floor/late", nil).Body.String(), "came after 30:00", "Li", "No answer", "rang &lt;b&gt;long", `value="8"`, "becomes this outcome", "changes nothing")
	for word, want := range map[string]pb.Judgement{"apply": pb.Judgement_JUDGEMENT_APPLY, "dismiss": pb.Judgement_JUDGEMENT_DISMISS} {
		w := ask(t, h, "/floor/judge", url.Values{"assignment": {"8"}, "judgement": {word}})
		if w.Code != http.StatusSeeOther || a.judged.GetJudgement() != want || a.judged.GetAssignmentId() != 8 {
			t.Errorf("%s: %d %v", word, w.Code, a.judged)
		}
	}
}

func TestTheChartStacksZonesAndHasATable(t *testing.T) {
	t.Parallel()
	a := &api{}
	for i := range 8 {
		z := &schedulerpb.ForecastZone{Zones: fmt.Sprintf("Zone/%d", i), Callable: int64(10 * (8 - i))}
		for range 24 {
			z.Hours = append(z.Hours, &schedulerpb.ForecastHour{Callable: int64(10 * (8 - i))})
		}
		a.zones = append(a.zones, z)
	}
	body := ask(t, pages(t, a), "/floor/ahead", nil).Body.String()
	// The five largest sets of zones, and the other three (30 + 20 + 10) as one.
	has(t, body, "<svg", ">360</text>", `class="z0" x="0.0" y="124.4"`, `height="35.6"`, "Zone/0", "other zones", "10:00", ">80</td>", ">60</td><td class=\"n\">360</td>", "Zone/4", "other zones", "outside calling hours", "/leads/77")
	if n := strings.Count(body, "<rect"); n != 24*6 {
		t.Errorf("%d pieces", n)
	}
}

func TestAgentsMayBeExpected(t *testing.T) {
	t.Parallel()
	h := pages(t, &api{})
	has(t, ask(t, h, "/floor/ahead", nil).Body.String(), `value="" placeholder="5"`, "5 × 12.0/h")
	has(t, ask(t, h, "/floor/ahead?agents=40", nil).Body.String(), `value="40"`, "40 × 12.0/h")
	has(t, ask(t, h, "/floor/ahead?agents=99999999999", nil).Body.String(), "100000 × 12.0/h")
	for _, bad := range []string{"-1", "many"} {
		if w := ask(t, h, "/floor/ahead?agents="+bad, nil); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}

// A page holds few rows; the live part brings all of them, and those without a script turn pages.
func TestAPageOfFiveHundredAgentsIsShort(t *testing.T) {
	t.Parallel()
	h := pages(t, &api{agents: crowd(500)})
	seen := map[string]bool{}
	for from := 0; from < 500; from += rowsMost {
		w := ask(t, h, fmt.Sprintf("/floor?from=%d", from), nil)
		body, rows := w.Body.String(), 0
		for part := range strings.SplitSeq(body, `<tr data-id="`) {
			if id, _, ok := strings.Cut(part, `" data-state="on_call"`); ok && len(id) < 5 {
				rows, seen[id] = rows+1, true
			}
		}
		if more := strings.Contains(body, fmt.Sprintf("from=%d", from+rowsMost)); rows != rowsMost || more != (from+rowsMost < 500) {
			t.Fatalf("from %d: %d rows, more %v", from, rows, more)
		}
		if len(body) > 60_000 {
			t.Errorf("the page takes %d bytes", len(body))
		}
		has(t, body, `<b data-count="all">500</b>`, `<b data-count="on_call">500</b>`)
	}
	if len(seen) != 500 {
		t.Errorf("%d agents in all pages", len(seen))
	}
}
