package campaign

import "time"

// LawNote is what was checked when a call was offered or placed, kept with it for as long as the longest duty.
type LawNote struct {
	Site      Site              `json:"site,omitzero"`
	Calendars map[string]int64  `json:"calendars,omitempty"` // their versions, by name
	Packs     map[string]string `json:"packs,omitempty"`     // their versions, by name
	Exempt    []Exemption       `json:"exempt,omitempty"`    // rules that would have forbidden the call, and why they did not
}

// Exemption is a rule of a law pack that did not bind a call.
type Exemption struct {
	Rule    string    `json:"rule"`              // its id, such as "fr.hours"
	By      string    `json:"by"`                // consent, agent (one was on the line before it rang), waiver
	Consent ConsentID `json:"consent,omitempty"` // by which
	Reason  string    `json:"reason,omitempty"`  // of a waiver
}

// Consent is a person's word that calls may be made which a law would forbid; revoked, it is kept as the proof that it
// was. It holds for everybody's calls to that person or number, of the purpose it names.
type Consent struct {
	ID        ConsentID
	LeadID    LeadID         // by whom it came in
	Phone     Phone          // for calls to this number alone; empty: to the person
	Purpose   Purpose        // empty: any
	Scopes    []ConsentScope // what it opens, at least one
	GivenAt   time.Time
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time // zero: it stands
	Proof     string    // where it can be seen: a form's id, a recording; 1..500 characters
	Source    string    // who recorded it
	RevokedBy string
	CreatedAt time.Time
}

// ConsentScope is what a consent opens.
type ConsentScope string

// The scopes.
const (
	ConsentContact   ConsentScope = "contact"   // being called at all, where that needs a consent
	ConsentHours     ConsentScope = "hours"     // calls outside the law's hours
	ConsentFrequency ConsentScope = "frequency" // more calls than the law's caps, sooner than its cool-offs
)

// ConsentScopes lists them all.
var ConsentScopes = []ConsentScope{ConsentContact, ConsentHours, ConsentFrequency}

// Standing says whether the consent was given, not revoked and not expired at t.
func (c *Consent) Standing(t time.Time) bool {
	return !t.Before(c.GivenAt) && (c.ExpiresAt.IsZero() || t.Before(c.ExpiresAt)) && (c.RevokedAt.IsZero() || t.Before(c.RevokedAt))
}

// OutsideCall is a call to a lead's person that another system, an agency or the person made, told so that company-wide
// caps and cool-offs count it.
type OutsideCall struct {
	LeadID   LeadID
	Key      string // unique in Source and the lead's campaign, so that telling it again changes nothing; 1..200 characters
	Source   string // who tells; 1..100 characters
	Number   Phone  // empty: the lead's first
	PlacedAt time.Time
	Outcome  Outcome
	Talk     time.Duration
	Inbound  bool
}
