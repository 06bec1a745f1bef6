package phone

import (
	"strings"

	"redial/campaign"

	"github.com/nyaruka/phonenumbers"
)

// anywhere is the library's word for no default country.
const anywhere = "ZZ"

// single reads one number.
func single(text string, hint campaign.PhoneHint) (campaign.Number, *campaign.Fault) {
	text = strings.TrimSpace(text)
	whole, lost := plainNumber(text)
	if lost {
		f := fault(campaign.ProblemDigitsLost, text, "has lost digits: a spreadsheet rounded it", "format the column as text, fill the numbers in again and export once more")
		return campaign.Number{}, &f
	}
	body, ext := cutExtension(unlabel(whole))
	if !hasDigits(body, 3) || hasLetters(body) && !vanity.MatchString(body) {
		f := fault(campaign.ProblemBadPhone, text, "is no telephone number", "correct it, or leave it empty")
		return campaign.Number{}, &f
	}
	n, f := resolve(body, text, hint)
	if f == nil && ext != "" {
		n.Extension = ext
	}
	return n, f
}

// resolve finds the country of body and judges it there.
func resolve(body, text string, hint campaign.PhoneHint) (campaign.Number, *campaign.Fault) {
	if own, ok := international(body); ok {
		return judge(own, anywhere, text)
	}
	if rest, ok := strings.CutPrefix(strings.TrimLeft(body, "( "), "00"); ok && hasDigits(rest, 8) {
		n, wrong := judge("+"+strings.TrimLeft(rest, " )-."), anywhere, text)
		if region, f := regionOf(hint, text); wrong != nil && f == nil {
			if n, f := judge(body, region, text); f == nil {
				return n, nil
			}
		}
		return n, wrong
	}
	region, f := regionOf(hint, text)
	if f != nil {
		return campaign.Number{}, f
	}
	return judge(body, region, text)
}

// international says whether body carries its country's code behind a plus, and writes it without a stray 00.
func international(body string) (string, bool) {
	b := strings.TrimLeft(body, "( ")
	rest, ok := strings.CutPrefix(b, "+")
	if !ok {
		return "", false
	}
	rest = strings.TrimLeft(rest, "+ ")
	if cut, ok := strings.CutPrefix(rest, "00"); ok {
		rest = strings.TrimLeft(cut, " )-.")
	}
	return "+" + rest, true
}

// regionOf is the country in which a number without its own is to be read.
func regionOf(hint campaign.PhoneHint, text string) (string, *campaign.Fault) {
	if region := dialRegion(hint.DialCode); region != "" {
		return region, nil
	}
	if c := strings.TrimSpace(hint.Country); !isNothing(c) {
		region, ok := Region(c)
		if !ok {
			f := fault(campaign.ProblemUnknownCountry, text, "is written nationally, and "+quote(c)+" is no country known here", "write the country as a code such as US or CN, or the number with + and its country's code")
			return "", &f
		}
		if phonenumbers.GetCountryCodeForRegion(region) == 0 {
			f := fault(campaign.ProblemUnknownCountry, text, "is written nationally, and "+quote(c)+" has no numbering plan of its own", "write the number with + and its country's code")
			return "", &f
		}
		return region, nil
	}
	if region, ok := Region(hint.Region); ok {
		return region, nil
	}
	f := fault(campaign.ProblemNoCountry, text, "is written nationally, and nothing says of which country", "name the country (--region CN), add a country column, or write numbers with +")
	return "", &f
}

// allowed are the types that may be dialled.
var allowed = map[phonenumbers.PhoneNumberType]bool{
	phonenumbers.FIXED_LINE: true, phonenumbers.MOBILE: true, phonenumbers.FIXED_LINE_OR_MOBILE: true, phonenumbers.TOLL_FREE: true,
	phonenumbers.SHARED_COST: true, phonenumbers.VOIP: true, phonenumbers.PERSONAL_NUMBER: true, phonenumbers.UAN: true,
}

