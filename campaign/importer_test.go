package campaign

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
)

// plainPhones is a Normaliser that takes +digits, and whose zones are Asia/Shanghai for +86.
type plainPhones struct{}

func (plainPhones) Numbers(cell string, hint PhoneHint) ([]Number, []Fault) {
	if !strings.HasPrefix(cell, "+") {
		if hint.DialCode == "" {
			return nil, []Fault{{Reason: ProblemBadPhone, Value: cell, Message: "bad", Suggestion: "mend"}}
		}
		cell = "+" + hint.DialCode + cell
	}
	return []Number{{Phone: Phone(cell)}}, nil
}

func (plainPhones) Zones(p Phone) []string {
	if strings.HasPrefix(string(p), "+86") {
		return []string{"Asia/Shanghai"}
	}
	return nil
}

func (plainPhones) Country(name string) (string, bool) { return name, len(name) == 2 }

func importer(t *testing.T, headings string) *Importer {
	t.Helper()
	m, err := MatchHeader(strings.Split(headings, ","), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Importer{Map: m, Phones: plainPhones{}, Zone: "Europe/Paris"}
}

func row(line int, cells string) Row { return Row{Line: line, Cells: strings.Split(cells, ",")} }

// shortly writes numbers with their extension and label.
func shortly(numbers []Number) string {
	var out []string
	for _, n := range numbers {
		out = append(out, fmt.Sprintf("{%s %s %s}", n.Phone, n.Extension, n.Label))
	}
	return "[" + strings.Join(out, " ") + "]"
}

// verdict writes what became of a row in one line.
func verdict(v RowVerdict) string {
	out := []string{[]string{"lead", "problem", "duplicate"}[v.State]}
	d := v.Draft
	if v.State == RowLead {
		out = append(out, d.Name, d.ExternalID, shortly(d.Numbers), fmt.Sprint(d.Zones), fmt.Sprint(d.Attributes), fmt.Sprint(d.Priority))
	}
	for _, p := range v.Problems {
		out = append(out, fmt.Sprintf("%s@%d:%s=%s warn=%v", p.Reason, p.Line, p.Column, p.Value, p.Warning))
	}
	return strings.Join(out, "|")
}

func TestARowBecomesALeadOrAProblem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ headings, cells, want string }{
		{"Name,Phone,Note", "Ann, +33100000001 ,x", "lead|Ann||[{+33100000001  }]|[Europe/Paris]|[{Note x}]|0"},
		{"Name,Mobile", "王,+8613800138000", "lead|王||[{+8613800138000  mobile}]|[Asia/Shanghai]|[]|0"},
		{"First Name,Last Name,Phone", "Ann,Lee,+331", "lead|Ann Lee||[{+331  }]|[Europe/Paris]|[{First Name Ann} {Last Name Lee}]|0"},
		{"First Name,Last Name,Phone", "小明,王,+331", "lead|王小明||[{+331  }]|[Europe/Paris]|[{First Name 小明} {Last Name 王}]|0"},
		{"Lead Name,First Name,Last Name,Phone,Company", "A Lead,Ann,Lee,+331,Acme", "lead|Ann Lee||[{+331  }]|[Europe/Paris]|[{Lead Name A Lead} {First Name Ann} {Last Name Lee} {Company Acme}]|0"},
		{"Company,Phone", "Acme,+331", "lead|Acme||[{+331  }]|[Europe/Paris]|[{Company Acme}]|0"},
		{"Phone,Time Zone,Priority,Lead ID,Ext", "+331,Asia/Tokyo,7,id-9,12", "lead||id-9|[{+331 12 }]|[Asia/Tokyo]|[{Ext 12}]|7"},
		{"Phone,Time Zone", "+8612,nowhere", "lead|||[{+8612  }]|[Asia/Shanghai]|[{Time Zone nowhere}]|0|bad_zone@3:Time Zone=nowhere warn=true"},
		{"Phone,Priority", "+331,high", "lead|||[{+331  }]|[Europe/Paris]|[{Priority high}]|0|bad_priority@3:Priority=high warn=true"},
		{"Home Phone,Phone", "+332,+331", "lead|||[{+331  } {+332  home}]|[Europe/Paris]|[]|0"},
		{"Phone,Mobile", "+331,+331", "lead|||[{+331  }]|[Europe/Paris]|[]|0"},
		{"Phone,Mobile", "junk,+331", "lead|||[{+331  mobile}]|[Europe/Paris]|[{Phone junk}]|0|bad_phone@3:Phone=junk warn=true"},
		{"Phone,Mobile", "junk,", "problem|bad_phone@3:Phone=junk warn=false"},
		{"Phone,Name", ",Ann", "problem|no_phone@3:Phone= warn=false"},
		{"Name,Note", "Ann,x", "problem|no_phone@3:= warn=false"},
		{"Phone Code,Phone", "33,5", "lead|||[{+335  }]|[Europe/Paris]|[{Phone Code 33}]|0"},
		{"Country,Phone", "0033,5", "lead|||[{+335  }]|[Europe/Paris]|[{Country 0033}]|0"},
		{"Phone,Name", "+331", "lead|||[{+331  }]|[Europe/Paris]|[]|0"},
		{"Phone,Name", "+331,Ann, ,", "lead|Ann||[{+331  }]|[Europe/Paris]|[]|0"},
		{"Phone,Name", "+331,Ann,x", "problem|too_many_columns@3:=x warn=false"},
	} {
		if got := verdict(importer(t, c.headings).Judge(row(3, c.cells))); got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.headings, c.cells, got, c.want)
		}
	}
}

