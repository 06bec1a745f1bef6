package campaign_test

import (
	"testing"

	"redial/campaign"
)

func TestAZoneIsReadOnce(t *testing.T) {
	t.Parallel()
	one, err := campaign.Location("Asia/Shanghai")
	if err != nil || one.String() != "Asia/Shanghai" {
		t.Fatal(one, err)
	}
	if again, err := campaign.Location("Asia/Shanghai"); err != nil || again != one {
		t.Errorf("read anew: %p and %p, %v", again, one, err)
	}
	for _, bad := range []string{"Asia/Nowhere", "../etc/passwd"} {
		for range 2 {
			if loc, err := campaign.Location(bad); err == nil {
				t.Errorf("%q is %v", bad, loc)
			}
		}
	}
}
