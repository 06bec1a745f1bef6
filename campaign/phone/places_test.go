package phone

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"redial/campaign"

	"github.com/nyaruka/phonenumbers"
)

func TestPlacesOfNumbers(t *testing.T) {
	t.Parallel()
	for number, want := range map[campaign.Phone]string{
		"+13055550123": "US-FL", "+12125550123": "US-NY", "+14165550123": "CA-ON", "+19025550123": "CA-NS CA-PE", "+18675550123": "CA-NT CA-NU CA-YT",
		"+18005550123": "CA US", "+15005550123": "CA US", "+16005550123": "CA", "+19995550123": "CA US", "+1": "", "+12": "CA US",
		"+17875550123": "US-PR", "+16715550123": "US-GU", "+18765550123": "JM", "+12425550123": "BS", "+18095550123": "DO",
		"+8613800138000": "CN", "+862112345678": "CN", "+85221234567": "HK", "+886912345678": "TW",
		"+442079460018": "GB", "+447911223456": "GB", "+447911123456": "GG", "+441481256789": "GG", "+441534440123": "JE", "+441624710123": "IM", "+447781123456": "GG", "+447797712345": "JE", "+447624212345": "IM",
		"+44": "GB GG IM JE", "+4400000": "GB GG IM JE",
		"+79161234567": "RU", "+77710009998": "KZ", "+390669812345": "VA", "+390612345678": "IT", "+358181234567": "AX", "+61891621234": "CC",
		"+33612345678": "FR", "+262262123456": "RE", "+4930123456": "DE", "+919876543210": "IN", "+61412345678": "AU",
		"+80012345678": "", "+870773111632": "", "": "", "+": "", "+9": "", "13055550123": "", "+99": "",
	} {
		if got := strings.Join(Places(number), " "); got != want {
			t.Errorf("%s: got %q, want %q", number, got, want)
		}
	}
}

// stateNames are the library's names of an area as a whole where they are not the states' postal codes.
var stateNames = strings.NewReplacer(
	"Washington State", "WA", "Washington D.C.", "DC", "British Colombia", "BC", "Nova Scotia/Prince Edward Island", "NS PE", "Northwest Territories/Nunavut/Yukon", "NT NU YT", "Watson Lake", "YT",
	"Alabama", "AL", "Alaska", "AK", "Alberta", "AB", "Arizona", "AZ", "Arkansas", "AR", "British Columbia", "BC", "California", "CA", "Colorado", "CO", "Connecticut", "CT",
	"Delaware", "DE", "Florida", "FL", "Georgia", "GA", "Hawaii", "HI", "Idaho", "ID", "Illinois", "IL", "Indiana", "IN", "Iowa", "IA", "Arkansas", "AR", "Kansas", "KS", "Kentucky", "KY",
	"Louisiana", "LA", "Maine", "ME", "Manitoba", "MB", "Maryland", "MD", "Massachusetts", "MA", "Michigan", "MI", "Minnesota", "MN", "Mississippi", "MS", "Missouri", "MO", "Montana", "MT",
	"Nebraska", "NE", "Nevada", "NV", "New Brunswick", "NB", "New Hampshire", "NH", "New Jersey", "NJ", "New Mexico", "NM", "New York", "NY", "Newfoundland and Labrador", "NL",
	"North Carolina", "NC", "North Dakota", "ND", "Ohio", "OH", "Oklahoma", "OK", "Ontario", "ON", "Oregon", "OR", "Pennsylvania", "PA", "Quebec", "QC", "Rhode Island", "RI",
	"Saskatchewan", "SK", "South Carolina", "SC", "South Dakota", "SD", "Tennessee", "TN", "Texas", "TX", "Utah", "UT", "Vermont", "VT", "West Virginia", "WV", "Virginia", "VA",
	"Wisconsin", "WI", "Wyoming", "WY")

// The list of area codes against the library's plan (which country) and its geography (which state): whatever number
// exists, of whatever exchange, its state is among its places, and so is its country.
func TestAreaCodesAreWhereTheLibrarySaysTheyAre(t *testing.T) {
	t.Parallel()
	known, placed := 0, 0
	for area := 200; area < 1000; area++ {
		for exchange := 200; exchange < 1000; exchange += 19 {
			number := campaign.Phone(fmt.Sprintf("+1%d%d0123", area, exchange))
			n, err := phonenumbers.Parse(string(number), "")
			if err != nil {
				t.Fatal(err)
			}
			region := phonenumbers.GetRegionCodeForNumber(n)
			if region == "" {
				continue
			}
			known++
			where, _ := phonenumbers.GetGeocodingForNumber(n, "en")
			if i := strings.LastIndex(where, ", "); i >= 0 {
				where = where[i+2:]
			}
			places := Places(number)
			for _, want := range expected(region, where) {
				placed++
				if !slices.Contains(places, want) && !(area == 201 && want == "US-NY") { // one exchange of 201 in the library's data
					t.Errorf("%s: got %v, want %s of %s, %q", number, places, want, region, where)
				}
			}
		}
	}
	if known < 18_000 || placed < known {
		t.Errorf("only %d numbers of country code 1 were looked at, %d places", known, placed)
	}
}

// expected are the places that the library tells of a number.
func expected(region, where string) []string {
	switch region {
	case "PR", "VI", "GU", "AS", "MP":
		return []string{"US-" + region}
	case "US", "CA":
		if where == "United States" || where == "Canada" {
			return []string{region}
		}
		var out []string
		for code := range strings.FieldsSeq(stateNames.Replace(where)) {
			out = append(out, region+"-"+code)
		}
		return out
	}
	return []string{region}
}

// Each area code stands once in the list, in a form that can be read.
func TestAreaListIsWellFormed(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^((?:US|CA)-[A-Z]{2}(?: CA-[A-Z]{2})*|[A-Z]{2}|CA US) \| ([2-9]\d\d(?: [2-9]\d\d)*)\n$`)
	seen := map[string]bool{}
	for line := range strings.Lines(areaList) {
		if line[0] == '#' {
			continue
		}
		m := form.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("bad line %q", line)
			continue
		}
		if places := strings.Fields(m[1]); !slices.IsSorted(places) {
			t.Errorf("%v is not in order", places)
		}
		for area := range strings.FieldsSeq(m[2]) {
			if seen[area] {
				t.Errorf("%s stands twice", area)
			}
			seen[area] = true
		}
	}
	if len(seen) < 470 {
		t.Errorf("%d area codes", len(seen))
	}
}

func TestPlacesCostNoMemoryWhereThePlanIsPlain(t *testing.T) {
	for _, p := range []campaign.Phone{"+13055550123", "+8613800138000", "+33612345678"} {
		if n := testing.AllocsPerRun(100, func() { Places(p) }); n != 0 {
			t.Errorf("%s: %v allocations", p, n)
		}
	}
}

func BenchmarkPlaces(b *testing.B) {
	for _, p := range []campaign.Phone{"+13055550123", "+8613800138000", "+447911123456"} {
		b.Run(string(p), func(b *testing.B) {
			for b.Loop() {
				Places(p)
			}
		})
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add("+447911123456")
	f.Add("+1305")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Places(campaign.Phone(s)); !slices.IsSorted(got) {
			t.Errorf("%q: %v", s, got)
		}
	})
}
