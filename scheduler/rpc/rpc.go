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

// Server serves ScheduleService.
type Server struct {
	pb.UnimplementedScheduleServiceServer
	record   Record
	promises Promises
	due      scheduler.DueRecord
	phones   Phones
	now      func() time.Time
}

// New makes the service; now is the record's clock.
func New(r Record, p Promises, due scheduler.DueRecord, phones Phones, now func() time.Time) *Server {
	return &Server{record: r, promises: p, due: due, phones: phones, now: now}
}
