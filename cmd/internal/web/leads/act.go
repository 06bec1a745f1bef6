package leads

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// order is an act as its form asks for it.
type order struct {
	*http.Request
	id int64
}

// get is a field of the form without blanks around it.
func (o order) get(field string) string { return strings.TrimSpace(o.PostForm.Get(field)) }

// number is a field that holds a number.
func (o order) number(field string) (int64, error) {
	n, err := strconv.ParseInt(o.get(field), 10, 64)
	if err != nil || n < 0 {
		return 0, status.Errorf(codes.InvalidArgument, "%s: %q is no number from 0", field, o.get(field))
	}
	return n, nil
}

// acts are what may be done about a lead, by the last part of the address.
var acts = map[string]func(*pages, context.Context, order, *shown) error{
	"edit": (*pages).edit, "withdraw": (*pages).withdraw, "reopen": (*pages).reopen, "erase": (*pages).erase,
	"suppress": (*pages).suppress, "lift": (*pages).lift, "reveal": (*pages).reveal, "move": (*pages).move,
	"book": (*pages).book, "reschedule": (*pages).reschedule, "cancel": (*pages).cancel, "reassign": (*pages).reassign,
}

// didIn is what the address of a page says was done; empty: nothing.
func didIn(r *http.Request) string {
	did := r.URL.Query().Get("did")
	if _, ok := acts[did]; !ok {
		return ""
	}
	return did
}

// act does something about a lead. What was refused is told on the lead's page, with what was typed.
func (p *pages) act(w http.ResponseWriter, r *http.Request) {
	id, err := leadIn(r)
	do, known := acts[r.PathValue("act")]
	if err == nil && !known {
		err = status.Error(codes.NotFound, "there is nothing of this name to do")
	}
	if err == nil {
		if err = r.ParseForm(); err != nil {
			err = status.Error(codes.InvalidArgument, "the form did not come whole: "+err.Error())
		}
	}
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	s := &shown{}
	switch err := do(p, r.Context(), order{r, id}, s); {
	case status.Code(err) == codes.Unauthenticated || status.Code(err) == codes.NotFound:
		p.views.Fail(w, r, err)
	case err != nil:
		problem := p.views.ProblemOf(r, err)
		s.Problem, s.Typed, s.Ask, s.Conflict = &problem, r.PostForm, r.PathValue("act"), problem.Reason == campaign.ReasonVersion
		p.draw(w, r, id, problem.Status, s)
	case len(s.Revealed) > 0: // shown once: nothing keeps them
		p.draw(w, r, id, http.StatusOK, s)
	case s.GetLeadResponse != nil: // it goes on under another id
		http.Redirect(w, r, "/leads/"+strconv.FormatInt(s.GetLead().GetId(), 10)+"?did="+r.PathValue("act"), http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/leads/"+strconv.FormatInt(id, 10)+"?did="+r.PathValue("act"), http.StatusSeeOther)
	}
}

func (p *pages) edit(ctx context.Context, o order, _ *shown) error {
	version, err := o.number("version")
	if err != nil {
		return err
	}
	lead := &pb.Lead{Id: o.id, Version: version, Name: o.get("name")}
	mask := []string{"name"}
	if names, values := o.PostForm["attribute"], o.PostForm["value"]; len(names) > 0 && len(names) == len(values) {
		mask = append(mask, "attributes")
		for i, name := range names {
			if name = strings.TrimSpace(name); name != "" {
				lead.Attributes = append(lead.Attributes, &pb.Attribute{Name: name, Value: strings.TrimSpace(values[i])})
			}
		}
	}
	_, err = p.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: lead, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
	return err
}

func (p *pages) withdraw(ctx context.Context, o order, _ *shown) error {
	_, err := p.leads.WithdrawLead(ctx, &pb.WithdrawLeadRequest{Id: o.id, Reason: o.get("reason")})
	return err
}

func (p *pages) reopen(ctx context.Context, o order, _ *shown) error {
	_, err := p.leads.ReopenLead(ctx, &pb.ReopenLeadRequest{Id: o.id, Reason: o.get("reason")})
	return err
}

// erase removes the person; the lead's number in the second field is the second yes.
func (p *pages) erase(ctx context.Context, o order, _ *shown) error {
	if again, err := o.number("again"); err != nil || again != o.id {
		return status.Errorf(codes.InvalidArgument, "nothing was erased: to confirm, write the lead's id %d into the second field", o.id)
	}
	_, err := p.leads.EraseLead(ctx, &pb.EraseLeadRequest{Id: o.id, Reason: o.get("reason"), Everywhere: o.get("everywhere") != ""})
	return err
}

func (p *pages) reveal(ctx context.Context, o order, s *shown) error {
	a, err := p.leads.RevealNumbers(ctx, &pb.RevealNumbersRequest{Id: o.id, Reason: o.get("reason")})
	s.Revealed = a.GetNumbers()
	return err
}

// move lets a lead of a CRM go on in another campaign.
func (p *pages) move(ctx context.Context, o order, s *shown) error {
	to, err := o.number("to")
	if err != nil {
		return err
	}
	got, err := p.leads.GetLead(ctx, &pb.GetLeadRequest{Id: o.id})
	if err != nil {
		return err
	}
	lead := got.GetLead()
	stream, err := p.leads.UpsertLeads(ctx)
	if err != nil {
		return err
	}
	begin := &pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Begin{Begin: &pb.UpsertBegin{Source: lead.GetSource()}}}
	item := &pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Item{Item: &pb.UpsertItem{
		ExternalId: lead.GetExternalId(), Version: lead.GetVersion(), Revision: lead.GetRevision(),
		Action: &pb.UpsertItem_Move{Move: &pb.MoveLead{CampaignId: to}},
	}}}
	_ = stream.Send(begin) // what went wrong is in the answer
	_ = stream.Send(item)
	_ = stream.CloseSend()
	a, err := stream.Recv()
	if err != nil {
		return err
	}
	for _, done := range a.GetResults() {
		if e := done.GetError(); e != nil {
			return status.Error(codes.Code(e.GetCode()), e.GetMessage()) //nolint:gosec // a code of google.rpc
		}
		s.GetLeadResponse = &pb.GetLeadResponse{Lead: &pb.Lead{Id: done.GetLeadId()}}
	}
	return nil
}

