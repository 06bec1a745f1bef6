package dialer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

func members(weights ...int) []campaign.Membership {
	var ms []campaign.Membership
	for i, w := range weights {
		ms = append(ms, campaign.Membership{CampaignID: campaign.CampaignID(i + 1), Weight: w})
	}
	return ms
}

// serve makes n offers; empty says which campaigns have nothing.
func serve(turns *Turns, ms []campaign.Membership, n int, empty map[campaign.CampaignID]bool) string {
	var b strings.Builder
	for range n {
		for _, id := range turns.Order(ms) {
			if !empty[id] {
				b.WriteByte(byte('A' + id - 1))
				turns.Took(id, ms)
				break
			}
		}
	}
	return b.String()
}

func TestTurnsAreSmooth(t *testing.T) {
	for _, c := range []struct {
		weights []int
		want    string
	}{
		{[]int{1}, "AAAA"},
		{[]int{1, 1}, "ABABAB"},
		{[]int{2, 1}, "ABAABA"},
		{[]int{5, 1, 1}, "AAABCAAAAABCAA"},
		{[]int{0, -3}, "ABAB"},
	} {
		if got := serve(&Turns{}, members(c.weights...), len(c.want), nil); got != c.want {
			t.Errorf("weights %v: %s, want %s", c.weights, got, c.want)
		}
	}
}

func TestTurnsKeepToTheWeights(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var weights []int
		total := 0
		for range 1 + rng.IntN(6) {
			weights = append(weights, 1+rng.IntN(20))
			total += weights[len(weights)-1]
		}
		turns, ms := &Turns{}, members(weights...)
		counts := make([]int, len(weights))
		for n := 1; n <= 5*total; n++ {
			counts[serve(turns, ms, 1, nil)[0]-'A']++
			for i, c := range counts {
				if ideal := float64(n*weights[i]) / float64(total); math.Abs(float64(c)-ideal) > 1.5 {
					t.Fatalf("seed %d, weights %v, after %d offers: campaign %d has %d, its share is %.2f", seed, weights, n, i+1, c, ideal)
				}
			}
		}
	}
}

func TestACampaignThatWasEmptySavesNothingUp(t *testing.T) {
	turns, ms := &Turns{}, members(1, 1)
	serve(turns, ms, 1000, map[campaign.CampaignID]bool{1: true})
	if got := serve(turns, ms, 6, nil); got != "ABABAB" {
		t.Errorf("after 1000 offers without A: %s, want ABABAB", got)
	}
	if got := serve(turns, members(1, 1, 2), 8, nil); strings.Count(got, "C") != 4 {
		t.Errorf("a campaign that joins gets %s, want half", got)
	}
}

func TestFreshShareIsAFloor(t *testing.T) {
	for _, share := range []float64{0, 0.1, 0.25, 0.3, 1.0 / 3, 0.5, 0.9, 1} {
		var mix Mix
		fresh := 0
		for n := 1; n <= 1000; n++ {
			f := mix.Fresh(share)
			if f {
				fresh++
			}
			mix.Took(share, f)
			if want := int(math.Floor(float64(n)*share + 1e-6)); fresh != want {
				t.Fatalf("share %v: %d fresh of %d offers, want %d", share, fresh, n, want)
			}
		}
	}
}

func TestFreshShareSavesOneOfferAtMost(t *testing.T) {
	var mix Mix
	for range 100 {
		mix.Took(0.5, false) // nothing fresh was there
	}
	var got strings.Builder
	for range 6 {
		f := mix.Fresh(0.5)
		fmt.Fprintf(&got, "%t ", f)
		mix.Took(0.5, f)
	}
	if got.String() != "true true false true false true " {
		t.Errorf("after a drought: %s", got.String())
	}
	mix = Mix{}
	for range 100 {
		mix.Took(0.5, true) // no retry was due
	}
	if mix.Took(0.5, false); !mix.Fresh(0.5) {
		t.Error("fresh leads offered for want of retries were counted against the share")
	}
}

func TestLongShots(t *testing.T) {
	set := campaign.DefaultFloor()
	for _, c := range []struct {
		ahead time.Duration
		want  bool
	}{
		{time.Hour, true}, {5*time.Minute + 1, true}, {5 * time.Minute, false}, {0, false},
		{-2*time.Minute + 1, false}, {-2 * time.Minute, true}, {-time.Hour, true},
	} {
		if got := LongShotAllowed(t0.Add(c.ahead), t0, set); got != c.want {
			t.Errorf("promise in %v: %t, want %t", c.ahead, got, c.want)
		}
	}
	if !LongShotAllowed(time.Time{}, t0, set) {
		t.Error("no promise, and no ordinary lead")
	}
}
