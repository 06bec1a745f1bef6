package campaigns

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"redial/cmd/internal/web/page"
)

// ofForm are what the form's templates ask.
func ofForm() map[string]any {
	return map[string]any{
		"rows":  func(d formData, name string) rowsDraw { return rowsDraw{d.form, name} },
		"boxes": func(d formData, name string, all []string) boxesDraw { return boxesDraw{d.form, name, all} },
		"unit":  func(name, value string) unitDraw { return unitDraw{name, unitOr(value, "h"), false} },
		"spans": func(name, value string) unitDraw { return unitDraw{name, unitOr(value, "days"), true} },
		"plain": plain, "opened": opened, "sub": func(a, b float64) float64 { return a - b },
	}
}

type rowsDraw struct {
	Form *form
	Name string
}

type boxesDraw struct {
	Form *form
	Name string
	All  []string
}

type unitDraw struct {
	Name, Value string
	Days        bool // calendar days may be chosen, too
}

func unitOr(value, usual string) string {
	if value == "" {
		return usual
	}
	return value
}

// plain is the name of a field without the number of its row: the key of its label.
func plain(name string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(name, "."), func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }), ".")
}

// opened says whether a folded part must be open: something is wrong in it.
func opened(d formData, names ...string) bool {
	for wrong := range d.Wrong {
		for _, name := range names {
			if wrong == name || strings.HasPrefix(wrong, name+".") {
				return true
			}
		}
	}
	return false
}

// faulty is what is wrong with one field, as it is told above the form.
type faulty struct {
	Name string // id of the field
	Why  string
	Rows string // the rows it is among, by name; empty: none
	Row  int    // from 1
	Col  string // key of its label, without f_; empty: the row as a whole
}

// Faults are what is wrong, by name.
func (f *form) Faults() []faulty {
	var all []faulty
	for _, name := range slices.Sorted(maps.Keys(f.Wrong)) {
		one := faulty{Name: name, Why: f.Wrong[name], Col: plain(name)}
		for _, rows := range rowNames {
			rest, ok := strings.CutPrefix(name, rows+".")
			if !ok {
				continue
			}
			index, col, _ := strings.Cut(rest, ".")
			i, err := strconv.Atoi(index)
			if err != nil {
				continue
			}
			one.Rows, one.Row = rows, i+1
			if col == "" {
				one.Col = ""
			}
		}
		all = append(all, one)
	}
	return all
}

// Described are the ids of what describes a field.
func (f field) Described() string {
	var ids []string
	if f.Hint {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Wrong != "" {
		ids = append(ids, f.Name+"-wrong")
	}
	return strings.Join(ids, " ")
}

// cell is one input of a row as a template draws it.
type cell struct {
	Name, ID, Value, Wrong string
	Label                  string // key of its label, without f_
	Col                    string // key of its choices
	Clock                  string // what a time looks like; empty: it is none
	Wide                   bool
	Retry                  bool // outcomes: only those after which a lead is called again
	Choices                []string
}

// Cell is a column of the row.
func (r row) Cell(col string, choices ...string) cell {
	c := cell{
		Name: r.Name(col), ID: r.ID(col), Value: r.Get(col), Wrong: r.Wrong(col), Label: r.name + "." + col, Col: col + "_pick",
		Wide: slices.Contains([]string{"label", "code", "rule", "reason"}, col), Retry: r.name == "rules.intervals", Choices: choices,
	}
	switch col {
	case "open":
		c.Clock = "09:00"
	case "close":
		c.Clock = "18:00"
	}
	return c
}

// Kind is the name of the rows it is among.
func (r row) Kind() string { return r.name }

// Ordered says that the order of these rows matters to people.
func (r row) Ordered() bool { return r.name == "codes" || r.name == "rules.caps" }

// Faults are what is wrong with the row and its columns.
func (r row) Faults() []page.Field {
	var all []page.Field
	for _, col := range append([]string{""}, columns[r.name].all...) {
		if why := r.Wrong(col); why != "" {
			all = append(all, page.Field{Name: r.path(col), Message: why})
		}
	}
	return all
}
