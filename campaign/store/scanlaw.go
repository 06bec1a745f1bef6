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
