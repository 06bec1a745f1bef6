package rpc

import (
	"cmp"
	"context"
	"slices"

	"redial/campaign"
	"redial/campaign/wire"
	"redial/dialer"
	pb "redial/proto/dialer/v1"
)

// BookAppointment promises a lead a call, without one.
func (a *Agents) BookAppointment(ctx context.Context, r *pb.BookAppointmentRequest) (*pb.BookAppointmentResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	b := wire.FromBooking(r.GetBooking())
	if b == nil {
		return nil, campaign.Invalid("booking", "is missing: give the local time of the promise")
	}
	p, err := a.promises.Book(ctx, campaign.LeadID(r.GetLeadId()), *b, agent, campaign.CallerFrom(ctx).Owner)
	if err != nil {
		return nil, err
	}
	a.floor.Wake(p.CampaignID)
	return &pb.BookAppointmentResponse{Appointment: wire.Appointment(&p, a.login(ctx, p.Owner))}, nil
}

// RescheduleAppointment moves a promise to another time.
func (a *Agents) RescheduleAppointment(ctx context.Context, r *pb.RescheduleAppointmentRequest) (*pb.RescheduleAppointmentResponse, error) {
	b := wire.FromBooking(r.GetBooking())
	if b == nil {
		return nil, campaign.Invalid("booking", "is missing: give the new local time of the promise")
	}
	reason := cmp.Or(r.GetReason(), "rescheduled")
	id, err := a.own(ctx, r.GetAgent(), r.GetAppointmentId(), reason)
	if err != nil {
		return nil, err
	}
	p, err := a.promises.Reschedule(ctx, id, *b, reason, campaign.CallerFrom(ctx).Owner)
	if err != nil {
		return nil, err
	}
	a.floor.Wake(p.CampaignID)
	return &pb.RescheduleAppointmentResponse{Appointment: wire.Appointment(&p, a.login(ctx, p.Owner))}, nil
}

// CancelAppointment closes a promise with a reason; the lead is planned by the rule.
func (a *Agents) CancelAppointment(ctx context.Context, r *pb.CancelAppointmentRequest) (*pb.CancelAppointmentResponse, error) {
	id, err := a.own(ctx, r.GetAgent(), r.GetAppointmentId(), r.GetReason())
	if err != nil {
		return nil, err
	}
	p, plan, err := a.promises.Cancel(ctx, id, r.GetReason(), campaign.CallerFrom(ctx).Owner)
	if err != nil {
		return nil, err
	}
	a.floor.Wake(p.CampaignID)
	out := &pb.CancelAppointmentResponse{Appointment: wire.Appointment(&p, a.login(ctx, p.Owner)), Plan: wire.Plan(plan)}
	return out, hide(ctx, a.book, p.CampaignID, out)
}

// own checks that the promise is the acting agent's, and that there is a reason.
func (a *Agents) own(ctx context.Context, login string, id int64, reason string) (campaign.AppointmentID, error) {
	agent, err := a.acting(ctx, login)
	if err != nil {
		return 0, err
	}
	if err := dialer.CheckReason(reason); err != nil {
		return 0, err
	}
	p, err := a.promises.Appointment(ctx, campaign.AppointmentID(id))
	if err != nil {
		return 0, err
	}
	if p.Owner != agent && p.Owner != 0 {
		return 0, campaign.Denied("this promise is another agent's: ask a supervisor to reassign it")
	}
	return p.ID, nil
}

// ListCallbacks are the agent's promises and CALL_LATER leads, earliest first.
func (a *Agents) ListCallbacks(ctx context.Context, r *pb.ListCallbacksRequest) (*pb.ListCallbacksResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	before, err := wire.FromTime("before", r.GetBefore())
	if err != nil {
		return nil, err
	}
	skip, size, err := page(r.GetPageToken(), r.GetPageSize())
	if err != nil {
		return nil, err
	}
	all, err := a.promises.Callbacks(ctx, agent)
	if err != nil {
		return nil, err
	}
	out := &pb.ListCallbacksResponse{}
	for i := range all {
		if !before.IsZero() && !all[i].At.Before(before) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(out.Callbacks) == size {
			out.NextPageToken = next(r.GetPageToken(), size)
			break
		}
		out.Callbacks = append(out.Callbacks, a.callback(ctx, &all[i]))
	}
	return out, nil
}

// promised is a promise as its owner's list of callbacks tells it. One that is not in it is told without names: a reminder
// comes in any case.
func (a *Agents) promised(ctx context.Context, p *campaign.Appointment) campaign.Callback {
	mine, err := a.promises.Callbacks(ctx, p.Owner)
	if i := slices.IndexFunc(mine, func(c campaign.Callback) bool { return c.Appointment != nil && c.Appointment.ID == p.ID }); err == nil && i >= 0 {
		return mine[i]
	}
	return campaign.Callback{Lead: p.LeadID, Campaign: p.CampaignID, At: p.At, Appointment: p}
}

func (a *Agents) callback(ctx context.Context, c *campaign.Callback) *pb.Callback {
	out := &pb.Callback{
		LeadId: int64(c.Lead), Name: c.Name, CampaignId: int64(c.Campaign), CampaignName: c.CampaignName, DueAt: wire.Time(c.At),
	}
	if c.Appointment != nil {
		out.Appointment = wire.Appointment(c.Appointment, a.login(ctx, c.Appointment.Owner))
	}
	return out
}
