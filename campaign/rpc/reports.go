package rpc

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Reports computes the feedback of calling from the ledger.
type Reports interface {
	Report(ctx context.Context, q campaign.ReportQuery) (campaign.Report, error)
	// BadData are numbers that calls found to be bad, in the order of their calls.
	BadData(ctx context.Context, q campaign.BadDataQuery) ([]campaign.BadNumber, error)
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	List(ctx context.Context, id campaign.ListID) (campaign.List, error)
	Agent(ctx context.Context, id campaign.AgentID) (campaign.Agent, error)
	Deeds
}

// ReportServer serves ReportService.
type ReportServer struct {
	pb.UnimplementedReportServiceServer
	reports Reports
	tables  Tables
}

// NewReports makes the service.
func NewReports(r Reports, t Tables) *ReportServer { return &ReportServer{reports: r, tables: t} }

// GetReport is a report.
func (s *ReportServer) GetReport(ctx context.Context, r *pb.GetReportRequest) (*pb.GetReportResponse, error) {
	rep, err := s.report(ctx, r.GetQuery())
	if err != nil {
		return nil, err
	}
	return &pb.GetReportResponse{Report: wire.Report(&rep)}, nil
}

func (s *ReportServer) report(ctx context.Context, m *pb.ReportQuery) (campaign.Report, error) {
	q, err := wire.FromReportQuery(m)
	if err != nil {
		return campaign.Report{}, campaign.Under("query", err)
	}
	if err := q.Validate(); err != nil {
		return campaign.Report{}, campaign.Under("query", err)
	}
	q.Among = campaign.CallerFrom(ctx).Campaigns
	if err := s.known(ctx, &q); err != nil {
		return campaign.Report{}, err
	}
	return s.reports.Report(ctx, q)
}

// known checks that what a query is narrowed to exists, and that the list is the campaign's.
func (s *ReportServer) known(ctx context.Context, q *campaign.ReportQuery) error {
	if q.Campaign != 0 {
		if _, err := s.reports.Campaign(ctx, q.Campaign); err != nil {
			return err
		}
	}
	if q.List != 0 {
		l, err := s.reports.List(ctx, q.List)
		if err != nil {
			return err
		}
		if q.Campaign != 0 && l.CampaignID != q.Campaign {
			return campaign.Invalid("query.list_id", fmt.Sprintf("list %d is of campaign %d, not of %d", l.ID, l.CampaignID, q.Campaign))
		}
	}
	if q.Agent != 0 {
		if _, err := s.reports.Agent(ctx, q.Agent); err != nil {
			return err
		}
	}
	return nil
}

// ExportReport is a report as a file.
func (s *ReportServer) ExportReport(r *pb.ExportReportRequest, stream grpc.ServerStreamingServer[pb.ExportReportResponse]) error {
	workbook, media, ending, err := fileKind(r.GetFormat())
	if err != nil {
		return err
	}
	rep, err := s.report(stream.Context(), r.GetQuery())
	if err != nil {
		return err
	}
	name := fileName(ending, "report", string(rep.Query.Kind), rep.At.UTC().Format("20060102-1504"))
	return sendFile(func(w io.Writer) error { return s.tables.Report(w, workbook, &rep) }, func(first bool, data []byte) error {
		m := &pb.ExportReportResponse{Data: data}
		if first {
			m.FileName, m.MediaType = name, media
		}
		return stream.Send(m)
	})
}

// callPlace is where a page of bad numbers ends.
type callPlace struct {
	At      int64 // Unix seconds: calls are placed in whole seconds
	Attempt campaign.AssignmentID
}

func placeOf(b *campaign.BadNumber) callPlace { return callPlace{b.PlacedAt.Unix(), b.Attempt} }

func (p callPlace) in(q *campaign.BadDataQuery) {
	if p != (callPlace{}) {
		q.AfterAt, q.After = time.Unix(p.At, 0).UTC(), p.Attempt
	}
}

// ListBadData is a page of bad numbers, oldest call first.
func (s *ReportServer) ListBadData(ctx context.Context, r *pb.ListBadDataRequest) (*pb.ListBadDataResponse, error) {
	type query struct{ List int64 }
	q := query{r.GetListId()}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	var at callPlace
	if err := wire.FromPageToken(r.GetPageToken(), q, &at); err != nil {
		return nil, err
	}
	l, err := s.reports.List(ctx, campaign.ListID(q.List))
	if err != nil {
		return nil, err
	}
	asked := campaign.BadDataQuery{List: campaign.ListID(q.List), Limit: size + 1}
	at.in(&asked)
	rows, err := s.reports.BadData(ctx, asked)
	if err != nil {
		return nil, err
	}
	rows, next := wire.Cut(rows, size, q, func(b *campaign.BadNumber) any { return placeOf(b) })
	out := &pb.ListBadDataResponse{NextPageToken: next}
	mask := numberMask(ctx, s.reports, "")
	for i := range rows {
		maskBad(mask, l.CampaignID, &rows[i])
		out.Numbers = append(out.Numbers, wire.BadNumber(&rows[i]))
	}
	return out, nil
}

// ExportBadData is the bad numbers as a file, instants in the campaign's zone.
func (s *ReportServer) ExportBadData(r *pb.ExportBadDataRequest, stream grpc.ServerStreamingServer[pb.ExportBadDataResponse]) error {
	ctx := stream.Context()
	workbook, media, ending, err := fileKind(r.GetFormat())
	if err != nil {
		return err
	}
	l, err := s.reports.List(ctx, campaign.ListID(r.GetListId()))
	if err != nil {
		return err
	}
	c, err := s.reports.Campaign(ctx, l.CampaignID)
	if err != nil {
		return err
	}
	loc, err := campaign.Location(c.Zone)
	if err != nil {
		return fmt.Errorf("find the zone of campaign %d: %w", c.ID, err)
	}
	mask := numberMask(ctx, s.reports, "")
	all := paged(func(at callPlace) ([]campaign.BadNumber, callPlace, error) {
		asked := campaign.BadDataQuery{List: l.ID, Limit: wire.PageMost}
		at.in(&asked)
		rows, err := s.reports.BadData(ctx, asked)
		for i := range rows {
			maskBad(mask, c.ID, &rows[i])
		}
		if err != nil || len(rows) < wire.PageMost {
			return rows, callPlace{}, err
		}
		return rows, placeOf(&rows[len(rows)-1]), nil
	})
	name := fileName(ending, strings.TrimSuffix(l.Name, ".csv"), "bad-data")
	return sendFile(func(w io.Writer) error { return s.tables.BadData(w, workbook, all, loc) }, func(first bool, data []byte) error {
		m := &pb.ExportBadDataResponse{Data: data}
		if first {
			m.FileName, m.MediaType = name, media
		}
		return stream.Send(m)
	})
}
