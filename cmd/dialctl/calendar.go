package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

const calendarPutHelp = `
A calendar is weekly hours and special days, shared by the campaigns and lists that name it ("calendars":["office"]):
  {"weeks":[{"hours":[{"days":["mon"],"open":"09:00","close":"12:00"}]},
            {"from":"2026-07-01","to":"2026-08-31","hours":[…]}],
   "days":[{"date":"2026-10-01","kind":"holiday","name":"National Day","place":"CN"},
           {"date":"2026-10-10","kind":"working","as":"thu"},
           {"date":"2026-12-24","kind":"working","hours":[{"open":"09:00","close":"12:00"}]}]}
A working day is like the weekday as (Monday unless given), or has hours of its own. The narrowest place wins.
dialctl calendar show NAME --json prints such a file, with the version that was seen: if somebody changed the calendar
since, nothing happens. Without a version what there is is replaced.`

var calendarCommands = []command{
	{name: "calendar list", short: "list the calendars", bind: func(*flag.FlagSet) action { return listCalendars }},
	{name: "calendar show", args: "NAME", short: "show a calendar's hours and special days", min: 1, max: 1, bind: func(*flag.FlagSet) action { return showCalendar }},
	{
		name: "calendar import", args: "NAME FILE [--place CN] [--source TEXT]", short: "add the days of an ICS, CSV or JSON file",
		long: "CSV has the columns date, kind, name, place, as, open, close, source (日期, 类型, 名称, 地区, …); a date may be a range,\n" +
			"2026-10-01..2026-10-07; kinds are holiday (放假), working (补班) and closure (停业). Days of the same date and place are\n" +
			"replaced. Examples are in deploy/calendars.",
		min: 2, max: 2, bind: bindImportCalendar,
	},
	{name: "calendar put", args: "NAME FILE.json", short: "make a calendar or replace it whole", long: calendarPutHelp, min: 2, max: 2, bind: func(*flag.FlagSet) action { return putCalendar }},
	{
		name: "calendar close", args: "NAME DATE[..DATE] [--place DE-BY] [--reason TEXT]", short: "close days ad hoc; the calendar is made if it is new",
		min: 2, max: 2, bind: bindCloseCalendar,
	},
	{name: "calendar reopen", args: "NAME DATE", short: "take back what calendar close did for a day", min: 2, max: 2, bind: func(*flag.FlagSet) action { return reopenCalendar }},
	{name: "calendar delete", args: "NAME", short: "remove a calendar that nothing names", min: 1, max: 1, bind: func(*flag.FlagSet) action { return deleteCalendar }},
}

func listCalendars(ctx context.Context, c *cli, _ []string) error {
	r, err := c.connect()
	if err != nil {
		return err
	}
	answer, err := r.admin.ListCalendars(ctx, &pb.ListCalendarsRequest{})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, m := range answer.GetCalendars() {
		if c.json {
			if err := c.emit(object{{"name", m.GetName()}, {"version", m.GetVersion()}, {"updated_at", instant(m.GetUpdatedAt())}}); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{m.GetName(), number(m.GetVersion()), when(m.GetUpdatedAt(), "")})
	}
	switch {
	case c.json:
	case len(rows) == 0:
		c.say("no calendars yet")
		c.next("calendar import NAME FILE")
	default:
		c.table([]string{"calendar", "version", "changed"}, rows)
	}
	return nil
}

// calendarNamed is one calendar of the server.
func (c *cli) calendarNamed(ctx context.Context, name string) (remote, *pb.Calendar, error) {
	r, err := c.connect()
	if err != nil {
		return r, nil, err
	}
	answer, err := r.admin.GetCalendar(ctx, &pb.GetCalendarRequest{Name: name})
	return r, answer.GetCalendar(), err
}

func showCalendar(ctx context.Context, c *cli, args []string) error {
	_, m, err := c.calendarNamed(ctx, args[0])
	if err != nil {
		return err
	}
	return c.showCalendar(m)
}

