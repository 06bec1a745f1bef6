package page

import (
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"unicode"
)

// readPhrases are the Chinese phrases among the shared files, with the words that formats take in.
var readPhrases = sync.OnceValues(func() (*Phrases, error) {
	raw, err := fs.ReadFile(shared, "lang/zh.said.json")
	if err != nil {
		return nil, fmt.Errorf("read the phrases: %w", err)
	}
	langs, err := ReadLangs(shared)
	if err != nil {
		return nil, err
	}
	p, err := ReadPhrases(raw)
	if err == nil {
		p.learn(langs["zh"])
	}
	return p, err
})

// learn takes over the words of the record, outcomes, states and reasons, which have texts by key; a phrase of its own
// comes first, then the earlier of two.
func (p *Phrases) learn(l Lang) {
	for _, kind := range []string{"", "lead_", "agent_", "campaign_", "why_"} {
		for key, text := range l {
			word, ok := strings.CutPrefix(key, kind)
			if _, known := p.whole[word]; !ok || known || text == "" || kind == "" && strings.ToUpper(word) != word {
				continue
			}
			p.whole[word] = text
		}
	}
}

// Said is a text of the API in the language of r, and the language that it is in if that is another; empty: it is that of
// the page.
func (v *Views) Said(r *http.Request, text string) (said, lang string) {
	return v.said(LangOf(r), text)
}

func (v *Views) said(lang, text string) (said, other string) {
	if lang == "en" {
		return text, ""
	}
	if said, ok := v.phrases.Say(text); ok {
		return said, ""
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return text, "" // somebody here wrote it
	}
	return text, "en"
}

// drawn is Said for templates: what is not in the page's language is marked.
func (v *Views) drawn(lang string) func(string) template.HTML {
	return func(text string) template.HTML {
		said, other := v.said(lang, text)
		escaped := template.HTMLEscapeString(said)
		if other != "" {
			escaped = `<span lang="` + other + `">` + escaped + `</span>`
		}
		return template.HTML(escaped) //nolint:gosec // it was escaped
	}
}
