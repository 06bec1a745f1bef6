package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

var syncCommands = []command{{
	name: "sync", args: "--source NAME --campaign NAME [--id-column COLUMN] FILE",
	short: "bring a CRM's leads up to date from its export: new ones are added, others changed",
	long: `The file is read as import reads it, and may be given again: what is so already is left alone, so that a sync that broke
off goes on where it was. A lead is known by --source and the CRM's id; what the file has no column for stays as it is.
Columns of consents are kept as attributes: record consents with import, or consent add.

With --deleted-column, a row that says there that it was deleted withdraws its lead: nobody calls it any more, and its history
stays. Of such a row the id and the revision alone are read. Yes, true, 1 and deleted say so, no, false, 0 and an empty cell do
not; where the CRM has words of its own name them by --deleted-value, and every other one says that the lead is there.
A row of a withdrawn lead that is not deleted brings it back; with --revision-column only if it is newer. A lead that is on a
call fails with ON_CALL: give the file again when the call is over.

Prints how many rows were added, updated, unchanged, stale (older than what is held), reopened, withdrawn and failed, then the failed
rows with line and reason. Exit code 1: some failed, the others are done.

  dialctl sync --source salesforce --campaign spring --id-column "Lead ID" --revision-column "Last Modified" leads.csv
  dialctl sync --source hubspot --campaign spring --deleted-column Status --deleted-value Archived --deleted-value Merged leads.csv`,
	min: 1, max: 1, bind: bindSync,
}}

type syncFlags struct {
	source, campaign, region string
	columns                  syncColumns
	fields                   pairs
	options                  campaign.ImportOptions
}

func bindSync(fs *flag.FlagSet) action {
	f := &syncFlags{}
	fs.StringVar(&f.source, "source", "", "the CRM's `NAME`, in which its ids are unique")
	fs.StringVar(&f.campaign, "campaign", "", "the campaign that new leads go into, by its `NAME`")
	fs.StringVar(&f.columns.id, "id-column", "", "the `COLUMN` with the lead's id in the CRM, by heading or number; else guessed")
	fs.StringVar(&f.columns.revision, "revision-column", "", "the `COLUMN` that says how new a row is, by its heading: a count or an instant; an older row changes nothing")
	fs.StringVar(&f.columns.deleted, "deleted-column", "", "the `COLUMN` that says whether the CRM deleted a row, by its heading: its lead is withdrawn")
	fs.Func("deleted-value", "`TEXT` of that column that says so; may be repeated; else yes, true, 1 or deleted", f.columns.says)
	fs.StringVar(&f.region, "region", "", "country of numbers written nationally, such as `CN`; else the campaign's")
	fs.Var(&f.fields, "map", "`COLUMN=FIELD`: what a column is, as import has it; may be repeated")
	fs.StringVar(&f.options.Encoding, "encoding", "", "utf-8, utf-16le, gb18030, big5, windows-1252; else guessed")
	fs.StringVar(&f.options.Delimiter, "delimiter", "", "one `CHARACTER`; else guessed")
	fs.StringVar(&f.options.Sheet, "sheet", "", "`SHEET` of a workbook; else the first that holds rows")
	return f.run
}

func (f *syncFlags) run(ctx context.Context, c *cli, args []string) error {
	switch {
	case f.source == "":
		return misused("say whose leads they are: --source NAME, the same each time")
	case f.campaign == "":
		return misused("say which campaign new leads go into: --campaign NAME")
	}
	if len(f.columns.values) > 0 && f.columns.deleted == "" {
		return misused("--deleted-value says what a cell of --deleted-column COLUMN means: name the column, too")
	}
	f.options.Map = f.fields.values
	r, got, err := c.campaign(ctx, f.campaign)
	if err != nil {
		return err
	}
	home := got.GetCampaign()
	file, err := openSync(args[0], f.columns, f.options, cmp.Or(f.region, home.GetRegion()), home.GetZone())
	if err != nil {
		return err
	}
	defer file.close()
	s := &syncing{c: c, leads: r.leads, file: file, begin: &pb.UpsertBegin{Source: f.source, CampaignId: home.GetId(), Region: f.region},
		counts: make(map[string]int64)}
	err = s.whole(ctx)
	return errors.Join(s.tell(), err)
}

// syncFailure is a row that did not become, or change, a lead.
type syncFailure struct {
	Line       int    `json:"line"`
	ExternalID string `json:"external_id"`
	Reason     string `json:"reason"`
	Message    string `json:"message"`
}

