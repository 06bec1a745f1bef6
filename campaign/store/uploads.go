package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"redial/campaign"
)

// MaxPiece is the most bytes that a piece of an upload may have.
const MaxPiece = 1 << 20

const uploadColumns = `o.id, o.campaign_id, o.list_id, o.file_name, o.size, o.state, o.options, o.rows_done, o.bytes_done, o.failure, o.created_at,
	COALESCE(k.row_count, 0), COALESCE(k.lead_count, 0), COALESCE(k.problem_count, 0), COALESCE(k.duplicate_count, 0), COALESCE(k.suppressed_count, 0)`

const uploadFrom = ` FROM uploads o LEFT JOIN lists k ON k.id = o.list_id`

func scanUpload(r scanner, more ...any) (*campaign.Upload, error) { //nolint:unparam // scanners have one shape
	u := new(campaign.Upload)
	n := &u.Tally
	err := r.Scan(append([]any{&u.ID, &u.CampaignID, &u.ListID, &u.FileName, &u.Size, &u.State, jsonCol{&u.Options}, &u.RowsDone, &u.BytesDone,
		&u.Failure, usTime{&u.CreatedAt}, &n.Rows, &n.Leads, &n.Problems, &n.Duplicates, &n.Suppressed}, more...)...)
	return u, err
}

// upload reads one, locked if it is to be changed.
func (t *tx) upload(id campaign.UploadID, change bool) (*campaign.Upload, error) {
	lock := ""
	if change {
		lock = t.d.lock("o", false)
	}
	u, err := scanUpload(t.QueryRowContext(t.ctx, `SELECT `+uploadColumns+uploadFrom+` WHERE o.id = $1`+lock, id))
	return u, none(err, "upload", id)
}

// BeginUpload opens an upload of a file for a campaign: u's campaign, file name and options. The same request id
// gives the same upload again; an empty one always a new upload. Errors: KindNotFound the campaign; KindInvalid by
// field; KindUnready when the campaign has finished; KindConflict when the request id was for another campaign.
func (s *Store) BeginUpload(ctx context.Context, u campaign.Upload, requestID string) (campaign.Upload, error) {
	if err := beginFault(u, requestID); err != nil {
		return campaign.Upload{}, fmt.Errorf("begin an upload: %w", err)
	}
	requestID = cmp.Or(requestID, rand.Text())
	return s.changeUpload(ctx, "begin an upload", func(t *tx) (campaign.UploadID, error) {
		c, err := t.campaign(u.CampaignID, "")
		if err != nil {
			return 0, err
		}
		if c.State == campaign.CampaignFinished {
			return 0, campaign.Unready(campaign.ReasonBadState, "the campaign has finished and takes no more leads")
		}
		_, err = t.exec(`INSERT INTO uploads (request_id, campaign_id, file_name, state, options, created_at, updated_at)
			VALUES ($1, $2, $3, 'receiving', $4, $5, $5) ON CONFLICT (request_id) DO NOTHING`,
			requestID, u.CampaignID, u.FileName, js(u.Options), us(t.now))
		if err != nil {
			return 0, err
		}
		var id campaign.UploadID
		var of campaign.CampaignID
		if err := t.row(`SELECT id, campaign_id FROM uploads WHERE request_id = $1`, []any{requestID}, &id, &of); err != nil {
			return 0, err
		}
		if of != u.CampaignID {
			return 0, campaign.Conflict("", "this request id was used for an upload of another campaign: choose a new one")
		}
		return id, nil
	})
}

func beginFault(u campaign.Upload, requestID string) error {
	switch name := strings.TrimSpace(u.FileName); {
	case name == "" || len(name) > 255:
		return campaign.Invalid("file_name", "must be 1 to 255 bytes")
	case len(requestID) > 64:
		return campaign.Invalid("request_id", "must be at most 64 characters")
	}
	return u.Options.Validate()
}

// changeUpload runs change and returns the upload it names as it then is.
func (s *Store) changeUpload(ctx context.Context, what string, change func(*tx) (campaign.UploadID, error)) (campaign.Upload, error) {
	var after *campaign.Upload
	err := s.write(atLength(ctx), what, func(t *tx) error {
		id, err := change(t)
		if err != nil {
			return err
		}
		after, err = t.upload(id, false)
		return err
	})
	if err != nil {
		return campaign.Upload{}, err
	}
	return *after, nil
}

