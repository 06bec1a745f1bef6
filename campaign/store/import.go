package store

import (
	"context"
	"fmt"

	"redial/campaign"
)

// ImportRows takes a batch of an upload's rows in, in one transaction, and answers with what became of them. Their
// leads stay unseen until FinishImport. The checkpoint RowsDone makes it idempotent: a batch that was taken in before
// changes nothing and counts nothing. Rows whose number or external id is a lead already become problems that count as
// duplicates; leads all of whose numbers are suppressed are taken in as suppressed. Errors: KindUnready with
// WRONG_STATE when the upload is not queued; KindConflict with WRONG_OFFSET when the batch does not begin where the
// last one ended, the right row in Meta "rows_done"; KindInvalid for a draft without a number.
func (s *Store) ImportRows(ctx context.Context, b campaign.ImportBatch) (campaign.Tally, error) {
	for i := range b.Drafts {
		if len(b.Drafts[i].Numbers) == 0 {
			return campaign.Tally{}, campaign.Invalid("drafts", fmt.Sprintf("line %d has no number", b.Drafts[i].Line))
		}
	}
	var delta campaign.Tally
	err := s.bulkWrite(ctx, "take rows in", func(t *bulkTx) error {
		delta = campaign.Tally{}
		in := &intake{t: t, drafts: b.Drafts}
		u, err := in.begin(b.Upload)
		if err != nil {
			return err
		}
		known, err := checkpoint(u, &b)
		if err != nil || known {
			return err
		}
		in.across = u.Options.Across
		if err := in.take(); err != nil {
			return err
		}
		delta = b.Counts()
		lost := int64(len(in.lost))
		delta.Leads, delta.Duplicates, delta.Suppressed = delta.Leads-lost, delta.Duplicates+lost, in.suppressed
		if err := in.problems(b.Problems); err != nil {
			return err
		}
		return t.advance(u, &b, delta)
	})
	return delta, err
}

// checkpoint says whether the batch was taken in before.
func checkpoint(u *campaign.Upload, b *campaign.ImportBatch) (known bool, err error) {
	if u.ListID != b.List {
		return false, campaign.Invalid("list", fmt.Sprintf("upload %d is for list %d, not %d", u.ID, u.ListID, b.List))
	}
	if u.State == campaign.UploadDone || b.RowsDone <= u.RowsDone && b.Counts().Rows > 0 {
		return true, nil
	}
	if u.State != campaign.UploadQueued {
		return false, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the upload is %s and takes no rows", u.State))
	}
	if from := b.RowsDone - b.Counts().Rows; from != u.RowsDone {
		e := campaign.Conflict(campaign.ReasonWrongOffset, fmt.Sprintf("the batch begins after row %d, but %d rows were taken in: go on from there", from, u.RowsDone))
		e.Meta = map[string]string{"rows_done": fmt.Sprint(u.RowsDone)}
		return false, e
	}
	return false, nil
}

// advance moves the checkpoint and the list's tally.
func (t *bulkTx) advance(u *campaign.Upload, b *campaign.ImportBatch, d campaign.Tally) error {
	var all []statement
	if u.RowsDone == 0 && len(b.Headings) > 0 {
		all = append(all, statement{query: `UPDATE lists SET headings = $2 WHERE id = $1`, args: []any{int64(b.List), js(b.Headings)}})
	}
	return t.together(append(all,
		statement{query: `UPDATE lists SET row_count = row_count + $2, lead_count = lead_count + $3, problem_count = problem_count + $4,
			duplicate_count = duplicate_count + $5, suppressed_count = suppressed_count + $6 WHERE id = $1`,
			args: []any{int64(b.List), d.Rows, d.Leads, d.Problems, d.Duplicates, d.Suppressed}},
		statement{query: `UPDATE uploads SET rows_done = $2, bytes_done = $3, updated_at = $4 WHERE id = $1`,
			args: []any{int64(u.ID), b.RowsDone, b.BytesDone, us(t.now)}})...)
}