// place is which of the lead's numbers a form means, from 1, and the lead. The API knows the number where it is masked here.
func (p *pages) place(ctx context.Context, o order) (int32, *pb.Lead, error) {
	at, err := o.number("number")
	if err != nil {
		return 0, nil, err
	}
	got, err := p.leads.GetLead(ctx, &pb.GetLeadRequest{Id: o.id})
	if err != nil {
		return 0, nil, err
	}
	if at >= int64(len(got.GetLead().GetNumbers())) {
		return 0, nil, status.Error(codes.Aborted, "the lead's numbers changed meanwhile: choose again")
	}
	return int32(at) + 1, got.GetLead(), nil //nolint:gosec // of a few numbers
}

// scopeIn is where a suppression binds, as the form says.
func scopeIn(o order, l *pb.Lead) (scope pb.SuppressionScope, campaignID int64, country string) {
	switch o.get("scope") {
	case "campaign":
		return pb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN, l.GetCampaignId(), ""
	case "country":
		return pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, 0, strings.ToUpper(o.get("country"))
	}
	return pb.SuppressionScope_SUPPRESSION_SCOPE_SYSTEM, 0, ""
}

func (p *pages) suppress(ctx context.Context, o order, _ *shown) error {
	number, lead, err := p.place(ctx, o)
	if err != nil {
		return err
	}
	req := &pb.SuppressRequest{LeadId: o.id, Number: number, Reason: o.get("reason")}
	req.Scope, req.CampaignId, req.Country = scopeIn(o, lead)
	_, err = p.bans.Suppress(ctx, req)
	return err
}

func (p *pages) lift(ctx context.Context, o order, _ *shown) error {
	number, lead, err := p.place(ctx, o)
	if err != nil {
		return err
	}
	req := &pb.LiftRequest{LeadId: o.id, Number: number, Reason: o.get("reason")}
	req.Scope, req.CampaignId, req.Country = scopeIn(o, lead)
	_, err = p.bans.Lift(ctx, req)
	return err
}

// booking is the time that a form promises, on the customer's clocks.
func booking(o order) *pb.Booking {
	return &pb.Booking{Local: o.get("local"), Insisted: o.get("insisted") != ""}
}

func (p *pages) book(ctx context.Context, o order, _ *shown) error {
	_, err := p.agents.BookAppointment(ctx, &dialerpb.BookAppointmentRequest{Agent: o.get("agent"), LeadId: o.id, Booking: booking(o)})
	return err
}

func (p *pages) reschedule(ctx context.Context, o order, _ *shown) error {
	id, err := o.number("appointment")
	if err != nil {
		return err
	}
	_, err = p.agents.RescheduleAppointment(ctx, &dialerpb.RescheduleAppointmentRequest{
		Agent: o.get("agent"), AppointmentId: id, Booking: booking(o), Reason: o.get("reason"),
	})
	return err
}

func (p *pages) cancel(ctx context.Context, o order, _ *shown) error {
	id, err := o.number("appointment")
	if err != nil {
		return err
	}
	_, err = p.agents.CancelAppointment(ctx, &dialerpb.CancelAppointmentRequest{Agent: o.get("agent"), AppointmentId: id, Reason: o.get("reason")})
	return err
}

func (p *pages) reassign(ctx context.Context, o order, _ *shown) error {
	id, err := o.number("appointment")
	if err != nil {
		return err
	}
	_, err = p.floor.Reassign(ctx, &dialerpb.ReassignRequest{AppointmentId: id, Owner: o.get("owner"), Reason: o.get("reason")})
	return err
}
