package listfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"redial/campaign"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// headSize is how much decoded text is looked at to make out delimiter and heading.
const headSize = 256 << 10

// sampleRows is how many rows are looked at.
const sampleRows = 200

// textFile is how a text file is read.
type textFile struct {
	r     io.ReaderAt
	size  int64
	enc   encoding.Encoding // nil: UTF-8
	delim byte
	skip  int // bytes of decoded text before the first line: a mark, a "sep=" line
	lines int // lines among them
}

func openText(r io.ReaderAt, size int64, opt campaign.ImportOptions) (*File, error) {
	name := opt.Encoding
	if name == "" {
		guess, err := guessEncoding(r, size)
		if err != nil {
			return nil, err
		}
		name = guess
	}
	enc, name, err := encodingNamed(name)
	if err != nil {
		return nil, err
	}
	t := &textFile{r: r, size: size, enc: enc}
	head, whole, err := t.head()
	if err != nil {
		return nil, err
	}
	if e := refuseText(head); e != nil {
		return nil, e
	}
	body := t.passMarks(head)
	asked, err := delimiterAsked(opt.Delimiter, head[:t.skip])
	if err != nil {
		return nil, err
	}
	d := guessDialect(body, whole, asked)
	t.delim = d.delim
	f := &File{open: t.source}
	f.Guess = campaign.FileGuess{Format: formatNames[d.delim], Encoding: name, Delimiter: string(d.delim)}
	if f.Guess.Format == "" {
		f.Guess.Format = "text"
	}
	for i := range d.rows {
		d.rows[i].Line += t.lines
	}
	if err := f.settle(d.rows, opt); err != nil {
		return nil, err
	}
	if len(f.Guess.Headings) == 0 {
		return nil, refuse("the file holds no rows")
	}
	if asked == 0 && opt.Header == "" && len(opt.Map) == 0 {
		if e := f.refuseProse(d); e != nil {
			return nil, e
		}
	}
	return f, nil
}

var formatNames = map[byte]string{',': "csv", ';': "semicolon", '\t': "tsv", '|': "pipe"}

// head is the beginning of the decoded text, and whether that is all of it.
func (t *textFile) head() (string, bool, error) {
	buf := make([]byte, headSize)
	n, err := io.ReadFull(t.decoded(nil), buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", false, fmt.Errorf("decode the text: %w", err)
	}
	return string(buf[:n]), n < headSize, nil
}

// passMarks sets what comes before the first line: a byte order mark, Excel's "sep=;".
func (t *textFile) passMarks(head string) string {
	if strings.HasPrefix(head, "\uFEFF") {
		t.skip = len("\uFEFF")
	}
	body := head[t.skip:]
	if len(body) > 6 && strings.EqualFold(body[:4], "sep=") {
		if i := strings.IndexAny(body, "\r\n"); i == 5 {
			n := i + 1
			if body[i] == '\r' && body[i+1] == '\n' {
				n++
			}
			t.skip, t.lines = t.skip+n, 1
		}
	}
	return head[t.skip:]
}

// delimiterAsked is the one the options or the file's first line ask for; 0: none.
func delimiterAsked(option, marks string) (byte, error) {
	switch strings.ToLower(option) {
	case "":
		if i := strings.Index(strings.ToLower(marks), "sep="); i >= 0 {
			return marks[i+4], nil
		}
		return 0, nil
	case `\t`, "tab", "tsv":
		return '\t', nil
	case "pipe":
		return '|', nil
	case "comma":
		return ',', nil
	case "semicolon":
		return ';', nil
	}
	if len(option) != 1 || option[0] >= utf8.RuneSelf || strings.ContainsAny(option, "\"\r\n\x00") {
		return 0, campaign.Invalid("delimiter", fmt.Sprintf("%q is no delimiter: give one character, such as , ; | or tab", option))
	}
	return option[0], nil
}

// decoded is the text as UTF-8 from the start; read counts the bytes of the file taken so far, if it is not nil.
func (t *textFile) decoded(read *atomic.Int64) io.Reader {
	var r io.Reader = io.NewSectionReader(t.r, 0, t.size)
	if read != nil {
		r = &countReader{r: r, n: read}
	}
	if t.enc == nil {
		return r
	}
	return transform.NewReader(bufio.NewReaderSize(r, 64<<10), t.enc.NewDecoder())
}

func (t *textFile) source() (source, error) {
	var read atomic.Int64
	r := t.decoded(&read)
	if _, err := io.CopyN(io.Discard, r, int64(t.skip)); err != nil {
		return nil, fmt.Errorf("pass over the file's marks: %w", err)
	}
	c := newCSV(r, read.Load, t.delim)
	c.line += t.lines
	return c, nil
}

type countReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// dialect is a delimiter and what the head of the file looks like under it.
type dialect struct {
	delim  byte
	rows   []campaign.Row
	width  int     // the usual number of cells
	steady float64 // the share of rows that have it
	quotes float64 // the share of rows whose quotes open and close as they should
}

// guessDialect reads the head with each usual delimiter and takes the one that gives the steadiest, widest rows.
func guessDialect(body string, whole bool, asked byte) dialect {
	delims := []byte{',', '\t', ';', '|'}
	if asked != 0 {
		delims = []byte{asked}
	}
	var best dialect
	score := -1.0
	for _, d := range delims {
		got := try(body, whole, d)
		s := got.steady * got.steady * float64(min(got.width, 10)-1) * got.quotes
		if got.width > 1 {
			s += 0.01 * float64(min(got.width, 200))
		}
		if s > score {
			best, score = got, s
		}
	}
	return best
}

func try(body string, whole bool, delim byte) dialect {
	c := newCSV(strings.NewReader(body), func() int64 { return 0 }, delim)
	d := dialect{delim: delim, width: 1}
	for len(d.rows) < sampleRows {
		row, err := c.next()
		if err != nil {
			break
		}
		if !whole && c.eof && c.start == c.end && len(d.rows) > 0 { // the head ends within this one
			break
		}
		d.rows = append(d.rows, row)
	}
	counts, full := map[int]int{}, 0
	for _, r := range d.rows {
		if r.Fault == nil && !blank(r.Cells) {
			counts[len(r.Cells)]++
			full++
		}
	}
	for n, times := range counts {
		if times > counts[d.width] || times == counts[d.width] && n > d.width {
			d.width = n
		}
	}
	if full > 0 {
		d.steady = float64(counts[d.width]) / float64(full)
		d.quotes = 1 - float64(min(c.strays, full))/float64(full)
	}
	return d
}

// refuseProse refuses text whose lines are not rows: no columns and nothing like a number or a known heading.
func (f *File) refuseProse(d dialect) *campaign.Error {
	if d.width > 1 && d.steady >= 0.5 {
		return nil
	}
	cells, phones := 0, 0
	for _, row := range f.sample {
		for _, c := range row {
			if c = strings.TrimSpace(c); c != "" {
				cells++
				if campaign.LooksLikePhone(c) {
					phones++
				}
			}
		}
	}
	if phones > 0 && phones*10 >= cells {
		return nil
	}
	for _, h := range f.Guess.Headings {
		if f.Guess.Header && campaign.KnownHeading(h) {
			return nil
		}
	}
	return refuse("this looks like running text, no list: rows with columns are needed, as CSV or XLSX (--map tells what a column is)")
}
