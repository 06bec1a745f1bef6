package campaign

import "strings"

// Units of figures.
const (
	UnitLeads    = "leads"
	UnitCalls    = "calls"
	UnitPromises = "promises"
	UnitSeconds  = "seconds"
	UnitRatio    = "ratio"
)

// Definition says how a figure is made, so that nobody has to guess.
type Definition struct {
	Name        string // stable: leads, attempts, outcome_SUCCESS, connect_rate, talk_median, …
	Label       string // for people
	Unit        string
	Formula     string // in words and names of other figures
	Denominator string // the figure it is a part of or divided by; empty: none
	Source      string // the rows of the record it is counted from
	compute     func(*Counts) Figure
}

// Where figures are counted from.
const (
	fromLeads    = "leads of lists that have loaded, by the day they were taken in"
	fromLedger   = "the ledger of attempts with their last amendments, by the day the call was placed"
	fromStates   = "the ledger of agent states, cut at the ends of days; a campaign's or list's where the change that ended the state concerned a call of it"
	fromPromises = "appointments by the day they were made and the agent who made them"
)

// ReportDefinitions are the figures of every report, in order.
func ReportDefinitions() []Definition { return definitions }

var definitions = func() []Definition {
	d := []Definition{
		count("leads", "Leads taken in", UnitLeads, "tried + untried + withdrawn_untried", "", fromLeads, func(c *Counts) int64 { return c.Leads }),
		count("tried", "Leads tried", UnitLeads, "leads called at least once", "leads", fromLeads, func(c *Counts) int64 { return c.Tried }),
		count("untried", "Leads untried", UnitLeads, "leads never called and not withdrawn", "leads", fromLeads, (*Counts).Untried),
		count("withdrawn_untried", "Leads withdrawn untried", UnitLeads, "leads taken out before any call", "leads", fromLeads, func(c *Counts) int64 { return c.Withdrawn }),
		ratio("list_utilisation", "List utilisation", "tried / (tried + untried)", "tried + untried", fromLeads,
			func(c *Counts) (float64, float64) { return float64(c.Tried), float64(c.Tried + c.Untried()) }),
		count("attempts", "Attempts", UnitCalls, "calls placed, the sum of every outcome", "", fromLedger, func(c *Counts) int64 { return c.Attempts }),
		count("connects", "Connects", UnitCalls, "attempts that a human answered: outcomes "+namesOf(Outcome.Connect), "attempts", fromLedger, (*Counts).Connects),
		count("conversations", "Conversations", UnitCalls, "connects whose talk time reached the campaign's conversation time", "connects", fromLedger, func(c *Counts) int64 { return c.Conversations }),
		count("right_parties", "Right parties", UnitCalls, "attempts that reached the lead in person: outcomes "+namesOf(Outcome.RightParty), "attempts", fromLedger, (*Counts).RightParties),
		count("successes", "Successes", UnitCalls, "outcome_SUCCESS + outcome_SUCCESS_PROXY", "attempts", fromLedger, (*Counts).Successes),
	}
	for _, o := range Outcomes() {
		d = append(d, count("outcome_"+o.String(), o.String(), UnitCalls, "attempts with this outcome", "attempts", fromLedger,
			func(c *Counts) int64 { return c.Outcomes[o] }))
	}
	d = append(d, rates()...)
	d = append(d, spreads("talk", "Talk time", "placing to the end of the conversation, over connects", "connects", func(c *Counts) *Spread { return &c.Talk })...)
	d = append(d, spreads("wrap_up", "Wrap-up time", "end of the call to its outcome, over attempts but outcome_UNKNOWN", "attempts - outcome_UNKNOWN", func(c *Counts) *Spread { return &c.Wrap })...)
	d = append(d, spreads("handling", "Handling time", "placing to the outcome, over attempts but outcome_UNKNOWN", "attempts - outcome_UNKNOWN", func(c *Counts) *Spread { return &c.Handling })...)
	d = append(d, times()...)
	return append(d, promises()...)
}()

// count is a figure that adds up.
func count(name, label, unit, formula, of, source string, n func(*Counts) int64) Definition {
	return Definition{name, label, unit, formula, of, source, func(c *Counts) Figure {
		v := float64(n(c))
		return Figure{Name: name, Value: v, Known: true, Numerator: v}
	}}
}

func ratio(name, label, formula, of, source string, parts func(*Counts) (above, below float64)) Definition {
	return Definition{name, label, UnitRatio, formula, of, source, func(c *Counts) Figure {
		above, below := parts(c)
		f := Figure{Name: name, Numerator: above, Denominator: below}
		if below > 0 {
			f.Value, f.Known = above/below, true
		}
		return f
	}}
}

