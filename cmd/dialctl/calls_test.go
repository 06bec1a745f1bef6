package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

func utc(s string) *timestamppb.Timestamp {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(at)
}

// desks is an AgentService that gives one card and remembers what it was asked.
type desks struct {
	dialerv1.UnimplementedAgentServiceServer
	empty    bool
	broken   bool // asking for a call with the outcome fails
	misses   int  // NextCalls that bring nothing first
	waits    []time.Duration
	next     *dialerv1.NextCallRequest
	recorded *dialerv1.RecordOutcomeRequest
	declined *dialerv1.DeclineRequest
}

func (d *desks) NextCall(_ context.Context, r *dialerv1.NextCallRequest) (*dialerv1.NextCallResponse, error) {
	d.next = r
	if d.waits = append(d.waits, r.GetWait().AsDuration()); d.empty || len(d.waits) <= d.misses {
		return &dialerv1.NextCallResponse{WhyNone: "all leads wait for their time", NextDue: utc("2026-03-02T11:00:00Z")}, nil
	}
	return &dialerv1.NextCallResponse{Card: aCard()}, nil
}

func aCard() *dialerv1.Card {
	return &dialerv1.Card{
		AssignmentId: 7, LeadId: 3, CampaignId: 1, CampaignName: "spring", ListId: 2, Name: "张三", Reason: "retry", Why: "4 h have passed",
		MaskedNumber: "+86•••00", Script: "Hello 张三", Zones: []string{"Asia/Shanghai"}, LocalTimes: []string{"2026-03-02T15:04"},
		Attributes: []*pb.Attribute{{Name: "城市", Value: "北京"}},
		History: []*pb.Attempt{{AssignmentId: 5, LeadId: 3, AgentLogin: "bob", Outcome: pb.Outcome_OUTCOME_NO_ANSWER, Code: "NO_ANSWER",
			PlacedAt: utc("2026-03-02T03:04:05Z"), Note: "rang long"}},
		Outcomes: []*dialerv1.OutcomeChoice{
			{Code: "SOLD", Label: "Sold it", Outcome: pb.Outcome_OUTCOME_SUCCESS},
			{Code: "APPOINTMENT", Outcome: pb.Outcome_OUTCOME_APPOINTMENT},
			{Code: "NUMBER_CHANGED", Outcome: pb.Outcome_OUTCOME_NUMBER_CHANGED},
		},
		OfferUntil: utc("2026-03-02T07:04:25Z"),
	}
}

func (d *desks) StartCall(_ context.Context, r *dialerv1.StartCallRequest) (*dialerv1.StartCallResponse, error) {
	if r.GetAssignmentId() == 8 {
		return nil, campaign.Unready(campaign.ReasonSuppressedNow, "the number was suppressed meanwhile: ask for the next")
	}
	return &dialerv1.StartCallResponse{
		AssignmentId: r.GetAssignmentId(), Number: "+8613800138000", TelUri: "tel:+8613800138000",
		PlacedAt: utc("2026-03-02T07:04:06Z"), LeaseUntil: utc("2026-03-02T07:05:36.5Z"),
	}, nil
}

func (d *desks) RecordOutcome(ctx context.Context, r *dialerv1.RecordOutcomeRequest) (*dialerv1.RecordOutcomeResponse, error) {
	d.recorded = r
	if b := r.GetBooking(); b != nil && !b.GetInsisted() {
		return nil, &campaign.Error{
			Kind: campaign.KindInvalid, Reason: "booking_outside_hours", Message: "nobody may be called at 23:00",
			Violations: []campaign.Violation{{Field: "booking.local", Message: "is outside hours"}},
			Meta:       map[string]string{"before": "2026-03-02T20:59", "after": "2026-03-03T09:00"},
		}
	}
	out := &dialerv1.RecordOutcomeResponse{
		Attempt: &pb.Attempt{AssignmentId: 7, LeadId: 3, AgentLogin: "ann", Outcome: pb.Outcome_OUTCOME_BUSY, Zones: []string{"Asia/Shanghai"}},
		Plan: &pb.Plan{Verdict: pb.Verdict_VERDICT_CALL, At: utc("2026-03-02T11:04:06Z"), Until: utc("2026-03-02T13:00:00Z"),
			Number: "+8613800138000", Reason: "interval"},
		LeadState: pb.LeadState_LEAD_STATE_OPEN, Session: &dialerv1.Session{Login: "ann"},
	}
	if r.GetNextWait() != nil && !d.broken {
		out.Next, _ = d.NextCall(ctx, &dialerv1.NextCallRequest{Wait: r.GetNextWait()})
	}
	return out, nil
}

func (d *desks) Decline(_ context.Context, r *dialerv1.DeclineRequest) (*dialerv1.DeclineResponse, error) {
	d.declined = r
	return &dialerv1.DeclineResponse{Session: &dialerv1.Session{Login: "ann", State: pb.AgentState_AGENT_STATE_READY}}, nil
}

