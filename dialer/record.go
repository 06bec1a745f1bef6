package dialer

import (
	"context"
	"time"

	"redial/campaign"
)

// Sessions is what the floor needs of the record to move agents. Each call is one transaction.
type Sessions interface {
	// Session is the agent's live state; signed out if there never was one.
	Session(ctx context.Context, agent campaign.AgentID) (campaign.Session, error)
	// Sessions are those at a node, or everywhere when node is empty, that are not signed out.
	Sessions(ctx context.Context, node string) ([]campaign.Session, error)
	// MoveSession runs move while the row is locked and writes what it returns, with the ledger's row. A move that
	// lets go of an assignment gives it back or gives it up in the same transaction.
	MoveSession(ctx context.Context, agent campaign.AgentID, move func(campaign.Session, time.Time) (campaign.Session, error)) (campaign.Session, error)
	// Heartbeat notes signs of life and renews leases. It answers the session of each beat's agent, in their order; a beat
	// that is stale for it was not noted.
	Heartbeat(ctx context.Context, beats []campaign.Beat) ([]campaign.Session, error)
}

// Claims is how a lead reaches an agent.
type Claims interface {
	// ClaimLeads answers every claim of a batch, in its order.
	ClaimLeads(ctx context.Context, claims []campaign.Claim) ([]campaign.Claimed, error)
	// OpenAssignment is what the agent holds; nil: nothing.
	OpenAssignment(ctx context.Context, agent campaign.AgentID) (*campaign.Claimed, error)
	// HoldOff takes an offer back that nobody has seen, and holds its lead off or withdraws it; it answers the agent's
	// session. KindUnready when it is no offer any more, KindNotFound if there is none.
	HoldOff(ctx context.Context, h campaign.HoldOff) (campaign.Session, error)
}

// Ahead is what the floor looks ahead to.
type Ahead interface {
	// DuePromises are the open ones of the campaigns with an instant before until, earliest first.
	DuePromises(ctx context.Context, campaigns []campaign.CampaignID, until time.Time, limit int) ([]campaign.Appointment, error)
	// OwnedAhead are the waiting CALL_LATER leads of the agents with an instant before until, so many of each agent's at
	// most, those that wait longest; earliest first.
	OwnedAhead(ctx context.Context, agents []campaign.AgentID, until time.Time, each int) ([]campaign.Owned, error)
	// MarkReminded says of each promise whether this call is the first to remind of it.
	MarkReminded(ctx context.Context, ids []campaign.AppointmentID) ([]campaign.AppointmentID, error)
}

// Roster is who may call for what.
type Roster interface {
	// Arrivals are who the agents are, how their sessions stand, and what they own and have promised before until. Who does
	// not exist is left out.
	Arrivals(ctx context.Context, agents []campaign.AgentID, until time.Time) (map[campaign.AgentID]campaign.Arrival, error)
	// Agents are all of them.
	Agents(ctx context.Context) ([]campaign.Agent, error)
	// Offering are the campaigns that offer anything at all: running ones, and finished ones that keep promises.
	Offering(ctx context.Context) ([]campaign.Campaign, error)
}

// Leads is the leads themselves.
type Leads interface {
	// Lead is one lead; KindNotFound if there is none.
	Lead(ctx context.Context, id campaign.LeadID) (campaign.Lead, error)
}

// Record is the whole of it; *store.Store satisfies it.
type Record interface {
	Sessions
	Claims
	Ahead
	Roster
	Leads
}

// Source gives leads to try to claim, in the order of offering. What it gives is a hint: the claim decides.
type Source interface {
	// Take takes up to n leads of a campaign, up to fresh of them from those never tried. Fewer: the campaign has no
	// more that may be called now.
	Take(ctx context.Context, id campaign.CampaignID, n, fresh int) ([]campaign.LeadID, error)
}
