package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lang is a language's texts by key.
type lang map[string]string

// langCookie remembers a language that was chosen by hand.
const langCookie = "redial_lang"

const chosenTime = 365 * 24 * time.Hour

func readLangs() (map[string]lang, error) {
	langs := map[string]lang{}
	for _, name := range []string{"en", "zh"} {
		raw, err := files.ReadFile("lang/" + name + ".json")
		if err != nil {
			return nil, fmt.Errorf("read the texts: %w", err)
		}
		l := lang{}
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, fmt.Errorf("read the texts of %s: %w", name, err)
		}
		langs[name] = l
	}
	return langs, nil
}

// text is the text of a key, with what belongs into its %s and %d. A key without a text is shown itself: words that
// a campaign made up have none.
func (l lang) text(key any, args ...any) string {
	s, ok := l[fmt.Sprint(key)]
	if !ok {
		return strings.TrimSpace(fmt.Sprint(append([]any{key}, args...)...))
	}
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

// why is the text of a reason, of a plan or of an agent's state; a reason that somebody wrote is shown as it is.
func (l lang) why(reason string) string {
	if s, ok := l["why_"+reason]; ok {
		return s
	}
	return reason
}

// langOf is the language to answer in: the one chosen by hand, else the browser's, else English.
func (s *Site) langOf(r *http.Request) string {
	if c, err := r.Cookie(langCookie); err == nil && s.langs[c.Value] != nil {
		return c.Value
	}
	return accepted(r.Header.Get("Accept-Language"))
}

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
		if (base == "zh" || base == "en") && q > best {
			best, name = q, base
		}
	}
	return name
}

func (s *Site) chooseLang(w http.ResponseWriter, r *http.Request) {
	if to := r.URL.Query().Get("to"); s.langs[to] != nil {
		s.cookie(w, r, langCookie, to, chosenTime)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
