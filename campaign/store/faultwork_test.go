package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/campaign/store/storetest"
)

// shift is a call centre at work for a test.
type shift struct {
	*storetest.Works
	db    *sql.DB
	end   context.CancelFunc
	ended chan error
	seen  []campaign.Event
}

// openWorks opens a record for work.
func openWorks(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{Rules: storetest.Rules(), MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// startShift founds a call centre on a fresh record and lets it work.
func startShift(t *testing.T, url string, agents int) *shift {
	t.Helper()
	x := newShift(t, url, agents)
	x.start(t)
	return x
}

// newShift founds one that does not work yet.
func newShift(t *testing.T, url string, agents int) *shift {
	t.Helper()
	w, err := storetest.Found(t.Context(), openWorks(t, url), agents, 400)
	if err != nil {
		t.Fatal(err)
	}
	return &shift{Works: w, db: storetest.Look(t, url), ended: make(chan error, 2)}
}

// start lets everybody work, and the stream of events be followed until all are done.
func (x *shift) start(t *testing.T) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	followed, last := context.WithCancel(t.Context())
	x.end = end
	go func() {
		x.ended <- x.Run(ctx)
		last()
	}()
	go func() {
		var err error
		x.seen, err = x.Stream(followed)
		x.ended <- err
	}()
	t.Cleanup(end)
}

// await waits until something is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !so() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// progress waits until n more requests were acknowledged.
func (x *shift) progress(t testing.TB, n int64) {
	t.Helper()
	want := x.Acked.Load() + n
	await(t, "work to go on", func() bool { return x.Acked.Load() >= want })
}

// absence waits until n more requests were told that the record is away.
func (x *shift) absence(t testing.TB, n int64) {
	t.Helper()
	want := x.Away.Load() + n
	await(t, "the record to be told away", func() bool { return x.Away.Load() >= want })
}

// close ends the work and checks everything.
func (x *shift) close(t *testing.T) {
	t.Helper()
	x.end()
	for range 2 {
		if err := <-x.ended; err != nil {
			t.Error(err)
		}
	}
	storetest.Sound(t, x.Nodes[0], x.db, x.Facts())
	storetest.Unbroken(t, x.db, x.seen)
	t.Logf("%d acknowledged, %d told away, %d full; the longest wait %v", x.Acked.Load(), x.Away.Load(), x.Full.Load(),
		time.Duration(x.Longest.Load()).Round(time.Millisecond))
}
