package store

import (
	"reflect"
	"sync"
	"testing"

	"redial/campaign"
)

func TestI7EveryRowOfAFileIsALeadAProblemOrADuplicate(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		c := b.campaign(t, "one")
		b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, 10))
		b.sql(t, `INSERT INTO suppressions (subject_id, reason, created_at) SELECT id, 'test', 1 FROM subjects WHERE key = '+8613800000003'`)
		b.sql(t, `INSERT INTO subjects (kind, key) VALUES ('number', '+8613800000015')`)
		b.sql(t, `INSERT INTO suppressions (subject_id, reason, created_at) SELECT id, 'test', 1 FROM subjects WHERE key = '+8613800000015'`)
		u := b.queued(t, c.ID, campaign.ImportOptions{ListName: "second"})
		ds := drafts(5, 15) // 5 of them are leads already, one is suppressed
		ds[14].Numbers[0] = ds[13].Numbers[0]
		problems := []campaign.Problem{
			{Line: 100, Reason: campaign.ProblemBadPhone, Message: "bad", Row: []string{"x"}}, {Line: 100, Reason: campaign.ProblemBadPhone, Message: "worse"},
			{Line: 101, Reason: campaign.ProblemDuplicate, Message: "twin"}, {Line: ds[12].Line, Reason: campaign.ProblemBadZone, Message: "zone", Warning: true},
			{Line: ds[0].Line, Reason: campaign.ProblemBadZone, Message: "of a row that is lost", Warning: true},
		}
		batch := campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: ds, Problems: problems, RowsDone: 17, BytesDone: 6, Headings: []string{"phone"}}
		want := campaign.Tally{Rows: 17, Leads: 9, Problems: 1, Duplicates: 7, Suppressed: 1}
		if got := must[campaign.Tally](t)(b.ImportRows(ctx, batch)); got != want {
			t.Fatalf("tally %+v, want %+v", got, want)
		}
		if again := must[campaign.Tally](t)(b.ImportRows(ctx, batch)); again != (campaign.Tally{}) {
			t.Errorf("the same batch again counted %+v", again)
		}
		if found := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{List: u.ListID})); len(found) != 0 {
			t.Errorf("%d leads are seen before the import is finished", len(found))
		}
		done := must[campaign.Upload](t)(b.FinishImport(ctx, u.ID))
		if again := must[campaign.Upload](t)(b.FinishImport(ctx, u.ID)); !reflect.DeepEqual(again, done) || done.State != campaign.UploadDone {
			t.Errorf("finished %+v, and again %+v", done, again)
		}
		l := must[campaign.List](t)(b.List(ctx, u.ListID))
		if l.Tally != want || l.State != campaign.ListActive || l.Name != "second" || l.LoadedAt.IsZero() {
			t.Errorf("list %+v, want tally %+v, active", l, want)
		}
		found := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{List: u.ListID}))
		if len(found) != 9 || found[0].Name != "Lead 10" || found[0].Plan.Number != "+8613800000010" || found[0].Attributes[0].Value != "上海" {
			t.Errorf("%d leads, first %+v", len(found), found[0])
		}
		if found[5].State != campaign.LeadSuppressed {
			t.Errorf("the suppressed number's lead is %s", found[5].State)
		}
		if n := b.count(t, `SELECT count(*) FROM upload_pieces`); n != 0 {
			t.Errorf("%d pieces are kept of files that are taken in", n)
		}
		checkProblems(t, b, u.ListID)
	})
}

func checkProblems(t *testing.T, b *bench, id campaign.ListID) {
	t.Helper()
	reasons := map[string]int{}
	var lines []int
	for p, err := range b.AllProblems(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		reasons[p.Reason]++
		lines = append(lines, p.Line)
		if p.Reason == campaign.ProblemInCampaign && (len(p.Row) != 1 || p.Message == "") {
			t.Errorf("duplicate without its row or message: %+v", p)
		}
	}
	want := map[string]int{campaign.ProblemBadPhone: 2, campaign.ProblemDuplicate: 1, campaign.ProblemBadZone: 1, campaign.ProblemInCampaign: 6}
	if !reflect.DeepEqual(reasons, want) {
		t.Errorf("problems %v, want %v", reasons, want)
	}
	page, next, err := b.Problems(t.Context(), id, campaign.ProblemCursor{}, 4)
	if err != nil || len(page) != 4 || next == (campaign.ProblemCursor{}) {
		t.Fatalf("a page of 4: %d, next %v, %v", len(page), next, err)
	}
	rest, end, err := b.Problems(t.Context(), id, next, 100)
	if err != nil || len(rest) != 6 || end != (campaign.ProblemCursor{}) || rest[0].Line != lines[4] {
		t.Errorf("the rest: %d, next %v, %v", len(rest), end, err)
	}
}

