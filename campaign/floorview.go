package campaign

import "time"

// FloorView is the live floor at an instant, as the record has it: whatever node the agents are at.
type FloorView struct {
	At        time.Time
	Agents    []AgentView
	Campaigns []CampaignView
	Recent    []RecentCall // last first, at most 30
	Promised  []Promised   // open promises, earliest first, at most 20
	Late      int64        // late outcomes that wait for a supervisor
	Missed    int64        // promises missed today, by each campaign's own day
}

// AgentView is an agent on the floor. Agents who are signed out are left out.
type AgentView struct {
	Session   Session
	Login     string
	Name      string
	Campaigns []CampaignID
	Lead      LeadID // in hand; 0: none
	LeadName  string
	Campaign  CampaignID // of the lead in hand
}

// CampaignView is a campaign's leads and promises now, and its calls since the start of its day.
type CampaignView struct {
	ID           CampaignID
	Name         string
	State        CampaignState
	Zone         string
	ByState      map[LeadState]int64 // of lists that are loaded; they sum to the campaign's leads
	Due          int64               // open leads whose own wait is over; hours may still forbid the call
	Promises     int64               // open
	PromisesSoon int64               // due within 15 minutes, or overdue
	NextDue      time.Time           // of open leads that wait and of promises; zero: nothing waits
	DayStart     time.Time           // the campaign's own midnight
	Attempts     int64               // since DayStart
	Connects     int64
	Successes    int64
	Outcomes     map[Outcome]int64 // since DayStart; they sum to Attempts
	Kept         int64             // promises closed since DayStart
	Missed       int64
}

// RecentCall is one of the last attempts.
type RecentCall struct {
	At       time.Time // when it was recorded
	Campaign CampaignID
	Lead     LeadID
	LeadName string
	Agent    string // login
	Outcome  Outcome
	Code     string
	State    LeadState // of the lead now
	Next     Plan      // of the lead now
}

// Promised is an open promise.
type Promised struct {
	ID       AppointmentID
	At       time.Time
	Zone     string // in which it was promised
	Campaign CampaignID
	Lead     LeadID
	LeadName string
	Owner    string // login; empty: any fit agent
}
