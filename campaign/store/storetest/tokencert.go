package storetest

import (
	"reflect"

	"redial/campaign"
)

// certificates are tokens by their names: one in force at a time, and the last one revoked when none is.
func certificates(b *bundle) {
	ctx := b.Context()
	one, two := b.campaign(nil), b.campaign(func(c *campaign.Campaign) { c.Name = "two" })
	want := campaign.Token{
		Owner: "crm", Role: campaign.RoleCRM, Certificate: "spiffe://example.com/crm", Campaigns: []campaign.CampaignID{one.ID, two.ID},
		Permissions: []campaign.Permission{campaign.PermitNumbers},
	}
	made := must[campaign.Token](b)(b.s.KeepCertificate(ctx, want))
	found := must[campaign.Token](b)(b.s.TokenByCertificate(ctx, want.Certificate))
	if !reflect.DeepEqual(made, found) || found.Owner != "crm" || found.Certificate != want.Certificate ||
		!reflect.DeepEqual(found.Campaigns, want.Campaigns) || !reflect.DeepEqual(found.Permissions, want.Permissions) {
		b.Errorf("kept %+v, found %+v", made, found)
	}
	_, err := b.s.KeepCertificate(ctx, want)
	b.refused(err, campaign.KindConflict, "")
	_, err = b.s.KeepCertificate(ctx, campaign.Token{Owner: "crm", Role: campaign.RoleCRM})
	b.refused(err, campaign.KindInvalid, "")
	for _, name := range []string{"", "spiffe://example.com/CRM", "crm"} {
		_, err = b.s.TokenByCertificate(ctx, name)
		b.refused(err, campaign.KindNotFound, "")
	}
	must[campaign.Token](b)(b.s.RevokeToken(ctx, made.ID))
	if gone := must[campaign.Token](b)(b.s.TokenByCertificate(ctx, want.Certificate)); gone.ID != made.ID || gone.RevokedAt.IsZero() {
		b.Errorf("after its revocation: %+v", gone)
	}
	again := must[campaign.Token](b)(b.s.KeepCertificate(ctx, want))
	if found := must[campaign.Token](b)(b.s.TokenByCertificate(ctx, want.Certificate)); found.ID != again.ID || !found.RevokedAt.IsZero() {
		b.Errorf("after another was made: %+v, want token %d", found, again.ID)
	}
}
