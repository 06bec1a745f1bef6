package listfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"redial/campaign"
)

// csvReader reads delimited text. Unlike encoding/csv it never fails on what it reads: a quote that is not closed
// as it should be is taken for a letter, a row beyond the limits becomes a fault, and the next line goes on.
type csvReader struct {
	src    io.Reader
	offset func() int64 // bytes of the file read so far
	delim  byte
	buf    []byte
	start  int // of the record being read, in buf
	end    int // of what buf holds
	eof    bool
	line   int // of the record being read
	spans  []span
	strays int // records read with quotes as letters so far
}

// span is one cell within the record.
type span struct {
	from, to int
	quoted   bool // its doubled quotes stand for single ones
}

// outcome is how the reading of a record ended.
type outcome uint8

const (
	whole   outcome = iota
	ended           // the file was over
	runaway         // a quoted cell swallows rows: read the record again, quotes as letters
	tooLong
	tooMany
)

func newCSV(src io.Reader, offset func() int64, delim byte) *csvReader {
	return &csvReader{src: src, offset: offset, delim: delim, buf: make([]byte, 64<<10), line: 1}
}

func (c *csvReader) close() error { return nil }

// next reads one record; blank lines are records of one empty cell.
func (c *csvReader) next() (campaign.Row, error) {
	size, how, err := c.scan(false)
	literal := false
	if err == nil && how == runaway {
		literal = true
		c.strays++
		size, how, err = c.scan(true)
	}
	if err != nil {
		return campaign.Row{}, err
	}
	row := campaign.Row{Line: c.line}
	switch how {
	case ended:
		return row, io.EOF
	case tooLong, tooMany:
		return c.skip(row, size, how)
	default: // whole, or as whole as it gets
	}
	record := c.buf[c.start : c.start+size]
	row.Cells = c.cells(record, literal)
	c.advance(size)
	row.Offset = c.offset()
	return row, nil
}

// advance passes over n bytes of the buffer, counting lines.
func (c *csvReader) advance(n int) {
	c.line += countLines(c.buf[c.start : c.start+n])
	c.start += n
}

// countLines counts line ends: CRLF, LF or CR, each one. b never ends within a CRLF.
func countLines(b []byte) int {
	n := bytes.Count(b, []byte("\n"))
	if bytes.IndexByte(b, '\r') < 0 {
		return n
	}
	for i, x := range b {
		if x == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			n++
		}
	}
	return n
}

