package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler"
)

// ReasonAmbiguous says that a number is that of several leads.
const ReasonAmbiguous = "AMBIGUOUS"

// ExplainLead says why a lead is or is not offered now.
func (s *Server) ExplainLead(ctx context.Context, r *pb.ExplainLeadRequest) (*pb.ExplainLeadResponse, error) {
	id, err := s.asked(ctx, r)
	if err != nil {
		return nil, err
	}
	f, attempts, _, err := s.record.Facts(ctx, id)
	if err != nil {
		return nil, err
	}
	facts, err := s.deps.Rules.FactsOf(f)
	if err != nil {
		return nil, fmt.Errorf("explain lead %d: %w", id, err)
	}
	promises, err := s.promises.LeadPromises(ctx, id)
	if err != nil {
		return nil, err
	}
	j, gates := scheduler.Judge(facts), scheduler.Explain(facts)
	out := &pb.ExplainLeadResponse{
		Lead: wire.Lead(f.Lead), Now: wire.Time(f.Now), Plan: wire.Plan(j.Plan), Offerable: j.Callable,
		Gates: wire.Gates(gates), Binding: binding(gates), OpensAt: wire.Time(opens(facts, gates)),
	}
	for _, n := range out.GetLead().GetNumbers() {
		for i := range f.Suppressions {
			x := &f.Suppressions[i]
			n.Suppressed = n.Suppressed || string(x.Phone) == n.GetPhone() && x.InForce(f.Now)
		}
	}
	if j.Plan.Open() {
		out.OfferReason = scheduler.TierOf(f.Lead.Tries, j.Plan, facts.Zones, f.Now, f.Lead.Owner, f.Lead.Owner).String()
	}
	if err := s.past(ctx, out, f, attempts, promises); err != nil {
		return nil, err
	}
	return out, s.hide(ctx, f.Lead.CampaignID, out)
}

// past fills in the attempts with what each led to, and the promises.
func (s *Server) past(ctx context.Context, out *pb.ExplainLeadResponse, f *campaign.Facts, attempts []campaign.Attempt, promises []campaign.Appointment) error {
	var ids []campaign.AgentID
	for i := range attempts {
		ids = append(ids, attempts[i].AgentID)
	}
	for i := range promises {
		ids = append(ids, promises[i].Owner)
	}
	logins, err := s.promises.AgentLogins(ctx, ids)
	if err != nil {
		return err
	}
	for i := range attempts {
		out.Past = append(out.Past, &pb.PastDecision{
			Attempt: wire.Attempt(&attempts[i], logins[attempts[i].AgentID]), Plan: wire.Plan(s.ledTo(f, attempts, i, promises)),
		})
	}
	for i := range promises {
		out.Appointments = append(out.Appointments, wire.Appointment(&promises[i], logins[promises[i].Owner]))
	}
	return nil
}

// asked is the lead that a request names.
func (s *Server) asked(ctx context.Context, r *pb.ExplainLeadRequest) (campaign.LeadID, error) {
	switch {
	case r.GetLeadId() < 0:
		return 0, campaign.Invalid("lead_id", "must be the number that lists show")
	case r.GetLeadId() != 0 && r.GetNumber() != "":
		return 0, campaign.Invalid("lead_id", "and number are both given: give one of them")
	case r.GetLeadId() != 0:
		return campaign.LeadID(r.GetLeadId()), nil
	case r.GetNumber() == "":
		return 0, campaign.Invalid("lead_id", "names no lead: give its id, or a number")
	}
	c := campaign.CampaignID(r.GetCampaignId())
	n, err := s.number(ctx, c, r.GetNumber())
	if err != nil {
		return 0, err
	}
	ids, err := s.record.FindByNumber(ctx, n)
	if err != nil {
		return 0, err
	}
	found, err := s.record.FactsMany(ctx, ids)
	if err != nil {
		return 0, err
	}
	caller := campaign.CallerFrom(ctx)
	found = slices.DeleteFunc(found, func(f *campaign.Facts) bool { return !caller.Sees(f.Lead.CampaignID) })
	return theOne(n, c, found)
}

// number reads a number, of the campaign's region if there is one.
func (s *Server) number(ctx context.Context, c campaign.CampaignID, text string) (campaign.Phone, error) {
	region := ""
	if c != 0 {
		of, err := s.record.Campaign(ctx, c)
		if err != nil {
			return "", err
		}
		region = of.Region
	}
	n, err := s.phones(text, region)
	if err != nil {
		return "", wire.Named("number", err)
	}
	return n.Phone, nil
}

