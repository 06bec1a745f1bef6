package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// say prints a line for people.
func (c *cli) say(format string, args ...any) {
	fmt.Fprintln(c.stdout, printable(fmt.Sprintf(format, args...), true))
}

// note prints a line for people beside the answer: it never disturbs a program that reads stdout.
func (c *cli) note(format string, args ...any) {
	if !c.json {
		fmt.Fprintln(c.stderr, printable(fmt.Sprintf(format, args...), true))
	}
}

// next tells what to type next.
func (c *cli) next(format string, args ...any) {
	c.say("\nNext: dialctl "+format, args...)
}

// fields prints names and values in two columns; empty values are left out.
func (c *cli) fields(namesAndValues ...string) {
	var rows [][]string
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			rows = append(rows, namesAndValues[i:i+2])
		}
	}
	c.table(nil, rows)
}

// table prints rows in aligned columns, the heading in capitals; a nil heading is left out.
func (c *cli) table(heading []string, rows [][]string) {
	writeTable(c.stdout, heading, rows)
}

func writeTable(w io.Writer, heading []string, rows [][]string) {
	if heading != nil {
		up := make([]string, len(heading))
		for i, h := range heading {
			up[i] = strings.ToUpper(h)
		}
		rows = append([][]string{up}, rows...)
	}
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(printable(cell, false)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = printable(cell, false)
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// columns is how wide a text is on a terminal: an ideograph takes two, a combining mark none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// printable takes out what would command a terminal: a name in a list must not move the cursor. Line ends stay only
// where several lines may stand.
func printable(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines, r == '\t' && lines:
			return r
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// when is an instant for people: the wall time in a zone with UTC beside it; empty for none.
func when(ts *timestamppb.Timestamp, zone string) string {
	if ts == nil {
		return ""
	}
	at := ts.AsTime()
	utc := at.Truncate(time.Second).Format(time.RFC3339)
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || at.In(loc).Format("MST") == "UTC" {
		return utc
	}
	return at.In(loc).Format("2006-01-02 15:04 MST") + " (" + utc + ")"
}

func first(zones []string) string {
	if len(zones) == 0 {
		return ""
	}
	return zones[0]
}

func plural(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
