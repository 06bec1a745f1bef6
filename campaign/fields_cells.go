package campaign

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// guessPhones takes columns for phones by their cells alone, where no heading names any.
func (m *Mapping) guessPhones(sample [][]string, given map[int]bool) {
	for _, c := range m.Columns {
		if c.Field == FieldPhone {
			return
		}
	}
	for i := range m.Columns {
		c := &m.Columns[i]
		if given[i] || c.Field != FieldAttribute || idHeading(c.Heading) {
			continue
		}
		cells := cellsOf(sample, i)
		if len(cells) == 0 || share(cells, LooksLikePhone) < 0.6 || repeated(cells) && len(cells) > 3 || ascending(cells) {
			continue
		}
		c.Field, c.Why = FieldPhone, "cells"
		c.Label, c.Rank = phoneLabel(c.Heading)
	}
}

// guessName takes a column for names where the file has no heading at all and no column names a lead.
func (m *Mapping) guessName(sample [][]string, given map[int]bool) {
	for _, c := range m.Columns {
		if c.Field == FieldName || c.Field == FieldFirstName || c.Field == FieldLastName || !madeUpHeading.MatchString(c.Heading) {
			return
		}
	}
	for i := range m.Columns {
		cells := cellsOf(sample, i)
		if !given[i] && m.Columns[i].Field == FieldAttribute && len(cells) > 0 && share(cells, nameLike) > 0.8 && !repeated(cells) {
			m.Columns[i].Field, m.Columns[i].Why = FieldName, "cells"
			return
		}
	}
}

var madeUpHeading = regexp.MustCompile(`^Column \d+$`)

// nameLike says whether a cell could be somebody's name: two to five words of letters, or a few Chinese characters.
func nameLike(s string) bool {
	if strings.ContainsAny(s, "0123456789@/:_") || len(s) > 60 {
		return false
	}
	n := len(strings.Fields(s))
	return n >= 2 && n <= 5 || isHan(s) && utf8.RuneCountInString(s) >= 2 && utf8.RuneCountInString(s) <= 4
}

// idHeading says that the heading names something numeric that is no telephone.
func idHeading(heading string) bool {
	folded, words := foldHeading(heading), headingParts(heading)
	for _, w := range notPhoneWords {
		if words[w] || anyPart(w) && strings.Contains(folded, w) {
			return true
		}
	}
	for _, w := range []string{"id", "no", "key", "zip", "postal", "postcode", "amount", "price", "balance", "isbn", "ean", "sku", "ssn", "iban", "ip", "编号", "金额", "邮编", "余额", "单号", "序号", "lat", "lon", "latitude", "longitude", "timestamp"} {
		if words[w] || anyPart(w) && strings.Contains(folded, w) {
			return true
		}
	}
	return false
}

var (
	dateLike  = regexp.MustCompile(`^\d{1,4}[-/.年]\d{1,2}([-/.月]\d{1,4})?日?([ T].*)?$|\d:\d\d`)
	ipLike    = regexp.MustCompile(`^\d{1,3}(\.\d{1,3}){3}$`)
	phoneLike = regexp.MustCompile(`^['=" ]*(tel:)?\(?\+?[\d(][\d\s().\-/]{5,24}\d(\.0|\s*(x|ext\.?|#|转)\s*\d{1,7})?["' ]*$`)
	separated = regexp.MustCompile(`^[1-9]\d{0,2}(,\d{3})+(\.\d+)?$|^-?\d+\.\d+$`)
)

// LooksLikePhone says whether a cell has the shape of a telephone number; whether it is one, a Normaliser says.
func LooksLikePhone(s string) bool {
	s = foldWidth(strings.TrimSpace(s))
	if len(s) < 7 || len(s) > 40 || !phoneLike.MatchString(s) {
		return false
	}
	n := len(digitsOf(s))
	if strings.HasPrefix(strings.TrimLeft(s, `'="(`), "+") {
		return n >= 8
	}
	if dateLike.MatchString(s) || ipLike.MatchString(s) || separated.MatchString(s) && !strings.HasSuffix(s, ".0") {
		return false
	}
	if isDigits(strings.Trim(s, `'="`)) {
		return n >= 10 && n <= 13
	}
	return n >= 7
}

