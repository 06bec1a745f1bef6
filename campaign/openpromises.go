package campaign

import "time"

// WantPromises says which open promises are asked for.
type WantPromises struct {
	Campaigns   []CampaignID // empty: of all
	Owner       AgentID      // 0: everybody's and nobody's
	Before      time.Time    // due before it; zero: all
	Skip, Limit int          // rows left out, rows at most
}

// OpenPromise is a promise that is to be kept, with its lead.
type OpenPromise struct {
	Appointment Appointment
	Owner       string // login; empty: nobody's
	LeadName    string
	State       LeadState
}
