package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

// traces finds every text of the record that holds one of the words, by table and column.
func (b *bench) traces(t *testing.T, words ...string) (found []string) {
	t.Helper()
	ctx := t.Context()
	query := `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
	cast := `CAST(%s AS TEXT)`
	if b.d.name == "postgres" {
		query = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()`
		cast = `%s::text`
	}
	rows, err := b.reader.QueryContext(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var columns [][2]string
	for rows.Next() {
		var c [2]string
		if err := rows.Scan(&c[0], &c[1]); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(columns) < 200 {
		t.Fatalf("only %d columns were looked at", len(columns))
	}
	for _, c := range columns {
		for _, w := range words {
			if n := b.count(t, fmt.Sprintf(`SELECT count(*) FROM %q WHERE `+cast+` LIKE $1`, c[0], fmt.Sprintf("%q", c[1])), "%"+w+"%"); n > 0 {
				found = append(found, fmt.Sprintf("%s.%s: %s", c[0], c[1], w))
			}
		}
	}
	return found
}

// wanda is a person of whom everything is held that can be held.
type wanda struct {
	b        *bench
	campaign campaign.Campaign
	list     campaign.ListID
	lead     campaign.LeadID
	agent    campaign.AgentID
	words    []string
}

const (
	wandaNumber = "+8613911122233"
	wandaOther  = "+8613911144455"
	wandaNew    = "+8613911166677"
)

// dial calls the lead and reports an outcome.
func (w *wanda) dial(t *testing.T, r campaign.Result) campaign.Recorded {
	t.Helper()
	w.b.ready(t, w.agent)
	got := must[[]campaign.Claimed](t)(w.b.ClaimLeads(t.Context(), []campaign.Claim{{Agent: w.agent, Candidates: []campaign.LeadID{w.lead}}}))
	if got[0].Assignment == nil {
		t.Fatalf("the lead cannot be had: %+v", got[0])
	}
	must[campaign.Started](t)(w.b.StartCall(t.Context(), got[0].Assignment.ID, w.agent))
	w.b.now.Add(int64(10 * time.Second))
	r.Assignment, r.Agent = got[0].Assignment.ID, w.agent
	return must[campaign.Recorded](t)(w.b.Conclude(t.Context(), r))
}

func newWanda(t *testing.T, b *bench) *wanda {
	t.Helper()
	b.rules.Book = plainBook
	ctx := campaign.WithCaller(t.Context(), boss)
	w := &wanda{b: b, campaign: b.campaign(t, "spring"), words: []string{"wanda", "13911122233", "13911144455", "13911166677", "ext-4711", "acct-99"}}
	must[campaign.Campaign](t)(b.StartCampaign(ctx, w.campaign.ID))
	w.agent = must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: "li", Campaigns: []campaign.Membership{{CampaignID: w.campaign.ID}}})).ID
	d := drafts(1, 3)
	d[1].Name, d[1].ExternalID, d[1].Account = "Wanda wanda", "ext-4711", "acct-99"
	d[1].Numbers = []campaign.Number{{Phone: wandaNumber, Label: "mobile"}, {Phone: wandaOther}}
	d[1].Attributes = []campaign.Attribute{{Name: "pet", Value: "wanda's fish"}}
	u := b.queued(t, w.campaign.ID, campaign.ImportOptions{})
	problems := []campaign.Problem{
		{Line: 77, Column: "phone", Value: "139 1112-2233", Reason: "duplicate_in_file", Message: "wanda again", Row: []string{"wanda", "139-1112-2233"}},
		{Line: d[1].Line, Column: "city", Value: "wanda town", Reason: "bad_zone", Message: "no zone: wanda town", Warning: true, Row: []string{"wanda"}},
		{Line: 78, Column: "phone", Value: "12", Reason: "bad_phone", Message: "too short", Row: []string{"somebody", "12"}},
	}
	must[campaign.Tally](t)(b.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: d, Problems: problems, RowsDone: 5, Headings: []string{"name", "phone"}}))
	must[campaign.Upload](t)(b.FinishImport(ctx, u.ID))
	w.list = u.ListID
	w.lead = must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{Phone: wandaNumber}))[0].ID
	now := b.Now()
	_, _, err := b.RecordConsent(ctx, campaign.Consent{LeadID: w.lead, Scopes: []campaign.ConsentScope{"hours"}, GivenAt: now, Proof: "wanda's form", Source: "mei"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.RecordOutsideCall(ctx, campaign.OutsideCall{LeadID: w.lead, Source: "agency", Key: "wanda-1", Number: wandaNumber, PlacedAt: now.Add(-time.Hour), Outcome: campaign.NoAnswer}); err != nil {
		t.Fatal(err)
	}
	w.dial(t, campaign.Result{Outcome: campaign.NoAnswer, Code: "NO_ANSWER", Note: "wanda's neighbour answered"})
	rec := w.dial(t, campaign.Result{Outcome: campaign.NumberChanged, Code: "NUMBER_CHANGED", NewNumber: wandaNew, Note: "wanda moved"})
	must[campaign.Recorded](t)(b.Correct(ctx, campaign.Correction{Assignment: rec.Attempt.Assignment, Agent: w.agent, By: "mei", Outcome: campaign.NumberChanged,
		Code: "NUMBER_CHANGED", NewNumber: wandaNew, Note: "wanda moved away"}))
	must[campaign.Appointment](t)(b.Book(ctx, w.lead, campaign.Booking{Local: "2031-01-01T10:00"}, w.agent, "mei"))
	must[campaign.Suppressed](t)(b.Suppress(ctx, campaign.Suppression{Phone: wandaOther}))
	if err := b.Lift(ctx, campaign.SuppressionKey{Phone: wandaOther}, "mei"); err != nil {
		t.Fatal(err)
	}
	w.sequence(t)
	return w
}

// sequence puts half of the events into the stream.
func (w *wanda) sequence(t *testing.T) {
	t.Helper()
	epoch, _, err := w.b.Elect(t.Context(), Elected, "me", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	must[int](t)(w.b.Sequence(t.Context(), epoch, 4))
}

// report is what every kind of report counts; a promise that was open may be cancelled.
func (w *wanda) report(t *testing.T) string {
	t.Helper()
	var out []any
	for _, kind := range campaign.ReportKinds {
		r := must[campaign.Report](t)(w.b.Report(t.Context(), campaign.ReportQuery{Kind: kind, Campaign: w.campaign.ID}))
		for _, row := range append(r.Rows, r.Total) {
			var booked int64
			for _, n := range row.Counts.Booked {
				booked += n
			}
			row.Counts.Booked = nil
			out = append(out, row.Key, row.Counts, booked)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (w *wanda) breaches(t *testing.T) (out []string) {
	t.Helper()
	must[campaign.AuditSummary](t)(w.b.Audit(t.Context(), 0, func(x campaign.Breach) error {
		out = append(out, x.Invariant+" "+x.What)
		return nil
	}))
	return out
}

func TestAnErasedPersonIsNowhereInTheRecord(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		w := newWanda(t, b)
		ctx := campaign.WithCaller(t.Context(), boss)
		for _, word := range w.words {
			if len(b.traces(t, word)) == 0 {
				t.Fatalf("%s is nowhere before the erase: the test looks for nothing", word)
			}
		}
		before, clean := w.report(t), w.breaches(t)
		got := must[campaign.Erased](t)(b.EraseLead(ctx, w.lead, false, "she asked"))
		if got.Attempts != 2 || len(got.Leads) != 1 || got.Leads[0] != w.lead {
			t.Errorf("erased %+v", got)
		}
		if found := b.traces(t, w.words...); len(found) > 0 {
			t.Errorf("left over: %s", strings.Join(found, "; "))
		}
		if after := w.report(t); after != before {
			t.Errorf("the reports no longer add up:\n%s\n%s", before, after)
		}
		if now := w.breaches(t); strings.Join(now, "\n") != strings.Join(clean, "\n") {
			t.Errorf("the audit says %q, said %q", now, clean)
		}
		l := must[campaign.Lead](t)(b.Lead(ctx, w.lead))
		if l.State != campaign.LeadWithdrawn || l.ErasedAt.IsZero() || len(l.Tries) != 2 || l.Name != "" {
			t.Errorf("the lead is %+v", l)
		}
		if n := b.count(t, `SELECT count(*) FROM problems WHERE cells <> '[]'`); n != 1 {
			t.Errorf("%d rows of others' problems are left, want 1", n)
		}
		if n := b.count(t, `SELECT count(*) FROM outbox WHERE type = 'lead_erased'`); n != 1 {
			t.Errorf("%d events tell of it", n)
		}
		if len(must[[]campaign.Attempt](t)(b.History(ctx, w.lead))) != 2 {
			t.Error("the attempts are gone")
		}
		again := must[campaign.Erased](t)(b.EraseLead(ctx, w.lead, true, "she asked"))
		if again.Attempts != 0 || b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'erase_lead'`) != 1 {
			t.Errorf("again: %+v", again)
		}
		_, err := b.ReopenLead(ctx, w.lead, 0, "mei")
		wantKind(t, err, campaign.KindUnready, campaign.ReasonBadState)
	})
}

func TestASuppressionOutlivesThePersonItProtects(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		w := newWanda(t, b)
		must[campaign.Suppressed](t)(b.Suppress(t.Context(), campaign.Suppression{Phone: wandaNumber}))
		must[campaign.Erased](t)(b.EraseLead(t.Context(), w.lead, false, "she asked"))
		if len(must[[]campaign.Suppression](t)(b.Suppressed(t.Context(), []campaign.Phone{wandaNumber}))) != 1 {
			t.Error("the number may be called again")
		}
	})
}

func TestAPersonIsErasedEverywhereThatTheCallerMaySee(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		w := newWanda(t, b)
		var leads []campaign.LeadID
		var seen []campaign.CampaignID
		for i := range 3 {
			c := b.campaign(t, fmt.Sprint("other ", i))
			seen = append(seen, c.ID)
			b.loaded(t, c.ID, campaign.ImportOptions{}, []campaign.Draft{{Line: 2, Name: "Wanda W", Zones: []string{"Asia/Shanghai"},
				Numbers: []campaign.Number{{Phone: wandaOther}}}})
			leads = append(leads, must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{Campaign: c.ID}))[0].ID)
		}
		must[campaign.Lead](t)(b.WithdrawLead(t.Context(), leads[1], 0, "no", "mei"))
		caller := campaign.Caller{Owner: "mei", Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{w.campaign.ID, seen[0], seen[1]}}
		got := must[campaign.Erased](t)(b.EraseLead(campaign.WithCaller(t.Context(), caller), w.lead, true, "she asked"))
		if fmt.Sprint(got.Leads) != fmt.Sprint([]campaign.LeadID{w.lead, leads[0], leads[1]}) {
			t.Errorf("erased %v, want the lead and those of %v", got.Leads, leads[:2])
		}
		left := must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{Phone: wandaOther}))
		if len(left) != 1 || left[0].ID != leads[2] || len(b.traces(t, "13911144455")) == 0 {
			t.Errorf("a campaign that the caller may not see: %+v", left)
		}
		got = must[campaign.Erased](t)(b.EraseLead(t.Context(), leads[2], true, "she asked"))
		if found := b.traces(t, w.words...); len(found) > 0 {
			t.Errorf("left over by %+v: %s", got, strings.Join(found, "; "))
		}
	})
}

func TestNobodyIsErasedDuringACall(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		w := newWanda(t, b)
		lead := must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{List: w.list}))[0]
		b.ready(t, w.agent)
		claim := []campaign.Claim{{Agent: w.agent, Candidates: []campaign.LeadID{lead.ID}}}
		a := must[[]campaign.Claimed](t)(b.ClaimLeads(t.Context(), claim))[0].Assignment
		must[campaign.Started](t)(b.StartCall(t.Context(), a.ID, w.agent))
		_, err := b.EraseLead(t.Context(), lead.ID, false, "asked")
		wantKind(t, err, campaign.KindUnready, campaign.ReasonBadState)
		if name := must[campaign.Lead](t)(b.Lead(t.Context(), lead.ID)).Name; name == "" {
			t.Error("the name is gone all the same")
		}
		must[campaign.Recorded](t)(b.Conclude(t.Context(), campaign.Result{Assignment: a.ID, Agent: w.agent, Outcome: campaign.NoAnswer, Code: "NO_ANSWER"}))
		b.ready(t, w.agent)
		a = must[[]campaign.Claimed](t)(b.ClaimLeads(t.Context(), claim))[0].Assignment
		got := must[campaign.Erased](t)(b.EraseLead(t.Context(), lead.ID, false, "asked"))
		if len(got.Revoked) != 1 || got.Revoked[0].ID != a.ID {
			t.Errorf("a card on offer is taken back: %+v", got)
		}
	})
}

func TestPersonsOfClosedLeadsAreErasedByAge(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		w := newWanda(t, b)
		ctx := t.Context()
		all := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{List: w.list}))
		must[campaign.Lead](t)(b.WithdrawLead(ctx, all[0].ID, 0, "no", "mei"))
		b.now.Add(int64(40 * 24 * time.Hour))
		must[campaign.Lead](t)(b.WithdrawLead(ctx, all[2].ID, 0, "no", "mei")) // of today
		if _, err := b.EraseAged(ctx, 29*24*time.Hour); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("29 days: %v", err)
		}
		for _, want := range []int64{1, 0} {
			if n := must[int64](t)(b.EraseAged(ctx, 30*24*time.Hour)); n != want {
				t.Errorf("%d were erased, want %d", n, want)
			}
		}
		for i, erased := range []bool{true, false, false} { // the second has a promise
			if l := must[campaign.Lead](t)(b.Lead(ctx, all[i].ID)); l.ErasedAt.IsZero() == erased {
				t.Errorf("lead %d of %s: erased %v", i, l.State, !l.ErasedAt.IsZero())
			}
		}
		log := must[[]campaign.AuditEntry](t)(b.AuditLog(ctx, campaign.AuditQuery{Action: "erase_aged"}))
		if len(log) != 1 || log[0].After != `{"days":30,"leads":1}` || log[0].Owner != "" {
			t.Errorf("the audit log tells %+v", log)
		}
	})
}

func TestWhatIsHeldOnAPersonIsExportedWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		w := newWanda(t, b)
		ctx := campaign.WithCaller(t.Context(), boss)
		if err := b.LogDeed(ctx, "reveal_numbers", fmt.Sprint("lead ", w.lead), nil, "to call back"); err != nil {
			t.Fatal(err)
		}
		must[campaign.Suppressed](t)(b.Suppress(ctx, campaign.Suppression{Phone: wandaOther}))
		for _, q := range []campaign.PersonQuery{{Lead: w.lead}, {Number: wandaOther}, {ExternalID: "ext-4711"}} {
			leads := must[[]campaign.LeadID](t)(b.PersonLeads(ctx, q))
			if len(leads) != 1 || leads[0] != w.lead {
				t.Fatalf("%+v is %v", q, leads)
			}
			var text strings.Builder
			if err := b.ExportPerson(ctx, leads, q.Number, &text); err != nil {
				t.Fatal(err)
			}
			var doc map[string]json.RawMessage
			if err := json.Unmarshal([]byte(text.String()), &doc); err != nil {
				t.Fatalf("%v in %s", err, text.String())
			}
			for part, word := range map[string]string{"leads": "wanda's fish", "attempts": "wanda's neighbour", "amendments": "moved away", "promises": "2031-01-01",
				"consents": "wanda's form", "outside_calls": "wanda-1", "suppressions": wandaOther, "rows_of_files": "wanda town", "events": "lead_id",
				"events_to_come": "lead_id", "audit_log": "reveal_numbers", "offers": wandaNumber} {
				if !strings.Contains(string(doc[part]), word) {
					t.Errorf("%s tells nothing of %s: %s", part, word, doc[part])
				}
			}
			if strings.Contains(text.String(), "+8613800000001") {
				t.Error("somebody else's number is in it")
			}
		}
		if _, err := b.PersonLeads(ctx, campaign.PersonQuery{Number: "+8613900009999"}); campaign.KindOf(err) != campaign.KindNotFound {
			t.Errorf("nobody: %v", err)
		}
		only := boss
		only.Campaigns = []campaign.CampaignID{w.campaign.ID + 1}
		if _, err := b.PersonLeads(campaign.WithCaller(ctx, only), campaign.PersonQuery{Number: wandaNumber}); campaign.KindOf(err) != campaign.KindNotFound {
			t.Errorf("a campaign that the caller may not see: %v", err)
		}
	})
}
