package phone

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
)

//go:embed countries.txt
var countries string

var folded = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 4000)
	for line := range strings.Lines(countries) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		names := strings.Split(line, "|")
		for _, n := range names {
			if key := foldName(n); key != "" {
				if _, ok := m[key]; !ok {
					m[key] = names[0]
				}
			}
		}
	}
	return m
})

var seen sync.Map // spelling → region, of those found: the names above times their usual spellings

// Region is the ISO 3166-1 alpha-2 code of a country given by that code, its alpha-3 code or its name in any usual
// language. ok is false where it names none.
func Region(country string) (code string, ok bool) {
	if len(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' {
		code, ok = folded()[lower2(country)]
		return code, ok
	}
	if country == "" || len(country) > 120 {
		return "", false
	}
	if v, ok := seen.Load(country); ok {
		return v.(string), true
	}
	names := folded()
	for _, try := range []string{country, beforeParen(country), strings.TrimPrefix(strings.ToLower(country), "the ")} {
		if code, ok = names[foldName(try)]; ok {
			if len(country) <= 40 {
				seen.Store(strings.Clone(country), code)
			}
			return code, true
		}
	}
	return "", false
}

func lower2(s string) string {
	return string([]byte{s[0] | 0x20, s[1] | 0x20})
}

func beforeParen(s string) string {
	if i := strings.IndexAny(s, "(（["); i > 0 {
		return s[:i]
	}
	return s
}

var accents = strings.NewReplacer("á", "a", "à", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "í", "i", "ì", "i",
	"î", "i", "ï", "i", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "õ", "o", "ö", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u", "ß", "ss", "ø", "o", "æ", "ae", "ő", "o", "ı", "i", "ş", "s", "ğ", "g")

// foldName is a name without case, accents, spaces and signs.
func foldName(s string) string {
	return accents.Replace(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, strings.ReplaceAll(strings.ToLower(s), "&", "and")))
}
