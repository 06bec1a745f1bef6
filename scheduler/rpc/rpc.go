// Package rpc serves the scheduler's answers over gRPC: why a lead is or is not offered, and what goes next. It
// decides nothing: every word comes from the rules that the dispatcher itself asks (I10), and it writes nothing.
package rpc

import (
	"context"
	"time"

	"redial/campaign"
	"redial/scheduler"

	pb "redial/proto/scheduler/v1"
)

// Record is what is known of leads.
type Record interface {
	// Facts are all that is known of a lead now, with its attempts and its assignments, oldest first.
	Facts(ctx context.Context, lead campaign.LeadID) (*campaign.Facts, []campaign.Attempt, []campaign.Assignment, error)
	// FactsMany are the facts of many leads, in the order asked; leads that are not there are left out.
	FactsMany(ctx context.Context, leads []campaign.LeadID) ([]*campaign.Facts, error)
	// FindByNumber are the leads with a number, good or bad, in any campaign, by id.
	FindByNumber(ctx context.Context, phone campaign.Phone) ([]campaign.LeadID, error)
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
}

// Promises are appointments and who owns them.
type Promises interface {
	// LeadPromises are a lead's promises, oldest first.
	LeadPromises(ctx context.Context, lead campaign.LeadID) ([]campaign.Appointment, error)
	// DuePromises are the open promises of campaigns with an instant before until, earliest first.
	DuePromises(ctx context.Context, campaigns []campaign.CampaignID, until time.Time, limit int) ([]campaign.Appointment, error)
	AgentLogins(ctx context.Context, ids []campaign.AgentID) (map[campaign.AgentID]string, error)
}

// Phones reads one number as people write it; an empty region means that it must be E.164. The error names no field.
type Phones func(text, region string) (campaign.Number, error)

// Deps are what the service asks. All but Simulator are required.
type Deps struct {
	Record    Record
	Promises  Promises
	Due       scheduler.DueRecord
	Whole     Whole
	Phones    Phones
	Rules     *scheduler.Rulebook // the dispatcher's own
	Law       Law
	Simulator Simulator        // nil: Simulate says that this node does not
	Now       func() time.Time // the record's clock
}

// Server serves ScheduleService.
type Server struct {
	pb.UnimplementedScheduleServiceServer
	record   Record
	promises Promises
	due      scheduler.DueRecord
	phones   Phones
	now      func() time.Time
	deps     Deps
}

// New makes the service.
func New(d Deps) *Server {
	return &Server{record: d.Record, promises: d.Promises, due: d.Due, phones: d.Phones, now: d.Now, deps: d}
}

// Whole is the record where whole campaigns are asked about.
type Whole interface {
	// SnapshotFacts gives every lead of a campaign (of one list; 0: of all) in the states given (none: in any), by id,
	// from one consistent snapshot. An error of each ends it and is returned.
	SnapshotFacts(ctx context.Context, id campaign.CampaignID, list campaign.ListID, states []campaign.LeadState, each func([]*campaign.Facts) error) error
	// SnapshotUnder is SnapshotFacts of all lists with what else must be known to decide under other rules: their
	// calendars, consents and calls to others. KindInvalid names a calendar that is not there.
	SnapshotUnder(ctx context.Context, id campaign.CampaignID, states []campaign.LeadState, rules *campaign.Rules, each func([]*campaign.Facts) error) error
	// LeadCounts are how many leads of a campaign (of one list; 0: of all) are in each state.
	LeadCounts(ctx context.Context, id campaign.CampaignID, list campaign.ListID) (map[campaign.LeadState]int64, error)
	// LeadsAfter are the next leads of a campaign (of one list; 0: of all) in any state, by id.
	LeadsAfter(ctx context.Context, id campaign.CampaignID, list campaign.ListID, after campaign.LeadID, limit int) ([]campaign.LeadID, error)
	// ReplanLeft is how many leads are still planned under other rules than the campaign's, whose version it gives.
	ReplanLeft(ctx context.Context, id campaign.CampaignID) (version, left int64, err error)
	// Consents are those of a lead's person, newest first, ended ones included.
	Consents(ctx context.Context, lead campaign.LeadID) ([]campaign.Consent, error)
	// OutsideCalls are the calls made elsewhere to a lead's person, oldest first.
	OutsideCalls(ctx context.Context, lead campaign.LeadID) ([]campaign.OutsideCall, error)
	// Supply is the open leads of the campaign's calendar groups: callable at now, and by step of the instant they wait for.
	Supply(ctx context.Context, id campaign.CampaignID, now, until time.Time, step time.Duration) ([]campaign.Supply, error)
	// Pace is how calling went since an instant.
	Pace(ctx context.Context, id campaign.CampaignID, since time.Time) (campaign.Pace, error)
	// AgentsAt is how many agents are signed in for a campaign.
	AgentsAt(ctx context.Context, id campaign.CampaignID) (int, error)
}

// Law is the packs that can be switched on.
type Law interface {
	scheduler.Law
	// Packs are all of them, by name.
	Packs() []*scheduler.LawPack
	// Check says which packs and rules of packs are named that there are not, by fields such as rules.packs[0].
	Check(r *campaign.Rules) error
}
