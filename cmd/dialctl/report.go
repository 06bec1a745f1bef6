package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	pb "redial/proto/campaign/v1"
)

var reportCommands = []command{
	{
		name: "report", args: "[campaign|list|agent|day] --campaign NAME [--from DAY] [--to DAY] [--csv FILE|--xlsx FILE]",
		short: "the feedback of calling, from the ledger alone",
		long: "One row a campaign (unless said otherwise), list, agent or day, and the whole. Each figure states its formula.\n\n" +
			"  dialctl report day --campaign spring --from 2026-03-01 --to 2026-03-31 --xlsx march.xlsx",
		max: 1, bind: bindReport,
	},
	{name: "report bad-data", args: "LIST [--csv FILE|--xlsx FILE]", short: "the numbers of a list that calls found to be bad", min: 1, max: 1, bind: bindBadData},
}

// exportFlags say where a report goes.
type exportFlags struct{ csv, xlsx string }

func bindExport(fs *flag.FlagSet) *exportFlags {
	f := &exportFlags{}
	fs.StringVar(&f.csv, "csv", "", "save it as CSV to `FILE`; - is standard output")
	fs.StringVar(&f.xlsx, "xlsx", "", "save it as an Excel workbook to `FILE`")
	return f
}

func (f *exportFlags) target() (file string, format pb.ExportFormat, err error) {
	switch {
	case f.csv != "" && f.xlsx != "":
		return "", 0, misused("--csv and --xlsx at once: give one")
	case f.csv != "":
		return f.csv, pb.ExportFormat_EXPORT_FORMAT_CSV, nil
	default:
		return f.xlsx, pb.ExportFormat_EXPORT_FORMAT_XLSX, nil
	}
}

func bindReport(fs *flag.FlagSet) action {
	export := bindExport(fs)
	name := fs.String("campaign", "", "only this campaign, by its `NAME`")
	agent := fs.String("agent", "", "only this agent, by `LOGIN`")
	q := &pb.ReportQuery{}
	fs.Int64Var(&q.ListId, "list", 0, "only this `LIST`, by its number")
	fs.StringVar(&q.From, "from", "", "first `DAY`, such as 2026-03-02")
	fs.StringVar(&q.To, "to", "", "last `DAY`, included")
	fs.StringVar(&q.Zone, "zone", "", "time `ZONE` of the days; else the campaign's, or UTC")
	return func(ctx context.Context, c *cli, args []string) error {
		kind := "campaign"
		if len(args) > 0 {
			kind = args[0]
		}
		file, format, err := export.target()
		if err != nil {
			return err
		}
		if q.Kind, err = enumNamed[pb.ReportKind]("kind of report", kind, pb.ReportKind_value); err != nil {
			return err
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		if q.CampaignId, err = c.campaignID(ctx, *name); err != nil {
			return err
		}
		if *agent != "" {
			_, a, err := c.agent(ctx, *agent)
			if err != nil {
				return err
			}
			q.AgentId = a.GetId()
		}
		if file != "" {
			stream, err := r.reports.ExportReport(ctx, &pb.ExportReportRequest{Query: q, Format: format})
			if err != nil {
				return err
			}
			return save(c, file, stream.Recv)
		}
		answer, err := r.reports.GetReport(ctx, &pb.GetReportRequest{Query: q})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(reportObject(answer.GetReport()))
		}
		c.showReport(answer.GetReport())
		return nil
	}
}

// reportObject is a report whose rows hold their figures by name.
func reportObject(m *pb.Report) object {
	out := object{{"kind", word(m.GetQuery().GetKind())}, {"zone", m.GetQuery().GetZone()}}
	for _, member := range messageOf(m.ProtoReflect()) {
		switch member.name {
		case "rows":
			rows := []any{}
			for _, row := range m.GetRows() {
				rows = append(rows, rowObject(row))
			}
			out.put("rows", rows)
		case "total":
			out.put("total", rowObject(m.GetTotal()))
		default:
			out = append(out, member)
		}
	}
	return out
}

