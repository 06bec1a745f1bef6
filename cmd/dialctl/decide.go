package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"redial/scheduler"
)

const decideUsage = `Usage: dialctl decide [FILE]

Reads cases, one JSON object a line, from FILE (or standard input) and prints the
rule's answer to each, one a line, in the same order. Empty lines are passed over,
and so is a case's "want". A malformed line ends it with exit 2 and an error that
names the line and the field, after the answers before it.

  dialctl decide scheduler/testdata/vectors.jsonl
  dialctl lead show --case LEAD | dialctl decide
  dialctl --tzdata zoneinfo.zip decide FILE       by other zone data than this program's
`

// runDecide answers cases offline, through the very code of the dispatcher. Exit codes: 0 all answered, 1 the input
// or the output failed, 2 wrong usage or a malformed line.
func runDecide(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var files []string
	for _, a := range args {
		switch a {
		case "-h", "-help", "--help":
			_, _ = io.WriteString(stdout, decideUsage)
			return 0
		case "--json": // answers are JSON in any case
		case "-":
			files = append(files, a)
		default:
			if len(a) > 0 && a[0] == '-' {
				_, _ = fmt.Fprintf(stderr, "dialctl decide: unknown flag %s\n\n%s", a, decideUsage)
				return 2
			}
			files = append(files, a)
		}
	}
	if len(files) > 1 {
		_, _ = fmt.Fprintf(stderr, "dialctl decide: %d files given: give one, or none to read standard input\n\n%s", len(files), decideUsage)
		return 2
	}
	if len(files) == 1 && files[0] != "-" {
		f, err := os.Open(files[0])
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "dialctl decide: %v\n", err)
			return 1
		}
		defer func() { _ = f.Close() }() // read only: nothing can be lost
		stdin = f
	}
	return decideAll(stdin, stdout, stderr)
}

// batch is some lines on their way through a worker; its done channel closes when the answers are there.
type batch struct {
	first   int // number of its first line in the input, from 1
	lines   []byte
	answers []byte
	err     error // of a malformed line, which ends the input; answers hold those before it
	fatal   error // of reading
	done    chan struct{}
}

const batchBytes = 64 << 10

// decideAll keeps every core busy and the order of lines. A batch ends when the input has nothing more at hand, so
// that somebody who types a case gets the answer at once.
func decideAll(stdin io.Reader, stdout, stderr io.Writer) int {
	workers := runtime.GOMAXPROCS(0)
	todo, inOrder := make(chan *batch), make(chan *batch, 2*workers)
	stop := make(chan struct{})
	defer close(stop)
	for range workers {
		go func() {
			for b := range todo {
				b.answer()
				close(b.done)
			}
		}()
	}
	go readBatches(bufio.NewReaderSize(stdin, batchBytes), todo, inOrder, stop)

	out := bufio.NewWriterSize(stdout, batchBytes)
	for b := range inOrder {
		<-b.done
		_, _ = out.Write(b.answers) // an error stays with out and shows in Flush
		if len(inOrder) == 0 || b.err != nil || b.fatal != nil {
			if err := out.Flush(); err != nil {
				_, _ = fmt.Fprintf(stderr, "dialctl decide: write answers: %v\n", err)
				return 1
			}
		}
		if b.err != nil {
			_, _ = fmt.Fprintf(stderr, "dialctl decide: %v\n", b.err)
			return 2
		}
		if b.fatal != nil {
			_, _ = fmt.Fprintf(stderr, "dialctl decide: read cases: %v\n", b.fatal)
			return 1
		}
	}
	if err := out.Flush(); err != nil {
		_, _ = fmt.Fprintf(stderr, "dialctl decide: write answers: %v\n", err)
		return 1
	}
	return 0
}

// readBatches cuts the input into batches of whole lines until it ends or stop closes.
func readBatches(in *bufio.Reader, todo, inOrder chan<- *batch, stop <-chan struct{}) {
	defer close(inOrder)
	defer close(todo)
	for line, ended := 1, false; !ended; {
		b := &batch{first: line, done: make(chan struct{})}
		line, ended = b.fill(in, line)
		for _, to := range [...]chan<- *batch{inOrder, todo} {
			select {
			case to <- b:
			case <-stop:
				return
			}
		}
	}
}

// fill takes lines until the batch is large, the input has no more at hand, or it ends. It returns the number of the
// next line.
func (b *batch) fill(in *bufio.Reader, line int) (next int, ended bool) {
	for {
		part, err := in.ReadSlice('\n')
		b.lines = append(b.lines, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // a long line: the rest comes with the next part
			continue
		case errors.Is(err, io.EOF):
			return line, true
		case err != nil:
			b.fatal = err
			b.lines = b.lines[:bytes.LastIndexByte(b.lines, '\n')+1] // a line cut off is not a malformed one
			return line, true
		}
		line++
		if len(b.lines) >= batchBytes || in.Buffered() == 0 {
			return line, false
		}
	}
}

// answer decides each line of the batch, up to the first that is malformed.
func (b *batch) answer() {
	n := b.first
	for line := range bytes.Lines(b.lines) {
		if len(bytes.TrimSpace(line)) > 0 {
			c, err := scheduler.ParseCase(line)
			if err != nil {
				b.err = fmt.Errorf("line %d: %w", n, err)
				return
			}
			b.answers = append(c.Answer().AppendJSON(b.answers), '\n')
		}
		n++
	}
}
