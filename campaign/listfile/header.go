package listfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"redial/campaign"
)

// headerDepth is how many rows from the top the heading is looked for.
const headerDepth = 30

// findHeader is the index of the heading among the first rows; -1: there is none. asked is "yes", "no" or empty.
func findHeader(rows []campaign.Row, asked string) (int, error) {
	switch strings.ToLower(asked) {
	case "no", "false", "0":
		return -1, nil
	case "", "yes", "true", "1":
	default:
		return -1, campaign.Invalid("header", fmt.Sprintf("%q is neither yes nor no", asked))
	}
	at := guessHeader(rows)
	if at < 0 && asked != "" {
		at = 0
	}
	return at, nil
}

func guessHeader(rows []campaign.Row) int {
	sample := make([][]string, len(rows))
	for i, r := range rows {
		sample[i] = r.Cells
	}
	width := usualWidth(sample)
	candidate := -1
	for i, cells := range sample[:min(len(sample), headerDepth)] {
		filled := trimRight(cells)
		if len(filled)*2 < width || len(filled) == 0 {
			continue
		}
		known, values, texts, numbers := look(filled)
		switch {
		case known >= 2 && known > values, known == 1 && values == 0 && len(filled) >= width-1 && (width <= 3 || texts*2 >= len(filled)) && (width > 2 || len(filled) == width):
			return i
		case values > 0 && candidate < 0:
			return -1
		case values+numbers == 0 && texts*10 >= len(filled)*6 && candidate < 0:
			candidate = i
		}
		if candidate < 0 && i == 0 && texts == 0 {
			return -1
		}
		if candidate >= 0 && i > candidate+10 {
			break
		}
	}
	return candidate
}

var (
	mail     = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	dateCell = regexp.MustCompile(`^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b|^\d{1,2}:\d\d`)
)

// look counts the cells of a row that are known headings, that can only be values, that are texts, and that are bare
// numbers.
func look(cells []string) (known, values, texts, numbers int) {
	for _, c := range cells {
		c = strings.TrimSpace(c)
		switch {
		case c == "":
		case campaign.KnownHeading(c):
			known++
			texts++
		case mail.MatchString(c), campaign.LooksLikePhone(c), dateCell.MatchString(c), digits(c) >= 6:
			values++
		case strings.ContainsFunc(c, unicode.IsLetter):
			texts++
		default:
			numbers++
		}
	}
	return known, values, texts, numbers
}

func digits(s string) int {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

// usualWidth is the commonest number of cells up to the last that holds something; the wider of equals. Rows that
// go further now and then do not widen it.
func usualWidth(sample [][]string) int {
	counts := map[int]int{}
	best := 0
	for _, cells := range sample {
		n := len(trimRight(cells))
		if counts[n]++; n > 0 && (counts[n] > counts[best] || counts[n] == counts[best] && n > best) {
			best = n
		}
	}
	return best
}

// loader are the columns of VICIdial's standard list loader, which has no heading line.
var loader = []string{
	"Vendor ID", "Source ID", "List ID", "Phone Code", "Phone", "Title", "First Name", "Middle Initial", "Last Name", "Address 1", "Address 2", "Address 3",
	"City", "State", "Province", "Postal Code", "Country", "Gender", "Birth Date", "Alt Phone", "Email", "Security Phrase", "Comments", "Rank", "Owner",
}

var furtherPhones = regexp.MustCompile(`^\d{5,}_\d*_`)

// madeUp are headings for a file without any: the loader's where the cells fit it, else blanks to be numbered.
func madeUp(sample [][]string) []string {
	width := 0
	for _, cells := range sample {
		width = max(width, len(cells))
	}
	out := make([]string, width)
	if !fitsLoader(sample) {
		return out
	}
	copy(out, loader)
	for i := len(loader); i < width; i++ {
		for _, cells := range sample {
			if i < len(cells) && furtherPhones.MatchString(cells[i]) {
				out[i] = "Other Phones"
			}
		}
	}
	return out
}

var (
	codeCell   = regexp.MustCompile(`^\+?\d{1,4}$`)
	numberCell = regexp.MustCompile(`^[+(]?\d[\d\s().-]{4,17}$`)
	genderCell = regexp.MustCompile(`^[MFUmfu]?$`)
)

// fitsLoader says whether most rows have a phone code, a phone and a gender where the loader has them.
func fitsLoader(sample [][]string) bool {
	fit := 0
	for _, c := range sample {
		if len(c) >= 20 && (codeCell.MatchString(strings.TrimSpace(c[3])) || c[3] == "") && numberCell.MatchString(strings.TrimSpace(c[4])) && genderCell.MatchString(strings.TrimSpace(c[17])) {
			fit++
		}
	}
	return fit > 0 && fit*10 >= len(sample)*6
}
