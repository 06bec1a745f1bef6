package store

import (
	"encoding/json"
	"fmt"
	"reflect"

	"redial/campaign"
)

// sitesCol scans a calendar group's sites from two columns in order: the zones, and the sites where there is more to
// them. Empty sites are the zones alone.
type sitesCol struct{ to *[]campaign.Site }

// Scan implements sql.Scanner.
func (c sitesCol) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("a column of sites is %T", v)
	}
	if text == "" {
		return nil
	}
	var zones []string
	if json.Unmarshal([]byte(text), &zones) == nil {
		*c.to = []campaign.Site{{Zones: zones}}
		return nil
	}
	return json.Unmarshal([]byte(text), c.to)
}

// lawCol scans the note of the law; empty is the zero note.
type lawCol struct{ to *campaign.LawNote }

// Scan implements sql.Scanner.
func (c lawCol) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("a note of the law is %T", v)
	}
	*c.to = campaign.LawNote{}
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), c.to)
}

// lawText is the note as it is kept.
func lawText(n campaign.LawNote) string {
	if reflect.ValueOf(n).IsZero() {
		return ""
	}
	return js(n)
}

// calendarJSON is what a calendar's column data holds.
type calendarJSON struct {
	Weeks []campaign.Week `json:"weeks,omitempty"`
	Days  []campaign.Day  `json:"days,omitempty"`
}

// calendarText is a calendar as it is kept, but for its name and version.
func calendarText(c *campaign.Calendar) string { return js(calendarJSON{c.Weeks, c.Days}) }

const calendarColumns = `q.id, q.name, q.version, q.data, q.updated_at`

func scanCalendar(r scanner, more ...any) (*campaign.Calendar, error) {
	c := new(campaign.Calendar)
	var data calendarJSON
	err := r.Scan(append([]any{&c.ID, &c.Name, &c.Version, jsonCol{&data}, usTime{&c.UpdatedAt}}, more...)...)
	c.Weeks, c.Days = data.Weeks, data.Days
	return c, err
}

const consentColumns = `n.id, n.lead_id, n.phone, n.purpose, n.scopes, n.given_at, n.expires_at, n.revoked_at, n.proof, n.source, n.revoked_by,
	n.created_at`

func scanConsent(r scanner, more ...any) (campaign.Consent, error) {
	var c campaign.Consent
	err := r.Scan(append([]any{&c.ID, &c.LeadID, &c.Phone, &c.Purpose, jsonCol{&c.Scopes}, usTime{&c.GivenAt}, usTime{&c.ExpiresAt},
		usTime{&c.RevokedAt}, &c.Proof, &c.Source, &c.RevokedBy, usTime{&c.CreatedAt}}, more...)...)
	return c, err
}
