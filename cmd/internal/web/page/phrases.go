package page

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Phrases are the Chinese for what the API says to people in English. A key is an English format whose parts are
// numbered in order, "no call before {1}"; its text has the same parts where Chinese puts them. What stands in a part
// is itself said if it is such a text, and taken over as it is if not.
type Phrases struct {
	whole map[string]string  // without parts
	by    map[byte][]*phrase // by the first byte; 0: they begin with a part. The longest first
}

// phrase is a format with parts: English has one literal more than parts, the first and the last may be empty.
type phrase struct {
	english []string
	chinese []string // literals and, at odd places, the numbers of parts from 0
	length  int      // of the English literals, bytes
	weak    bool     // they hold no letter, as in "{1}; {2}": it counts only where one of its parts is said
}

// partIn is a part of a format.
var partIn = regexp.MustCompile(`\{(\d+)\}`)

// ReadPhrases reads a catalogue, a JSON object of formats.
func ReadPhrases(raw []byte) (*Phrases, error) {
	var all map[string]string
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read the phrases: %w", err)
	}
	p := &Phrases{whole: map[string]string{}, by: map[byte][]*phrase{}}
	for english, chinese := range all {
		f, err := phraseOf(english, chinese)
		if err != nil {
			return nil, fmt.Errorf("read the phrases: %q: %w", english, err)
		}
		if len(f.english) == 1 {
			p.whole[english] = chinese
			continue
		}
		var first byte
		if f.english[0] != "" {
			first = f.english[0][0]
		}
		p.by[first] = append(p.by[first], f)
	}
	for _, some := range p.by {
		slices.SortFunc(some, func(a, b *phrase) int {
			return cmp.Or(b.length-a.length, slices.Compare(a.english, b.english))
		})
	}
	return p, nil
}

// phraseOf takes a format apart. A format whose parts cannot be told from one another, or whose text leaves one out, is an
// error.
func phraseOf(english, chinese string) (*phrase, error) {
	f := &phrase{english: partIn.Split(english, -1)}
	for i, m := range partIn.FindAllStringSubmatch(english, -1) {
		if m[1] != strconv.Itoa(i+1) {
			return nil, fmt.Errorf("part %s is the %dth", m[0], i+1)
		}
		if i > 0 && f.english[i] == "" {
			return nil, fmt.Errorf("nothing stands before part %s", m[0])
		}
		if !strings.Contains(chinese, m[0]) {
			return nil, fmt.Errorf("part %s is not in %q", m[0], chinese)
		}
	}
	letters := strings.Join(f.english, "")
	f.length, f.weak = len(letters), !strings.ContainsFunc(letters, unicode.IsLetter)
	if f.length == 0 {
		return nil, fmt.Errorf("it says nothing by itself")
	}
	from := 0
	for _, at := range partIn.FindAllStringSubmatchIndex(chinese, -1) {
		n, err := strconv.Atoi(chinese[at[2]:at[3]])
		if err != nil || n < 1 || n >= len(f.english) {
			return nil, fmt.Errorf("%q has no part %s", chinese, chinese[at[0]:at[1]])
		}
		f.chinese = append(f.chinese, chinese[from:at[0]], strconv.Itoa(n-1))
		from = at[1]
	}
	f.chinese = append(f.chinese, chinese[from:])
	return f, nil
}

// nested is how many parts of a text are looked up before it is given up: no text of the API has so many, and one that
// somebody made up costs no more than that.
const nested = 64

// Say is a text of the API in Chinese; false: no format says it.
func (p *Phrases) Say(text string) (string, bool) {
	budget := nested
	return p.say(text, &budget)
}

func (p *Phrases) say(text string, budget *int) (string, bool) {
	if *budget--; *budget < 0 || text == "" {
		return "", false
	}
	if said, ok := p.whole[text]; ok {
		return said, true
	}
	own, others := p.by[text[0]], p.by[0]
	for len(own)+len(others) > 0 {
		var f *phrase
		if len(others) == 0 || len(own) > 0 && own[0].length >= others[0].length {
			f, own = own[0], own[1:]
		} else {
			f, others = others[0], others[1:]
		}
		if parts, ok := f.match(text); ok {
			if said, ok := p.fill(f, parts, budget); ok {
				return said, true
			}
		}
	}
	return "", false
}

// fill is the text of a phrase with its parts.
func (p *Phrases) fill(f *phrase, parts []string, budget *int) (string, bool) {
	known := !f.weak
	for i, part := range parts {
		if said, ok := p.say(part, budget); ok {
			parts[i], known = said, true
		} else {
			parts[i] = waitOf(part)
		}
	}
	if !known {
		return "", false
	}
	var b strings.Builder
	for i, s := range f.chinese {
		if i%2 == 1 {
			n, _ := strconv.Atoi(s) // phraseOf wrote it
			s = parts[n]
		}
		b.WriteString(s)
	}
	return b.String(), true
}

// wait is a length of time as campaign.Duration writes it.
var wait = regexp.MustCompile(`^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$`)

// waitOf is a length of time in Chinese; what is none stays as it is.
func waitOf(part string) string {
	if len(part) > len("9999999h59m59.999999999s") {
		return part
	}
	m := wait.FindStringSubmatch(part)
	if m == nil {
		return part
	}
	var said []string
	for i, unit := range []string{"小时", "分钟", "秒"} {
		if m[i+1] != "" {
			said = append(said, m[i+1]+" "+unit)
		}
	}
	return strings.Join(said, " ")
}

// match takes a text apart as the format says: none of its parts is empty, and each is as short as can be.
func (f *phrase) match(text string) ([]string, bool) {
	last := len(f.english) - 1
	if len(text) < f.length+last || !strings.HasPrefix(text, f.english[0]) || !strings.HasSuffix(text, f.english[last]) {
		return nil, false
	}
	rest := text[len(f.english[0]) : len(text)-len(f.english[last])]
	parts := make([]string, 0, last)
	for _, literal := range f.english[1:last] {
		if rest == "" {
			return nil, false
		}
		at := strings.Index(rest[1:], literal)
		if at < 0 {
			return nil, false
		}
		parts, rest = append(parts, rest[:at+1]), rest[at+1+len(literal):]
	}
	return append(parts, rest), rest != ""
}
