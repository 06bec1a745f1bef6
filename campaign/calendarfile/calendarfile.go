// Package calendarfile reads calendars as people have them: ICS files of public holidays, tables in CSV, and JSON. It
// decides which days a file tells of and says what it passed over; it never decides what those days mean for a call,
// keeps nothing and reaches no network.
package calendarfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redial/campaign"
)

// MaxSize is the longest file, in bytes.
const MaxSize = 1 << 20

// longest is how many days one row or event may span: more is a slip of the pen.
const longest = 366

// daysMost is how many days a file may tell of, those that it repeats included.
const daysMost = 10_000

// Options say how a file is read. The zero value guesses the format and knows no place and no source; FirstYear and
// LastYear should be given.
type Options struct {
	Format string // ics, csv or json; empty: guessed from the content
	Place  string // of days that name none; empty: they are for all
	Source string // of days that name none; empty: not said
	// FirstYear and LastYear bound what a yearly event stands for; with 0 it stands for its own year alone.
	FirstYear, LastYear int
}

// File is what a file tells: Days by date, each once for a kind and a place.
type File struct {
	Format string
	Name   string // as the file itself says; only JSON does
	Weeks  []campaign.Week
	Days   []campaign.Day
	Notes  []string // what was passed over, and why, with the line; for people
}

// Read reads a file. Errors are of kind KindInvalid and name the line, or in JSON the field.
func Read(content []byte, opt Options) (File, error) {
	if len(content) > MaxSize {
		return File{}, refused("the file has %d bytes: at most %d (1 MiB)", len(content), MaxSize)
	}
	if opt.Place != "" && !campaign.KnownPlace(opt.Place) {
		return File{}, campaign.Invalid("place", fmt.Sprintf("%q is no place: give a country, such as CN, or a part of it, such as DE-BY", opt.Place))
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(content) {
		return File{}, refused("line %d is not UTF-8: save the file as UTF-8", badLine(content))
	}
	if opt.Format == "" {
		opt.Format = guess(content)
	}
	g := gathering{opt: opt, at: make(map[key]int)}
	var err error
	switch opt.Format {
	case "ics":
		err = g.readICS(string(content))
	case "csv":
		err = g.readCSV(string(content))
	case "json":
		err = g.readJSON(content)
	default:
		return File{}, campaign.Invalid("format", fmt.Sprintf("%q is no format that is read: give ics, csv or json", opt.Format))
	}
	if err != nil {
		return File{}, err
	}
	if len(g.file.Days) == 0 && len(g.file.Weeks) == 0 {
		return File{}, refused("the file tells of no day%s", because(g.file.Notes))
	}
	g.file.Format = opt.Format
	c := campaign.Calendar{Days: g.file.Days}
	c.SortDays()
	return g.file, nil
}

func because(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return ": " + notes[0]
}

// guess tells a format by how the content begins.
func guess(content []byte) string {
	text := bytes.TrimSpace(content)
	switch {
	case len(text) > 0 && (text[0] == '{' || text[0] == '['):
		return "json"
	case len(text) >= 15 && strings.EqualFold(string(text[:15]), "BEGIN:VCALENDAR"):
		return "ics"
	default:
		return "csv"
	}
}

// badLine is the first line that is not UTF-8.
func badLine(content []byte) int {
	line := 1
	for l := range bytes.Lines(content) {
		if !utf8.Valid(l) {
			break
		}
		line++
	}
	return line
}

func refused(format string, a ...any) error {
	return &campaign.Error{Kind: campaign.KindInvalid, Message: fmt.Sprintf(format, a...)}
}

// key is what a file tells of once.
type key struct {
	date  campaign.Date
	kind  campaign.DayKind
	place string
}

// gathering is a file being read.
type gathering struct {
	opt  Options
	file File
	at   map[key]int // where in file.Days
	told int         // days so far, those that were there before included
}

// noteMost bounds the notes: whoever passes over more has another file than he thinks.
const noteMost = 100

func (g *gathering) note(line int, format string, a ...any) {
	switch n := len(g.file.Notes); {
	case n < noteMost:
		g.file.Notes = append(g.file.Notes, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, a...))
	case n == noteMost:
		g.file.Notes = append(g.file.Notes, "and more")
	}
}

// add takes the days from first to last, all alike. A working day that comes twice with hours has both; any other day
// that comes twice is passed over.
func (g *gathering) add(line int, first, last campaign.Date, d campaign.Day) error {
	if d.Place == "" {
		d.Place = g.opt.Place
	}
	if d.Source == "" {
		d.Source = g.opt.Source
	}
	if last.Compare(first) < 0 {
		return refused("line %d: %v is before %v", line, last, first)
	}
	for n, date := 0, first; date.Compare(last) <= 0; n, date = n+1, date.Next() {
		if n == longest {
			return refused("line %d: %v to %v is more than a year", line, first, last)
		}
		if g.told++; g.told > daysMost {
			return refused("line %d: the file tells of more than %d days: split it", line, daysMost)
		}
		d.Date = date
		if err := d.Validate(); err != nil {
			return refused("line %d: %v", line, err)
		}
		k := key{date, d.Kind, d.Place}
		i, twice := g.at[k]
		switch {
		case !twice:
			g.at[k] = len(g.file.Days)
			one := d
			one.Hours = slices.Clone(d.Hours)
			g.file.Days = append(g.file.Days, one)
		case len(d.Hours) > 0 && len(g.file.Days[i].Hours) > 0 && !slices.Contains(g.file.Days[i].Hours, d.Hours[0]):
			g.file.Days[i].Hours = append(g.file.Days[i].Hours, d.Hours...)
		default:
			g.note(line, "%v was there before as a %s%s: passed over", date, d.Kind, in(d.Place))
		}
	}
	return nil
}

func in(place string) string {
	if place == "" {
		return ""
	}
	return " in " + place
}

// clip cuts a text to so many characters.
func clip(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

func dateOf(year, month, day int) (campaign.Date, bool) {
	d := campaign.Date{Year: year, Month: time.Month(month), Day: day}
	return d, year >= 1 && year <= 9999 && campaign.DateOf(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)) == d
}
