package campaign

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// TemplatesMost is how many templates a campaign may have.
const TemplatesMost = 100

// ImportTemplate is how files of a kind are read: what was corrected once need not be corrected again.
type ImportTemplate struct {
	Name      string   // unique in its campaign
	Headings  []string // the columns that it was made for, in order
	Options   ImportOptions
	UpdatedAt time.Time
}

// Fits says whether a file with these columns is of the template's kind: the same headings in the same order, whatever
// their case and the spaces around them.
func (m *ImportTemplate) Fits(headings []string) bool {
	return len(headings) > 0 && slices.EqualFunc(m.Headings, headings, func(a, b string) bool {
		return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
	})
}

// Validate says what is wrong with a template, every fault at once, each by its field.
func (m *ImportTemplate) Validate() error {
	var f faults
	if n := utf8.RuneCountInString(m.Name); n < 1 || n > 100 || strings.TrimSpace(m.Name) != m.Name || strings.ContainsFunc(m.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		f.add("template.name", "must be 1 to 100 characters that can be seen, without spaces around them")
	}
	if n := len(m.Headings); n < 1 || n > 10_000 {
		f.add("template.headings", fmt.Sprintf("has %d columns: give those of the file that it was made for", n))
	}
	fields := map[string]bool{}
	for _, known := range Fields {
		fields[string(known)] = true
	}
	for column, field := range m.Options.Map {
		if !fields[field] {
			f.add("template.options.map", fmt.Sprintf("column %q: no field %q: the fields are %s", column, field, fieldList()))
		}
	}
	if err := f.err(); err != nil {
		return err
	}
	return m.Options.Validate()
}

// ListCounts are a list's leads as they are now.
type ListCounts struct {
	Leads  LeadCounts // by state
	Called int64      // called at least once
}

// ProblemCount is how often a list's rows had a problem of a kind.
type ProblemCount struct {
	Reason  string
	Warning bool // the rows became leads all the same
	Count   int64
}
