package desk

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page/pagetest"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// has says what of a text is missing.
func has(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not in\n%s", s, text)
		}
	}
}

func TestThePageShowsTheCardInHandAndSignsNobodyIn(t *testing.T) {
	w := onDesk(t)
	w.set(func() { w.card, w.session.State = offered(), campaignpb.AgentState_AGENT_STATE_OFFERED })
	code, text := w.ask("GET", "/desk", "", "en")
	if code != http.StatusOK {
		t.Fatal(code, text)
	}
	has(t, text, `data-assignment="41"`, "Zoë <b>Quist</b>", "+44•••31", "16:04", "Europe/Paris", "Hello Zoë", "fibre", "rang <long>",
		"A retry is due. Attempt 2; the last was No answer at 12:04:00 Europe/Paris.", `data-code="SOLD" data-outcome="SUCCESS" data-key="1"`, "sold it",
		`data-key="2"`, "Calls before")
	if strings.Contains(text, "ZgotmplZ") {
		t.Error("a value was thrown away by the template")
	}
	if len(w.asked) != 1 {
		t.Errorf("asked %v", w.asked)
	}
	if _, text = w.ask("GET", "/desk", "", "zh"); !strings.Contains(text, "第 2 次拨打；上次结果：无人接听") {
		t.Error("no Chinese reason in", text)
	}
	w.set(func() { w.card.History, w.card.HistoryUnread = nil, true })
	_, text = w.ask("GET", "/desk", "", "en")
	has(t, text, "the history cannot be read just now")
	if strings.Contains(text, "Nobody has called before") {
		t.Error("an unread history is shown as none")
	}
}

func TestACallUnderWayShowsItsNumber(t *testing.T) {
	w := onDesk(t)
	w.set(func() {
		w.card, w.session.State = offered(), campaignpb.AgentState_AGENT_STATE_WRAP_UP
		w.card.PlacedAt, w.card.Number, w.card.TelUri = timestamppb.New(now), "+441134960431", "tel:+441134960431"
	})
	_, text := w.ask("GET", "/desk", "", "en")
	has(t, text, `data-stage="ended"`, "+441134960431", `href="tel:+441134960431"`)
	w.set(func() { w.card.TelUri = "javascript:alert(1)" })
	if _, text = w.ask("GET", "/desk", "", "en"); strings.Contains(text, "javascript:") {
		t.Error("a link that dials nothing is shown")
	}
}

