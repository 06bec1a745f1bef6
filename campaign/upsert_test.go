package campaign_test

import (
	"fmt"
	"strings"
	"testing"

	"redial/campaign"
)

// home reads numbers of two countries by their codes.
func home() campaign.UpsertHome {
	return campaign.UpsertHome{Campaign: &campaign.Campaign{ID: 1, Zone: "Asia/Tokyo", Region: "CN"}, Number: func(text, region string) (campaign.Number, error) {
		if !strings.HasPrefix(text, "+") {
			text = map[string]string{"CN": "+86", "US": "+1"}[region] + text
		}
		n := campaign.Number{Phone: campaign.Phone(text)}
		switch {
		case strings.HasPrefix(text, "+86"):
			n.Zones = []string{"Asia/Shanghai"}
		case strings.HasPrefix(text, "+1"):
			n.Zones = []string{"America/New_York"}
		}
		return n, nil
	}}
}

func given(phones ...campaign.Phone) *campaign.LeadValues {
	v := &campaign.LeadValues{}
	for _, p := range phones {
		v.Numbers = append(v.Numbers, campaign.Number{Phone: p})
	}
	return v
}

func TestALeadsZonesFollowItsFirstNumberUntilSomebodyGivesThem(t *testing.T) {
	h := home()
	l, err := h.Make(given("13800000001", "+12125550100", "13800000001"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(l.Zones, l.Numbers); got != "[Asia/Shanghai] [{+8613800000001   [] []} {+12125550100   [America/New_York] []}]" {
		t.Errorf("made with %s", got)
	}
	for _, step := range []struct {
		what, want string
		v          *campaign.LeadValues
		zones      []string
	}{
		{"the same", "[] [Asia/Shanghai]", given("13800000001", "+12125550100"), nil},
		{"another country's", "[numbers zones] [America/New_York]", given("+12125550100"), nil},
		{"one of nowhere", "[numbers zones] [Asia/Tokyo]", given("+99"), nil},
		{"zones of its own", "[numbers zones] [Europe/Paris]", given("13800000001"), []string{"Europe/Paris"}},
		{"which stay", "[numbers] [Europe/Paris]", given("+12125550100"), nil},
	} {
		take := campaign.TakeNumbers
		if step.v.Zones = step.zones; step.zones != nil {
			take |= campaign.TakeZones
		}
		changed, err := h.Change(l, step.v, take)
		if got := fmt.Sprint(list(changed), l.Zones); err != nil || got != step.want {
			t.Errorf("%s: %s, want %s (%v)", step.what, got, step.want, err)
		}
	}
}

func list(s []string) []string { return append([]string{}, s...) }

func TestANumberThatACallBroughtOutlivesTheCRMsOwn(t *testing.T) {
	h := home()
	l, err := h.Make(given("13800000001"))
	if err != nil {
		t.Fatal(err)
	}
	l.Tries = []campaign.Try{{Outcome: campaign.NumberChanged, Number: "+8613800000001", NewNumber: "+12125550100"}}
	l.Numbers = append(l.Numbers, campaign.Number{Phone: "+12125550100", Label: campaign.BroughtLabel, Zones: []string{"America/New_York"}})
	if changed, err := h.Change(l, given("13800000001"), campaign.TakeNumbers); err != nil || len(changed) != 0 || len(l.Numbers) != 2 {
		t.Errorf("sent again it changed %v: %v, %v", changed, l.Numbers, err)
	}
	if changed, err := h.Change(l, given("13800000002"), campaign.TakeNumbers); err != nil || len(changed) != 1 || len(l.Numbers) != 2 || l.Numbers[1].Phone != "+12125550100" {
		t.Errorf("with another number it changed %v: %v, %v", changed, l.Numbers, err)
	}
}
