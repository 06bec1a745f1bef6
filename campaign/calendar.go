package campaign

import "time"

// Calendar is weekly hours and special days as data, shared by name among campaigns and lists.
type Calendar struct {
	ID        CalendarID
	Name      string // unique: lower-case letters, digits, - and _, at most 50
	Version   int64  // raised by every change
	Weeks     []Week
	Days      []Day // by date
	UpdatedAt time.Time
}

// Week is weekly hours in force for a while. Of several that hold on a date the one with the shortest range wins.
type Week struct {
	From  Date // zero: since ever
	To    Date // the last day; zero: for ever
	Hours []Window
}

// DayKind is what a special day is.
type DayKind string

// The kinds. A closure is somebody's decision for one date and beats everything; of the others the one for the
// narrowest place wins, and in the same place the working day.
const (
	DayHoliday DayKind = "holiday" // closed
	DayWorking DayKind = "working" // open like the weekday As, or in Hours, though its weekday would be closed
	DayClosure DayKind = "closure" // closed, ad hoc
)

// Day is a special day.
type Day struct {
	Date   Date
	Kind   DayKind
	Name   string
	Place  string       // "DE", "DE-BY": for leads that may live there; empty: for all
	As     time.Weekday // of a working day without Hours: whose hours it has
	Hours  []Window     // of a working day: its own, whatever days they name; empty: those of As
	Source string       // where the date is from: a notice, a URL
}
