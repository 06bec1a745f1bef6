package campaign

import "time"

// AssignmentState is where a lead in an agent's hands is.
type AssignmentState string

// Offered and started are open; the rest are closed for ever.
const (
	AssignmentOffered   AssignmentState = "offered"   // on the agent's card, number masked
	AssignmentStarted   AssignmentState = "started"   // StartCall was acknowledged: the call counts
	AssignmentConcluded AssignmentState = "concluded" // an outcome was recorded
	AssignmentDeclined  AssignmentState = "declined"  // given back before dialling
	AssignmentLapsed    AssignmentState = "lapsed"    // the lease ran out: before dialling nothing happened, after it an UNKNOWN attempt
	AssignmentRevoked   AssignmentState = "revoked"   // taken back before dialling: suppressed, list off, campaign paused, withdrawn
)

// Open says whether the agent still holds the lead.
func (s AssignmentState) Open() bool { return s == AssignmentOffered || s == AssignmentStarted }

// Assignment is one lead in one agent's hands. Its id is the fencing token: whoever shows an id that is no longer
// open is late (see DESIGN, late outcomes).
type Assignment struct {
	ID           AssignmentID
	LeadID       LeadID
	CampaignID   CampaignID
	ListID       ListID
	AgentID      AgentID
	State        AssignmentState
	Reason       string        // why this lead now: appointment, own_callback, rolled_over, retry, fresh, manual
	Number       Phone         // the number to dial
	Appointment  AppointmentID // the promise this keeps; 0: none
	OfferedAt    time.Time
	LeaseUntil   time.Time // lapses then unless renewed
	StartedAt    time.Time // StartCall; zero: not dialled
	PlacedAt     time.Time // StartedAt in whole seconds: the instant every rule counts from
	EndedAt      time.Time // the conversation's end, if it was told; zero: at the outcome
	ClosedAt     time.Time
	CloseReason  string
	RulesVersion int64
	Zones        []string    // of the number to dial, when it was claimed
	Plan         Plan        // the decision it was claimed under
	Law          LawNote     // the law it was checked against
	Subjects     []SubjectID // those its use is kept for: number, person, account
}

// Started is the answer to starting a call.
type Started struct {
	Assignment Assignment
	Number     Number  // to dial
	Session    Session // the agent's afterwards; AgentID 0: it was not touched, read it
}

// Attempt is a placed call in the ledger: written once, when its outcome is recorded or given up for. Never changed;
// corrections are amendments beside it.
type Attempt struct {
	Assignment   AssignmentID
	LeadID       LeadID
	CampaignID   CampaignID
	ListID       ListID
	AgentID      AgentID
	Number       Phone
	Outcome      Outcome
	Code         string // the campaign's own code, or the outcome's name
	NewNumber    Phone
	Note         string
	Reason       string // the assignment's
	OfferedAt    time.Time
	PlacedAt     time.Time // whole seconds
	EndedAt      time.Time // end of talking or ringing
	RecordedAt   time.Time // end of after-call work: talk+wrap = RecordedAt - PlacedAt
	RulesVersion int64
	Zones        []string
	Law          LawNote // the law, the calendars and the places it was checked against, and what it was exempted from
	Waived       bool    // made on a promise, which waives the campaign's own interval and caps
	Amended      bool    // Outcome, Code, Note and NewNumber are those of the last amendment
}

// Talk is the time from placing to the end of the conversation or ringing.
func (a *Attempt) Talk() time.Duration { return a.EndedAt.Sub(a.PlacedAt) }

// Result is what an agent or a carrier reports of a placed call.
type Result struct {
	Assignment AssignmentID
	Agent      AgentID // who reports; must be the assignment's
	Outcome    Outcome // set by the caller from Code
	Code       string  // the campaign's own code, or the outcome's name
	NewNumber  Phone   // with NUMBER_CHANGED; empty: not known
	Note       string
	EndedAt    time.Time // when the conversation ended; zero: now
	Booking    *Booking  // with APPOINTMENT, required; else nil
}

// Recorded is the answer to a Result.
type Recorded struct {
	Attempt Attempt
	Plan    Plan // what was decided for the lead
	Lead    LeadID
	State   LeadState
	Late    LateKind // how a late outcome was taken; empty: it was in time
	Replay  bool     // this result had been recorded before; nothing changed
	Session Session  // the agent's afterwards; AgentID 0: it was not touched, read it
}

// LateKind says what became of an outcome whose assignment was no longer open.
type LateKind string

// The ways a late outcome is taken (DESIGN §6).
const (
	LateNone    LateKind = ""
	LateAmended LateKind = "amended" // nobody has the lead since: it amends the UNKNOWN attempt
	LateWaits   LateKind = "waits"   // somebody has or had the lead since: it waits in the supervisor's list
)
