package phone

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"

	"github.com/nyaruka/phonenumbers"
)

func TestRegionKnowsCountriesByTheirUsualNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"US": "US", "us": "US", "USA": "US", "United States": "US", "united states of america": "US", "美国": "US", "Estados Unidos": "US", "U.S.A.": "US",
		"中国": "CN", "中华人民共和国": "CN", "China": "CN", "P.R. China": "CN", "香港": "HK", "Hong Kong": "HK", "台湾": "TW", "臺灣": "TW",
		"UK": "GB", "United Kingdom": "GB", "England": "GB", "Großbritannien": "GB", "缅甸": "MM", "越南": "VN", "Vereinigtes Königreich": "GB", "Deutschland": "DE", "Alemania": "DE", "德国": "DE", "España": "ES", "Espana": "ES",
		"Cote d'Ivoire": "CI", "Côte d’Ivoire": "CI", "Korea": "KR", "Russian Federation": "RU", "Slovakia (Slovak Republic)": "SK", "The Netherlands": "NL", "Holy See (Vatican City State)": "VA",
		"Trinidad and Tobago": "TT", "Bosnia & Herzegovina": "BA", "日本": "JP", "Brasil": "BR", "México": "MX", "": "", "Atlantis": "", "XX": "", "1": "",
	} {
		got, ok := Region(name)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q %v, want %q", name, got, ok, want)
		}
	}
}

func TestEveryCountryWithAPlanIsKnown(t *testing.T) {
	t.Parallel()
	for region := range phonenumbers.GetSupportedRegions() {
		if got, ok := Region(region); !ok || got != region {
			t.Errorf("%s: got %q", region, got)
		}
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	for number, want := range map[campaign.Phone]string{
		"+12125550123": "America/New_York", "+8613800138000": "Asia/Shanghai", "+447700900123": "Europe/Guernsey Europe/Isle_of_Man Europe/London",
		"+18005550123": "", "+870123456789": "", "": "", "+": "",
	} {
		if got := strings.Join(Zones(number), " "); got != want {
			t.Errorf("%s: got %q, want %q", number, got, want)
		}
	}
}

// Whatever Zones answers can be loaded.
func TestZonesExist(t *testing.T) {
	t.Parallel()
	checked := map[string]bool{}
	for prefix := range 10_000 {
		for _, z := range Zones(campaign.Phone("+" + strings.TrimLeft(time.Duration(prefix).String(), "µns") + "55501")) {
			checked[z] = true
		}
		digits := []byte("+0000555")
		for i, p := 4, prefix; i > 0; i, p = i-1, p/10 {
			digits[i] = byte('0' + p%10)
		}
		for _, z := range Zones(campaign.Phone(digits)) {
			checked[z] = true
		}
	}
	for z := range checked {
		if _, err := time.LoadLocation(z); err != nil {
			t.Errorf("%s: %v", z, err)
		}
	}
	if len(checked) < 100 {
		t.Errorf("only %d zones seen", len(checked))
	}
}

// The example numbers of ten countries, where they are at hand: validity and zones as published.
func TestPublishedExampleNumbers(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../../shared/data/phone/example_numbers_10_countries.csv")
	if err != nil {
		t.Skip("no published example numbers here: ", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	never := []string{"premiumRate", "pager", "voicemail"}
	for _, r := range rows[1:] {
		region, code, kind, national, e164, zones := r[0], r[1], r[2], r[3], r[4], r[9]
		for _, c := range []struct {
			cell string
			hint campaign.PhoneHint
		}{{e164, campaign.PhoneHint{}}, {national, campaign.PhoneHint{Country: region}}, {national, campaign.PhoneHint{DialCode: code}}} {
			got, want := show(Parse(c.cell, c.hint)), e164
			if slices.Contains(never, kind) {
				want = "!bad_number_type"
			}
			if got != want {
				t.Errorf("%s %s %q %+v: got %q, want %q", region, kind, c.cell, c.hint, got, want)
			}
		}
		if zones != "" && strings.Join(Zones(campaign.Phone(e164)), "&") != zones {
			t.Errorf("%s: zones %v, want %s", e164, Zones(campaign.Phone(e164)), zones)
		}
	}
}
