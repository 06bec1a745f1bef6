package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"redial/campaign"
)

// Sample is one simulated call. The zero value of a time is none.
type Sample struct {
	Outcome campaign.Outcome
	Ring    time.Duration // from dialling to the answer, or to the end without one
	Talk    time.Duration // from the answer to the end; 0: not answered
	Wrap    time.Duration // what the agent needs afterwards
}

// Answered says whether somebody or something answered.
func (s Sample) Answered() bool { return answered(s.Outcome) }

// answered: voicemail and fax pick up too.
func answered(o campaign.Outcome) bool {
	return o.Connect() || o == campaign.Machine || o == campaign.Fax
}

// Within is the same call when we let it ring no longer than ring: what would have come then or later we never hear,
// so it is no answer. 0 is for ever.
func (s Sample) Within(ring time.Duration) Sample {
	if ring <= 0 || s.Ring < ring {
		return s
	}
	s.Outcome, s.Ring, s.Talk = campaign.NoAnswer, ring, 0
	return s
}

// Sample draws a call made at the called party's hour (0..23) to a lead that was called before so many times. It reads
// nothing but its arguments, so that the same rng gives the same day, and takes the same number of draws from rng
// whatever comes out. Hours outside the day wrap around; a negative before is 0.
func (t *Table) Sample(rng *rand.Rand, hour, before int) Sample {
	n := min(max(before, 0), len(t.attempts)-1)
	list := t.otherwise[n]
	if rng.Float64() < t.human[((hour%24)+24)%24]*t.attempts[n].human {
		list = t.talks
	}
	s := Sample{Outcome: draw(list, rng.Float64())}
	row := t.times[s.Outcome]
	s.Ring, s.Talk, s.Wrap = row.ring.at(rng.NormFloat64()), row.talk.at(rng.NormFloat64()), row.wrap.at(rng.NormFloat64())
	return s.Within(t.ringTime)
}

func draw(list []slice, p float64) campaign.Outcome {
	for _, s := range list {
		if p < s.upTo {
			return s.outcome
		}
	}
	return list[len(list)-1].outcome
}

// at is the time that lies z standard deviations from the median, in whole milliseconds.
func (s spread) at(z float64) time.Duration {
	v := min(max(s.median*math.Exp(s.sigma*z), s.least), s.most)
	return seconds(v).Round(time.Millisecond)
}
