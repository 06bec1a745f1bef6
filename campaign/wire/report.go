package wire

import (
	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

var reportKinds = states(campaign.ReportKinds)

// Report is a report as a message.
func Report(r *campaign.Report) *pb.Report {
	out := &pb.Report{Query: reportQuery(&r.Query), From: Time(r.From), To: Time(r.To), At: Time(r.At), Total: reportRow(&r.Total)}
	for _, d := range r.Definitions {
		out.Definitions = append(out.Definitions, &pb.Definition{
			Name: d.Name, Label: d.Label, Unit: d.Unit, Formula: d.Formula, Denominator: d.Denominator,
		})
	}
	for i := range r.Rows {
		out.Rows = append(out.Rows, reportRow(&r.Rows[i]))
	}
	return out
}

func reportQuery(q *campaign.ReportQuery) *pb.ReportQuery {
	return &pb.ReportQuery{
		Kind: pb.ReportKind(reportKinds[q.Kind]), CampaignId: int64(q.Campaign), ListId: int64(q.List), AgentId: int64(q.Agent),
		From: day(q.From), To: day(q.To), Zone: q.Zone,
	}
}

// day is a date as a message; empty for none.
func day(d campaign.Date) string {
	if d == (campaign.Date{}) {
		return ""
	}
	return d.String()
}

func reportRow(r *campaign.ReportRow) *pb.ReportRow {
	out := &pb.ReportRow{Key: r.Key, Label: r.Label, Figures: make([]*pb.Figure, len(r.Figures))}
	for i, f := range r.Figures {
		out.Figures[i] = &pb.Figure{Name: f.Name, Numerator: f.Numerator, Denominator: f.Denominator}
		if f.Known {
			out.Figures[i].Value = &r.Figures[i].Value
		}
	}
	return out
}

// FromReportQuery is what is asked for. It is not validated yet, but for its days.
func FromReportQuery(m *pb.ReportQuery) (campaign.ReportQuery, error) {
	q := campaign.ReportQuery{
		Kind: unstate(reportKinds, int32(m.GetKind())), Campaign: campaign.CampaignID(m.GetCampaignId()),
		List: campaign.ListID(m.GetListId()), Agent: campaign.AgentID(m.GetAgentId()), Zone: m.GetZone(),
	}
	for _, d := range []struct {
		field, text string
		to          *campaign.Date
	}{{"from", m.GetFrom(), &q.From}, {"to", m.GetTo(), &q.To}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = campaign.ParseDate(d.text); err != nil {
			return q, campaign.Under(d.field, err)
		}
	}
	return q, nil
}

// BadNumber is a number that a call found to be bad as a message.
func BadNumber(b *campaign.BadNumber) *pb.BadNumber {
	return &pb.BadNumber{
		LeadId: int64(b.LeadID), LeadName: b.LeadName, ExternalId: b.ExternalID, Line: int64(b.Line), Number: string(b.Number),
		Outcome: Outcome(b.Outcome), NewNumber: string(b.NewNumber), Note: b.Note, PlacedAt: Time(b.PlacedAt),
		AgentLogin: b.AgentLogin, LeadState: LeadState(b.LeadState),
	}
}

// Suppression is a forbidden number as a message; nil for nil.
func Suppression(s *campaign.Suppression) *pb.Suppression {
	if s == nil {
		return nil
	}
	return &pb.Suppression{
		Phone: string(s.Phone), Reason: s.Reason, Source: s.Source, CreatedAt: Time(s.CreatedAt), ExpiresAt: Time(s.ExpiresAt),
		Scope: pb.SuppressionScope(suppressionScopes[s.Scope]), CampaignId: int64(s.Campaign), Country: s.Country,
	}
}

// FromSuppressionScope is where a suppression binds; empty for none.
func FromSuppressionScope(s pb.SuppressionScope) campaign.SuppressionScope {
	return unstate(suppressionScopes, int32(s))
}

// Breach is a broken invariant as a message.
func Breach(b *campaign.Breach) *pb.Breach {
	return &pb.Breach{
		Invariant: b.Invariant, LeadId: int64(b.Lead), AssignmentId: int64(b.Assignment), At: Time(b.At), Detail: b.What,
	}
}

// AuditSummary is what an audit looked at as a message.
func AuditSummary(s *campaign.AuditSummary) *pb.AuditSummary {
	return &pb.AuditSummary{
		Leads: s.Leads, Attempts: s.Attempts, Appointments: s.Appointments, Breaches: s.Breaches, Invariants: s.Invariants, Passed: s.Passed,
	}
}
