package listfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"

	"github.com/xuri/excelize/v2"
)

var evil = []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "safe = 1", ""}

func problems(list ...campaign.Problem) func(func(campaign.Problem, error) bool) {
	return func(yield func(campaign.Problem, error) bool) {
		for _, p := range list {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func TestProblemsAreWrittenInTheFilesOwnColumns(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := WriteProblems(&b, []string{"Name", "Phone"}, problems(
		campaign.Problem{Line: 3, Column: "Phone", Value: "x", Reason: "bad_phone", Message: "\"x\" is none", Suggestion: "mend", Row: []string{"=Ada", "x", "beyond"}},
		campaign.Problem{Line: 9, Reason: "no_phone", Row: []string{"Ben"}, Warning: true},
	))
	if err != nil {
		t.Fatal(err)
	}
	want := "\uFEFFName,Phone,redial_line,redial_column,redial_reason,redial_message,redial_suggestion,redial_warning\r\n" +
		"'=Ada,x,3,Phone,bad_phone,\"\"\"x\"\" is none\",mend,\r\n" + "Ben,,9,,no_phone,,,yes\r\n"
	if b.String() != want {
		t.Errorf("got %q\nwant %q", b.String(), want)
	}
	broken := errors.New("broken")
	if err := WriteProblems(&b, nil, func(yield func(campaign.Problem, error) bool) { yield(campaign.Problem{}, broken) }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// A problem file that was mended can be sent again: the phones lose their apostrophes, the added columns are ignored.
func TestAMendedProblemFileImports(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteProblems(&b, []string{"Phone", "Name"}, problems(campaign.Problem{Line: 2, Row: []string{"+12125550101", "Ada"}})); err != nil {
		t.Fatal(err)
	}
	f := openBytes(t, b.Bytes(), campaign.ImportOptions{})
	m, err := campaign.MatchHeader(f.Guess.Headings, f.Sample(), nil)
	if err != nil || len(m.Phones) != 1 || m.Columns[2].Field != campaign.FieldIgnore || f.Sample()[0][0] != "'+12125550101" {
		t.Errorf("got %+v, %v, %q", m, err, f.Sample())
	}
}

func TestCSVCellsNeverRunAsFormulas(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	rows := [][]any{{-5, 2.5, true, nil, time.Date(2026, 3, 1, 9, 0, 0, 0, time.FixedZone("x", 3600)), 90 * time.Second}}
	for _, e := range evil {
		rows = append(rows, []any{e, campaign.Success})
	}
	rows = append(rows, []any{numberMark + "=1"})
	if err := WriteCSV(&b, Table{Head: []string{"=head"}, Rows: slices.Values(rows)}); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), mark)))
	r.FieldsPerRecord = -1
	got, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got[0], got[1]) != "['=head] [-5 2.5 true  2026-03-01 08:00:00 90]" {
		t.Errorf("got %q %q", got[0], got[1])
	}
	for i, e := range evil {
		cell := got[i+2][0]
		if safe := strings.HasPrefix(e, "safe") || e == ""; safe != (cell == e) || !safe && cell[0] != '\'' || got[i+2][1] != "SUCCESS" {
			t.Errorf("%q became %q", e, got[i+2])
		}
	}
	if last := got[len(got)-1][0]; strings.HasPrefix(last, "=") {
		t.Errorf("the mark of numbers lets %q through", last)
	}
}

func TestXLSXKeepsNumbersAsNumbersAndTextsAsTexts(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	rows := [][]any{{-5, 2.5, true, nil, "=1+1"}}
	tables := []Table{
		{Name: "By agent: [all]", Head: []string{"n", "x", "b", "nil", "text"}, Rows: slices.Values(rows)},
		{Name: "By agent: [all]", Head: []string{"n"}, Rows: slices.Values([][]any{{1}})},
		{Name: strings.Repeat("long ", 20), Head: []string{"n"}, Rows: slices.Values([][]any{})},
	}
	if err := WriteXLSX(&b, tables...); err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	names := x.GetSheetList()
	if len(names) != 3 || names[0] != "By agent- -all-" || names[1] != "By agent- -all- (2)" || len(names[2]) > 31 {
		t.Fatalf("sheets %q", names)
	}
	for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeUnset, "C2": excelize.CellTypeBool, "E2": excelize.CellTypeInlineString} {
		if got, err := x.GetCellType(names[0], cell); err != nil || got != want {
			t.Errorf("%s: type %v, %v, want %v", cell, got, err, want)
		}
	}
	if f, err := x.GetCellFormula(names[0], "E2"); f != "" || err != nil {
		t.Errorf("formula %q, %v", f, err)
	}
	if got := dump(t, openBytes(t, b.Bytes(), campaign.ImportOptions{Header: "yes"})); got != `2["-5" "2.5" "TRUE" "" "=1+1"]` {
		t.Errorf("got %s", got)
	}
}
