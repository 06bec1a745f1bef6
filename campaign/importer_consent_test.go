package campaign

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestConsentsOfARow(t *testing.T) {
	t.Parallel()
	const headings = "Phone|Consent|Consent At|Consent Until|Consent Proof|Consent Purpose"
	for _, c := range []struct{ region, given, at, until, proof, purpose, want string }{
		{"", "yes", "2026-01-31", "", "f", "", `"" [contact] 2026-01-30T23:00:00Z - f`},
		{"", "Hours, frequency, hours", "2026-01-31T10:00:00Z", "2026-02-01", "f", "Marketing", `"sales" [hours frequency] 2026-01-31T10:00:00Z 2026-02-01T23:00:00Z f`},
		{"", "all", "2026年1月31日", "2026-03-28", "f", "催收", `"collections" [contact hours frequency] 2026-01-30T23:00:00Z 2026-03-28T23:00:00Z f`},
		{"", "Fréquence", "31.1.2026", "", "f", "", `"" [frequency] 2026-01-30T23:00:00Z - f`},
		{"", "1", "31/1/2026", "", "f", "", `"" [contact] 2026-01-30T23:00:00Z - f`},
		{"US", "TRUE", "2/1/2026", "", "f", "", `"" [contact] 2026-01-31T23:00:00Z - f`},
		{"GB", "true", "2/1/2026", "", "f", "", `"" [contact] 2026-01-01T23:00:00Z - f`},
		{"", "true", "2/1/2026", "", "f", "", "bad_consent Consent At"},
		{"", "no", "", "", "", "", ""},
		{"", "", "2026-01-31", "", "f", "", ""},
		{"", "0", "2026-01-31", "", "f", "", ""},
		{"", "perhaps", "2026-01-31", "", "f", "", "bad_consent Consent"},
		{"", "hours,no", "2026-01-31", "", "f", "", "bad_consent Consent"},
		{"", "yes", "", "", "f", "", "bad_consent Consent"},
		{"", "yes", "2026-01-31", "", "n/a", "", "bad_consent Consent"},
		{"", "yes", "31.13.2026", "", "f", "", "bad_consent Consent At"},
		{"", "yes", "1926-01-31", "", "f", "", "bad_consent Consent At"},
		{"", "yes", "2026-01-31", "soon", "f", "", "bad_consent Consent Until"},
		{"", "yes", "2026-01-31", "2026-01-30", "f", "", "bad_consent Consent Until"},
		{"", "yes", "2026-01-31", "2026-01-31", "f", "", `"" [contact] 2026-01-30T23:00:00Z 2026-01-31T23:00:00Z f`},
		{"", "yes", "2026-01-31", "", "f", "fun", "bad_consent Consent Purpose"},
	} {
		im := importer(t, "Phone,Consent,Consent At,Consent Until,Consent Proof,Consent Purpose")
		im.Region = c.region
		v := im.Judge(Row{Line: 2, Cells: []string{"+33100000001", c.given, c.at, c.until, c.proof, c.purpose}})
		var got strings.Builder
		for _, k := range v.Draft.Consents {
			until := "-"
			if !k.ExpiresAt.IsZero() {
				until = k.ExpiresAt.Format(time.RFC3339)
			}
			fmt.Fprintf(&got, "%q %v %s %s %s", k.Purpose, k.Scopes, k.GivenAt.Format(time.RFC3339), until, k.Proof)
		}
		for _, p := range v.Problems {
			got.WriteString(p.Reason + " " + p.Column)
			if !p.Warning || p.Suggestion == "" {
				t.Errorf("%+v", p)
			}
		}
		if got.String() != c.want || v.State != RowLead {
			t.Errorf("%s\n%+v:\n got %s\nwant %s", headings, c, got.String(), c.want)
		}
	}
}
