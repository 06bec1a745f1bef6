package scheduler

import (
	"encoding/json"
	"time"

	"redial/campaign"
)

// AppendJSON writes the answer as one line of the case format, without its end.
func (a Answer) AppendJSON(out []byte) []byte {
	out = append(out, `{"id":`...)
	out = appendText(out, a.ID)
	out = append(out, `,"verdict":"`...)
	out = append(out, a.Plan.Verdict.String()...)
	out = append(out, '"')
	out = appendInstant(out, `,"at":"`, a.Plan.At)
	out = appendInstant(out, `,"until":"`, a.Plan.Until)
	if a.Plan.Number != "" {
		out = append(out, `,"number":`...)
		out = appendText(out, string(a.Plan.Number))
	}
	out = append(out, `,"reason":"`...)
	out = append(out, a.Plan.Reason...)
	return append(out, '"', '}')
}

// MarshalJSON is AppendJSON for encoding/json.
func (a Answer) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil), nil }

func appendInstant(out []byte, field string, t time.Time) []byte {
	if t.IsZero() {
		return out
	}
	out = append(out, field...)
	out = t.UTC().AppendFormat(out, "2006-01-02T15:04:05Z")
	return append(out, '"')
}

// appendText quotes s as JSON; the common case has nothing to escape.
func appendText(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(out, quoted...)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

// EncodeCase writes a case as one line, without its end, such that ParseCase reads the same case back. The case's
// now must be in whole seconds and not before any attempt.
func EncodeCase(c *Case) ([]byte, error) {
	doc := caseDoc{
		ID: c.ID, Now: c.Now.UTC().Format(time.RFC3339), Rules: c.Rules,
		Lead:     leadDoc{Zones: []string{}, Numbers: []campaign.Phone{}},
		Attempts: []tryDoc{},
	}
	for _, z := range c.Lead.Zones {
		doc.Lead.Zones = append(doc.Lead.Zones, z.String())
	}
	for _, n := range c.Lead.Numbers {
		doc.Lead.Numbers = append(doc.Lead.Numbers, n.Phone)
	}
	for _, t := range c.Tries {
		doc.Attempts = append(doc.Attempts, tryDoc{t.PlacedAt.UTC().Format(time.RFC3339), t.Outcome, t.Number, t.NewNumber})
	}
	if b := c.Booking; b != nil {
		doc.Appointment = &bookingDoc{b.Local, b.Zone, b.Insisted}
	}
	return json.Marshal(doc)
}

type caseDoc struct {
	ID          string         `json:"id"`
	Now         string         `json:"now"`
	Rules       campaign.Rules `json:"rules"`
	Lead        leadDoc        `json:"lead"`
	Attempts    []tryDoc       `json:"attempts"`
	Appointment *bookingDoc    `json:"appointment,omitempty"`
}

type leadDoc struct {
	Zones   []string         `json:"zones"`
	Numbers []campaign.Phone `json:"numbers"`
}

type tryDoc struct {
	PlacedAt  string           `json:"placed_at"`
	Outcome   campaign.Outcome `json:"outcome"`
	Number    campaign.Phone   `json:"number"`
	NewNumber campaign.Phone   `json:"new_number,omitempty"`
}

type bookingDoc struct {
	Local    string `json:"local"`
	Zone     string `json:"zone"`
	Insisted bool   `json:"customer_insisted"`
}
