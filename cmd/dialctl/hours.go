package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

const hoursHelp = `Hours are days and windows, "mon-fri 09:00-12:00,14:00-18:00", "sat 10:00-13:00", "daily 09:00-21:00".`

// readHours reads hours as people write them: days, a space, windows with commas between them.
func readHours(all []string) ([]*pb.Window, error) {
	var out []campaign.Window
	for _, s := range all {
		days, times, ok := strings.Cut(strings.TrimSpace(s), " ")
		on, err := readDays(days)
		if err != nil || !ok {
			return nil, misused(`%q are no hours: write them as "mon-fri 09:00-12:00,14:00-18:00"`, s)
		}
		for part := range strings.SplitSeq(times, ",") {
			from, to, _ := strings.Cut(strings.TrimSpace(part), "-")
			w := campaign.Window{Days: on}
			var okFrom, okTo bool
			w.Open, okFrom = campaign.ParseClock(from)
			w.Close, okTo = campaign.ParseClock(to)
			if !okFrom || !okTo {
				return nil, misused("%q is no window: write it as 09:00-12:00", strings.TrimSpace(part))
			}
			out = append(out, w)
		}
	}
	if err := campaign.ValidateWindows("hours", out); err != nil {
		return nil, inFull(err)
	}
	return wire.Windows(out), nil
}

// week is the days from Monday on.
var week = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// readDays reads mon, mon-fri, mon,wed, daily.
func readDays(s string) (on [7]bool, err error) {
	s = strings.ToLower(s)
	if s == "daily" {
		s = "mon-sun"
	}
	for part := range strings.SplitSeq(s, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		a, b := slices.Index(week, from), slices.Index(week, to)
		if a < 0 || b < 0 {
			return on, fmt.Errorf("%q names no days", part)
		}
		for i := a; ; i = (i + 1) % 7 {
			on[(i+1)%7] = true
			if i == b {
				break
			}
		}
	}
	return on, nil
}

// hoursText writes hours as readHours reads them, one text for days that are alike.
func hoursText(all []*pb.Window) []string {
	var out []string
	var days []string
	times := make(map[string][]string)
	for _, w := range all {
		d := daysText(w.GetDays())
		if times[d] == nil {
			days = append(days, d)
		}
		times[d] = append(times[d], w.GetOpen()+"-"+w.GetClose())
	}
	for _, d := range days {
		out = append(out, d+" "+strings.Join(times[d], ","))
	}
	return out
}

// daysText joins days that follow one another: mon-fri; all of them are daily.
func daysText(days []string) string {
	var parts []string
	for i := 0; i < len(week); i++ {
		if !slices.Contains(days, week[i]) {
			continue
		}
		from := i
		for i+1 < len(week) && slices.Contains(days, week[i+1]) {
			i++
		}
		switch {
		case i-from == 6:
			return "daily"
		case i-from >= 2:
			parts = append(parts, week[from]+"-"+week[i])
		default:
			parts = append(parts, week[from:i+1]...)
		}
	}
	return strings.Join(parts, ",")
}

// weekdayOf is the day of the week of a date, such as Thu.
func weekdayOf(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return t.Weekday().String()[:3]
}
