package listfile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redial/campaign"

	"github.com/xuri/excelize/v2"
)

// parts makes a workbook by hand; sheets by name follow the usual small parts.
func parts(t *testing.T, extra map[string]string, sheets ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name, content string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var list, rels strings.Builder
	for i := range sheets {
		fmt.Fprintf(&list, `<sheet name="Sheet &amp; %d" sheetId="%d" r:id="rId%d"/>`, i+1, i+1, i+1)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Target="worksheets/sheet%d.xml"/>`, i+1, i+1)
	}
	small := map[string]string{
		"xl/workbook.xml":            `<?xml version="1.0"?><x:workbook xmlns:x="a"><x:workbookPr/><x:sheets>` + strings.ReplaceAll(list.String(), "<sheet", "<x:sheet") + `</x:sheets></x:workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships>` + rels.String() + `</Relationships>`,
	}
	maps.Copy(small, extra)
	for name, content := range small {
		put(name, content)
	}
	for i, s := range sheets {
		put(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), s)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sheetXML(rows string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><worksheet><!-- a < comment --><sheetData>` + rows + `</sheetData></worksheet>`
}

func TestXLSXCells(t *testing.T) {
	t.Parallel()
	styles := `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/><numFmt numFmtId="165" formatCode="00000"/><numFmt numFmtId="166" formatCode="[Red]#,##0 &quot;days&quot;"/></numFmts>
		<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/><xf numFmtId="166"/><xf numFmtId="20"/></cellXfs></styleSheet>`
	shared := `<sst><si><t>Name</t></si><si><r><rPr/><t>Pho</t></r><r><t xml:space="preserve">ne </t></r><rPh sb="0"><t>nope</t></rPh></si><si/><si><t>A &lt;b&gt; &amp;amp; &#x738B;&#10;_x000D_</t></si></sst>`
	sheet := sheetXML(`
		<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="D1" t="inlineStr"><is><t>Note</t></is></c></row>
		<row r="3"><c r="A3" t="s"><v>3</v></c><c r="B3"><v>13800138000</v></c><c r="C3"><v>1.3800138E10</v></c><c r="D3" t="b"><v>1</v></c></row>
		<row r="4"><c t="str"><f>A1&amp;"x"</f><v>made</v></c><c s="1"><v>46082</v></c><c s="2"><v>46082</v></c><c s="3"><v>123</v></c><c s="4"><v>46082.5</v></c><c s="5"><v>7</v></c><c s="6"><v>0.75</v></c><c t="e"><v>#N/A</v></c><c><v>0.30000000000000004</v></c></row>
		<row/><row r="9"><c r="B9" t="s"><v>2</v></c><c r="C9" t="s"><v>99</v></c></row>
		<row r="10"><c r="A10" t="inlineStr"><is><t><![CDATA[a<&b]]></t></is></c><c r="C10"/></row>`)
	f := openBytes(t, parts(t, map[string]string{"xl/styles.xml": styles, "xl/sharedStrings.xml": shared}, sheet), campaign.ImportOptions{Header: "yes"})
	want := `3["A <b> &amp; 王\n\r" "13800138000" "13800138000" "TRUE"] 4["made" "2026-03-01" "2026-03-01" "00123" "2026-03-01 12:00:00" "7" "18:00:00" "#N/A" "0.3"] 10["a<&b"]`
	if got := dump(t, f); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if f.Guess.Format != "xlsx" || f.Guess.Sheet != "Sheet & 1" || f.Guess.HeaderLine != 1 || strings.Join(f.Guess.Headings, "|") != "Name|Phone|Column 3|Note|Column 5|Column 6|Column 7|Column 8|Column 9" {
		t.Errorf("got %+v", f.Guess)
	}
}

func TestXLSXSheetIsTheFirstWithRowsOrTheOneAskedFor(t *testing.T) {
	t.Parallel()
	list := func(phone string) string {
		return sheetXML(`<row><c t="inlineStr"><is><t>Phone</t></is></c></row><row><c><v>` + phone + `</v></c></row>`)
	}
	book := parts(t, nil, sheetXML(""), list("2125550101"), list("2125550102"))
	for asked, want := range map[string]string{"": "2125550101", "3": "2125550102", "sheet & 3": "2125550102"} {
		if got := dump(t, openBytes(t, book, campaign.ImportOptions{Sheet: asked})); !strings.Contains(got, want) {
			t.Errorf("%q: got %s", asked, got)
		}
	}
	if got := openBytes(t, book, campaign.ImportOptions{}).Guess; strings.Join(got.Sheets, "|") != "Sheet & 1|Sheet & 2|Sheet & 3" || got.Sheet != "Sheet & 2" {
		t.Errorf("sheets %q, read %q", got.Sheets, got.Sheet)
	}
	for asked, want := range map[string]string{"9": "Sheet & 2", "1": "no sheet"} {
		_, err := Open(bytes.NewReader(book), int64(len(book)), "x", campaign.ImportOptions{Sheet: asked})
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", asked, err)
		}
	}
}

