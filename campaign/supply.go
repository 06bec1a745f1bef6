package campaign

import "time"

// Supply is the open leads of one calendar group, promises apart, as a forecast reckons with them.
type Supply struct {
	Group GroupID
	Fresh int64   // never tried, waiting for nothing but open hours
	Tried int64   // tried before, waiting for nothing but open hours
	Later []int64 // that come to wait for open hours in each step from now on, by their Plan.Earliest
}

// Pace is how a campaign was called in a stretch of time, from the ledger: what forecasts and staff estimates reckon with.
type Pace struct {
	From, To      time.Time
	Attempts      int64         // placed in it
	Counted       int64         // attempts but for those with a network outcome
	Connects      int64         // of Attempts, answered by a human
	Conversations int64         // of Connects, at least as long as the campaign's threshold
	Retries       int64         // of Attempts, after which the lead is to be called again
	LeadsEnded    int64         // leads whose last attempt lies in it and that are not called any more
	EndedAttempts int64         // counted attempts of those leads, in all
	Talk          time.Duration // sum over connects, placing to the end of the conversation
	Ring          time.Duration // sum over attempts that were not connects, placing to their end
	WrapUp        time.Duration // sum over attempts, their end to the recording of the outcome
	OnCalls       time.Duration // agents' time on calls and in after-call work for the campaign
	Ready         time.Duration // time that agents waited for a call, all who were signed in for the campaign
	ActiveHours   float64       // hours of the clock in which at least one call was placed
	HourlySpread  float64       // relative standard deviation of attempts an agent-hour over those hours; 0: not known
}
