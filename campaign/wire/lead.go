package wire

import (
	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Plan is a decision as a message.
func Plan(p campaign.Plan) *pb.Plan {
	if p.Verdict == campaign.NoVerdict {
		return nil
	}
	return &pb.Plan{
		Verdict: Verdict(p.Verdict), At: Time(p.At), Until: Time(p.Until), Number: string(p.Number),
		Reason: p.Reason, Earliest: Time(p.Earliest),
	}
}

// Gates are gates as messages.
func Gates(gates []campaign.Gate) []*pb.Gate {
	out := make([]*pb.Gate, len(gates))
	for i, g := range gates {
		out[i] = &pb.Gate{Name: g.Name, Open: g.Open, OpensAt: Time(g.OpenAt), Detail: g.Detail}
	}
	return out
}

// Tries are the attempts as the rule sees them.
func Tries(tries []campaign.Try) []*pb.Try {
	out := make([]*pb.Try, len(tries))
	for i, t := range tries {
		out[i] = &pb.Try{
			PlacedAt: Time(t.PlacedAt), Outcome: Outcome(t.Outcome), Number: string(t.Number), NewNumber: string(t.NewNumber),
		}
	}
	return out
}

// Numbers are a lead's numbers; a number is bad when an attempt found it so.
func Numbers(l *campaign.Lead) []*pb.Number {
	bad := make(map[campaign.Phone]bool)
	for _, t := range l.Tries {
		if t.Outcome.BadData() {
			bad[t.Number] = true
		}
	}
	out := make([]*pb.Number, len(l.Numbers))
	for i, n := range l.Numbers {
		out[i] = &pb.Number{Phone: string(n.Phone), Extension: n.Extension, Label: n.Label, Bad: bad[n.Phone],
			Zones: n.Zones, Places: n.Places}
	}
	return out
}

// FromNumbers are numbers as they are given.
func FromNumbers(numbers []*pb.Number) []campaign.Number {
	out := make([]campaign.Number, len(numbers))
	for i, n := range numbers {
		out[i] = campaign.Number{Phone: campaign.Phone(n.GetPhone()), Extension: n.GetExtension(), Label: n.GetLabel(), Zones: n.GetZones()}
	}
	return out
}

// Attributes are attributes as messages.
func Attributes(attributes []campaign.Attribute) []*pb.Attribute {
	out := make([]*pb.Attribute, len(attributes))
	for i, a := range attributes {
		out[i] = &pb.Attribute{Name: a.Name, Value: a.Value}
	}
	return out
}

// FromAttributes is the inverse.
func FromAttributes(attributes []*pb.Attribute) []campaign.Attribute {
	out := make([]campaign.Attribute, len(attributes))
	for i, a := range attributes {
		out[i] = campaign.Attribute{Name: a.GetName(), Value: a.GetValue()}
	}
	return out
}

// Lead is a lead as a message.
func Lead(l *campaign.Lead) *pb.Lead {
	return &pb.Lead{
		Id: int64(l.ID), CampaignId: int64(l.CampaignID), ListId: int64(l.ListID), State: LeadState(l.State), Version: l.Version,
		Source: l.Source, ExternalId: l.ExternalID, Name: l.Name, Zones: l.Zones, Numbers: Numbers(l),
		Attributes: Attributes(l.Attributes), Priority: int32(l.Priority), Line: int64(l.Line), Plan: Plan(l.Plan),
		DecidedAt: Time(l.DecidedAt), RulesVersion: l.RulesVersion, OwnerId: int64(l.Owner), AssignmentId: int64(l.Assignment),
		Attempts: int32(len(l.Tries)), CreatedAt: Time(l.CreatedAt), UpdatedAt: Time(l.UpdatedAt),
		Account: l.Account, Places: l.Places, Revision: l.Revision,
		HeldOffUntil: Time(l.HeldOffUntil), HeldOffReason: l.HeldOffReason, ErasedAt: Time(l.ErasedAt),
	}
}

// Attempt is a placed call as a message. The login is the agent's, as the caller looked it up; empty: unknown.
func Attempt(a *campaign.Attempt, login string) *pb.Attempt {
	return &pb.Attempt{
		AssignmentId: int64(a.Assignment), LeadId: int64(a.LeadID), CampaignId: int64(a.CampaignID), ListId: int64(a.ListID),
		AgentId: int64(a.AgentID), AgentLogin: login, Number: string(a.Number), Outcome: Outcome(a.Outcome), Code: a.Code,
		NewNumber: string(a.NewNumber), Note: a.Note, Reason: a.Reason, OfferedAt: Time(a.OfferedAt), PlacedAt: Time(a.PlacedAt),
		EndedAt: Time(a.EndedAt), RecordedAt: Time(a.RecordedAt), RulesVersion: a.RulesVersion, Zones: a.Zones,
		Waived: a.Waived, Amended: a.Amended, Law: LawNote(&a.Law),
	}
}

// Appointment is a promise as a message; nil for nil.
func Appointment(a *campaign.Appointment, owner string) *pb.Appointment {
	if a == nil {
		return nil
	}
	return &pb.Appointment{
		Id: int64(a.ID), LeadId: int64(a.LeadID), CampaignId: int64(a.CampaignID), OwnerId: int64(a.Owner), OwnerLogin: owner,
		Local: a.Local, Zone: a.Zone, Insisted: a.Insisted, At: Time(a.At), GraceEnd: Time(a.GraceEnd),
		State: AppointmentState(a.State), Reason: a.Reason, BookedBy: int64(a.BookedBy), ReplacesId: int64(a.Replaces),
		CreatedAt: Time(a.CreatedAt), ClosedAt: Time(a.ClosedAt), Reminded: a.Reminded,
	}
}

// FromBooking is a booking as it is asked for; nil for nil.
func FromBooking(b *pb.Booking) *campaign.Booking {
	if b == nil {
		return nil
	}
	return &campaign.Booking{Local: b.GetLocal(), Zone: b.GetZone(), Insisted: b.GetInsisted()}
}

// Booking is a booking as a message.
func Booking(b *campaign.Booking) *pb.Booking {
	return &pb.Booking{Local: b.Local, Zone: b.Zone, Insisted: b.Insisted}
}
