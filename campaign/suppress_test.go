package campaign_test

import (
	"testing"
	"time"

	"redial/campaign"
)

func TestASuppressionBindsByItsScope(t *testing.T) {
	const cn, us, gb = "+8613800138001", "+12125550100", "+442079460000"
	region := &campaign.Campaign{Region: "FR"}
	lead := func(places ...string) *campaign.Lead { return &campaign.Lead{CampaignID: 7, Places: places} }
	located := &campaign.Lead{CampaignID: 7, Numbers: []campaign.Number{{Phone: us, Places: []string{"US-NY"}}}}
	for name, try := range map[string]struct {
		s      campaign.Suppression
		lead   *campaign.Lead
		of     *campaign.Campaign
		number campaign.Phone
		want   bool
	}{
		"everywhere":              {campaign.Suppression{Phone: cn}, lead(), nil, cn, true},
		"another number":          {campaign.Suppression{Phone: cn}, lead(), nil, us, false},
		"its campaign":            {campaign.Suppression{Phone: cn, Campaign: 7}, lead(), nil, cn, true},
		"another campaign":        {campaign.Suppression{Phone: cn, Campaign: 8}, lead(), nil, cn, false},
		"the number's country":    {campaign.Suppression{Phone: cn, Country: "CN"}, lead(), region, cn, true},
		"a code of several":       {campaign.Suppression{Phone: us, Country: "CA"}, lead(), nil, us, true},
		"the number's own places": {campaign.Suppression{Phone: us, Country: "CA"}, located, nil, us, false},
		"a state of it":           {campaign.Suppression{Phone: us, Country: "US"}, located, nil, us, true},
		"another country":         {campaign.Suppression{Phone: gb, Country: "CN"}, lead("GB"), region, gb, false},
		"the address":             {campaign.Suppression{Phone: gb, Country: "US"}, lead("US-FL"), nil, gb, true},
		"the region":              {campaign.Suppression{Phone: gb, Country: "FR"}, lead(), region, gb, true},
		"a territory's address":   {campaign.Suppression{Phone: gb, Country: "PR"}, lead("US-PR"), nil, gb, true},
		"not that territory's":    {campaign.Suppression{Phone: gb, Country: "PR"}, lead("US-FL"), nil, gb, false},
		"nobody knows the state":  {campaign.Suppression{Phone: gb, Country: "PR"}, lead("US"), nil, gb, true},
	} {
		if got := try.s.Binds(try.lead, try.of, try.number); got != try.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestASuppressionIsNeverWeakened(t *testing.T) {
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	ever, long, short := campaign.Suppression{Reason: "ever"}, campaign.Suppression{ExpiresAt: at.Add(2)}, campaign.Suppression{ExpiresAt: at.Add(1)}
	if !ever.Outlasts(&long) || !long.Outlasts(&short) || short.Outlasts(&long) || long.Outlasts(&ever) || ever.Outlasts(&ever) {
		t.Error("what binds longer takes the place of what binds shorter, and nothing else does")
	}
	if s := campaign.Strongest([]campaign.Suppression{short, ever, long}); s.Reason != "ever" {
		t.Errorf("the strongest is %+v", s)
	}
}
