// Package phone turns what people type into telephone numbers.
//
// It decides, by Google's numbering plans, whether a cell holds numbers that exist, of which country, and in which
// time zones and places they may be. It never guesses digits that are lost, never dials, and never says who owns a number.
package phone

import (
	"fmt"
	"strings"

	"redial/campaign"

	"github.com/nyaruka/phonenumbers"
)

// Normaliser is the campaign.Normaliser of this package. The zero value is ready and safe for concurrent use.
type Normaliser struct{}

var _ campaign.Normaliser = Normaliser{}

// Numbers reads the numbers of a cell; see Parse.
func (Normaliser) Numbers(cell string, hint campaign.PhoneHint) ([]campaign.Number, []campaign.Fault) {
	return Parse(cell, hint)
}

// Zones are every zone the number may be in; see Zones.
func (Normaliser) Zones(p campaign.Phone) []string { return Zones(p) }

// Country is the code of a country by its name; see Region.
func (Normaliser) Country(name string) (string, bool) { return Region(name) }

// maxZones is the most zones that still say anything: toll-free numbers and bare country codes have more.
const maxZones = 12

// Zones are every IANA zone that the number may be in by its prefix, or nil if that is unknown or as good as
// everywhere (toll-free numbers of North America). The slice is shared: never changed.
func Zones(p campaign.Phone) []string {
	zones, err := phonenumbers.GetTimezonesForPrefix(string(p))
	if err != nil || len(zones) > maxZones || len(zones) == 0 || zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	return zones
}

// One reads the single number that a person types or a program sends. The error is of kind KindInvalid, names
// field (unless that is empty) and says what to do.
func One(field, text string, hint campaign.PhoneHint) (campaign.Number, error) {
	numbers, faults := Parse(text, hint)
	var reason, message string
	switch {
	case len(faults) > 0:
		reason, message = strings.ToUpper(faults[0].Reason), faults[0].Message+"; "+faults[0].Suggestion
	case len(numbers) == 0:
		message = "no number given: give one, such as +14155550123"
	case len(numbers) > 1:
		message = fmt.Sprintf("%d numbers given: give one", len(numbers))
	default:
		return numbers[0], nil
	}
	if field == "" {
		return campaign.Number{}, &campaign.Error{Kind: campaign.KindInvalid, Reason: reason, Message: message}
	}
	e := campaign.Invalid(field, message)
	e.Reason = reason
	return campaign.Number{}, e
}

// Parse reads the numbers of a cell in order, each with its places, and says what is wrong with those it cannot take.
// The country is a number's own (+ or 00), else the row's dialling code, else the row's country, else the region. An
// empty cell, or one that says "none", has neither numbers nor faults.
func Parse(cell string, hint campaign.PhoneHint) ([]campaign.Number, []campaign.Fault) {
	if n, ok := fast(cell, &hint); ok {
		n.Places = Places(n.Phone)
		return []campaign.Number{n}, nil
	}
	numbers, faults := parse(cell, hint)
	for i := range numbers {
		numbers[i].Places = Places(numbers[i].Phone)
	}
	return numbers, faults
}

// parse is Parse without the short cut and the places.
func parse(cell string, hint campaign.PhoneHint) ([]campaign.Number, []campaign.Fault) {
	text := clean(cell)
	if isNothing(text) {
		return nil, nil
	}
	if len(text) > maxCell {
		return nil, []campaign.Fault{fault(campaign.ProblemBadPhone, text[:maxCell], "is too long for telephone numbers", "put one number in a cell")}
	}
	var r reader
	switch {
	case dialerExtra.MatchString(text):
		r.readExtra(text, hint)
	default:
		r.read(text, hint)
	}
	return r.numbers, r.faults
}

// The limits of one cell: its bytes, and how many numbers or faults are taken from it.
const (
	maxCell   = 500
	maxInCell = 20
)

// reader gathers what a cell holds.
type reader struct {
	numbers []campaign.Number
	faults  []campaign.Fault
}

func (r *reader) take(n campaign.Number, f *campaign.Fault) {
	switch {
	case f != nil && len(r.faults) < maxInCell:
		r.faults = append(r.faults, *f)
	case f == nil && len(r.numbers) < maxInCell:
		r.numbers = append(r.numbers, n)
	}
}

// readExtra reads VICIdial's further numbers: number_code_label, joined by "!".
func (r *reader) readExtra(text string, hint campaign.PhoneHint) {
	for piece := range strings.SplitSeq(text, "!") {
		part := strings.SplitN(strings.TrimSpace(piece), "_", 3)
		if part[0] == "" {
			continue
		}
		own := hint
		if len(part) > 1 && part[1] != "" {
			own.DialCode = part[1]
		}
		n, f := single(part[0], own)
		if len(part) > 2 && f == nil {
			n.Label = strings.TrimSpace(part[2])
		}
		r.take(n, f)
	}
}

// read reads a cell that may hold several numbers.
func (r *reader) read(text string, hint campaign.PhoneHint) {
	for _, piece := range splitSure(text) {
		if isNothing(piece) {
			continue
		}
		pieces := splitMaybe(piece)
		n, f := single(piece, hint)
		if len(pieces) < 2 {
			r.take(n, f)
			continue
		}
		// The sign may belong to one number (030/12345678) or part two: two, where each is a number alone.
		var many reader
		for _, p := range pieces {
			many.take(single(p, hint))
		}
		switch {
		case len(many.faults) == 0, f != nil && len(many.numbers) > 0:
			r.numbers, r.faults = append(r.numbers, many.numbers...), append(r.faults, many.faults...)
		default:
			r.take(n, f)
		}
	}
}

func fault(reason, value, message, suggestion string) campaign.Fault {
	return campaign.Fault{Reason: reason, Value: value, Message: fmt.Sprintf("%q %s", value, message), Suggestion: suggestion}
}
