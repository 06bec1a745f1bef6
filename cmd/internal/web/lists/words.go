package lists

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// word is the end of an enumeration's name in small letters: "active" of LIST_STATE_ACTIVE.
func word(e protoreflect.Enum) string {
	d := e.Descriptor()
	value := d.Values().ByNumber(e.Number())
	if value == nil {
		return "unspecified"
	}
	zero := string(d.Values().ByNumber(0).Name())
	return strings.ToLower(strings.TrimPrefix(string(value.Name()), strings.TrimSuffix(zero, "UNSPECIFIED")))
}

// size is bytes for people.
func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	case bytes < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	default:
		return fmt.Sprintf("%.2f GB", float64(bytes)/1e9)
	}
}

// count is a number with its thousands apart.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plain is why a file is no list, without what is for users of the command line.
func plain(p *page.Problem) page.Field {
	f := page.Field{Message: p.Message, Lang: p.Lang}
	if len(p.Fields) > 0 {
		f = p.Fields[0]
	}
	f.Message, _, _ = strings.Cut(f.Message, " (--")
	return f
}

// message is what is wrong with a row; that it became a lead all the same is shown beside it.
func message(p *pb.Problem) string {
	return strings.TrimSuffix(p.GetMessage(), " (the row became a lead without it)")
}

// advice is what the API says to do about a problem; empty where that is for users of the command line.
func advice(p *pb.Problem) string {
	if strings.Contains(p.GetSuggestion(), "--") {
		return ""
	}
	return p.GetSuggestion()
}

// figure is the value of a report's figure that counts something.
func figure(f *pb.Figure) string { return count(int64(f.GetNumerator())) }

// moment is a day and time in a zone; empty for no time.
func moment(at *timestamppb.Timestamp, now time.Time, zone string) string {
	if at == nil {
		return ""
	}
	return page.When(at.AsTime(), now, zone)
}

// join writes words one after the other.
func join(all []string) string { return strings.Join(all, ", ") }

// numbers are a lead's numbers as a cell of a table.
func numbers(all []*pb.Number) string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = n.GetPhone()
		if ext := n.GetExtension(); ext != "" {
			out[i] += " x" + ext
		}
		if label := n.GetLabel(); label != "" {
			out[i] += " (" + label + ")"
		}
	}
	return strings.Join(out, ", ")
}

// firsts are as many of a lead's other columns as a preview shows.
func firsts(all []*pb.Attribute) []*pb.Attribute {
	const most = 8
	return all[:min(most, len(all))]
}

// regions are the countries with a code, in its order.
var regions = func() (all []string) {
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string(a) + string(b); campaign.KnownRegion(code) {
				all = append(all, code)
			}
		}
	}
	return all
}()

// encodings are those that a menu offers; a file's own is added to them.
var encodings = []string{
	"utf-8", "utf-16le", "utf-16be", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "windows-1252", "windows-1250", "windows-1251",
	"iso-8859-2", "iso-8859-7", "iso-8859-15",
}

// delimiters are those that a menu offers, with the keys of their names.
var delimiters = []struct{ Char, Key string }{
	{",", "delim_comma"}, {";", "delim_semicolon"}, {"\t", "delim_tab"}, {"|", "delim_pipe"}, {":", "delim_colon"}, {" ", "delim_space"},
}
