package campaign

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed states.txt
var stateList string

//go:embed zips.txt
var zipList string

// stateNames are the states and provinces by their names, folded by foldState.
var stateNames = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 300)
	for line := range strings.Lines(stateList) {
		if line[0] == '#' {
			continue
		}
		names := strings.Split(strings.TrimSpace(line), "|")
		place := names[0]
		names[0] = strings.ReplaceAll(place, "-", "")
		if _, letters, ok := strings.Cut(place, "-"); ok {
			names = append(names, letters)
		}
		for _, n := range names {
			m[foldState(n)] = place
		}
	}
	return m
})

// spelt remembers good spellings of states, so that it is bounded by the names there are times their spellings.
var spelt sync.Map

// StateNamed is the place (ISO 3166-2) of a state of the United States or a province of Canada by its name or letters, as
// people write them: "GA", "Georgia", "US-GA", "N. Carolina", 佐治亚州. Military post offices are in no state: "US".
func StateNamed(cell string) (place string, ok bool) {
	cell = strings.TrimSpace(cell)
	if cell == "" || len(cell) > 60 {
		return "", false
	}
	if p, ok := spelt.Load(cell); ok {
		return p.(string), true
	}
	if place, ok = stateNames()[foldState(cell)]; ok {
		spelt.Store(strings.Clone(cell), place)
	}
	return place, ok
}

// foldState is a name without case, accents, spaces and signs, and without the Chinese word for state or province
// unless it is needed to tell a short form.
func foldState(name string) string {
	key := foldHeading(name)
	for _, word := range []string{"州", "省"} {
		if rest, ok := strings.CutSuffix(key, word); ok && len(rest) >= 2*len("州") {
			return rest
		}
	}
	return key
}

// zipPlaces are the places of each prefix of ZIP codes; nil: unassigned.
var zipPlaces = sync.OnceValue(func() *[1000][]string {
	var t [1000][]string
	for line := range strings.Lines(zipList) {
		if line[0] == '#' {
			continue
		}
		where, prefixes, _ := strings.Cut(line, "|")
		places := slices.Sorted(strings.FieldsSeq(where))
		for span := range strings.FieldsSeq(prefixes) {
			first, last, many := strings.Cut(span, "-")
			if !many {
				last = first
			}
			from, err1 := strconv.Atoi(first)
			to, err2 := strconv.Atoi(last)
			for n := from; err1 == nil && err2 == nil && n <= to && n < len(t); n++ {
				t[n] = places
			}
		}
	}
	return &t
})

// zipPlace is where a ZIP code is; nil: it is none. Spreadsheets drop a zero in front: four digits are taken for five
// where the country is sure.
func zipPlace(code string, sure bool) []string {
	code = strings.TrimSuffix(code, ".0")
	digits, extra, _ := strings.Cut(code, "-")
	digits = strings.TrimSpace(digits)
	if len(digits) == 9 && extra == "" {
		digits = digits[:5]
	}
	if len(digits) == 4 && sure {
		digits = "0" + digits
	}
	if len(digits) != 5 || !isDigits(digits) || extra != "" && !isDigits(extra) {
		return nil
	}
	return zipPlaces()[int(digits[0]-'0')*100+int(digits[1]-'0')*10+int(digits[2]-'0')]
}

// provinces of Canada by the first letter of their postal codes.
var provinces = map[byte][]string{
	'A': {"CA-NL"}, 'B': {"CA-NS"}, 'C': {"CA-PE"}, 'E': {"CA-NB"}, 'G': {"CA-QC"}, 'H': {"CA-QC"}, 'J': {"CA-QC"},
	'K': {"CA-ON"}, 'L': {"CA-ON"}, 'M': {"CA-ON"}, 'N': {"CA-ON"}, 'P': {"CA-ON"}, 'R': {"CA-MB"}, 'S': {"CA-SK"},
	'T': {"CA-AB"}, 'V': {"CA-BC"}, 'X': {"CA-NT", "CA-NU"}, 'Y': {"CA-YT"},
}

// canadianPlace is where a Canadian postal code (K1A 0B1, or its first half) is; nil: it is none.
func canadianPlace(code string) []string {
	if len(code) < 3 || len(code) > 8 || !letter(code[0]) || !isDigits(code[1:2]) || !letter(code[2]) {
		return nil
	}
	if rest := strings.TrimLeft(code[3:], " -"); rest != "" &&
		(len(rest) != 3 || !isDigits(rest[:1]) || !letter(rest[1]) || !isDigits(rest[2:])) {
		return nil
	}
	return provinces[code[0]&^0x20]
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// territories are the countries of ISO 3166-1 that are parts of the United States: its federal law holds there.
var territories = map[string]string{"PR": "US-PR", "VI": "US-VI", "GU": "US-GU", "AS": "US-AS", "MP": "US-MP"}

// PlaceOfCountry is the place that a country's code (ISO 3166-1) stands for: territories of the United States are parts
// of it.
func PlaceOfCountry(code string) string {
	if p, ok := territories[code]; ok {
		return p
	}
	return code
}

// withinPlace says whether place is in other, or the same: US-FL is in US.
func withinPlace(place, other string) bool {
	return place == other || strings.HasPrefix(place, other) && place[len(other)] == '-'
}
