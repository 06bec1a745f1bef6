package campaign

import "time"

// AgentState is what an agent is doing, driven by the server.
type AgentState string

// The states of an agent.
const (
	AgentSignedOut AgentState = "signed_out"
	AgentReady     AgentState = "ready"
	AgentOffered   AgentState = "offered"
	AgentOnCall    AgentState = "on_call"
	AgentWrapUp    AgentState = "wrap_up"
	AgentBreak     AgentState = "break"
)

// AgentStates lists them all, for reports that must add up.
var AgentStates = []AgentState{AgentSignedOut, AgentReady, AgentOffered, AgentOnCall, AgentWrapUp, AgentBreak}

// Agent is somebody who calls.
type Agent struct {
	ID        AgentID
	Login     string // unique
	Name      string
	Skills    []string
	Campaigns []Membership
	Active    bool
	Version   int64
	CreatedAt time.Time
}

// Membership is an agent's part in a campaign.
type Membership struct {
	CampaignID CampaignID
	Weight     int // share of the agent's offers among its campaigns; at least 1
}

// Session is an agent's live state as the record holds it: the truth, whatever node the agent is at.
type Session struct {
	AgentID     AgentID
	State       AgentState
	Since       time.Time
	Reason      string     // of a break, or why the state changed: offer_lapsed, heartbeat_lost, …
	Deadline    time.Time  // when the state changes by itself; zero: it does not
	Next        AgentState // where to go after the call in hand (a break asked for meanwhile); empty: ready
	NextReason  string
	Node        string // the node the agent is signed in at
	Epoch       int64  // raised at each sign-in; an older epoch's words are refused
	HeartbeatAt time.Time
	Assignment  AssignmentID // the open one; 0: none
}

// StateChange is one row of the ledger of agent states; the time in a state is until the agent's next row.
type StateChange struct {
	AgentID    AgentID
	At         time.Time
	From, To   AgentState
	Reason     string
	CampaignID CampaignID   // of the assignment in hand; 0: none
	Assignment AssignmentID // 0: none
	Seconds    float64      // time spent in From
}

// Beat is a sign of life of an agent's desktop.
type Beat struct {
	Agent AgentID
	Epoch int64 // 0: not fenced
}

// Stale is whether the desktop has been left behind: its agent signed in anew elsewhere, or is signed out.
func (b Beat) Stale(s Session) bool {
	return s.State == AgentSignedOut || b.Epoch != 0 && b.Epoch != s.Epoch
}

// Owned is a waiting lead that an agent wants back: a CALL_LATER of their own.
type Owned struct {
	Lead     LeadID
	Campaign CampaignID
	Agent    AgentID
	At       time.Time
}

// Arrival is what a node has to know of an agent who comes to it before it may offer anything.
type Arrival struct {
	Agent    Agent
	Session  Session       // signed out if there never was one
	Owned    []Owned       // waiting CALL_LATER leads, earliest first
	Promises []Appointment // open ones of the agent, earliest first
}
