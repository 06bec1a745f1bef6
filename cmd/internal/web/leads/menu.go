package leads

import (
	"slices"
	"strconv"
)

// choice is a line of a menu: with a text of its own, or the text of a key.
type choice struct{ Value, Text, Key string }

// menu is a field that is chosen.
type menu struct {
	field
	Choices []choice
	Lost    bool // what was chosen is there no more: nothing is chosen in its stead
}

// Menu is a field of an act's form with what there is to choose.
func (s *shown) Menu(act, name string) menu {
	m := menu{field: s.F(act, name, ""), Choices: s.offered(act, name)}
	if !s.refused(act) && slices.ContainsFunc(m.Choices, func(c choice) bool { return c.Value == s.Of }) && s.Ask == act {
		m.Value = s.Of
	}
	m.Lost = s.refused(act) && !slices.ContainsFunc(m.Choices, func(c choice) bool { return c.Value == m.Value })
	return m
}

// offered is what there is to choose.
func (s *shown) offered(act, name string) []choice {
	var all []choice
	switch name {
	case "number":
		for i, n := range s.GetLead().GetNumbers() {
			text := n.GetPhone()
			if n.GetLabel() != "" {
				text += " · " + n.GetLabel()
			}
			all = append(all, choice{Value: numberChoice(i, n), Text: text})
		}
	case "phone":
		all = append(all, choice{Key: "leads_phone_any"})
		for _, n := range s.GetLead().GetNumbers() {
			if !masked(n.GetPhone()) {
				all = append(all, choice{Value: n.GetPhone(), Text: n.GetPhone()})
			}
		}
	case "scope":
		scopes := []string{"system", "campaign", "country"}
		if act == "lift" && s.Restricted { // what binds elsewhere is not for this reader to lift
			scopes = []string{"campaign"}
		}
		for _, scope := range scopes {
			all = append(all, choice{Value: scope, Key: "leads_scope_" + scope})
		}
	case "purpose":
		all = append(all, choice{Key: "leads_purpose_any"})
		for _, purpose := range purposes {
			all = append(all, choice{Value: purpose, Key: "leads_purpose_" + purpose})
		}
	case "to":
		for _, c := range s.Campaigns {
			all = append(all, choice{Value: strconv.FormatInt(c.GetId(), 10), Text: c.GetName()})
		}
	case "appointment":
		for _, a := range s.promises() {
			all = append(all, choice{Value: promiseChoice(a), Text: wall(a.GetLocal()) + " " + a.GetZone()})
		}
	case "consent":
		for _, c := range s.Consents {
			if stands(c) {
				all = append(all, choice{Value: strconv.FormatInt(c.GetId(), 10), Text: day(c.GetGivenAt(), s.Zone) + " " + c.GetProof()})
			}
		}
	}
	return all
}