// showCalendar prints a calendar; as JSON as calendar put takes it.
func (c *cli) showCalendar(m *pb.Calendar) error {
	if c.json {
		cal, err := wire.FromCalendar(m)
		if err != nil { // a newer server's is shown as it came
			return c.emit(messageOf(m.ProtoReflect()))
		}
		return c.emit(cal)
	}
	c.fields("calendar", m.GetName(), "version", number(m.GetVersion()), "changed", when(m.GetUpdatedAt(), ""))
	for _, w := range m.GetWeeks() {
		c.say("\n%s: %s", span(w.GetFrom(), w.GetTo()), strings.Join(hoursText(w.GetHours()), "; "))
	}
	var rows [][]string
	for _, d := range m.GetDays() {
		rows = append(rows, []string{d.GetDate(), weekdayOf(d.GetDate()), dayText(d), cmp.Or(d.GetPlace(), "all"), d.GetName(), d.GetSource()})
	}
	if len(rows) > 0 {
		c.say("")
		c.table([]string{"date", "", "what", "for", "name", "source"}, rows)
	}
	return nil
}

func span(from, to string) string {
	switch {
	case from == "" && to == "":
		return "always"
	case to == "":
		return "from " + from
	case from == "":
		return "until " + to
	}
	return from + " to " + to
}

func dayText(d *pb.CalendarDay) string {
	switch {
	case d.GetKind() != string(campaign.DayWorking):
		return d.GetKind() + ": closed"
	case len(d.GetHours()) > 0:
		var times []string
		for _, w := range d.GetHours() {
			times = append(times, w.GetOpen()+"-"+w.GetClose())
		}
		return "working " + strings.Join(times, ",")
	}
	return "working, as " + cmp.Or(d.GetAs(), "mon")
}

func bindImportCalendar(fs *flag.FlagSet) action {
	q := &pb.ImportCalendarRequest{}
	fs.StringVar(&q.Format, "format", "", "`FORMAT` of the file: ics, csv or json; told by its name or content unless given")
	fs.StringVar(&q.Place, "place", "", "`PLACE` of days that name none: CN, DE-BY")
	fs.StringVar(&q.Source, "source", "", "where the dates are from, as `TEXT`, of days that do not say")
	return func(ctx context.Context, c *cli, args []string) error {
		content, err := os.ReadFile(args[1])
		if err != nil {
			return badInput("%v", err)
		}
		q.Name, q.Content = args[0], content
		if ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(args[1]), ".")); q.GetFormat() == "" && (ext == "ics" || ext == "csv" || ext == "json") {
			q.Format = ext
		}
		return c.importCalendar(ctx, q)
	}
}

func (c *cli) importCalendar(ctx context.Context, q *pb.ImportCalendarRequest) error {
	r, err := c.connect()
	if err != nil {
		return err
	}
	answer, err := r.admin.ImportCalendar(ctx, q)
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(object{
			{"calendar", q.GetName()}, {"version", answer.GetCalendar().GetVersion()}, {"added", answer.GetAdded()}, {"replaced", answer.GetReplaced()},
			{"days", len(answer.GetCalendar().GetDays())}, {"notes", append([]string{}, answer.GetNotes()...)},
		})
	}
	for _, n := range answer.GetNotes() {
		c.note("note: %s", n)
	}
	c.say("calendar %s, version %d: %s added, %d replaced, %d in all", q.GetName(), answer.GetCalendar().GetVersion(),
		plural(int64(answer.GetAdded()), "day", "days"), answer.GetReplaced(), len(answer.GetCalendar().GetDays()))
	if idle, err := r.nothingNames(ctx, q.GetName()); err == nil && idle {
		c.note("note: nothing names the calendar %s yet, so nothing is closed by it: put it into a campaign's rules, \"calendars\", or a list's, dialctl list hours LIST --calendar %s",
			q.GetName(), q.GetName())
	}
	return nil
}

// nothingNames says whether neither a campaign nor a list names a calendar. Who may not look at them gets an error.
func (r remote) nothingNames(ctx context.Context, calendar string) (bool, error) {
	campaigns, err := pages(func(token string) ([]*pb.Campaign, string, error) {
		a, err := r.campaigns.ListCampaigns(ctx, &pb.ListCampaignsRequest{PageSize: pageSize, PageToken: token})
		return a.GetCampaigns(), a.GetNextPageToken(), err
	})
	if err != nil || slices.ContainsFunc(campaigns, func(m *pb.Campaign) bool { return slices.Contains(m.GetRules().GetCalendars(), calendar) }) {
		return false, err
	}
	lists, err := pages(func(token string) ([]*pb.List, string, error) {
		a, err := r.lists.ListLists(ctx, &pb.ListListsRequest{PageSize: pageSize, PageToken: token})
		return a.GetLists(), a.GetNextPageToken(), err
	})
	return !slices.ContainsFunc(lists, func(m *pb.List) bool { return slices.Contains(m.GetCalendars(), calendar) }), err
}

