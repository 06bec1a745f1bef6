package campaign

import "time"

// Supply is the leads of one calendar group that wait to be called, promises apart: those that wait for nothing but
// open hours and an agent, and those that come to in each step of the time ahead, as they are planned today.
type Supply struct {
	Group GroupID
	Fresh int64   // callable by the instant they wait for, never tried
	Tried int64   // the same, tried before
	Later []int64 // that the instant comes in each step from now on, the last perhaps cut short
}

// Pace is how calling went in a campaign since an instant: what a forecast and a staff estimate take from history.
// Durations are sums; a mean is the sum by its number of calls. Outcomes are as they stand after corrections.
type Pace struct {
	Since, Until  time.Time          // calls placed in [Since, Until)
	Attempts      int64              // calls placed and concluded
	Connects      int64              // of them: a human answered
	Conversations int64              // of them: talk reached the campaign's conversation time
	Retries       int64              // attempts after which the lead was to be called again
	Outcomes      [NumOutcomes]int64 // attempts by outcome; they sum to Attempts
	Talk          time.Duration      // of connects: from placing to the end of the conversation
	Ring          time.Duration      // of the other calls: from placing until it was given up
	WrapUp        time.Duration      // of all: from a call's end until its outcome was recorded
	OnCalls       time.Duration      // agents' time on the campaign's calls, after-call work included
	Ready         time.Duration      // agents' time ready before each offer of the campaign
	// HourlySpread is the relative deviation of calls an hour and agent over the hours in which there were any, such
	// as 0.15; 0: fewer than three such hours.
	HourlySpread  float64
	LeadsEnded    int64     // leads that a call ended: finished, exhausted or suppressed
	EndedAttempts int64     // all calls ever placed to those leads, up to the one that ended each
	ByTry         []PaceTry // PaceTries of them: how the first call to a lead went, the second, and so on
}

// PaceTries is how many tries Pace tells apart; the last holds every later one, too.
const PaceTries = 10

// PaceTry is how the calls went that were the nth to their leads.
type PaceTry struct {
	Attempts, Connects, Conversations int64
}

// MovedPromise is an open promise whose instant was derived anew from its wall time and is another than before.
type MovedPromise struct {
	Appointment           // as it is now
	Was         time.Time // the instant before
	WasGrace    time.Time // the end of its grace before
}
