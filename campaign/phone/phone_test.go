package phone

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"redial/campaign"

	"github.com/nyaruka/phonenumbers"
)

// show writes what a cell gave: numbers with x and label, then !reasons.
func show(numbers []campaign.Number, faults []campaign.Fault) string {
	var parts []string
	for _, n := range numbers {
		s := string(n.Phone)
		if n.Extension != "" {
			s += "x" + n.Extension
		}
		if n.Label != "" {
			s += "(" + n.Label + ")"
		}
		parts = append(parts, s)
	}
	for _, f := range faults {
		parts = append(parts, "!"+f.Reason)
	}
	return strings.Join(parts, " ")
}

func TestParseReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ country, cell, want string }{
		{"CN", "13800138000", "+8613800138000"},
		{"CN", "'13800138000", "+8613800138000"},
		{"CN", `="13800138000"`, "+8613800138000"},
		{"CN", "１３８００１３８０００", "+8613800138000"},
		{"CN", "＋８６　１３８　００１３　８０００", "+8613800138000"},
		{"CN", "138\u00a00013\u200b8000", "+8613800138000"},
		{"CN", "138–0013—8000", "+8613800138000"},
		{"CN", "13800138000.0", "+8613800138000"},
		{"CN", "1.3800138000E+10", "+8613800138000"},
		{"CN", "1.38E+10", "!digits_lost"},
		{"CN", "1.3800138E+10", "!digits_lost"},
		{"CN", "4,41E+11", "!digits_lost"},
		{"CN", "########", "!digits_lost"},
		{"CN", "0755-88888888转801", "+8675588888888x801"},
		{"CN", "0755-88888888-801", "+8675588888888x801"},
		{"CN", "（0755）88888888分机801", "+8675588888888x801"},
		{"CN", "13800138000/13900139000", "+8613800138000 +8613900139000"},
		{"CN", "13800138000 13900139000", "+8613800138000 +8613900139000"},
		{"CN", "13800138000或13900139000", "+8613800138000 +8613900139000"},
		{"CN", "13800138000、13900139000；0755-88888888", "+8613800138000 +8613900139000 +8675588888888"},
		{"CN", "手机：13800138000", "+8613800138000"},
		{"CN", "13800138000（家）", "+8613800138000"},
		{"CN", "8613800138000", "+8613800138000"},
		{"CN", "0086 13800138000", "+8613800138000"},
		{"CN", "4008001234", "+864008001234"},
		{"CN", "95588", "!short_number"},
		{"CN", "10086", "!short_number"},
		{"CN", "+8695588", "!short_number"},
		{"CN", "021-12345", "!short_number"},
		{"CN", "65529988", "!no_area_code"},
		{"CN", "1064812345678", "!bad_phone"},
		{"CN", "12345", "!no_area_code"},
		{"CN", "无", ""},
		{"US", "N/A", ""},
		{"US", "", ""},
		{"US", "(212) 555-0123", "+12125550123"},
		{"US", "212.555.0123", "+12125550123"},
		{"US", "+1 (212) 555-0123 ext. 12", "+12125550123x12"},
		{"US", "212-555-0123x752", "+12125550123x752"},
		{"US", "212-555-0123 #7", "+12125550123x7"},
		{"US", "tel:+12125550123;ext=9", "+12125550123x9"},
		{"US", "2125550123, 2125550124; 9175550123", "+12125550123 +12125550124 +19175550123"},
		{"US", "2125550123/2125550124/", "+12125550123 +12125550124"},
		{"US", "2125550123 or 12", "+12125550123 !bad_phone"},
		{"US", "001-212-555-0123", "+12125550123"},
		{"US", "011 44 20 7946 0018", "+442079460018"},
		{"US", "1-800-FLOWERS", "+18003569377"},
		{"US", "5550123", "!no_area_code"},
		{"US", "9002345678", "!bad_number_type"},
		{"US", "call me", "!bad_phone"},
		{"US", "+999123456789", "!bad_phone"},
		{"GB", "020 7946 0018", "+442079460018"},
		{"GB", "+44 (0)20 7946 0018", "+442079460018"},
		{"United Kingdom", "07400 123456", "+447400123456"},
		{"英国", "02079460018", "+442079460018"},
		{"DE", "030/23125 000", "+493023125000"},
		{"Deutschland", "0171/39200 12", "+491713920012"},
		{"AU", "(02) 5550 0123", "+61255500123"},
		{"IT", "06 5555 5555", "+390655555555"},
		{"Nowhere Land", "2125550123", "!unknown_country"},
		{"Antarctica", "2125550123", "!unknown_country"},
		{"", "2125550123", "!no_country"},
		{"", "+12125550123", "+12125550123"},
	} {
		got := show(Parse(c.cell, campaign.PhoneHint{Country: c.country}))
		if got != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.cell, c.country, got, c.want)
		}
	}
}

