package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

var importCommands = []command{{
	name: "import", args: "--campaign NAME [--region CN] [--map COLUMN=FIELD]… [--dry-run] FILE",
	short: "take in a list of leads: CSV, TSV, or XLSX in any encoding",
	long: `Prints list, rows, leads, problems, duplicates and suppressed. Bad rows never sink a file: they become
problems. A broken import goes on where it was when the same command is given again.

--map says what a column is, by its heading or its number from 1: phone, name, first_name, last_name, zone, country,
external_id, priority, account, state, postal, consent, consent_at, consent_proof, …, attribute or ignore. --dry-run
reads the whole file and changes nothing.

  dialctl import --campaign spring --region CN leads.csv
  dialctl import --campaign spring --map "Tel 2"=phone --map Memo=ignore leads.xlsx`,
	min: 1, max: 1, bind: bindImport,
}}

// importFlags are the options of an import.
type importFlags struct {
	campaign, header string
	dryRun           bool
	priority         int
	columns          pairs
	options          *pb.ImportOptions
}

func bindImport(fs *flag.FlagSet) action {
	f := &importFlags{options: &pb.ImportOptions{}}
	fs.StringVar(&f.campaign, "campaign", "", "the campaign that the leads are for, by its `NAME`")
	fs.StringVar(&f.options.Region, "region", "", "country of numbers written nationally, such as `CN`; else the campaign's")
	fs.Var(&f.columns, "map", "`COLUMN=FIELD`: what a column is; may be repeated")
	fs.BoolVar(&f.dryRun, "dry-run", false, "say what would happen, and change nothing")
	fs.StringVar(&f.options.Zone, "zone", "", "time `ZONE` of leads whose own is unknown; else the campaign's")
	fs.StringVar(&f.options.Encoding, "encoding", "", "utf-8, utf-16le, gb18030, big5, windows-1252; else guessed")
	fs.StringVar(&f.options.Delimiter, "delimiter", "", "one `CHARACTER`, or tab; else guessed")
	fs.StringVar(&f.options.Sheet, "sheet", "", "`SHEET` of a workbook; else the first that holds rows")
	fs.StringVar(&f.header, "header", "", "whether there is a heading: `yes|no`; else guessed")
	fs.BoolVar(&f.options.Across, "across", false, "look for duplicates in all campaigns, not in this one alone")
	fs.IntVar(&f.priority, "priority", 0, "the list's priority among fresh leads, higher first")
	fs.StringVar(&f.options.ListName, "name", "", "the list's `NAME`; else the file's")
	return f.run
}

func (f *importFlags) check() error {
	if f.campaign == "" {
		return misused("say which campaign the leads are for: --campaign NAME")
	}
	switch strings.ToLower(f.header) {
	case "":
	case "yes", "true":
		f.options.Header = pb.HeaderMode_HEADER_MODE_YES
	case "no", "false":
		f.options.Header = pb.HeaderMode_HEADER_MODE_NO
	default:
		return misused("--header %q is neither yes nor no", f.header)
	}
	switch f.options.GetDelimiter() {
	case "tab", `\t`:
		f.options.Delimiter = "\t"
	}
	f.options.Map, f.options.Priority = f.columns.values, int32(f.priority)
	return nil
}

func (f *importFlags) run(ctx context.Context, c *cli, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	file, err := os.Open(args[0])
	if err != nil {
		return badInput("read the list: %v", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	if !info.Mode().IsRegular() {
		return badInput("%s is no file: write the list to a file first, so that a broken upload can go on", args[0])
	}
	r, got, err := c.campaign(ctx, f.campaign)
	if err != nil {
		return err
	}
	up := &upload{c: c, lists: r.lists, file: file, size: info.Size(), campaign: got.GetCampaign().GetId(),
		name: filepath.Base(args[0]), options: f.options}
	if f.dryRun {
		return f.preview(ctx, c, up)
	}
	state, err := up.whole(ctx)
	if err != nil {
		return err
	}
	return c.imported(state, f.campaign)
}

// imported tells what an import that is over has brought.
func (c *cli) imported(state *pb.Upload, campaignName string) error {
	if state.GetState() == pb.UploadState_UPLOAD_STATE_FAILED {
		return badInput("%s was refused: %s", state.GetFileName(), cmp.Or(state.GetFailure(), "no reason was given"))
	}
	t := state.GetTally()
	if c.json {
		o := object{{"list", state.GetListId()}}
		return c.emit(append(o, tallyOf(t)...))
	}
	c.fields("list", number(state.GetListId()), "rows", number(t.GetRows()), "leads", number(t.GetLeads()),
		"problems", number(t.GetProblems()), "duplicates", number(t.GetDuplicates()), "suppressed", number(t.GetSuppressed()))
	if t.GetProblems()+t.GetDuplicates() > 0 {
		c.next("problems %d shows why rows were left out; --csv FILE saves them", state.GetListId())
		return nil
	}
	c.next("campaign start %s", quoted(campaignName))
	return nil
}

func tallyOf(t *pb.Tally) object {
	return object{
		{"rows", t.GetRows()}, {"leads", t.GetLeads()}, {"problems", t.GetProblems()},
		{"duplicates", t.GetDuplicates()}, {"suppressed", t.GetSuppressed()},
	}
}

// preview says what an import would do.
func (f *importFlags) preview(ctx context.Context, c *cli, up *upload) error {
	p, err := up.preview(ctx)
	if err != nil {
		return err
	}
	if c.json {
		o := append(object{{"list", nil}}, tallyOf(p.GetTally())...)
		o.put("dry_run", true)
		for _, m := range messageOf(p.ProtoReflect()) {
			switch m.name {
			case "tally":
			case "leads":
				o.put("first_leads", m.value)
			case "problems":
				o.put("first_problems", m.value)
			default:
				o.put(m.name, m.value)
			}
		}
		return c.emit(o)
	}
	t := p.GetTally()
	c.say("dry run: nothing was changed")
	c.fields("format", strings.TrimSpace(p.GetFormat()+" "+p.GetEncoding()), "sheet", p.GetSheet(), "heading in line", ref(p.GetHeaderLine()),
		"rows", number(t.GetRows()), "leads", number(t.GetLeads()), "problems", number(t.GetProblems()),
		"duplicates", number(t.GetDuplicates()), "suppressed", number(t.GetSuppressed()))
	var rows [][]string
	for _, col := range p.GetColumns() {
		rows = append(rows, []string{number(int64(col.GetIndex())), col.GetHeading(), col.GetField(), col.GetWhy(), samples(col.GetSamples())})
	}
	c.say("")
	c.table([]string{"column", "heading", "becomes", "why", "such as"}, rows)
	if !hasPhone(p.GetColumns()) {
		c.say("\nno column was recognised as telephone numbers: say which one is, with --map COLUMN=phone")
		return nil
	}
	c.showProblems(p.GetProblems(), 10)
	c.say("\nRows that the campaign has already, and suppressed numbers, are told when the list is taken in.")
	c.say("\nNext: the same without --dry-run; --map COLUMN=FIELD where a column became the wrong thing")
	return nil
}

// samples are as many of a column's cells as a line of a terminal shows.
func samples(cells []string) string {
	const wide = 60
	text := strings.Join(cells, " | ")
	if columns(text) <= wide {
		return text
	}
	n := 0
	for i, r := range text {
		if n += columns(string(r)); n >= wide {
			return text[:i] + "…"
		}
	}
	return text
}

func hasPhone(all []*pb.PreviewColumn) bool {
	return slices.ContainsFunc(all, func(c *pb.PreviewColumn) bool { return c.GetField() == string(campaign.FieldPhone) })
}
