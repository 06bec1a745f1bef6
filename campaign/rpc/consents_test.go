package rpc_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

func timestamp(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

func TestAConsentIsRecordedListedAndRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001", "+8613800138002")
	ctx, id := asMei(t), int64(b.lead(t, 0).ID)
	got := must[*pb.RecordConsentResponse](t)(b.leads.RecordConsent(ctx, &pb.RecordConsentRequest{LeadId: id, Consent: &pb.Consent{
		Id: 7, LeadId: 9, Scopes: []string{"contact", "hours"}, Phone: "+86 138 0013 8001", Purpose: "sales", Proof: "form 7", Source: "li", RevokedBy: "li",
	}}))
	c := got.GetConsent()
	if c.GetId() == 0 || c.GetLeadId() != id || c.GetPhone() != "+8613800138001" || !c.GetGivenAt().AsTime().Equal(monday) || c.GetSource() != "mei" ||
		c.GetRevokedBy() != "" || got.GetLead().GetId() != id || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", got)
	}
	for field, m := range map[string]*pb.Consent{
		"consent":            nil,
		"consent.scopes":     {Proof: "x"},
		"consent.scopes[0]":  {Proof: "x", Scopes: []string{"all"}},
		"consent.proof":      {Scopes: []string{"hours"}},
		"consent.purpose":    {Proof: "x", Scopes: []string{"hours"}, Purpose: "selling"},
		"NO_COUNTRY":         {Proof: "x", Scopes: []string{"hours"}, Phone: "13800138001"},
		"consent.phone":      {Proof: "x", Scopes: []string{"hours"}, Phone: "+8613800138009"},
		"consent.expires_at": {Proof: "x", Scopes: []string{"hours"}, ExpiresAt: timestamp(monday.Add(-time.Hour))},
	} {
		_, err := b.leads.RecordConsent(ctx, &pb.RecordConsentRequest{LeadId: id, Consent: m})
		refused(t, field, err, campaign.KindInvalid, field)
	}
	_, err := b.leads.RecordConsent(ctx, &pb.RecordConsentRequest{LeadId: 99, Consent: &pb.Consent{Proof: "x", Scopes: []string{"hours"}}})
	refused(t, "no lead", err, campaign.KindNotFound, "")

	_, err = b.leads.RevokeConsent(ctx, &pb.RevokeConsentRequest{Id: c.GetId()})
	refused(t, "no reason", err, campaign.KindInvalid, "reason")
	for range 2 {
		ended := must[*pb.RevokeConsentResponse](t)(b.leads.RevokeConsent(ctx, &pb.RevokeConsentRequest{Id: c.GetId(), Reason: "by letter"}))
		if !ended.GetConsent().GetRevokedAt().AsTime().Equal(monday) || ended.GetConsent().GetRevokedBy() == "" {
			t.Errorf("%v", ended)
		}
	}
	all := must[*pb.ListConsentsResponse](t)(b.leads.ListConsents(ctx, &pb.ListConsentsRequest{LeadId: id})).GetConsents()
	if len(all) != 1 || all[0].GetRevokedAt() == nil || !slices.Equal(all[0].GetScopes(), []string{"contact", "hours"}) {
		t.Errorf("%v", all)
	}
	if other := must[*pb.ListConsentsResponse](t)(b.leads.ListConsents(ctx, &pb.ListConsentsRequest{LeadId: int64(b.lead(t, 1).ID)})); len(other.GetConsents()) != 0 {
		t.Errorf("another person's: %v", other)
	}
	_, err = b.leads.RevokeConsent(ctx, &pb.RevokeConsentRequest{Id: 99, Reason: "x"})
	refused(t, "no consent", err, campaign.KindNotFound, "")
}

func TestACallMadeElsewhereCountsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx, id := asMei(t), int64(b.lead(t, 0).ID)
	call := &pb.RecordOutsideCallRequest{
		LeadId: id, Source: "agency", Key: "7", PlacedAt: timestamp(monday.Add(-time.Hour)), Outcome: pb.Outcome_OUTCOME_NO_ANSWER, Talk: durationpb.New(time.Minute),
	}
	for i := range 2 {
		got := must[*pb.RecordOutsideCallResponse](t)(b.leads.RecordOutsideCall(ctx, call))
		if got.GetReplay() != (i == 1) || got.GetLead().GetId() != id || !b.heard.wakes(b.campaign.ID) {
			t.Errorf("%d: %v", i, got)
		}
	}
	for field, r := range map[string]*pb.RecordOutsideCallRequest{
		"key":       {LeadId: id, Source: "agency", PlacedAt: call.GetPlacedAt(), Outcome: call.GetOutcome()},
		"source":    {LeadId: id, Key: "8", PlacedAt: call.GetPlacedAt(), Outcome: call.GetOutcome()},
		"placed_at": {LeadId: id, Source: "agency", Key: "8", Outcome: call.GetOutcome()},
		"outcome":   {LeadId: id, Source: "agency", Key: "8", PlacedAt: call.GetPlacedAt()},
		"talk":      {LeadId: id, Source: "agency", Key: "8", PlacedAt: call.GetPlacedAt(), Outcome: call.GetOutcome(), Talk: &durationpb.Duration{Seconds: 1, Nanos: -1}},
		"BAD_PHONE": {LeadId: id, Source: "agency", Key: "8", PlacedAt: call.GetPlacedAt(), Outcome: call.GetOutcome(), Number: "+12"},
	} {
		_, err := b.leads.RecordOutsideCall(ctx, r)
		refused(t, field, err, campaign.KindInvalid, field)
	}
}

func TestALeadsAccountAndPlacesAreUpdated(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx, m := asMei(t), leadOf(b.lead(t, 0))
	m.Account, m.Places = "debt 17", []string{"US-FL", "US", "US-FL"}
	got := must[*pb.UpdateLeadResponse](t)(b.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: m, UpdateMask: mask("account", "places")})).GetLead()
	if got.GetAccount() != "debt 17" || !slices.Equal(got.GetPlaces(), []string{"US", "US-FL"}) {
		t.Errorf("%v", got)
	}
	m = &pb.Lead{Id: got.GetId(), Version: got.GetVersion(), Places: []string{"US", "Florida"}, Account: " x"}
	_, err := b.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: m, UpdateMask: mask("places")})
	refused(t, "no place", err, campaign.KindInvalid, "lead.places[1]")
	_, err = b.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: m, UpdateMask: mask("account")})
	refused(t, "no account", err, campaign.KindInvalid, "lead.account")
	m.Places, m.Account = nil, ""
	got = must[*pb.UpdateLeadResponse](t)(b.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: m, UpdateMask: mask("places", "account")})).GetLead()
	if got.GetAccount() != "" || len(got.GetPlaces()) != 0 {
		t.Errorf("%v", got)
	}
}
