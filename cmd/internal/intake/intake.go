// Package intake makes leads of uploaded files: it reads the stored pieces, judges the rows on all processors and
// hands them to the record in batches. It decides only when a file as a whole is refused; what a row is, is the
// importer's, and what is known already is the record's. It keeps nothing itself: whoever takes an upload up, on
// whatever node, goes on where the last batch ended. What goes out again as a file is laid out here, too.
package intake

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/listfile"
	"redial/campaign/phone"
)

// Campaigns finds what an upload is for.
type Campaigns interface {
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
}

// Open opens the bytes received so far of an upload for reading until ctx ends.
type Open func(ctx context.Context, id campaign.UploadID) (File, error)

// File is the bytes of an upload.
type File interface {
	io.ReaderAt
	Size() int64
}

// Sink takes rows into the record.
type Sink interface {
	// ImportRows takes a batch in, once however often it is sent.
	ImportRows(ctx context.Context, b campaign.ImportBatch) (campaign.Tally, error)
	// FinishImport lets the leads appear.
	FinishImport(ctx context.Context, id campaign.UploadID) (campaign.Upload, error)
	// FailUpload refuses the file as a whole.
	FailUpload(ctx context.Context, id campaign.UploadID, reason string) (campaign.Upload, error)
}

// Queue is the uploads that wait for their import.
type Queue interface {
	// TakeUpload gives the node the oldest one that no other holds, for ttl; nil: there is none.
	TakeUpload(ctx context.Context, node string, ttl time.Duration) (*campaign.Upload, error)
	// HoldUpload keeps it for another ttl; 0 lets go of it. LEASE_EXPIRED: another node has it.
	HoldUpload(ctx context.Context, id campaign.UploadID, node string, ttl time.Duration) error
}

// Options of New. The zero value is useful.
type Options struct {
	Node     string                    // unique among the nodes of one record; empty: one node alone
	Lease    time.Duration             // how long an upload is held without a sign of life; 0: 30s
	Rows     int                       // rows in a batch, one transaction; 0: 4,000
	Finished func(campaign.CampaignID) // told when leads have appeared; nil: nobody
	Log      *slog.Logger              // nil: discarded
}

// Intake imports uploads. Safe for concurrent use.
type Intake struct {
	campaigns Campaigns
	bytes     Open
	sink      Sink
	queue     Queue
	o         Options
	bell      chan struct{}
	one       sync.Mutex // one import at a time: a second would only slow the first
}

const (
	usualLease = 30 * time.Second
	usualRows  = 4000
	batchBytes = 8 << 20 // of cells, however few rows
	peekRows   = 1000    // that a preview reads unless it is to read all
)

// New makes an intake.
func New(c Campaigns, open Open, s Sink, q Queue, o Options) *Intake {
	o.Node = cmp.Or(o.Node, "node")
	o.Lease = cmp.Or(o.Lease, usualLease)
	o.Rows = cmp.Or(o.Rows, usualRows)
	if o.Finished == nil {
		o.Finished = func(campaign.CampaignID) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Intake{campaigns: c, bytes: open, sink: s, queue: q, o: o, bell: make(chan struct{}, 1)}
}

// opened is a list file with what is needed to judge its rows.
type opened struct {
	list     *listfile.File
	importer *campaign.Importer
	watched  *watched
}

// open opens what was received of an upload. What is no list is an error of kind KindInvalid.
func (in *Intake) open(ctx context.Context, u *campaign.Upload, o campaign.ImportOptions) (*opened, error) {
	c, err := in.campaigns.Campaign(ctx, u.CampaignID)
	if err != nil {
		return nil, err
	}
	f, err := in.bytes(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	w := &watched{r: f}
	list, err := listfile.Open(w, f.Size(), u.FileName, o)
	if err != nil {
		return nil, w.blame(err)
	}
	m, err := campaign.MatchHeader(list.Guess.Headings, list.Sample(), o.Map)
	if err != nil {
		_ = list.Close() // the file was not read far enough for an error of its own
		return nil, err
	}
	return &opened{list: list, watched: w, importer: &campaign.Importer{
		Map: m, Phones: phone.Normaliser{}, Region: cmp.Or(o.Region, c.Region), Zone: cmp.Or(o.Zone, c.Zone),
	}}, nil
}

// Preview reads what was received of an upload as an import would, every row if whole, and changes nothing. Leads
// that the campaign has already are not looked for. Errors: KindInvalid names the option, or says why the file is no
// list; KindUnready when the import is over and the bytes are gone.
func (in *Intake) Preview(ctx context.Context, u campaign.Upload, o campaign.ImportOptions, whole bool) (campaign.ImportPreview, error) {
	if err := o.Validate(); err != nil {
		return campaign.ImportPreview{}, err
	}
	f, err := in.open(ctx, &u, o)
	if err != nil {
		return campaign.ImportPreview{}, fmt.Errorf("preview upload %d: %w", u.ID, err)
	}
	limit := peekRows
	if whole {
		limit = 0
	}
	p, err := f.importer.Preview(ctx, f.list.Guess, f.list.Rows(), limit)
	if err = cmp.Or(f.watched.blame(err), f.list.Close()); err != nil {
		return campaign.ImportPreview{}, fmt.Errorf("preview upload %d: %w", u.ID, err)
	}
	return p, nil
}

// watched remembers whether the bytes themselves could not be had.
type watched struct {
	r io.ReaderAt

	mu     sync.Mutex
	failed error
}

// ReadAt implements io.ReaderAt.
func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.failed == nil {
			w.failed = err
		}
	}
	return n, err
}

// blame says whose fault an error of reading a list is: that of whoever keeps the bytes, as it is; else the file's,
// of kind KindInvalid. The end of the caller's time is nobody's.
func (w *watched) blame(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		return nil
	case w.failed != nil:
		return w.failed
	case campaign.KindOf(err) != campaign.KindInternal || ended(err):
		return err
	default:
		return campaign.Invalid("file", "cannot be read: "+err.Error())
	}
}
