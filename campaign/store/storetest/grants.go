package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

// soundTokens are refused by the field that is wrong.
func soundTokens(b *bundle) {
	ctx, c := b.Context(), b.campaign(nil)
	good := campaign.Token{
		Owner: "crm", Role: campaign.RoleCRM, Campaigns: []campaign.CampaignID{c.ID},
		Permissions: []campaign.Permission{campaign.PermitPrivacy}, ExpiresAt: b.s.Now().Add(time.Hour),
	}
	for field, change := range map[string]func(*campaign.Token){
		"expires_at":      func(t *campaign.Token) { t.ExpiresAt = b.s.Now().Add(-time.Microsecond) },
		"campaign_ids[0]": func(t *campaign.Token) { t.Campaigns = []campaign.CampaignID{c.ID + 100} },
		"campaign_ids":    func(t *campaign.Token) { t.Role = campaign.RoleAdmin },
		"permissions[0]":  func(t *campaign.Token) { t.Permissions = []campaign.Permission{"all"} },
		"certificate":     func(t *campaign.Token) { t.Certificate = "crm\n" },
	} {
		bad := good
		change(&bad)
		_, err := b.s.KeepToken(ctx, bad, campaign.NewSecret())
		b.names(err, field)
	}
	if n := b.count(`SELECT count(*) FROM tokens`); n != 0 {
		b.Errorf("%d tokens were made all the same", n)
	}
	secret := campaign.NewSecret()
	made := must[campaign.Token](b)(b.s.KeepToken(ctx, good, secret))
	got := must[campaign.Token](b)(b.s.TokenBySecret(ctx, secret))
	if caller := got.Caller(); got.ID != made.ID || !caller.Restricted() || !caller.Sees(c.ID) || caller.Sees(c.ID+1) || !caller.May(campaign.PermitPrivacy) || caller.May(campaign.PermitNumbers) {
		b.Errorf("kept %+v", got)
	}
	must[campaign.Token](b)(b.s.RevokeToken(ctx, made.ID))
	must[campaign.Token](b)(b.s.RevokeToken(ctx, made.ID))
	if n := b.count(`SELECT count(*) FROM audit_log WHERE action IN ('create_token', 'revoke_token')`); n != 2 {
		b.Errorf("%d deeds in the audit log, want 2: made, and revoked once", n)
	}
}

// grants are looked up by what a request names.
func grants(b *bundle) {
	ctx := b.Context()
	one, two := b.campaign(nil), b.campaign(func(c *campaign.Campaign) { c.Name = "two" })
	list, leads := b.list(two, []campaign.Phone{"+8613800138000"})
	a := must[campaign.Agent](b)(b.s.CreateAgent(ctx, campaign.Agent{Login: "both", Name: "both", Campaigns: []campaign.Membership{{CampaignID: one.ID, Weight: 1}, {CampaignID: two.ID, Weight: 1}}}))
	idle := must[campaign.Agent](b)(b.s.CreateAgent(ctx, campaign.Agent{Login: "idle", Name: "idle"}))
	upload := b.count(`SELECT id FROM uploads WHERE list_id = $1`, int64(list))
	for _, q := range []struct {
		what campaign.Thing
		id   int64
		want []campaign.CampaignID
	}{
		{campaign.ThingList, int64(list), []campaign.CampaignID{two.ID}},
		{campaign.ThingUpload, upload, []campaign.CampaignID{two.ID}},
		{campaign.ThingLead, int64(leads[0]), []campaign.CampaignID{two.ID}},
		{campaign.ThingAgent, int64(a.ID), []campaign.CampaignID{one.ID, two.ID}},
		{campaign.ThingAgent, int64(idle.ID), nil},
		{campaign.ThingList, 9999, nil},
		{campaign.ThingLead, -1, nil},
		{campaign.ThingAssignment, 9999, nil},
		{campaign.ThingAppointment, 9999, nil},
		{campaign.ThingConsent, 9999, nil},
	} {
		if got := must[[]campaign.CampaignID](b)(b.s.CampaignsOf(ctx, q.what, q.id)); !slices.Equal(got, q.want) {
			b.Errorf("%s %d belongs to %v, want %v", q.what, q.id, got, q.want)
		}
	}
	if _, err := b.s.CampaignsOf(ctx, "webhook", 1); err == nil {
		b.Error("a webhook is no thing of one campaign")
	}
}
