package desk

import (
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// words are the keys of the texts that the page's script needs.
var words = []string{
	"desk_zone_now", "desk_is_here", "desk_note_kept", "desk_note_unkept", "desk_outcome_kept",
	"desk_recorded", "desk_late_amended", "desk_late_waits", "desk_refused", "desk_again", "desk_discard", "desk_waits", "desk_out_now",
	"desk_out_after", "desk_choose_time", "desk_lost_shift", "desk_reminder_title", "desk_moved", "desk_cancelled", "desk_corrected",
	"desk_lost_call", "desk_reason_needed", "desk_no_name", "agent_offered", "desk_extension", "desk_choose_first", "saved",
	"desk_note_left", "desk_unsaid",
}

var funcs = template.FuncMap{
	"here": func(t *timestamppb.Timestamp) int64 { return milli(t) },
	"json": func(v any) (string, error) {
		raw, err := json.Marshal(v)
		if err != nil {
			return "", fmt.Errorf("write a part of the desk: %w", err)
		}
		return string(raw), nil
	},
	"tel":   tel,
	"wall":  func(local string) string { return strings.Replace(local, "T", " ", 1) },
	"words": func() []string { return words },
}

var telLink = regexp.MustCompile(`^tel:[+0-9;=A-Za-z.-]+$`)

// tel is a link to dial, which templates let through if it is one and nothing else.
func tel(link string) template.URL {
	if !telLink.MatchString(link) {
		return ""
	}
	return template.URL(link) //nolint:gosec // its letters are those of a tel: link
}