func TestOtherArchivesAreRefused(t *testing.T) {
	t.Parallel()
	for part, want := range map[string]string{"word/document.xml": "Word", "content.xml": "OpenDocument", "xl/workbook.bin": ".xlsb", "list.csv": "ZIP"} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		if _, err := z.Create(part); err != nil {
			t.Fatal(err)
		}
		z.Close()
		_, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), "x", campaign.ImportOptions{})
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func TestZipBombsAreRefusedAndHugeCellsAreFaults(t *testing.T) {
	t.Parallel()
	bomb := parts(t, nil, sheetXML(strings.Repeat(" ", 70<<20)))
	_, err := Open(bytes.NewReader(bomb), int64(len(bomb)), "x", campaign.ImportOptions{})
	if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), "unpack to") {
		t.Errorf("a bomb of %d bytes: %v", len(bomb), err)
	}
	head := `<row><c t="inlineStr"><is><t>Phone</t></is></c></row><row><c><v>2125550101</v></c></row>`
	tail := `<row><c><v>2125550103</v></c></row>`
	for name, c := range map[string]struct{ row, reason string }{
		"a cell of 12 MB":      {`<row><c t="inlineStr"><is><t>` + strings.Repeat("x", 12<<20) + `</t></is></c></row>`, "cell_too_long"},
		"a CDATA of 12 MB":     {`<row><c t="inlineStr"><is><t><![CDATA[` + strings.Repeat("x", 12<<20) + `]]></t></is></c></row>`, "cell_too_long"},
		"a cell of references": {`<row><c t="inlineStr"><is><t>` + strings.Repeat("&amp;", 20_000) + `</t></is></c></row>`, "cell_too_long"},
		"a cell in many texts": {`<row><c t="inlineStr"><is>` + strings.Repeat("<r><t>xxxxxxxxxxxxxxxx</t></r>", 1<<18) + `</is></c></row>`, "cell_too_long"},
		"a far column":         {`<row><c r="XFD3"><v>1</v></c></row>`, "too_many_columns"},
	} {
		got := dump(t, openBytes(t, parts(t, nil, sheetXML(head+c.row+tail)), campaign.ImportOptions{}))
		if !strings.HasPrefix(got, `2["2125550101"] 3`) || !strings.HasSuffix(got, "!"+c.reason+` 4["2125550103"]`) || len(got) > 1000 {
			t.Errorf("%s: got %.300s", name, got)
		}
	}
}

func TestADamagedSheetEndsWithAnError(t *testing.T) {
	t.Parallel()
	book := parts(t, nil, sheetXML(`<row><c t="inlineStr"><is><t>Phone</t></is></c></row>`+strings.Repeat(`<row><c><v>2125550101</v></c></row>`, 300)+`<row><c r="`+strings.Repeat("A", 1<<20)))
	f := openBytes(t, book, campaign.ImportOptions{})
	n := 0
	var last error
	for _, err := range f.Rows() {
		if last = err; err == nil {
			n++
		}
	}
	if n != 300 || campaign.KindOf(last) != campaign.KindInvalid {
		t.Errorf("%d rows, then %v", n, last)
	}
}

