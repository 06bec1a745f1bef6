package campaign

import "time"

// LeadState is the one state a lead is in (I7).
type LeadState string

// The states; doc.go draws what follows what.
const (
	LeadOpen       LeadState = "open" // waits for its time by its plan
	LeadHeld       LeadState = "held" // in one agent's hands
	LeadFinished   LeadState = "finished"
	LeadExhausted  LeadState = "exhausted"
	LeadSuppressed LeadState = "suppressed"
	LeadWithdrawn  LeadState = "withdrawn"
)

// LeadStates lists them all, for reports that must add up.
var LeadStates = []LeadState{LeadOpen, LeadHeld, LeadFinished, LeadExhausted, LeadSuppressed, LeadWithdrawn}

// Lead is one person to call for one campaign.
type Lead struct {
	ID           LeadID
	CampaignID   CampaignID
	ListID       ListID
	GroupID      GroupID
	State        LeadState
	Version      int64  // raised by every write; an update gives the one it saw
	Source       string // where ExternalID is unique: a CRM's name; empty: the list
	ExternalID   string
	Name         string
	Zones        []string // IANA zones in which the lead may be, at least one
	Numbers      []Number // in the order of dialling, as given; bad ones stay here and are skipped by the rule
	Attributes   []Attribute
	Account      string   // what the calls are about, such as a debt: caps of scope account; empty: none
	Places       []string // where the lead may live, by its address: "US-FL", "FR"; empty: its numbers say. Sorted
	Priority     int      // within its list, higher first; default 0
	Line         int      // of the file; 0: not from a file
	Tries        []Try    // every attempt, oldest first: all that the rule needs, so that history can be dropped
	Plan         Plan     // what was decided at DecidedAt
	DecidedAt    time.Time
	RulesVersion int64        // the rules Plan was decided under
	Owner        AgentID      // whose CALL_LATER or promise it is; 0: nobody's
	Assignment   AssignmentID // the open one; 0: none
	CreatedAt    time.Time
	UpdatedAt    time.Time

	Revision      int64     // a CRM's own count or clock of changes, of the last that was taken; 0: not kept
	HeldOffUntil  time.Time // a CRM said that it may not be called before; zero: it did not
	HeldOffReason string    // why, in the CRM's words
	ErasedAt      time.Time // its person was erased; zero: was not
}

// Attribute is a column the product gives no meaning to; order is the file's.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Try is one attempt as the rule of time sees it. PlacedAt is in whole seconds, UTC.
type Try struct {
	PlacedAt  time.Time `json:"placed_at"`
	Outcome   Outcome   `json:"outcome"`
	Number    Phone     `json:"number"`
	NewNumber Phone     `json:"new_number,omitempty"`
	// Talk is the time from placing to the end of the conversation, of a connect; 0: none, or not known.
	Talk time.Duration `json:"talk,omitempty"`
	// Was is the outcome in the ledger where Outcome is not: somebody reopened the lead after an outcome that had
	// finished it, and the rule has since taken that attempt for CALL_LATER. NoOutcome: they are the same.
	Was Outcome `json:"was,omitempty"`
}

// Keyed says whether the lead is known elsewhere, by its source and external id.
func (l *Lead) Keyed() bool { return l.Source != "" && l.ExternalID != "" }

// Reopened is the try as the rule takes it once its lead was reopened: an outcome that ends a lead becomes CALL_LATER,
// still a counted attempt; any other stays.
func (t Try) Reopened() Try {
	if f := t.Outcome.Follow(); f == FollowFinished || f == FollowSuppress {
		t.Was, t.Outcome = t.Outcome, CallLater
	}
	return t
}