func TestCountryIsTheNumbersOwnThenCodeThenColumnThenRegion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cell, code, country, region, want string }{
		{"+442079460018", "1", "US", "CN", "+442079460018"},
		{"0044 2079460018", "1", "US", "CN", "+442079460018"},
		{"2079460018", "44", "US", "CN", "+442079460018"},
		{"2079460018", "+44", "US", "CN", "+442079460018"},
		{"2079460018", "0044", "US", "CN", "+442079460018"},
		{"2079460018", "", "GBR", "CN", "+442079460018"},
		{"2079460018", "", "n/a", "GB", "+442079460018"},
		{"2125550123", "0", "", "US", "+12125550123"},
		{"02079460018", "", "US", "GB", "!bad_phone"}, // the column speaks, the region is not asked
		{"2125550123_1_work!2079460018_44_her sister", "", "", "CN", "+12125550123(work) +442079460018(her sister)"},
	} {
		got := show(Parse(c.cell, campaign.PhoneHint{DialCode: c.code, Country: c.country, Region: c.region}))
		if got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func TestFaultsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"1.38E+10", "95588", "5", "abc", "+12", "123456789012345678"} {
		_, faults := Parse(cell, campaign.PhoneHint{Region: "CN"})
		if len(faults) != 1 || !strings.Contains(faults[0].Message, cell) || faults[0].Suggestion == "" || faults[0].Value != cell {
			t.Errorf("%q: got %+v", cell, faults)
		}
	}
}

func TestOneNumberNamesItsField(t *testing.T) {
	t.Parallel()
	n, err := One("new_number", "138 0013 8000", campaign.PhoneHint{Region: "CN"})
	if err != nil || n.Phone != "+8613800138000" {
		t.Fatalf("got %v, %v", n, err)
	}
	for _, bad := range []string{"", "95588", "13800138000/13900139000"} {
		_, err := One("new_number", bad, campaign.PhoneHint{Region: "CN"})
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), "new_number") {
			t.Errorf("%q: got %v", bad, err)
		}
		if _, err := One("", bad, campaign.PhoneHint{Region: "CN"}); campaign.KindOf(err) != campaign.KindInvalid || strings.HasPrefix(err.Error(), ":") {
			t.Errorf("%q without a field: got %v", bad, err)
		}
	}
}

// The short cut and the library agree on every cell that the short cut takes.
func TestShortCutAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	hints := []campaign.PhoneHint{{Region: "US"}, {Country: "Canada"}, {Country: "JM"}, {Region: "CN"}, {DialCode: "86"}, {DialCode: "1"}, {}, {Country: "PR", Region: "CN"}}
	taken := 0
	for range 60_000 {
		var cell string
		switch d := func(n int) int { return r.IntN(n) }; d(4) {
		case 0:
			cell = fmt.Sprintf("1%010d", r.Int64N(1e10))
		case 1:
			cell = fmt.Sprintf("+861%010d", r.Int64N(1e10))
		case 2:
			cell = fmt.Sprintf("(%03d) %03d-%04d", 200+d(800), d(1000), d(10000))
		default:
			cell = fmt.Sprintf("+1%010d", 2e9+r.Int64N(8e9))
		}
		hint := hints[r.IntN(len(hints))]
		n, ok := fast(cell, &hint)
		if !ok {
			continue
		}
		taken++
		if slow := show(parse(cell, hint)); slow != string(n.Phone) {
			t.Fatalf("seed %d: %q with %+v: short cut %s, library %s", seed, cell, hint, n.Phone, slow)
		}
	}
	if taken < 10_000 {
		t.Errorf("the short cut took only %d of 60,000", taken)
	}
}

