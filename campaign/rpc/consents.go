package rpc

import (
	"context"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Consents keeps what people consented to, and calls that were made elsewhere.
type Consents interface {
	// RecordConsent also gives the lead, planned again.
	RecordConsent(ctx context.Context, c campaign.Consent) (campaign.Consent, campaign.Lead, error)
	// RevokeConsent also gives the cards that were taken back before dialling.
	RevokeConsent(ctx context.Context, id campaign.ConsentID, reason, by string) (campaign.Consent, []campaign.Assignment, error)
	// Consents are those of the lead's person and numbers, newest first, ended ones included.
	Consents(ctx context.Context, lead campaign.LeadID) ([]campaign.Consent, error)
	RecordOutsideCall(ctx context.Context, c campaign.OutsideCall) (replay bool, lead campaign.Lead, err error)
	// Now is the clock that counts.
	Now() time.Time
}

// RecordConsent keeps a person's word.
func (s *LeadServer) RecordConsent(ctx context.Context, r *pb.RecordConsentRequest) (*pb.RecordConsentResponse, error) {
	if r.GetConsent() == nil {
		return nil, campaign.Invalid("consent", "is missing: give at least its scopes and its proof")
	}
	c, err := wire.FromConsent("consent", r.GetConsent())
	if err != nil {
		return nil, err
	}
	c.LeadID, c.Source = campaign.LeadID(r.GetLeadId()), by(ctx)
	if c.GivenAt.IsZero() {
		c.GivenAt = s.consents.Now()
	}
	if c.Phone, err = s.international("consent.phone", r.GetConsent().GetPhone()); err != nil {
		return nil, err
	}
	kept, l, err := s.consents.RecordConsent(ctx, c)
	if err != nil {
		return nil, campaign.Under("consent", err)
	}
	s.floor.Wake(l.CampaignID)
	shown, err := s.shown(ctx, &l)
	return &pb.RecordConsentResponse{Consent: wire.Consent(&kept), Lead: shown}, err
}

// international reads a number that must be E.164; empty is none.
func (s *LeadServer) international(field, text string) (campaign.Phone, error) {
	if text == "" {
		return "", nil
	}
	n, err := s.phones(text, "")
	return n.Phone, wire.Named(field, err)
}

// RevokeConsent ends a consent.
func (s *LeadServer) RevokeConsent(ctx context.Context, r *pb.RevokeConsentRequest) (*pb.RevokeConsentResponse, error) {
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	c, revoked, err := s.consents.RevokeConsent(ctx, campaign.ConsentID(r.GetId()), r.GetReason(), by(ctx))
	if err != nil {
		return nil, err
	}
	s.floor.Revoked(revoked)
	for i := range revoked {
		s.floor.Wake(revoked[i].CampaignID)
	}
	return &pb.RevokeConsentResponse{Consent: wire.Consent(&c), Revoked: int64(len(revoked))}, nil
}

// ListConsents are the consents of a lead's person, newest first.
func (s *LeadServer) ListConsents(ctx context.Context, r *pb.ListConsentsRequest) (*pb.ListConsentsResponse, error) {
	all, err := s.consents.Consents(ctx, campaign.LeadID(r.GetLeadId()))
	if err != nil {
		return nil, err
	}
	out := &pb.ListConsentsResponse{}
	for i := range all {
		out.Consents = append(out.Consents, wire.Consent(&all[i]))
	}
	return out, nil
}

// RecordOutsideCall tells of a call that was made elsewhere.
func (s *LeadServer) RecordOutsideCall(ctx context.Context, r *pb.RecordOutsideCallRequest) (*pb.RecordOutsideCallResponse, error) {
	c := campaign.OutsideCall{LeadID: campaign.LeadID(r.GetLeadId()), Key: r.GetKey(), Source: r.GetSource(), Inbound: r.GetInbound()}
	var err error
	if c.Number, err = s.international("number", r.GetNumber()); err != nil {
		return nil, err
	}
	if c.PlacedAt, err = wire.FromTime("placed_at", r.GetPlacedAt()); err != nil {
		return nil, err
	}
	if c.Outcome, err = wire.FromOutcome("outcome", r.GetOutcome()); err != nil {
		return nil, err
	}
	if c.Talk, err = wire.FromDuration("talk", r.GetTalk(), 0); err != nil {
		return nil, err
	}
	replay, l, err := s.consents.RecordOutsideCall(ctx, c)
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	shown, err := s.shown(ctx, &l)
	return &pb.RecordOutsideCallResponse{Replay: replay, Lead: shown}, err
}
