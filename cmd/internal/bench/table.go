package bench

import (
	"fmt"
	"strconv"
	"strings"
)

// Heading is that of the rows that Row gives.
func Heading() []string {
	return []string{"measure", "engine", "callers", "value", "from .. to", "unit", "beside", "ratio", "from .. to", "p50 ms", "p99 ms", "goal", "met", "outside"}
}

// Row is the measure as one row of a table for people.
func (m *Measure) Row() []string {
	outside, spread := "unknown", ""
	if m.OutsideCPU >= 0 {
		outside = fmt.Sprintf("%.2f", m.OutsideCPU)
	}
	if m.Noisy {
		outside += " noisy"
	}
	if m.Ratio != nil {
		spread = between(m.RatioSpread)
	}
	goals := make([]string, len(m.Goals))
	for i, g := range m.Goals {
		goals[i] = g.String()
	}
	return []string{m.Name, m.Engine, strconv.Itoa(m.Callers), plain(m.Value), between(m.Spread), m.Unit, known(m.Limit), known(m.Ratio), spread,
		known(m.P50ms), known(m.P99ms), strings.Join(goals, ", "), m.met(), outside}
}

// met says what became of the goals: those not met by what was reached.
func (m *Measure) met() string {
	if len(m.Goals) == 0 {
		return ""
	}
	var short []string
	for _, g := range m.Goals {
		if !g.Met {
			short = append(short, fmt.Sprintf("%s is %s", goalWord(g.What), plain(g.Got)))
		}
	}
	if len(short) == 0 {
		return "yes"
	}
	return "no: " + strings.Join(short, ", ")
}

func known(v *float64) string {
	if v == nil {
		return ""
	}
	return plain(*v)
}

func between(of [2]float64) string {
	if of[0] == of[1] {
		return ""
	}
	return plain(of[0]) + " .. " + plain(of[1])
}

// Remarks say what stands beside each measure, and what else there is to know of it.
func Remarks(ms []Measure) []string {
	var out []string
	said := make(map[string]bool)
	say := func(who, what string) {
		if line := who + ": " + what; what != "" && !said[line] {
			said[line] = true
			out = append(out, line)
		}
	}
	for i := range ms {
		say(ms[i].Name+" beside", ms[i].LimitIs)
	}
	for i := range ms {
		m := &ms[i]
		who := strings.Join(strings.Fields(fmt.Sprintf("%s %s %d", m.Name, m.Engine, m.Callers)), " ")
		say(who, m.Note)
		if m.Sheds > 0 {
			say(who, fmt.Sprintf("%d requests were sent away for an overload and came again", m.Sheds))
		}
	}
	return out
}

// Markdown is a table of the measures, what is to be known of them, and the machine, to be pasted into a page.
func Markdown(ms []Measure, machine Machine) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	head := Heading()
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for i := range ms {
		line(ms[i].Row())
	}
	b.WriteString("\n")
	for _, r := range append(machine.Lines(), Remarks(ms)...) {
		b.WriteString("- " + r + "\n")
	}
	return b.String()
}
