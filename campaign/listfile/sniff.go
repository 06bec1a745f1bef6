package listfile

import (
	"bytes"
	"encoding/json"
	"strings"

	"redial/campaign"
)

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// magics are beginnings of files that are no lists, with what to tell their owner.
var magics = []struct{ magic, reason string }{
	{"%PDF", "this is a PDF: export the table itself as CSV or XLSX"},
	{"\xD0\xCF\x11\xE0", "this is an old Excel file (.xls) or one with a password: save it as .xlsx without a password, or as CSV"},
	{"\x89PNG", "this is a picture, no list"},
	{"\xFF\xD8\xFF", "this is a picture, no list"},
	{"GIF8", "this is a picture, no list"},
	{"RIFF", "this is a sound or a picture, no list"},
	{"ID3", "this is a sound, no list"},
	{"{\\rtf", "this is a text document (RTF): export the table itself as CSV or XLSX"},
	{"\x1F\x8B", "this file is compressed (gzip): unpack it first"},
	{"7z\xBC\xAF", "this file is compressed (7z): unpack it first"},
	{"Rar!", "this file is compressed (RAR): unpack it first"},
	{"SQLite format 3", "this is a database, no list: export the table as CSV"},
	{"\x7FELF", "this is a program, no list"},
	{"MZ\x90", "this is a program, no list"},
}

// refuseKnown refuses what the first bytes show to be no list.
func refuseKnown(head []byte) *campaign.Error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return refuse(m.reason)
		}
	}
	return nil
}

// refuseText refuses text that is not rows: markup, JSON, control characters.
func refuseText(head string) *campaign.Error {
	head = strings.TrimPrefix(head, mark)
	start := strings.ToLower(strings.TrimSpace(head[:min(len(head), 1000)]))
	for _, tag := range []string{"<?xml", "<!doctype", "<html", "<table", "<head", "<body", "<rss", "<svg", "<div", "<!--"} {
		if strings.HasPrefix(start, tag) {
			return refuse("this is a web page or XML, no list: open it in a spreadsheet and save it as CSV or XLSX")
		}
	}
	if strings.HasPrefix(start, "{") || strings.HasPrefix(start, "[") {
		if jsonLike(head) {
			return refuse("this is JSON, no list: send it over the API, or convert it to CSV")
		}
	}
	control := 0
	for _, r := range head {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != 0x1a && r != 0x1e && r != 0x1f || r == 0x7f {
			control++
		}
	}
	if control*50 > len(head) {
		return refuse("this is no text: give the list as CSV or XLSX")
	}
	if strings.TrimSpace(strings.ReplaceAll(head, "\x00", "")) == "" {
		return refuse("the file holds nothing but blanks")
	}
	return nil
}

// jsonLike says whether text begins with a few well-formed tokens of an object or a list of them.
func jsonLike(text string) bool {
	d := json.NewDecoder(strings.NewReader(text))
	for n := range 6 {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if s, ok := t.(string); n == 1 && ok && s != "" && strings.HasPrefix(strings.TrimSpace(text), "[") && !d.More() {
			return false
		}
	}
	return true
}