var typeNames = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.PREMIUM_RATE: "a premium rate number", phonenumbers.PAGER: "a pager", phonenumbers.VOICEMAIL: "a voicemail access number",
}

// judge reads a number in region and says whether it exists and may be dialled. A number is valid exactly when the
// library knows its type, which costs half of asking for both.
func judge(body, region, text string) (campaign.Number, *campaign.Fault) {
	n, err := phonenumbers.Parse(body, region)
	if err != nil {
		f := fault(campaign.ProblemBadPhone, text, inPlan("is no telephone number", region), "correct it, or leave it empty")
		return campaign.Number{}, &f
	}
	kind := phonenumbers.GetNumberType(n)
	switch {
	case serviceNumber(n, kind, region):
		f := fault(campaign.ProblemShortNumber, text, "is a service number, not a subscriber's", "give the subscriber's own number")
		return campaign.Number{}, &f
	case kind == phonenumbers.UNKNOWN:
		return campaign.Number{}, unknown(n, region, text)
	case !allowed[kind]:
		f := fault(campaign.ProblemBadType, text, "is "+typeNames[kind]+", which is never dialled", "give another number")
		return campaign.Number{}, &f
	}
	return campaign.Number{Phone: campaign.Phone(phonenumbers.Format(n, phonenumbers.E164)), Extension: n.GetExtension()}, nil
}

// serviceNumber says whether n is a short number of its country (95588), or one behind a Chinese area code
// (021-12345), which the library takes for a fixed line.
func serviceNumber(n *phonenumbers.PhoneNumber, kind phonenumbers.PhoneNumberType, region string) bool {
	if n.GetCountryCode() == 86 && kind == phonenumbers.FIXED_LINE {
		return n.GetNationalNumber() < 1_000_000_000
	}
	if kind != phonenumbers.UNKNOWN || n.GetNationalNumber() >= 10_000_000 {
		return false
	}
	if region == anywhere {
		region = phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	}
	return phonenumbers.IsValidShortNumberForRegion(n, region)
}

// unknown says why a number is not in its country's plan, as far as that can be told.
func unknown(n *phonenumbers.PhoneNumber, region, text string) *campaign.Fault {
	var f campaign.Fault
	if n.GetCountryCode() == 86 && n.GetNationalNumber() >= 2_000_000 && n.GetNationalNumber() < 100_000_000 {
		f = fault(campaign.ProblemNoAreaCode, text, "has no area code", "write the number with its area code")
		return &f
	}
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		f = fault(campaign.ProblemNoAreaCode, text, "has no area code", "write the number with its area code")
	case phonenumbers.TOO_SHORT:
		f = fault(campaign.ProblemBadPhone, text, inPlan("is too short", region), "check for missing digits or a missing area code")
	case phonenumbers.TOO_LONG:
		f = fault(campaign.ProblemBadPhone, text, inPlan("is too long", region), "check for extra digits; put one number in a cell")
	default:
		f = fault(campaign.ProblemBadPhone, text, inPlan("does not exist", region), "check the digits and the country")
	}
	return &f
}

func inPlan(what, region string) string {
	if region == anywhere {
		return what + " in the plan of its country code"
	}
	return what + " in the numbering plan of " + region
}

// dialRegion is the main country of a dialling code as a cell has it ("+44", "0086", "1-268"); empty: none.
func dialRegion(code string) string {
	digits := strings.TrimLeft(onlyDigits(code), "0")
	if digits == "" {
		return ""
	}
	if len(digits) == 4 && digits[0] == '1' { // 1-268: North America's countries by area code
		digits = "1"
	}
	if len(digits) > 3 {
		return ""
	}
	cc := 0
	for _, d := range []byte(digits) {
		cc = cc*10 + int(d-'0')
	}
	if region := phonenumbers.GetRegionCodeForCountryCode(cc); region != anywhere && region != "001" {
		return region
	}
	return ""
}
