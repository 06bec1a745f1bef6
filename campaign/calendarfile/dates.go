package calendarfile

import (
	"regexp"
	"strconv"
	"strings"

	"redial/campaign"
)

// spanMarks part the first from the last day of a range.
var spanMarks = []string{"..", "至", "到", "~", "～", "—", "–", " to ", " - "}

// readSpan reads a date or a range: 2026-10-01, 2026-10-01..2026-10-07, 2026年10月1日至7日. A last day of its own cell
// counts when the first is no range.
func readSpan(line int, from, to string) (first, last campaign.Date, err error) {
	text := from
	for _, mark := range spanMarks {
		if a, b, ok := strings.Cut(from, mark); ok {
			if to != "" {
				return first, last, refused("line %d: %q is a range, and a last day is given besides: give one of them", line, clip(from, 40))
			}
			from, to = a, b
			break
		}
	}
	var ok bool
	if first, ok = readDate(strings.TrimSpace(from), campaign.Date{}); !ok {
		return first, last, notDate(line, text)
	}
	if to = strings.TrimSpace(to); to == "" {
		return first, first, nil
	}
	if last, ok = readDate(to, first); !ok {
		return first, last, notDate(line, to)
	}
	return first, last, nil
}

func notDate(line int, s string) error {
	return refused("line %d: %q is no date: write it as 2026-10-01, or a range as 2026-10-01..2026-10-07", line, clip(s, 40))
}

var (
	yearFirst = regexp.MustCompile(`^(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})$`)
	together  = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	chinese   = regexp.MustCompile(`^(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})[日号]$`)
)

// readDate reads a date, the year first. What a Chinese date leaves out is that of the date before it, if there is one.
func readDate(s string, before campaign.Date) (campaign.Date, bool) {
	if m := yearFirst.FindStringSubmatch(s); m != nil && m[2] == m[4] {
		return dateOf(number(m[1]), number(m[3]), number(m[5]))
	}
	if m := together.FindStringSubmatch(s); m != nil {
		return dateOf(number(m[1]), number(m[2]), number(m[3]))
	}
	m := chinese.FindStringSubmatch(s)
	if m == nil || m[1] == "" && before == (campaign.Date{}) || m[2] == "" && (m[1] != "" || before == (campaign.Date{})) {
		return campaign.Date{}, false
	}
	year, month := before.Year, int(before.Month)
	if m[1] != "" {
		year = number(m[1])
	}
	if m[2] != "" {
		month = number(m[2])
	}
	return dateOf(year, month, number(m[3]))
}

// number reads digits, at most eight of them.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
