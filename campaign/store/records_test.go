package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// bench is one fresh record with a clock of its own, on one engine.
type bench struct {
	*Store
	now atomic.Int64 // added to the real clock, nanoseconds
}

// onBoth runs a test on a fresh record of each engine.
func onBoth(t *testing.T, test func(*testing.T, *bench)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, openBench(t, "sqlite://"+filepath.Join(t.TempDir(), "r.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, openBench(t, testserver.Postgres(t)))
	})
}

func openBench(t testing.TB, url string) *bench {
	t.Helper()
	b := new(bench)
	s, err := Open(t.Context(), url, Options{Now: func() time.Time { return time.Now().Add(time.Duration(b.now.Load())) },
		Rules: Rules{Decide: plainDecide, Judge: plainJudge, Step: plainStep}})
	if err != nil {
		t.Fatal(err)
	}
	b.Store = s
	t.Cleanup(func() { s.Close() })
	return b
}

// plainDecide is as much of a rule as these tests need: a good number is called at once until something ends the lead.
func plainDecide(f *campaign.Facts) campaign.Plan {
	l := f.Lead
	if n := len(l.Tries); n > 0 {
		switch l.Tries[n-1].Outcome.Follow() { //nolint:exhaustive // what follows otherwise is a call
		case campaign.FollowFinished:
			return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonDone}
		case campaign.FollowSuppress:
			return campaign.Plan{Verdict: campaign.VerdictSuppressed, Reason: campaign.ReasonDoNotCall}
		}
	}
	for _, p := range phonesOf(l) {
		bad := false
		for _, t := range l.Tries {
			bad = bad || t.Number == p && t.Outcome.BadData()
		}
		if bad {
			continue
		}
		if f.Promise != nil {
			return campaign.Plan{Verdict: campaign.VerdictAppointment, At: f.Promise.At, Number: p, Reason: campaign.ReasonAppointment, Earliest: f.Promise.At}
		}
		return campaign.Plan{Verdict: campaign.VerdictCall, At: f.Now, Number: p, Reason: campaign.ReasonDue, Earliest: f.Now}
	}
	return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonBadData}
}

func plainJudge(f *campaign.Facts, _ campaign.AgentID) campaign.Judgement {
	return campaign.Judgement{Plan: plainDecide(f), Callable: true}
}

func plainStep(s campaign.Session, now time.Time, h campaign.Happening) (campaign.Session, error) {
	s.State, s.Since, s.Assignment, s.Reason = campaign.AgentReady, now, 0, string(h.Kind)
	switch h.Kind { //nolint:exhaustive // after the others the agent is ready
	case campaign.HappenedOffered:
		s.State, s.Assignment = campaign.AgentOffered, h.Assignment
	case campaign.HappenedStarted:
		s.State, s.Assignment = campaign.AgentOnCall, h.Assignment
	}
	return s, nil
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bench) campaign(t testing.TB, name string) campaign.Campaign {
	t.Helper()
	return must[campaign.Campaign](t)(b.CreateCampaign(t.Context(), campaign.Campaign{Name: name, Zone: "Asia/Shanghai", Region: "CN",
		Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}))
}

// queued commits an upload of a file with anything in it.
func (b *bench) queued(t testing.TB, c campaign.CampaignID, o campaign.ImportOptions) campaign.Upload {
	t.Helper()
	u := must[campaign.Upload](t)(b.BeginUpload(t.Context(), campaign.Upload{CampaignID: c, FileName: "leads.csv", Options: o}, ""))
	must[int64](t)(b.AppendPiece(t.Context(), u.ID, 0, []byte("phone\n")))
	return must[campaign.Upload](t)(b.CommitUpload(t.Context(), u.ID, nil, 6))
}

// drafts are n leads with numbers from first on.
func drafts(first, n int) []campaign.Draft {
	out := make([]campaign.Draft, n)
	for i := range out {
		p := campaign.Phone(fmt.Sprintf("+861380%07d", first+i))
		out[i] = campaign.Draft{Line: first + i + 2, Name: fmt.Sprint("Lead ", first+i), Zones: []string{"Asia/Shanghai"},
			Numbers: []campaign.Number{{Phone: p, Label: "mobile"}}, Attributes: []campaign.Attribute{{Name: "city", Value: "上海"}}, Cells: []string{string(p)}}
	}
	return out
}

// loaded imports drafts as one list.
func (b *bench) loaded(t testing.TB, c campaign.CampaignID, o campaign.ImportOptions, ds []campaign.Draft) campaign.Upload {
	t.Helper()
	u := b.queued(t, c, o)
	must[campaign.Tally](t)(b.ImportRows(t.Context(), campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: ds, RowsDone: int64(len(ds)),
		Headings: []string{"phone"}}))
	return must[campaign.Upload](t)(b.FinishImport(t.Context(), u.ID))
}

// sql runs a statement of a test's own.
func (b *bench) sql(t testing.TB, query string, args ...any) {
	t.Helper()
	if err := b.write(atLength(t.Context()), "test", func(x *tx) error { _, err := x.exec(query, args...); return err }); err != nil {
		t.Fatal(err)
	}
}

// count reads one number.
func (b *bench) count(t testing.TB, query string, args ...any) (n int64) {
	t.Helper()
	if err := b.reader.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantKind(t testing.TB, err error, kind campaign.Kind, reason string) *campaign.Error {
	t.Helper()
	if campaign.KindOf(err) != kind || campaign.ReasonOf(err) != reason {
		t.Fatalf("error %v of kind %d, reason %q; want kind %d, reason %q", err, campaign.KindOf(err), campaign.ReasonOf(err), kind, reason)
	}
	return asError(err)
}

func asError(err error) *campaign.Error {
	e, _ := errors.AsType[*campaign.Error](err)
	return e
}