// rowObject has each figure's value under its name, null where its denominator is 0; fractions tell of what a ratio
// is made.
func rowObject(row *pb.ReportRow) object {
	figures, fractions := object{}, object{}
	for _, f := range row.GetFigures() {
		if f.Value == nil {
			figures.put(f.GetName(), nil)
		} else {
			figures.put(f.GetName(), f.GetValue())
		}
		if f.GetDenominator() != 0 {
			fractions.put(f.GetName(), object{{"numerator", f.GetNumerator()}, {"denominator", f.GetDenominator()}})
		}
	}
	return object{{"key", row.GetKey()}, {"label", row.GetLabel()}, {"figures", figures}, {"fractions", fractions}}
}

// across is how many rows stand side by side on a terminal.
const across = 6

// showReport prints a line a figure, the rows side by side, the whole and the formula last.
func (c *cli) showReport(m *pb.Report) {
	q := m.GetQuery()
	c.fields("report", word(q.GetKind()), "from", when(m.GetFrom(), q.GetZone()), "to", when(m.GetTo(), q.GetZone()), "zone", q.GetZone(), "computed", when(m.GetAt(), q.GetZone()))
	rows := m.GetRows()
	for begin := 0; begin == 0 || begin < len(rows); begin += across {
		part := rows[begin:min(begin+across, len(rows))]
		last := begin+across >= len(rows)
		heading := []string{"figure"}
		for _, row := range part {
			heading = append(heading, rowLabel(row))
		}
		if last {
			heading = append(heading, "total", "how it is made")
		}
		var table [][]string
		for i, d := range m.GetDefinitions() {
			line := []string{d.GetLabel()}
			for _, row := range part {
				line = append(line, figureText(d, row, i))
			}
			if last {
				line = append(line, figureText(d, m.GetTotal(), i), d.GetFormula())
			}
			table = append(table, line)
		}
		c.say("")
		c.table(heading, table)
	}
	if len(rows) == 0 {
		c.say("\nno rows: nothing was taken in or called in this time")
	}
}

func rowLabel(row *pb.ReportRow) string {
	if row.GetLabel() != "" {
		return row.GetLabel()
	}
	return row.GetKey()
}

func figureText(d *pb.Definition, row *pb.ReportRow, i int) string {
	if i >= len(row.GetFigures()) || row.GetFigures()[i].Value == nil {
		return "-"
	}
	v := row.GetFigures()[i].GetValue()
	switch d.GetUnit() {
	case "ratio":
		return fmt.Sprintf("%.1f %%", 100*v)
	case "seconds":
		return strconv.FormatFloat(v, 'f', 1, 64) + " s"
	default:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
}

func bindBadData(fs *flag.FlagSet) action {
	export := bindExport(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		file, format, err := export.target()
		if err != nil {
			return err
		}
		list, r, err := c.listArg(args[0])
		if err != nil {
			return err
		}
		if file != "" {
			stream, err := r.reports.ExportBadData(ctx, &pb.ExportBadDataRequest{ListId: list, Format: format})
			if err != nil {
				return err
			}
			return save(c, file, stream.Recv)
		}
		all, err := pages(func(token string) ([]*pb.BadNumber, string, error) {
			a, err := r.reports.ListBadData(ctx, &pb.ListBadDataRequest{ListId: list, PageSize: pageSize, PageToken: token})
			return a.GetNumbers(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, n := range all {
			if c.json {
				if err := c.emit(messageOf(n.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{ref(n.GetLine()), number(n.GetLeadId()), n.GetLeadName(), n.GetNumber(), word(n.GetOutcome()), n.GetNewNumber(), when(n.GetPlacedAt(), ""), n.GetAgentLogin(), n.GetNote()})
		}
		switch {
		case c.json:
		case len(rows) == 0:
			c.say("list %d: no call found a number bad", list)
		default:
			c.table([]string{"line", "lead", "name", "number", "found", "new number", "called", "agent", "note"}, rows)
		}
		return nil
	}
}
