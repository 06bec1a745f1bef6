package rpc

import (
	"testing"

	"redial/campaign"
)

func TestNobodyUnmasksOrSendsElsewhereWhatTheyMayNotSee(t *testing.T) {
	t.Parallel()
	masked := campaign.Campaign{MaskNumbers: true}
	asked := campaign.Campaign{MaskNumbers: true, PreCall: campaign.PreCall{Address: "crm.example:443"}}
	token := campaign.Campaign{PreCall: campaign.PreCall{Address: "crm.example:443", TokenName: "crm"}}
	moved := token
	moved.PreCall.Address = "elsewhere.example:443"
	manager := campaign.Caller{Role: campaign.RoleManager}
	seeing := campaign.Caller{Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitNumbers}}
	admin := campaign.Caller{Role: campaign.RoleAdmin}
	for name, c := range map[string]struct {
		who           campaign.Caller
		before, after campaign.Campaign
		may           bool
	}{
		"a manager unmasks":                         {manager, masked, campaign.Campaign{}, false},
		"one with the permission unmasks":           {seeing, masked, campaign.Campaign{}, true},
		"a manager masks":                           {manager, campaign.Campaign{}, masked, true},
		"a manager has a CRM asked, masked":         {manager, masked, asked, false},
		"one with the permission has a CRM asked":   {seeing, masked, asked, true},
		"a manager asks nobody any more, masked":    {manager, asked, masked, true},
		"a manager shows a token":                   {manager, campaign.Campaign{}, token, false},
		"one with the permission shows a token":     {seeing, campaign.Campaign{}, token, false},
		"a manager sends a shown token elsewhere":   {manager, token, moved, false},
		"a manager changes what is beside":          {manager, token, token, true},
		"an admin sends a token where it is wanted": {admin, token, moved, true},
	} {
		err := mayShow(campaign.WithCaller(t.Context(), c.who), &c.before, &c.after)
		if (err == nil) != c.may || (err != nil && campaign.KindOf(err) != campaign.KindDenied) {
			t.Errorf("%s: %v, want allowed %v", name, err, c.may)
		}
	}
}
