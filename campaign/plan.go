package campaign

import "time"

// Verdict is the answer of the rule of time for a lead.
type Verdict uint8

// The verdicts. Only VerdictCall and VerdictAppointment carry an instant and a number.
const (
	NoVerdict          Verdict = iota
	VerdictCall                // call: At, Until and Number say when and where
	VerdictAppointment         // a promise stands: At and Number
	VerdictFinished            // done, refused or bad_data
	VerdictExhausted           // a limit was reached: max_attempts, max_days, expired, no_callable_time
	VerdictSuppressed          // do_not_call
	VerdictInvalid             // a booking that cannot be made (JudgeBooking only)
)

var verdictNames = [...]string{"", "call", "appointment", "finished", "exhausted", "suppressed", "invalid"}

// String is the verdict as the case format writes it.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return ""
}

// ParseVerdict is the inverse of String; NoVerdict for anything else.
func ParseVerdict(s string) Verdict {
	for i, n := range verdictNames {
		if n == s {
			return Verdict(i)
		}
	}
	return NoVerdict
}

// Reasons of a plan, as the case format writes them.
const (
	ReasonDue            = "due"
	ReasonHours          = "hours"
	ReasonInterval       = "interval"
	ReasonNetwork        = "network"
	ReasonDayCap         = "day_cap"
	ReasonRollingCap     = "rolling_cap"
	ReasonDone           = "done"
	ReasonRefused        = "refused"
	ReasonBadData        = "bad_data"
	ReasonDoNotCall      = "do_not_call"
	ReasonMaxAttempts    = "max_attempts"
	ReasonMaxDays        = "max_days"
	ReasonExpired        = "expired"
	ReasonNoCallableTime = "no_callable_time"
	ReasonAppointment    = "appointment"
	ReasonBookingInPast  = "booking_in_past"
	ReasonBookingOutside = "booking_outside_hours"
	ReasonLawHours       = "law_hours"           // a law pack's hours
	ReasonLawCap         = "law_cap"             // a law pack's cap
	ReasonCoolOff        = "cool_off"            // a wait after a conversation, refusal, abandoned call or machine
	ReasonNoConsent      = "no_consent"          // the law asks for a consent that is not there
	ReasonHeldOff        = "held_off"            // a CRM said: not before
	ReasonBookingLaw     = "booking_against_law" // a pack's hours, caps or cool-offs forbid the promised instant
)

// Plan is the decision of the rule of time as a noun, so that the record can hold it.
// At and Until are zero where the verdict has none. Instants are UTC.
type Plan struct {
	Verdict Verdict
	At      time.Time // when the lead may be called
	Until   time.Time // the first instant at which it no longer may; zero: more than 7 days on, or none
	Number  Phone     // the number to dial
	Reason  string    // one of the Reason constants
	// Earliest is the first instant that depends on the lead alone (interval, caps, promise), before any
	// calendar: what the due index holds. Never after At.
	Earliest time.Time
	// Turn is its place among the leads that roll over to the local day of At, so that successive days try successive
	// hours: the day since 1970-01-01 times 4096, plus a slot. 0: it does not roll over, or the campaign does not mix.
	Turn int64
}

// Open says whether the lead is still to be called.
func (p Plan) Open() bool { return p.Verdict == VerdictCall || p.Verdict == VerdictAppointment }

// LeadState is the state a lead takes when this plan is written to it and nobody holds it.
func (p Plan) LeadState() LeadState {
	switch p.Verdict {
	case VerdictCall, VerdictAppointment:
		return LeadOpen
	case VerdictFinished:
		return LeadFinished
	case VerdictExhausted:
		return LeadExhausted
	case VerdictSuppressed:
		return LeadSuppressed
	default:
		return ""
	}
}

// Gate is one thing a lead must pass to be offered, as ExplainLead shows it and the claim checks it.
type Gate struct {
	// Name is campaign, list, state, suppression, number, consent, max_attempts, held_off, interval, hours, law_hours, day_cap,
	// rolling_cap, cool_off, law_cap, max_days, expires_at or promise.
	Name   string
	Open   bool      // passes now
	OpenAt time.Time // when a closed gate opens by itself; zero: never, or unknown
	Detail string    // for people, in English
}
