package dialer

import (
	"slices"
	"time"

	"redial/campaign"
)

// Why an agent's state changed, where the agent gave no reason of their own. Stable words: the ledger and reports
// group by them.
const (
	ReasonSignedIn       = "signed_in"       // break after sign-in, until the agent says ready
	ReasonSignedOut      = "signed_out"      // the agent signed out
	ReasonAsked          = "asked"           // the agent said ready
	ReasonDeclined       = "declined"        // ready again after giving an offer back
	ReasonRevoked        = "revoked"         // ready again after an offer was taken back
	ReasonOfferLapsed    = "offer_lapsed"    // break: an offer was not started in time
	ReasonLeaseLapsed    = "lease_lapsed"    // break: the lease of a placed call ran out though the agent was there
	ReasonCallEnded      = "call_ended"      // wrap-up with the outcome to record
	ReasonConcluded      = "concluded"       // the outcome was recorded
	ReasonOutcomeOverdue = "outcome_overdue" // wrap-up is over and the outcome is not recorded
	ReasonOutcomeMissing = "outcome_missing" // break: the outcome never came, the attempt became UNKNOWN
	ReasonWrapUpOver     = "wrap_up_over"    // ready after wrap-up
	ReasonHeartbeatLost  = "heartbeat_lost"  // signed out: no sign of life from the desktop
)

// moves are the legal changes of state. A change of reason alone is legal wherever it makes sense.
var moves = map[campaign.AgentState][]campaign.AgentState{
	campaign.AgentSignedOut: {campaign.AgentBreak},
	campaign.AgentReady:     {campaign.AgentOffered, campaign.AgentBreak, campaign.AgentSignedOut},
	campaign.AgentOffered:   {campaign.AgentOnCall, campaign.AgentReady, campaign.AgentBreak, campaign.AgentSignedOut},
	campaign.AgentOnCall:    {campaign.AgentWrapUp, campaign.AgentReady, campaign.AgentBreak, campaign.AgentSignedOut},
	campaign.AgentWrapUp:    {campaign.AgentReady, campaign.AgentBreak, campaign.AgentSignedOut},
	campaign.AgentBreak:     {campaign.AgentReady, campaign.AgentSignedOut},
}

// CanMove says whether an agent may go from one state to another in one step; staying is always legal. An audit of
// the ledger asks the same.
func CanMove(from, to campaign.AgentState) bool {
	_, known := moves[from]
	return known && (from == to || slices.Contains(moves[from], to))
}

// Change is the ledger's row for a step from prev to next, and whether there is one to write: there is when the state
// or its reason changed. The campaign is that of the assignment in hand before or after; 0: none.
func Change(prev, next campaign.Session, of campaign.CampaignID) (campaign.StateChange, bool) {
	from := prev.State
	if from == "" {
		from = campaign.AgentSignedOut
	}
	if from == next.State && prev.Reason == next.Reason {
		return campaign.StateChange{}, false
	}
	row := campaign.StateChange{
		AgentID: next.AgentID, At: next.Since, From: from, To: next.State, Reason: next.Reason,
		CampaignID: of, Assignment: next.Assignment,
	}
	if row.Assignment == 0 {
		row.Assignment = prev.Assignment
	}
	if !prev.Since.IsZero() {
		row.Seconds = next.Since.Sub(prev.Since).Seconds()
	}
	return row, true
}

// Defaults of the settings that no campaign has.
const (
	DefaultHeartbeat   = 45 * time.Second
	DefaultOutcomeWait = 10 * time.Minute
)

// Settings are the times that Step goes by: those of the campaign of the assignment in hand (of the one that is
// offered, for Offer), or the defaults when there is none.
type Settings struct {
	Heartbeat   time.Duration // no sign of life for so long: signed out; 0: DefaultHeartbeat
	OfferTime   time.Duration // an offer not started in so long lapses; 0: the floor's default
	WrapUp      time.Duration // after-call time; 0: none
	Lease       time.Duration // a placed call without a sign of life for so long is given up; 0: the floor's default; never less than Heartbeat
	OutcomeWait time.Duration // patience with a missing outcome after wrap-up; 0: DefaultOutcomeWait
}

// SettingsOf are the settings for a campaign's floor. A heartbeat of 0 is DefaultHeartbeat. Desktops without a
// stream send no heartbeats of their own: whoever serves them gives their sessions times they can live with.
func SettingsOf(floor campaign.FloorSettings, heartbeat time.Duration) Settings {
	return Settings{Heartbeat: heartbeat, OfferTime: floor.OfferTime, WrapUp: floor.WrapUp, Lease: floor.Lease}
}

func (set Settings) withDefaults() Settings {
	floor := campaign.DefaultFloor()
	if set.Heartbeat <= 0 {
		set.Heartbeat = DefaultHeartbeat
	}
	if set.OfferTime <= 0 {
		set.OfferTime = floor.OfferTime
	}
	if set.Lease <= 0 {
		set.Lease = floor.Lease
	}
	if set.OutcomeWait <= 0 {
		set.OutcomeWait = DefaultOutcomeWait
	}
	set.Lease = max(set.Lease, set.Heartbeat)
	set.WrapUp = max(set.WrapUp, 0)
	return set
}
