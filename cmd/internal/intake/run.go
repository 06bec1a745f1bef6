package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"redial/campaign"
)

// Run takes an upload that this node holds into the record, from where the last batch ended, and lets its leads
// appear. A file that is no list is refused with the reason, which is no error of Run. With any other error the
// upload stays queued, and whoever runs it again goes on.
func (in *Intake) Run(ctx context.Context, u campaign.Upload) error {
	refusal, err := in.takeIn(ctx, &u)
	switch {
	case err != nil:
		return fmt.Errorf("import upload %d: %w", u.ID, err)
	case refusal != "":
		in.o.Log.InfoContext(ctx, "an upload was refused", "upload", u.ID, "list", u.ListID)
		if _, err := in.sink.FailUpload(ctx, u.ID, refusal); err != nil {
			return fmt.Errorf("refuse upload %d: %w", u.ID, err)
		}
		return nil
	}
	done, err := in.sink.FinishImport(ctx, u.ID)
	if err != nil {
		return fmt.Errorf("import upload %d: %w", u.ID, err)
	}
	in.o.Log.InfoContext(ctx, "a list was taken in", "upload", u.ID, "list", u.ListID, "rows", done.Tally.Rows,
		"leads", done.Tally.Leads, "problems", done.Tally.Problems, "duplicates", done.Tally.Duplicates)
	in.o.Finished(u.CampaignID)
	return nil
}

// takeIn takes all rows in; refusal says why the file is no list.
func (in *Intake) takeIn(ctx context.Context, u *campaign.Upload) (refusal string, err error) {
	f, err := in.open(ctx, u, u.Options)
	if err == nil {
		err = cmp.Or(in.rows(ctx, u, f), f.list.Close())
	}
	if e, ok := errors.AsType[*campaign.Error](err); ok && e.Kind == campaign.KindInvalid {
		return refusalOf(e), nil
	}
	return "", err
}

// refusalOf is why a file is refused, for people: what is wrong with the file itself needs no name of a field.
func refusalOf(e *campaign.Error) string {
	if len(e.Violations) == 1 && e.Violations[0].Field == "file" {
		return e.Violations[0].Message
	}
	return e.Error()
}

// rows reads and judges on one side and writes on the other, at most one batch ahead.
func (in *Intake) rows(ctx context.Context, u *campaign.Upload, f *opened) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan campaign.ImportBatch, 1)
	gathered := make(chan error, 1)
	go func() {
		defer close(ready)
		gathered <- in.gather(ctx, u, f, ready)
	}()
	var failed error
	for b := range ready {
		if failed == nil {
			if _, failed = in.sink.ImportRows(ctx, b); failed != nil {
				cancel()
			}
		}
	}
	return cmp.Or(failed, <-gathered)
}

// gather puts verdicts into batches. The rows that were taken in before are judged again, for later ones may be
// their duplicates, and left out. A file without a row still makes a batch, which keeps its headings.
func (in *Intake) gather(ctx context.Context, u *campaign.Upload, f *opened, ready chan<- campaign.ImportBatch) error {
	b := newBatch(u, f.importer.Map.Headings())
	send := func() error {
		select {
		case ready <- b.ImportBatch:
			b = newBatch(u, b.Headings)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var row int64
	for v, err := range f.importer.Run(ctx, f.list.Rows()) {
		if err != nil {
			return f.watched.blame(err)
		}
		if row++; row <= u.RowsDone {
			continue
		}
		b.add(&v, row)
		if b.rows >= in.o.Rows || b.bytes >= batchBytes {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if b.rows > 0 || row == 0 {
		return send()
	}
	return nil
}

// batch is an ImportBatch that grows.
type batch struct {
	campaign.ImportBatch
	file  string
	rows  int
	bytes int
}

func newBatch(u *campaign.Upload, headings []string) *batch {
	return &batch{file: u.FileName, ImportBatch: campaign.ImportBatch{Upload: u.ID, List: u.ListID, Headings: headings}}
}

func (b *batch) add(v *campaign.RowVerdict, row int64) {
	if v.State == campaign.RowLead {
		for i := range v.Draft.Consents {
			v.Draft.Consents[i].Source = fmt.Sprintf("%s, line %d", b.file, v.Line)
		}
		b.Drafts = append(b.Drafts, v.Draft)
		b.bytes += size(v.Draft.Cells)
	}
	b.Problems = append(b.Problems, v.Problems...)
	for i := range v.Problems {
		b.bytes += size(v.Problems[i].Row)
	}
	b.rows++
	b.RowsDone = row
	b.BytesDone = max(b.BytesDone, v.Offset)
}

func size(cells []string) int {
	n := 0
	for _, c := range cells {
		n += len(c)
	}
	return n
}

func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
