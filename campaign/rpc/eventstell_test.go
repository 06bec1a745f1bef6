package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// line is an event without its id and instant: its type, whose it is, and every field of its body that is set.
func line(e *pb.Event) string {
	var b strings.Builder
	b.WriteString(strings.TrimPrefix(e.GetType().String(), "EVENT_TYPE_"))
	fmt.Fprintf(&b, " c%d l%d", e.GetCampaignId(), e.GetLeadId())
	if e.GetExternalId() != "" {
		fmt.Fprintf(&b, " %s/%s", e.GetSource(), e.GetExternalId())
	}
	if e.GetAgentId() != 0 {
		b.WriteString(" " + e.GetAgentLogin())
	}
	m := e.ProtoReflect()
	body := m.Get(m.WhichOneof(m.Descriptor().Oneofs().ByName("body"))).Message()
	fields := body.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !body.Has(f) {
			continue
		}
		v := body.Get(f)
		text := fmt.Sprint(v.Interface())
		switch {
		case f.Kind() == protoreflect.EnumKind:
			text = string(f.Enum().Values().ByNumber(v.Enum()).Name())
			text = text[strings.LastIndex(text, "_")+1:]
		case f.IsList():
			var all []string
			for j := range v.List().Len() {
				all = append(all, v.List().Get(j).String())
			}
			text = strings.Join(all, ",")
		case f.Message() != nil:
			switch v := v.Message().Interface().(type) {
			case *timestamppb.Timestamp:
				text = v.AsTime().Sub(far).Round(time.Minute).String()
			case *durationpb.Duration:
				text = v.AsDuration().Round(time.Minute).String()
			}
		}
		fmt.Fprintf(&b, " %s=%s", f.Name(), text)
	}
	return b.String()
}

// Everything is done through the record and told over gRPC, in the order in which it was done.
func TestEventsTellWhatWasDone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *watched) {
		w.number(t)
		_, cursor := w.drain(t, &pb.WatchEventsRequest{})
		step := func(what string, want ...string) {
			t.Helper()
			w.number(t)
			var events []*pb.Event
			events, cursor = w.drain(t, &pb.WatchEventsRequest{Cursor: cursor})
			var got []string
			for _, e := range events {
				got = append(got, line(e))
			}
			if g, x := strings.Join(got, "\n"), strings.Join(want, "\n"); g != x {
				t.Errorf("%s\n got:\n%s\nwant:\n%s", what, g, x)
			}
		}
		w.tellOfCalls(t, step)
		w.tellOfPromises(t, step)
		w.tellOfNumbers(t, step)
		w.tellOfLeads(t, step)
		w.tellOfLists(t, step)
	})
}

type telling func(what string, want ...string)

// says records an outcome with a note, a minute after the call began.
func (w *watched) says(t *testing.T, lead campaign.LeadID, r campaign.Result) {
	t.Helper()
	a := w.claim(t, lead)
	if _, err := w.StartCall(t.Context(), a.ID, w.li.ID); err != nil {
		t.Fatal(err)
	}
	w.skew.Add(int64(time.Minute))
	r.Assignment, r.Agent = a.ID, w.li.ID
	must[campaign.Recorded](t)(w.Conclude(t.Context(), r))
}

func (w *watched) tellOfCalls(t *testing.T, step telling) {
	l := w.lead(t, 0).ID
	w.says(t, l, campaign.Result{Outcome: campaign.CallLater, Code: "busy at work", Note: "asks for a call at night"})
	step("a call",
		"ATTEMPT c1 l1 li assignment_id=1 outcome=LATER code=busy at work number=+8613900000001 note=asks for a call at night placed_at=0s duration=1m0s reason=fresh next_at=4h0m0s")
	must[campaign.Recorded](t)(w.Correct(t.Context(), campaign.Correction{Assignment: 1, Agent: w.li.ID, By: "mei", Outcome: campaign.NoAnswer, Code: "NO_ANSWER", Note: "nobody"}))
	step("a correction",
		"ATTEMPT_AMENDED c1 l1 li assignment_id=1 outcome=ANSWER code=NO_ANSWER number=+8613900000001 note=nobody placed_at=0s duration=1m0s reason=fresh next_at=4h0m0s amendment=correction")
}

func (w *watched) tellOfPromises(t *testing.T, step telling) {
	l := w.lead(t, 1).ID
	w.says(t, l, campaign.Result{Outcome: campaign.Booked, Booking: &campaign.Booking{Local: "2099-03-02T15:00"}})
	step("an appointment",
		"ATTEMPT c1 l2 li assignment_id=2 outcome=APPOINTMENT code=APPOINTMENT number=+8613900000002 placed_at=1m0s duration=1m0s reason=fresh next_at=5h0m0s",
		"APPOINTMENT_BOOKED c1 l2 li appointment_id=1 state=OPEN at=5h0m0s local=2099-03-02T15:00 zone=Asia/Shanghai")
	must[campaign.Appointment](t)(w.Reschedule(t.Context(), 1, campaign.Booking{Local: "2099-03-02T16:00"}, "asked", "mei"))
	step("another time",
		"APPOINTMENT_CLOSED c1 l2 li appointment_id=1 state=RESCHEDULED at=5h0m0s local=2099-03-02T15:00 zone=Asia/Shanghai reason=asked (mei)",
		"APPOINTMENT_BOOKED c1 l2 li appointment_id=2 state=OPEN at=6h0m0s local=2099-03-02T16:00 zone=Asia/Shanghai replaces=1")
	must[campaign.Appointment](t)(w.ReassignPromise(t.Context(), 2, 0, "li is ill", "mei"))
	step("another owner",
		"LEAD_UPDATED c1 l2 state=OPEN reason=owner by=mei")
	w.skew.Add(int64(7 * time.Hour))
	must[[]campaign.Appointment](t)(w.MissPromises(t.Context(), 10))
	step("missed",
		"APPOINTMENT_CLOSED c1 l2 appointment_id=2 state=MISSED at=6h0m0s local=2099-03-02T16:00 zone=Asia/Shanghai reason=grace_over replaces=1")
}

