package listfile

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// sheetLimit is how many rows a sheet may have; a longer table goes on in the next.
const sheetLimit = 1 << 20

// WriteXLSX writes tables as the sheets of one workbook, headings frozen. Rows pass through a temporary file where
// they are many, so that memory stays bounded.
func WriteXLSX(w io.Writer, tables ...Table) (err error) {
	if len(tables) == 0 {
		return errors.New("write XLSX: no table")
	}
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("write XLSX: %w", e)
		}
	}()
	used := map[string]bool{}
	for _, t := range tables {
		if err := writeSheets(f, t, used); err != nil {
			return fmt.Errorf("write sheet %s: %w", t.Name, err)
		}
	}
	if !used["sheet1"] {
		if err := f.DeleteSheet("Sheet1"); err != nil {
			return fmt.Errorf("write XLSX: %w", err)
		}
	}
	f.SetActiveSheet(0)
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write XLSX: %w", err)
	}
	return nil
}

// writeSheets writes one table, over several sheets if one does not hold it.
func writeSheets(f *excelize.File, t Table, used map[string]bool) error {
	out, err := newSheet(f, t, used)
	if err != nil {
		return err
	}
	line := 1
	for cells := range t.Rows {
		if line == sheetLimit {
			if err := out.Flush(); err != nil {
				return err
			}
			if out, err = newSheet(f, t, used); err != nil {
				return err
			}
			line = 1
		}
		line++
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = plain(c)
		}
		if err := out.SetRow(fmt.Sprintf("A%d", line), row); err != nil {
			return err
		}
	}
	return out.Flush()
}

func newSheet(f *excelize.File, t Table, used map[string]bool) (*excelize.StreamWriter, error) {
	name := sheetName(t.Name, used)
	if _, err := f.NewSheet(name); err != nil {
		return nil, err
	}
	out, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	head := make([]any, len(t.Head))
	for i, h := range t.Head {
		head[i] = sane(h)
	}
	return out, out.SetRow("A1", head)
}

// sheetName is a name that a sheet may have, new in its workbook.
func sheetName(name string, used map[string]bool) string {
	name = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) || r < ' ' {
			return '-'
		}
		return r
	}, name), "' ")
	if name == "" {
		name = "Report"
	}
	base := []rune(name)
	for n := 1; ; n++ {
		suffix := ""
		if n > 1 {
			suffix = fmt.Sprintf(" (%d)", n)
		}
		try := string(base[:min(len(base), 31-len(suffix))]) + suffix
		if key := strings.ToLower(try); !used[key] {
			used[key] = true
			return try
		}
	}
}
