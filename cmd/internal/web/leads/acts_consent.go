package leads

import (
	"context"

	pb "redial/proto/campaign/v1"
)

// consent records a person's word; who recorded it, and by which lead, the API knows.
func (p *pages) consent(ctx context.Context, o order, _ *shown) (err error) {
	c := &pb.Consent{Phone: o.get("phone"), Purpose: o.get("purpose"), Scopes: o.PostForm["scopes"], Proof: o.get("proof")}
	if len(c.GetScopes()) == 0 {
		return fault{"scopes", "leads_wrong_scopes"}
	}
	if c.GivenAt, err = o.wall("given_at"); err != nil {
		return err
	}
	if c.ExpiresAt, err = o.wall("expires_at"); err != nil {
		return err
	}
	_, err = p.leads.RecordConsent(ctx, &pb.RecordConsentRequest{LeadId: o.id, Consent: c})
	return err
}

// revoke ends a consent.
func (p *pages) revoke(ctx context.Context, o order, _ *shown) error {
	id, err := o.number("consent")
	if err != nil {
		return err
	}
	_, err = p.leads.RevokeConsent(ctx, &pb.RevokeConsentRequest{Id: id, Reason: o.get("reason")})
	return err
}
