package scheduler

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"redial/campaign"
)

// Bar is how many leads one gate keeps back.
type Bar struct {
	Gate    string // as Gate.Name; of leads that are not called any more, their state
	Leads   int64
	First   time.Time // when the first of them opens by itself; zero: none does, or it is not known when
	Last    time.Time // when the last does
	Example campaign.LeadID
	Detail  string // of the example, for people
}

// Histogram counts leads by the gate that binds each: its first closed one. The zero value is ready. Leads is the sum
// of Callable and the bars.
type Histogram struct {
	Leads    int64
	Callable int64
	bars     map[string]*Bar
}

// Binds is the gate that a lead counts under, given what Rulebook.Offer says of it: empty when it may be called now.
func Binds(l *campaign.Lead, j *campaign.Judgement) string {
	switch l.State {
	case campaign.LeadOpen, campaign.LeadHeld:
		if j.Callable {
			return ""
		}
		return j.Binding
	default:
		return string(l.State)
	}
}

// Add counts a lead.
func (h *Histogram) Add(l *campaign.Lead, j *campaign.Judgement) {
	h.Leads++
	gate := Binds(l, j)
	if gate == "" {
		h.Callable++
		return
	}
	if h.bars == nil {
		h.bars = make(map[string]*Bar)
	}
	b := h.bars[gate]
	if b == nil {
		b = &Bar{Gate: gate, Example: l.ID, Detail: j.Detail}
		h.bars[gate] = b
	}
	b.Leads++
	if j.OpenAt.IsZero() || l.State != campaign.LeadOpen {
		return
	}
	if b.First.IsZero() || j.OpenAt.Before(b.First) {
		b.First, b.Example, b.Detail = j.OpenAt, l.ID, j.Detail
	}
	if j.OpenAt.After(b.Last) {
		b.Last = j.OpenAt
	}
}

// Ended counts leads that need no look: those in a state in which nothing is called any more.
func (h *Histogram) Ended(state campaign.LeadState, n int64) {
	if n == 0 {
		return
	}
	h.Leads += n
	if h.bars == nil {
		h.bars = make(map[string]*Bar)
	}
	h.bars[string(state)] = &Bar{Gate: string(state), Leads: n}
}

// Bars are the gates with leads, the most first.
func (h *Histogram) Bars() []Bar {
	out := make([]Bar, 0, len(h.bars))
	for _, gate := range slices.Sorted(maps.Keys(h.bars)) {
		out = append(out, *h.bars[gate])
	}
	slices.SortStableFunc(out, func(a, b Bar) int { return cmp.Compare(b.Leads, a.Leads) })
	return out
}

// GateNames are the gates in the order in which they are asked.
func GateNames() []string {
	names := make([]string, len(gates))
	for i := range gates {
		names[i] = gates[i].name
	}
	return names
}
