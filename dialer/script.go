package dialer

import (
	"iter"
	"slices"
	"strings"

	"redial/campaign"
)

// Blank stands where a script names something that the lead does not have, so that the agent sees the gap.
const Blank = "…"

// FillScript writes a lead's fields into a campaign's script: {{name}}, {{agent}}, and {{heading}} for any attribute.
// A heading matches exactly, else without regard to case; {{name}} and {{agent}} win over attributes of
// that name. What is unknown or empty becomes Blank. The result is plain text: values are put in as they are, braces
// in them mean nothing, and whoever shows it escapes it. A "{{" without its end stays as written.
func FillScript(script string, lead *campaign.Lead, agentName string) string {
	var b strings.Builder
	for text, field := range scriptParts(script) {
		b.WriteString(text)
		if field == nil {
			continue
		}
		if v := strings.TrimSpace(scriptValue(*field, lead, agentName)); v != "" {
			b.WriteString(v)
		} else {
			b.WriteString(Blank)
		}
	}
	return b.String()
}

// ScriptFields lists the fields that a script names, each once, in order of appearance; an empty name is that
// of {{}}.
func ScriptFields(script string) []string {
	var fields []string
	for _, field := range scriptParts(script) {
		if field != nil && !slices.Contains(fields, *field) {
			fields = append(fields, *field)
		}
	}
	return fields
}

// scriptParts cuts a script into stretches of text, each followed by a field; nil: the end.
func scriptParts(script string) iter.Seq2[string, *string] {
	return func(yield func(string, *string) bool) {
		for rest := script; ; {
			text, after, opened := strings.Cut(rest, "{{")
			field, next, closed := strings.Cut(after, "}}")
			if !opened || !closed {
				yield(rest, nil)
				return
			}
			field = strings.TrimSpace(field)
			if !yield(text, &field) {
				return
			}
			rest = next
		}
	}
}

func scriptValue(field string, lead *campaign.Lead, agentName string) string {
	switch strings.ToLower(field) {
	case "name":
		return lead.Name
	case "agent":
		return agentName
	}
	for _, a := range lead.Attributes {
		if a.Name == field {
			return a.Value
		}
	}
	for _, a := range lead.Attributes {
		if strings.EqualFold(strings.TrimSpace(a.Name), field) {
			return a.Value
		}
	}
	return ""
}
