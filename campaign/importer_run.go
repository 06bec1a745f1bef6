package campaign

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"runtime"
	"sync"
)

const batchRows = 256

type batch struct {
	rows     []Row
	verdicts []RowVerdict
	err      error // the reader's, after rows
	done     chan struct{}
}

// Run judges rows on all processors and yields the verdicts in the rows' order, duplicates within the file found.
// It keeps some 20 bytes a row, no more. The sequence ends with the reader's error, or the context's, if there is one.
// rows is read from another goroutine, which has ended when the sequence ends, whoever ended it.
func (im *Importer) Run(ctx context.Context, rows iter.Seq2[Row, error]) iter.Seq2[RowVerdict, error] {
	return func(yield func(RowVerdict, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		workers := runtime.GOMAXPROCS(0)
		ordered, work := make(chan *batch, 2*workers), make(chan *batch, 2*workers)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() { readBatches(ctx, rows, ordered, work) })
		for range workers {
			wg.Go(func() { im.judgeBatches(work) })
		}
		twins := newTwins()
		for b := range ordered {
			<-b.done
			for i := range b.verdicts {
				twins.check(&b.verdicts[i], b.rows[i].Cells)
				if !yield(b.verdicts[i], nil) {
					return
				}
			}
			if b.err != nil {
				yield(RowVerdict{}, b.err)
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(RowVerdict{}, fmt.Errorf("read the list: %w", err))
		}
	}
}

func (im *Importer) judgeBatches(work <-chan *batch) {
	for b := range work {
		b.verdicts = make([]RowVerdict, len(b.rows))
		for i, r := range b.rows {
			b.verdicts[i] = im.Judge(r)
		}
		close(b.done)
	}
}

// readBatches gathers rows and hands each batch to the workers first, then to the one that keeps the order.
func readBatches(ctx context.Context, rows iter.Seq2[Row, error], ordered, work chan<- *batch) {
	defer close(ordered)
	defer close(work)
	b := &batch{done: make(chan struct{})}
	send := func() bool {
		for _, to := range []chan<- *batch{work, ordered} {
			select {
			case to <- b:
			case <-ctx.Done():
				return false
			}
		}
		b = &batch{rows: make([]Row, 0, batchRows), done: make(chan struct{})}
		return true
	}
	for r, err := range rows {
		if err != nil {
			b.err = err
			send()
			return
		}
		b.rows = append(b.rows, r)
		if len(b.rows) == batchRows && !send() {
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
	send()
}

// twins remembers the line of each first number and external id by a 64-bit hash: a false twin is to be expected
// once in some ten million files of a million rows.
type twins struct {
	seed  maphash.Seed
	lines map[uint64]int32
}

func newTwins() *twins { return &twins{seed: maphash.MakeSeed(), lines: make(map[uint64]int32)} }

// check turns a lead that an earlier line has already into a duplicate.
func (t *twins) check(v *RowVerdict, cells []string) {
	if v.State != RowLead {
		return
	}
	n := v.Draft.Numbers[0]
	number := maphash.String(t.seed, "n"+string(n.Phone)+"x"+n.Extension)
	id := maphash.String(t.seed, "i"+v.Draft.ExternalID)
	what, value := "number", string(n.Phone)
	line, twin := t.lines[number]
	if !twin && v.Draft.ExternalID != "" {
		what, value = "external id", v.Draft.ExternalID
		line, twin = t.lines[id]
	}
	if twin {
		v.State, v.Draft = RowDuplicate, Draft{}
		v.Problems = []Problem{{
			Line: v.Line, Value: value, Reason: ProblemDuplicate, Row: cells,
			Message:    fmt.Sprintf("the %s %s is on line %d already", what, value, line),
			Suggestion: "the first line was taken; change this one if it is somebody else",
		}}
		return
	}
	t.lines[number] = int32(v.Line)
	if v.Draft.ExternalID != "" {
		t.lines[id] = int32(v.Line)
	}
}

// FileGuess is how a list file is read: guessed, or as its options said.
type FileGuess struct {
	Format     string   `json:"format"`   // csv, tsv, pipe, semicolon, xlsx; text for other delimiters
	Encoding   string   `json:"encoding"` // utf-8, utf-16le, gb18030, …; xlsx: utf-8
	Delimiter  string   `json:"delimiter,omitempty"`
	Sheet      string   `json:"sheet,omitempty"`
	Sheets     []string `json:"sheets,omitempty"` // of the workbook, in its order
	Header     bool     `json:"header"`           // a heading line was found
	HeaderLine int      `json:"header_line"`      // its line, from 1; 0: none
	Headings   []string `json:"headings"`         // of every column, made up where there are none
}

// ImportPreview is what an import would do, without doing it.
type ImportPreview struct {
	Guess    FileGuess
	Mapping  Mapping
	Rows     []RowVerdict // the first 20
	Problems []Problem    // the first 100
	Tally    Tally        // of the rows looked at
	Whole    bool         // every row was looked at; else the first limit
}

// Preview judges the first limit rows (0: all) and changes nothing.
func (im *Importer) Preview(ctx context.Context, guess FileGuess, rows iter.Seq2[Row, error], limit int) (ImportPreview, error) {
	p := ImportPreview{Guess: guess, Mapping: im.Map, Whole: true}
	for v, err := range im.Run(ctx, rows) {
		if err != nil {
			return ImportPreview{}, fmt.Errorf("preview the list: %w", err)
		}
		if limit > 0 && p.Tally.Rows == int64(limit) {
			p.Whole = false
			break
		}
		p.Tally.Count(v)
		if len(p.Rows) < 20 {
			p.Rows = append(p.Rows, v)
		}
		p.Problems = append(p.Problems, v.Problems[:min(len(v.Problems), 100-len(p.Problems))]...)
	}
	return p, nil
}

// Count adds one verdict. Suppressed ones and duplicates with the campaign's other leads are the store's to add.
func (t *Tally) Count(v RowVerdict) {
	t.Rows++
	switch v.State {
	case RowLead:
		t.Leads++
	case RowProblem:
		t.Problems++
	case RowDuplicate:
		t.Duplicates++
	}
}