// FinishImport lets a list's leads appear, all at once: the list is active, the upload done, its bytes gone, one event
// tells. A second time it answers the same. Errors: KindUnready when the upload is neither queued nor done;
// KindNotFound.
func (s *Store) FinishImport(ctx context.Context, id campaign.UploadID) (campaign.Upload, error) {
	u, err := s.changeUpload(ctx, "finish an import", func(t *tx) (campaign.UploadID, error) {
		u, err := t.upload(id, true)
		if err != nil {
			return 0, err
		}
		switch u.State {
		case campaign.UploadDone:
			return id, nil
		case campaign.UploadQueued:
		default:
			return 0, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the upload is %s: nothing is being imported", u.State))
		}
		if _, err := t.exec(`UPDATE lists SET state = 'active', loaded_at = $2, version = version + 1 WHERE id = $1`, u.ListID, us(t.now)); err != nil {
			return 0, err
		}
		if err := t.closeUpload(id, campaign.UploadDone, ""); err != nil {
			return 0, err
		}
		return id, t.emit(campaign.Event{Type: campaign.EventListLoaded, CampaignID: u.CampaignID, ListID: u.ListID, Data: js(u.Tally)})
	})
	if err == nil && u.Tally.Leads >= analyzeLeads {
		s.analyze(ctx)
	}
	return u, err
}

// analyzeLeads is how many new leads may change how statements are best carried out.
const analyzeLeads = 5000

// analyze lets PostgreSQL learn at once what its own analysis would find in a minute or more, from fewer rows than that
// reads: of a list of 60,000 it took a sixth of the import's time. It is no more than speed: the import has succeeded
// whatever comes of it.
func (s *Store) analyze(ctx context.Context) {
	if s.pool == nil {
		return
	}
	err := s.write(ctx, "refresh the statistics of the leads", func(t *tx) error {
		if _, err := t.exec(`SET LOCAL default_statistics_target = 30`); err != nil {
			return err
		}
		_, err := t.exec(`ANALYZE leads, subjects, lead_numbers`)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "the statistics of the leads could not be refreshed: the database does so by itself later", "error", err)
	}
}

func (t *tx) closeUpload(id campaign.UploadID, state campaign.UploadState, failure string) error {
	if _, err := t.exec(`UPDATE uploads SET state = $2, failure = $3, holder = '', held_until = 0, updated_at = $4 WHERE id = $1`,
		id, string(state), failure, us(t.now)); err != nil {
		return err
	}
	return t.dropPieces(id)
}

// FailUpload refuses a committed upload as a whole, with the reason for people: its list is failed and holds no
// leads. Those that were taken in, and never seen, are removed some thousands at a time; DropAbandoned goes on with that
// after a crash. A second time it changes nothing. Errors: KindUnready unless it is queued or failed; KindNotFound.
func (s *Store) FailUpload(ctx context.Context, id campaign.UploadID, reason string) (campaign.Upload, error) {
	u, err := s.changeUpload(ctx, "fail an upload", func(t *tx) (campaign.UploadID, error) {
		u, err := t.upload(id, true)
		if err != nil {
			return 0, err
		}
		switch u.State {
		case campaign.UploadFailed:
			return id, nil
		case campaign.UploadQueued:
		default:
			return 0, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the upload is %s", u.State))
		}
		if _, err := t.exec(`UPDATE lists SET state = 'failed', failure = $2, version = version + 1, row_count = row_count - lead_count,
			lead_count = 0, suppressed_count = 0 WHERE id = $1`, u.ListID, reason); err != nil {
			return 0, err
		}
		return id, t.closeUpload(id, campaign.UploadFailed, reason)
	})
	if err != nil {
		return campaign.Upload{}, err
	}
	return u, s.dropLeads(ctx, u.ListID)
}

// dropLeads removes the leads of a failed list; nobody ever saw them.
func (s *Store) dropLeads(ctx context.Context, id campaign.ListID) error {
	for n := undoRows; n > 0; {
		err := s.write(atLength(ctx), "remove the leads of a failed list", func(t *tx) error {
			leads, err := idsOf[campaign.LeadID](t, `SELECT l.id FROM leads l JOIN lists k ON k.id = l.list_id
				WHERE l.list_id = $1 AND k.state = 'failed' ORDER BY l.id LIMIT $2`, id, undoRows)
			n = len(leads)
			if err != nil || n == 0 {
				return err
			}
			if err := t.unlist(leads); err != nil {
				return err
			}
			_, err = t.exec(`DELETE FROM leads WHERE id `+t.d.in(1), js(leads))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