func rates() []Definition {
	perAttempt := func(name, label, above string, n func(*Counts) int64) Definition {
		return ratio(name, label, above+" / attempts", "attempts", fromLedger,
			func(c *Counts) (float64, float64) { return float64(n(c)), float64(c.Attempts) })
	}
	return []Definition{
		perAttempt("connect_rate", "Connect rate", "connects", (*Counts).Connects),
		perAttempt("right_party_rate", "Right party rate", "right_parties", (*Counts).RightParties),
		perAttempt("success_rate", "Success rate", "successes", (*Counts).Successes),
		ratio("success_per_connect", "Successes per connect", "successes / connects", "connects", fromLedger,
			func(c *Counts) (float64, float64) { return float64(c.Successes()), float64(c.Connects()) }),
		count("bad_data", "Bad numbers", UnitCalls, "attempts with outcomes "+namesOf(Outcome.BadData), "attempts", fromLedger, (*Counts).BadData),
		perAttempt("bad_data_rate", "Bad number rate", "bad_data", (*Counts).BadData),
	}
}

// spreads are the sum, the mean and two percentiles of one kind of duration.
func spreads(name, label, what, of string, s func(*Counts) *Spread) []Definition {
	timed := func(suffix, title, formula string, value func(*Spread) (float64, bool)) Definition {
		full := name + "_" + suffix
		return Definition{full, label + ", " + title, UnitSeconds, formula + " of " + what, of, fromLedger, func(c *Counts) Figure {
			sp := s(c)
			f := Figure{Name: full, Numerator: sp.Sum.Seconds(), Denominator: float64(sp.N)}
			f.Value, f.Known = value(sp)
			return f
		}}
	}
	return []Definition{
		timed("total", "total", "sum", func(s *Spread) (float64, bool) { return s.Sum.Seconds(), true }),
		timed("mean", "mean", "mean", (*Spread).Mean),
		timed("median", "median", "50th percentile (nearest rank, whole seconds)", func(s *Spread) (float64, bool) { return s.Percentile(50) }),
		timed("p90", "90th percentile", "90th percentile (nearest rank, whole seconds)", func(s *Spread) (float64, bool) { return s.Percentile(90) }),
	}
}

func times() []Definition {
	inState := func(s AgentState, label string) Definition {
		name := "time_" + string(s)
		return Definition{name, label, UnitSeconds, "time of agents in the state " + string(s), "time_signed_in", fromStates, func(c *Counts) Figure {
			v := c.States[s].Seconds()
			return Figure{Name: name, Value: v, Known: true, Numerator: v}
		}}
	}
	return []Definition{
		{"time_signed_in", "Time signed in", UnitSeconds, "time_ready + time_offered + time_on_call + time_wrap_up + time_break", "", fromStates, func(c *Counts) Figure {
			v := c.SignedIn().Seconds()
			return Figure{Name: "time_signed_in", Value: v, Known: true, Numerator: v}
		}},
		inState(AgentReady, "Time ready"), inState(AgentOffered, "Time offered"), inState(AgentOnCall, "Time on call"),
		inState(AgentWrapUp, "Time in wrap-up"), inState(AgentBreak, "Time on break"),
		ratio("occupancy", "Occupancy", "(time_on_call + time_wrap_up) / (time_signed_in - time_break)", "time_signed_in - time_break", fromStates,
			func(c *Counts) (float64, float64) { return c.Working().Seconds(), c.Available().Seconds() }),
	}
}

func promises() []Definition {
	stands := func(name, label string, s AppointmentState) Definition {
		return count(name, label, UnitPromises, "promises that are "+string(s), "bookings", fromPromises, func(c *Counts) int64 { return c.Booked[s] })
	}
	return []Definition{
		count("bookings", "Bookings made", UnitPromises, "bookings_kept + bookings_missed + bookings_rescheduled + bookings_cancelled + bookings_open", "", fromPromises, (*Counts).Promises),
		stands("bookings_kept", "Bookings kept", AppointmentKept), stands("bookings_missed", "Bookings missed", AppointmentMissed),
		stands("bookings_rescheduled", "Bookings rescheduled", AppointmentRescheduled),
		stands("bookings_cancelled", "Bookings cancelled", AppointmentCancelled), stands("bookings_open", "Bookings open", AppointmentOpen),
		ratio("kept_rate", "Kept appointments rate", "bookings_kept / (bookings_kept + bookings_missed)", "bookings_kept + bookings_missed", fromPromises,
			func(c *Counts) (float64, float64) {
				kept, missed := c.Booked[AppointmentKept], c.Booked[AppointmentMissed]
				return float64(kept), float64(kept + missed)
			}),
	}
}

// Figures are the row's figures, one a definition, in their order.
func (c *Counts) Figures() []Figure {
	out := make([]Figure, len(definitions))
	for i := range definitions {
		out[i] = definitions[i].compute(c)
	}
	return out
}

func namesOf(which func(Outcome) bool) string {
	var names []string
	for _, o := range Outcomes() {
		if which(o) {
			names = append(names, o.String())
		}
	}
	return strings.Join(names, ", ")
}
