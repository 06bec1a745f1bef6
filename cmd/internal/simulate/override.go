package simulate

import (
	"encoding/json"
	"fmt"
	"slices"

	"redial/campaign"
)

// Overrides change a scenario's text from outside. The zero value changes nothing.
type Overrides struct {
	Days     int    // 0: as the text says
	Agents   int    // so many in all, the teams in proportion; 0: as the text says
	Seed     uint64 // 0: as the text says
	OwnLeads bool   // the server's leads in place of the text's lists
}

// Apply writes the text of a scenario with what is overridden. The error, of kind KindInvalid, is of a text that is no
// JSON object.
func (o Overrides) Apply(raw []byte) ([]byte, error) {
	doc := make(map[string]json.RawMessage)
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &doc); err != nil {
			return nil, campaign.Invalid("scenario", fmt.Sprintf("is no JSON object: %v", err))
		}
	}
	if o == (Overrides{}) {
		return raw, nil
	}
	if o.Days > 0 {
		doc["days"] = fmt.Append(nil, o.Days)
	}
	if o.Seed > 0 {
		doc["seed"] = fmt.Append(nil, o.Seed)
	}
	if o.OwnLeads {
		delete(doc, "lists")
	}
	if o.Agents > 0 {
		var err error
		if doc["agents"], err = staff(doc["agents"], o.Agents); err != nil {
			return nil, err
		}
	}
	return json.Marshal(doc)
}

// staff gives the teams so many agents in all, in proportion to what they have; teams that come to nobody go.
func staff(raw json.RawMessage, n int) (json.RawMessage, error) {
	teams := []map[string]json.RawMessage{{}}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &teams); err != nil || len(teams) == 0 {
			return nil, campaign.Invalid("agents", "must be a list of teams, [{…}]")
		}
	}
	sizes, whole := make([]int, len(teams)), 0
	for i, t := range teams {
		sizes[i] = 1
		if t["count"] != nil {
			if err := json.Unmarshal(t["count"], &sizes[i]); err != nil || sizes[i] < 1 {
				return nil, campaign.Invalid(fmt.Sprintf("agents[%d].count", i), "must be a whole number of at least 1")
			}
		}
		whole += sizes[i]
	}
	given, before := 0, 0
	for i, t := range teams {
		before += sizes[i]
		upTo := (before*n + whole/2) / whole
		t["count"] = fmt.Append(nil, upTo-given)
		given = upTo
	}
	teams = slices.DeleteFunc(teams, func(t map[string]json.RawMessage) bool { return string(t["count"]) == "0" })
	return json.Marshal(teams)
}
