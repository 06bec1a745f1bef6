package leads

import (
	"context"
	"fmt"

	pb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// promiseChoice is how a form names a promise: its id, and whose the page showed it to be.
func promiseChoice(a *pb.Appointment) string { return fmt.Sprintf("%d-%d", a.GetId(), a.GetOwnerId()) }

// promise is the open promise that a form means, if it still is as the page showed it.
func (p *pages) promise(ctx context.Context, o order) (int64, error) {
	if o.get("appointment") == "" {
		return 0, fault{"appointment", "leads_wrong_choice"}
	}
	got, err := p.leads.GetLead(ctx, &pb.GetLeadRequest{Id: o.id})
	if err != nil {
		return 0, err
	}
	for _, a := range (&shown{GetLeadResponse: got}).promises() {
		if promiseChoice(a) == o.get("appointment") {
			return a.GetId(), nil
		}
	}
	return 0, errStale
}

// booking is the time that a form promises, on the clocks that it names.
func booking(o order) *pb.Booking {
	return &pb.Booking{Local: o.get("local"), Zone: o.get("zone"), Insisted: o.get("insisted") != ""}
}

// agent is in whose name a form acts: never in the reader's own, who is none.
func (o order) agent() (string, error) {
	if o.get("agent") == "" {
		return "", fault{"agent", "leads_wrong_agent"}
	}
	return o.get("agent"), nil
}

func (p *pages) book(ctx context.Context, o order, _ *shown) error {
	agent, err := o.agent()
	if err != nil {
		return err
	}
	_, err = p.agents.BookAppointment(ctx, &dialerpb.BookAppointmentRequest{Agent: agent, LeadId: o.id, Booking: booking(o)})
	return err
}

func (p *pages) reschedule(ctx context.Context, o order, _ *shown) error {
	agent, err := o.agent()
	if err != nil {
		return err
	}
	id, err := p.promise(ctx, o)
	if err != nil {
		return err
	}
	_, err = p.agents.RescheduleAppointment(ctx, &dialerpb.RescheduleAppointmentRequest{
		Agent: agent, AppointmentId: id, Booking: booking(o), Reason: o.get("reason"),
	})
	return err
}

func (p *pages) cancel(ctx context.Context, o order, _ *shown) error {
	agent, err := o.agent()
	if err != nil {
		return err
	}
	id, err := p.promise(ctx, o)
	if err != nil {
		return err
	}
	_, err = p.agents.CancelAppointment(ctx, &dialerpb.CancelAppointmentRequest{Agent: agent, AppointmentId: id, Reason: o.get("reason")})
	return err
}

func (p *pages) reassign(ctx context.Context, o order, _ *shown) error {
	id, err := p.promise(ctx, o)
	if err != nil {
		return err
	}
	_, err = p.floor.Reassign(ctx, &dialerpb.ReassignRequest{AppointmentId: id, Owner: o.get("owner"), Reason: o.get("reason")})
	return err
}
