package app_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeSaysTheSameInChinese: what needs no translation is in both, section by section: commands, names in code,
// links, the shape of tables, and the figures of the section on speed.
func TestReadmeSaysTheSameInChinese(t *testing.T) {
	t.Parallel()
	english, chinese := sections(t, "README.md"), sections(t, "README.zh-CN.md")
	if len(english) != len(chinese) || len(english) < 20 {
		t.Fatalf("%d sections in English, %d in Chinese", len(english), len(chinese))
	}
	for i, e := range english {
		c := chinese[i]
		for _, what := range []struct {
			name string
			of   func(section) []string
		}{
			{"depth", section.depth}, {"code", section.code}, {"names", section.names}, {"links", section.links},
			{"tables", section.tables}, {"figures", section.figures},
		} {
			if g, w := what.of(c), what.of(e); !slices.Equal(g, w) {
				t.Errorf("%q: %s differ from those of %q: lacking %q, too many %q", c.title, what.name, e.title, without(w, g), without(g, w))
			}
		}
	}
}

// A section is a heading with what follows it, up to the next heading.
type section struct {
	title        string
	text, fenced []string // lines outside and inside of ```
}

func sections(t *testing.T, file string) []section {
	raw, err := os.ReadFile("../../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []section
	inside := false
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside
		case strings.HasPrefix(line, "#") && !inside:
			all = append(all, section{title: line})
		case inside:
			all[len(all)-1].fenced = append(all[len(all)-1].fenced, line)
		default:
			all[len(all)-1].text = append(all[len(all)-1].text, line)
		}
	}
	return all
}

func (s section) depth() []string { return []string{s.title[:strings.LastIndex(s.title, "#")+1]} }

// code is what is typed at a prompt, without the remark behind it.
func (s section) code() []string {
	var lines []string
	for _, l := range s.fenced {
		if command, is := strings.CutPrefix(l, "$ "); is {
			command, _, _ = strings.Cut(command, " # ")
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}

var (
	inCode = regexp.MustCompile("`[^`]+`")
	link   = regexp.MustCompile(`\]\([^)]*\)`)
	figure = regexp.MustCompile(`\d[\d,.]*`)
)

func (s section) names() []string { return sorted(inCode.FindAllString(strings.Join(s.text, " "), -1)) }

// links are where they lead to; that from each language to the other is no part of it.
func (s section) links() []string {
	return slices.DeleteFunc(sorted(link.FindAllString(strings.Join(s.text, " "), -1)), func(l string) bool {
		return strings.HasPrefix(l, "](README")
	})
}

// tables tells the cells of each row.
func (s section) tables() []string {
	var rows []string
	for _, l := range s.text {
		if strings.HasPrefix(l, "|") {
			rows = append(rows, fmt.Sprint(strings.Count(inCode.ReplaceAllString(l, ""), "|")-1, " cells"))
		}
	}
	return rows
}

// figures are those of each row of the tables with speeds, in whatever order a language puts them.
func (s section) figures() []string {
	var rows []string
	for _, l := range s.text {
		if strings.HasPrefix(l, "|") && strings.Contains(strings.Join(s.text, " "), "`make bench`") {
			rows = append(rows, strings.Join(sorted(figure.FindAllString(l, -1)), " "))
		}
	}
	return rows
}

func sorted(of []string) []string {
	slices.Sort(of)
	return slices.Compact(of)
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
