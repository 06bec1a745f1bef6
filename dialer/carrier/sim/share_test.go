package sim

import (
	"math"
	"math/rand/v2"
	"testing"

	"redial/campaign"
)

func TestWithShareGivesOneOutcomeAnotherShareAndLeavesTheOthersTheirs(t *testing.T) {
	t.Parallel()
	was := Default()
	table, err := was.WithShare(campaign.Booked, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	count := func(table *Table) (booked, success, refused, humans float64) {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 100_000 {
			switch s := table.Sample(rng, 18, 0); {
			case s.Outcome == campaign.Booked:
				booked, humans = booked+1, humans+1
			case s.Outcome.Connect():
				humans++
				if s.Outcome == campaign.Success {
					success++
				}
				if s.Outcome == campaign.Refused {
					refused++
				}
			}
		}
		return booked, success, refused, humans
	}
	_, oldSuccess, oldRefused, oldHumans := count(was)
	booked, success, refused, humans := count(table)
	if share := booked / humans; math.Abs(share-0.5) > 0.01 || humans != oldHumans {
		t.Errorf("%v of human answers agree on a time, want half; %v humans, before %v", share, humans, oldHumans)
	}
	if got, want := success/refused, oldSuccess/oldRefused; math.Abs(got-want) > 0.05 {
		t.Errorf("successes to refusals are %v, before %v: the others must keep their proportions", got, want)
	}
	for _, c := range []struct {
		o campaign.Outcome
		p float64
	}{{campaign.Busy, 0.1}, {campaign.Booked, 1.1}, {campaign.Booked, -1}} {
		if _, err := was.WithShare(c.o, c.p); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%v at %v: %v, want it refused", c.o, c.p, err)
		}
	}
}
