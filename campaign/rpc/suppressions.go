package rpc

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Suppressions keeps the numbers that nobody may call.
type Suppressions interface {
	// Suppress answers once the number can neither be offered nor dialled any more.
	Suppress(ctx context.Context, s campaign.Suppression) (campaign.Suppressed, error)
	// Lift allows a number again and plans its leads anew.
	Lift(ctx context.Context, phone campaign.Phone, by string) error
	// Suppressed are the suppressions in force of the numbers.
	Suppressed(ctx context.Context, phones []campaign.Phone) ([]campaign.Suppression, error)
	// FindLeads are the leads that match, by id.
	FindLeads(ctx context.Context, f campaign.LeadFilter) ([]campaign.Lead, error)
}

// checkMost is how many numbers one Check takes.
const checkMost = 1000

// wordMost bounds the reason of a suppression, in characters.
const wordMost = 64

// SuppressionServer serves SuppressionService.
type SuppressionServer struct {
	pb.UnimplementedSuppressionServiceServer
	suppressions Suppressions
	phones       Phones
	floor        Floor
	now          func() time.Time
}

// NewSuppressions makes the service; now is the record's clock, a nil floor is nobody to tell.
func NewSuppressions(s Suppressions, phones Phones, floor Floor, now func() time.Time) *SuppressionServer {
	return &SuppressionServer{suppressions: s, phones: phones, floor: orNobody(floor), now: now}
}

// Suppress forbids a number everywhere.
func (s *SuppressionServer) Suppress(ctx context.Context, r *pb.SuppressRequest) (*pb.SuppressResponse, error) {
	phone, err := s.phone("phone", r.GetPhone(), r.GetRegion())
	if err != nil {
		return nil, err
	}
	expires, err := wire.FromTime("expires_at", r.GetExpiresAt())
	if err != nil {
		return nil, err
	}
	if !expires.IsZero() && !expires.After(s.now()) {
		return nil, campaign.Invalid("expires_at", "is not after now: leave it out to forbid the number for good")
	}
	want := campaign.Suppression{Phone: phone, Reason: r.GetReason(), Source: by(ctx), ExpiresAt: expires}
	if want.Reason == "" {
		want.Reason = campaign.ReasonDoNotCall
	}
	if n := utf8.RuneCountInString(want.Reason); n > wordMost {
		return nil, campaign.Invalid("reason", fmt.Sprintf("has %d characters: at most %d, such as do_not_call or complaint", n, wordMost))
	}
	got, err := s.suppressions.Suppress(ctx, want)
	if err != nil {
		return nil, err
	}
	s.floor.Revoked(got.Revoked)
	now, err := s.inForce(ctx, phone)
	if err != nil {
		return nil, err
	}
	return &pb.SuppressResponse{Suppression: wire.Suppression(now), Leads: int64(got.Leads), Revoked: int64(len(got.Revoked))}, nil
}

// inForce is the suppression of a number; nil: there is none.
func (s *SuppressionServer) inForce(ctx context.Context, phone campaign.Phone) (*campaign.Suppression, error) {
	found, err := s.suppressions.Suppressed(ctx, []campaign.Phone{phone})
	return byPhone(found)[phone], err
}

// Lift allows a number again.
func (s *SuppressionServer) Lift(ctx context.Context, r *pb.LiftRequest) (*pb.LiftResponse, error) {
	phone, err := s.phone("phone", r.GetPhone(), r.GetRegion())
	if err != nil {
		return nil, err
	}
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	was, err := s.inForce(ctx, phone)
	if err != nil {
		return nil, err
	}
	if err := s.suppressions.Lift(ctx, phone, because(ctx, r.GetReason())); err != nil {
		return nil, err
	}
	if err := s.wake(ctx, phone); err != nil {
		return nil, err
	}
	return &pb.LiftResponse{Suppression: wire.Suppression(was)}, nil
}

// wake tells the floor of every campaign that has a lead with the number.
func (s *SuppressionServer) wake(ctx context.Context, phone campaign.Phone) error {
	told := make(map[campaign.CampaignID]bool)
	leads, err := s.suppressions.FindLeads(ctx, campaign.LeadFilter{Phone: phone, Limit: wire.PageMost})
	for i := range leads {
		if c := leads[i].CampaignID; !told[c] {
			told[c] = true
			s.floor.Wake(c)
		}
	}
	return err
}

// Check says which of some numbers are suppressed now.
func (s *SuppressionServer) Check(ctx context.Context, r *pb.CheckRequest) (*pb.CheckResponse, error) {
	if n := len(r.GetPhones()); n < 1 || n > checkMost {
		return nil, campaign.Invalid("phones", fmt.Sprintf("holds %d numbers: give 1 to %d", n, checkMost))
	}
	phones := make([]campaign.Phone, len(r.GetPhones()))
	for i, text := range r.GetPhones() {
		var err error
		if phones[i], err = s.phone(fmt.Sprintf("phones[%d]", i), text, r.GetRegion()); err != nil {
			return nil, err
		}
	}
	found, err := s.suppressions.Suppressed(ctx, phones)
	if err != nil {
		return nil, err
	}
	shut := byPhone(found)
	out := &pb.CheckResponse{Results: make([]*pb.CheckResult, len(phones))}
	for i, p := range phones {
		out.Results[i] = &pb.CheckResult{Phone: string(p), Suppression: wire.Suppression(shut[p])}
	}
	return out, nil
}

func byPhone(all []campaign.Suppression) map[campaign.Phone]*campaign.Suppression {
	m := make(map[campaign.Phone]*campaign.Suppression, len(all))
	for i := range all {
		m[all[i].Phone] = &all[i]
	}
	return m
}

func (s *SuppressionServer) phone(field, text, region string) (campaign.Phone, error) {
	n, err := s.phones(text, region)
	if err != nil {
		return "", wire.Named(field, err)
	}
	return n.Phone, nil
}
