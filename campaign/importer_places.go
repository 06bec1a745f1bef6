package campaign

import (
	"fmt"
	"slices"
	"strings"
)

// cellAt is a cell that is judged when the rest of the row is known; empty text: there is none.
type cellAt struct {
	column int
	text   string
	rank   int
}

// better is the cell of the better column: a mailing address before a shipping address.
func (at cellAt) better(o cellAt) cellAt {
	if at.text == "" || o.rank < at.rank {
		return o
	}
	return at
}

// readFact keeps what is judged together with the rest of the row.
func (j *judging) readFact(i int, cell string) {
	c := &j.Map.Columns[i]
	at := cellAt{i, cell, c.Rank}
	switch c.Field {
	case FieldAccount:
		if !saysNothing(cell) {
			j.draft.Account = clip(cell, 200)
		}
	case FieldState:
		j.state = j.state.better(at)
	case FieldPostal:
		j.postal = j.postal.better(at)
	case FieldConsent:
		j.consent.given = at
	case FieldConsentAt:
		j.consent.at = at
	case FieldConsentUntil:
		j.consent.until = at
	case FieldConsentProof:
		j.consent.proof = at
	case FieldConsentPurpose:
		j.consent.purpose = at
	default:
	}
}

// saysNothing says whether a cell is filled in to say that there is nothing.
func saysNothing(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "-", "--", "---", ".", "?", "n/a", "na", "#n/a", "none", "null", "nil", "nan", "unknown", "other", "select", "not applicable", "not available", "outside us", "无", "暂无", "未知", "不详", "其他", "ninguno", "aucun", "keine":
		return true
	}
	return false
}

// america is what a row says about its address being in the United States or Canada, where places are narrower than
// countries.
type america struct {
	us, ca bool
	sure   bool // the row's country cell or the import's region says so, and a number of the row does not deny it
}

// readPlaces sets where the lead may live, by its address: the state, the state of its postal code (both, where they
// differ), the country.
func (j *judging) readPlaces() {
	if j.state.text == "" && j.postal.text == "" && j.hint.Country == "" {
		return
	}
	country := j.country()
	in := j.america(country)
	add := func(p string) {
		if i, have := slices.BinarySearch(j.draft.Places, p); !have {
			j.draft.Places = slices.Insert(j.draft.Places, i, p)
		}
	}
	if p, ok := j.stateIn(in); ok {
		add(p)
	}
	for _, p := range j.postalIn(in) {
		add(p)
	}
	if country != "" && !slices.ContainsFunc(j.draft.Places, func(p string) bool { return withinPlace(p, country) }) {
		add(country)
	}
}

// country is the place of the row's country cell; empty: it has none that is known.
func (j *judging) country() string {
	if j.hint.Country == "" {
		return ""
	}
	code, ok := j.Phones.Country(j.hint.Country)
	if !ok {
		return ""
	}
	return PlaceOfCountry(code)
}

func (j *judging) america(country string) america {
	dialled := slices.ContainsFunc(j.draft.Numbers, func(n Number) bool {
		return slices.ContainsFunc(n.Places, func(p string) bool { return withinPlace(p, "US") || withinPlace(p, "CA") })
	})
	switch {
	case country != "":
		return america{us: withinPlace(country, "US"), ca: country == "CA", sure: dialled}
	case j.Region == "US" || j.Region == "CA":
		return america{us: true, ca: true, sure: dialled}
	}
	return america{us: dialled, ca: dialled}
}

// stateIn is the place that the state cell names. What is none is told of only where the address is surely in a country
// with states.
func (j *judging) stateIn(in america) (string, bool) {
	cell := j.state.text
	if !in.us && !in.ca || saysNothing(cell) {
		return "", false
	}
	place, ok := StateNamed(cell)
	if ok && (in.us && !withinPlace(place, "CA") || in.ca && withinPlace(place, "CA")) {
		return place, true
	}
	if in.sure {
		j.warn(j.state.column, Fault{
			Reason: ProblemBadState, Value: cell, Message: fmt.Sprintf("%q is no state or province of %s", clip(cell, 60), in.name()),
			Suggestion: "write its letters, such as GA or ON; the number's own place counts meanwhile",
		})
	}
	return "", false
}

func (in america) name() string {
	switch {
	case in.us && in.ca:
		return "the United States or Canada"
	case in.ca:
		return "Canada"
	}
	return "the United States"
}

// postalIn are the places that the postal code tells; nil: none.
func (j *judging) postalIn(in america) []string {
	code := j.postal.text
	if code == "" {
		return nil
	}
	if in.us {
		if p := zipPlace(code, in.sure && (!in.ca || j.Region == "US")); p != nil {
			return p
		}
	}
	if in.ca {
		return canadianPlace(code)
	}
	return nil
}
