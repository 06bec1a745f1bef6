package campaign

import (
	"fmt"
	"strings"
	"testing"
)

// placedPhones are plainPhones whose numbers of country code 1 are in Florida and in the zone of New York.
type placedPhones struct{ plainPhones }

func (p placedPhones) Numbers(cell string, hint PhoneHint) ([]Number, []Fault) {
	numbers, faults := p.plainPhones.Numbers(cell, hint)
	for i := range numbers {
		if strings.HasPrefix(string(numbers[i].Phone), "+1") {
			numbers[i].Places = []string{"US-FL"}
		}
	}
	return numbers, faults
}

func (p placedPhones) Zones(n Phone) []string {
	if strings.HasPrefix(string(n), "+1") {
		return []string{"America/New_York"}
	}
	return p.plainPhones.Zones(n)
}

func TestPlacesAreThoseOfTheAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ region, headings, cells, want string }{
		{"", "Phone,State", "+13,GA", "[US-GA]"},
		{"", "Phone,State,Zip", "+13,GA,30301", "[US-GA]"},
		{"", "Phone,State,Zip", "+13,GA,33101", "[US-FL US-GA]"},
		{"", "Phone,Zip", "+13,33101", "[US-FL]"},
		{"", "Phone,Zip", "+13,2139", "[]"},
		{"US", "Phone,Zip", "+13,2139", "[US-MA]"},
		{"", "Phone,Postal Code", "+13,K1A 0B1", "[CA-ON]"},
		{"", "Phone,State,Country", "+13,ON,CA", "[CA-ON]"},
		{"", "Phone,State,Country", "+13,ON,US", "[US] bad_state State=ON"},
		{"", "Phone,State,Country", "+44,GA,US", "[US-GA]"},
		{"", "Phone,State,Country", "+44,NT,US", "[US]"},
		{"", "Phone,State,Zip,Country", "+13,GA,30301,DE", "[DE]"},
		{"", "Phone,State,Zip", "+44,GA,30301", "[]"},
		{"GB", "Phone,State,Zip", "+13,GA,", "[US-GA]"},
		{"US", "Phone,State,Zip", "+44,GA,", "[US-GA]"},
		{"US", "Phone,State", "+13,Atlantis", "[] bad_state State=Atlantis"},
		{"US", "Phone,State", "+44,Atlantis", "[]"},
		{"", "Phone,State", "+13,Atlantis", "[]"},
		{"US", "Phone,State", "+13,n/a", "[]"},
		{"", "Phone,Country", "+13,PR", "[US-PR]"},
		{"", "Phone,Country", "+13,FR", "[FR]"},
		{"", "Phone,Country,State", "+13,PR,PR", "[US-PR]"},
		{"", "Phone,Country", "+13,Nowhere", "[]"},
		{"", "Phone,Shipping State,State", "+13,GA,NJ", "[US-NJ]"},
		{"", "Phone,Shipping State,State", "+13,GA,", "[US-GA]"},
	} {
		im := importer(t, c.headings)
		im.Phones, im.Region = placedPhones{}, c.region
		v := im.Judge(row(2, c.cells))
		var got strings.Builder
		fmt.Fprint(&got, v.Draft.Places)
		for _, p := range v.Problems {
			fmt.Fprintf(&got, " %s %s=%s", p.Reason, p.Column, p.Value)
			if !p.Warning {
				t.Errorf("%s: it sank the row", c.cells)
			}
		}
		if got.String() != c.want || v.State != RowLead {
			t.Errorf("%s %s: %s: got %s, want %s", c.region, c.headings, c.cells, got.String(), c.want)
		}
	}
}

func TestStateAndPostalCodeStayAttributes(t *testing.T) {
	t.Parallel()
	im := importer(t, "Phone,State,Zip,Loan No")
	v := im.Judge(row(2, "+13,GA,30301,L-1"))
	if got := fmt.Sprint(v.Draft.Attributes); got != "[{State GA} {Zip 30301} {Loan No L-1}]" || v.Draft.Account != "L-1" {
		t.Errorf("got %s, account %q", got, v.Draft.Account)
	}
}

func TestANumberOfOtherZonesKeepsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ headings, cells, want string }{
		{"Phone,Phone 2,Phone 3,Time Zone", "+861,+13,+862,", "[Asia/Shanghai] [] [America/New_York] []"},
		{"Phone,Phone 2,Phone 3,Time Zone", "+13,+861,+44,", "[America/New_York] [] [Asia/Shanghai] []"},
		{"Phone,Phone 2,Phone 3,Time Zone", "+44,+13,+45,", "[Europe/Paris] [] [America/New_York] []"},
		{"Phone,Phone 2,Phone 3,Time Zone", "+861,+13,+862,Asia/Tokyo", "[Asia/Tokyo] [] [] []"},
	} {
		im := importer(t, c.headings)
		im.Phones = placedPhones{}
		d := im.Judge(row(2, c.cells)).Draft
		var got strings.Builder
		fmt.Fprint(&got, d.Zones)
		for _, n := range d.Numbers {
			fmt.Fprint(&got, " ", n.Zones)
		}
		if got.String() != c.want {
			t.Errorf("%s: got %s, want %s", c.cells, got.String(), c.want)
		}
	}
}
