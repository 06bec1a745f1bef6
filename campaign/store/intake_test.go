package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// known are drafts of people whom a CRM knows.
func known(first, n int) []campaign.Draft {
	ds := drafts(first, n)
	for i := range ds {
		ds[i].Source, ds[i].ExternalID, ds[i].Account = "crm", fmt.Sprint("P", first+i), fmt.Sprint("household ", (first+i)/2)
	}
	return ds
}

// take imports drafts as the next batch of an upload.
func (b *bench) take(t testing.TB, u campaign.Upload, ds []campaign.Draft, done int) campaign.Tally {
	t.Helper()
	return must[campaign.Tally](t)(b.ImportRows(t.Context(), campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: ds, RowsDone: int64(done)}))
}

// subjects checks that every lead has its number, its person and its account, each subject once.
func (b *bench) subjects(t testing.TB, leads, persons, accounts int) {
	t.Helper()
	for _, c := range []struct {
		what, query string
		want        int
	}{
		{"leads", `SELECT count(*) FROM leads`, leads},
		{"persons", `SELECT count(*) FROM subjects WHERE kind = 'person'`, persons},
		{"accounts", `SELECT count(*) FROM subjects WHERE kind = 'account'`, accounts},
		{"leads with their number", `SELECT count(*) FROM leads l JOIN lead_numbers n ON n.lead_id = l.id AND n.subject_id = l.first_subject
			JOIN subjects u ON u.id = l.first_subject AND u.kind = 'number' AND l.dial_subject = u.id AND l.number = u.key`, leads},
		{"leads with their person", `SELECT count(*) FROM leads l JOIN lead_numbers n ON n.lead_id = l.id JOIN subjects u ON u.id = n.subject_id
			WHERE u.kind = 'person' AND u.key LIKE l.source || '_' || l.external_id`, leads},
		{"leads with their account", `SELECT count(*) FROM leads l JOIN lead_numbers n ON n.lead_id = l.id JOIN subjects u ON u.id = n.subject_id
			WHERE u.kind = 'account' AND u.key = l.account`, leads},
		{"links", `SELECT count(*) FROM lead_numbers`, 3 * leads},
	} {
		if got := b.count(t, c.query); int(got) != c.want {
			t.Errorf("%d %s, want %d", got, c.what, c.want)
		}
	}
}

// Twins of one person meet within a batch, in the next one, in another campaign and after all were taken in.
func TestPersonsOfTwinsAreMadeOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		one, two := b.campaign(t, "one"), b.campaign(t, "two")
		u := b.queued(t, one.ID, campaign.ImportOptions{})
		first := known(0, 10)
		first[7].ExternalID, first[7].Account = "P2", "household 1" // by another number
		if got := b.take(t, u, first, 10); got.Leads != 9 || got.Duplicates != 1 {
			t.Fatalf("a batch with a twin: %+v", got)
		}
		next := known(10, 10)
		next[0].ExternalID = "P3"
		next[1].Numbers[0].Phone = first[4].Numbers[0].Phone
		if got := b.take(t, u, next, 20); got.Leads != 8 || got.Duplicates != 2 {
			t.Fatalf("a batch with twins of the one before: %+v", got)
		}
		must[campaign.Upload](t)(b.FinishImport(t.Context(), u.ID))
		b.subjects(t, 17, 18, 10) // P11 has no lead: its number is a lead already

		if got := b.loaded(t, two.ID, campaign.ImportOptions{}, known(0, 20)); got.Tally.Leads != 20 {
			t.Errorf("the same people for another campaign: %+v", got.Tally)
		}
		b.subjects(t, 37, 20, 10)
		if got := b.loaded(t, one.ID, campaign.ImportOptions{}, known(12, 8)); got.Tally.Duplicates != 8 {
			t.Errorf("the same people again: %+v", got.Tally)
		}
		b.subjects(t, 37, 20, 10)
	})
}

// A node of the first schema makes leads without persons. The index of external ids tells of its lead.
func TestALeadWithoutItsPersonIsFoundByItsExternalID(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		c := b.campaign(t, "one")
		b.loaded(t, c.ID, campaign.ImportOptions{}, known(0, 3))
		b.sql(t, `DELETE FROM lead_numbers WHERE subject_id IN (SELECT id FROM subjects WHERE kind = 'person')`)
		b.sql(t, `DELETE FROM subjects WHERE kind = 'person'`)
		ds := known(10, 4)
		ds[2].ExternalID = "P1"
		u := b.queued(t, c.ID, campaign.ImportOptions{})
		if got := b.take(t, u, ds, 4); got.Leads != 3 || got.Duplicates != 1 {
			t.Errorf("beside an older node's lead: %+v", got)
		}
		if n := b.count(t, `SELECT count(*) FROM leads WHERE external_id = 'P1'`); n != 1 {
			t.Errorf("%d leads of one external id", n)
		}
	})
}

