package listfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"redial/campaign"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// encodingNamed is the decoder of a name; nil for UTF-8, which needs none.
func encodingNamed(name string) (encoding.Encoding, string, error) {
	n := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "_", "-"))
	switch n {
	case "utf-8", "utf8", "ascii", "us-ascii", "utf-8-sig":
		return nil, "utf-8", nil
	case "gb2312", "gbk", "gb-2312", "gb18030", "cp936", "hz-gb-2312":
		n = "gb18030"
	case "iso-8859-1", "latin1", "latin-1", "cp1252", "ansi":
		n = "windows-1252"
	case "utf-16", "utf16", "utf-16le", "utf16le", "unicode":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "utf-16le", nil
	case "utf-16be", "utf16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "utf-16be", nil
	case "utf-32", "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), "utf-32le", nil
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM), "utf-32be", nil
	case "cp950", "big5-hkscs":
		n = "big5"
	case "shift-jis", "sjis", "cp932":
		n = "shift_jis"
	}
	e, err := htmlindex.Get(n)
	if err != nil {
		return nil, "", campaign.Invalid("encoding", fmt.Sprintf("no encoding %q: give utf-8, utf-16le, utf-16be, gb18030, big5, windows-1252, shift_jis, euc-kr or another name of the web's", name))
	}
	return e, n, nil
}

var boms = []struct{ bom, name string }{
	{"\xEF\xBB\xBF", "utf-8"},
	{"\xFF\xFE\x00\x00", "utf-32le"},
	{"\x00\x00\xFE\xFF", "utf-32be"},
	{"\xFF\xFE", "utf-16le"},
	{"\xFE\xFF", "utf-16be"},
}

// guessEncoding names the encoding of a file by its byte order mark, else where its zero bytes lie, else whether it
// is UTF-8 throughout, else by the frequencies of its letters.
func guessEncoding(r io.ReaderAt, size int64) (string, error) {
	head := make([]byte, min(size, 64<<10))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read for the encoding: %w", err)
	}
	for _, b := range boms {
		if bytes.HasPrefix(head, []byte(b.bom)) {
			return b.name, nil
		}
	}
	if name := byZeros(head); name != "" {
		return name, nil
	}
	sample, err := highLines(r, size)
	if err != nil {
		return "", err
	}
	return guessBytes(sample), nil
}

// guessBytes names the encoding of lines that hold bytes above 127; with none, it is UTF-8.
func guessBytes(sample []byte) string {
	good, bad := countUTF8(sample)
	if bad == 0 || good > 20*bad {
		return "utf-8"
	}
	single := isolated(sample)
	r := chardet.Detect(sample)
	if name := strings.ToLower(r.Encoding); name != "" && r.Confidence >= 0.5 {
		if _, n, err := encodingNamed(name); err == nil && n != "utf-8" && !(single && multibyte[n]) && decodes(sample, n) {
			return n
		}
	}
	if single {
		return "windows-1252"
	}
	return likelyChinese(sample)
}

var multibyte = map[string]bool{"gb18030": true, "big5": true, "shift_jis": true, "euc-kr": true, "euc-jp": true}

// decodes says whether next to nothing of the sample is foreign to the encoding.
func decodes(sample []byte, name string) bool {
	e, _, err := encodingNamed(name)
	if err != nil || e == nil {
		return err == nil
	}
	out, err := e.NewDecoder().Bytes(sample)
	return err == nil && bytes.Count(out, []byte("\uFFFD"))*100 <= len(sample)
}

// isolated says whether most bytes above 127 stand alone between ASCII ones, as accents do.
func isolated(b []byte) bool {
	alone, runs := 0, 0
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			i++
			continue
		}
		j := i
		for j < len(b) && b[j] >= 0x80 {
			j++
		}
		runs++
		if j-i == 1 && (i == 0 || b[i-1] != '@') && (j == len(b) || b[j] == ' ' || b[j] == ',' || b[j] == '\n' || b[j] == '\r' || b[j] >= 'a' && b[j] <= 'z' || b[j] == ';' || b[j] == '\t' || b[j] == '"' || b[j] == '.') {
			alone++
		}
		i = j
	}
	return runs > 0 && alone*10 >= runs*7
}

// likelyChinese tells GB18030 from Big5 by where the two bytes of common characters lie.
func likelyChinese(b []byte) string {
	gb, big := 0, 0
	for i := 0; i+1 < len(b); i++ {
		if b[i] < 0x81 {
			continue
		}
		lead, trail := b[i], b[i+1]
		if lead >= 0xB0 && lead <= 0xD7 && trail >= 0xA1 {
			gb++
		}
		if lead >= 0xA4 && lead <= 0xC6 && (trail >= 0x40 && trail <= 0x7E || trail >= 0xA1) {
			big++
		}
		i++
	}
	switch {
	case gb >= big && gb > 0 && decodes(b, "gb18030"):
		return "gb18030"
	case big > 0 && decodes(b, "big5"):
		return "big5"
	}
	return "windows-1252"
}

// byZeros tells UTF-16 and UTF-32 without a mark by the places of their zero bytes; empty: neither.
func byZeros(head []byte) string {
	var at [4]int
	for i, c := range head {
		if c == 0 {
			at[i%4]++
		}
	}
	even, odd, quarter := at[0]+at[2], at[1]+at[3], len(head)/4
	switch {
	case even+odd < 2 || (even+odd)*50 < len(head):
		return ""
	case at[0] > quarter*9/10 && at[1] > quarter*9/10 && at[3] < quarter/10:
		return "utf-32be"
	case at[3] > quarter*9/10 && at[2] > quarter*9/10 && at[0] < quarter/10:
		return "utf-32le"
	case even*10 < odd:
		return "utf-16le"
	case odd*10 < even:
		return "utf-16be"
	}
	return ""
}

// highLines reads the file for lines with bytes above 127, up to 128 kB of them.
func highLines(r io.ReaderAt, size int64) ([]byte, error) {
	const most = 128 << 10
	var out []byte
	buf := make([]byte, 256<<10)
	for at := int64(0); at < size && len(out) < most; {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read for the encoding: %w", err)
		}
		if n == 0 {
			break
		}
		chunk := buf[:n]
		if at+int64(n) < size { // end at a line, so that no character is cut
			if i := bytes.LastIndexAny(chunk, "\n\r"); i > 0 {
				chunk = chunk[:i+1]
			}
		}
		for line := range bytes.SplitAfterSeq(chunk, []byte("\n")) {
			if len(out) < most && bytes.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
				out = append(out, line[:min(len(line), most)]...)
			}
		}
		at += int64(len(chunk))
	}
	return out, nil
}

// countUTF8 counts the characters above ASCII that are UTF-8, and the bytes that cannot be. A character cut at the
// end is neither.
func countUTF8(b []byte) (good, bad int) {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case !utf8.FullRune(b):
			return good, bad
		default:
			bad++
		}
		b = b[n:]
	}
	return good, bad
}
