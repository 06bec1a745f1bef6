package campaign

import (
	"fmt"
	"testing"
	"time"
)

func TestSitesAreFewHoweverManyStatesNumbersAreIn(t *testing.T) {
	l := Lead{Zones: []string{"America/New_York"}, Numbers: []Number{
		{Phone: "+1", Places: []string{"US-FL"}}, {Phone: "+2", Places: []string{"US-FL"}}, {Phone: "+3", Places: []string{"US-GA"}},
		{Phone: "+4", Places: []string{"US-NY"}}, {Phone: "+5", Zones: []string{"America/Chicago"}, Places: []string{"US-TX"}},
		{Phone: "+6", Zones: []string{"America/Chicago"}, Places: []string{"CA-MB"}},
	}}
	got := fmt.Sprint(l.Sites(nil, "", time.Time{}))
	want := "[{[America/New_York] [US-FL] false} {[America/Chicago] [CA] false} {[America/Chicago] [US] false} {[America/New_York] [US] false}]"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	l.Numbers[2], l.Numbers[5] = l.Numbers[5], l.Numbers[2]
	if again := fmt.Sprint(l.Sites(nil, "", time.Time{})); again != want {
		t.Errorf("in another order: %s", again)
	}
	one := Lead{Zones: []string{"UTC"}, Places: []string{"FR"}}
	if got := fmt.Sprint(one.Sites(nil, "", time.Time{})); got != "[{[UTC] [FR] false}]" {
		t.Errorf("without numbers: %s", got)
	}
}
