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
	Uses         []Use         // of the lead's numbers, in any campaign, as far back as the longest number cap reaches
	Holder       string        // login of the agent who holds the lead; empty: nobody
	Now          time.Time
}

// Use is one call to a number, reserved or placed, in whatever campaign.
type Use struct {
	Phone      Phone
	PlacedAt   time.Time // of a reservation: when it was claimed
	Assignment AssignmentID
}

// Judgement says whether a lead may be offered now, and if not, which gate binds.
type Judgement struct {
	Plan     Plan // what is decided at Facts.Now
	Callable bool
	Reason   string    // why this lead now: appointment, own_callback, rolled_over, retry, fresh
	Binding  string    // the first closed gate; empty if callable
	OpenAt   time.Time // when it opens by itself; zero: never, or unknown
	Detail   string    // for people
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
	Priority   int
	Cells      []string // the row as it was read, for the problem report if it turns out a duplicate
}
