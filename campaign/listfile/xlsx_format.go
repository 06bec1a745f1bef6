package listfile

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// numberFormat is how a style shows a number, as far as a list needs to know.
type numberFormat struct {
	date  bool // it shows a day or a time
	zeros int  // it fills up to so many digits with zeros
}

// readStyles reads which styles show days, times or leading zeros.
func (w *workbook) readStyles() error {
	codes := map[int]string{}
	inCells := false
	return w.each("xl/styles.xml", func(x *xmlReader) error {
		switch x.name {
		case "numFmt":
			if id, err := strconv.Atoi(x.attr("numFmtId")); err == nil {
				codes[id] = x.attr("formatCode")
			}
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if inCells && len(w.formats) < 1<<16 {
				id, _ := strconv.Atoi(x.attr("numFmtId")) // missing or odd: 0, General
				w.formats = append(w.formats, formatOf(id, codes[id]))
			}
		}
		return nil
	})
}

// formatOf judges a built-in format by its number, another by its code.
func formatOf(id int, code string) numberFormat {
	if id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58 {
		return numberFormat{date: true}
	}
	code, _, _ = strings.Cut(strings.ToLower(code), ";")
	if code == "" {
		return numberFormat{}
	}
	if strings.Trim(code, "0") == "" {
		return numberFormat{zeros: len(code)}
	}
	return numberFormat{date: strings.ContainsAny(bare(code), "ymdhs年月日") && !strings.Contains(code, "general")}
}

// bare leaves out what a format code quotes, escapes or puts into brackets (colours, currencies).
func bare(code string) string {
	var out strings.Builder
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '"', '[':
			closing := byte('"')
			if code[i] == '[' {
				closing = ']'
			}
			j := strings.IndexByte(code[i+1:], closing)
			if j < 0 {
				return out.String()
			}
			if inner := code[i+1 : i+1+j]; closing == ']' && (inner == "h" || inner == "hh" || inner == "m" || inner == "mm" || inner == "s" || inner == "ss") {
				out.WriteString(inner)
			}
			i += j + 1
		case '\\', '_', '*':
			i++
		default:
			out.WriteByte(code[i])
		}
	}
	return out.String()
}

// number is the text of a numeric cell: every digit that the file has, days as 2006-01-02.
func (w *workbook) number(raw string, style int) string {
	f := numberFormat{}
	if style >= 0 && style < len(w.formats) {
		f = w.formats[style]
	}
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return raw
	}
	if f.date {
		if text, ok := w.day(v); ok {
			return text
		}
	}
	text := raw
	if strings.ContainsAny(raw, ".eE") {
		if short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 14, 64), 64); err == nil {
			v = short // 15 digits are what a spreadsheet shows: 0.1+0.2 is 0.3
		}
		if math.Abs(v) < 1e21 {
			text = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	if n := f.zeros - len(text); n > 0 && strings.IndexByte(text, '.') < 0 && v >= 0 {
		text = strings.Repeat("0", n) + text
	}
	return text
}

// day is a serial day as text, with its time unless that is midnight; below one day, the time alone.
func (w *workbook) day(serial float64) (string, bool) {
	if serial < 0 || serial > 2958466 {
		return "", false
	}
	seconds := math.Round(serial * 86400)
	if serial < 1 {
		return time.Unix(int64(seconds), 0).UTC().Format("15:04:05"), true
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if w.date4 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if serial < 61 {
		first = first.AddDate(0, 0, 1) // Excel counts a 29 February 1900
	}
	t := time.Unix(first.Unix()+int64(seconds), 0).UTC()
	if int64(seconds)%86400 == 0 {
		return t.Format(time.DateOnly), true
	}
	return t.Format(time.DateTime), true
}