func (w *watched) tellOfNumbers(t *testing.T, step telling) {
	w.skew.Add(int64(16 * time.Hour))
	l := w.lead(t, 2).ID
	w.says(t, l, campaign.Result{Outcome: campaign.NumberChanged, NewNumber: "+8613900000009"})
	step("a changed number",
		"BAD_DATA c1 l3 li number=+8613900000003 outcome=CHANGED new_number=+8613900000009",
		"ATTEMPT c1 l3 li assignment_id=3 outcome=CHANGED code=NUMBER_CHANGED number=+8613900000003 new_number=+8613900000009 placed_at=23h2m0s duration=1m0s reason=fresh next_at=23h3m0s")
	w.says(t, l, campaign.Result{Outcome: campaign.DoNotCall})
	step("do not call",
		"SUPPRESSED c0 l0 number=+8613900000009 scope=SYSTEM reason=do_not_call source=li",
		"ATTEMPT c1 l3 li assignment_id=4 outcome=CALL code=DO_NOT_CALL number=+8613900000009 placed_at=23h3m0s duration=1m0s reason=retry",
		"LEAD_FINISHED c1 l3 state=SUPPRESSED reason=do_not_call")
	if err := w.Lift(t.Context(), campaign.SuppressionKey{Phone: "+8613900000009"}, "mei: a mistake"); err != nil {
		t.Fatal(err)
	}
	step("lifted",
		"SUPPRESSION_LIFTED c0 l0 number=+8613900000009 scope=SYSTEM reason=mei: a mistake")
	must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000077", Source: "hub", Reason: "complaint", ExpiresAt: w.Now().Add(time.Hour)}))
	w.skew.Add(int64(2 * time.Hour))
	must[int](t)(w.ExpireSuppressions(t.Context(), 10))
	step("for an hour",
		"SUPPRESSED c0 l0 number=+8613900000077 scope=SYSTEM reason=complaint source=hub expires_at=24h4m0s",
		"SUPPRESSION_LIFTED c0 l0 number=+8613900000077 scope=SYSTEM reason=expired")
	must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000001", Source: "hub"}))
	step("all of a lead's numbers",
		"SUPPRESSED c0 l0 number=+8613900000001 scope=SYSTEM reason=do_not_call source=hub",
		"LEAD_FINISHED c1 l1 state=SUPPRESSED reason=suppressed")
}

func (w *watched) tellOfLeads(t *testing.T, step telling) {
	l := w.lead(t, 1).ID
	name := "Wang Bo"
	must[campaign.Lead](t)(w.UpdateLead(t.Context(), campaign.LeadUpdate{ID: l, Name: &name, By: "mei"}))
	step("an update",
		"LEAD_UPDATED c1 l2 state=OPEN reason=updated fields=name by=mei")
	must[campaign.Lead](t)(w.WithdrawLead(t.Context(), l, 0, "moved away", "mei"))
	step("withdrawn",
		"LEAD_UPDATED c1 l2 state=WITHDRAWN reason=withdrawn by=mei",
		"LEAD_FINISHED c1 l2 state=WITHDRAWN reason=withdrawn")
	must[campaign.Lead](t)(w.ReopenLead(t.Context(), l, 0, "mei"))
	step("reopened",
		"LEAD_UPDATED c1 l2 state=OPEN reason=reopened by=mei")
	c, _, err := w.RecordConsent(t.Context(), campaign.Consent{LeadID: l, Scopes: []campaign.ConsentScope{campaign.ConsentHours}, Proof: "form 7", GivenAt: w.Now(), Source: "hub"})
	if err == nil {
		_, _, err = w.RevokeConsent(t.Context(), c.ID, "changed his mind", "mei")
	}
	if err != nil {
		t.Fatal(err)
	}
	step("a consent",
		"CONSENT_RECORDED c1 l2 consent_id=1 scopes=hours",
		"CONSENT_REVOKED c1 l2 consent_id=1 scopes=hours revoked_by=mei: changed his mind")
}

func (w *watched) tellOfLists(t *testing.T, step telling) {
	id := w.load(t, "+8613900000001", "+8613900000010")
	step("another list",
		"LIST_LOADED c1 l0 rows=2 leads=1 problems=1")
	if _, _, _, err := w.UndoImport(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	step("undone",
		"LIST_UNDONE c1 l0 rows=2 leads=1 problems=1")
	if _, _, _, err := w.PauseCampaign(t.Context(), w.campaign.ID); err != nil {
		t.Fatal(err)
	}
	step("paused",
		"CAMPAIGN_STATE c1 l0 state=paused")
	must[campaign.Restored](t)(w.Restored(t.Context()))
	step("restored",
		"RECORD_RESTORED c0 l0 last_before=29")
}
