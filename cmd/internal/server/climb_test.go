package server

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// machine says how many calls a second are done with so many in work.
type machine func(places float64) float64

// sharedCommits is a record that does half of its most with k calls in work.
func sharedCommits(most, k float64) machine {
	return func(n float64) float64 { return most * n / (n + k) }
}

// fixedCores gains nothing from more calls than it has room for, and loses a little.
func fixedCores(most, room float64) machine {
	return func(n float64) float64 { return min(n/room, 1) * most * math.Pow(max(n/room, 1), -0.05) }
}

// run lets a climb work for so long on a machine whose pace is noisy, and tells its places at the end of every second.
func (m machine) run(c *climb, rng *rand.Rand, now *time.Time, for_ time.Duration, queued bool) (each []float64) {
	next := now.Add(time.Second)
	for end := now.Add(for_); now.Before(end); {
		gap := rng.ExpFloat64() / m(c.limit())
		*now = now.Add(time.Duration(gap * float64(time.Second)))
		c.completed(*now, queued)
		if now.After(next) {
			each, next = append(each, c.places), next.Add(time.Second)
		}
	}
	return each
}

func TestClimbFindsWhereMorePlacesNoLongerDoMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m        machine
		low, top float64 // of the mean of the last half
	}{
		"a laptop":           {sharedCommits(1500, 15), 32, 100},
		"a server":           {sharedCommits(9000, 60), 110, 450},
		"a disk that waits":  {sharedCommits(3000, 200), 350, 1025},
		"cores are the end":  {fixedCores(4000, 40), 32, 80},
		"a big machine":      {sharedCommits(60_000, 1000), 800, 1025},
		"no gain from any":   {func(float64) float64 { return 800 }, 32, 60},
		"twice does as much": {func(n float64) float64 { return 20 * n }, 800, 1025},
	} {
		seed := rand.Uint64()
		rng, now := rand.New(rand.NewPCG(seed, 1)), time.Unix(0, 0)
		each := c.m.run(newClimb(), rng, &now, 80*time.Second, true)
		mean := 0.0
		for _, p := range each[len(each)/2:] {
			mean += p / float64(len(each)-len(each)/2)
		}
		if mean < c.low || mean > c.top {
			t.Errorf("%s (seed %d): %.0f places, want %.0f to %.0f; by the second %.0f", name, seed, mean, c.low, c.top, each)
		}
	}
}

func TestClimbStaysWhereItIsWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	c, now := newClimb(), time.Unix(0, 0)
	fixedCores(4000, 10).run(c, rand.New(rand.NewPCG(1, 1)), &now, 20*time.Second, false)
	if c.places != climbFrom {
		t.Errorf("%.0f places, want %.0f: throughput says nothing when all were let in", c.places, climbFrom)
	}
}

func TestClimbComesBackWhenTheMachineChanges(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	rng, now, c := rand.New(rand.NewPCG(seed, 1)), time.Unix(0, 0), newClimb()
	sharedCommits(9000, 400).run(c, rng, &now, 40*time.Second, true)
	if c.places < 300 {
		t.Errorf("seed %d: %.0f places where waiting pays", seed, c.places)
	}
	fixedCores(4000, 40).run(c, rng, &now, 60*time.Second, true)
	if c.places > 120 {
		t.Errorf("seed %d: %.0f places where it does not", seed, c.places)
	}
}
