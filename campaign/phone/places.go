package phone

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"redial/campaign"

	"github.com/nyaruka/phonenumbers"
)

//go:embed areas.txt
var areaList string

// Places are where the number may be by its prefix, sorted: countries (ISO 3166-1), within the United States and
// Canada the states and provinces of its area code (ISO 3166-2, "US-FL"). All of them count, so that the strictest law
// holds: an area code that serves two provinces has both, a toll-free number of country code 1 has "CA" and "US". Nil:
// the country is unknown, or there is none. The slice is shared: never changed.
func Places(p campaign.Phone) []string {
	if len(p) < 3 || p[0] != '+' {
		return nil
	}
	if p[1] == '1' {
		if len(p) < 5 {
			return bothCountries
		}
		area := digit(p[2])*100 + digit(p[3])*10 + digit(p[4])
		return areaPlaces()[area]
	}
	code := 0
	for n := 1; n <= 3 && n < len(p); n++ {
		code = code*10 + digit(p[n])
		switch c := &countryPlaces()[code]; {
		case c.apart:
			return apart(code, p[n+1:], c.places)
		case c.places != nil:
			return c.places
		}
	}
	return nil
}

func digit(c byte) int { return int(c-'0') % 10 }

// bothCountries is where a number of country code 1 may be whose area code has no area, or is not known here.
var bothCountries = []string{"CA", "US"}

// areaPlaces are the places of each area code of country code 1.
var areaPlaces = sync.OnceValue(func() *[1000][]string {
	var t [1000][]string
	for i := range t {
		t[i] = bothCountries
	}
	for line := range strings.Lines(areaList) {
		if line[0] == '#' {
			continue
		}
		where, areas, _ := strings.Cut(line, "|")
		places := strings.Fields(where)
		for area := range strings.FieldsSeq(areas) {
			t[digit(area[0])*100+digit(area[1])*10+digit(area[2])] = places
		}
	}
	return &t
})

// ofCode is where numbers of a country code may be.
type ofCode struct {
	places []string // all its countries, sorted; nil: no country's code
	apart  bool     // it has several, and the number tells which
}

// countryPlaces are the places of each country code.
var countryPlaces = sync.OnceValue(func() *[1000]ofCode {
	var t [1000]ofCode
	for code := range phonenumbers.GetSupportedCallingCodes() {
		regions := slices.Sorted(slices.Values(phonenumbers.GetRegionCodesForCountryCode(code)))
		if len(regions) > 0 && regions[0] != "001" {
			t[code] = ofCode{regions, len(regions) > 1}
		}
	}
	return &t
})

// apart is the country of a number whose code several have; all of them if its plan does not tell.
func apart(code int, national campaign.Phone, all []string) []string {
	n := phonenumbers.PhoneNumber{CountryCode: new(int32(code)), NationalNumber: new(uint64(0))}
	zeros := 0
	for i := 0; i < len(national); i++ {
		if *n.NationalNumber = *n.NationalNumber*10 + uint64(digit(national[i])); *n.NationalNumber == 0 {
			zeros++
		}
	}
	if zeros > 0 {
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = new(true), new(int32(zeros))
	}
	if i, ok := slices.BinarySearch(all, phonenumbers.GetRegionCodeForNumber(&n)); ok {
		return all[i : i+1 : i+1]
	}
	return all
}
