package store

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// bulkRow takes the values of a row in the order of its columns, as a COPY of PostgreSQL has them in binary, or as the
// arguments of a statement.
type bulkRow struct {
	copied bool
	buf    []byte // of the COPY; else of the text being built
	args   []any
}

// int adds a BIGINT.
func (r *bulkRow) int(n int64) {
	if !r.copied {
		r.args = append(r.args, n)
		return
	}
	r.buf = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(r.buf, 8), uint64(n))
}

// text adds a TEXT.
func (r *bulkRow) text(s string) {
	if !r.copied {
		r.args = append(r.args, s)
		return
	}
	r.buf = append(binary.BigEndian.AppendUint32(r.buf, uint32(len(s))), s...)
}

// flag adds a BOOLEAN.
func (r *bulkRow) flag(v bool) {
	if !r.copied {
		r.args = append(r.args, v)
		return
	}
	bit := byte(0)
	if v {
		bit = 1
	}
	r.buf = append(binary.BigEndian.AppendUint32(r.buf, 1), bit)
}

// begin begins a TEXT that is appended to buf until finish.
func (r *bulkRow) begin() (at int) {
	if !r.copied {
		r.buf = r.buf[:0]
		return 0
	}
	r.buf = append(r.buf, 0, 0, 0, 0)
	return len(r.buf)
}

// finish ends the TEXT that began at.
func (r *bulkRow) finish(at int) {
	if !r.copied {
		r.args = append(r.args, string(r.buf))
		return
	}
	binary.BigEndian.PutUint32(r.buf[at-4:], uint32(len(r.buf)-at))
}

// copySource is the stream of a COPY, its rows made as they are read. The connection reads it in a goroutine of its own,
// which may outlive the COPY when the connection is cut: from end on it makes no more.
type copySource struct {
	mu      sync.Mutex
	columns int
	i, n    int
	row     func(i int, r *bulkRow) error
	r       bulkRow
	read    int // of r.buf
	err     error
}

const (
	copyHead = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // no flags, nothing more
	copyTail = "\xff\xff"
	copyAt   = 60 << 10 // bytes of rows that are made before they are read
)

func newCopySource(columns, n int, row func(i int, r *bulkRow) error) *copySource {
	return &copySource{columns: columns, n: n, row: row, r: bulkRow{copied: true, buf: append(make([]byte, 0, copyAt+4096), copyHead...)}}
}

// Read implements io.Reader.
func (s *copySource) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && s.read == len(s.r.buf) {
		s.r.buf, s.read = s.r.buf[:0], 0
		s.err = s.more()
	}
	n := copy(p, s.r.buf[s.read:])
	if s.read += n; n > 0 {
		return n, nil
	}
	return 0, s.err
}

// more makes rows; io.EOF: those were the last.
func (s *copySource) more() error {
	for s.i < s.n && len(s.r.buf) < copyAt {
		s.r.buf = binary.BigEndian.AppendUint16(s.r.buf, uint16(s.columns))
		if err := s.row(s.i, &s.r); err != nil {
			s.r.buf = s.r.buf[:0]
			return err
		}
		s.i++
	}
	if s.i < s.n {
		return nil
	}
	s.r.buf = append(s.r.buf, copyTail...)
	return io.EOF
}

// end ends the stream and says what was wrong with a row.
func (s *copySource) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.err
	s.err, s.r.buf, s.read = io.ErrClosedPipe, nil, 0
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
