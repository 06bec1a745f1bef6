package simulate

import (
	"fmt"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler/law"
)

// Under the pack of the United States nobody in Florida is called more than three times in 24 hours, promises included,
// however often the campaign's own rules would call; in a state without such a law they are.
func TestALawPackBindsWhatTheCampaignWouldDo(t *testing.T) {
	t.Parallel()
	library, err := law.Open("")
	if err != nil {
		t.Fatal(err)
	}
	densestIn := func(place string) int {
		s := scenario(t, `"start":"2026-03-02","zone":"America/New_York","days":4`, `"outcomes":`+far(0.2, "APPOINTMENT", "NO_ANSWER"),
			`"campaigns":[{"name":"c","zone":"America/New_York","rules":{"interval":"1h","max_per_day":0,"packs":["us"]}}]`,
			`"lists":[{"synthetic":{"count":30,"numbers":2,"sites":[{"zones":["America/New_York"],"places":["`+place+`"]}]}}]`,
			`"agents":[{"count":3,"shifts":[{"start":"08:00","end":"21:00"}]}]`, `"booking":{"ahead_hours":[3,0.5,0.5,20]}`)
		at := make(map[campaign.Phone][]time.Time)
		if _, err := Run(t.Context(), s, Options{Law: library, Full: true, Called: func(c Call) {
			who := campaign.Phone(fmt.Sprint(c.Lead))
			at[who] = append(at[who], c.PlacedAt)
		}}); err != nil {
			t.Fatal(err)
		}
		return densest(at, 24*time.Hour)
	}
	if n := densestIn("US-FL"); n != 3 {
		t.Errorf("%d calls in 24 h to somebody in Florida, want 3", n)
	}
	if n := densestIn("US-CO"); n < 6 {
		t.Errorf("%d calls in 24 h to somebody in Colorado, want many: the pack has no such rule there", n)
	}
}
