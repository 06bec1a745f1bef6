package listfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"redial/campaign"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// open opens a text as a file.
func openBytes(t *testing.T, b []byte, opt campaign.ImportOptions) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), "test", opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// dump writes the rows of a file.
func dump(t *testing.T, f *File) string {
	t.Helper()
	var out []string
	for row, err := range f.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprintf("%d%q", row.Line, row.Cells)
		if row.Fault != nil {
			s += "!" + row.Fault.Reason
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestWhatIsNoListIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	var old bytes.Buffer
	old.WriteString("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	old.Write(make([]byte, 600))
	noise := make([]byte, 4000)
	for i := range noise {
		noise[i] = byte(i * i * 7)
	}
	for name, c := range map[string]struct{ content, reason string }{
		"empty":       {"", "empty"},
		"blank":       {" \n\r\n\t\n", "blank"},
		"zeros":       {strings.Repeat("\x00", 5000), "no text"},
		"PDF":         {"%PDF-1.7\n%âãÏÓ\n1 0 obj", "PDF"},
		"old Excel":   {old.String(), ".xls"},
		"PNG":         {"\x89PNG\r\n\x1a\n....", "picture"},
		"JPEG":        {"\xFF\xD8\xFF\xE0....", "picture"},
		"gzip":        {"\x1F\x8B\x08\x00....", "compressed"},
		"ZIP":         {"PK\x05\x06" + strings.Repeat("\x00", 18), "ZIP"},
		"broken ZIP":  {"PK\x03\x04 and no more", "damaged"},
		"HTML":        {"<!DOCTYPE html>\n<html><table><tr><td>a</td></tr></table></html>", "web page"},
		"Excel HTML":  {"\n <table border=1><tr><td>Name</td><td>Phone</td></tr></table>", "web page"},
		"XML":         {"\uFEFF<?xml version=\"1.0\"?><Workbook/>", "web page"},
		"JSON list":   {`[{"name":"Ada","phone":"2125550101"},{"name":"Ben","phone":"2125550102"}]`, "JSON"},
		"JSON lines":  {"{\"name\":\"Ada\",\"phone\":\"2125550101\"}\n{\"name\":\"Ben\"}\n", "JSON"},
		"prose":       {"Dear all,\n\nplease find the list attached. Call them soon.\n\nBest regards\nAda\n", "running text"},
		"one column":  {"apples\npears and plums\ncherries\n", "running text"},
		"noise":       {string(noise), ""},
		"RTF":         {`{\rtf1\ansi Name Phone}`, "RTF"},
		"a bare link": {"https://example.com/list.csv\n", "running text"},
	} {
		f, err := Open(strings.NewReader(c.content), int64(len(c.content)), name, campaign.ImportOptions{})
		if err == nil {
			t.Errorf("%s was taken for %+v", name, f.Guess)
			continue
		}
		var e *campaign.Error
		if !errors.As(err, &e) || e.Kind != campaign.KindInvalid || e.Violations[0].Field != "file" || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionsOverrideTheGuess(t *testing.T) {
	t.Parallel()
	text := []byte("a:b:2125550101\nc:d:2125550102\n")
	f := openBytes(t, text, campaign.ImportOptions{Delimiter: ":", Header: "yes"})
	if f.Guess.Delimiter != ":" || !f.Guess.Header || dump(t, f) != `2["c" "d" "2125550102"]` {
		t.Errorf("got %+v: %s", f.Guess, dump(t, f))
	}
	f = openBytes(t, []byte("Name,Phone\nAda,2125550101\n"), campaign.ImportOptions{Header: "no"})
	if f.Guess.Header || len(f.Guess.Headings) != 2 || f.Guess.Headings[0] != "Column 1" || !strings.HasPrefix(dump(t, f), `1["Name"`) {
		t.Errorf("got %+v: %s", f.Guess, dump(t, f))
	}
	f = openBytes(t, []byte("Name,Phone\nZo\xeb,2125550101\n"), campaign.ImportOptions{Encoding: "latin1"})
	if f.Guess.Encoding != "windows-1252" || !strings.Contains(dump(t, f), "Zoë") {
		t.Errorf("got %+v: %s", f.Guess, dump(t, f))
	}
	for field, opt := range map[string]campaign.ImportOptions{"encoding": {Encoding: "klingon"}, "delimiter": {Delimiter: "ab"}, "header": {Header: "maybe"}} {
		_, err := Open(bytes.NewReader(text), int64(len(text)), "x", opt)
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestRowsCanBeReadAgainFromTheStart(t *testing.T) {
	t.Parallel()
	text := []byte("title\n\nName,Phone\nAda,2125550101\n\nBen,2125550102\nName,Phone\nCleo,2125550103\n")
	f := openBytes(t, text, campaign.ImportOptions{})
	first := dump(t, f)
	for range f.Rows() {
		break
	}
	if again := dump(t, f); again != first || first != `4["Ada" "2125550101"] 6["Ben" "2125550102"] 8["Cleo" "2125550103"]` {
		t.Errorf("got %s, then %s", first, again)
	}
	var last int64
	for row := range f.Rows() {
		if row.Offset < last || row.Offset > int64(len(text)) {
			t.Errorf("offset %d after %d of %d", row.Offset, last, len(text))
		}
		last = row.Offset
	}
	if last != int64(len(text)) {
		t.Errorf("ended at %d of %d", last, len(text))
	}
}

func TestDelimiterIsTheOneThatGivesTheSteadiestRows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Name;Phone;Note\nAda;2125550101;a, b, c\nBen;2125550102;d, e\n":    "semicolon",
		"Name,Phone,Note\nAda,2125550101,a; b\nBen,2125550102,c; d; e\n":    "csv",
		"Name\tPhone\nLee, Ada\t2125550101\nMoss, Ben\t2125550102\n":        "tsv",
		"Name|Phone\n\"a|b\"|2125550101\nBen|2125550102\n":                  "pipe",
		"Phone\n2125550101\n2125550102\n":                                   "csv",
		"2125550101\n2125550102\n2125550103\n":                              "csv",
		"Name,Phone\n\"Lee; Ada; Ms\",2125550101\n\"A; B; C\",2125550102\n": "csv",
	} {
		if f := openBytes(t, []byte(text), campaign.ImportOptions{}); f.Guess.Format != want {
			t.Errorf("%q: got %s, want %s", text, f.Guess.Format, want)
		}
	}
}

func TestEncodingIsFoundFarDownTheFile(t *testing.T) {
	t.Parallel()
	text := "Name,Phone\n" + strings.Repeat("Ada Quill,2125550101\n", 50_000)
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("王小明,13800138000\n李晓雯,13800138001\n")
	if err != nil {
		t.Fatal(err)
	}
	f := openBytes(t, []byte(text+gbk), campaign.ImportOptions{})
	rows := dump(t, f)
	if f.Guess.Encoding != "gb18030" || !strings.Contains(rows, "王小明") {
		t.Errorf("got %s, ending %s", f.Guess.Encoding, rows[len(rows)-80:])
	}
}

func TestShortListsInChineseEncodings(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"姓名,手机\n王建国,13800138000\n", "客户名称,电话,备注\n张三,13800138000,\n", "姓名,电话\n李四,1380013\n"} {
		b, err := simplifiedchinese.GBK.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		if f := openBytes(t, []byte(b), campaign.ImportOptions{}); f.Guess.Encoding != "gb18030" || f.Guess.Headings[0] != strings.Split(text, ",")[0] {
			t.Errorf("%q in GBK: %+v", text, f.Guess)
		}
	}
	for _, text := range []string{"姓名,電話,地址\n陳怡君,0227208889,台北市信義區\n林志明,0912345678,高雄市前鎮區\n"} {
		b, err := traditionalchinese.Big5.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		if f := openBytes(t, []byte(b), campaign.ImportOptions{}); f.Guess.Encoding != "big5" || f.Guess.Headings[1] != "電話" {
			t.Errorf("%q in Big5: %+v", text, f.Guess)
		}
	}
}

// Two characters are too few for frequencies: the places of their bytes decide.
func TestAFewChineseCharacters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"王", "张三", "手机", "备注"} {
		b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
		if got := likelyChinese(b); err != nil || got != "gb18030" {
			t.Errorf("%s in GBK: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"電話", "姓名電話備註"} {
		b, err := traditionalchinese.Big5.NewEncoder().Bytes([]byte(text))
		if got := likelyChinese(b); err != nil || got != "big5" {
			t.Errorf("%s in Big5: got %s, %v", text, got, err)
		}
	}
	if got := likelyChinese([]byte("\xa9 ")); got != "windows-1252" {
		t.Errorf("a lone sign: got %s", got)
	}
}

func TestUTF16AndUTF32WithoutMarks(t *testing.T) {
	t.Parallel()
	text := "Name,Phone\nZoë,2125550101\n王,2125550102\n"
	for name, size := range map[string]int{"utf-16le": 2, "utf-16be": 2, "utf-32le": 4, "utf-32be": 4} {
		var order binary.AppendByteOrder = binary.LittleEndian
		if strings.HasSuffix(name, "be") {
			order = binary.BigEndian
		}
		var b []byte
		for _, r := range text {
			if size == 2 {
				b = order.AppendUint16(b, uint16(r))
			} else {
				b = order.AppendUint32(b, uint32(r))
			}
		}
		f := openBytes(t, b, campaign.ImportOptions{})
		if f.Guess.Encoding != name || dump(t, f) != `2["Zoë" "2125550101"] 3["王" "2125550102"]` {
			t.Errorf("%s: got %s: %s", name, f.Guess.Encoding, dump(t, f))
		}
	}
}

// The published twins of the x/text project, where they are at hand: each decodes to its UTF-8 original.
func TestEncodingsAgainstTheirUTF8Twins(t *testing.T) {
	t.Parallel()
	const dir = "../../../shared/data/ugly/xtext/"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no encoding twins here: ", err)
	}
	for file, c := range map[string]struct{ twin, want string }{
		"candide-gb18030.txt":               {"candide-utf-8.txt", "gb18030"},
		"candide-utf-16le.txt":              {"candide-utf-8.txt", "utf-16le"},
		"candide-utf-32be.txt":              {"candide-utf-8.txt", "utf-32be"},
		"candide-windows-1252.txt":          {"candide-utf-8.txt", "windows-1252"},
		"rashomon-euc-jp.txt":               {"rashomon-utf-8.txt", "euc-jp"},
		"rashomon-shift-jis.txt":            {"rashomon-utf-8.txt", "shift_jis"},
		"sunzi-bingfa-simplified-gbk.txt":   {"sunzi-bingfa-simplified-utf-8.txt", "gb18030"},
		"sunzi-bingfa-traditional-big5.txt": {"sunzi-bingfa-traditional-utf-8.txt", "big5"},
		"unsu-joh-eun-nal-euc-kr.txt":       {"unsu-joh-eun-nal-utf-8.txt", "euc-kr"},
	} {
		b, err := os.ReadFile(dir + file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(dir + c.twin)
		if err != nil {
			t.Fatal(err)
		}
		name, err := guessEncoding(bytes.NewReader(b), int64(len(b)))
		if err != nil || name != c.want {
			t.Errorf("%s: got %s, %v", file, name, err)
			continue
		}
		enc, _, err := encodingNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := enc.NewDecoder().Bytes(b)
		if err != nil || string(bytes.TrimPrefix(got, []byte(mark))) != string(bytes.TrimPrefix(want, []byte(mark))) {
			t.Errorf("%s does not decode to its twin", file)
		}
	}
}
