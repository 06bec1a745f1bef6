package listfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"redial/campaign"
)

// sheetRows reads one sheet as a stream.
type sheetRows struct {
	w    *workbook
	rc   io.ReadCloser
	x    *xmlReader
	line int
	size int // bytes of the row's cells
	long string
	wide bool
}

func (w *workbook) rows(s sheet) (source, error) {
	w.read.Store(0)
	rc, err := w.open(s.file)
	if err != nil {
		return nil, err
	}
	return &sheetRows{w: w, rc: rc, x: newXML(rc)}, nil
}

func (s *sheetRows) close() error { return s.rc.Close() }

// damaged is the error for a sheet that cannot be read on.
func (s *sheetRows) damaged(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return refuse(fmt.Sprintf("the sheet is damaged after line %d: %v", s.line, err))
}

// next reads on to the next row that has cells.
func (s *sheetRows) next() (campaign.Row, error) {
	for {
		if err := s.x.next(); err != nil {
			return campaign.Row{}, s.damaged(err)
		}
		if s.x.kind != tagOpen || s.x.name != "row" {
			continue
		}
		s.line++
		if n, err := strconv.Atoi(s.x.attr("r")); err == nil && n > 0 {
			s.line = n
		}
		if s.line > maxSheetRow {
			return campaign.Row{}, refuse("the sheet has more rows than a sheet can have")
		}
		row, err := s.row()
		if err != nil {
			return campaign.Row{}, s.damaged(err)
		}
		if len(row.Cells) > 0 || row.Fault != nil {
			return row, nil
		}
	}
}

// row reads the cells of the row at hand.
func (s *sheetRows) row() (campaign.Row, error) {
	row := campaign.Row{Line: s.line}
	s.size, s.long, s.wide = 0, "", false
	at := 0
	for !(s.x.kind == tagClose && s.x.name == "row") {
		if err := s.x.next(); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return row, err
		}
		if s.x.kind != tagOpen || s.x.name != "c" {
			continue
		}
		if col, ok := columnOf(s.x.attr("r")); ok {
			at = col
		}
		text, err := s.cell()
		if err != nil {
			return row, err
		}
		s.put(&row, at, text)
		at++
	}
	row.Offset = min(s.w.read.Load(), s.w.size)
	row.Fault = s.fault()
	return row, nil
}

func (s *sheetRows) put(row *campaign.Row, at int, text string) {
	if text == "" {
		return
	}
	if at >= maxColumns {
		s.wide = true
		return
	}
	for len(row.Cells) <= at {
		row.Cells = append(row.Cells, "")
	}
	s.size += len(text)
	if len(text) > maxCell || s.size > maxRecord {
		s.long = text[:min(len(text), 200)]
		text = s.long
	}
	row.Cells[at] = strings.ToValidUTF8(text, "")
}

func (s *sheetRows) fault() *campaign.Fault {
	switch {
	case s.long != "":
		return &campaign.Fault{
			Reason: campaign.ProblemCellTooLong, Value: s.long, Suggestion: "shorten it",
			Message: fmt.Sprintf("the row is longer than a list's: a cell may have %d kB, a row %d kB", maxCell>>10, maxRecord>>10),
		}
	case s.wide:
		return &campaign.Fault{
			Reason: campaign.ProblemTooManyColumns, Suggestion: "leave the far cells out",
			Message: fmt.Sprintf("the row has more than %d cells", maxColumns),
		}
	}
	return nil
}

// cell reads the cell at hand up to its end.
func (s *sheetRows) cell() (string, error) {
	x := s.x
	kind := x.attr("t")
	style := 0
	if n, err := strconv.Atoi(x.attr("s")); err == nil {
		style = n
	}
	var value []byte
	var inline strings.Builder
	in := ""
	phonetic := false
	for !(x.kind == tagClose && x.name == "c") {
		if err := x.next(); err != nil {
			return "", err
		}
		switch x.kind {
		case tagOpen:
			in = x.name
			phonetic = phonetic || x.name == "rPh"
		case tagClose:
			in = ""
			phonetic = phonetic && x.name != "rPh"
		case tagText:
			switch {
			case in == "v" && len(value) <= maxCell:
				value = append(value, x.text...)
			case in == "t" && !phonetic && inline.Len() <= maxCell:
				inline.WriteString(x.content())
			}
		}
	}
	return s.value(kind, value, inline.String(), style)
}

func (s *sheetRows) value(kind string, value []byte, inline string, style int) (string, error) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil {
			return "", nil //nolint:nilerr // a cell that points to no text is an empty one
		}
		return s.w.shared.get(i)
	case "inlineStr":
		return inline, nil
	case "b":
		if string(bytes.TrimSpace(value)) == "1" {
			return "TRUE", nil
		}
		return "FALSE", nil
	case "str", "e", "d":
		return unescape(value), nil
	}
	raw := strings.TrimSpace(string(value))
	if raw == "" {
		return inline, nil
	}
	return s.w.number(raw, style), nil
}

// columnOf is the column of a reference such as "AB12", from 0.
func columnOf(ref string) (int, bool) {
	n := 0
	for i := 0; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		n = n*26 + int(ref[i]-'A'+1)
		if n > 1<<20 {
			return 0, false
		}
	}
	return n - 1, n > 0
}