// more reads on; false at the end of the file. Positions relative to c.start stay good.
func (c *csvReader) more() (bool, error) {
	if c.eof {
		return false, nil
	}
	if c.start > 0 {
		copy(c.buf, c.buf[c.start:c.end])
		c.start, c.end = 0, c.end-c.start
	}
	if c.end == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	for range 100 {
		n, err := c.src.Read(c.buf[c.end:])
		c.end += n
		if errors.Is(err, io.EOF) {
			c.eof = true
			return n > 0, nil
		}
		if err != nil {
			return false, fmt.Errorf("read the text: %w", err)
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, io.ErrNoProgress
}

// at is the byte at pos of the record; ok is false at the end of the file.
func (c *csvReader) at(pos int) (b byte, ok bool, err error) {
	for c.start+pos >= c.end {
		if ok, err := c.more(); !ok || err != nil {
			return 0, false, err
		}
	}
	return c.buf[c.start+pos], true, nil
}

// scan finds the cells of the record at c.start. size is what it takes with its line end.
func (c *csvReader) scan(literal bool) (size int, how outcome, err error) {
	c.spans = c.spans[:0]
	pos := 0
	if _, ok, err := c.at(0); !ok || err != nil {
		return 0, ended, err
	}
	for {
		if len(c.spans) == maxColumns {
			return pos, tooMany, nil
		}
		if !literal {
			next, how, err := c.quoted(pos)
			if err != nil || how != whole {
				return pos, how, err
			}
			if next >= 0 {
				pos = next
			} else if pos, err = c.plain(pos); err != nil {
				return 0, whole, err
			}
		} else if pos, err = c.plain(pos); err != nil {
			return 0, whole, err
		}
		if s := c.spans[len(c.spans)-1]; s.to-s.from > maxCell || pos > maxRecord {
			return pos, tooLong, nil
		}
		b, ok, err := c.at(pos)
		switch {
		case err != nil:
			return 0, whole, err
		case !ok:
			return pos, whole, nil
		case b == c.delim:
			pos++
		case b == '\n':
			return pos + 1, whole, nil
		default: // CR
			b, ok, err = c.at(pos + 1)
			if ok && b == '\n' {
				return pos + 2, whole, err
			}
			return pos + 1, whole, err
		}
	}
}

// plain finds the end of an unquoted cell: the delimiter, a line end, the end of the file, or the limit.
func (c *csvReader) plain(from int) (int, error) {
	pos := from
	for {
		window := c.buf[c.start+pos : c.end]
		for i, b := range window {
			if b == c.delim || b == '\n' || b == '\r' {
				c.spans = append(c.spans, span{from: from, to: pos + i})
				return pos + i, nil
			}
		}
		pos += len(window)
		if pos-from > maxCell {
			c.spans = append(c.spans, span{from: from, to: pos})
			return pos, nil
		}
		if ok, err := c.more(); !ok || err != nil {
			c.spans = append(c.spans, span{from: from, to: pos})
			return pos, err
		}
	}
}

// maxQuotedLines is how many lines a quoted cell may go over before its quote is taken for a stray one.
const maxQuotedLines = 500

// quoted reads a quoted cell at pos, after blanks perhaps. next is where it ends, -1 if no quote opens there.
func (c *csvReader) quoted(pos int) (next int, how outcome, err error) {
	open := pos
	for {
		b, ok, err := c.at(open)
		if err != nil || !ok {
			return -1, whole, err
		}
		if b == '"' {
			break
		}
		if b != ' ' || b == c.delim {
			return -1, whole, nil
		}
		open++
	}
	lines, doubled, stray := 0, false, false
	for p := open + 1; ; p++ {
		b, ok, err := c.at(p)
		switch {
		case err != nil:
			return 0, whole, err
		case !ok || p-open > maxCell+2:
			return 0, runaway, nil
		case b == '\n' || b == '\r':
			if lines++; stray || lines > maxQuotedLines {
				return 0, runaway, nil
			}
		case b == '"':
			after, ok, err := c.at(p + 1)
			if err != nil {
				return 0, whole, err
			}
			if ok && after == '"' {
				doubled = true
				p++
				continue
			}
			end, closed, err := c.closes(p + 1)
			if err != nil {
				return 0, whole, err
			}
			if closed {
				c.spans = append(c.spans, span{from: open + 1, to: p, quoted: doubled})
				return end, whole, nil
			}
			if stray = true; lines > 0 {
				return 0, runaway, nil
			}
		}
	}
}

// closes says whether a quote before pos closes its cell: after blanks comes a delimiter, a line end or the end.
func (c *csvReader) closes(pos int) (end int, closed bool, err error) {
	for {
		b, ok, err := c.at(pos)
		if err != nil {
			return 0, false, err
		}
		if !ok || b == c.delim || b == '\n' || b == '\r' {
			return pos, true, nil
		}
		if b != ' ' {
			return 0, false, nil
		}
		pos++
	}
}

// skip passes over the rest of a line that is beyond the limits, and tells of it.
func (c *csvReader) skip(row campaign.Row, size int, how outcome) (campaign.Row, error) {
	begin := c.buf[c.start : c.start+min(size, 200, c.end-c.start)]
	row.Cells = c.clipped()
	row.Fault = &campaign.Fault{
		Reason: campaign.ProblemCellTooLong, Value: strings.ToValidUTF8(string(begin), ""),
		Message:    fmt.Sprintf("the row is longer than a list's: a cell may have %d kB, a row %d kB", maxCell>>10, maxRecord>>10),
		Suggestion: "shorten it; a quote that is never closed may be the cause",
	}
	if how == tooMany {
		row.Fault.Reason = campaign.ProblemTooManyColumns
		row.Fault.Message = fmt.Sprintf("the row has more than %d cells", maxColumns)
	}
	c.start += size // within the first line, as quoted cells beyond the limit are read as letters
	for {
		if i := bytes.IndexAny(c.buf[c.start:c.end], "\r\n"); i >= 0 {
			c.start += i
			b, _, err := c.at(0)
			if err != nil {
				return row, err
			}
			after, ok, err := c.at(1)
			n := 1
			if b == '\r' && ok && after == '\n' {
				n = 2
			}
			c.start += n
			c.line++
			row.Offset = c.offset()
			return row, err
		}
		c.start = c.end
		if ok, err := c.more(); !ok || err != nil {
			c.line++
			return row, err
		}
	}
}

// clipped are the beginnings of the cells found so far.
func (c *csvReader) clipped() []string {
	out := make([]string, 0, min(len(c.spans), 256))
	for _, s := range c.spans[:min(len(c.spans), 256)] {
		to := min(s.to, s.from+200, c.end-c.start)
		out = append(out, sane(string(c.buf[c.start+s.from:c.start+max(to, s.from)])))
	}
	return out
}

// cells makes the texts of a record, in one allocation where nothing has to be undone.
func (c *csvReader) cells(record []byte, literal bool) []string {
	text := string(record)
	clean := utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
	out := make([]string, len(c.spans))
	for i, s := range c.spans {
		cell := text[s.from:s.to]
		if s.quoted {
			cell = strings.ReplaceAll(cell, `""`, `"`)
		}
		if literal {
			cell = strings.Trim(cell, `"`)
		}
		if !clean {
			cell = sane(cell)
		}
		out[i] = cell
	}
	return out
}

// sane is text that every store takes: UTF-8 without NUL.
func sane(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
