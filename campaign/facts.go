package campaign

import "time"

// Facts are all that is known of a lead when it must be decided about, read under the locks of one transaction.
// What decides over them is pure: package scheduler for the lead, package dialer for the agent.
type Facts struct {
	Campaign     *Campaign
	List         *List
	Lead         *Lead
	Promise      *Appointment  // the open one; nil: none
	Suppressions []Suppression // in force, of the lead's numbers
	Uses         []Use         // other calls to the lead's number, person or account, oldest first, never the lead's own tries; see Use
	Calendars    []*Calendar   // those that the campaign and the list name; do not change them
	Consents     []Consent     // of the lead's person and numbers, expired and revoked ones included
	Holder       string        // login of the agent who holds the lead; empty: nobody
	Now          time.Time
}

// Use is a call that counts for the lead besides its own tries: of another lead with the same number, person or
// account, reserved or placed, in whatever campaign; or one made outside and told of. Uses go as far back as the
// longest cap that any campaign has, and are not read at all where no cap or pack asks for them.
type Use struct {
	Phone      Phone        // that was dialled
	PlacedAt   time.Time    // whole seconds; of a reservation: when it was claimed
	Assignment AssignmentID // 0: made outside
	Campaign   CampaignID   // 0: made outside
	Matter     string       // of the campaign then; empty: none, and Campaign is its own
	Person     bool         // to the lead's person: one of its numbers, or its external id
	Account    bool         // about the lead's account
	Outcome    Outcome      // NoOutcome: not told yet: reserved, or the call goes on
	Talk       time.Duration
	Outside    bool // made elsewhere and told of: it counts for the company alone
	Inbound    bool // the person called: never an attempt, but a conversation may start a cool-off of the company or the account
}

// Judgement says whether a lead may be offered now, and if not, which gate binds.
type Judgement struct {
	Plan     Plan // what is decided at Facts.Now
	Callable bool
	Reason   string    // why this lead now: appointment, own_callback, rolled_over, retry, fresh
	Binding  string    // the first closed gate; empty if callable
	OpenAt   time.Time // when it opens by itself; zero: never, or unknown
	Detail   string    // for people
	Law      LawNote   // the law that was checked, and what it was exempted from
}

// Happening is what a transaction did to an agent's assignment; the floor's step moves the session accordingly.
type Happening struct {
	Kind       HappeningKind
	Assignment AssignmentID
	Floor      FloorSettings // of the assignment's campaign
	Reason     string        // why it was declined, revoked or lapsed
}

// HappeningKind names a Happening.
type HappeningKind string

// What may happen to an assignment.
const (
	HappenedOffered   HappeningKind = "offered"
	HappenedStarted   HappeningKind = "started"
	HappenedEnded     HappeningKind = "ended" // the conversation is over, the outcome not yet told
	HappenedConcluded HappeningKind = "concluded"
	HappenedDeclined  HappeningKind = "declined"
	HappenedRevoked   HappeningKind = "revoked"
	HappenedLapsed    HappeningKind = "lapsed"
)

// Claim is one agent's wish for a lead.
type Claim struct {
	Agent      AgentID
	Candidates []LeadID // in order of preference; the first that may be offered is claimed
	Manual     bool     // the agent chose the lead: the assignment's reason is manual
}

// Claimed is the answer to a Claim. Assignment is nil when no candidate could be had.
type Claimed struct {
	Assignment *Assignment
	Facts      *Facts // of the claimed lead
	Session    Session
	Refused    []Refusal // candidates that were looked at and passed over
	Err        error     // why the agent itself cannot be given anything: it is no longer ready, holds one already
}

// Refusal is a candidate that may not be offered now.
type Refusal struct {
	Lead      LeadID
	Judgement Judgement
}

// Draft is a lead to be, as an importer or a CRM gives it, before the store knows it.
type Draft struct {
	Line       int
	Source     string
	ExternalID string
	Name       string
	Zones      []string
	Numbers    []Number
	Attributes []Attribute
	Account    string    // see Lead
	Places     []string  // see Lead
	Consents   []Consent // to record with it; LeadID and Phone are filled in
	Priority   int
	Cells      []string // the row as it was read, for the problem report if it turns out a duplicate
}