func TestNextShowsTheCard(t *testing.T) {
	t.Parallel()
	d := &desks{}
	dial := serve(t, fakes{agents: d})
	code, out, errs := ctl(t, dial, "next", "--agent", "ann", "--wait", "10s")
	if code != 0 || errs != "" || d.next.GetAgent() != "ann" || d.next.GetWait().AsDuration() != 10*time.Second {
		t.Errorf("exit %d, %s, asked %v", code, errs, d.next)
	}
	same(t, "next", out, `assignment  7
lead        3 张三
campaign    spring
reason      retry  4 h have passed
number      +86•••00
their time  2026-03-02 15:04 Asia/Shanghai
lapses      2026-03-02 15:04 CST (2026-03-02T07:04:25Z)
  城市: 北京

history:
  2026-03-02 11:04 CST (2026-03-02T03:04:05Z)  bob  NO_ANSWER  rang long

Hello 张三

outcomes:
   1  SOLD            Sold it
   2  APPOINTMENT
   3  NUMBER_CHANGED

Next: dialctl start 7, or: dialctl decline 7
`)
	code, out, _ = ctl(t, dial, "next", "--agent", "ann", "--json")
	o := objects(t, out)[0]
	past := o["history"].([]any)[0].(map[string]any)
	if code != 0 || o["assignment"] != 7.0 || o["lead"] != 3.0 || o["reason"] != "retry" || past["outcome"] != "NO_ANSWER" ||
		past["placed_at"] != "2026-03-02T03:04:05Z" || o["campaign_name"] != "spring" || o["placed_at"] != nil {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestACardWhoseHistoryWasNotReadDoesNotSayNeverCalled(t *testing.T) {
	t.Parallel()
	for _, unread := range []bool{true, false} {
		var out strings.Builder
		showCard(&out, &dialerv1.Card{AssignmentId: 7, HistoryUnread: unread})
		if text := out.String(); strings.Contains(text, "was called before") != unread || strings.Contains(text, "never called") == unread {
			t.Errorf("unread %t:\n%s", unread, text)
		}
	}
	if raw, err := json.Marshal(cardObject(&dialerv1.Card{HistoryUnread: true})); err != nil || !strings.Contains(string(raw), `"history_unread":true`) {
		t.Errorf("as JSON: %s, %v", raw, err)
	}
}

func TestNextWaitsLongerThanOneCallMay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wait, waits string
		misses      int
		code        int
	}{
		{"90s", "[1m0s 30s]", 9, exitNothing},
		{"1m", "[1m0s]", 9, exitNothing},
		{"24h", "[1m0s 1m0s 1m0s]", 2, 0},
		{"1ms", "[1ms]", 0, 0},
		{"0s", "[0s]", 9, exitNothing},
		{"25h", "[]", 0, exitUsage},
		{"-1s", "[]", 0, exitUsage},
	} {
		d := &desks{misses: c.misses}
		code, _, errs := ctl(t, serve(t, fakes{agents: d}), "next", "--agent", "ann", "--wait", c.wait)
		if code != c.code || fmt.Sprint(d.waits) != c.waits {
			t.Errorf("--wait %s: exit %d after %v (%s), want %d after %s", c.wait, code, d.waits, errs, c.code, c.waits)
		}
	}
}

func TestNextThatBringsNothingSaysWhenAndExits3(t *testing.T) {
	t.Parallel()
	dial := serve(t, fakes{agents: &desks{empty: true}})
	code, out, errs := ctl(t, dial, "next", "--agent", "ann")
	if code != exitNothing || errs != "" {
		t.Errorf("exit %d, %s", code, errs)
	}
	same(t, "next", out, "no lead to call: all leads wait for their time\nthe next is due at 2026-03-02 19:00 CST (2026-03-02T11:00:00Z)\n")
	code, out, _ = ctl(t, dial, "next", "--agent", "ann", "--json")
	if code != exitNothing {
		t.Errorf("exit %d", code)
	}
	same(t, "next --json", out, `{"assignment":null,"lead":null,"reason":null,"history":[],"why_none":"all leads wait for their time","next_due":"2026-03-02T11:00:00Z"}`+"\n")
}

func TestStartPrintsTheNumber(t *testing.T) {
	t.Parallel()
	dial := serve(t, fakes{agents: &desks{}})
	_, out, _ := ctl(t, dial, "start", "7", "--json")
	same(t, "start --json", out, `{"assignment":7,"number":"+8613800138000","extension":"","tel_uri":"tel:+8613800138000","placed_at":"2026-03-02T07:04:06Z","lease_until":"2026-03-02T07:05:36.5Z"}`+"\n")
	code, out, errs := ctl(t, dial, "start", "8")
	if code != exitFailed || out != "" || !strings.Contains(errs, "suppressed meanwhile") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	_, _, errs = ctl(t, dial, "start", "8", "--json")
	if o := objects(t, errs)[0]; o["reason"] != "SUPPRESSED" {
		t.Errorf("as JSON: %s", errs)
	}
}

