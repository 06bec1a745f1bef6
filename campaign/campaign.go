package campaign

import "time"

// CampaignState is where a campaign is in its life.
type CampaignState string

// A campaign is made as a draft, runs, may be paused and run again, and finishes once.
const (
	CampaignDraft    CampaignState = "draft"
	CampaignRunning  CampaignState = "running"
	CampaignPaused   CampaignState = "paused"
	CampaignFinished CampaignState = "finished"
)

// Campaign is one purpose of calling, with its rules.
type Campaign struct {
	ID           CampaignID
	Name         string // unique, 1..100 characters
	State        CampaignState
	Version      int64  // raised by every update; an update gives the one it saw
	Zone         string // IANA zone of reports, and of leads whose own is unknown
	Region       string // ISO 3166-1 alpha-2, the country of numbers written nationally; empty: none
	Rules        Rules
	RulesVersion int64 // raised when Rules change; each attempt keeps the one it was made under
	Floor        FloorSettings
	Script       string        // what the agent says; {{field}} is filled from the lead
	Skills       []string      // an agent needs all of them
	Codes        []OutcomeCode // the campaign's own outcome codes
	PreCall      PreCall
	MaskNumbers  bool // full numbers are for callers with PermitNumbers; on the desk for the agent alone who dials one
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// PreCall is how a campaign asks its CRM whether a lead may be called now. The zero value: it does not.
type PreCall struct {
	Address    string        `json:"address,omitempty"`     // host:port of campaign.v1.PreCallService; empty: nobody is asked
	Deadline   time.Duration `json:"deadline,omitempty"`    // how long an answer may take; default 1s
	FailClosed bool          `json:"fail_closed,omitempty"` // without an answer it is not offered; else it is
	Plaintext  bool          `json:"plaintext,omitempty"`   // without TLS
	TokenName  string        `json:"token_name,omitempty"`  // of the bearer shown to the CRM, in the server's settings; empty: none
}

// OutcomeCode is an outcome as a campaign calls it, mapped to what the rule knows.
type OutcomeCode struct {
	Code    string  `json:"code"`            // unique in the campaign, such as "SOLD_GOLD"; never a rule outcome's name with another meaning
	Label   string  `json:"label,omitempty"` // what agents read
	Outcome Outcome `json:"outcome"`
}

// FloorSettings are what the live floor reads and the rule of time does not.
type FloorSettings struct {
	FreshShare    float64       // 0..1: share of offers reserved for leads never tried; default 0
	RemindBefore  time.Duration // remind the owner of a promise so long before; default 5m
	OwnerWait     time.Duration // a due promise waits so long for its owner; default 2m
	Grace         time.Duration // a promise not called so long after its instant is missed; default 15m
	OfferTime     time.Duration // an offer not started in so long lapses; default 20s
	WrapUp        time.Duration // after-call time before the agent is ready again; default 60s
	Lease         time.Duration // an assignment without a heartbeat for so long lapses; default 90s
	Conversation  time.Duration // a connect of at least so long is a conversation; default 30s
	CorrectWithin time.Duration // how long an agent may correct an outcome; default 24h
}

// DefaultFloor are the defaults of the rule's page.
func DefaultFloor() FloorSettings {
	return FloorSettings{
		RemindBefore: 5 * time.Minute, OwnerWait: 2 * time.Minute, Grace: 15 * time.Minute,
		OfferTime: 20 * time.Second, WrapUp: 60 * time.Second, Lease: 90 * time.Second,
		Conversation: 30 * time.Second, CorrectWithin: 24 * time.Hour,
	}
}

// PromisePolicy says what becomes of open promises when a campaign finishes; it is asked, never assumed.
type PromisePolicy string

// The choices.
const (
	PromisesCancel PromisePolicy = "cancel" // each is cancelled, with the reason campaign_finished
	PromisesKeep   PromisePolicy = "keep"   // the campaign goes on offering them, and nothing else, until the last is closed
)

// OutcomeFor maps a code of the campaign, or the name of a rule outcome, to the outcome.
func (c *Campaign) OutcomeFor(code string) (Outcome, error) {
	for _, oc := range c.Codes {
		if oc.Code == code {
			return oc.Outcome, nil
		}
	}
	return ParseOutcome(code)
}
