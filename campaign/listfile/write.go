package listfile

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"redial/campaign"
)

// Table is a report to be written out. Cells may be texts, integers, floats, booleans, times (written in UTC) or
// anything that prints itself; nil is empty. Numbers stay numbers; texts never become formulas.
type Table struct {
	Name string // of the sheet
	Head []string
	Rows iter.Seq[[]any]
}

// problemHead are the columns after the file's own; an import of the mended file ignores them.
var problemHead = []string{"redial_line", "redial_column", "redial_reason", "redial_message", "redial_suggestion", "redial_warning"}

// mark is the byte order mark without which spreadsheets take UTF-8 for something else.
const mark = "\uFEFF"

// WriteProblems writes problems as CSV in the file's own columns, so that the rows can be mended and sent again. The
// line, column, reason, message and suggestion follow; redial_warning is "yes" on rows that became leads all the
// same. The error is that of problems or of w.
func WriteProblems(w io.Writer, headings []string, problems iter.Seq2[campaign.Problem, error]) error {
	return writeCSV(w, func(put func([]string) error) error {
		if err := put(append(append([]string{}, headings...), problemHead...)); err != nil {
			return err
		}
		row := make([]string, len(headings)+len(problemHead))
		for p, err := range problems {
			if err != nil {
				return fmt.Errorf("read the problems: %w", err)
			}
			clear(row)
			copy(row[:len(headings)], p.Row)
			warning := ""
			if p.Warning {
				warning = "yes"
			}
			copy(row[len(headings):], []string{strconv.Itoa(p.Line), p.Column, p.Reason, p.Message, p.Suggestion, warning})
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteCSV writes a table as CSV that spreadsheets open: with a byte order mark, CRLF, and no cell that would run as
// a formula.
func WriteCSV(w io.Writer, t Table) error {
	return writeCSV(w, func(put func([]string) error) error {
		if err := put(t.Head); err != nil {
			return err
		}
		for cells := range t.Rows {
			row := make([]string, len(cells))
			for i, c := range cells {
				row[i] = csvText(c)
			}
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeCSV lets fill put rows, whose texts it makes safe; a cell that csvText wrote from a number starts with none
// of the signs or is plainly a number.
func writeCSV(w io.Writer, fill func(put func([]string) error) error) error {
	b := bufio.NewWriterSize(w, 64<<10)
	if _, err := b.WriteString(mark); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	out := csv.NewWriter(b)
	out.UseCRLF = true
	err := fill(func(row []string) error {
		safe := make([]string, len(row))
		for i, c := range row {
			safe[i] = Safe(c)
		}
		return out.Write(safe)
	})
	out.Flush()
	for _, e := range []error{err, out.Error(), b.Flush()} {
		if e != nil {
			return fmt.Errorf("write CSV: %w", e)
		}
	}
	return nil
}

// numberMark is put before texts of numbers on their way through writeCSV, so that -5 is not taken for a formula.
const numberMark = "\x00n"

// Safe is a text that no spreadsheet runs as a formula: one that begins with = + - @ tab or CR gets an apostrophe
// in front, which the import of phones takes off again.
func Safe(s string) string {
	if n, ok := strings.CutPrefix(s, numberMark); ok {
		return n
	}
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	for _, full := range []string{"＝", "＋", "－", "＠"} { // full-width signs count as well
		if strings.HasPrefix(s, full) {
			return "'" + s
		}
	}
	return s
}

func csvText(c any) string {
	switch v := plain(c).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return numberMark + fmt.Sprint(v)
	}
}

// plain reduces a cell to nil, string, int64, float64 or bool.
func plain(c any) any {
	switch v := c.(type) {
	case nil:
		return nil
	case string:
		return strings.TrimPrefix(sane(v), numberMark)
	case bool, int64, float64:
		return v
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case float32:
		return float64(v)
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC().Format("2006-01-02 15:04:05")
	case time.Duration:
		return v.Seconds()
	case fmt.Stringer:
		return sane(v.String())
	}
	return sane(fmt.Sprint(c))
}
