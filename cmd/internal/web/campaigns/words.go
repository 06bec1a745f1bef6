package campaigns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// week is the days from Monday on, as the API names them.
var week = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// zones are those that the form proposes; any other can be typed.
var zones = []string{
	"Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul", "Asia/Kolkata", "Asia/Dubai",
	"Europe/London", "Europe/Dublin", "Europe/Paris", "Europe/Berlin", "Europe/Madrid", "Europe/Rome", "Europe/Warsaw", "Europe/Athens",
	"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Toronto", "America/Sao_Paulo",
	"Africa/Johannesburg", "Australia/Sydney", "Pacific/Auckland", "UTC",
}

// word is the end of an enumeration's name in small letters: "open" of LEAD_STATE_OPEN; an outcome keeps its capitals.
func word(e protoreflect.Enum) string {
	d := e.Descriptor()
	value := d.Values().ByNumber(e.Number())
	if value == nil {
		return ""
	}
	zero := string(d.Values().ByNumber(0).Name())
	name := strings.TrimPrefix(string(value.Name()), strings.TrimSuffix(zero, "UNSPECIFIED"))
	if d.Name() == "Outcome" {
		return name
	}
	return strings.ToLower(name)
}

// outcomeNames are the outcomes in the order of the rule's table; retry: only those after which a lead is called again.
func outcomeNames(retry bool) []string {
	var all []string
	for _, o := range campaign.Outcomes() {
		if !retry || o.Follow() == campaign.FollowRetry {
			all = append(all, o.String())
		}
	}
	return all
}

// outcome is an outcome by its name; unspecified: no such.
func outcome(name string) pb.Outcome {
	return pb.Outcome(pb.Outcome_value["OUTCOME_"+name])
}

// rate is a ratio as per cent, or a dash.
func rate(f *pb.Figure) string {
	if f == nil || f.Value == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*f.GetValue())
}

// local is an instant in a zone: the time of day if it is today's, else with its date; empty for none.
func local(t *timestamppb.Timestamp, now time.Time, zone string) string {
	if !t.IsValid() || t.AsTime().IsZero() {
		return ""
	}
	at, today := page.In(t.AsTime(), zone), page.In(now, zone)
	if campaign.DateOf(at) == campaign.DateOf(today) {
		return at.Format("15:04")
	}
	return at.Format("2006-01-02 15:04")
}

// day is an instant in a zone with its date.
func day(t *timestamppb.Timestamp, zone string) string {
	if !t.IsValid() {
		return ""
	}
	return page.In(t.AsTime(), zone).Format("2006-01-02 15:04")
}

func list(all ...string) []string { return all }

// spanText is a wait in words, such as "1 hour 30 minutes".
func spanText(l page.Lang, d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		key  string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if u.key == "day" && (d%u.size != 0 || d < 2*u.size) {
			continue // 24 hours are not a calendar day
		}
		if n := int64(d / u.size); n > 0 {
			parts = append(parts, many(l, "camp_span_"+u.key, n))
			d %= u.size
		}
	}
	if len(parts) == 0 {
		return many(l, "camp_span_second", 0)
	}
	return strings.Join(parts, l.Text("camp_gap"))
}

// many is a number of things: the text of key+"_one" for one, of key for others.
func many(l page.Lang, key string, n int64) string {
	if n == 1 {
		key += "_one"
	}
	return l.Text(key, n)
}

// daysText joins days that follow one another: Mon-Fri; all of them are "every day".
func daysText(l page.Lang, days []string) string {
	if len(days) >= 7 {
		return l.Text("camp_daily")
	}
	var parts []string
	for i := 0; i < len(week); i++ {
		if !slices.Contains(days, week[i]) {
			continue
		}
		from := i
		for i+1 < len(week) && slices.Contains(days, week[i+1]) {
			i++
		}
		parts = append(parts, l.Text("camp_day_"+week[from]))
		switch {
		case i-from >= 2:
			parts[len(parts)-1] += l.Text("camp_to") + l.Text("camp_day_"+week[i])
		case i > from:
			parts = append(parts, l.Text("camp_day_"+week[i]))
		}
	}
	return strings.Join(parts, l.Text("camp_comma"))
}

// hoursText are the hours in words, days that are alike together.
func hoursText(l page.Lang, all []*pb.Window) string {
	if len(all) == 0 {
		all = []*pb.Window{{Days: week, Open: "09:00", Close: "21:00"}}
	}
	var days []string
	times := map[string][]string{}
	for _, w := range all {
		d := daysText(l, w.GetDays())
		if times[d] == nil {
			days = append(days, d)
		}
		times[d] = append(times[d], w.GetOpen()+"–"+w.GetClose())
	}
	var parts []string
	for _, d := range days {
		parts = append(parts, d+" "+strings.Join(times[d], l.Text("camp_comma")))
	}
	return strings.Join(parts, l.Text("camp_semicolon"))
}

// warnedOf is the field of the form that a warning of the API begins with; empty: it begins with none.
func warnedOf(text string) string {
	name, _, ok := strings.Cut(text, ": ")
	name, _, _ = strings.Cut(name, "[")
	if !ok || !slices.Contains(formNames, name) && !slices.Contains(rowNames, name) {
		return ""
	}
	return name
}

// warning is a warning of the API without the field that it begins with.
func warning(text string) string {
	if warnedOf(text) != "" {
		_, text, _ = strings.Cut(text, ": ")
	}
	return text
}
