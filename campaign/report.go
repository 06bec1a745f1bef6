package campaign

import (
	"fmt"
	"time"
)

// ReportKind says what the rows of a report are.
type ReportKind string

// The kinds.
const (
	ReportCampaign ReportKind = "campaign"
	ReportList     ReportKind = "list"
	ReportAgent    ReportKind = "agent"
	ReportDay      ReportKind = "day"
)

// ReportKinds lists them all.
var ReportKinds = []ReportKind{ReportCampaign, ReportList, ReportAgent, ReportDay}

// ReportQuery says what to report. Zero fields do not narrow it.
type ReportQuery struct {
	Kind     ReportKind
	Campaign CampaignID   // 0: all
	List     ListID       // 0: all
	Agent    AgentID      // 0: all
	From     Date         // first local day; zero: from the beginning
	To       Date         // last local day, included; zero: until now
	Among    []CampaignID // of these campaigns alone; empty: of every one
	Zone     string       // of the days; empty: the campaign's, UTC without one. An answer has it filled in
}

// Validate says what is wrong with the query, each fault by its field.
func (q *ReportQuery) Validate() error {
	var f faults
	switch q.Kind {
	case ReportCampaign, ReportList, ReportAgent, ReportDay:
	default:
		f.add("kind", fmt.Sprintf("%q is no kind of report: give campaign, list, agent or day", q.Kind))
	}
	if q.Zone != "" {
		if fault := zoneFault(q.Zone); fault != "" {
			f.add("zone", fault)
		}
	}
	if q.From != (Date{}) && q.To != (Date{}) && q.To.before(q.From) {
		f.add("to", fmt.Sprintf("%v is before from, %v", q.To, q.From))
	}
	return f.err()
}

// Bounds are the instants that the days mean in loc, half-open; a zero From is the zero time, a zero To is now.
func (q *ReportQuery) Bounds(loc *time.Location, now time.Time) (from, to time.Time) {
	to = now.UTC()
	if q.From != (Date{}) {
		from = q.From.Start(loc)
	}
	if q.To != (Date{}) {
		to = q.To.Next().Start(loc)
	}
	return from, to
}

func (d Date) before(o Date) bool {
	return d.Year < o.Year || d.Year == o.Year && (d.Month < o.Month || d.Month == o.Month && d.Day < o.Day)
}

// Next is the day after d.
func (d Date) Next() Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, time.UTC))
}

// Start is the first instant, UTC, whose date in loc is d or later: midnight, or the end of the gap that swallowed it.
func (d Date) Start(loc *time.Location) time.Time {
	midnight := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	at := midnight.Add(-30 * time.Hour).In(loc)
	for {
		_, offset := at.Zone()
		start, end := at.ZoneBounds()
		t := midnight.Add(-time.Duration(offset) * time.Second)
		if t.Before(start) {
			t = start
		}
		if end.IsZero() || t.Before(end) {
			return t.UTC()
		}
		at = end
	}
}

// Report is a table of figures from the ledger. The figures that are counts add up: the rows' to the total's.
type Report struct {
	Query       ReportQuery // with the defaults filled in
	From, To    time.Time   // half-open; zero From: from the beginning
	At          time.Time   // when it was computed
	HistoryFrom time.Time   // attempts and agent states before it were removed, and are not counted; zero: none were
	Definitions []Definition
	Rows        []ReportRow
	Total       ReportRow // computed on its own, not from the rows
}

// ReportRow is one campaign, list, agent or day.
type ReportRow struct {
	Key     string // the id, 0 for what is nobody's; the day as 2026-03-02; "total"
	Label   string // for people
	Counts  Counts
	Figures []Figure // one a definition, in their order
}

// Figure is one number.
type Figure struct {
	Name        string
	Value       float64 // in the definition's unit; a ratio is 0 to 1
	Known       bool    // false: it has no value here, its denominator being 0
	Numerator   float64 // what is counted above the line; without a denominator the value itself
	Denominator float64 // what is counted below the line; 0: none
}

// BadNumber is a number that a call found to be bad.
type BadNumber struct {
	Attempt    AssignmentID
	LeadID     LeadID
	ListID     ListID
	LeadName   string
	ExternalID string
	Line       int // of the file; 0: not from a file
	Number     Phone
	Outcome    Outcome // WRONG_PERSON, VACANT_NUMBER, FAX or NUMBER_CHANGED, amendments applied
	NewNumber  Phone
	Note       string
	PlacedAt   time.Time
	AgentID    AgentID
	AgentLogin string
	LeadState  LeadState // now
}

// BadDataQuery asks for bad numbers, in the order of their calls. Zero fields do not narrow it.
type BadDataQuery struct {
	Campaign CampaignID
	List     ListID
	AfterAt  time.Time    // go on after this call …
	After    AssignmentID // … and this attempt of the same second
	Limit    int          // 0: 1000
}
