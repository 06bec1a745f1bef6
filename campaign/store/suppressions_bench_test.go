package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// BenchmarkImportSuppressions takes in numbers that no lead has, a thousand a transaction: rows/s.
func BenchmarkImportSuppressions(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			url := "sqlite://" + filepath.Join(b.TempDir(), "r.db")
			if engine == "postgres" {
				url = testserver.Postgres(b)
			}
			s := openBenchWith(b, url, nil)
			n := 0
			for b.Loop() {
				some := make([]campaign.Phone, 1000)
				for i := range some {
					some[i] = campaign.Phone(fmt.Sprintf("+86139%08d", n*7919%100_000_000))
					n++
				}
				if _, err := s.ImportSuppressions(b.Context(), campaign.Suppression{Reason: "register"}, some); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
