package calendarfile

import (
	"bytes"
	"encoding/json"
	"errors"

	"redial/campaign"
)

// readJSON reads a calendar, or a list of days.
func (g *gathering) readJSON(content []byte) error {
	var any any
	if err := json.Unmarshal(content, &any); err != nil {
		line := 1 + bytes.Count(content, []byte("\n"))
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			line = 1 + bytes.Count(content[:min(int(e.Offset), len(content))], []byte("\n"))
		}
		return refused("line %d is not JSON: %v", line, err)
	}
	if content = bytes.TrimSpace(content); content[0] == '[' {
		content = append(append([]byte(`{"days":`), content...), '}')
	}
	c, err := campaign.ReadCalendar(content)
	if err != nil {
		return err
	}
	g.file.Name, g.file.Weeks = c.Name, c.Weeks
	for i := range c.Days {
		if err := g.add(1, c.Days[i].Date, c.Days[i].Date, c.Days[i]); err != nil {
			return err
		}
	}
	return nil
}
