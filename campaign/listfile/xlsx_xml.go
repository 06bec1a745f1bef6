package listfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tagKind is what an xmlReader stands at.
type tagKind uint8

const (
	tagOpen tagKind = iota + 1
	tagClose
	tagText
)

const maxTag = 64 << 10

// xmlReader is a pull reader of the little XML that spreadsheets are made of, in constant memory: a text beyond the
// limit of a cell is cut, and told so. It knows no entities but the five and numbers, so that none can explode.
type xmlReader struct {
	r     *bufio.Reader
	kind  tagKind
	name  string // of the tag, without a prefix
	attrs []byte
	text  []byte
	empty bool // <a/>: its closing tag comes next
	buf   []byte
}

func newXML(r io.Reader) *xmlReader { return &xmlReader{r: bufio.NewReaderSize(r, 32<<10)} }

var errLongTag = errors.New("a tag does not end")

// next goes on to the next tag or text; io.EOF at the end.
func (x *xmlReader) next() error {
	if x.empty {
		x.empty, x.kind = false, tagClose
		return nil
	}
	x.text = x.text[:0]
	if err := x.readText(); err != nil {
		return err
	}
	if len(x.text) > 0 {
		x.kind = tagText
		return nil
	}
	return x.readTag()
}

// readText gathers text up to the next tag, which stays unread.
func (x *xmlReader) readText() error {
	for {
		chunk, err := x.r.ReadSlice('<')
		if n := len(chunk); n > 0 && chunk[n-1] == '<' {
			chunk = chunk[:n-1]
		}
		keep(&x.text, chunk)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil:
			return x.r.UnreadByte()
		case errors.Is(err, io.EOF) && len(x.text) > 0:
			return nil
		case errors.Is(err, io.EOF):
			return io.EOF
		default:
			return fmt.Errorf("read XML: %w", err)
		}
	}
}

// readTag reads from < to >, passing over comments and instructions; CDATA is text.
func (x *xmlReader) readTag() error {
	x.buf = x.buf[:0]
	var quote byte
	for {
		b, err := x.r.ReadByte()
		if err != nil {
			return err
		}
		x.buf = append(x.buf, b)
		if len(x.buf) > maxTag {
			return errLongTag
		}
		switch {
		case len(x.buf) == 4 && string(x.buf) == "<!--":
			if err := x.until("-->", nil); err != nil {
				return err
			}
			return x.next()
		case len(x.buf) == 9 && string(x.buf) == "<![CDATA[":
			x.kind = tagText
			err := x.until("]]>", &x.text)
			x.text = []byte(strings.ReplaceAll(string(x.text), "&", "&amp;"))
			return err
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case (b == '"' || b == '\'') && len(x.buf) > 1 && x.buf[1] != '!':
			quote = b
		case b == '>':
			if x.buf[1] == '?' || x.buf[1] == '!' {
				return x.next()
			}
			x.setTag(x.buf[1 : len(x.buf)-1])
			return nil
		}
	}
}

// until reads up to and with end, keeping what comes before it in to, cut beyond the limit of a cell.
func (x *xmlReader) until(end string, to *[]byte) error {
	var last []byte
	for {
		b, err := x.r.ReadByte()
		if err != nil {
			return err
		}
		last = append(last, b)
		if b != end[len(end)-1] || !bytes.HasSuffix(last, []byte(end)) {
			if len(last) > maxCell {
				keep(to, last[:len(last)-len(end)])
				last = append(last[:0], last[len(last)-len(end):]...)
			}
			continue
		}
		keep(to, last[:len(last)-len(end)])
		return nil
	}
}

// keep appends b to what is kept, if anything is, up to just beyond the limit of a cell: enough to be found too long.
func keep(to *[]byte, b []byte) {
	if to != nil {
		*to = append(*to, b[:min(len(b), max(0, maxCell+1-len(*to)))]...)
	}
}

func (x *xmlReader) setTag(tag []byte) {
	x.kind = tagOpen
	if len(tag) > 0 && tag[0] == '/' {
		x.kind, tag = tagClose, tag[1:]
	} else if n := len(tag); n > 0 && tag[n-1] == '/' {
		x.empty, tag = true, tag[:n-1]
	}
	end := 0
	for end < len(tag) && tag[end] != ' ' && tag[end] != '\t' && tag[end] != '\n' && tag[end] != '\r' {
		end++
	}
	name := tag[:end]
	for i, b := range name {
		if b == ':' {
			name = name[i+1:]
			break
		}
	}
	x.attrs = tag[end:]
	if string(name) != x.name { // no allocation for the many equal ones
		x.name = string(name)
	}
}

// attr is an attribute of the tag, with or without a prefix as it is written; empty: none.
func (x *xmlReader) attr(name string) string {
	a := x.attrs
	for len(a) > 0 {
		for len(a) > 0 && (a[0] == ' ' || a[0] == '\t' || a[0] == '\n' || a[0] == '\r') {
			a = a[1:]
		}
		eq := 0
		for eq < len(a) && a[eq] != '=' {
			eq++
		}
		if eq+1 >= len(a) {
			return ""
		}
		quote := a[eq+1]
		end := eq + 2
		for end < len(a) && a[end] != quote {
			end++
		}
		if string(a[:eq]) == name {
			return unescape(a[eq+2 : min(end, len(a))])
		}
		a = a[min(end+1, len(a)):]
	}
	return ""
}

// content is the text at hand; one that was cut stays beyond the limit of a cell, so that it is found too long.
func (x *xmlReader) content() string {
	if len(x.text) > maxCell {
		return sane(string(x.text))
	}
	return unescape(x.text)
}

// unescape is a text with its references written out. What is no known reference stays as it is.
func unescape(b []byte) string {
	s := string(b)
	if strings.IndexByte(s, '&') < 0 && !strings.Contains(s, "_x") {
		return sane(s)
	}
	var out strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			break
		}
		out.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s[:min(len(s), 12)], ';')
		r := rune(-1)
		if end > 0 {
			r = reference(s[1:end])
		}
		if r < 0 {
			out.WriteByte('&')
			s = s[1:]
			continue
		}
		out.WriteRune(r)
		s = s[end+1:]
	}
	out.WriteString(s)
	return sane(controls(out.String()))
}

func reference(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	if len(name) < 2 || name[0] != '#' {
		return -1
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' || digits[0] == 'X' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseInt(digits, base, 32)
	if err != nil || n <= 0 || !utf8.ValidRune(rune(n)) {
		return -1
	}
	return rune(n)
}

// controls undoes Excel's own way of writing control characters, _x000D_.
func controls(s string) string {
	if !strings.Contains(s, "_x00") {
		return s
	}
	return strings.NewReplacer("_x000D_", "\r", "_x000A_", "\n", "_x0009_", "\t", "_x0000_", "").Replace(s)
}
