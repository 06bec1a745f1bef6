package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// BenchmarkUpsert takes a CRM's leads over by batches of as many items as a stream gathers: new ones, the same again, and
// all of them changed.
func BenchmarkUpsert(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			url := "sqlite://" + filepath.Join(b.TempDir(), "r.db")
			if engine == "postgres" {
				url = testserver.NewPostgres(b, true).Database(b)
			}
			benchUpsert(b, openBench(b, url))
		})
	}
}

func benchUpsert(b *testing.B, s *bench) {
	const n = 10_000
	c := s.campaign(b, "one")
	read := func(text, _ string) (campaign.Number, error) {
		return campaign.Number{Phone: campaign.Phone(text), Zones: []string{"Asia/Shanghai"}}, nil
	}
	took := make(map[string]time.Duration)
	rows := 0
	for b.Loop() {
		items := make([]campaign.UpsertItem, n)
		for i := range items {
			items[i] = campaign.UpsertItem{ExternalID: fmt.Sprintf("C%08d", rows+i), Revision: 1, Action: campaign.UpsertPut, Campaign: c.ID,
				Values: campaign.LeadValues{Name: fmt.Sprint("lead ", i), Numbers: []campaign.Number{{Phone: campaign.Phone(fmt.Sprintf("+8613%09d", rows+i))}},
					Attributes: []campaign.Attribute{{Name: "city", Value: "Beijing"}}}}
		}
		rows += n
		for _, what := range []string{"added", "repeated", "renamed", "renumbered"} {
			began := time.Now()
			for part := range slices.Chunk(items, 200) {
				got := must[campaign.Upserted](b)(s.UpsertLeads(b.Context(), campaign.UpsertBatch{Source: "crm", Items: part, Number: read}))
				for _, r := range got.Results {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
			}
			took[what] += time.Since(began)
			for i := range items {
				switch it := &items[i]; what {
				case "repeated":
					it.Revision, it.Values.Name = 2, it.Values.Name+"!"
				case "renamed":
					it.Revision, it.Values.Numbers = 3, append(it.Values.Numbers, campaign.Number{Phone: campaign.Phone(fmt.Sprintf("+8614%09d", rows+i))})
				}
			}
		}
	}
	for what, d := range took {
		b.ReportMetric(float64(rows)/d.Seconds(), what+"/s")
	}
}
