package intake_test

import (
	"slices"
	"strings"
	"testing"

	"redial/campaign"
	"redial/cmd/internal/intake"
)

func TestFilesOfNumbersAreReadAsPeopleWriteThem(t *testing.T) {
	for name, try := range map[string]struct {
		file, column string
		want         []campaign.Phone
		bad          int
		refused      string
	}{
		"one column without a heading": {file: "13800138001\n13800138002\n", want: []campaign.Phone{"+8613800138001", "+8613800138002"}},
		"one column with one":          {file: "whatever\n13800138001\n", want: []campaign.Phone{"+8613800138001"}},
		"a heading in Chinese":         {file: "姓名,电话\n李,13800138001\n王,13800138002\n", want: []campaign.Phone{"+8613800138001", "+8613800138002"}},
		"tabs, and a German heading":   {file: "Name\tTelefon\nA\t+49 30 901820\nB\tnone\n", want: []campaign.Phone{"+4930901820"}, bad: 1},
		"the column that was named":    {file: "a,phone\n13800138001,13800138002\n", column: "a", want: []campaign.Phone{"+8613800138001"}},
		"no such column":               {file: "a,phone\n1,13800138002\n", column: "b", refused: "column"},
		"no column looks like numbers": {file: "name,city\nli,beijing\nwang,shanghai\n", refused: "column"},
		"no list":                      {file: "%PDF-1.7 \x00\x01", refused: "file"},
	} {
		r := strings.NewReader(try.file)
		rows, err := intake.Numbers{}.Numbers(r, r.Size(), "a.csv", try.column, "CN")
		if try.refused != "" {
			if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), try.refused) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []campaign.Phone
		bad := 0
		for row, err := range rows {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got, bad = append(got, row.Phones...), bad+len(row.Faults)
		}
		if !slices.Equal(got, try.want) || bad != try.bad {
			t.Errorf("%s: got %v with %d faults, want %v with %d", name, got, bad, try.want, try.bad)
		}
	}
}
