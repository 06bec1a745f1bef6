package campaign

import (
	"maps"
	"slices"
	"time"
)

// Counts are what a row of a report is made of. Every field adds up: the counts of a whole are the sum of its parts'.
type Counts struct {
	Leads     int64 // taken in, in the time of the report
	Tried     int64 // of them: called at least once, whenever
	Withdrawn int64 // of them: taken out before any call

	Attempts int64
	Outcomes [NumOutcomes]int64 // they sum to Attempts; NoOutcome for outcomes this program does not know
	Talk     Spread             // of connects
	Wrap     Spread             // of calls whose end was told
	Handling Spread             // the same: talk and wrap-up together
	// ConversationCalls are connects of at least the campaign's conversation time.
	Conversations int64

	States map[AgentState]time.Duration // signed-in time by state

	Booked map[AppointmentState]int64 // promises made, by how they stand
}

// Add adds the counts of another part.
func (c *Counts) Add(o *Counts) {
	c.Leads += o.Leads
	c.Tried += o.Tried
	c.Withdrawn += o.Withdrawn
	c.Attempts += o.Attempts
	c.Conversations += o.Conversations
	for i, n := range o.Outcomes {
		c.Outcomes[i] += n
	}
	c.Talk.Add(&o.Talk)
	c.Wrap.Add(&o.Wrap)
	c.Handling.Add(&o.Handling)
	for s, d := range o.States {
		c.Spend(s, d)
	}
	for s, n := range o.Booked {
		c.Book(s, n)
	}
}

// Call counts n attempts of one outcome.
func (c *Counts) Call(o Outcome, n int64) {
	if int(o) >= NumOutcomes {
		o = NoOutcome
	}
	c.Attempts += n
	c.Outcomes[o] += n
}

// Spend counts time in a state.
func (c *Counts) Spend(s AgentState, d time.Duration) {
	if c.States == nil {
		c.States = make(map[AgentState]time.Duration)
	}
	c.States[s] += d
}

// Book counts n promises that stand so.
func (c *Counts) Book(s AppointmentState, n int64) {
	if c.Booked == nil {
		c.Booked = make(map[AppointmentState]int64)
	}
	c.Booked[s] += n
}

func (c *Counts) sum(which func(Outcome) bool) int64 {
	var n int64
	for o, k := range c.Outcomes {
		if o != int(NoOutcome) && which(Outcome(o)) {
			n += k
		}
	}
	return n
}

// Connects are the attempts that a human answered.
func (c *Counts) Connects() int64 { return c.sum(Outcome.Connect) }

// RightParties are the attempts that reached the lead in person.
func (c *Counts) RightParties() int64 { return c.sum(Outcome.RightParty) }

// BadData are the attempts that found the number itself wrong.
func (c *Counts) BadData() int64 { return c.sum(Outcome.BadData) }

// Successes are the attempts that met the call's purpose, with the lead or through somebody else.
func (c *Counts) Successes() int64 { return c.Outcomes[Success] + c.Outcomes[SuccessProxy] }

// Untried are the leads never called and still in the campaign.
func (c *Counts) Untried() int64 { return c.Leads - c.Tried - c.Withdrawn }

// Promises are all promises made.
func (c *Counts) Promises() int64 {
	var n int64
	for _, k := range c.Booked {
		n += k
	}
	return n
}

// SignedIn is the time in every state but signed out.
func (c *Counts) SignedIn() time.Duration {
	var d time.Duration
	for s, k := range c.States {
		if s != AgentSignedOut {
			d += k
		}
	}
	return d
}

// Working is the time on calls and wrapping up.
func (c *Counts) Working() time.Duration { return c.States[AgentOnCall] + c.States[AgentWrapUp] }

// Available is the time an agent worked or could have been given a call: signed in and not on a break.
func (c *Counts) Available() time.Duration { return c.SignedIn() - c.States[AgentBreak] }

// Spread is many durations: their exact sum, and how many there are of each whole second, from which percentiles
// are exact to the second. Spreads add up.
type Spread struct {
	Sum     time.Duration
	N       int64
	Seconds map[int64]int64 // whole seconds, rounded down, to how many
}

// Put adds n durations of the same whole seconds; their exact sum is given to PutSum.
func (s *Spread) Put(seconds, n int64) {
	if s.Seconds == nil {
		s.Seconds = make(map[int64]int64)
	}
	s.Seconds[seconds] += n
	s.N += n
}

// PutSum adds to the exact sum.
func (s *Spread) PutSum(d time.Duration) { s.Sum += d }

// Add adds another spread.
func (s *Spread) Add(o *Spread) {
	for sec, n := range o.Seconds {
		s.Put(sec, n)
	}
	s.Sum += o.Sum
}

// Mean is the exact mean in seconds; false without any duration.
func (s *Spread) Mean() (float64, bool) {
	if s.N == 0 {
		return 0, false
	}
	return s.Sum.Seconds() / float64(s.N), true
}

// Percentile is the smallest whole second that at least p of 100 durations do not exceed (nearest rank); false
// without any duration. p is from 1 to 100.
func (s *Spread) Percentile(p int64) (float64, bool) {
	if s.N == 0 {
		return 0, false
	}
	rank := (s.N*p + 99) / 100
	var below int64
	for _, sec := range slices.Sorted(maps.Keys(s.Seconds)) {
		if below += s.Seconds[sec]; below >= rank {
			return float64(sec), true
		}
	}
	return 0, false
}