func TestActsAreSentAsTheyAre(t *testing.T) {
	w := onDesk(t)
	w.set(func() { w.card = offered() })
	code, text := w.ask("POST", "/desk/call", `{"assignment_id":"41"}`, "en")
	if r, ok := w.last().(*pb.StartCallRequest); code != http.StatusOK || !ok || r.GetAssignmentId() != 41 || !strings.Contains(text, `"telUri":"tel:+441134960431"`) {
		t.Errorf("call: %d %s, asked %v", code, text, w.last())
	}
	body := `{"assignment_id":"41","code":"SOLD","note":"fine","ended_at":"2026-03-02T15:03:00Z","next_wait":"60s"}`
	code, text = w.ask("POST", "/desk/outcome", body, "en")
	r, ok := w.last().(*pb.RecordOutcomeRequest)
	if code != http.StatusOK || !ok || r.GetCode() != "SOLD" || r.GetNote() != "fine" || r.GetNextWait() != nil || strings.Contains(text, `"card"`) {
		t.Errorf("outcome: %d %s, asked %v", code, text, w.last())
	}
	_, text = w.ask("POST", "/desk/outcome?next=1", body, "en")
	if r, ok = w.last().(*pb.RecordOutcomeRequest); !ok || r.GetNextWait() == nil || r.GetNextWait().AsDuration() != 0 {
		t.Errorf("asked %v", w.last())
	}
	var got struct {
		Session session
		Card    string
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Session.Epoch != 3 || got.Session.State != "ready" || got.Session.Now != now.UnixMilli() {
		t.Errorf("answer %v %s", err, text)
	}
	has(t, got.Card, `id="card"`, `data-assignment="41"`)
	if code, _ = w.ask("POST", "/desk/pick", `{"lead_id":"nobody"}`, "en"); code != http.StatusBadRequest {
		t.Errorf("a request that is none: %d", code)
	}
}

func TestARefusalIsSaidInTheReadersWords(t *testing.T) {
	w := onDesk(t)
	w.set(func() {
		w.fails = refusing(codes.InvalidArgument, "booking_outside_hours", "10 at night is outside", map[string]string{"after": "2026-03-03T09:00"})
	})
	code, text := w.ask("POST", "/desk/outcome", `{"assignment_id":"41","code":"APPOINTMENT"}`, "zh")
	if code != http.StatusBadRequest {
		t.Error(code)
	}
	has(t, text, "该时间不在客户的可拨打时段内", "2026-03-03T09:00", "booking_outside_hours")
	w.set(func() {
		w.fails = refusing(codes.FailedPrecondition, campaign.ReasonLeaseExpired, "the card is gone", nil)
	})
	if code, text = w.ask("POST", "/desk/call", `{"assignment_id":"41"}`, "en"); code != http.StatusConflict {
		t.Error(code)
	}
	has(t, text, "the card is gone", campaign.ReasonLeaseExpired)
	if code, _ = w.ask("GET", "/desk/callbacks", "", "en"); code != http.StatusConflict {
		t.Error(code)
	}
	if code, _ = w.ask("GET", "/desk/day", "", "en"); code != http.StatusConflict {
		t.Error(code)
	}
}

func TestWhatLiesBesideTheCard(t *testing.T) {
	w := onDesk(t)
	at := now.Add(-time.Minute)
	w.set(func() {
		w.rows = &pb.ListCallbacksResponse{NextPageToken: "20", Callbacks: []*pb.Callback{
			{LeadId: 5, Name: "Zoë", CampaignName: "spring", DueAt: timestamppb.New(at), Appointment: &campaignpb.Appointment{Id: 8, Local: "2026-03-02T16:03", Zone: "Europe/Paris"}},
			{LeadId: 6, Name: "Max", DueAt: timestamppb.New(now.Add(time.Hour))},
		}}
		w.day = &pb.GetMyDayResponse{
			Date: "2026-03-02", Zone: "Europe/London", Attempts: 12, Connects: 5, Successes: 2, Handled: 4, WhyNone: "none of your campaigns is running",
			Last: &pb.LastCall{
				Attempt:  &campaignpb.Attempt{AssignmentId: 40, LeadId: 4, Code: "SOLD", Outcome: campaignpb.Outcome_OUTCOME_SUCCESS, Note: "two", RecordedAt: timestamppb.New(at)},
				LeadName: "Ida", Outcomes: offered().GetOutcomes(), CorrectUntil: timestamppb.New(now.Add(time.Hour)),
			},
		}
	})
	_, text := w.ask("GET", "/desk/callbacks?till=1772463600000&page=20", "", "en")
	if r, ok := w.last().(*pb.ListCallbacksRequest); !ok || r.GetBefore().AsTime().UnixMilli() != 1772463600000 || r.GetPageToken() != "20" {
		t.Errorf("asked %v", w.last())
	}
	has(t, text, `class="late"`, `data-appointment="8"`, "2026-03-02 16:03", `data-do="move"`, `data-page="20"`, "Call later")
	if n := strings.Count(text, `data-do="move"`); n != 1 {
		t.Errorf("%d rows can be moved", n)
	}
	_, text = w.ask("GET", "/desk/day?due=1", "", "zh")
	if r, ok := w.last().(*pb.GetMyDayRequest); !ok || !r.GetNextDue() {
		t.Errorf("asked %v", w.last())
	}
	var day struct{ Figures, Last, Why string }
	if err := json.Unmarshal([]byte(text), &day); err != nil {
		t.Fatal(err)
	}
	has(t, day.Figures, `data-figure="attempts">12<`, `data-figure="connects">5<`, "Europe/London")
	has(t, day.Last, "Ida", "sold it", `id="correct"`, `value="SOLD" data-outcome="SUCCESS" selected`, "two")
	if day.Why != "您的外呼活动都没有在运行" {
		t.Errorf("why nothing: %q", day.Why)
	}
	w.set(func() { w.day.Last.CorrectUntil = timestamppb.New(now) })
	if _, text = w.ask("GET", "/desk/day", "", "en"); strings.Contains(text, "correct-last") {
		t.Error("an outcome may be corrected after its time")
	}
	_, text = w.ask("GET", "/desk/slots?lead=5", "", "en")
	if r, ok := w.last().(*pb.ListSlotsRequest); !ok || r.GetLeadId() != 5 || !strings.Contains(text, `"2026-03-03T09:00"`) {
		t.Errorf("asked %v, got %s", w.last(), text)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	keys := append([]string{}, words...)
	for _, s := range states {
		keys = append(keys, "agent_"+s)
	}
	for _, s := range []string{"break", "signed_out"} {
		keys = append(keys, "desk_then_"+s)
	}
	for _, r := range append(append([]string{}, breaks...), refusal...) {
		keys = append(keys, "why_"+r)
	}
	for _, r := range []string{"appointment", "own_callback", "rolled_over", "retry", "fresh", "manual"} {
		keys = append(keys, "desk_why_"+r)
	}
	pagetest.Texts(t, files, nil, keys...)
}
