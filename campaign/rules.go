package campaign

import (
	"fmt"
	"time"
)

// Rules are the retry rules of a campaign, as data. DefaultRules is the source rule: every four hours, at most
// three times a day, rolling over to the next. Every field's meaning is the rule of time's (package scheduler).
type Rules struct {
	Interval          time.Duration             // elapsed from the last placed-at to the next; default 4h
	Intervals         map[Outcome]time.Duration // the same per retry outcome; entries for others have no effect
	MaxPerDay         int                       // counted attempts in one local day; 0: no cap; default 3
	MaxAttempts       int                       // counted attempts in all; 0: no cap
	MaxDays           int                       // distinct local days (first zone) with a counted attempt; 0: no cap
	ExpiresAt         time.Time                 // no call at or after it; zero: never
	Hours             []Window                  // empty: every day 09:00-21:00
	Holidays          []Date                    // local dates without calls
	Caps              []Cap                     // caps over attempts, connects or conversations, in the order in which they are applied
	CoolOffs          []CoolOff                 // waits after a conversation, refusal, abandoned call or machine
	Rotate            bool                      // after NO_ANSWER or BUSY the lead's next good number goes first
	MixHours          bool                      // rolled-over leads are offered at other hours than the days before (order alone)
	NetworkRetry      time.Duration             // wait after a network outcome; default 5m
	NetworkRetryLimit int                       // so many network outcomes in a row, then Interval; default 3
	Calendars         []string                  // names of calendars that apply besides Hours and Holidays
	Purpose           Purpose                   // what the calls are for: which rules of the packs apply; empty: sales, where law is strictest
	Matter            string                    // campaigns of the same matter share caps of scope subject; empty: the campaign is its own
	Packs             []string                  // law packs that are switched on, such as "us"
	Waivers           []Waiver                  // rules of the packs that somebody answers for not keeping
}

// Purpose is what a campaign calls for.
type Purpose string

// The purposes that laws tell apart.
const (
	PurposeSales       Purpose = "sales"
	PurposeResearch    Purpose = "research"
	PurposeCollections Purpose = "collections"
	PurposeService     Purpose = "service"
)

// Purposes lists them all.
var Purposes = []Purpose{PurposeSales, PurposeResearch, PurposeCollections, PurposeService}

// Waiver switches one rule of a law pack off for a campaign, with the reason that somebody gave.
type Waiver struct {
	Rule   string `json:"rule"`   // the rule's id, such as "us-ct.hours"
	Reason string `json:"reason"` // 1..500 characters
}

// Window is a stretch of wall-clock time on some weekdays, half-open: [Open, Close), in minutes of the day.
type Window struct {
	Days  [7]bool // by time.Weekday
	Open  int     // 0..1439
	Close int     // 1..1440, after Open
}

// Date is a day of the calendar without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// CapScope says whose calls a cap or a cool-off counts. Each but the lead's counts calls of every list and campaign.
type CapScope uint8

// Scopes of caps. A person is whoever has one of the lead's numbers or its external id (with the same source).
const (
	CapLead    CapScope = iota // the lead's attempts, to whatever number
	CapNumber                  // only calls to the number to be dialled next
	CapPerson                  // calls to the person
	CapMatter                  // calls to the person by campaigns of the same matter; written "subject"
	CapAccount                 // calls about the lead's account, such as a debt; a lead without one: the person's
	CapCompany                 // calls to the person, those made outside this system and told to it included
	NumScopes                  // how many there are
)

// CapCount says what a cap counts.
type CapCount uint8

// What counts. A conversation is a connect whose talk time reaches the campaign's threshold. A call whose outcome is
// not known yet counts as each of them.
const (
	CountAttempts CapCount = iota
	CountConnects
	CountConversations
	NumCounts // how many there are
)

// Cap allows at most Max calls that count in any Period, or in any Days.
type Cap struct {
	Scope  CapScope
	Count  CapCount
	Max    int           // at least 1
	Period time.Duration // above 0, whole seconds; 0 with Days
	Days   int           // so many local calendar days, that of the call included; 0 with Period
}

// CoolOff forbids calls for a while after a call of some kind.
type CoolOff struct {
	After  CoolOffAfter
	Scope  CapScope
	Period time.Duration // above 0, whole seconds, from placed-at; 0 with Days
	Days   int           // so many local calendar days, that of the call included; 0 with Period
}

// CoolOffAfter names the calls that a cool-off follows.
type CoolOffAfter string

// The kinds.
const (
	AfterConversation CoolOffAfter = "conversation" // a connect whose talk time reaches the campaign's threshold, inbound ones included
	AfterRefused      CoolOffAfter = "refused"      // REFUSED
	AfterAbandoned    CoolOffAfter = "abandoned"    // ABANDONED
	AfterMachine      CoolOffAfter = "machine"      // MACHINE
)

// DefaultRules are the source rule.
func DefaultRules() Rules {
	return Rules{Interval: 4 * time.Hour, MaxPerDay: 3, NetworkRetry: 5 * time.Minute, NetworkRetryLimit: 3}
}

var defaultHours = []Window{{
	Days: [7]bool{true, true, true, true, true, true, true},
	Open: 9 * 60, Close: 21 * 60,
}}

// Windows are the hours that apply: Hours, or every day 09:00-21:00 when there are none. Do not change them.
func (r *Rules) Windows() []Window {
	if len(r.Hours) == 0 {
		return defaultHours
	}
	return r.Hours
}

var scopeNames = [NumScopes]string{"lead", "number", "person", "subject", "account", "company"}

// String is the scope as the rules are written: lead, number, person, subject, account or company.
func (s CapScope) String() string {
	if s < NumScopes {
		return scopeNames[s]
	}
	return ""
}

var countNames = [NumCounts]string{"attempts", "connects", "conversations"}

// String is what is counted as the rules are written: attempts, connects or conversations.
func (c CapCount) String() string {
	if c < NumCounts {
		return countNames[c]
	}
	return ""
}

// String is the date as YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// DateOf is the calendar date of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD; the error is of kind KindInvalid and names no field (see Under).
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, Invalid("", fmt.Sprintf("%q is no date: write it as 2026-10-01", s))
	}
	return DateOf(t), nil
}
