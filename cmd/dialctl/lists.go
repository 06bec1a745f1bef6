package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	pb "redial/proto/campaign/v1"
)

var listCommands = []command{
	{name: "list list", args: "[--campaign NAME]", short: "list the lists, newest first", bind: bindLists},
	{name: "list show", args: "LIST", short: "show a list and what became of its rows", min: 1, max: 1, bind: func(*flag.FlagSet) action { return showList }},
	{name: "list priority", args: "LIST N", short: "place it among fresh leads, higher first", min: 2, max: 2, bind: func(*flag.FlagSet) action { return setPriority }},
	{name: "list off", args: "LIST", short: "stop offering it at once; promises stand", min: 1, max: 1, bind: func(*flag.FlagSet) action { return switchOff }},
	{name: "list on", args: "LIST", short: "offer it again", min: 1, max: 1, bind: func(*flag.FlagSet) action { return switchOn }},
	{
		name: "list hours", args: "LIST [--hours \"mon-fri 09:00-12:00\"]… [--calendar NAME]… [--none]", short: "narrow when its leads may be called",
		long: "Both are replaced whole; a list can only narrow what its campaign allows. --none takes them away.\n" + hoursHelp, min: 1, max: 1, bind: bindListHours,
	},
	{name: "list undo", args: "LIST", short: "take back its leads that were never called", min: 1, max: 1, bind: func(*flag.FlagSet) action { return undoList }},
	{
		name: "problems", args: "LIST [--csv FILE]", short: "why rows did not become leads",
		long: "--csv FILE saves them in the file's own columns, so that rows can be mended and imported again; - is standard output.",
		min:  1, max: 1, bind: bindProblems,
	},
}

