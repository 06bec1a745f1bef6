package rpc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Suppressions keeps the numbers that may not be called.
type Suppressions interface {
	// Suppress answers once the number can neither be offered nor dialled any more where the suppression binds.
	Suppress(ctx context.Context, s campaign.Suppression) (campaign.Suppressed, error)
	// Lift allows a number again where one suppression forbade it, and plans its leads anew.
	Lift(ctx context.Context, key campaign.SuppressionKey, by string) error
	// Suppressed are the suppressions in force of the numbers, of every scope.
	Suppressed(ctx context.Context, phones []campaign.Phone) ([]campaign.Suppression, error)
	// Suppressions are those in force that match, in order of key.
	Suppressions(ctx context.Context, f campaign.SuppressionFilter) ([]campaign.Suppression, error)
	// ImportSuppressions suppresses numbers in one transaction, all for the same reason in the same scope.
	ImportSuppressions(ctx context.Context, s campaign.Suppression, phones []campaign.Phone) (campaign.SuppressionTally, error)
	Lead(ctx context.Context, id campaign.LeadID) (campaign.Lead, error)
	// FindLeads are the leads that match, by id.
	FindLeads(ctx context.Context, f campaign.LeadFilter) ([]campaign.Lead, error)
	Masking
}

// checkMost is how many numbers one Check takes.
const checkMost = 1000

// SuppressionServer serves SuppressionService.
type SuppressionServer struct {
	pb.UnimplementedSuppressionServiceServer
	suppressions Suppressions
	phones       Phones
	files        NumberFiles
	largest      int64
	floor        Floor
	now          func() time.Time
}

// NewSuppressions makes the service; files reads what is imported, now is the record's clock, a nil floor is nobody to
// tell.
func NewSuppressions(s Suppressions, phones Phones, files NumberFiles, floor Floor, now func() time.Time) *SuppressionServer {
	return &SuppressionServer{suppressions: s, phones: phones, files: files, floor: orNobody(floor), now: now}
}

// WithLargest bounds imported files, in bytes; 0: they are not bounded.
func (s *SuppressionServer) WithLargest(bytes int64) *SuppressionServer {
	s.largest = bytes
	return s
}

// scoped is a message that says where a suppression binds.
type scoped interface {
	GetScope() pb.SuppressionScope
	GetCampaignId() int64
	GetCountry() string
}

// scope reads where a suppression binds. Errors: KindInvalid; KindNotFound a campaign that is not, or is not the
// caller's to see.
func (s *SuppressionServer) scope(ctx context.Context, r scoped) (campaign.Suppression, error) {
	x := campaign.Suppression{Scope: wire.FromSuppressionScope(r.GetScope()), Campaign: campaign.CampaignID(r.GetCampaignId()), Country: r.GetCountry()}
	if err := x.Validate(s.now()); err != nil {
		return x, err
	}
	if x.Campaign == 0 {
		return x, nil
	}
	_, err := s.campaign(ctx, x.Campaign)
	return x, err
}

// campaign is one that the caller may see.
func (s *SuppressionServer) campaign(ctx context.Context, id campaign.CampaignID) (*campaign.Campaign, error) {
	if caller := campaign.CallerFrom(ctx); !caller.Sees(id) {
		return nil, campaign.NotFound("campaign", id)
	}
	c, err := s.suppressions.Campaign(ctx, id)
	return &c, err
}

// numbered is a message that says which number it is about, itself or by a lead that has it.
type numbered interface {
	GetPhone() string
	GetRegion() string
	GetLeadId() int64
	GetNumber() int32
}

// number is the number that a request is about, and how the answer may tell it: who named it knows it; who named a lead's is
// told it as the lead's campaign shows it.
func (s *SuppressionServer) number(ctx context.Context, r numbered) (campaign.Phone, func(*pb.Suppression) *pb.Suppression, error) {
	asItIs := func(x *pb.Suppression) *pb.Suppression { return x }
	if r.GetLeadId() == 0 {
		got, err := s.phone("phone", r.GetPhone(), r.GetRegion())
		return got.Phone, asItIs, err
	}
	if r.GetPhone() != "" {
		return "", nil, campaign.Invalid("phone", "is given besides lead_id: leave one out")
	}
	l, err := s.suppressions.Lead(ctx, campaign.LeadID(r.GetLeadId()))
	if err != nil {
		return "", nil, err
	}
	if caller := campaign.CallerFrom(ctx); !caller.Sees(l.CampaignID) {
		return "", nil, campaign.NotFound("lead", l.ID)
	}
	at := max(1, int(r.GetNumber()))
	if r.GetNumber() < 0 || at > len(l.Numbers) {
		return "", nil, campaign.Invalid("number", fmt.Sprintf("%d is none of the lead's %d numbers", r.GetNumber(), len(l.Numbers)))
	}
	return l.Numbers[at-1].Phone, func(x *pb.Suppression) *pb.Suppression {
		if x != nil {
			x.Phone = numberMask(ctx, s.suppressions, fmt.Sprint("lead ", l.ID))(l.CampaignID, x.GetPhone())
		}
		return x
	}, nil
}

