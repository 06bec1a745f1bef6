package phone

import (
	"sync"
	"sync/atomic"

	"redial/campaign"

	"github.com/nyaruka/phonenumbers"
)

// fast reads the commonest cells without the library: North American numbers of ten digits and Chinese mobiles, in
// plain digits with the usual signs between them. It agrees with the library or declines; a test holds it to that.
func fast(cell string, hint *campaign.PhoneHint) (campaign.Number, bool) {
	var buf [14]byte
	digits, plus, ok := scan(cell, &buf)
	if !ok {
		return campaign.Number{}, false
	}
	switch code := countryCode(digits, plus, hint); {
	case code == 86 && len(digits) >= 11 && chinaMobile(digits[len(digits)-11:]):
		return campaign.Number{Phone: campaign.Phone("+86" + string(digits[len(digits)-11:]))}, true
	case code == 1 && len(digits) >= 10 && plainArea(digits[len(digits)-10:]):
		return campaign.Number{Phone: campaign.Phone("+1" + string(digits[len(digits)-10:]))}, true
	}
	return campaign.Number{}, false
}

// scan collects the digits of a cell that holds nothing but them, spaces and - . ( ), with perhaps a plus in front.
func scan(cell string, buf *[14]byte) (digits []byte, plus, ok bool) {
	n := 0
	for i := 0; i < len(cell); i++ {
		switch c := cell[i]; {
		case c >= '0' && c <= '9':
			if n == len(buf) {
				return nil, false, false
			}
			buf[n] = c
			n++
		case c == '+' && n == 0 && !plus && i == 0:
			plus = true
		case c == ' ' || c == '-' || c == '(' || c == ')':
		case c == '.' && n == 3 || c == '.' && n == 6: // 913.249.5790, but never 13800138000.0
		default:
			return nil, false, false
		}
	}
	return buf[:n], plus, n >= 10
}

// countryCode is 1 or 86 where digits are one of their numbers in full; 0: ask the library.
func countryCode(digits []byte, plus bool, hint *campaign.PhoneHint) int {
	n := len(digits)
	if plus {
		switch {
		case n == 11 && digits[0] == '1':
			return 1
		case n == 13 && digits[0] == '8' && digits[1] == '6':
			return 86
		}
		return 0
	}
	switch code := hintCode(hint); {
	case code == 1 && (n == 10 || n == 11 && digits[0] == '1'):
		return 1
	case code == 86 && n == 11:
		return 86
	}
	return 0
}

// hintCode is the country code that the hint leads to; 0: not 1 or 86, or not plain enough to tell here.
func hintCode(h *campaign.PhoneHint) int {
	switch h.DialCode {
	case "1":
		return 1
	case "86":
		return 86
	case "":
	default:
		return 0
	}
	country := h.Country
	if country == "" {
		country = h.Region
	}
	if country == "" {
		return 0
	}
	region, ok := Region(country)
	if !ok {
		return 0
	}
	return regionCodes()[region]
}

// regionCodes are the countries of code 1 and 86.
var regionCodes = sync.OnceValue(func() map[string]int {
	m := map[string]int{"CN": 86}
	for _, r := range phonenumbers.GetRegionCodesForCountryCode(1) {
		m[r] = 1
	}
	return m
})

// chinaMobile is the plan of Chinese mobile numbers but for 1740, which the library is asked about.
func chinaMobile(d []byte) bool {
	if d[0] != '1' {
		return false
	}
	switch d[1] {
	case '3', '8':
		return true
	case '4':
		return d[2] == '5' || d[2] == '7'
	case '5', '9':
		return d[2] != '4'
	case '6':
		return d[2] == '2' || d[2] == '5' || d[2] == '6' || d[2] == '7'
	case '7':
		return d[2] <= '8' && d[2] != '4'
	}
	return false
}

// areas remembers of each North American area code whether all its numbers (exchange 200-999) are alike.
var areas [1000]atomic.Int32

const (
	areaPlain = 1 + iota // every number of it exists and may be dialled
	areaAsk              // only the library knows
)

// plainArea says whether the ten digits lie in an area code all of whose exchanges are in use.
func plainArea(d []byte) bool {
	if d[0] < '2' || d[3] < '2' {
		return false
	}
	area := &areas[int(d[0]-'0')*100+int(d[1]-'0')*10+int(d[2]-'0')]
	state := area.Load()
	if state == 0 {
		state = surveyArea(string(d[:3]))
		area.Store(state)
	}
	return state == areaPlain
}

// surveyArea asks the library about two or three exchanges in each hundred of an area code: the plan has no finer
// exception in areas that it has whole.
func surveyArea(area string) int32 {
	for exchange := 200; exchange < 1000; exchange += 37 {
		n := &phonenumbers.PhoneNumber{}
		code, national := int32(1), uint64(0)
		for _, c := range []byte(area) {
			national = national*10 + uint64(c-'0')
		}
		national = national*10_000_000 + uint64(exchange)*10_000 + uint64(exchange*7919%10_000)
		n.CountryCode, n.NationalNumber = &code, &national
		if phonenumbers.GetNumberType(n) != phonenumbers.FIXED_LINE_OR_MOBILE {
			return areaAsk
		}
	}
	return areaPlain
}
