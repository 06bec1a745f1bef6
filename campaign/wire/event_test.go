package wire_test

import (
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

func plain(_ campaign.CampaignID, number string) string { return number }

// Every type has its number, and the other way round, and a body.
func TestEveryTypeOfEventIsTold(t *testing.T) {
	t.Parallel()
	for n := range pb.EventType_name {
		kind := wire.FromEventType(pb.EventType(n))
		if n == 0 {
			if kind != "" {
				t.Errorf("no type is %q", kind)
			}
			continue
		}
		if kind == "" || wire.EventType(kind) != pb.EventType(n) {
			t.Errorf("%v is %q, which is %v", pb.EventType(n), kind, wire.EventType(kind))
		}
		if m := wire.Event(&campaign.ToldEvent{Event: campaign.Event{Type: kind, Data: "{}"}}, plain); m.GetBody() == nil {
			t.Errorf("%v has no body", pb.EventType(n))
		}
	}
}

// What an older program wrote says less, and is told all the same; so is a row that somebody broke.
func TestOldEventsAreTold(t *testing.T) {
	t.Parallel()
	tell := func(kind campaign.EventType, of campaign.CampaignID, data string) *pb.Event {
		return wire.Event(&campaign.ToldEvent{Event: campaign.Event{ID: 7, Type: kind, CampaignID: of, Data: data}}, plain)
	}
	a := tell(campaign.EventAttempt, 1, `{"assignment":3,"outcome":"BUSY","code":"BUSY","number":"+861","placed_at":"2026-03-02T02:00:00Z",
		"ended_at":"2026-03-02T02:00:30Z","note":"","verdict":"call","at":"2026-03-02T06:00:00Z","reason":"interval"}`).GetAttempt()
	if a.GetOutcome() != pb.Outcome_OUTCOME_BUSY || a.GetDuration().AsDuration() != 30*time.Second || a.GetNextAt().AsTime().Hour() != 6 || a.GetReason() != "" {
		t.Errorf("an attempt: %v", a)
	}
	if a := tell(campaign.EventAttemptAmended, 1, `{"assignment":3,"kind":"late","outcome":"SUCCESS","verdict":"finished","at":"0001-01-01T00:00:00Z"}`).GetAttempt(); a.GetNextAt() != nil ||
		a.GetDuration() != nil || a.GetAmendment() != "late" {
		t.Errorf("an amended one: %v", a)
	}
	if p := tell(campaign.EventAppointmentClosed, 1, `{"appointment":3,"state":"missed","reason":"grace_over","at":"2026-03-02T06:00:00Z"}`).GetAppointment(); p.GetState() != pb.AppointmentState_APPOINTMENT_STATE_MISSED {
		t.Errorf("a missed promise: %v", p)
	}
	if l := tell(campaign.EventLeadUpdated, 1, `{"change":"withdrawn","reason":"moved","by":"mei"}`).GetLead(); l.GetState() != pb.LeadState_LEAD_STATE_WITHDRAWN || l.GetBy() != "mei" {
		t.Errorf("a withdrawn lead: %v", l)
	}
	if l := tell(campaign.EventLeadUpdated, 1, `{"appointment":1,"owner":0,"reason":"ill","by":"mei"}`).GetLead(); l.GetReason() != "owner" {
		t.Errorf("another owner: %v", l)
	}
	for of, want := range map[campaign.CampaignID]pb.SuppressionScope{0: pb.SuppressionScope_SUPPRESSION_SCOPE_SYSTEM, 4: pb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN} {
		if s := tell(campaign.EventSuppressed, of, `{"number":"+861","reason":"x","source":"","expires_at":"0001-01-01T00:00:00Z"}`).GetSuppression(); s.GetScope() != want || s.GetExpiresAt() != nil {
			t.Errorf("a suppression of campaign %d: %v", of, s)
		}
	}
	if s := tell(campaign.EventSuppressed, 0, `{"number":"+861","scope":"country","country":"US"}`).GetSuppression(); s.GetScope() != pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY || s.GetCountry() != "US" {
		t.Errorf("a country's: %v", s)
	}
	if m := tell(campaign.EventAttempt, 1, `{broken`); m.GetId() != 7 || m.GetAttempt() == nil {
		t.Errorf("a broken row: %v", m)
	}
}

// Nothing personal is told of who was erased since, and of the erasure by which name it is to be forgotten.
func TestWhoWasErasedIsNotToldOf(t *testing.T) {
	t.Parallel()
	e := &campaign.ToldEvent{Erased: true, Event: campaign.Event{Type: campaign.EventAttempt, LeadID: 3,
		Data: `{"outcome":"NUMBER_CHANGED","number":"+861","new_number":"+862","note":"her sister","source":"sf","external_id":"x1"}`}}
	if m := wire.Event(e, plain); m.GetAttempt().GetNumber()+m.GetAttempt().GetNewNumber()+m.GetAttempt().GetNote()+m.GetExternalId() != "" || m.GetLeadId() != 3 {
		t.Errorf("of one who was erased: %v", m)
	}
	e.Type = campaign.EventLeadErased
	if m := wire.Event(e, plain); m.GetExternalId() != "x1" || m.GetSource() != "sf" {
		t.Errorf("the erasure: %v", m)
	}
}
