package campaign

import "strings"

// Phone is a telephone number in E.164, such as "+8613800138000"; empty means none. The store and the rules
// compare it as text; campaign/phone makes it from what people type.
type Phone string

// Masked hides all but the country's first digits and the last two: what a card shows before the call is placed.
func (p Phone) Masked() string {
	s := string(p)
	if len(s) < 7 {
		return strings.Repeat("•", len(s))
	}
	return s[:3] + strings.Repeat("•", len(s)-5) + s[len(s)-2:]
}

// Number is one of a lead's numbers.
type Number struct {
	Phone     Phone  `json:"phone"`
	Extension string `json:"extension,omitempty"` // digits to dial after the answer; empty: none
	Label     string `json:"label,omitempty"`     // what the file or CRM called it: mobile, home, work
	// Zones are those in which this number may be, where they are not the lead's; empty: the lead's.
	Zones []string `json:"zones,omitempty"`
	// Places are those that the number itself tells of, such as "US-FL" by its area code; they count besides the lead's.
	Places []string `json:"places,omitempty"`
}

// Phones are the numbers alone, in order.
func Phones(numbers []Number) []Phone {
	out := make([]Phone, len(numbers))
	for i, n := range numbers {
		out[i] = n.Phone
	}
	return out
}

// TelURI is the link that a desktop dials (RFC 3966).
func (n Number) TelURI() string {
	if n.Extension == "" {
		return "tel:" + string(n.Phone)
	}
	return "tel:" + string(n.Phone) + ";ext=" + n.Extension
}
