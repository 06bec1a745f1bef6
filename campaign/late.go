package campaign

import "time"

// Correction is an agent's or a supervisor's second word on an outcome, within the campaign's time for it.
type Correction struct {
	Assignment AssignmentID
	Agent      AgentID // whose call it was
	Outcome    Outcome
	Code       string // the campaign's own code, or the outcome's name
	NewNumber  Phone
	Note       string
	Booking    *Booking // with APPOINTMENT, required; else nil
	By         string   // who corrects
}

// LateOutcome is what was reported after its assignment had lapsed and the lead had gone on: it waits for a
// supervisor to apply or dismiss it.
type LateOutcome struct {
	Result     Result
	Lead       LeadID
	LeadName   string
	Campaign   CampaignID
	Agent      string // login
	PlacedAt   time.Time
	ReceivedAt time.Time
}

// MissedPromise is a promise that was missed, with what became of its lead.
type MissedPromise struct {
	Appointment Appointment
	Owner       string // login; empty: nobody's
	LeadName    string
	State       LeadState
	Plan        Plan
}

// Callback is a lead that an agent is to call back: by a promise, or because the lead asked to be called later.
type Callback struct {
	Lead         LeadID
	Name         string
	Campaign     CampaignID
	CampaignName string
	At           time.Time
	Appointment  *Appointment // nil: a CALL_LATER without an exact time
}

// Suppressed is what suppressing a number did.
type Suppressed struct {
	Revoked []Assignment // offers that were taken back
	Leads   int          // leads with the number
}

// Breach is one way in which the record contradicts itself.
type Breach struct {
	Invariant  string // I1, I3, …
	Campaign   CampaignID
	Lead       LeadID
	Assignment AssignmentID
	Agent      AgentID
	At         time.Time // when it happened; zero: it is a state, not an act
	What       string    // for people: what is wrong
}

// AuditSummary is what an audit looked at.
type AuditSummary struct {
	Leads        int64
	Attempts     int64
	Appointments int64
	Breaches     int64
	Invariants   []string // those checked
	// Passed says for people what could not be judged any more, such as calls under a version of a law pack that this
	// program does not have; empty: everything was.
	Passed []string
}