// syncDone are the words of results, in the order of the report.
var syncDone = []struct {
	done pb.UpsertDone
	word string
}{
	{pb.UpsertDone_UPSERT_DONE_ADDED, "added"}, {pb.UpsertDone_UPSERT_DONE_UPDATED, "updated"},
	{pb.UpsertDone_UPSERT_DONE_UNCHANGED, "unchanged"}, {pb.UpsertDone_UPSERT_DONE_STALE, "stale"},
	{pb.UpsertDone_UPSERT_DONE_REOPENED, "reopened"}, {pb.UpsertDone_UPSERT_DONE_WITHDRAWN, "withdrawn"},
}

// answered counts the answer to a row.
func (s *syncing) answered(m *pb.UpsertResult) {
	if e := m.GetError(); e != nil {
		message := e.GetMessage()
		for _, v := range e.GetFields() {
			if !strings.Contains(message, v.GetMessage()) {
				message += "; " + v.GetField() + ": " + v.GetMessage()
			}
		}
		s.failed = append(s.failed, syncFailure{int(m.GetPosition()), m.GetExternalId(),
			cmp.Or(e.GetReason(), codes.Code(uint32(e.GetCode())).String()), message}) //nolint:gosec // a code
		return
	}
	for _, d := range syncDone {
		if d.done == m.GetDone() {
			s.counts[d.word]++
		}
	}
}

// failuresMost is how many failed rows people are shown; programs are given all.
const failuresMost = 100

// tell says what became of the rows.
func (s *syncing) tell() error {
	slices.SortFunc(s.failed, func(a, b syncFailure) int { return cmp.Compare(a.Line, b.Line) })
	if s.c.json {
		o := object{{"rows", s.read}}
		for _, d := range syncDone {
			o.put(d.word, s.counts[d.word])
		}
		o.put("failed", int64(len(s.failed)))
		o.put("failures", append([]syncFailure{}, s.failed...))
		if err := s.c.emit(o); err != nil {
			return err
		}
		return s.verdict()
	}
	fields := []string{"rows", number(s.read)}
	for _, d := range syncDone {
		fields = append(fields, d.word, number(s.counts[d.word]))
	}
	s.c.fields(append(fields, "failed", number(int64(len(s.failed))))...)
	if len(s.failed) > 0 {
		var rows [][]string
		for _, f := range s.failed[:min(len(s.failed), failuresMost)] {
			rows = append(rows, []string{number(int64(f.Line)), f.ExternalID, f.Reason, f.Message})
		}
		s.c.say("")
		s.c.table([]string{"line", "id", "reason", "what to do"}, rows)
		if more := len(s.failed) - failuresMost; more > 0 {
			s.c.say("and %s; --json tells them all", plural(int64(more), "more row", "more rows"))
		}
	}
	return s.verdict()
}

func (s *syncing) verdict() error {
	if len(s.failed) > 0 && !s.broken {
		return exitCode(exitFailed)
	}
	return nil
}

// whole sends the file, again from where it was when the connection breaks.
func (s *syncing) whole(ctx context.Context) error {
	s.bar = (&upload{c: s.c}).bar("syncing", s.file.size)
	defer finish(s.bar)
	s.broken = true
	s.next, s.stop = iterPull(s.file)
	defer s.stop()
	for lost := 0; ; {
		progress, err := s.once(ctx)
		if err == nil && s.fault == nil {
			s.broken = false
			return nil
		}
		if s.fault != nil {
			return fmt.Errorf("read the list: %w", s.fault)
		}
		if lost++; progress {
			lost = 1
		}
		if lost >= tries || !worthTrying(err) {
			return fmt.Errorf("sync: %s of the file are done; the same command goes on: %w", plural(s.read-int64(len(s.open)), "row", "rows"), err)
		}
		if err := (&upload{}).wait(ctx, lost); err != nil {
			return err
		}
	}
}

// once sends what is open, and the rest of the file, over one stream, and says whether anything was answered.
func (s *syncing) once(ctx context.Context) (progress bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := s.leads.UpsertLeads(ctx)
	if err != nil {
		cancel()
		return false, err
	}
	sent := make(chan struct{})
	defer func() { cancel(); <-sent }()
	go func() {
		defer close(sent)
		s.send(stream)
	}()
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			if n := s.left(); n > 0 {
				return progress, &campaign.Error{Kind: campaign.KindAway, Message: fmt.Sprintf("the stream ended with %d rows unanswered", n)}
			}
			return progress, nil
		}
		if err != nil {
			return progress, err
		}
		progress = true
		s.settle(m.GetResults())
	}
}