func putCalendar(ctx context.Context, c *cli, args []string) error {
	raw, err := readJSON(args[1])
	if err != nil {
		return err
	}
	cal, err := campaign.ReadCalendar(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", args[1], inFull(err))
	}
	cal.Name = args[0]
	r, now, err := c.calendarNamed(ctx, args[0])
	if err != nil && campaign.KindOf(err) != campaign.KindNotFound {
		return err
	}
	cal.Version = cmp.Or(cal.Version, now.GetVersion())
	if now == nil {
		cal.Version = 0 // a copy, or one that was deleted
	}
	return c.keepCalendar(ctx, r, wire.Calendar(&cal))
}

func (c *cli) keepCalendar(ctx context.Context, r remote, m *pb.Calendar) error {
	answer, err := r.admin.PutCalendar(ctx, &pb.PutCalendarRequest{Calendar: m})
	if err != nil {
		return err
	}
	kept := answer.GetCalendar()
	if c.json {
		return c.showCalendar(kept)
	}
	c.say("calendar %s, version %d: %s, %s", kept.GetName(), kept.GetVersion(),
		plural(int64(len(kept.GetWeeks())), "set of weekly hours", "sets of weekly hours"), plural(int64(len(kept.GetDays())), "special day", "special days"))
	return nil
}

func bindCloseCalendar(fs *flag.FlagSet) action {
	place := fs.String("place", "", "`PLACE` that is closed: CN, DE-BY; empty: all")
	reason := fs.String("reason", "", "why, as `TEXT`")
	return func(ctx context.Context, c *cli, args []string) error {
		from, to, ranged := strings.Cut(args[1], "..")
		first, err := dateGiven(from)
		if err != nil {
			return err
		}
		last := first
		if ranged {
			if last, err = dateGiven(to); err != nil {
				return err
			}
		}
		var days []campaign.Day
		for d := first; d.Compare(last) <= 0 && len(days) <= 366; d = d.Next() {
			days = append(days, campaign.Day{Date: d, Kind: campaign.DayClosure, Name: *reason, Place: *place})
		}
		if len(days) == 0 || len(days) > 366 {
			return misused("%s is no range of days: the first comes first, and they are at most 366", args[1])
		}
		content, err := json.Marshal(days)
		if err != nil {
			return fmt.Errorf("write the closed days: %w", err)
		}
		return c.importCalendar(ctx, &pb.ImportCalendarRequest{Name: args[0], Format: "json", Content: content})
	}
}

func dateGiven(s string) (campaign.Date, error) {
	d, err := campaign.ParseDate(s)
	if err != nil {
		return d, misused("%q is no date: write it as 2026-10-01", s)
	}
	return d, nil
}

func reopenCalendar(ctx context.Context, c *cli, args []string) error {
	r, m, err := c.calendarNamed(ctx, args[0])
	if err != nil {
		return err
	}
	var kept []*pb.CalendarDay
	for _, d := range m.GetDays() {
		if d.GetDate() != args[1] || d.GetKind() != string(campaign.DayClosure) {
			kept = append(kept, d)
		}
	}
	if len(kept) == len(m.GetDays()) {
		return badInput("calendar %s has no closure on %s: dialctl calendar show %s shows its days", args[0], args[1], quoted(args[0]))
	}
	m.Days = kept
	return c.keepCalendar(ctx, r, m)
}

func deleteCalendar(ctx context.Context, c *cli, args []string) error {
	r, err := c.connect()
	if err != nil {
		return err
	}
	if _, err := r.admin.DeleteCalendar(ctx, &pb.DeleteCalendarRequest{Name: args[0]}); err != nil {
		return err
	}
	if c.json {
		return c.emit(object{{"calendar", args[0]}, {"deleted", true}})
	}
	c.say("calendar %s is gone", args[0])
	return nil
}
