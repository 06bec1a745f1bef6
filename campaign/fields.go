package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Field is what the product takes a column for.
type Field string

// The fields a column may be mapped to. Unmatched columns are attributes.
const (
	FieldPhone      Field = "phone"       // a number to dial; several columns may be
	FieldName       Field = "name"        // the whole name
	FieldFirstName  Field = "first_name"  // joined with the next two when there is no whole name
	FieldMiddleName Field = "middle_name" //
	FieldLastName   Field = "last_name"   //
	FieldExternalID Field = "external_id" // the lead's id in the system it came from
	FieldZone       Field = "zone"        // its time zone
	FieldCountry    Field = "country"     // its country, for numbers written nationally
	FieldDialCode   Field = "dial_code"   // the country's dialling code, the same
	FieldExtension  Field = "extension"   // to dial after the first number's answer
	FieldPriority   Field = "priority"    // whole number, higher first
	FieldAccount    Field = "account"     // what the calls are about: a debt, a contract, a policy
	FieldState      Field = "state"       // state or province of its address, where the country has such: US, CA
	FieldPostal     Field = "postal"      // postal code of its address: tells the state or province in US and CA
	FieldAttribute  Field = "attribute"   // kept as it is
	FieldIgnore     Field = "ignore"      // left out
)

// The fields of a consent that the person gave. One without proof or date is not recorded.
const (
	FieldConsent        Field = "consent"         // yes, no, or what it opens: contact, hours, frequency
	FieldConsentAt      Field = "consent_at"      // when it was given
	FieldConsentUntil   Field = "consent_until"   // its last day; empty: no end
	FieldConsentProof   Field = "consent_proof"   // where it can be seen: a form, a recording
	FieldConsentPurpose Field = "consent_purpose" // sales, research, collections, service; empty: any
)

// Fields lists what --map may name.
var Fields = []Field{
	FieldPhone, FieldName, FieldFirstName, FieldMiddleName, FieldLastName, FieldExternalID, FieldZone, FieldCountry,
	FieldDialCode, FieldExtension, FieldPriority, FieldAccount, FieldState, FieldPostal,
	FieldConsent, FieldConsentAt, FieldConsentUntil, FieldConsentProof, FieldConsentPurpose, FieldAttribute, FieldIgnore,
}

// Column is one column of a file and what it is taken for.
type Column struct {
	Heading string // unique in the file, never empty
	Field   Field
	Rank    int    // among columns of one field, lower first: a mobile before a home number
	Label   string // of its numbers: mobile, home, work; empty unless Field is FieldPhone
	Why     string // heading, cells or given: what decided it
}

// Mapping is what the columns of a file are taken for.
type Mapping struct {
	Columns []Column
	Phones  []int // indexes of the phone columns in the order of dialling
	Mended  bool  // the file is problems written out and mended: apostrophes before signs are the writer's
}

// HasPhone says whether any column holds numbers. Without one, every row is a problem.
func (m *Mapping) HasPhone() bool { return len(m.Phones) > 0 }

// Headings are the columns' headings in order.
func (m *Mapping) Headings() []string {
	out := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		out[i] = c.Heading
	}
	return out
}

// single are the fields that at most one column may be guessed for; the best rank wins, the others are attributes.
var single = []Field{
	FieldExternalID, FieldZone, FieldCountry, FieldDialCode, FieldExtension, FieldPriority, FieldFirstName, FieldMiddleName, FieldLastName,
	FieldAccount, FieldConsent, FieldConsentAt, FieldConsentUntil, FieldConsentProof, FieldConsentPurpose,
}

// MatchHeader takes each column for a field by its heading, by what a sample of its cells looks like, and by
// overrides (heading or 1-based number to field), which win. Blank and repeated headings are made unique. The
// error, of kind KindInvalid, names the override that cannot be followed and lists the choices.
func MatchHeader(headings []string, sample [][]string, overrides map[string]string) (Mapping, error) {
	m := Mapping{Columns: make([]Column, len(headings)), Mended: slices.Contains(headings, "redial_line")}
	if m.Mended {
		headings = unguarded(headings)
	}
	for i, h := range UniqueHeadings(headings) {
		m.Columns[i] = byHeading(h, cellsOf(sample, i))
		m.Columns[i].Heading = h
	}
	given, err := m.override(overrides)
	if err != nil {
		return Mapping{}, err
	}
	m.guessPhones(sample, given)
	m.guessName(sample, given)
	for _, f := range single {
		m.keepBest(f, given)
	}
	m.orderPhones()
	return m, nil
}

