package phone

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// clean turns the many ways of writing digits, spaces and dashes into the plain ones, and takes off what
// spreadsheets and exports put round a number.
func clean(s string) string {
	s = strings.TrimSpace(strings.Map(plainRune, s))
	if rest, ok := strings.CutPrefix(s, "="); ok && len(rest) > 1 && rest[0] == '"' {
		s = strings.Trim(rest, `"`)
	}
	return strings.TrimSpace(strings.Trim(s, "'`\" "))
}

func plainRune(r rune) rune {
	switch {
	case r < 0x80:
		if r == '\t' || r == '\r' {
			return ' '
		}
		return r
	case r >= 0xFF01 && r <= 0xFF5E:
		return r - 0xFEE0
	case r == '‘' || r == '’' || r == '´' || r == 'ʼ':
		return '\''
	case r == 'ー' || r == '−' || r == '－' || unicode.Is(unicode.Pd, r):
		return '-'
	case unicode.IsSpace(r):
		return ' '
	case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Cc):
		return -1
	case unicode.Is(unicode.Nd, r):
		return '0' + digitValue(r)
	}
	return r
}

// digitValue is the value of a decimal digit of any script: each script's ten stand together from a zero.
func digitValue(r rune) rune {
	for v := range rune(10) {
		if !unicode.Is(unicode.Nd, r-v-1) || v == 9 {
			return v
		}
	}
	return 0
}

var nothing = map[string]bool{
	"": true, "0": true, "-": true, "--": true, "---": true, ".": true, "?": true, "n/a": true, "na": true, "none": true, "null": true, "nil": true, "nan": true, "#n/a": true, "\\n": true, "unknown": true, "undefined": true, "not provided": true, "not available": true, "no phone": true, "tbd": true, "x": true,
	"无": true, "没有": true, "无电话": true, "暂无": true, "空": true, "未知": true, "不详": true, "无号码": true, "ninguno": true, "sin telefono": true, "s/n": true, "keine": true, "aucun": true, "nessuno": true, "select": true, "(blank)": true, "(null)": true,
}

// isNothing says whether a cell says that there is no number.
func isNothing(s string) bool { return nothing[strings.ToLower(strings.TrimSpace(s))] }

var (
	scientific  = regexp.MustCompile(`^([+-]?)(\d+)(?:[.,](\d+))?[eE]\+?(\d+)$`)
	decimal     = regexp.MustCompile(`^(\+?\d+)[.,]0+$`)
	hashes      = regexp.MustCompile(`^#{3,}$`)
	dialerExtra = regexp.MustCompile(`^\d{5,}_\d*_[^!]*(!\s*(\d{5,}_\d*_[^!]*)?)*$`)
	vanity      = regexp.MustCompile(`^[+\d][\d\s().-]{2,}[A-Za-z]{3,}[\d\s().A-Za-z-]*$`)
	extension   = regexp.MustCompile(`(?i)[\s,;(\-]*(?:;\s*ext\s*=|转接|转|轉|分机号?|分機|内线|內線|내선|extension|extn|ext|anexo|ramal|interno|int|poste|durchwahl|доб|вн|x|#)[\s.:=#-]*(\d{1,7})\s*\)?$`)
	// 0755-88888888-801, as Chinese offices write it.
	dashExtension = regexp.MustCompile(`^(0\d{2,3}[- ]\d{7,8})[-*](\d{1,6})$`)
	leadLabel     = regexp.MustCompile(`^(?i)(?:\p{L}[\p{L} .]{0,24}[:.]+|tel|phone|mobile|mob|cell|ph|手机号?码?|电话|固话|座机)[\s:.]*([+(\d].*)$`)
	tailLabel     = regexp.MustCompile(`^(.*\d)\s*[(（\[]\s*[\p{L} .]{1,24}[)）\]]$`)
	uri           = regexp.MustCompile(`^(?i)(?:tel|callto|sms|sip|whatsapp):/{0,2}`)
	sureSplit     = regexp.MustCompile(`[\n|、;]|(?i:\s(?:or|and|oder|ou|und|e|y|o)\s)|或者?|和|&`)
	maybeSplit    = regexp.MustCompile(`[/,\\]|\s-\s|\s+`)
)

// plainNumber undoes what a spreadsheet made of a number: 13800138000.0 and 1.3800138000E+10 have all their digits;
// 1.38E+10 has not, and lost says so.
func plainNumber(s string) (plain string, lost bool) {
	if hashes.MatchString(s) {
		return s, true
	}
	if m := decimal.FindStringSubmatch(s); m != nil && len(m[1]) >= 7 {
		return m[1], false
	}
	m := scientific.FindStringSubmatch(s)
	if m == nil {
		return s, false
	}
	exp, err := strconv.Atoi(m[4])
	if err != nil || exp > 20 || m[1] == "-" || len(m[2])+len(m[3]) < len(m[2])+exp {
		return s, true
	}
	digits, tail := m[2]+m[3][:exp], m[3][exp:]
	return m[1] + digits, strings.Trim(tail, "0") != ""
}

// cutExtension takes off "x123", "ext. 123", "转123", "#123".
func cutExtension(s string) (body, ext string) {
	if m := dashExtension.FindStringSubmatch(s); m != nil {
		return m[1], m[2]
	}
	m := extension.FindStringSubmatchIndex(s)
	if m == nil || !hasDigits(s[:m[0]], 5) {
		return s, ""
	}
	body = s[:m[0]]
	if strings.Count(body, "(") > strings.Count(body, ")") {
		body = strings.TrimRight(body, "( ")
	}
	return body, s[m[2]:m[3]]
}

// unlabel takes off "Tel:", "手机:", "(home)" and the like.
func unlabel(s string) string {
	s = uri.ReplaceAllString(s, "")
	if m := leadLabel.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if m := tailLabel.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	return strings.TrimSpace(s)
}

// splitSure parts a cell where no single number goes on. ";ext=" belongs to its number.
func splitSure(s string) []string {
	if strings.Contains(s, ";ext=") {
		return []string{s}
	}
	if !sureSplit.MatchString(s) {
		return []string{s}
	}
	return sureSplit.Split(s, -1)
}

// splitMaybe parts a cell at signs that also stand within numbers, and gives nil unless every part is long enough
// to be a number.
func splitMaybe(s string) []string {
	s = strings.Trim(s, `/,\ `)
	if !hasDigits(s, 14) || !maybeSplit.MatchString(s) {
		return nil
	}
	for _, by := range []string{"/", ",", "\\", " - ", " "} {
		parts := strings.Split(s, by)
		if by == " " {
			parts = strings.Fields(s)
		}
		if len(parts) < 2 {
			continue
		}
		whole := true
		for _, p := range parts {
			whole = whole && hasDigits(p, 7)
		}
		if whole {
			return parts
		}
	}
	return nil
}

func hasDigits(s string, least int) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n >= least
}

func hasLetters(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, clean(s))
}

func quote(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return strconv.Quote(s)
}
