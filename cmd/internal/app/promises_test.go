package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	"redial/scheduler"
)

// A promise whose instant was derived from other zone data keeps its wall time at the next start, and the log says so.
func TestPromisesKeepTheirWallTimeAtTheStart(t *testing.T) {
	t.Parallel()
	ctx, data := t.Context(), t.TempDir()
	path := filepath.Join(data, "redial.db")
	promise := bookedOnce(t, path)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	// As it was when the zone was an hour ahead.
	_, err = db.ExecContext(ctx, `UPDATE appointments SET at = at - 3600000000, grace_end = grace_end - 3600000000`)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	var said bytes.Buffer
	for range 2 {
		cfg := config.Default()
		cfg.Data, cfg.GRPC, cfg.Web, cfg.Redis = data, "127.0.0.1:0", "127.0.0.1:0", "none"
		a, err := app.New(ctx, cfg, app.Options{Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelWarn}))})
		if err == nil {
			err = a.Start(ctx)
		}
		if err == nil {
			err = a.Stop(context.WithoutCancel(ctx))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if text := said.String(); strings.Count(text, "keeps its wall time") != 1 || strings.Count(text, "promises were derived anew") != 1 ||
		!strings.Contains(text, "zone_data="+scheduler.TZData()) {
		t.Errorf("two starts said:\n%s", text)
	}
	s, err := store.Open(ctx, "sqlite://"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now, err := s.Appointment(ctx, promise.ID)
	if err != nil || !now.At.Equal(promise.At) || !now.GraceEnd.Equal(promise.GraceEnd) {
		t.Errorf("the promise is at %v until %v, error %v; want %v until %v", now.At, now.GraceEnd, err, promise.At, promise.GraceEnd)
	}
}

// bookedOnce makes a record with one lead and a promise to it.
func bookedOnce(t *testing.T, path string) campaign.Appointment {
	t.Helper()
	ctx, book := t.Context(), &scheduler.Rulebook{}
	s, err := store.Open(ctx, "sqlite://"+path, store.Options{Rules: store.Rules{Decide: book.Plan, Judge: book.Offer, Book: book.Book}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.CreateCampaign(ctx, campaign.Campaign{Name: "one", Zone: "Asia/Shanghai", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "a.csv"}, "")
	if err == nil {
		_, err = s.AppendPiece(ctx, u.ID, 0, []byte("x"))
	}
	if err == nil {
		u, err = s.CommitUpload(ctx, u.ID, nil, 1)
	}
	if err == nil {
		_, err = s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, RowsDone: 1, Drafts: []campaign.Draft{{Line: 2,
			Zones: []string{"Asia/Shanghai"}, Numbers: []campaign.Number{{Phone: "+8613800138000"}}}}})
	}
	if err == nil {
		_, err = s.FinishImport(ctx, u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	day := s.Now().In(time.FixedZone("", 8*3600)).AddDate(0, 0, 2).Format(time.DateOnly)
	p, err := s.Book(ctx, 1, campaign.Booking{Local: day + "T10:00", Zone: "Asia/Shanghai"}, 0, "test")
	if err != nil {
		t.Fatal(err)
	}
	return p
}
