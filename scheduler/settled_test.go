package scheduler

import (
	"fmt"
	"testing"

	"redial/campaign"
)

// Many lists with hours of their own times many sites are more regimes than a rulebook keeps, whichever comes first.
func TestARulebookForgetsWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	rb := &Rulebook{}
	rules := campaign.DefaultRules()
	for place := range 400 {
		for list := range 60 {
			s := rb.settle(&rules, []campaign.Window{{Days: [7]bool{1: true}, Open: 540 + list, Close: 1000}}, nil, nil)
			if r := rb.at(s, []string{"Asia/Shanghai"}, []string{fmt.Sprint("CN-", place)}, ""); r.zones == nil {
				t.Fatal("not settled")
			}
		}
	}
	kept := len(rb.settled)
	for _, s := range rb.settled {
		kept += len(s.sites)
	}
	if kept > maxRegimes+60 {
		t.Errorf("%d regimes are kept, at most %d should be", kept, maxRegimes)
	}
}
