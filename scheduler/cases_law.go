package scheduler

import (
	"fmt"
	"slices"

	"redial/campaign"
)

// ReadLawRule reads a rule of a law pack, valid JSON, as packs write it. It is strict about all that the rule demands;
// where it is from may be left out: a case that asks what a rule does need not prove it. The error is of kind
// KindInvalid and names the field, and the rule that comes with it has what was read before.
func ReadLawRule(v []byte) (LawRule, error) {
	var r LawRule
	err := campaign.StrictObject(v, func(name string, v []byte) error { return r.field(name, v) })
	if err == nil {
		err = r.check()
	}
	return r, err
}

func (r *LawRule) field(name string, v []byte) (err error) {
	switch name {
	case "id":
		r.ID, err = campaign.StrictString(v)
	case "text":
		r.Text, err = campaign.StrictString(v)
	case "kind":
		r.Kind, err = readOneOf(v, []LawKind{LawHours, LawCap, LawCoolOff, LawConsent})
	case "places":
		r.Places, err = readPlaces(v)
	case "except":
		r.Except, err = readPlaces(v)
	case "purposes":
		err = campaign.StrictArray(v, func(_ int, v []byte) error {
			p, err := readOneOf(v, campaign.Purposes)
			r.Purposes = append(r.Purposes, p)
			return err
		})
	case "from":
		r.From, err = readDate(v)
	case "to":
		r.To, err = readDate(v)
	case "unless":
		err = campaign.StrictArray(v, func(_ int, v []byte) error {
			u, err := readOneOf(v, []LawExcuse{ExcuseConsent, ExcuseAgent})
			r.Unless = append(r.Unless, u)
			return err
		})
	case "consent_age":
		r.ConsentAge, err = campaign.StrictDuration(v)
	case "source":
		r.Source, err = campaign.StrictString(v)
	case "confirmed":
		r.Confirmed, err = campaign.StrictBool(v)
	case "checked":
		r.Checked, err = readDate(v)
	default:
		err = r.measure(name, v)
	}
	return err
}

// measure reads what a rule of one kind demands.
func (r *LawRule) measure(name string, v []byte) (err error) {
	var read campaign.Rules
	switch name {
	case "hours":
		r.Hours, err = readWindows(v)
	case "closed":
		r.Closed, err = campaign.StrictBool(v)
	case "cap":
		if read, err = readMeasure("caps", fmt.Appendf(nil, "[%s]", v), "[0]"); err == nil {
			r.Cap = read.Caps[0]
		}
	case "cool_off":
		if read, err = readMeasure("cool_offs", fmt.Appendf(nil, "[%s]", v), "[0]"); err == nil {
			r.CoolOff = read.CoolOffs[0]
		}
	default:
		err = campaign.ErrUnknownField
	}
	return err
}

// check says what a rule lacks, or has that its kind does not use.
func (r *LawRule) check() error {
	switch {
	case r.ID == "":
		return campaign.Invalid("id", "is missing")
	case r.Kind == "":
		return campaign.Invalid("kind", "is missing: write hours, cap, cool_off or consent")
	case len(r.Places) == 0:
		return campaign.Invalid("places", "is missing: name at least one, such as US or US-FL")
	case backwards(r.From, r.To):
		return campaign.Invalid("to", "is before from")
	}
	for _, m := range []struct {
		kind  LawKind
		field string
		given bool
	}{
		{LawHours, "hours", len(r.Hours) > 0},
		{LawCap, "cap", r.Cap != campaign.Cap{}},
		{LawCoolOff, "cool_off", r.CoolOff != campaign.CoolOff{}},
	} {
		switch {
		case m.kind == r.Kind && !m.given:
			return campaign.Invalid(m.field, fmt.Sprintf("is missing: a rule of kind %s needs it", r.Kind))
		case m.kind != r.Kind && m.given:
			return campaign.Invalid(m.field, fmt.Sprintf("does not belong to a rule of kind %s", r.Kind))
		}
	}
	if r.Closed && r.Kind != LawHours {
		return campaign.Invalid("closed", "belongs to rules of kind hours alone")
	}
	if r.ConsentAge != 0 && !slices.Contains(r.Unless, ExcuseConsent) {
		return campaign.Invalid("consent_age", `is of a consent that lifts the rule: say "unless":["consent"], or leave it out`)
	}
	return nil
}