// An area taken as a whole has no exception: every exchange of each is asked for once.
func TestAreasTakenWholeHaveNoException(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	step := 1
	if testing.Short() {
		step = 97
	}
	for exchange := 200; exchange < 1000; exchange += step {
		area := 200 + r.IntN(800)
		for tries := 0; surveyArea(fmt.Sprint(area)) != areaPlain && tries < 40; tries++ {
			area = 200 + r.IntN(800)
		}
		cell := fmt.Sprintf("+1%03d%03d%04d", area, exchange, r.IntN(10000))
		if n, ok := fast(cell, &campaign.PhoneHint{}); ok && show(parse(cell, campaign.PhoneHint{})) != string(n.Phone) {
			t.Errorf("%s is not in the plan", cell)
		}
	}
}

// A number is valid exactly when its type is known: judge relies on it.
func TestKnownTypeMeansValid(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 3))
	var regions []string
	for region := range phonenumbers.GetSupportedRegions() {
		regions = append(regions, region)
	}
	for range 4000 {
		region := regions[r.IntN(len(regions))]
		n, err := phonenumbers.Parse(fmt.Sprintf("%0*d", 6+r.IntN(6), r.Int64N(1e11)), region)
		if err != nil {
			continue
		}
		if known := phonenumbers.GetNumberType(n) != phonenumbers.UNKNOWN; known != phonenumbers.IsValidNumber(n) {
			t.Errorf("seed %d: %v in %s: type known %v, valid %v", seed, n, region, known, !known)
		}
	}
}

func TestParseIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				cell := fmt.Sprintf("%03d-555-01%02d", 200+i, i%100)
				first := show(Parse(cell, campaign.PhoneHint{Country: "United States"}))
				if again := show(Parse(cell, campaign.PhoneHint{Country: "USA"})); again != first {
					t.Errorf("%s: %q, then %q", cell, first, again)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"13800138000", "+1 (212) 555-0123 ext. 12", "1.38E+10", "7275551212_1_work!", "１３８", "0755-88888888转801", "a/b;c,d", "+", "00", "=\"1\"", "\xff\x00+1"} {
		f.Add(s, "US", "")
	}
	f.Fuzz(func(t *testing.T, cell, country, code string) {
		numbers, faults := Parse(cell, campaign.PhoneHint{Country: country, DialCode: code, Region: "CN"})
		for _, n := range numbers {
			p := string(n.Phone)
			if len(p) < 5 || len(p) > 17 || p[0] != '+' || strings.Trim(p[1:], "0123456789") != "" || strings.Trim(n.Extension, "0123456789") != "" {
				t.Fatalf("%q gave %+v", cell, n)
			}
			again, bad := Parse(p, campaign.PhoneHint{})
			if len(bad) > 0 || len(again) != 1 || again[0].Phone != n.Phone {
				t.Fatalf("%q gave %s, which gives %v %v", cell, p, again, bad)
			}
		}
		for _, x := range faults {
			if x.Reason == "" || x.Message == "" || x.Suggestion == "" {
				t.Fatalf("%q: %+v", cell, x)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, c := range map[string]struct{ cell, region string }{
		"us": {"(212) 555-0123", "US"}, "cn": {"13800138000", "CN"}, "gb": {"020 7946 0018", "GB"}, "two": {"020 7946 0018 / 020 7946 0019", "GB"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Parse(c.cell, campaign.PhoneHint{Region: c.region})
			}
		})
	}
}
