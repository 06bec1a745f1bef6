package campaign_test

import (
	"bytes"
	"fmt"
	"testing"

	"redial/campaign"
	"redial/campaign/listfile"
	"redial/campaign/phone"
)

// BenchmarkImport is the parsing half of an import: decoded, mapped, normalised, zones, twins within the file.
func BenchmarkImport(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("id,name,phone,email,city\n")
	for i := range 200_000 {
		fmt.Fprintf(&text, "%d,Ada Quill,212%07d,ada@example.com,New York\n", i, 2_000_000+i*31%7_999_999)
	}
	rows := 0
	for b.Loop() {
		f, err := listfile.Open(bytes.NewReader(text.Bytes()), int64(text.Len()), "bench.csv", campaign.ImportOptions{})
		if err != nil {
			b.Fatal(err)
		}
		m, err := campaign.MatchHeader(f.Guess.Headings, f.Sample(), nil)
		if err != nil {
			b.Fatal(err)
		}
		im := campaign.Importer{Map: m, Phones: phone.Normaliser{}, Region: "US", Zone: "UTC"}
		for v, err := range im.Run(b.Context(), f.Rows()) {
			if err != nil || v.State == campaign.RowProblem {
				b.Fatal(v.Problems, err)
			}
			rows++
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
