// Package listfile reads lists of leads as people have them, and writes tables that spreadsheets open safely.
//
// It decides what a file is (CSV in any usual encoding and with any delimiter, or XLSX), where its heading is, and
// what its rows are. It never decides what a column means or whether a row is good: that is package campaign's.
// It holds one row at a time, whatever the file, and refuses what is no list at all with the reason.
package listfile

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"redial/campaign"
)

// The limits of one row. A row beyond them is a fault of its own; the file goes on.
const (
	maxCell    = 64 << 10 // bytes of one cell
	maxRecord  = 1 << 20  // bytes of one row
	maxColumns = 2048     // cells of one row
)

// source gives rows in order, then io.EOF.
type source interface {
	next() (campaign.Row, error)
	close() error
}

// File is an open list. Its methods are not safe for concurrent use.
type File struct {
	Guess  campaign.FileGuess
	open   func() (source, error)
	close  func() error
	sample [][]string
	raw    []string // the heading as it is written, to pass over where it is repeated
}

// Open looks at a file of size bytes and makes out how to read it; opt overrides what would be guessed. What is no
// list is refused with an error of kind KindInvalid on the field "file", which says why; a setting that cannot be
// followed names its own field. r is read again by each Rows and must stay open until Close.
func Open(r io.ReaderAt, size int64, name string, opt campaign.ImportOptions) (*File, error) {
	f, err := open(r, size, opt)
	if e, ok := errors.AsType[*campaign.Error](err); ok {
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("open the list %s: %w", name, err)
	}
	return f, nil
}

func open(r io.ReaderAt, size int64, opt campaign.ImportOptions) (*File, error) {
	if size == 0 {
		return nil, refuse("the file is empty")
	}
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read its head: %w", err)
	}
	if isZip(head) {
		return openXLSX(r, size, opt)
	}
	if err := refuseKnown(head); err != nil {
		return nil, err
	}
	return openText(r, size, opt)
}

// Close frees what the file holds; it does not close the reader given to Open.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Sample are the first rows after the heading, for matching columns by their cells.
func (f *File) Sample() [][]string { return f.sample }

// Rows yields the rows from the start, each time it is ranged over: title lines, the heading, its repetitions and
// blank rows are passed over, so that the n-th row is always the same row. A row that cannot be used carries a
// Fault. An error ends the sequence: the file cannot be read on.
func (f *File) Rows() iter.Seq2[campaign.Row, error] {
	return func(yield func(campaign.Row, error) bool) {
		src, err := f.open()
		if err != nil {
			yield(campaign.Row{}, fmt.Errorf("open the rows: %w", err))
			return
		}
		defer src.close()
		for {
			row, err := src.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(campaign.Row{}, fmt.Errorf("read the rows: %w", err))
				return
			}
			if f.passOver(row) {
				continue
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (f *File) passOver(row campaign.Row) bool {
	if row.Fault != nil {
		return false
	}
	if f.Guess.Header && row.Line <= f.Guess.HeaderLine || blank(row.Cells) {
		return true
	}
	return f.Guess.Header && len(f.raw) > 1 && slices.Equal(trimRight(row.Cells), f.raw)
}

// settle fills the guess and the sample from the first rows of the file.
func (f *File) settle(rows []campaign.Row, opt campaign.ImportOptions) error {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r campaign.Row) bool { return r.Fault != nil || blank(r.Cells) })
	if len(rows) == 0 {
		return nil
	}
	at, err := findHeader(rows, opt.Header)
	if err != nil {
		return err
	}
	data := rows
	var heading []string
	if at >= 0 {
		f.Guess.Header, f.Guess.HeaderLine = true, rows[at].Line
		heading = slices.Clone(rows[at].Cells)
		f.raw = trimRight(rows[at].Cells)
		data = rows[at+1:]
	}
	for _, r := range data {
		f.sample = append(f.sample, r.Cells)
	}
	if at < 0 {
		heading = madeUp(f.sample)
	}
	for wide := usualWidth(f.sample); len(heading) < wide; {
		heading = append(heading, "")
	}
	f.Guess.Headings = campaign.UniqueHeadings(heading)
	return nil
}

func refuse(reason string) *campaign.Error { return campaign.Invalid("file", reason) }

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// trimRight leaves out the empty cells at the end of a row.
func trimRight(cells []string) []string {
	n := len(cells)
	for n > 0 && strings.TrimSpace(cells[n-1]) == "" {
		n--
	}
	return cells[:n]
}
