package simulate

import (
	"slices"
	"time"

	"redial/campaign"
)

// tally counts what happens, by hour of the day and by day in the scenario's zone.
type tally struct {
	start    int64 // Unix milliseconds
	slots    []slot
	all      figures
	hours    [24]figures
	days     []figures
	dates    []campaign.Date
	manned   [][24]bool // by day: somebody was signed in
	outcomes [campaign.NumOutcomes]int64
	callsOf  [campaign.NumOutcomes]time.Duration
}

// slot is a quarter of an hour of the scenario.
type slot struct{ day, hour int }

const slotMS = 15 * 60 * 1000

// figures are what is counted of a stretch of time.
type figures struct {
	calls, connects, conversations, successes int64
	spent                                     [6]time.Duration // by state, as campaign.AgentStates
}

func (t *tally) begin(s *Scenario) {
	t.start = s.Start.UnixMilli()
	end := s.End()
	for at := s.Start; at.Before(end); at = at.Add(slotMS * time.Millisecond) {
		local := at.In(s.Zone)
		d := campaign.DateOf(local)
		if len(t.dates) == 0 || t.dates[len(t.dates)-1] != d {
			t.dates = append(t.dates, d)
		}
		t.slots = append(t.slots, slot{len(t.dates) - 1, local.Hour()})
	}
	t.days, t.manned = make([]figures, len(t.dates)), make([][24]bool, len(t.dates))
}

// each gives the figures of an instant.
func (t *tally) each(at time.Time, f func(*figures)) {
	i := (at.UnixMilli() - t.start) / slotMS
	s := t.slots[min(max(i, 0), int64(len(t.slots)-1))]
	f(&t.all)
	f(&t.hours[s.hour])
	f(&t.days[s.day])
}

// called counts a call, at the instant it was placed.
func (t *tally) called(w *world, l *lead, c *call, o campaign.Outcome, talk time.Duration) {
	t.outcomes[o]++
	t.callsOf[o] += talk
	l.home.tally.calls++
	l.home.floor.tally.calls++
	success := o == campaign.Success || o == campaign.SuccessProxy
	if success {
		l.home.tally.successes++
	}
	t.each(c.placedAt, func(f *figures) {
		f.calls++
		if o.Connect() {
			f.connects++
		}
		if conversed(l.home.floor, o, talk) {
			f.conversations++
		}
		if success {
			f.successes++
		}
	})
	w.promises.calls += btoi(c.promise != nil)
}

func btoi(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// moved counts the time in the state that a session leaves; a change of the reason alone ends a stretch, too.
func (t *tally) moved(prev, next campaign.Session) { t.spent(prev.State, prev.Since, next.Since) }

// spent counts time in a state, each quarter of an hour where it belongs.
func (t *tally) spent(state campaign.AgentState, from, to time.Time) {
	n := slices.Index(campaign.AgentStates, state)
	if n <= 0 { // signed out
		return
	}
	a, b := from.UnixMilli(), to.UnixMilli()
	for a < b {
		i := (a - t.start) / slotMS
		end := min(b, t.start+(i+1)*slotMS)
		s := t.slots[min(i, int64(len(t.slots)-1))]
		d := time.Duration(end-a) * time.Millisecond
		t.all.spent[n] += d
		t.hours[s.hour].spent[n] += d
		t.days[s.day].spent[n] += d
		t.manned[s.day][s.hour] = true
		a = end
	}
}

// floorTally is what is counted of a campaign.
type floorTally struct {
	calls        int64
	leads        map[campaign.LeadState]int64
	plans        map[string]int64 // reasons of decisions
	refused      map[string]int64 // binding gates at the claim
	refusedStart map[string]int64 // at dialling
	released     map[string]int64 // offers given back, by reason
	dry          bool             // in this round of offers
}

func (t *floorTally) begin() {
	t.leads, t.plans = make(map[campaign.LeadState]int64), make(map[string]int64)
	t.refused, t.refusedStart, t.released = make(map[string]int64), make(map[string]int64), make(map[string]int64)
}

func (t *floorTally) planned(p campaign.Plan) { t.plans[p.Reason]++ }

// listTally is what is counted of a list.
type listTally struct {
	calls, successes int64
	leads            int
	open             int // leads still to be called
	fresh            int // leads never called
	dryAt            time.Time
	lastFresh        time.Time
	done             time.Time
}

// promiseTally is what became of promises.
type promiseTally struct {
	made    int64
	calls   int64 // placed on a promise
	byState map[campaign.AppointmentState]int64
	reasons map[string]int64
	refused map[string]int64 // times asked for that the rules refused, by reason
	lates   []time.Duration  // of kept ones: from the promised instant to the call
}

func (t *promiseTally) begin() {
	t.byState, t.reasons, t.refused = make(map[campaign.AppointmentState]int64), make(map[string]int64), make(map[string]int64)
}

func (t *promiseTally) closed(state campaign.AppointmentState, reason string) {
	t.byState[state]++
	t.reasons[string(state)+": "+reason]++
}

func (t *promiseTally) late(d time.Duration) { t.lates = append(t.lates, max(d, 0)) }

// ended is how many promises were closed, in whatever way.
func (t *promiseTally) ended() int64 {
	n := int64(0)
	for _, k := range t.byState {
		n += k
	}
	return n
}