// Shared texts beyond what is kept in memory come from a temporary file, which is gone after Close.
func TestManySharedTextsGoThroughAFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var shared, rows strings.Builder
	shared.WriteString("<sst><si><t>Phone</t></si><si><t>Note</t></si>")
	rows.WriteString(`<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`)
	for i := range 700 {
		fmt.Fprintf(&shared, "<si><t>%06d%s</t></si>", i, strings.Repeat("n", 60_000+i))
		fmt.Fprintf(&rows, `<row><c><v>%d</v></c><c t="s"><v>%d</v></c></row>`, 2125550000+i, i+2)
	}
	shared.WriteString("</sst>")
	b := parts(t, map[string]string{"xl/sharedStrings.xml": strings.Repeat(" ", 10) + shared.String()}, sheetXML(rows.String()))
	f, err := Open(bytes.NewReader(b), int64(len(b)), "x", campaign.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := range f.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%06d", n); row.Cells[1][:6] != want || len(row.Cells[1]) != 60_006+n {
			t.Fatalf("row %d: %s… of %d", n, row.Cells[1][:6], len(row.Cells[1]))
		}
		n++
	}
	if left, _ := filepath.Glob(dir + "/*"); n != 700 || len(left) != 1 {
		t.Errorf("%d rows, files %v", n, left)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What the library writes, this package reads.
func TestXLSXAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	x := excelize.NewFile()
	defer x.Close()
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i, row := range [][]any{{"Name", "Phone", "Day", "Sum"}, {"Ada <&> \"Q\"", 12125550101, day, 12.5}, {"王\n明", "'+86 138", day.Add(90 * time.Minute), -3}, {"", 2125550103.0, nil, 1e15}} {
		if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	b, err := x.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	want := `2["Ada <&> \"Q\"" "12125550101" "2026-03-01" "12.5"] 3["王\n明" "'+86 138" "2026-03-01 01:30:00" "-3"] 4["" "2125550103" "" "1000000000000000"]`
	if got := dump(t, openBytes(t, b.Bytes(), campaign.ImportOptions{})); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, `<si><t>x</t></si>`)
	f.Add(`<row><c t="inlineStr"><is><t>&#1;&x;&amp</t></is></c></row><row`, `<si>`)
	f.Add(`<!--><![CDATA[<row>]]><?x?><row a='1' b="></row>`, "")
	f.Fuzz(func(t *testing.T, rows, shared string) {
		b := parts(t, map[string]string{"xl/sharedStrings.xml": shared}, rows)
		file, err := Open(bytes.NewReader(b), int64(len(b)), "fuzz.xlsx", campaign.ImportOptions{})
		if err != nil {
			if campaign.KindOf(err) != campaign.KindInvalid {
				t.Fatal(err)
			}
			return
		}
		defer file.Close()
		for row, err := range file.Rows() {
			if err != nil {
				if campaign.KindOf(err) != campaign.KindInvalid {
					t.Fatal(err)
				}
				return
			}
			for _, c := range row.Cells {
				if strings.ToValidUTF8(c, "") != c || strings.Contains(c, "\x00") {
					t.Fatalf("cell %q", c)
				}
			}
		}
	})
}

func BenchmarkXLSX(b *testing.B) {
	var buf bytes.Buffer
	rows := func(yield func([]any) bool) {
		for i := range 20_000 {
			if !yield([]any{"Ada Quill", 2125550000 + i, "ada@example.com", "New York", "NY", 3.5, "a note", true, "x"}) {
				return
			}
		}
	}
	if err := WriteXLSX(&buf, Table{Name: "Leads", Head: []string{"Name", "Phone", "Mail", "City", "State", "Sum", "Note", "Ok", "X"}, Rows: rows}); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		f, err := Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()), "x", campaign.ImportOptions{})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range f.Rows() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
