package campaign

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestStatesAreKnownAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"GA": "US-GA", "ga": "US-GA", "Ga.": "US-GA", "Georgia": "US-GA", " georgia ": "US-GA", "US-GA": "US-GA", "佐治亚州": "US-GA", "佐治亚": "US-GA",
		"纽约州": "US-NY", "加州": "US-CA", "德克萨斯州": "US-TX", "N. Carolina": "US-NC", "north carolina": "US-NC", "Washington, D.C.": "US-DC", "Wash.": "US-WA", "D.C.": "US-DC",
		"ON": "CA-ON", "Québec": "CA-QC", "quebec": "CA-QC", "CA-QC": "CA-QC", "PEI": "CA-PE", "Newfoundland & Labrador": "CA-NL", "安大略省": "CA-ON",
		"PR": "US-PR", "AE": "US", "FM": "FM", "": "", "州": "", "XX": "", "Bayern": "", "NSW": "", "广东": "", "US": "US", strings.Repeat("G", 80): "",
	} {
		got, ok := StateNamed(name)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q %v, want %q", name, got, ok, want)
		}
	}
}

// No two states have a name in common: the list has every state, district and territory, each province once.
func TestStateListIsWhole(t *testing.T) {
	t.Parallel()
	names, places := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(stateList) {
		if line[0] == '#' {
			continue
		}
		all := strings.Split(strings.TrimSpace(line), "|")
		places[all[0]] = true
		for _, n := range all[1:] {
			key := foldState(n)
			if other := names[key]; other != "" || key == "" {
				t.Errorf("%q is a name of %s and of %s", n, all[0], other)
			}
			names[key] = all[0]
		}
	}
	us, ca := 0, 0
	for p := range places {
		switch {
		case strings.HasPrefix(p, "US-"):
			us++
		case strings.HasPrefix(p, "CA-"):
			ca++
		}
	}
	if us != 50+1+5 || ca != 13 {
		t.Errorf("%d parts of the United States, %d of Canada", us, ca)
	}
}

func TestPostalCodesTellTheState(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"30301": "US-GA", "33101": "US-FL", "10001": "US-NY", "90210-1234": "US-CA", "902101234": "US-CA", "02139": "US-MA", "2139": "US-MA", "02139.0": "US-MA",
		"06390": "US-CT US-NY", "00901": "US-PR", "09012": "US", "99501": "US-AK", "73301": "US-TX", "73102": "US-OK", "88510": "US-TX", "83414": "US-ID US-WY", "05501": "US-MA", "05401": "US-VT",
		"20041": "US-DC US-VA", "56901": "US-DC", "39901": "US-GA", "96799": "US-AS US-HI", "96950": "FM MH PW US-GU US-MP", "34101": "US-FL", "82001": "US-WY", "83001": "US-WY",
		"00000": "", "30": "", "": "", "303011": "", "3030A": "", "30301-": "US-GA", "30301-x": "", "SW1A 1AA": "", "999999": "", "21300": "",
	} {
		if got := strings.Join(zipPlace(code, true), " "); got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
	if got := zipPlace("2139", false); got != nil {
		t.Errorf("four digits of an unsure country: got %v", got)
	}
	for code, want := range map[string]string{
		"K1A 0B1": "CA-ON", "h2x1y4": "CA-QC", "T5J": "CA-AB", "V6B-1A1": "CA-BC", "X0A 0A0": "CA-NT CA-NU", "A1A 1A1": "CA-NL", "Y1A": "CA-YT",
		"D1A 1A1": "", "K1A 0B": "", "K1A 0BB": "", "K1": "", "": "", "SW1A 1AA": "", "M1A is long": "",
	} {
		if got := strings.Join(canadianPlace(code), " "); got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
}

// Every prefix stands once, in a form that can be read, and every state, district and territory has some.
func TestZipListIsWellFormed(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^([A-Z]{2}(?:-[A-Z]{2})?(?: [A-Z]{2}(?:-[A-Z]{2})?)*) \| (\d{3}(?:-\d{3})?(?: \d{3}(?:-\d{3})?)*)\n$`)
	placed := map[string]bool{}
	held := 0
	for line := range strings.Lines(zipList) {
		if line[0] == '#' {
			continue
		}
		m := form.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("bad line %q", line)
			continue
		}
		for p := range strings.FieldsSeq(m[1]) {
			placed[p] = true
		}
		for span := range strings.FieldsSeq(m[2]) {
			from, to, many := strings.Cut(span, "-")
			if !many {
				to = from
			}
			a, _ := strconv.Atoi(from)
			b, _ := strconv.Atoi(to)
			held += b - a + 1
			if many && a >= b {
				t.Errorf("%q: %s ends before it begins", line, span)
			}
		}
	}
	for _, p := range stateNames() {
		if !strings.HasPrefix(p, "CA-") && !placed[p] {
			t.Errorf("no ZIP code is in %s", p)
		}
	}
	different := 0
	for _, places := range zipPlaces() {
		if places != nil {
			different++
		}
	}
	if different != held || held < 880 {
		t.Errorf("%d prefixes in the list, %d of them different", held, different)
	}
}