func TestDuplicatesAreLookedForWhereTheyMatter(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		one, two := b.campaign(t, "one"), b.campaign(t, "two")
		ds := drafts(0, 3)
		ds[0].ExternalID = "A1"
		ds[1].Numbers[0].Extension = "12"
		b.loaded(t, one.ID, campaign.ImportOptions{}, ds)
		for _, c := range []struct {
			name  string
			in    campaign.CampaignID
			o     campaign.ImportOptions
			draft campaign.Draft
			lost  bool
		}{
			{"the same number", one.ID, campaign.ImportOptions{}, drafts(2, 1)[0], true},
			{"another extension", one.ID, campaign.ImportOptions{}, drafts(1, 1)[0], false},
			{"another campaign", two.ID, campaign.ImportOptions{}, drafts(2, 1)[0], false},
			{"another campaign, across", two.ID, campaign.ImportOptions{Across: true}, drafts(0, 1)[0], true},
			{"the same external id of another list", one.ID, campaign.ImportOptions{}, campaign.Draft{Line: 2, ExternalID: "A1", Numbers: drafts(50, 1)[0].Numbers}, false},
			{"its external id and source", one.ID, campaign.ImportOptions{}, campaign.Draft{Line: 2, ExternalID: "B", Source: "crm", Numbers: drafts(60, 1)[0].Numbers}, false},
			{"again", one.ID, campaign.ImportOptions{}, campaign.Draft{Line: 2, ExternalID: "B", Source: "crm", Numbers: drafts(61, 1)[0].Numbers}, true},
		} {
			u := b.queued(t, c.in, c.o)
			got := must[campaign.Tally](t)(b.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: []campaign.Draft{c.draft}, RowsDone: 1}))
			if lost := got.Duplicates == 1; lost != c.lost || got.Leads+got.Duplicates != 1 {
				t.Errorf("%s: %+v, want a duplicate: %v", c.name, got, c.lost)
			}
			must[campaign.Upload](t)(b.FinishImport(ctx, u.ID))
		}
	})
}

func TestABatchGoesOnWhereTheLastOneEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		u := b.queued(t, b.campaign(t, "one").ID, campaign.ImportOptions{})
		batch := func(first, n, done int) campaign.ImportBatch {
			return campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts(first, n), RowsDone: int64(done)}
		}
		must[campaign.Tally](t)(b.ImportRows(ctx, batch(0, 10, 10)))
		_, err := b.ImportRows(ctx, batch(20, 10, 30))
		e := wantKind(t, err, campaign.KindConflict, campaign.ReasonWrongOffset)
		if e.Meta["rows_done"] != "10" {
			t.Errorf("metadata %v does not say where to go on", e.Meta)
		}
		must[campaign.Tally](t)(b.ImportRows(ctx, batch(10, 10, 20)))
		if got := must[campaign.Upload](t)(b.UploadByID(ctx, u.ID)); got.RowsDone != 20 || got.Tally.Leads != 20 {
			t.Errorf("upload %+v", got)
		}
	})
}

func TestI7TwoImportsOfTheSameNumbersMakeEachLeadOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		c := b.campaign(t, "one")
		const files, rows = 4, 600
		tallies := make([]campaign.Tally, files)
		var wg sync.WaitGroup
		for i := range files {
			u := b.queued(t, c.ID, campaign.ImportOptions{})
			wg.Go(func() {
				for from := 0; from < rows; from += 100 {
					ds := drafts(from, 100)
					if i%2 == 1 {
						for a, z := 0, len(ds)-1; a < z; a, z = a+1, z-1 {
							ds[a], ds[z] = ds[z], ds[a]
						}
					}
					got, err := b.ImportRows(t.Context(), campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: ds, RowsDone: int64(from + 100)})
					if err != nil {
						t.Error(err)
						return
					}
					tallies[i] = tallies[i].Add(got)
				}
			})
		}
		wg.Wait()
		var all campaign.Tally
		for _, one := range tallies {
			all = all.Add(one)
		}
		if want := (campaign.Tally{Rows: files * rows, Leads: rows, Duplicates: (files - 1) * rows}); all != want {
			t.Errorf("together %+v, want %+v", all, want)
		}
		if n := b.count(t, `SELECT count(*) FROM leads`); n != rows {
			t.Errorf("%d leads of %d numbers", n, rows)
		}
	})
}

func TestI12AFileThatIsRefusedLeavesNoLeads(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		c := b.campaign(t, "one")
		u := b.queued(t, c.ID, campaign.ImportOptions{})
		must[campaign.Tally](t)(b.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts(0, 20), RowsDone: 21,
			Problems: []campaign.Problem{{Line: 99, Reason: campaign.ProblemNoPhone, Message: "none"}}}))
		for range 2 {
			got := must[campaign.Upload](t)(b.FailUpload(ctx, u.ID, "the file ends in the middle"))
			if got.State != campaign.UploadFailed || got.Failure == "" || got.Tally != (campaign.Tally{Rows: 1, Problems: 1}) {
				t.Errorf("failed upload %+v", got)
			}
		}
		for _, table := range []string{"leads", "lead_numbers", "upload_pieces"} {
			if n := b.count(t, `SELECT count(*) FROM `+table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
		_, err := b.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts(50, 1), RowsDone: 22})
		wantKind(t, err, campaign.KindUnready, campaign.ReasonBadState)
		if got := b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, 20)); got.Tally.Leads != 20 {
			t.Errorf("the mended file: %+v", got.Tally)
		}
	})
}

func TestOneEventTellsOfAListHoweverLong(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		u := b.loaded(t, b.campaign(t, "one").ID, campaign.ImportOptions{}, drafts(0, 2500))
		if n := b.count(t, `SELECT count(*) FROM outbox WHERE type = 'list_loaded' AND list_id = $1`, u.ListID); n != 1 {
			t.Errorf("%d events list_loaded", n)
		}
		if n := b.count(t, `SELECT count(*) FROM outbox WHERE lead_id <> 0`); n != 0 {
			t.Errorf("%d events of single leads", n)
		}
	})
}
