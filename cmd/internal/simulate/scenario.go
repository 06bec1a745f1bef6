package simulate

import (
	"time"

	"redial/campaign"
	"redial/dialer/carrier/sim"
)

// Scenario is all that a simulation depends on. Read makes one from JSON and fills in the defaults.
type Scenario struct {
	Start     time.Time // when virtual time begins
	Zone      *time.Location
	Days      int // whole local days of Zone, from Start on; at least 1
	Seed      uint64
	Campaigns []*campaign.Campaign // ids, names and rules; each has a different name
	Calendars map[string]*campaign.Calendar
	Lists     []*List
	Teams     []Team
	Outcomes  *sim.Table
	Booking   Booking
}

// List is a list of leads, given or made up.
type List struct {
	campaign.List
	Leads []*Given   // as they are given
	Made  *Synthetic // made up besides; nil: none
}

// Given is a lead as it is when virtual time begins. Its ids and state are filled in.
type Given struct {
	Lead         campaign.Lead
	Promise      *campaign.Appointment  // open; nil: none
	Suppressions []campaign.Suppression // of its numbers
	Uses         []campaign.Use         // calls to its person, number or account by campaigns that are not simulated, oldest first
	Consents     []campaign.Consent
}

// Synthetic is a list of made-up leads.
type Synthetic struct {
	Count    int
	Sites    []Place // where they live; at least one
	Numbers  float64 // numbers a lead on average, 1 to 5
	Shared   float64 // share of leads whose first number an earlier lead of any list has
	Accounts float64 // share of leads about the account of an earlier lead
	Roaming  float64 // share of further numbers that are at another site than the lead
}

// Place is where made-up leads live.
type Place struct {
	Zones  []string
	Places []string
	Share  float64 // relative to the other sites; above 0
}

// Team is agents who keep the same hours.
type Team struct {
	Name    string
	Count   int
	Members map[string]int // campaigns by name, with weights; empty: all, equally
	Zone    *time.Location // whose wall clock the shifts keep
	Shifts  []Shift
	Card    Spread // seconds from the offer to the call
	Linger  bool   // rests until wrap-up is over in place of asking for the next call when the outcome is recorded
}

// Shift is a stretch of work on some weekdays, by the clock on the wall; End at or before Start is on the next day.
type Shift struct {
	Days       [7]bool // by time.Weekday, of its start
	Start, End int     // minutes of the day
	Breaks     []Pause
}

// Pause is a break within a shift; one that begins before the shift's start is on the next day.
type Pause struct {
	Start, End int // minutes of the day
	Reason     string
}

// Booking says how people agree on a time.
type Booking struct {
	Share  float64 // of human answers; below 0: as the table of outcomes says
	Ahead  Spread  // hours until the promised time
	Insist float64 // share of bookings outside the hours that the customer insists on; the others take the nearest time
}

// Spread is a log-normal amount: its median, its spread (the standard deviation of the logarithm), the least and the
// most.
type Spread [4]float64

// Defaults of what a scenario leaves out.
const (
	defaultDays  = 7
	defaultLeads = 2000
	defaultStart = "2026-03-02" // a Monday
	maxDays      = 400
	maxLeads     = 2_000_000
	maxAgents    = 5000
)

var (
	defaultCard  = Spread{4, 0.5, 1, 15}
	defaultAhead = Spread{20, 0.8, 0.5, 240}
)

// workday is weekdays nine to five with half an hour for lunch.
func workday() []Shift {
	return []Shift{{
		Days: [7]bool{false, true, true, true, true, true, false}, Start: 9 * 60, End: 17 * 60,
		Breaks: []Pause{{Start: 12*60 + 30, End: 13 * 60, Reason: "lunch"}},
	}}
}
