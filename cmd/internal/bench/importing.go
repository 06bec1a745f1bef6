package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/cmd/internal/intake"
)

// list is a CSV file of invented people, made as it is read: rows of it, each with a number of its own.
type list struct {
	rows, made int
	rest       []byte
}

func (l *list) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		switch {
		case l.made > l.rows:
			return 0, io.EOF
		case l.made == 0:
			l.rest = []byte("name,phone,email,city,plan,customer no\n")
		default:
			n := number(l.made - 1)
			l.rest = fmt.Appendf(nil, "Lead %d,(%s) %s-%s,lead%d@example.com,Springfield,basic,C%08d\n", l.made, n[:3], n[3:6], n[6:], l.made, l.made)
		}
		l.made++
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// importing is a record into which files are imported as the server does it.
type importing struct {
	db       database
	s        *store.Store
	campaign campaign.CampaignID
}

func openImporting(ctx context.Context, e *engine) (*importing, error) {
	db, err := e.empty()
	if err != nil {
		return nil, err
	}
	s, err := db.open(ctx)
	if err != nil {
		return nil, err
	}
	c, err := makeCampaign(ctx, s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &importing{db: db, s: s, campaign: c.ID}, nil
}

func (im *importing) close() error { return errors.Join(im.s.Close(), im.db.drop()) }

// upload puts a file into the record's queue, off the clock.
func (im *importing) upload(ctx context.Context, rows int) (campaign.UploadID, error) {
	u, err := im.s.BeginUpload(ctx, campaign.Upload{CampaignID: im.campaign, FileName: "bench.csv"}, "")
	if err != nil {
		return 0, err
	}
	file, piece, at := &list{rows: rows}, make([]byte, store.MaxPiece), int64(0)
	for {
		n, err := io.ReadFull(file, piece)
		if n > 0 {
			var failed error
			if at, failed = im.s.AppendPiece(ctx, u.ID, at, piece[:n]); failed != nil {
				return 0, failed
			}
		}
		if err != nil {
			break // the end
		}
	}
	_, err = im.s.CommitUpload(ctx, u.ID, nil, at)
	return u.ID, err
}

// run imports what is queued, under the clock, and checks that every row became a lead.
func (im *importing) run(ctx context.Context, id campaign.UploadID, rows int) (slice, error) {
	open := func(ctx context.Context, id campaign.UploadID) (intake.File, error) {
		return im.s.UploadReader(ctx, id)
	}
	in := intake.New(im.s, open, im.s, im.s, intake.Options{Node: "bench"})
	w, began := startWatch(), time.Now()
	if err := in.Drain(ctx); err != nil {
		return slice{}, err
	}
	got := slice{took: time.Since(began), outside: w.outside()}
	u, err := im.s.UploadByID(ctx, id)
	if err != nil {
		return got, err
	}
	if u.State != campaign.UploadDone || u.Tally.Rows != int64(rows) || u.Tally.Leads != int64(rows) {
		return got, fmt.Errorf("%w: a file of %d rows is %s %s: %+v", errWrong, rows, u.State, u.Failure, u.Tally)
	}
	got.done = rows
	return got, nil
}

// importRows is how many rows the file has for import.
func (o *Options) importRows(e *engine) int {
	switch {
	case o.Quick:
		return 1500
	case e.name == SQLite:
		return 40_000
	default:
		return 60_000
	}
}

// measureImport imports a CSV file with every check, beside the same rows written in bulk, ready made, into the same
// indexed tables.
func measureImport(ctx context.Context, o *Options, e *engine) ([]Measure, error) {
	flush, err := flushTime(e.dir)
	if err != nil {
		return nil, err
	}
	is := map[string]string{Postgres: "one COPY a table of the same rows, ready made, into the same indexed tables",
		SQLite: "INSERTs of many rows of the same, ready made, into the same indexed tables"}[e.name]
	s := series{Measure: Measure{Name: "import", Unit: "rows/s", Engine: e.name, Callers: 1, FdatasyncUS: flush, LimitIs: is}}
	for round := range o.Rounds {
		o.Log("%s: import, round %d", e.name, round+1)
		got, limit, err := importRound(ctx, e, o.importRows(e))
		if err != nil {
			return nil, err
		}
		got.outside = max(got.outside, limit.outside)
		s.round(got, limit.rate())
	}
	s.atLeast("ratio", 0.4)
	if e.pg != nil {
		s.atLeast("value", 12*vicidialRows)
	}
	return []Measure{s.measure()}, nil
}

// vicidialRows is what VICIdial's own loader made of a list on a machine of two cores, rows a second at best.
const vicidialRows = 3000

func importRound(ctx context.Context, e *engine, rows int) (got, limit slice, err error) {
	im, err := openImporting(ctx, e)
	if err != nil {
		return got, limit, err
	}
	defer func() { err = errors.Join(err, im.close()) }()
	id, err := im.upload(ctx, rows)
	if err != nil {
		return got, limit, err
	}
	if got, err = im.run(ctx, id, rows); err != nil {
		return got, limit, err
	}
	w := &world{campaign: im.campaign}
	if w.leads = make([]campaign.LeadID, rows); audit(ctx, im.s, w, 0, 0) != nil {
		return got, limit, audit(ctx, im.s, w, 0, 0)
	}
	limit, err = copyBare(ctx, e, im.db, rows)
	return got, limit, err
}

// measureImportMemory is how much the process grows while a large file is imported, beside a file a tenth as long.
func measureImportMemory(ctx context.Context, o *Options, e *engine) ([]Measure, error) {
	o.Log("%s: import of %d rows for its memory", e.name, o.Rows)
	flush, err := flushTime(e.dir)
	if err != nil {
		return nil, err
	}
	debug.FreeOSMemory()
	base, err := resident()
	if err != nil {
		o.Log("import_memory is not measured: %v", err)
		return nil, nil
	}
	grown := func(rows int) (slice, float64, error) {
		im, err := openImporting(ctx, e)
		if err != nil {
			return slice{}, 0, err
		}
		id, err := im.upload(ctx, rows)
		if err != nil {
			return slice{}, 0, errors.Join(err, im.close())
		}
		debug.FreeOSMemory()
		peak := watchPeak()
		got, err := im.run(ctx, id, rows)
		return got, float64(peak()-base) / (1 << 20), errors.Join(err, im.close())
	}
	_, limit, err := grown(max(o.Rows/10, 1))
	if err != nil {
		return nil, err
	}
	got, value, err := grown(o.Rows)
	if err != nil {
		return nil, err
	}
	s := series{Measure: Measure{Name: "import_memory", Unit: "MiB", Engine: e.name, Callers: 1, FdatasyncUS: flush,
		LimitIs: fmt.Sprintf("the same for %d rows: a ratio of 1 is constant memory", o.Rows/10),
		Note:    fmt.Sprintf("%d rows, %.0f rows/s", o.Rows, got.rate())}}
	s.value(got, max(value, 1), max(limit, 1))
	return []Measure{s.measure()}, nil
}

// watchPeak looks at the memory in use again and again until its result is called, which is the largest seen.
func watchPeak() func() int64 {
	stop := make(chan struct{})
	var peak int64
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if now, err := resident(); err == nil {
				peak = max(peak, now)
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() int64 {
		close(stop)
		wg.Wait()
		return peak
	}
}
