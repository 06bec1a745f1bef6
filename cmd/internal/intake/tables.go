package intake

import (
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"redial/campaign"
	"redial/campaign/listfile"
)

// Tables lays reports, bad numbers and problems out as files: which columns, in which order, with which words. How a
// cell is written safely is listfile's, what a figure is the record's. The zero value is ready.
type Tables struct{}

// Problems writes CSV with the file's own columns, so that rows can be mended and sent again: a line once, however
// many problems it has.
func (Tables) Problems(w io.Writer, headings []string, problems iter.Seq2[campaign.Problem, error]) error {
	return listfile.WriteProblems(w, headings, byLine(problems))
}

// byLine joins the problems of a line, which come one after another.
func byLine(problems iter.Seq2[campaign.Problem, error]) iter.Seq2[campaign.Problem, error] {
	return func(yield func(campaign.Problem, error) bool) {
		var at *campaign.Problem
		for p, err := range problems {
			switch {
			case err != nil:
				yield(campaign.Problem{}, err)
				return
			case at != nil && at.Line == p.Line:
				join(at, &p)
				continue
			case at != nil && !yield(*at, nil):
				return
			}
			at = &p
		}
		if at != nil {
			yield(*at, nil)
		}
	}
}

func join(a, b *campaign.Problem) {
	for _, x := range []struct {
		to   *string
		more string
	}{{&a.Column, b.Column}, {&a.Reason, b.Reason}, {&a.Message, b.Message}, {&a.Suggestion, b.Suggestion}} {
		if x.more != "" && *x.to != x.more {
			*x.to = strings.TrimPrefix(*x.to+"; "+x.more, "; ")
		}
	}
	a.Warning = a.Warning && b.Warning
	if len(a.Row) == 0 {
		a.Row = b.Row
	}
}

// Report writes a report: a row a campaign, list, agent or day, and the whole. Each heading says how its figure is
// made; a workbook has a sheet for that.
func (Tables) Report(w io.Writer, workbook bool, r *campaign.Report) error {
	title := "Report by " + string(r.Query.Kind)
	if workbook {
		return listfile.WriteXLSX(w, reportTable(title, r, false), definitions(r), asked(r))
	}
	return listfile.WriteCSV(w, reportTable(title, r, true))
}

// reportTable is the figures; with formulas in the headings where there is no other place for them.
func reportTable(title string, r *campaign.Report, formulas bool) listfile.Table {
	t := listfile.Table{Name: title, Head: []string{"key", "name", "from", "to", "zone"}}
	for _, d := range r.Definitions {
		if formulas {
			t.Head = append(t.Head, fmt.Sprintf("%s (%s): %s", d.Label, d.Unit, d.Formula))
		} else {
			t.Head = append(t.Head, d.Label)
		}
	}
	loc, err := campaign.Location(r.Query.Zone)
	if err != nil {
		loc = time.UTC
	}
	t.Rows = func(yield func([]any) bool) {
		for i := range r.Rows {
			if !yield(reportRow(r, &r.Rows[i], loc)) {
				return
			}
		}
		yield(reportRow(r, &r.Total, loc))
	}
	return t
}

func reportRow(r *campaign.Report, row *campaign.ReportRow, loc *time.Location) []any {
	cells := []any{row.Key, row.Label, local(r.From, loc), local(r.To, loc), loc.String()}
	for i := range row.Figures {
		cells = append(cells, figure(&row.Figures[i], r.Definitions[i].Unit))
	}
	return cells
}

// figure is a number as people read it: whole where it counts, to the millisecond, ratios to six places; nil if it
// has no value.
func figure(f *campaign.Figure, unit string) any {
	if !f.Known {
		return nil
	}
	switch unit {
	case campaign.UnitSeconds:
		return math.Round(f.Value*1e3) / 1e3
	case campaign.UnitRatio:
		return math.Round(f.Value*1e6) / 1e6
	default:
		return int64(math.Round(f.Value))
	}
}

func definitions(r *campaign.Report) listfile.Table {
	return listfile.Table{
		Name: "How figures are made", Head: []string{"figure", "name", "unit", "formula", "of", "counted from"},
		Rows: func(yield func([]any) bool) {
			for _, d := range r.Definitions {
				if !yield([]any{d.Label, d.Name, d.Unit, d.Formula, d.Denominator, d.Source}) {
					return
				}
			}
		},
	}
}

// asked is what the report is of.
func asked(r *campaign.Report) listfile.Table {
	q := &r.Query
	rows := [][]any{
		{"kind", string(q.Kind)}, {"campaign", orAll(q.Campaign)}, {"list", orAll(q.List)}, {"agent", orAll(q.Agent)},
		{"from (UTC)", r.From}, {"to, not included (UTC)", r.To}, {"zone of the days", q.Zone}, {"computed at (UTC)", r.At},
	}
	return listfile.Table{Name: "What was asked", Head: []string{"what", "value"}, Rows: func(yield func([]any) bool) {
		for _, row := range rows {
			if !yield(row) {
				return
			}
		}
	}}
}

func orAll[T ~int64](n T) any {
	if n == 0 {
		return "all"
	}
	return int64(n)
}

// BadData writes the numbers that calls found to be bad, instants in loc.
func (Tables) BadData(w io.Writer, workbook bool, rows iter.Seq2[campaign.BadNumber, error], loc *time.Location) error {
	var failed error
	t := listfile.Table{
		Name: "Bad numbers",
		Head: []string{
			"number", "outcome", "new number", "name", "external id", "line", "note", "called at (" + loc.String() + ")", "agent", "lead", "lead is now",
		},
		Rows: func(yield func([]any) bool) {
			for b, err := range rows {
				if failed = err; err != nil {
					return
				}
				if !yield(badNumber(&b, loc)) {
					return
				}
			}
		},
	}
	write := func() error { return listfile.WriteCSV(w, t) }
	if workbook {
		write = func() error { return listfile.WriteXLSX(w, t) }
	}
	if err := write(); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("read the bad numbers: %w", failed)
	}
	return nil
}

func badNumber(b *campaign.BadNumber, loc *time.Location) []any {
	var line any
	if b.Line != 0 {
		line = b.Line
	}
	return []any{
		string(b.Number), b.Outcome.String(), string(b.NewNumber), b.LeadName, b.ExternalID, line, b.Note,
		local(b.PlacedAt, loc), b.AgentLogin, int64(b.LeadID), string(b.LeadState),
	}
}

// local is an instant on the wall clock of loc; empty for none.
func local(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(loc).Format(time.DateTime)
}
