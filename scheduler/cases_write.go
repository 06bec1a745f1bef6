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
// now must be in whole seconds and not before any attempt. What a case says nothing of is left out.
func EncodeCase(c *Case) ([]byte, error) {
	doc := caseDoc{
		ID: c.ID, Now: stamp(c.Now), Rules: c.Rules,
		Lead: leadDoc{
			Zones: zoneNames(c.Lead.Zones), Numbers: make([]numberDoc, len(c.Lead.Numbers)), Account: c.Lead.Account, Places: c.Lead.Places,
		},
		Attempts: []tryDoc{}, Campaign: c.Campaign, Calendars: calendarDocs(c.Calendars), LawDays: dayDocs(c.LawDays),
	}
	for i, n := range c.Lead.Numbers {
		doc.Lead.Numbers[i] = numberDoc(n)
	}
	for _, t := range c.Tries {
		doc.Attempts = append(doc.Attempts, tryDoc{stamp(t.PlacedAt), t.Outcome, t.Number, t.NewNumber, talk(t.Talk)})
	}
	if b := c.Booking; b != nil {
		doc.Appointment = &bookingDoc{b.Local, b.Zone, b.Insisted}
	}
	doc.Conversation = talk(c.Conversation)
	if len(c.ListHours)+len(c.ListCalendars) > 0 {
		doc.List = &listDoc{windowDocs(c.ListHours), c.ListCalendars}
	}
	if len(c.Law)+len(c.Rules.Packs) > 0 {
		doc.Law = new(lawDocs(c.Law))
	}
	for i := range c.Uses {
		doc.Uses = append(doc.Uses, useDocOf(&c.Uses[i]))
	}
	for i := range c.Consents {
		doc.Consents = append(doc.Consents, consentDocOf(&c.Consents[i]))
	}
	return json.Marshal(doc)
}

type caseDoc struct {
	ID           string                 `json:"id"`
	Now          string                 `json:"now"`
	Rules        campaign.Rules         `json:"rules"`
	Lead         leadDoc                `json:"lead"`
	Attempts     []tryDoc               `json:"attempts"`
	Appointment  *bookingDoc            `json:"appointment,omitempty"`
	Campaign     campaign.CampaignID    `json:"campaign,omitempty"`
	Conversation string                 `json:"conversation,omitempty"`
	List         *listDoc               `json:"list,omitempty"`
	Calendars    map[string]calendarDoc `json:"calendars,omitempty"`
	Law          *[]lawDoc              `json:"law,omitempty"` // an empty list is not none: packs that have no rule for the lead
	LawDays      []dayDoc               `json:"law_days,omitempty"`
	Uses         []useDoc               `json:"uses,omitempty"`
	Consents     []consentDoc           `json:"consents,omitempty"`
}

type leadDoc struct {
	Zones   []string    `json:"zones"`
	Numbers []numberDoc `json:"numbers"`
	Account string      `json:"account,omitempty"`
	Places  []string    `json:"places,omitempty"`
}

// numberDoc is written as a text where it has nothing but its digits.
type numberDoc Number

// MarshalJSON is for encoding/json.
func (n numberDoc) MarshalJSON() ([]byte, error) {
	if len(n.Zones)+len(n.Places) == 0 {
		return json.Marshal(n.Phone)
	}
	return json.Marshal(struct {
		Phone  campaign.Phone `json:"number"`
		Zones  []string       `json:"zones,omitempty"`
		Places []string       `json:"places,omitempty"`
	}{n.Phone, zoneNames(n.Zones), n.Places})
}

func zoneNames(zones []*time.Location) []string {
	names := make([]string, len(zones))
	for i, z := range zones {
		names[i] = z.String()
	}
	return names
}

type tryDoc struct {
	PlacedAt  string           `json:"placed_at"`
	Outcome   campaign.Outcome `json:"outcome"`
	Number    campaign.Phone   `json:"number"`
	NewNumber campaign.Phone   `json:"new_number,omitempty"`
	Talk      string           `json:"talk,omitempty"`
}

type bookingDoc struct {
	Local    string `json:"local"`
	Zone     string `json:"zone"`
	Insisted bool   `json:"customer_insisted"`
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stampOr is empty for the zero time.
func stampOr(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

// talk is a duration as the rules write it; empty for 0.
func talk(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return campaign.Duration(d)
}
