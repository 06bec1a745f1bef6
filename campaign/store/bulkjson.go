package store

import (
	"strings"
	"unicode/utf8"

	"redial/campaign"
)

// The JSON of what every lead of a list has, as encoding/json writes it, in a tenth of its time.

func appendNumbers(b []byte, numbers []campaign.Number) []byte {
	b = append(b, '[')
	for i := range numbers {
		n := &numbers[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"phone":`...), string(n.Phone))
		if n.Extension != "" {
			b = appendText(append(b, `,"extension":`...), n.Extension)
		}
		if n.Label != "" {
			b = appendText(append(b, `,"label":`...), n.Label)
		}
		if len(n.Zones) > 0 {
			b = appendTexts(append(b, `,"zones":`...), n.Zones)
		}
		if len(n.Places) > 0 {
			b = appendTexts(append(b, `,"places":`...), n.Places)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendAttributes(b []byte, attributes []campaign.Attribute) []byte {
	b = append(b, '[')
	for i := range attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"name":`...), attributes[i].Name)
		b = appendText(append(b, `,"value":`...), attributes[i].Value)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, s := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

// appendText appends a text between quotes; one with something to escape is left to encoding/json.
func appendText(b []byte, s string) []byte {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&':
			return append(b, js(s)...)
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if !ascii && (!utf8.ValidString(s) || strings.ContainsAny(s, "\u2028\u2029")) {
		return append(b, js(s)...)
	}
	return append(append(append(b, '"'), s...), '"')
}
