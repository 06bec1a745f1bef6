package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"

	"redial/campaign"
)

// cachedPieces is how many pieces a reader keeps: a spreadsheet is read at a few places by turns.
const cachedPieces = 6

// UploadFile reads the bytes received of an upload. It is safe for concurrent use and keeps a few pieces in memory.
type UploadFile struct {
	ctx    context.Context
	s      *Store
	id     campaign.UploadID
	size   int64
	mu     sync.Mutex
	pieces []piece // most recently used first
}

type piece struct {
	start int64
	data  []byte
}

// gone says why there are no bytes any more.
func (f *UploadFile) gone() error {
	if _, err := f.s.UploadReader(f.ctx, f.id); err != nil {
		return err
	}
	return errors.New("its bytes are gone")
}

// UploadReader opens the bytes received so far for reading until ctx ends. Errors: KindNotFound; KindUnready when the
// import is over and the bytes are gone.
func (s *Store) UploadReader(ctx context.Context, id campaign.UploadID) (*UploadFile, error) {
	u, err := s.UploadByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if u.State == campaign.UploadDone || u.State == campaign.UploadFailed {
		return nil, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the upload is %s and its bytes are gone", u.State))
	}
	return &UploadFile{ctx: ctx, s: s, id: id, size: u.Size}, nil
}

// Size is how many bytes there are.
func (f *UploadFile) Size() int64 { return f.size }

// ReadAt implements io.ReaderAt.
func (f *UploadFile) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("store: read before the beginning of an upload")
	}
	for n < len(p) && off < f.size {
		pc, err := f.piece(off)
		if err != nil {
			return n, fmt.Errorf("read an upload at byte %d: %w", off, err)
		}
		k := copy(p[n:], pc.data[off-pc.start:])
		n += k
		off += int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// piece is the one that holds the byte at off.
func (f *UploadFile) piece(off int64) (piece, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, pc := range f.pieces {
		if pc.start <= off && off < pc.start+int64(len(pc.data)) {
			copy(f.pieces[1:i+1], f.pieces[:i])
			f.pieces[0] = pc
			return pc, nil
		}
	}
	var pc piece
	row := f.s.reader.QueryRowContext(f.ctx, `SELECT start, data FROM upload_pieces WHERE upload_id = $1 AND start <= $2 ORDER BY start DESC LIMIT 1`, f.id, off)
	switch err := row.Scan(&pc.start, &pc.data); {
	case errors.Is(err, sql.ErrNoRows):
		return piece{}, f.gone()
	case err != nil:
		return piece{}, f.s.told(f.ctx, "read a piece", err)
	}
	if off >= pc.start+int64(len(pc.data)) {
		return piece{}, io.ErrUnexpectedEOF
	}
	if len(f.pieces) == cachedPieces {
		f.pieces = f.pieces[:cachedPieces-1]
	}
	f.pieces = append([]piece{pc}, f.pieces...)
	return pc, nil
}
