package leads

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"redial/cmd/internal/web/page"
)

// fieldOrder is that of the fields in the dialogs, from the first.
var fieldOrder = strings.Fields("name value number to appointment consent scope country phone purpose scopes agent owner proof local insisted given_at expires_at reason everywhere again")

// fieldNames are fields of forms by their paths in the API, where the last part is not their name.
var fieldNames = map[string]string{"booking": "local", "phone": "number", "lead_id": "number", "campaign_id": "to", "appointment_id": "appointment"}

// boxes are the fields that a form leaves out where nothing is ticked.
var boxes = map[string][]string{"consent": {"scopes"}, "erase": {"everywhere"}, "book": {"insisted"}, "reschedule": {"insisted"}}

// attributeIn is an attribute's place in an API's path.
var attributeIn = regexp.MustCompile(`^lead\.attributes\[(\d+)\]`)

// blame puts what is wrong to the fields of the form that was refused; what is none of theirs is the rest.
func (s *shown) blame(wrong []page.Field) {
	s.Wrong, s.Rest = map[string]page.Field{}, nil
	for _, f := range wrong {
		name, ok := s.fieldOf(f.Name)
		if _, told := s.Wrong[name]; ok && !told {
			s.Wrong[name] = f
			continue
		}
		s.Rest = append(s.Rest, f)
	}
}

// fieldOf is the field of a form that a path in the API means.
func (s *shown) fieldOf(path string) (string, bool) {
	if m := attributeIn.FindStringSubmatch(path); m != nil {
		sent := slices.DeleteFunc(slices.Clone(s.Typed["attribute"]), func(name string) bool { return strings.TrimSpace(name) == "" })
		i, err := strconv.Atoi(m[1])
		if err != nil || i >= len(sent) {
			return "", false
		}
		return "value " + sent[i], true
	}
	name, ok := fieldNames[path]
	if !ok {
		name, _, _ = strings.Cut(path[strings.LastIndex(path, ".")+1:], "[")
	}
	return name, slices.Contains(fieldOrder, name) && (s.Typed.Has(name) || slices.Contains(boxes[s.Ask], name))
}

// first is the first field at fault, in the order of the form; empty: none is.
func (s *shown) first() string {
	for _, name := range fieldOrder {
		if name == "value" {
			for _, a := range s.Attributes() {
				if a.Wrong != "" {
					return a.key
				}
			}
		}
		if s.Wrong[name].Message != "" {
			return name
		}
	}
	return ""
}

// field is a field of a dialog's form.
type field struct {
	ID, Name, Value string
	Wrong           string // what is wrong with it; empty: nothing
	Lang            string // which that is in; empty: the page's
	Focus           bool   // it is where the reader goes on
	Max             int    // characters; 0: not said
	key             string // in Wrong
}

// F is a field with what was typed there or, if nothing of this form was refused, its own value.
func (s *shown) F(act, name, own string) field {
	f := field{ID: "ask-" + act + "-" + name, Name: name, Value: own, Max: longest(act, name), key: name}
	if s.refused(act) {
		f.Value = s.Typed.Get(name)
		f.fault(s)
	}
	return f
}

func (s *shown) refused(act string) bool { return s.Problem != nil && s.Ask == act }

func (f *field) fault(s *shown) {
	f.Wrong, f.Lang = s.Wrong[f.key].Message, s.Wrong[f.key].Lang
	f.Focus = f.Wrong != "" && s.first() == f.key
}

// longest is how much the API takes in a field, characters.
func longest(act, name string) int {
	switch {
	case name == "name":
		return 200
	case name == "reason" && act == "suppress":
		return 64
	case name == "reason" && (act == "reassign" || act == "reschedule" || act == "cancel"):
		return 100
	}
	return 500
}

// attribute is an attribute in the form.
type attribute struct {
	field
	Label string
}

// Attributes are the lead's, and such as were typed and are gone meanwhile.
func (s *shown) Attributes() []attribute {
	var all []attribute
	typed := map[string]string{}
	if names, values := s.Typed["attribute"], s.Typed["value"]; s.refused("edit") && len(names) == len(values) {
		for i, name := range names {
			typed[name] = values[i]
		}
	}
	add := func(name, value string) {
		a := attribute{field{ID: "ask-edit-value-" + strconv.Itoa(len(all)), Name: "value", Value: value, key: "value " + name}, name}
		if t, ok := typed[name]; ok {
			a.Value = t
			delete(typed, name)
		}
		a.Wrong, a.Lang = s.Wrong[a.key].Message, s.Wrong[a.key].Lang
		all = append(all, a)
	}
	for _, a := range s.GetLead().GetAttributes() {
		add(a.GetName(), a.GetValue())
	}
	for _, name := range s.Typed["attribute"] {
		if value, ok := typed[name]; ok {
			add(name, value)
		}
	}
	if i := slices.IndexFunc(all, func(a attribute) bool { return a.Wrong != "" }); i >= 0 && s.Wrong["name"].Message == "" {
		all[i].Focus = true
	}
	return all
}

// On says whether a box of a form was ticked.
func (s *shown) On(act, name, value string) bool {
	return s.refused(act) && slices.Contains(s.Typed[name], value)
}

// dialog is the frame of an act's form.
type dialog struct {
	Act     string
	ID      int64 // of the lead
	Open    bool
	Refused *page.Problem // nil: it was not
	Rest    []page.Field
	Focus   bool // no field is at fault: the reader goes on at what is said of all
}

// Dialog is the frame of an act's form.
func (s *shown) Dialog(act string) dialog {
	d := dialog{Act: act, ID: s.GetLead().GetId(), Open: s.Ask == act}
	if s.refused(act) {
		d.Refused, d.Rest, d.Focus = s.Problem, s.Rest, s.first() == ""
	}
	return d
}

// part is a page with the act of one of its dialogs.
type part struct {
	S   *shown
	Act string
}

// For is what dialogs of several acts have in common.
func (s *shown) For(act string) part { return part{s, act} }

// moment is a field for a time on the clocks of a zone.
type moment struct {
	F    field
	Zone string
}

// Moment is a field for a time on the customer's clocks.
func (s *shown) Moment(act, name string) moment { return moment{s.F(act, name, ""), s.Zone} }
