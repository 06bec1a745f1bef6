package rpc

import (
	"bufio"
	"io"
	"iter"
	"strings"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Tables writes files that spreadsheets open safely: no cell runs as a formula.
type Tables interface {
	// Problems writes CSV with the file's own columns, a line once however many problems it has.
	Problems(w io.Writer, headings []string, problems iter.Seq2[campaign.Problem, error]) error
	// Report writes a report as CSV, or as a workbook.
	Report(w io.Writer, workbook bool, r *campaign.Report) error
	// BadData writes bad numbers as CSV, or as a workbook; instants in loc.
	BadData(w io.Writer, workbook bool, rows iter.Seq2[campaign.BadNumber, error], loc *time.Location) error
}

// chunk is the most bytes of a file in one message.
const chunk = 64 << 10

// Media types of files.
const (
	csvType  = "text/csv; charset=utf-8"
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// sendFile cuts what write writes into messages of at most a chunk. There is always one, the first, which names the
// file; an error before the first piece is full sends none.
func sendFile(write func(io.Writer) error, send func(first bool, data []byte) error) error {
	s := &sender{send: send}
	b := bufio.NewWriterSize(s, chunk)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if !s.begun {
		return send(true, nil)
	}
	return nil
}

type sender struct {
	send  func(first bool, data []byte) error
	begun bool
}

// Write sends p in messages of at most a chunk.
func (s *sender) Write(p []byte) (int, error) {
	for sent := 0; sent < len(p); {
		n := min(len(p)-sent, chunk)
		if err := s.send(!s.begun, p[sent:sent+n]); err != nil {
			return sent, err
		}
		s.begun = true
		sent += n
	}
	return len(p), nil
}

// fileKind says whether a workbook is asked for, and the media type and ending.
func fileKind(f pb.ExportFormat) (workbook bool, media, ending string, err error) {
	switch f {
	case pb.ExportFormat_EXPORT_FORMAT_UNSPECIFIED, pb.ExportFormat_EXPORT_FORMAT_CSV:
		return false, csvType, ".csv", nil
	case pb.ExportFormat_EXPORT_FORMAT_XLSX:
		return true, xlsxType, ".xlsx", nil
	default:
		return false, "", "", campaign.Invalid("format", "must be CSV or XLSX")
	}
}

// fileName is a name that every system takes: the parts joined by "-", what is special in some left out.
func fileName(ending string, parts ...string) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.Join(parts, "-"))
	return strings.Trim(name, " .") + ending
}

// ExportProblems is what did not become a lead as a CSV file.
func (s *ListServer) ExportProblems(r *pb.ExportProblemsRequest, stream grpc.ServerStreamingServer[pb.ExportProblemsResponse]) error {
	ctx := stream.Context()
	id := campaign.ListID(r.GetListId())
	l, err := s.lists.List(ctx, id)
	if err != nil {
		return err
	}
	headings, err := s.lists.Headings(ctx, id)
	if err != nil {
		return err
	}
	hides := s.hidesRows(ctx, l.CampaignID)
	all := paged(func(at campaign.ProblemCursor) ([]campaign.Problem, campaign.ProblemCursor, error) {
		rows, next, err := s.lists.Problems(ctx, id, at, wire.PageMost)
		if hides {
			maskProblems(rows)
		}
		return rows, next, err
	})
	name := fileName(".csv", strings.TrimSuffix(l.Name, ".csv"), "problems")
	return sendFile(func(w io.Writer) error { return s.tables.Problems(w, headings, all) }, func(first bool, data []byte) error {
		m := &pb.ExportProblemsResponse{Data: data}
		if first {
			m.FileName = name
		}
		return stream.Send(m)
	})
}

// paged yields the rows of all pages; a zero place after a page ends it.
func paged[T any, P comparable](page func(P) ([]T, P, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var at, zero P
		for {
			rows, next, err := page(at)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
			if next == zero {
				return
			}
			at = next
		}
	}
}