// override applies what was given and returns the columns it fixed.
func (m *Mapping) override(overrides map[string]string) (map[int]bool, error) {
	given := map[int]bool{}
	for name, field := range overrides {
		i := m.column(name)
		if i < 0 {
			return nil, Invalid("map", fmt.Sprintf("no column %q: the columns are %s", name, quoteList(m.Headings())))
		}
		f := Field(strings.ToLower(strings.TrimSpace(field)))
		if !slices.Contains(Fields, f) {
			return nil, Invalid("map", fmt.Sprintf("column %q: no field %q: the fields are %s", name, field, fieldList()))
		}
		c := &m.Columns[i]
		rank := 0
		if c.Field == f {
			rank = c.Rank // what only confirms the heading leaves the order as it was
		}
		*c = Column{Heading: c.Heading, Field: f, Why: "given", Label: c.Label, Rank: rank}
		if f == FieldPhone {
			c.Label, c.Rank = phoneLabel(c.Heading)
		}
		given[i] = true
	}
	return given, nil
}

// column finds a column by its heading as written, by its number from 1, or by its heading without regard to case.
func (m *Mapping) column(name string) int {
	name = strings.TrimSpace(name)
	if i := slices.IndexFunc(m.Columns, func(c Column) bool { return c.Heading == name }); i >= 0 {
		return i
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(m.Columns) {
		return n - 1
	}
	key := foldHeading(name)
	return slices.IndexFunc(m.Columns, func(c Column) bool { return key != "" && foldHeading(c.Heading) == key })
}

// keepBest leaves field f to one column: the one given, else the best rank, else the first.
func (m *Mapping) keepBest(f Field, given map[int]bool) {
	best := -1
	for i, c := range m.Columns {
		if c.Field != f {
			continue
		}
		if best < 0 || given[i] && !given[best] || given[i] == given[best] && c.Rank < m.Columns[best].Rank {
			best = i
		}
	}
	for i := range m.Columns {
		if m.Columns[i].Field == f && i != best {
			m.Columns[i].Field, m.Columns[i].Why = FieldAttribute, ""
		}
	}
}

func (m *Mapping) orderPhones() {
	for i, c := range m.Columns {
		if c.Field == FieldPhone {
			m.Phones = append(m.Phones, i)
		}
	}
	slices.SortStableFunc(m.Phones, func(a, b int) int { return m.Columns[a].Rank - m.Columns[b].Rank })
}

// UniqueHeadings trims headings, names blank ones "Column 4" and repeated ones "Phone (2)".
func UniqueHeadings(headings []string) []string {
	out := make([]string, len(headings))
	seen := make(map[string]int, len(headings))
	for i, h := range headings {
		h = clip(strings.Join(strings.Fields(h), " "), 128)
		if h == "" {
			h = "Column " + strconv.Itoa(i+1)
		}
		name := h
		for n := 2; seen[strings.ToLower(name)] > 0; n++ {
			name = fmt.Sprintf("%s (%d)", h, n)
		}
		seen[strings.ToLower(name)]++
		out[i] = name
	}
	return out
}

func fieldList() string {
	names := make([]string, len(Fields))
	for i, f := range Fields {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// quoteList writes the first names for an error message.
func quoteList(names []string) string {
	const most = 30
	out := make([]string, 0, min(len(names), most))
	for _, n := range names[:min(len(names), most)] {
		out = append(out, strconv.Quote(n))
	}
	if len(names) > most {
		out = append(out, fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(out, ", ")
}

func cellsOf(sample [][]string, i int) []string {
	var out []string
	for _, row := range sample {
		if i < len(row) {
			if c := strings.TrimSpace(row[i]); c != "" {
				out = append(out, c)
			}
		}
	}
	return out
}