// Problems are written out with an apostrophe before what a spreadsheet would run; it stayed in ids and names when the
// mended file came back.
func TestAMendedFileComesBackWithoutTheWritersApostrophes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ headings, cells, want string }{
		{"id,Name,Phone,'=Note,redial_line,redial_reason", "'+1,'-Ann,+33100000001,'＝x,3,bad_phone", "lead|-Ann|+1|[{+33100000001  }]|[Europe/Paris]|[{=Note ＝x}]|0"},
		{"id,Name,Phone,Note,redial_line", "'1,'s Gravenhage,+33100000001,',3", "lead|'s Gravenhage|'1|[{+33100000001  }]|[Europe/Paris]|[{Note '}]|0"},
		{"id,Name,Phone,Note", "'+1,'-Ann,+33100000001,'=x", "lead|'-Ann|'+1|[{+33100000001  }]|[Europe/Paris]|[{Note '=x}]|0"},
	} {
		if got := verdict(importer(t, c.headings).Judge(row(2, c.cells))); got != c.want {
			t.Errorf("%s\n%s\n got %s\nwant %s", c.headings, c.cells, got, c.want)
		}
	}
}

func TestAFaultyRowIsAProblemWithItsRow(t *testing.T) {
	t.Parallel()
	r := row(9, "a,b")
	r.Fault = &Fault{Reason: ProblemCellTooLong, Value: "aaa", Message: "too long", Suggestion: "shorten"}
	v := importer(t, "Phone,Name").Judge(r)
	if got := verdict(v); got != "problem|cell_too_long@9:=aaa warn=false" || len(v.Problems[0].Row) != 2 {
		t.Errorf("got %s with %v", got, v.Problems[0].Row)
	}
}

// rowsOf yields n rows, every tenth a twin of the one before, every seventh bad, then err.
func rowsOf(n int, err error) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for i := range n {
			phone := fmt.Sprintf("+33%09d", i)
			switch {
			case i%10 == 9:
				phone = fmt.Sprintf("+33%09d", i-1)
			case i%7 == 3:
				phone = "junk"
			}
			if !yield(Row{Line: i + 2, Cells: []string{phone}, Offset: int64(i)}, nil) {
				return
			}
		}
		if err != nil {
			yield(Row{}, err)
		}
	}
}

