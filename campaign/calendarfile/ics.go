package calendarfile

import (
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// property is one line of an ICS file, unfolded: NAME;PARAM=VALUE:TEXT.
type property struct {
	line   int
	name   string // upper case
	params map[string]string
	text   string
}

// event is a VEVENT as far as it matters here.
type event struct {
	line int
	has  map[string]property // the first of each name
	out  []property          // EXDATE, each
}

// readICS reads the events of a calendar (RFC 5545); each that lasts whole days gives those days.
func (g *gathering) readICS(text string) error {
	events, err := eventsOf(text)
	if err != nil {
		return err
	}
	marked := slices.ContainsFunc(events, func(e event) bool { return e.has[appleDay].name != "" })
	for _, e := range events {
		if err := g.event(e, marked); err != nil {
			return err
		}
	}
	return nil
}

// appleDay marks the days off of a calendar that holds festivals besides.
const appleDay = "X-APPLE-SPECIAL-DAY"

// eventsOf are the events in the text; what is nested in them, such as alarms, is left out.
func eventsOf(text string) ([]event, error) {
	var events []event
	var inside []string // of what is open, the outermost first
	for _, p := range unfold(text) {
		switch p.name {
		case "BEGIN":
			inside = append(inside, strings.ToUpper(p.text))
			if strings.EqualFold(p.text, "VEVENT") {
				events = append(events, event{line: p.line, has: make(map[string]property)})
			}
		case "END":
			if len(inside) == 0 || !strings.EqualFold(inside[len(inside)-1], p.text) {
				return nil, refused("line %d: END:%s ends nothing that was begun", p.line, clip(p.text, 40))
			}
			inside = inside[:len(inside)-1]
		case "":
			return nil, refused("line %d is no line of an ICS file: NAME:VALUE", p.line)
		default:
			if len(inside) == 0 || inside[len(inside)-1] != "VEVENT" {
				continue
			}
			e := &events[len(events)-1]
			if p.name == "EXDATE" {
				e.out = append(e.out, p)
			} else if _, twice := e.has[p.name]; !twice {
				e.has[p.name] = p
			}
		}
	}
	if len(inside) > 0 {
		return nil, refused("the file ends within %s: it is not whole", clip(inside[len(inside)-1], 40))
	}
	return events, nil
}

// unfold joins lines that go on with a space or a tab, whatever ends them.
func unfold(text string) []property {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var out []property
	var whole strings.Builder
	from, line := 0, 0
	flush := func() {
		if s := whole.String(); strings.TrimSpace(s) != "" {
			out = append(out, parse(from, s))
		}
		whole.Reset()
	}
	for l := range strings.SplitSeq(text, "\n") {
		line++
		if rest := strings.TrimPrefix(strings.TrimPrefix(l, " "), "\t"); len(rest) < len(l) && whole.Len() > 0 {
			whole.WriteString(l[1:])
			continue
		}
		flush()
		from = line
		whole.WriteString(l)
	}
	flush()
	return out
}

// parse takes a line apart; the name is empty where it has no colon.
func parse(line int, s string) property {
	p := property{line: line, params: make(map[string]string)}
	quoted, start := false, 0
	var parts []string
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ';' || c == ':'):
			parts = append(parts, s[start:i])
			start = i + 1
			if c == ':' {
				p.name, p.text = strings.ToUpper(strings.TrimSpace(parts[0])), strings.TrimSpace(s[start:])
				for _, param := range parts[1:] {
					name, value, _ := strings.Cut(param, "=")
					p.params[strings.ToUpper(name)] = strings.Trim(value, `"`)
				}
				return p
			}
		}
	}
	return p
}

// event takes the days of an event.
func (g *gathering) event(e event, marked bool) error {
	start, there := e.has["DTSTART"]
	name := clip(strings.TrimSpace(unescape(e.has["SUMMARY"].text)), 100)
	switch {
	case !there:
		g.note(e.line, "%q has no date: passed over", name)
		return nil
	case strings.EqualFold(e.has["STATUS"].text, "CANCELLED"):
		g.note(e.line, "%q is cancelled: passed over", name)
		return nil
	case marked && e.has[appleDay].name == "":
		g.note(e.line, "%q is not marked as a day off, as others are: passed over", name)
		return nil
	}
	first, last, whole, err := span(start, e)
	if err != nil {
		return err
	}
	if !whole {
		g.note(start.line, "%q lasts part of a day: passed over, only whole days are taken", name)
		return nil
	}
	d := campaign.Day{Kind: campaign.DayHoliday, Name: name}
	if worksOn(e, name) {
		d.Kind, d.As = campaign.DayWorking, time.Monday
		g.note(e.line, "%q is a working day: its hours are a Monday's", name)
	}
	days := daysBetween(first, last)
	if days >= longest {
		return refused("line %d: %q lasts more than a year", start.line, name)
	}
	times, why := g.repeats(e, first)
	if why != "" {
		g.note(e.has["RRULE"].line, "%q repeats %s: passed over, give its dates one by one", name, why)
		return nil
	}
	out := excluded(e)
	for _, t := range times {
		if out[t] {
			continue
		}
		if err := g.add(start.line, t, later(t, days), d); err != nil {
			return err
		}
	}
	if _, more := e.has["RDATE"]; more {
		g.note(e.has["RDATE"].line, "the further dates (RDATE) of %q are passed over", name)
	}
	return nil
}

// worksOn says whether the event is a make-up working day.
func worksOn(e event, name string) bool {
	if strings.EqualFold(e.has[appleDay].text, "ALTERNATE-WORKDAY") {
		return true
	}
	for _, mark := range []string{"补班", "上班", "（班）", "(班)", "班)"} {
		if strings.Contains(name, mark) {
			return true
		}
	}
	return false
}

var unescaper = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`)

func unescape(s string) string { return unescaper.Replace(s) }