// UploadByID is how an upload stands. Errors: KindNotFound.
func (s *Store) UploadByID(ctx context.Context, id campaign.UploadID) (campaign.Upload, error) {
	u, err := scanUpload(s.reader.QueryRowContext(ctx, `SELECT `+uploadColumns+uploadFrom+` WHERE o.id = $1`, id))
	if err != nil {
		return campaign.Upload{}, fmt.Errorf("read an upload: %w", none(err, "upload", id))
	}
	return *u, nil
}

// AppendPiece adds the piece that begins at offset and answers with the size received: it is on disk. A piece that
// came before changes nothing. Errors: KindConflict with WRONG_OFFSET and the right one in Meta "size"; KindUnready
// when the upload was committed; KindInvalid a piece beyond MaxPiece; KindNotFound.
func (s *Store) AppendPiece(ctx context.Context, id campaign.UploadID, offset int64, data []byte) (size int64, err error) {
	if len(data) > MaxPiece {
		return 0, campaign.Invalid("data", fmt.Sprintf("has %d bytes: send pieces of at most %d", len(data), MaxPiece))
	}
	err = s.write(ctx, "append a piece to an upload", func(t *tx) error {
		u, err := t.upload(id, true)
		if err != nil {
			return err
		}
		size = u.Size
		known, err := t.hasPiece(u, offset, data)
		if err != nil || known {
			return err
		}
		if u.State != campaign.UploadReceiving {
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the upload is %s and takes no more pieces", u.State))
		}
		if offset != size {
			return wrongOffset(offset, size)
		}
		if _, err := t.exec(`INSERT INTO upload_pieces (upload_id, start, data) VALUES ($1, $2, $3)`, id, offset, data); err != nil {
			return err
		}
		size += int64(len(data))
		_, err = t.exec(`UPDATE uploads SET size = $2, updated_at = $3 WHERE id = $1`, id, size, us(t.now))
		return err
	})
	return size, err
}

// hasPiece says whether the piece has been received, byte for byte; an empty one always was.
func (t *tx) hasPiece(u *campaign.Upload, offset int64, data []byte) (bool, error) {
	if len(data) == 0 && offset == u.Size {
		return true, nil
	}
	if offset >= u.Size {
		return false, nil
	}
	var have []byte
	err := t.row(`SELECT data FROM upload_pieces WHERE upload_id = $1 AND start = $2`, []any{u.ID, offset}, &have)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && bytes.Equal(have, data), err
}

func wrongOffset(given, size int64) error {
	e := campaign.Conflict(campaign.ReasonWrongOffset, fmt.Sprintf("the piece begins at %d, but %d bytes were received: go on from there", given, size))
	e.Meta = map[string]string{"size": strconv.FormatInt(size, 10)}
	return e
}

// CommitUpload says that the file is whole: it is queued for import, and its list is made, loading. A nil options
// leaves those of BeginUpload; a size of 0 is not checked. A second time it answers the same. Errors: KindInvalid by
// field, an empty file or a wrong size among them; KindUnready when it failed; KindNotFound.
func (s *Store) CommitUpload(ctx context.Context, id campaign.UploadID, options *campaign.ImportOptions, size int64) (campaign.Upload, error) {
	if options != nil {
		if err := options.Validate(); err != nil {
			return campaign.Upload{}, fmt.Errorf("commit an upload: %w", err)
		}
	}
	return s.changeUpload(ctx, "commit an upload", func(t *tx) (campaign.UploadID, error) {
		u, err := t.upload(id, true)
		if err != nil {
			return 0, err
		}
		switch {
		case u.State == campaign.UploadQueued || u.State == campaign.UploadDone:
			return id, nil
		case u.State != campaign.UploadReceiving:
			return 0, campaign.Unready(campaign.ReasonBadState, "the upload has failed: "+u.Failure)
		case u.Size == 0:
			return 0, campaign.Invalid("file", "is empty")
		case size != 0 && size != u.Size:
			return 0, campaign.Unready("WRONG_SIZE", fmt.Sprintf("%d bytes were received of %d: send the rest from there", u.Size, size))
		}
		if options != nil {
			u.Options = *options
		}
		return id, t.queue(u)
	})
}

