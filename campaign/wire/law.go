package wire

import (
	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Consent is a consent as a message.
func Consent(c *campaign.Consent) *pb.Consent {
	out := &pb.Consent{
		Id: int64(c.ID), LeadId: int64(c.LeadID), Phone: string(c.Phone), Purpose: string(c.Purpose), GivenAt: Time(c.GivenAt),
		ExpiresAt: Time(c.ExpiresAt), RevokedAt: Time(c.RevokedAt), Proof: c.Proof, Source: c.Source, RevokedBy: c.RevokedBy,
	}
	for _, s := range c.Scopes {
		out.Scopes = append(out.Scopes, string(s))
	}
	return out
}

// FromConsent is what a request says of a consent; what the record adds is left out. It is not validated yet.
func FromConsent(field string, m *pb.Consent) (campaign.Consent, error) {
	c := campaign.Consent{Phone: campaign.Phone(m.GetPhone()), Purpose: campaign.Purpose(m.GetPurpose()), Proof: m.GetProof()}
	for _, s := range m.GetScopes() {
		c.Scopes = append(c.Scopes, campaign.ConsentScope(s))
	}
	var err error
	if c.GivenAt, err = FromTime(field+".given_at", m.GetGivenAt()); err != nil {
		return c, err
	}
	c.ExpiresAt, err = FromTime(field+".expires_at", m.GetExpiresAt())
	return c, err
}

// LawNote is what a call was checked against as a message; nil: nothing.
func LawNote(n *campaign.LawNote) *pb.LawNote {
	if len(n.Site.Zones) == 0 && len(n.Site.Places) == 0 && len(n.Calendars) == 0 && len(n.Packs) == 0 && len(n.Exempt) == 0 {
		return nil
	}
	out := &pb.LawNote{Zones: n.Site.Zones, Places: n.Site.Places, Calendars: n.Calendars, Packs: n.Packs}
	for _, e := range n.Exempt {
		out.Exempt = append(out.Exempt, &pb.Exemption{Rule: e.Rule, By: e.By, ConsentId: int64(e.Consent), Reason: e.Reason})
	}
	return out
}
