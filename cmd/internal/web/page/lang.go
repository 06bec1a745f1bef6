package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// LangCookie remembers a language that was chosen by hand.
const LangCookie = "redial_lang"

// Langs are the languages that pages speak.
var Langs = []string{"en", "zh"}

// Lang is a language's texts by key.
type Lang map[string]string

// ReadLangs are the texts in lang/en.json and lang/zh.json of each of the file systems, later ones on top; one that has
// no such files adds nothing.
func ReadLangs(from ...fs.FS) (map[string]Lang, error) {
	langs := map[string]Lang{}
	for _, name := range Langs {
		l := Lang{}
		for _, f := range from {
			raw, err := fs.ReadFile(f, "lang/"+name+".json")
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read the texts: %w", err)
			}
			if err := json.Unmarshal(raw, &l); err != nil {
				return nil, fmt.Errorf("read the texts of %s: %w", name, err)
			}
		}
		langs[name] = l
	}
	return langs, nil
}

// Text is the text of a key, with what belongs into its %s and %d. A key without a text is shown itself: words that
// a campaign made up have none.
func (l Lang) Text(key any, args ...any) string {
	s, ok := l[fmt.Sprint(key)]
	if !ok {
		return strings.TrimSpace(fmt.Sprint(append([]any{key}, args...)...))
	}
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

// Why is the text of a reason, of a plan or of an agent's state; a reason that somebody wrote is shown as it is.
func (l Lang) Why(reason string) string {
	if s, ok := l["why_"+reason]; ok {
		return s
	}
	return reason
}

// LangOf is the language to answer in: the one chosen by hand, else the browser's, else English.
func LangOf(r *http.Request) string {
	if c, err := r.Cookie(LangCookie); err == nil && IsLang(c.Value) {
		return c.Value
	}
	return accepted(r.Header.Get("Accept-Language"))
}

// IsLang says whether pages speak it.
func IsLang(name string) bool { return name == "en" || name == "zh" }

// accepted is "zh" when a browser would rather read Chinese than English.
func accepted(header string) string {
	best, name := 0.0, "en"
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if IsLang(base) && q > best {
			best, name = q, base
		}
	}
	return name
}