// Suppress forbids a number.
func (s *SuppressionServer) Suppress(ctx context.Context, r *pb.SuppressRequest) (*pb.SuppressResponse, error) {
	phone, mask, err := s.number(ctx, r)
	if err != nil {
		return nil, err
	}
	want, err := s.scope(ctx, r)
	if err != nil {
		return nil, err
	}
	if want.ExpiresAt, err = wire.FromTime("expires_at", r.GetExpiresAt()); err != nil {
		return nil, err
	}
	want.Phone, want.Reason, want.Source = phone, r.GetReason(), r.GetSource()
	if want.Source == "" {
		want.Source = by(ctx)
	}
	if err := want.Validate(s.now()); err != nil {
		return nil, err
	}
	got, err := s.suppressions.Suppress(ctx, want)
	if err != nil {
		return nil, err
	}
	s.floor.Revoked(got.Revoked)
	now, err := s.inForce(ctx, want.Key())
	if err != nil {
		return nil, err
	}
	return &pb.SuppressResponse{Suppression: mask(wire.Suppression(now)), Leads: int64(got.Leads), Revoked: int64(len(got.Revoked))}, nil
}

// inForce is the suppression of a key; nil: there is none.
func (s *SuppressionServer) inForce(ctx context.Context, key campaign.SuppressionKey) (*campaign.Suppression, error) {
	found, err := s.suppressions.Suppressed(ctx, []campaign.Phone{key.Phone})
	if i := slices.IndexFunc(found, func(x campaign.Suppression) bool { return x.Key() == key }); i >= 0 {
		return &found[i], err
	}
	return nil, err
}

// Lift allows a number again.
func (s *SuppressionServer) Lift(ctx context.Context, r *pb.LiftRequest) (*pb.LiftResponse, error) {
	phone, mask, err := s.number(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	x, err := s.scope(ctx, r)
	if err != nil {
		return nil, err
	}
	x.Phone = phone
	was, err := s.inForce(ctx, x.Key())
	if err != nil {
		return nil, err
	}
	if err := s.suppressions.Lift(ctx, x.Key(), because(ctx, r.GetReason())); err != nil {
		return nil, err
	}
	if err := s.wake(ctx, x.Phone); err != nil {
		return nil, err
	}
	return &pb.LiftResponse{Suppression: mask(wire.Suppression(was))}, nil
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
	var of *campaign.Campaign
	if id := campaign.CampaignID(r.GetCampaignId()); id != 0 {
		var err error
		if of, err = s.campaign(ctx, id); err != nil {
			return nil, err
		}
	}
	numbers, phones := make([]campaign.Number, len(r.GetPhones())), make([]campaign.Phone, len(r.GetPhones()))
	for i, text := range r.GetPhones() {
		var err error
		if numbers[i], err = s.phone(fmt.Sprintf("phones[%d]", i), text, r.GetRegion()); err != nil {
			return nil, err
		}
		phones[i] = numbers[i].Phone
	}
	found, err := s.suppressions.Suppressed(ctx, phones)
	if err != nil {
		return nil, err
	}
	shut := byPhone(found)
	out := &pb.CheckResponse{Results: make([]*pb.CheckResult, len(phones))}
	for i, p := range phones {
		lead := campaign.Lead{CampaignID: campaign.CampaignID(r.GetCampaignId()), Numbers: numbers[i : i+1]}
		out.Results[i] = &pb.CheckResult{Phone: string(p), Suppression: wire.Suppression(binding(shut[p], &lead, of, p))}
	}
	return out, nil
}

// binding is the strongest of the number's suppressions that bind for the lead; nil: none does.
func binding(all []campaign.Suppression, l *campaign.Lead, c *campaign.Campaign, p campaign.Phone) *campaign.Suppression {
	return campaign.Strongest(slices.DeleteFunc(slices.Clone(all), func(x campaign.Suppression) bool { return !x.Binds(l, c, p) }))
}

func byPhone(all []campaign.Suppression) map[campaign.Phone][]campaign.Suppression {
	m := make(map[campaign.Phone][]campaign.Suppression, len(all))
	for _, x := range all {
		m[x.Phone] = append(m[x.Phone], x)
	}
	return m
}

func (s *SuppressionServer) phone(field, text, region string) (campaign.Number, error) {
	n, err := s.phones(text, region)
	if err != nil {
		return n, wire.Named(field, err)
	}
	return n, nil
}