func TestRecordPrintsWhatWasDecided(t *testing.T) {
	t.Parallel()
	d := &desks{}
	dial := serve(t, fakes{agents: d})
	code, out, _ := ctl(t, dial, "record", "7", "NUMBER_CHANGED", "--new-number", "13800138009", "--note", "moved away")
	if code != 0 || d.recorded.GetCode() != "NUMBER_CHANGED" || d.recorded.GetNewNumber() != "13800138009" || d.recorded.GetNote() != "moved away" || d.recorded.GetAgent() != "" {
		t.Errorf("exit %d, recorded %v", code, d.recorded)
	}
	same(t, "record", out, `verdict  call
at       2026-03-02 19:04 CST (2026-03-02T11:04:06Z)
until    2026-03-02 21:00 CST (2026-03-02T13:00:00Z)
reason   interval
lead     3, open

Next: dialctl next --agent ann
`)
	_, out, _ = ctl(t, dial, "--json", "record", "7", "BUSY")
	if o := objects(t, out)[0]; o["verdict"] != "call" || o["at"] != "2026-03-02T11:04:06Z" || o["reason"] != "interval" || o["lead"] != 3.0 || o["late"] != "" || o["appointment"] != nil {
		t.Errorf("as JSON: %s", out)
	}
}

func TestRecordAsksForTheNextCall(t *testing.T) {
	t.Parallel()
	d := &desks{}
	dial := serve(t, fakes{agents: d})
	code, out, _ := ctl(t, dial, "record", "7", "SOLD", "--next", "10s")
	if code != 0 || d.recorded.GetNextWait().AsDuration() != 10*time.Second || !strings.HasPrefix(out, "verdict  call\n") || !strings.Contains(out, "张三") ||
		!strings.Contains(out, "Next: dialctl start 7") || strings.Contains(out, "dialctl next") {
		t.Errorf("exit %d, asked for %v:\n%s", code, d.recorded.GetNextWait(), out)
	}
	code, out, _ = ctl(t, dial, "--json", "record", "7", "SOLD", "--next", "0s")
	if next, ok := objects(t, out)[0]["next"].(map[string]any); code != 0 || !ok || next["assignment"] != 7.0 || d.recorded.GetNextWait() == nil {
		t.Errorf("exit %d, as JSON: %s", code, out)
	}
	if _, _, errs := ctl(t, dial, "record", "7", "SOLD"); d.recorded.GetNextWait() != nil {
		t.Errorf("not asked for: %v %s", d.recorded.GetNextWait(), errs)
	}
	if code, _, errs := ctl(t, dial, "record", "7", "SOLD", "--next", "61s"); code != exitUsage || !strings.Contains(errs, "0s to 60s") {
		t.Errorf("too long: exit %d, %s", code, errs)
	}
	d.empty = true
	if code, out, _ := ctl(t, dial, "record", "7", "SOLD", "--next", "1s"); code != exitNothing || !strings.HasPrefix(out, "verdict  call\n") {
		t.Errorf("none came: exit %d:\n%s", code, out)
	}
	d.broken = true
	if code, out, errs := ctl(t, dial, "record", "7", "SOLD", "--next", "1s"); code != exitNothing || !strings.Contains(out, "the outcome is recorded") {
		t.Errorf("asking failed: exit %d: %s%s", code, out, errs)
	}
}

func TestABookingThatIsRefusedTellsTheNearestTimes(t *testing.T) {
	t.Parallel()
	d := &desks{}
	dial := serve(t, fakes{agents: d})
	code, _, errs := ctl(t, dial, "record", "7", "APPOINTMENT", "--at", "2026-03-02 23:00", "--zone", "Asia/Shanghai")
	if code != exitUsage || d.recorded.GetBooking().GetLocal() != "2026-03-02T23:00" {
		t.Errorf("exit %d, %v", code, d.recorded)
	}
	for _, want := range []string{"2026-03-02T20:59", "2026-03-03T09:00", "--insist"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not told: %s", want, errs)
		}
	}
	if code, _, errs = ctl(t, dial, "record", "7", "APPOINTMENT", "--at", "2026-03-02T23:00", "--insist"); code != 0 || !d.recorded.GetBooking().GetInsisted() {
		t.Errorf("insisted: exit %d %s", code, errs)
	}
}

func TestDeclineGivesAReason(t *testing.T) {
	t.Parallel()
	d := &desks{}
	code, out, _ := ctl(t, serve(t, fakes{agents: d}), "decline", "7", "--reason", "a friend")
	if code != 0 || d.declined.GetReason() != "a friend" || out != "agent ann is ready\n" {
		t.Errorf("exit %d, %v, %q", code, d.declined, out)
	}
}