// hasManyDigits is the least that a cell of a phone column holds.
func hasManyDigits(s string) bool { return len(digitsOf(foldWidth(s))) >= 5 }

// repeated says whether the cells of a sample are so often the same that they identify nobody.
func repeated(cells []string) bool {
	if len(cells) < 4 {
		return false
	}
	seen := make(map[string]bool, len(cells))
	for _, c := range cells {
		seen[c] = true
	}
	return len(seen)*2 < len(cells)
}

// ascending says whether plain numbers count up row by row, as ids and timestamps do.
func ascending(cells []string) bool {
	if len(cells) < 4 {
		return false
	}
	for i, c := range cells {
		if !isDigits(c) || i > 0 && (len(c) < len(cells[i-1]) || len(c) == len(cells[i-1]) && c <= cells[i-1]) {
			return false
		}
	}
	return true
}

// share is the part of the cells for which ok holds; 0 for no cells.
func share(cells []string, ok func(string) bool) float64 {
	if len(cells) == 0 {
		return 0
	}
	n := 0
	for _, c := range cells {
		if ok(c) {
			n++
		}
	}
	return float64(n) / float64(len(cells))
}

func isWhole(s string) bool {
	return isDigits(strings.TrimPrefix(strings.TrimSuffix(s, ".0"), "-")) && len(s) < 10
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isHan says whether a name is written in Chinese characters, Kana or Hangul alone.
func isHan(s string) bool {
	for _, r := range s {
		if !unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) {
			return false
		}
	}
	return s != ""
}

// clip cuts a text to at most n bytes between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// unguarded takes off the apostrophe that problems are written out with before what a spreadsheet runs as a formula,
// so that a name or id comes back as it was.
func unguarded(cells []string) []string {
	out := slices.Clone(cells)
	for i, c := range out {
		if rest, ok := strings.CutPrefix(c, "'"); ok && rest != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", firstRune(rest)) {
			out[i] = rest
		}
	}
	return out
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// foldWidth turns full-width letters, digits and signs into ASCII.
func foldWidth(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		case r == 0x3000 || r == 0xA0 || r == 0x202F:
			return ' '
		}
		return r
	}, s)
}

var accents = strings.NewReplacer("á", "a", "à", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"í", "i", "ì", "i", "î", "i", "ï", "i", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "õ", "o", "ö", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u", "ß", "ss", "ł", "l", "ę", "e", "ą", "a")

// foldHeading is a heading without case, accents, spaces, signs, a CRM's "__c" or a count at its end.
func foldHeading(h string) string {
	h = strings.ToLower(foldWidth(strings.TrimSpace(h)))
	h = strings.TrimSuffix(strings.TrimSuffix(h, "__c"), "__pc")
	h = accents.Replace(h)
	out := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, h)
	if cut := strings.TrimRight(out, "0123456789"); cut != "" && cut != "iso" {
		return cut
	}
	return out
}

// headingParts are the words of a heading; FirstName, first_name and "First Name" have the same.
func headingParts(h string) map[string]bool {
	parts := map[string]bool{}
	var word []rune
	flush := func() {
		if len(word) > 0 {
			w := accents.Replace(strings.ToLower(string(word)))
			parts[w] = true
			word = word[:0]
		}
	}
	lower := false
	for _, r := range foldWidth(h) {
		switch {
		case !unicode.IsLetter(r):
			flush()
			lower = false
			continue
		case unicode.IsUpper(r) && lower:
			flush()
		}
		lower = unicode.IsLower(r)
		word = append(word, r)
	}
	flush()
	return parts
}
