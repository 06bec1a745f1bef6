package store

import (
	"encoding/json"
	"strings"
	"testing"

	"redial/campaign"
)

// exportOf is a person's export as the caller is told it, by part.
func (b *bench) exportOf(t *testing.T, caller campaign.Caller, q campaign.PersonQuery) map[string][]map[string]any {
	t.Helper()
	ctx := campaign.WithCaller(t.Context(), caller)
	leads := must[[]campaign.LeadID](t)(b.PersonLeads(ctx, q))
	var text strings.Builder
	if err := b.ExportPerson(ctx, leads, q.Number, &text); err != nil {
		t.Fatal(err)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text.String()), &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "exported_at")
	out := make(map[string][]map[string]any)
	for part, rows := range doc {
		var all []map[string]any
		if err := json.Unmarshal(rows, &all); err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		out[part] = all
	}
	return out
}

func TestAnExportTellsACallerOfSomeCampaignsNothingOfOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		w := newWanda(t, b)
		ctx := campaign.WithCaller(t.Context(), boss)
		other := b.campaign(t, "autumn")
		u := b.queued(t, other.ID, campaign.ImportOptions{})
		d := drafts(5, 1)
		d[0].Numbers = []campaign.Number{{Phone: wandaNumber}}
		must[campaign.Tally](t)(b.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: d, RowsDone: 1}))
		must[campaign.Upload](t)(b.FinishImport(ctx, u.ID))
		theirs := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{List: u.ListID}))[0]
		if _, _, err := b.RecordConsent(ctx, campaign.Consent{LeadID: theirs.ID, Phone: wandaNumber, Scopes: []campaign.ConsentScope{"hours"}, GivenAt: b.Now(), Proof: "autumn's form"}); err != nil {
			t.Fatal(err)
		}
		for _, x := range []campaign.Suppression{{Campaign: w.campaign.ID, Reason: "spring"}, {Campaign: other.ID, Reason: "autumn"}, {Country: "CN", Reason: "register"}, {Reason: "asked"}} {
			x.Phone = wandaNumber
			must[campaign.Suppressed](t)(b.Suppress(ctx, x))
		}
		only := boss
		only.Campaigns = []campaign.CampaignID{w.campaign.ID}
		for _, q := range []campaign.PersonQuery{{Lead: w.lead}, {Number: wandaNumber}, {ExternalID: "ext-4711"}} {
			got := b.exportOf(t, only, q)
			if n := got["consents"]; len(got["leads"]) != 1 || len(n) != 1 || n[0]["lead_id"] != float64(w.lead) {
				t.Errorf("%+v tells of leads %v and consents %v", q, got["leads"], n)
			}
			var reasons []string
			for _, x := range got["scoped_suppressions"] {
				reasons = append(reasons, x["reason"].(string))
			}
			if all := strings.Join(reasons, " "); strings.Contains(all, "autumn") || !strings.Contains(all, "spring") || !strings.Contains(all, "register") || len(got["suppressions"]) != 1 {
				t.Errorf("%+v tells of the suppressions %q and %v", q, all, got["suppressions"])
			}
		}
		whole := b.exportOf(t, boss, campaign.PersonQuery{Number: wandaNumber})
		if len(whole["leads"]) != 2 || len(whole["consents"]) != 2 || len(whole["scoped_suppressions"]) != 3 {
			t.Errorf("an admin is told of %d leads, %d consents and %d suppressions", len(whole["leads"]), len(whole["consents"]), len(whole["scoped_suppressions"]))
		}
	})
}
