package simulate

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"redial/campaign"
)

// Result is what came of a simulation. Its JSON has the same members in the same order whatever they hold; the same
// scenario and seed give the same bytes. Times are hours, shares 0 to 1, instants RFC 3339 in UTC.
type Result struct {
	Scenario  Brief            `json:"scenario"`
	Total     Figures          `json:"total"`
	Hours     []HourFigures    `json:"hours"` // by hour of the day, in the scenario's zone: those with agents or calls
	Days      []DayFigures     `json:"days"`
	Campaigns []CampaignResult `json:"campaigns"`
	Lists     []ListResult     `json:"lists"`
	Promises  PromiseResult    `json:"promises"`
	Outcomes  []Count          `json:"outcomes"` // of calls, the most frequent first
	Attempts  []AttemptCount   `json:"attempts"` // leads by how often they were called
	Checked   Checked          `json:"checked"`
}

// Brief says what was simulated.
type Brief struct {
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Zone   string    `json:"zone"`
	Days   int       `json:"days"`
	Seed   uint64    `json:"seed"`
	Leads  int       `json:"leads"`
	Agents int       `json:"agents"`
}

// Figures are the calls of a stretch of time and the agents' time in it. Rates are 0 where nothing could be divided.
type Figures struct {
	Calls         int64   `json:"calls"`
	Connects      int64   `json:"connects"`      // a human answered
	Conversations int64   `json:"conversations"` // connects that reached the campaign's conversation time
	Successes     int64   `json:"successes"`
	AgentHours    float64 `json:"agent_hours"` // signed in and not on a break
	ReadyHours    float64 `json:"ready_hours"` // waiting for a call
	OfferedHours  float64 `json:"offered_hours"`
	TalkHours     float64 `json:"on_call_hours"` // ringing included
	WrapHours     float64 `json:"wrap_up_hours"`
	BreakHours    float64 `json:"break_hours"`
	MannedHours   int     `json:"manned_hours"`       // clock hours in which somebody was signed in
	CallsHour     float64 `json:"calls_per_hour"`     // calls / manned_hours
	TalksHour     float64 `json:"conversations_hour"` // conversations / manned_hours
	CallsAgent    float64 `json:"calls_agent_hour"`   // calls / agent_hours
	ConnectRate   float64 `json:"connect_rate"`       // connects / calls
	SuccessRate   float64 `json:"success_rate"`       // successes / calls
	Occupancy     float64 `json:"occupancy"`          // (offered + on call + wrap-up) / agent_hours
}

// HourFigures are the figures of an hour of the day, over all days.
type HourFigures struct {
	Hour int `json:"hour"` // 0 to 23
	Figures
}

// DayFigures are the figures of a local date.
type DayFigures struct {
	Date string `json:"date"`
	Figures
}

// Count is how often something was.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// AttemptCount is how many leads were called so often.
type AttemptCount struct {
	Attempts int   `json:"attempts"` // the last row: so often or more
	Leads    int64 `json:"leads"`
}

// CampaignResult is what became of a campaign's leads, and what kept them back.
type CampaignResult struct {
	Name         string  `json:"name"`
	Calls        int64   `json:"calls"`
	Leads        []Count `json:"leads"`           // by state at the end
	Reasons      []Count `json:"reasons"`         // of the last decision, by lead
	Decisions    []Count `json:"decisions"`       // how often each reason set a lead's time
	Refused      []Count `json:"refused"`         // at the claim, by the gate that bound
	RefusedStart []Count `json:"refused_at_dial"` // after it was offered
	Released     []Count `json:"released"`        // offers that went back, by reason
}

// ListResult is how a list was used up.
type ListResult struct {
	Name      string     `json:"name"`
	Campaign  string     `json:"campaign"`
	Leads     int        `json:"leads"`
	Calls     int64      `json:"calls"`
	Successes int64      `json:"successes"`
	Untried   int        `json:"untried"`    // never called by the end
	Open      int        `json:"open"`       // still to be called at the end
	DryAt     *time.Time `json:"dry_at"`     // an agent first waited in vain though its hours were open; null: never
	LastFresh *time.Time `json:"last_fresh"` // its last untried lead was called; null: some are left
	DoneAt    *time.Time `json:"done_at"`    // its last lead ended; null: some are open
}

// PromiseResult is what became of promises. made = kept + missed + rescheduled + cancelled + open.
type PromiseResult struct {
	Made        int64   `json:"made"` // those open at the start included
	Kept        int64   `json:"kept"`
	Missed      int64   `json:"missed"`
	Rescheduled int64   `json:"rescheduled"`
	Cancelled   int64   `json:"cancelled"`
	Open        int64   `json:"open"` // their time is after the end
	LateMedian  float64 `json:"late_median_seconds"`
	LateP90     float64 `json:"late_p90_seconds"`
	LateMost    float64 `json:"late_most_seconds"`
	Reasons     []Count `json:"reasons"` // how each was closed
	Refused     []Count `json:"refused"` // times asked for that the rules refused
}

// Checked says how much was held against the invariants.
type Checked struct {
	Invariants []string `json:"invariants"`
	Calls      int64    `json:"calls"`
	Steps      int64    `json:"steps"` // of agents' sessions
	Leads      int      `json:"leads"`
}

