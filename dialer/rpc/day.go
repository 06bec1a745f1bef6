package rpc

import (
	"cmp"
	"context"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/dialer/v1"
)

// Days is what the record and the rule of time say of days: an agent's own, and those on which a lead may be called.
type Days interface {
	AgentDay(ctx context.Context, agent campaign.AgentID) (campaign.AgentDay, error)
	FactsMany(ctx context.Context, leads []campaign.LeadID) ([]*campaign.Facts, error)
	Slots(f *campaign.Facts, zone string, from campaign.Date, days int, step time.Duration) ([]string, error)
}

// GetMyDay is what the agent did today.
func (a *Agents) GetMyDay(ctx context.Context, r *pb.GetMyDayRequest) (*pb.GetMyDayResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	d, err := a.book.AgentDay(ctx, agent)
	if err != nil {
		return nil, err
	}
	out := &pb.GetMyDayResponse{
		Date: d.Date.String(), Zone: d.Zone, Attempts: d.Counts.Attempts, Connects: d.Counts.Connects(), Successes: d.Counts.Successes(),
		Talk: wire.Duration(d.Counts.Talk.Sum), Handling: wire.Duration(d.Counts.Handling.Sum), Handled: d.Counts.Handling.N,
		Last: a.lastCall(ctx, d.Last),
	}
	if r.GetNextDue() {
		due, why, err := a.book.NextDueFor(ctx, agent)
		if err != nil {
			return nil, err
		}
		out.DueAt, out.WhyNone = wire.Time(due), why
	}
	return out, nil
}

func (a *Agents) lastCall(ctx context.Context, l *campaign.LastCall) *pb.LastCall {
	if l == nil {
		return nil
	}
	m := wire.Attempt(&l.Attempt, a.login(ctx, l.Attempt.AgentID))
	m.Number, m.NewNumber = l.Attempt.Number.Masked(), l.Attempt.NewNumber.Masked()
	out := &pb.LastCall{
		Attempt: m, LeadName: l.LeadName, CampaignName: l.Campaign.Name, Outcomes: outcomes(l.Campaign), CorrectUntil: wire.Time(l.CorrectUntil),
	}
	if hides(ctx, l.Campaign) {
		wire.HideNumbers(out)
	}
	return out
}

// Bounds of ListSlots.
const (
	slotDays     = 7
	slotDaysMost = 31
	slotStep     = 15 * time.Minute
	slotLeast    = 5 * time.Minute
	slotMost     = 4 * time.Hour
)

// ListSlots are the times at which the lead may be promised a call.
func (a *Agents) ListSlots(ctx context.Context, r *pb.ListSlotsRequest) (*pb.ListSlotsResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	f, err := a.known(ctx, agent, campaign.LeadID(r.GetLeadId()))
	if err != nil {
		return nil, err
	}
	days := int(cmp.Or(r.GetDays(), slotDays))
	if days < 0 || days > slotDaysMost {
		return nil, campaign.Invalid("days", "must be from 1 to 31")
	}
	step, err := wire.FromDuration("step", r.GetStep(), slotStep)
	if err == nil && (step < slotLeast || step > slotMost || step%time.Minute != 0) {
		err = campaign.Invalid("step", "must be whole minutes from 5m to 4h")
	}
	if err != nil {
		return nil, err
	}
	zone := r.GetZone()
	if zone == "" && len(f.Lead.Zones) > 0 {
		zone = f.Lead.Zones[0]
	}
	loc, err := campaign.Location(zone)
	if err != nil || zone == "Local" {
		return nil, campaign.Invalid("zone", "is unknown: give an IANA name such as Asia/Shanghai")
	}
	from := campaign.DateOf(f.Now.In(loc))
	if r.GetFrom() != "" {
		if from, err = campaign.ParseDate(r.GetFrom()); err != nil {
			return nil, campaign.Under("from", err)
		}
	}
	slots, err := a.book.Slots(f, zone, from, days, step)
	if err != nil {
		return nil, err
	}
	return &pb.ListSlotsResponse{Zone: zone, Now: f.Now.In(loc).Format("2006-01-02T15:04"), Slots: slots}, nil
}

// known are the facts of a lead that the agent may ask about: one in its hands, its own, or one that it called last.
func (a *Agents) known(ctx context.Context, agent campaign.AgentID, lead campaign.LeadID) (*campaign.Facts, error) {
	all, err := a.book.FactsMany(ctx, []campaign.LeadID{lead})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, campaign.NotFound("lead", lead)
	}
	f := all[0]
	if f.Lead.Owner == agent || campaign.CallerFrom(ctx).Role == campaign.RoleAdmin {
		return f, nil
	}
	if f.Lead.Assignment != 0 {
		as, err := a.book.Assignment(ctx, f.Lead.Assignment)
		if err != nil || as.AgentID == agent {
			return f, err
		}
	}
	past, err := a.book.Histories(ctx, []campaign.LeadID{lead})
	if err != nil {
		return nil, err
	}
	if n := len(past[lead]); n > 0 && past[lead][n-1].AgentID == agent {
		return f, nil
	}
	return nil, campaign.Denied("this lead is not in your hands, nor yours, nor one you called last")
}
