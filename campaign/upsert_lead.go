package campaign

import (
	"errors"
	"fmt"
	"slices"
)

// BroughtLabel is of a number that a call brought (NUMBER_CHANGED), apart from those that the lead was given.
const BroughtLabel = "new number"

// UpsertHome is where a lead of a CRM is, or will be: what its values are read by.
type UpsertHome struct {
	Campaign *Campaign
	Region   string // of numbers written nationally; empty: the campaign's
	Number   func(text, region string) (Number, error)
}

// Make is the lead that the values give, without identity. Errors: KindInvalid by field.
func (h UpsertHome) Make(v *LeadValues) (*Lead, error) {
	if len(v.Numbers) == 0 {
		return nil, Invalid("lead.numbers", "must hold at least one number: there is no such lead yet")
	}
	read, err := h.read(v.Numbers)
	if err != nil {
		return nil, err
	}
	l := &Lead{CampaignID: h.Campaign.ID, State: LeadOpen, Name: v.Name, Attributes: v.Attributes, Priority: v.Priority,
		Account: v.Account, Places: v.sortedPlaces(), Zones: slices.Clone(v.Zones)}
	own := len(l.Zones) == 0
	if own {
		l.Zones = h.zonesOf(read[0])
	}
	l.Numbers = placed(v.Numbers, read, l.Zones, own)
	return l, nil
}

// Change puts the values that are taken into a lead and says which of its fields are others than before. Where its zones
// were those of its first number they follow it; zones that somebody gave hold for all its numbers. A number that a call
// brought stays. Errors: KindInvalid by field; the lead is then as it was.
func (h UpsertHome) Change(l *Lead, v *LeadValues, take LeadFields) (changed []string, err error) {
	if take&TakeNumbers != 0 {
		if changed, err = h.renumber(l, v, take); err != nil {
			return nil, err
		}
	} else if take&TakeZones != 0 && !slices.Equal(l.Zones, v.Zones) {
		l.Zones, changed = slices.Clone(v.Zones), append(changed, "zones")
	}
	if take&TakeName != 0 && l.Name != v.Name {
		l.Name, changed = v.Name, append(changed, "name")
	}
	if take&TakeAttributes != 0 && !slices.Equal(l.Attributes, v.Attributes) {
		l.Attributes, changed = v.Attributes, append(changed, "attributes")
	}
	if take&TakePriority != 0 && l.Priority != v.Priority {
		l.Priority, changed = v.Priority, append(changed, "priority")
	}
	if take&TakeAccount != 0 && l.Account != v.Account {
		l.Account, changed = v.Account, append(changed, "account")
	}
	if places := v.sortedPlaces(); take&TakePlaces != 0 && !slices.Equal(l.Places, places) {
		l.Places, changed = places, append(changed, "places")
	}
	return changed, nil
}

// renumber gives a lead its numbers, and its zones where those follow or are taken, too.
func (h UpsertHome) renumber(l *Lead, v *LeadValues, take LeadFields) (changed []string, err error) {
	read, err := h.read(v.Numbers)
	if err != nil {
		return nil, err
	}
	zones, follow := l.Zones, h.follows(l)
	switch {
	case take&TakeZones != 0:
		zones, follow = slices.Clone(v.Zones), false
	case follow:
		zones = h.zonesOf(read[0])
	}
	numbers := placed(v.Numbers, read, zones, follow)
	for _, n := range l.Numbers {
		known := slices.ContainsFunc(numbers, func(o Number) bool { return o.Phone == n.Phone })
		if !known && n.Label == BroughtLabel && slices.ContainsFunc(l.Tries, func(t Try) bool { return t.NewNumber == n.Phone }) {
			numbers = append(numbers, n)
		}
	}
	if !slices.EqualFunc(l.Numbers, numbers, sameNumber) {
		l.Numbers, changed = numbers, append(changed, "numbers")
	}
	if !slices.Equal(l.Zones, zones) {
		l.Zones, changed = zones, append(changed, "zones")
	}
	return changed, nil
}

// read reads numbers as people write them; every bad one is named.
func (h UpsertHome) read(given []Number) ([]Number, error) {
	var f faults
	region := h.Region
	if region == "" {
		region = h.Campaign.Region
	}
	out := make([]Number, len(given))
	for i := range given {
		n, err := h.Number(string(given[i].Phone), region)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok {
				return nil, fmt.Errorf("read number %d: %w", i, err)
			}
			f.add(fmt.Sprintf("lead.numbers[%d].phone", i), e.Error())
		}
		out[i] = n
	}
	return out, f.err()
}

// zonesOf are those of a lead by its first number.
func (h UpsertHome) zonesOf(first Number) []string {
	if len(first.Zones) > 0 {
		return slices.Clone(first.Zones)
	}
	return []string{h.Campaign.Zone}
}

// follows says whether the lead's zones are those of its first number.
func (h UpsertHome) follows(l *Lead) bool {
	if len(l.Numbers) == 0 {
		return false
	}
	n, err := h.Number(string(l.Numbers[0].Phone), "")
	return err == nil && slices.Equal(h.zonesOf(n), l.Zones)
}

// placed are the numbers with where they are: own says that one in other zones than the lead keeps its own. A number
// that is given twice is taken once.
func placed(given, read []Number, zones []string, own bool) []Number {
	out := make([]Number, 0, len(given))
	for i := range given {
		n := Number{Phone: read[i].Phone, Extension: given[i].Extension, Label: given[i].Label, Zones: given[i].Zones, Places: read[i].Places}
		if n.Extension == "" {
			n.Extension = read[i].Extension
		}
		if len(n.Zones) == 0 && own && len(read[i].Zones) > 0 && !slices.Equal(read[i].Zones, zones) {
			n.Zones = read[i].Zones
		}
		if !slices.ContainsFunc(out, func(o Number) bool { return o.Phone == n.Phone && o.Extension == n.Extension }) {
			out = append(out, n)
		}
	}
	return out
}

func sameNumber(a, b Number) bool {
	return a.Phone == b.Phone && a.Extension == b.Extension && a.Label == b.Label && slices.Equal(a.Zones, b.Zones) && slices.Equal(a.Places, b.Places)
}
