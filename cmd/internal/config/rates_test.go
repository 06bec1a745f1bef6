package config

import (
	"maps"
	"strings"
	"testing"

	"redial/campaign"
)

func TestRatesAreReadByRole(t *testing.T) {
	t.Parallel()
	c := Config{Rates: " crm=1000, agent=0.5,manager=0 "}
	got, err := c.RatesOf()
	want := map[campaign.Role]float64{campaign.RoleCRM: 1000, campaign.RoleAgent: 0.5, campaign.RoleManager: 0}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := (&Config{}).RatesOf(); err != nil || len(got) != 0 {
		t.Errorf("nothing given: %v, %v", got, err)
	}
	for text, says := range map[string]string{
		"king=3": "names no role", "crm": "is no rate", "crm=": "is no rate", "crm=-1": "is no rate", "crm=NaN": "is no rate", "crm=1e9": "is no rate", "crm=1,crm=2": "twice",
	} {
		c := Default()
		c.Rates = text
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