func bindLists(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "only this campaign's, by its `NAME`")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		campaignID, err := c.campaignID(ctx, *name)
		if err != nil {
			return err
		}
		all, err := pages(func(token string) ([]*pb.List, string, error) {
			a, err := r.lists.ListLists(ctx, &pb.ListListsRequest{CampaignId: campaignID, PageSize: pageSize, PageToken: token, Counted: true})
			return a.GetLists(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		if c.json {
			for _, l := range all {
				if err := c.emit(listObject(l)); err != nil {
					return err
				}
			}
			return nil
		}
		if len(all) == 0 {
			c.say("no lists yet")
			c.next("import --campaign NAME FILE")
			return nil
		}
		var rows [][]string
		for _, l := range all {
			t := l.GetTally()
			offered := map[bool]string{true: "on", false: "off"}[l.GetOn()]
			if l.GetState() == pb.ListState_LIST_STATE_FAILED {
				offered = "-"
			}
			rows = append(rows, []string{
				number(l.GetId()), l.GetName(), word(l.GetState()), offered,
				number(int64(l.GetPriority())), number(t.GetRows()), number(t.GetLeads()), number(t.GetProblems()),
				number(t.GetDuplicates()), number(t.GetSuppressed()),
			})
		}
		c.table([]string{"no", "list", "state", "offered", "priority", "rows", "leads", "problems", "duplicates", "suppressed"}, rows)
		return nil
	}
}

// listObject is a list with what became of its rows beside it, as import prints it.
func listObject(l *pb.List) object {
	out := object{}
	for _, m := range noun("list", l) {
		if m.name == "tally" {
			out = append(out, tallyOf(l.GetTally())...)
			continue
		}
		out = append(out, m)
	}
	return out
}

// aboutList prints a list after something was done to it.
func (c *cli) aboutList(l *pb.List, extra object, format string, args ...any) error {
	if c.json {
		return c.emit(append(listObject(l), extra...))
	}
	c.say(format, args...)
	return nil
}

func showList(ctx context.Context, c *cli, args []string) error {
	list, r, err := c.listArg(args[0])
	if err != nil {
		return err
	}
	answer, err := r.lists.GetList(ctx, &pb.GetListRequest{Id: list, Counted: true})
	if err != nil {
		return err
	}
	l := answer.GetList()
	if c.json {
		return c.emit(listObject(l))
	}
	t := l.GetTally()
	c.fields("list", fmt.Sprintf("%s (number %d)", l.GetName(), l.GetId()), "campaign", "number "+number(l.GetCampaignId()),
		"state", word(l.GetState()), "refused because", l.GetFailure(), "offered", yesNo(l.GetOn()),
		"priority", number(int64(l.GetPriority())), "rows", number(t.GetRows()), "leads", number(t.GetLeads()),
		"problems", number(t.GetProblems()), "duplicates", number(t.GetDuplicates()), "suppressed", number(t.GetSuppressed()),
		"taken in", when(l.GetLoadedAt(), ""), "hours", strings.Join(hoursText(l.GetHours()), "; "), "calendars", strings.Join(l.GetCalendars(), ", "))
	return nil
}

func (c *cli) listArg(s string) (int64, remote, error) {
	n, err := id("list", s)
	if err != nil {
		return 0, remote{}, err
	}
	r, err := c.connect()
	return n, r, err
}

func setPriority(ctx context.Context, c *cli, args []string) error {
	n, err := strconv.ParseInt(args[1], 10, 32)
	if err != nil {
		return misused("%q is no priority: give a whole number, higher first", args[1])
	}
	list, r, err := c.listArg(args[0])
	if err != nil {
		return err
	}
	answer, err := r.lists.SetPriority(ctx, &pb.SetPriorityRequest{ListId: list, Priority: int32(n)})
	if err != nil {
		return err
	}
	return c.aboutList(answer.GetList(), nil, "list %d has priority %d", list, answer.GetList().GetPriority())
}

func bindListHours(fs *flag.FlagSet) action {
	hours := manyVar(fs, "hours", "when its leads may be called, as `\"mon-fri 09:00-12:00\"`; may be repeated")
	calendars := manyVar(fs, "calendar", "`NAME` of a calendar that applies besides the campaign's; may be repeated")
	none := fs.Bool("none", false, "as the campaign: no hours and calendars of its own")
	version := fs.Int64("version", 0, "the list's `VERSION` that was seen: if somebody changed it since, nothing happens")
	return func(ctx context.Context, c *cli, args []string) error {
		if *none == (len(*hours)+len(*calendars) > 0) {
			return misused("give --hours or --calendar, or --none to take both away")
		}
		windows, err := readHours(*hours)
		if err != nil {
			return err
		}
		list, r, err := c.listArg(args[0])
		if err != nil {
			return err
		}
		answer, err := r.lists.SetHours(ctx, &pb.SetHoursRequest{Id: list, Version: *version, Hours: windows, Calendars: *calendars})
		if err != nil {
			return err
		}
		l := answer.GetList()
		when := cmp.Or(strings.Join(hoursText(l.GetHours()), "; "), "within the campaign's hours")
		if len(l.GetCalendars()) > 0 {
			when += ", with the calendars " + strings.Join(l.GetCalendars(), ", ")
		}
		return c.aboutList(l, nil, "list %d is called %s", list, when)
	}
}

func switchOff(ctx context.Context, c *cli, args []string) error {
	list, r, err := c.listArg(args[0])
	if err != nil {
		return err
	}
	answer, err := r.lists.SwitchOff(ctx, &pb.SwitchOffRequest{ListId: list})
	if err != nil {
		return err
	}
	return c.aboutList(answer.GetList(), object{{"revoked", answer.GetRevoked()}}, "list %d is off; %s taken back from agents\n\nNext: dialctl list on %d offers it again",
		list, plural(answer.GetRevoked(), "card was", "cards were"), list)
}

func switchOn(ctx context.Context, c *cli, args []string) error {
	list, r, err := c.listArg(args[0])
	if err != nil {
		return err
	}
	answer, err := r.lists.SwitchOn(ctx, &pb.SwitchOnRequest{ListId: list})
	if err != nil {
		return err
	}
	return c.aboutList(answer.GetList(), nil, "list %d is on", list)
}

func undoList(ctx context.Context, c *cli, args []string) error {
	list, r, err := c.listArg(args[0])
	if err != nil {
		return err
	}
	answer, err := r.lists.UndoImport(ctx, &pb.UndoImportRequest{ListId: list})
	if err != nil {
		return err
	}
	return c.aboutList(answer.GetList(), object{{"withdrawn", answer.GetWithdrawn()}, {"kept", answer.GetKept()}},
		"list %d: %s withdrawn; %s because they were called", list,
		plural(answer.GetWithdrawn(), "lead was", "leads were"), plural(answer.GetKept(), "lead stays", "leads stay"))
}

func bindProblems(fs *flag.FlagSet) action {
	csv := fs.String("csv", "", "save them to `FILE` in the file's own columns")
	return func(ctx context.Context, c *cli, args []string) error {
		list, r, err := c.listArg(args[0])
		if err != nil {
			return err
		}
		if *csv != "" {
			stream, err := r.lists.ExportProblems(ctx, &pb.ExportProblemsRequest{ListId: list})
			if err != nil {
				return err
			}
			return save(c, *csv, stream.Recv)
		}
		all, err := pages(func(token string) ([]*pb.Problem, string, error) {
			a, err := r.lists.ListProblems(ctx, &pb.ListProblemsRequest{ListId: list, PageSize: pageSize, PageToken: token})
			return a.GetProblems(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		if c.json {
			for _, p := range all {
				if err := c.emit(messageOf(p.ProtoReflect())); err != nil {
					return err
				}
			}
			return nil
		}
		if len(all) == 0 {
			c.say("list %d has no problems", list)
			return nil
		}
		c.showProblems(all, len(all))
		c.next("problems %d --csv FILE saves the rows, to be mended and imported again", list)
		return nil
	}
}

// showProblems prints the first problems, at most limit.
func (c *cli) showProblems(all []*pb.Problem, limit int) {
	if len(all) == 0 {
		return
	}
	var rows [][]string
	for _, p := range all[:min(limit, len(all))] {
		rows = append(rows, []string{number(p.GetLine()), p.GetColumn(), p.GetValue(), p.GetReason(), p.GetMessage(), p.GetSuggestion()})
	}
	c.say("")
	c.table([]string{"line", "column", "value", "reason", "what is wrong", "what to do"}, rows)
}

// piece is a part of a file that the server sends.
type piece interface {
	GetFileName() string
	GetData() []byte
}

// save writes a file from the server; "-" is standard output. A file that broke off is not left behind as whole.
func save[P piece](c *cli, file string, recv func() (P, error)) (err error) {
	out := c.stdout
	if file != "-" {
		f, err := os.CreateTemp(filepath.Dir(file), ".dialctl-*")
		if err != nil {
			return badInput("write %v", err)
		}
		defer os.Remove(f.Name()) // gone already when all went well
		if err := pour(f, recv); err != nil {
			f.Close()
			return err
		}
		if err := errors.Join(f.Chmod(0o644), f.Close(), os.Rename(f.Name(), file)); err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
		if c.json {
			return c.emit(object{{"file", file}})
		}
		c.say("saved %s", file)
		return nil
	}
	return pour(out, recv)
}

func pour[P piece](w io.Writer, recv func() (P, error)) error {
	for {
		p, err := recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(p.GetData()); err != nil {
			return fmt.Errorf("write the file: %w", err)
		}
	}
}
