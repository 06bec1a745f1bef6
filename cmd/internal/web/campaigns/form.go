package campaigns

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"redial/cmd/internal/web/page"
)

// form is a campaign as people type it: its values under the names that the API gives the fields, such as
// "rules.max_per_day", and what is wrong with them. Rows, such as caps, have a value each under "rules.caps.max", in the
// order of the page, and what tells them apart under "rules.caps.row".
type form struct {
	V      url.Values
	Wrong  map[string]string // by name, or by name and row as in "rules.caps.0.max"
	Others []page.Field      // what is wrong and has no field here
}

// columns are the values that a row has, by the name of the rows; blank are those of which one must be given.
var columns = map[string]struct{ all, blank []string }{
	"rules.hours":     {[]string{"open", "close"}, []string{"open", "close"}},
	"rules.intervals": {[]string{"outcome", "interval", "unit"}, []string{"interval"}},
	"rules.caps":      {[]string{"scope", "count", "max", "period", "unit"}, []string{"max", "period"}},
	"rules.cool_offs": {[]string{"after", "scope", "period", "unit"}, []string{"period"}},
	"rules.waivers":   {[]string{"rule", "reason"}, []string{"rule", "reason"}},
	"codes":           {[]string{"code", "label", "outcome"}, []string{"code", "label"}},
}

// rowNames are the names of columns, in the order of the page.
var rowNames = []string{"codes", "rules.hours", "rules.intervals", "rules.caps", "rules.cool_offs", "rules.waivers"}

// hinted are the fields that have a hint.
var hinted = []string{
	"zone", "region", "rules.interval", "rules.max_per_day", "rules.max_attempts", "rules.max_days", "rules.expires_at", "rules.holidays", "skills",
	"mask_numbers", "rules.rotate", "rules.mix_hours", "rules.network_retry", "rules.matter", "rules.purpose", "floor.fresh_share", "floor.owner_wait", "floor.grace",
	"floor.lease", "floor.conversation", "pre_call.address", "pre_call.token_name", "script",
}

// readForm takes what a page sent, without the rows that nobody filled in.
func readForm(v url.Values) *form {
	f := &form{V: v, Wrong: map[string]string{}}
	for _, name := range rowNames {
		f.tidy(name)
	}
	return f
}

// tidy drops the rows that are blank.
func (f *form) tidy(name string) {
	c := columns[name]
	rows := f.Rows(name)
	var keep []row
	for _, r := range rows {
		days := f.V["rules.hours.day."+r.Get("row")]
		if name == "rules.hours" && len(days) > 0 || slices.ContainsFunc(c.blank, func(col string) bool { return strings.TrimSpace(r.Get(col)) != "" }) {
			keep = append(keep, r)
		}
	}
	next := map[string][]string{}
	for _, col := range append([]string{"row"}, c.all...) {
		for _, r := range keep {
			next[col] = append(next[col], r.Get(col))
		}
	}
	for _, col := range append([]string{"row"}, c.all...) {
		f.V[name+"."+col] = next[col]
	}
}

// Get is a value, without spaces at its ends.
func (f *form) Get(name string) string { return strings.TrimSpace(f.V.Get(name)) }

// Has says whether a value is among those of a name: a box that is ticked.
func (f *form) Has(name, value string) bool { return slices.Contains(f.V[name], value) }

// wrong notes what is wrong with a value, the first of several.
func (f *form) wrong(name, why string) {
	if _, ok := f.Wrong[name]; !ok {
		f.Wrong[name] = why
	}
}

// Sound says that nothing is known to be wrong.
func (f *form) Sound() bool { return len(f.Wrong) == 0 && len(f.Others) == 0 }

// F is a field for a template.
func (f *form) F(name string) field {
	return field{form: f, Name: name, Value: f.V.Get(name), Unit: f.V.Get(name + ".unit"), Wrong: f.Wrong[name], Hint: slices.Contains(hinted, name)}
}

// Rows are the rows of a name.
func (f *form) Rows(name string) []row {
	var all []row
	for i := range f.V[name+".row"] {
		all = append(all, row{f, name, i})
	}
	return all
}

// Blank is a row that nobody filled in.
func (f *form) Blank(name string) row { return row{&form{V: url.Values{}}, name, -1} }

// field is one field as a template draws it.
type field struct {
	form  *form
	Name  string
	Value string
	Unit  string // of a wait: s, m, h or d
	Wrong string // empty: nothing
	Hint  bool   // there is a text that explains it
}

// On says whether a box is ticked.
func (f field) On() bool { return f.Value != "" }

// row is one row as a template draws it; below 0: a blank one.
type row struct {
	form *form
	name string
	I    int
}

// Name is the name of a column's inputs.
func (r row) Name(col string) string { return r.name + "." + col }

// Get is the value of a column.
func (r row) Get(col string) string {
	if v := r.form.V[r.name+"."+col]; r.I >= 0 && r.I < len(v) {
		return strings.TrimSpace(v[r.I])
	}
	return ""
}

// Key tells the row apart from others of its name: "new" for a blank one.
func (r row) Key() string {
	if r.I < 0 {
		return "new"
	}
	return r.Get("row")
}

// On says whether a weekday is ticked.
func (r row) On(day string) bool { return r.form.Has("rules.hours.day."+r.Key(), day) }

// path is the row's name among what is wrong.
func (r row) path(col string) string {
	if col == "" {
		return r.name + "." + strconv.Itoa(r.I)
	}
	return r.name + "." + strconv.Itoa(r.I) + "." + col
}

// ID is the id of a column's input; empty for a blank row.
func (r row) ID(col string) string {
	if r.I < 0 {
		return ""
	}
	return r.path(col)
}

// Wrong is what is wrong with a column, or with the row as a whole for an empty column.
func (r row) Wrong(col string) string {
	if r.I < 0 {
		return ""
	}
	return r.form.Wrong[r.path(col)]
}