// Whoever writes a subject first has made it; the import that meets it while it is being written uses it.
func TestImportsOfTheSamePeopleShareTheirSubjects(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		const campaigns, rows = 3, 400
		var wg sync.WaitGroup
		for i := range campaigns {
			u := b.queued(t, b.campaign(t, fmt.Sprint("c", i)).ID, campaign.ImportOptions{})
			wg.Go(func() {
				for from := 0; from < rows; from += 100 {
					got, err := b.ImportRows(t.Context(), campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: known(from, 100), RowsDone: int64(from + 100)})
					if err != nil || got.Leads != 100 {
						t.Errorf("rows from %d: %+v, %v", from, got, err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.subjects(t, campaigns*rows, rows, rows/2)
	})
}

// The connection is cut while leads are being copied. What was not acknowledged left nothing, and the same batch goes on.
func TestI2ABatchCutHalfWayLeavesNothing(t *testing.T) {
	t.Parallel()
	server := testserver.NewPostgres(t, false)
	proxy := testserver.NewProxy(t, server.Addr)
	at, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	at.Host = proxy.Addr
	var cut sync.Once
	s, err := Open(t.Context(), at.String(), Options{Rules: Rules{Judge: plainJudge, Step: plainStep, Decide: func(f *campaign.Facts) campaign.Plan {
		if strings.HasPrefix(f.Lead.Zones[0], "Europe/") {
			cut.Do(proxy.Reset) // the leads before it are on their way
		}
		return plainDecide(f)
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := &bench{Store: s}
	u := b.queued(t, b.campaign(t, "one").ID, campaign.ImportOptions{})
	ds := known(0, 4000)
	ds[3000].Zones = []string{"Europe/Paris"}
	b.take(t, u, ds[:1000], 1000)
	rest := campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: ds[1000:], RowsDone: 4000}
	if _, err := b.ImportRows(t.Context(), rest); campaign.KindOf(err) != campaign.KindAway || proxy.Bitten() == 0 {
		t.Fatalf("a cut connection answers %v, %d bitten", err, proxy.Bitten())
	}
	var got campaign.Tally
	for deadline := time.Now().Add(20 * time.Second); ; {
		if got, err = b.ImportRows(t.Context(), rest); err == nil || time.Now().After(deadline) {
			break
		}
	}
	if err != nil || got.Leads != 3000 {
		t.Fatalf("the same batch again: %+v, %v", got, err)
	}
	if done := must[campaign.Upload](t)(b.FinishImport(t.Context(), u.ID)); done.Tally != (campaign.Tally{Rows: 4000, Leads: 4000}) {
		t.Errorf("in the end %+v", done.Tally)
	}
	b.subjects(t, 4000, 4000, 2000)
}

// Where a draft may be called is remembered by what it is made of. All of that counts.
func TestDraftsOfABatchHaveTheirOwnSites(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		second := func(zones, places []string) func(*campaign.Draft) {
			return func(d *campaign.Draft) {
				n := campaign.Number{Phone: d.Numbers[0].Phone + "9", Zones: zones, Places: places}
				d.Numbers = append(d.Numbers, n)
			}
		}
		variants := []func(*campaign.Draft){
			func(*campaign.Draft) {},
			func(d *campaign.Draft) { d.Zones = nil },
			func(d *campaign.Draft) { d.Zones = []string{"America/New_York"} },
			func(d *campaign.Draft) { d.Zones = []string{"America/New_York", "America/Chicago"} },
			func(d *campaign.Draft) { d.Places = []string{"US-NY"} },
			func(d *campaign.Draft) { d.Numbers[0].Places = []string{"US-FL"} },
			func(d *campaign.Draft) { d.Numbers[0].Zones = []string{"Europe/Paris"} },
			second(nil, nil), second([]string{"Europe/Paris"}, nil), second(nil, []string{"FR"}), second([]string{"Asia/Tokyo"}, []string{"FR"}),
			func(d *campaign.Draft) { d.Places = []string{"US-TX", "US-NY"} },
			func(d *campaign.Draft) {
				d.Consents = []campaign.Consent{{Scopes: []campaign.ConsentScope{campaign.ConsentHours}, Proof: "form 7"}}
			},
		}
		made := func(first int) []campaign.Draft {
			ds := drafts(first, len(variants))
			for i := range ds {
				ds[i].Line = i
				variants[i](&ds[i])
			}
			return ds
		}
		together, alone := b.queued(t, b.campaign(t, "one").ID, campaign.ImportOptions{}), b.queued(t, b.campaign(t, "two").ID, campaign.ImportOptions{})
		b.take(t, together, made(0), len(variants))
		for i, d := range made(100) {
			b.take(t, alone, []campaign.Draft{d}, i+1)
		}
		groups := func(id campaign.ListID) []string {
			out := make([]string, len(variants))
			err := b.peek(t.Context(), "test", func(x *tx) error {
				return x.each(`SELECT l.line, g.zones, g.calendar FROM leads l JOIN calendar_groups g ON g.id = l.group_id WHERE l.list_id = $1`, []any{int64(id)}, func(r *sql.Rows) error {
					var line int
					var zones, calendar string
					err := r.Scan(&line, &zones, &calendar)
					out[line] = zones + " " + calendar
					return err
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		got, want := groups(together.ListID), groups(alone.ListID)
		differ := make(map[string]bool)
		for i := range want {
			if differ[want[i]] = true; got[i] != want[i] {
				t.Errorf("draft %d has in a batch\n%s, alone\n%s", i, got[i], want[i])
			}
		}
		if len(differ) < 9 {
			t.Errorf("only %d groups: %v", len(differ), want)
		}
	})
}