func TestRunKeepsTheOrderAndAccountsForEveryRow(t *testing.T) {
	t.Parallel()
	const n = 5000
	want := Tally{Rows: n}
	for i := range n {
		twinOfBad := i%10 == 9 && (i-1)%7 == 3
		switch {
		case i%10 == 9 && !twinOfBad:
			want.Duplicates++
		case i%10 != 9 && i%7 == 3:
			want.Problems++
		default:
			want.Leads++
		}
	}
	var got Tally
	line := 1
	for v, err := range importer(t, "Phone").Run(t.Context(), rowsOf(n, nil)) {
		if err != nil {
			t.Fatal(err)
		}
		if line++; v.Line != line {
			t.Fatalf("line %d came after %d", v.Line, line-1)
		}
		got.Count(v)
	}
	if got != want || got.Rows != got.Leads+got.Problems+got.Duplicates {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDuplicatesAreFoundByFirstNumberOrExternalID(t *testing.T) {
	t.Parallel()
	rows := []string{"+331,a", "+331,b", "+332,a", "+333,", "+334,", "+332,c", "junk,d", "+335,d"}
	want := "lead duplicate duplicate lead lead lead problem lead"
	var got []string
	var last RowVerdict
	for v, err := range importer(t, "Phone,Lead ID").Run(t.Context(), func(yield func(Row, error) bool) {
		for i, r := range rows {
			if !yield(row(i+2, r), nil) {
				return
			}
		}
	}) {
		if err != nil {
			t.Fatal(err)
		}
		if v.State == RowDuplicate {
			last = v
		}
		got = append(got, strings.SplitN(verdict(v), "|", 2)[0])
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if p := last.Problems[0]; p.Reason != ProblemDuplicate || !strings.Contains(p.Message, "line 2") || len(p.Row) != 2 {
		t.Errorf("got %+v", p)
	}
}

func TestRunEndsWithTheReadersErrorAfterTheRowsBefore(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	n := 0
	var last error
	for _, err := range importer(t, "Phone").Run(t.Context(), rowsOf(1000, broken)) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 1000 || !errors.Is(last, broken) {
		t.Errorf("%d rows, then %v", n, last)
	}
}

func TestRunStopsItsReaderWhenNobodyListensOrTheContextEnds(t *testing.T) {
	t.Parallel()
	var reading atomic.Bool
	endless := func(yield func(Row, error) bool) {
		reading.Store(true)
		defer reading.Store(false)
		for i := 0; yield(Row{Line: i, Cells: []string{fmt.Sprintf("+33%09d", i)}}, nil); i++ {
		}
	}
	for range importer(t, "Phone").Run(t.Context(), endless) {
		break
	}
	if reading.Load() {
		t.Error("the reader goes on after the sequence was left")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range importer(t, "Phone").Run(ctx, endless) {
		if n++; n == 300 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || reading.Load() {
		t.Errorf("got %v, still reading %v", last, reading.Load())
	}
}

func TestPreviewLooksAtTheFirstRows(t *testing.T) {
	t.Parallel()
	im := importer(t, "Phone")
	p, err := im.Preview(t.Context(), FileGuess{Format: "csv"}, rowsOf(2000, nil), 500)
	if err != nil || p.Tally.Rows != 500 || p.Whole || len(p.Rows) != 20 || len(p.Problems) != 100 || p.Guess.Format != "csv" {
		t.Errorf("got %+v, whole %v, %d rows, %d problems, %v", p.Tally, p.Whole, len(p.Rows), len(p.Problems), err)
	}
	p, err = im.Preview(t.Context(), FileGuess{}, rowsOf(500, nil), 500)
	if err != nil || p.Tally.Rows != 500 || !p.Whole {
		t.Errorf("got %+v, whole %v, %v", p.Tally, p.Whole, err)
	}
}