// queue makes the list and hands the upload to whoever imports.
func (t *tx) queue(u *campaign.Upload) error {
	c, err := t.campaign(u.CampaignID, "")
	if err != nil {
		return err
	}
	if c.State == campaign.CampaignFinished {
		return campaign.Unready(campaign.ReasonBadState, "the campaign has finished and takes no more leads")
	}
	var made campaign.ListID
	err = t.row(`INSERT INTO lists (campaign_id, name, state, priority, created_at) VALUES ($1, $2, 'loading', $3, $4) RETURNING id`,
		[]any{u.CampaignID, cmp.Or(u.Options.ListName, u.FileName), u.Options.Priority, us(t.now)}, &made)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE uploads SET state = 'queued', list_id = $2, options = $3, updated_at = $4 WHERE id = $1`, u.ID, made, js(u.Options), us(t.now))
	return err
}

// DiscardUpload drops an upload that was not committed. Errors: KindUnready when it was; KindNotFound.
func (s *Store) DiscardUpload(ctx context.Context, id campaign.UploadID) error {
	return s.write(ctx, "discard an upload", func(t *tx) error {
		u, err := t.upload(id, true)
		if err != nil {
			return err
		}
		if u.State != campaign.UploadReceiving {
			return campaign.Unready(campaign.ReasonBadState, "the upload was committed: undo the import of its list instead")
		}
		if err := t.dropPieces(id); err != nil {
			return err
		}
		_, err = t.exec(`DELETE FROM uploads WHERE id = $1`, id)
		return err
	})
}

func (t *tx) dropPieces(id campaign.UploadID) error {
	_, err := t.exec(`DELETE FROM upload_pieces WHERE upload_id = $1`, id)
	return err
}

// QueuedUploads are the uploads that wait for their import or are in it, oldest first.
func (s *Store) QueuedUploads(ctx context.Context) (all []campaign.Upload, err error) {
	err = s.peek(ctx, "list queued uploads", func(t *tx) error {
		all = nil
		return t.each(`SELECT `+uploadColumns+uploadFrom+` WHERE o.state = 'queued' ORDER BY o.id`, nil, func(r *sql.Rows) error {
			u, err := scanUpload(r)
			if err == nil {
				all = append(all, *u)
			}
			return err
		})
	})
	return all, err
}

// TakeUpload gives a node the oldest queued upload that no other holds, for ttl; nil: there is none. What an earlier
// holder took in stays: go on from RowsDone.
func (s *Store) TakeUpload(ctx context.Context, node string, ttl time.Duration) (*campaign.Upload, error) {
	var taken *campaign.Upload
	err := s.write(ctx, "take an upload", func(t *tx) error {
		taken = nil
		var id campaign.UploadID
		err := t.row(`SELECT id FROM uploads WHERE state = 'queued' AND held_until <= $1 ORDER BY id LIMIT 1`+t.d.skipLocked, []any{us(t.now)}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE uploads SET holder = $2, held_until = $3 WHERE id = $1`, id, node, us(t.now.Add(ttl))); err != nil {
			return err
		}
		taken, err = t.upload(id, false)
		return err
	})
	return taken, err
}

// HoldUpload keeps an upload that the node took for another ttl; a ttl of 0 lets go of it. Errors: KindConflict with
// LEASE_EXPIRED when another node has it, or it is no longer queued.
func (s *Store) HoldUpload(ctx context.Context, id campaign.UploadID, node string, ttl time.Duration) error {
	return s.write(ctx, "hold an upload", func(t *tx) error {
		n, err := t.exec(`UPDATE uploads SET held_until = $3 WHERE id = $1 AND holder = $2 AND state = 'queued'`, id, node, us(t.now.Add(ttl)))
		if err == nil && n == 0 {
			return campaign.Conflict(campaign.ReasonLeaseExpired, "another node imports this upload, or it is done")
		}
		return err
	})
}
