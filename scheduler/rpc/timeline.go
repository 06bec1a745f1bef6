package rpc

import (
	"cmp"
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

// GetTimeline is all that ever happened to a lead, oldest first, and what is planned for it.
func (s *Server) GetTimeline(ctx context.Context, r *pb.GetTimelineRequest) (*pb.GetTimelineResponse, error) {
	id := campaign.LeadID(r.GetLeadId())
	f, attempts, assignments, err := s.record.Facts(ctx, id)
	if err != nil {
		return nil, err
	}
	promises, err := s.promises.LeadPromises(ctx, id)
	if err != nil {
		return nil, err
	}
	consents, err := s.deps.Whole.Consents(ctx, id)
	if err != nil {
		return nil, err
	}
	outside, err := s.deps.Whole.OutsideCalls(ctx, id)
	if err != nil {
		return nil, err
	}
	var agents []campaign.AgentID
	for i := range assignments {
		agents = append(agents, assignments[i].AgentID)
	}
	for i := range promises {
		agents = append(agents, promises[i].Owner)
	}
	logins, err := s.promises.AgentLogins(ctx, agents)
	if err != nil {
		return nil, err
	}
	t := newTimeline(f, logins)
	t.lead(f)
	t.calls(assignments, attempts)
	t.promised(promises)
	t.allowed(consents)
	t.elsewhere(outside)
	out := &pb.GetTimelineResponse{Lead: wire.Lead(f.Lead), Entries: t.sorted()}
	return out, s.hide(ctx, f.Lead.CampaignID, out)
}

// timeline gathers what happened, in the words of people.
type timeline struct {
	zone    *time.Location
	logins  map[campaign.AgentID]string
	entries []*pb.TimelineEntry
}

func newTimeline(f *campaign.Facts, logins map[campaign.AgentID]string) *timeline {
	t := &timeline{zone: time.UTC, logins: logins}
	if len(f.Lead.Zones) > 0 {
		if loc, err := scheduler.LoadZone(f.Lead.Zones[0]); err == nil {
			t.zone = loc
		}
	}
	return t
}

func (t *timeline) add(at time.Time, kind, by string, assignment campaign.AssignmentID, text string) {
	t.entries = append(t.entries, &pb.TimelineEntry{At: wire.Time(at), Kind: kind, Text: text, By: by, AssignmentId: int64(assignment)})
}

// local is an instant as the lead's clock shows it.
func (t *timeline) local(at time.Time) string { return at.In(t.zone).Format("2006-01-02 15:04 MST") }

func (t *timeline) lead(f *campaign.Facts) {
	l := f.Lead
	from := "" // what happened is in the kind
	if l.Line > 0 {
		from = fmt.Sprintf("from line %d of its file", l.Line)
	}
	t.add(l.CreatedAt, "taken_in", l.Source, 0, from)
	for i := range f.Suppressions {
		x := &f.Suppressions[i]
		t.add(x.CreatedAt, "suppressed", x.Source, 0, fmt.Sprintf("number %s: %s", x.Phone, x.Reason))
	}
	t.add(l.DecidedAt, "planned", "", l.Assignment, t.plan(l.Plan))
}

func (t *timeline) plan(p campaign.Plan) string {
	switch {
	case p.Verdict == campaign.VerdictAppointment:
		return fmt.Sprintf("the promise for %s", t.local(p.At))
	case p.Open() && p.Reason == campaign.ReasonDue:
		return fmt.Sprintf("to be called at %s or later", t.local(p.At))
	case p.Open():
		return fmt.Sprintf("to be called at %s or later (%s)", t.local(p.At), p.Reason)
	default:
		return fmt.Sprintf("no more calls, %v (%s)", p.Verdict, p.Reason)
	}
}

// calls are the lead in agents' hands, and what came of it. History may have been dropped: then attempts are fewer.
func (t *timeline) calls(assignments []campaign.Assignment, attempts []campaign.Attempt) {
	for i := range assignments {
		a := &assignments[i]
		t.add(a.OfferedAt, "offered", t.logins[a.AgentID], a.ID, fmt.Sprintf("to %s (%s)", t.logins[a.AgentID], a.Reason))
		if !a.ClosedAt.IsZero() && a.StartedAt.IsZero() {
			why := fmt.Sprintf("%s before dialling", a.State)
			if a.CloseReason != "" {
				why = fmt.Sprintf("%s before dialling: %s", a.State, a.CloseReason)
			}
			t.add(a.ClosedAt, "given_back", t.logins[a.AgentID], a.ID, why)
		}
		if a.State == campaign.AssignmentStarted {
			t.add(a.PlacedAt, "called", t.logins[a.AgentID], a.ID, fmt.Sprintf("number %s; the call goes on", a.Number))
		}
	}
	started := make(map[campaign.AssignmentID]time.Time, len(assignments))
	for i := range assignments {
		started[assignments[i].ID] = assignments[i].StartedAt
	}
	for i := range attempts {
		t.attempt(&attempts[i], started[attempts[i].Assignment])
	}
}

// attempt is a call and its outcome. It was placed in the second of started, which is not known any more when history
// was dropped.
func (t *timeline) attempt(a *campaign.Attempt, started time.Time) {
	by := t.logins[a.AgentID]
	if started.IsZero() {
		started = a.PlacedAt
	}
	text := []string{fmt.Sprintf("number %s", a.Number)}
	for _, x := range a.Law.Exempt {
		text = append(text, fmt.Sprintf("exempt from %s by %s", x.Rule, x.By))
	}
	t.add(started, "called", by, a.Assignment, strings.Join(text, "; "))
	came, kind := a.Code, "outcome"
	if came != a.Outcome.String() {
		came = fmt.Sprintf("%s (%v)", a.Code, a.Outcome)
	}
	if talk := a.Talk().Round(time.Second); talk > 0 {
		came = fmt.Sprintf("%s; talked %s", came, talk)
	}
	if a.Amended {
		came, kind = fmt.Sprintf("%s; amended", came), "amended"
	}
	if a.Note != "" {
		came = fmt.Sprintf("%s; noted: %q", came, a.Note)
	}
	t.add(a.RecordedAt, kind, by, a.Assignment, came)
}

func (t *timeline) promised(all []campaign.Appointment) {
	for i := range all {
		p := &all[i]
		text := fmt.Sprintf("promised for %s in %s", strings.Replace(p.Local, "T", " ", 1), p.Zone)
		if p.Insisted {
			text = fmt.Sprintf("%s, the customer insisting", text)
		}
		t.add(p.CreatedAt, "booked", t.logins[p.Owner], p.BookedBy, text)
		if !p.ClosedAt.IsZero() {
			t.add(p.ClosedAt, "appointment_closed", t.logins[p.Owner], 0, fmt.Sprintf("the promise for %s is %s: %s", strings.Replace(p.Local, "T", " ", 1), p.State, p.Reason))
		}
	}
}

func (t *timeline) allowed(all []campaign.Consent) {
	for i := range all {
		c := &all[i]
		what := make([]string, len(c.Scopes))
		for j, scope := range c.Scopes {
			what[j] = string(scope)
		}
		t.add(c.GivenAt, "consent", c.Source, 0, fmt.Sprintf("consented to %s (proof: %s)", strings.Join(what, ", "), c.Proof))
		if !c.RevokedAt.IsZero() {
			t.add(c.RevokedAt, "consent_revoked", c.RevokedBy, 0, "revoked that consent")
		}
	}
}

func (t *timeline) elsewhere(all []campaign.OutsideCall) {
	for i := range all {
		o := &all[i]
		text := fmt.Sprintf("%s was called elsewhere: %v", o.Number, o.Outcome)
		if o.Inbound {
			text = fmt.Sprintf("called in from %s: %v", o.Number, o.Outcome)
		}
		t.add(o.PlacedAt, "outside_call", o.Source, 0, text)
	}
}

// sorted is oldest first; of the same instant in the order in which things were added.
func (t *timeline) sorted() []*pb.TimelineEntry {
	slices.SortStableFunc(t.entries, func(a, b *pb.TimelineEntry) int {
		return cmp.Compare(a.GetAt().AsTime().UnixMicro(), b.GetAt().AsTime().UnixMicro())
	})
	return t.entries
}