// theOne is the only lead of the campaign (0: any) among those found; one that was withdrawn counts if no other does.
func theOne(n campaign.Phone, c campaign.CampaignID, found []*campaign.Facts) (campaign.LeadID, error) {
	var live, gone []string
	var lead, withdrawn campaign.LeadID
	for _, f := range found {
		switch id := f.Lead.ID; {
		case c != 0 && f.Lead.CampaignID != c:
		case f.Lead.State == campaign.LeadWithdrawn:
			gone, withdrawn = append(gone, fmt.Sprint(id)), id
		default:
			live, lead = append(live, fmt.Sprint(id)), id
		}
	}
	if len(live) == 0 {
		live, lead = gone, withdrawn
	}
	switch len(live) {
	case 0:
		return 0, campaign.NotFound("lead with the number", n)
	case 1:
		return lead, nil
	default:
		e := campaign.Unready(ReasonAmbiguous, fmt.Sprintf("%d leads have the number %s: ask by lead id, one of %s", len(live), n, strings.Join(live, ", ")))
		e.Meta = map[string]string{"leads": strings.Join(live, ",")}
		return 0, e
	}
}

// binding is the closed gate that opens last, or never; empty: all are open.
func binding(gates []campaign.Gate) string {
	name, last := "", time.Time{}
	for _, g := range gates {
		switch {
		case g.Open:
		case g.OpenAt.IsZero():
			return g.Name
		case name == "" || g.OpenAt.After(last):
			name, last = g.Name, g.OpenAt
		}
	}
	return name
}

// looks is how often opens looks ahead: caps, hours and intervals may close one another's openings by turns.
const looks = 64

// opens is when all gates are open if nothing happens: the gates are asked again at the instant at which the last of
// them opens, until all agree. Zero: they are open now, or never, or it is not known.
func opens(now *scheduler.Facts, gates []campaign.Gate) time.Time {
	f := *now
	f.Question.Uses = over(f.Question.Uses)
	for range looks {
		if binding(gates) == "" {
			if f.Now.Equal(now.Now) {
				return time.Time{}
			}
			return f.Now
		}
		next := f.Now
		for _, g := range gates {
			switch {
			case g.Open:
			case g.OpenAt.IsZero():
				return time.Time{}
			case g.OpenAt.After(next):
				next = g.OpenAt
			}
		}
		if !next.After(f.Now) {
			return time.Time{}
		}
		f.Now = next
		gates = scheduler.Explain(&f)
	}
	return time.Time{}
}

// over are the uses with calls that go on taken as not answered: looking ahead, the rule expects no more of them, and at
// a later instant they would seem to be going on yet.
func over(uses []campaign.Use) []campaign.Use {
	uses = slices.Clone(uses)
	for i := range uses {
		if u := &uses[i]; u.Outcome == campaign.NoOutcome && !u.Outside {
			u.Outcome = campaign.NoAnswer
		}
	}
	return uses
}

// ledTo is what the rules of now say the i-th attempt led to, given what was known when its outcome was recorded.
func (s *Server) ledTo(f *campaign.Facts, attempts []campaign.Attempt, i int, promises []campaign.Appointment) campaign.Plan {
	a := &attempts[i]
	then, lead := *f, *f.Lead
	lead.HeldOffUntil = time.Time{} // a CRM said so after the call
	lead.Tries = triesBy(lead.Tries, attempts, i)
	then.Lead, then.Promise, then.Now = &lead, openAt(promises, a.RecordedAt), a.RecordedAt
	then.Uses, then.Consents = usesBy(f.Uses, a.RecordedAt), consentsBy(f.Consents, a.RecordedAt)
	return s.deps.Rules.Plan(&then)
}

// triesBy are the tries up to the i-th attempt, its outcome as the ledger has it. The lead's tries outlive the
// ledger, whose attempts are the last of them.
func triesBy(tries []campaign.Try, attempts []campaign.Attempt, i int) []campaign.Try {
	var out []campaign.Try
	if before := len(tries) - len(attempts); before > 0 {
		out = append(out, tries[:before]...)
	}
	for k := range attempts[:i+1] {
		a := &attempts[k]
		out = append(out, campaign.Try{PlacedAt: a.PlacedAt, Outcome: a.Outcome, Number: a.Number, NewNumber: a.NewNumber, Talk: talk(a)})
	}
	return out
}

// talk is how long the person was on the line, as the lead's tries have it.
func talk(a *campaign.Attempt) time.Duration {
	if !a.Outcome.Connect() {
		return 0
	}
	return a.Talk()
}

// usesBy are the calls to others that had been placed by an instant.
func usesBy(uses []campaign.Use, at time.Time) []campaign.Use {
	return slices.DeleteFunc(slices.Clone(uses), func(u campaign.Use) bool { return u.PlacedAt.After(at) })
}

// consentsBy are the consents as they stood at an instant.
func consentsBy(all []campaign.Consent, at time.Time) (out []campaign.Consent) {
	for _, c := range all {
		if c.CreatedAt.After(at) {
			continue
		}
		if c.RevokedAt.After(at) {
			c.RevokedAt = time.Time{}
		}
		out = append(out, c)
	}
	return out
}

// openAt is the promise that was open at an instant; nil: none.
func openAt(promises []campaign.Appointment, at time.Time) *campaign.Appointment {
	for i := range promises {
		p := promises[i]
		if !p.CreatedAt.After(at) && (p.ClosedAt.IsZero() || p.ClosedAt.After(at)) {
			p.State = campaign.AppointmentOpen
			return &p
		}
	}
	return nil
}