func (w *world) result() *Result {
	r := &Result{
		Scenario: Brief{
			Start: w.scn.Start, End: w.scn.End(), Zone: w.scn.Zone.String(), Days: w.scn.Days, Seed: w.scn.Seed,
			Leads: len(w.leads), Agents: len(w.agents),
		},
		Checked: Checked{
			Invariants: []string{"I1", "I3", "I4", "I5", "I6", "I7", "agent", "time"}, Calls: w.check.calls, Steps: w.check.steps, Leads: len(w.leads),
		},
		Promises: w.promises.result(),
		Attempts: attempts(w.leads),
	}
	w.stretches(r)
	for o, n := range w.tally.outcomes {
		if n > 0 {
			r.Outcomes = append(r.Outcomes, Count{campaign.Outcome(o).String(), n})
		}
	}
	slices.SortStableFunc(r.Outcomes, func(a, b Count) int { return cmp.Compare(b.Count, a.Count) })
	for _, f := range w.floors {
		r.Campaigns = append(r.Campaigns, w.campaignResult(f))
	}
	for _, l := range w.scn.Lists {
		r.Lists = append(r.Lists, w.listResult(l))
	}
	return r
}

// stretches are the figures by hour and by day.
func (w *world) stretches(r *Result) {
	t := &w.tally
	var byHour [24]int
	all := 0
	for d := range t.days {
		n := 0
		for h, manned := range t.manned[d] {
			if manned {
				n++
				byHour[h]++
			}
		}
		all += n
		r.Days = append(r.Days, DayFigures{t.dates[d].String(), t.days[d].of(n)})
	}
	for h := range t.hours {
		if f := t.hours[h].of(byHour[h]); f.Calls > 0 || byHour[h] > 0 {
			r.Hours = append(r.Hours, HourFigures{h, f})
		}
	}
	r.Total = t.all.of(all)
}

// of are the figures of a stretch with so many clock hours in which somebody was signed in.
func (f *figures) of(manned int) Figures {
	hours := func(states ...campaign.AgentState) float64 {
		sum := time.Duration(0)
		for _, s := range states {
			sum += f.spent[slices.Index(campaign.AgentStates, s)]
		}
		return round(sum.Hours(), 3)
	}
	out := Figures{
		Calls: f.calls, Connects: f.connects, Conversations: f.conversations, Successes: f.successes, MannedHours: manned,
		ReadyHours: hours(campaign.AgentReady), OfferedHours: hours(campaign.AgentOffered), TalkHours: hours(campaign.AgentOnCall),
		WrapHours: hours(campaign.AgentWrapUp), BreakHours: hours(campaign.AgentBreak),
		AgentHours: hours(campaign.AgentReady, campaign.AgentOffered, campaign.AgentOnCall, campaign.AgentWrapUp),
	}
	out.CallsHour, out.TalksHour = per(float64(f.calls), float64(manned)), per(float64(f.conversations), float64(manned))
	out.CallsAgent = per(float64(f.calls), out.AgentHours)
	out.ConnectRate, out.SuccessRate = per(float64(f.connects), float64(f.calls)), per(float64(f.successes), float64(f.calls))
	out.Occupancy = per(hours(campaign.AgentOffered, campaign.AgentOnCall, campaign.AgentWrapUp), out.AgentHours)
	return out
}

func per(above, below float64) float64 {
	if below <= 0 {
		return 0
	}
	return round(above/below, 4)
}

func round(v float64, places int) float64 {
	p := math.Pow10(places)
	return math.Round(v*p) / p
}

// counts are the rows of a map, the largest first.
func counts[K ~string](m map[K]int64) []Count {
	out := make([]Count, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] != 0 {
			out = append(out, Count{string(k), m[k]})
		}
	}
	slices.SortStableFunc(out, func(a, b Count) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

func (w *world) campaignResult(f *floor) CampaignResult {
	reasons := make(map[string]int64)
	for _, l := range w.leads {
		if l.home.floor == f {
			reasons[l.Plan.Reason]++
		}
	}
	t := &f.tally
	return CampaignResult{
		Name: f.Name, Calls: t.calls, Leads: counts(t.leads), Reasons: counts(reasons), Decisions: counts(t.plans),
		Refused: counts(t.refused), RefusedStart: counts(t.refusedStart), Released: counts(t.released),
	}
}

func (w *world) listResult(l *List) ListResult {
	f := w.byID[l.CampaignID]
	k := f.lists[slices.IndexFunc(f.lists, func(k *loaded) bool { return k.ID == l.ID })]
	t := &k.tally
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	done := t.done
	if t.open > 0 { // the first leads of the list had ended before the others were there
		done = time.Time{}
	}
	return ListResult{
		Name: l.Name, Campaign: f.Name, Leads: t.leads, Calls: t.calls, Successes: t.successes, Untried: t.fresh, Open: t.open,
		DryAt: at(t.dryAt), LastFresh: at(t.lastFresh), DoneAt: at(done),
	}
}

func (t *promiseTally) result() PromiseResult {
	r := PromiseResult{
		Made: t.made, Kept: t.byState[campaign.AppointmentKept], Missed: t.byState[campaign.AppointmentMissed],
		Rescheduled: t.byState[campaign.AppointmentRescheduled], Cancelled: t.byState[campaign.AppointmentCancelled],
		Reasons: counts(t.reasons), Refused: counts(t.refused), Open: t.made - t.ended(),
	}
	slices.Sort(t.lates)
	if n := len(t.lates); n > 0 {
		at := func(p float64) float64 { return round(t.lates[min(int(p*float64(n)), n-1)].Seconds(), 1) }
		r.LateMedian, r.LateP90, r.LateMost = at(0.5), at(0.9), at(1)
	}
	return r
}

// manyAttempts is the last row of the histogram.
const manyAttempts = 15

func attempts(leads []*lead) []AttemptCount {
	var n [manyAttempts + 1]int64
	last := 0
	for _, l := range leads {
		k := min(len(l.Tries), manyAttempts)
		n[k]++
		last = max(last, k)
	}
	out := make([]AttemptCount, last+1)
	for i := range out {
		out[i] = AttemptCount{i, n[i]}
	}
	return out
}
