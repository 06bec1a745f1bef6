package leads

import (
	"html/template"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// stateWords are the states of leads, as the shared texts name them.
var stateWords = []string{"open", "held", "finished", "exhausted", "suppressed", "withdrawn"}

// stateOf is a state by its word; unspecified: there is none.
func stateOf(word string) pb.LeadState {
	return pb.LeadState(pb.LeadState_value["LEAD_STATE_"+strings.ToUpper(word)])
}

var funcs = template.FuncMap{
	"state": func(s pb.LeadState) string { return wordOf(s.String(), "LEAD_STATE_") },
	"promised": func(s pb.AppointmentState) string {
		return wordOf(s.String(), "APPOINTMENT_STATE_")
	},
	"outcome":       func(o pb.Outcome) string { return strings.TrimPrefix(o.String(), "OUTCOME_") },
	"verdict":       func(v pb.Verdict) string { return wordOf(v.String(), "VERDICT_") },
	"day":           day,
	"zone":          zoneOf,
	"wall":          wall,
	"purpose":       func(p string) bool { return slices.Contains(purposes, p) },
	"lasted":        lasted,
	"promiseChoice": promiseChoice,
	"scopes":        func() []campaign.ConsentScope { return campaign.ConsentScopes },
}

// purposes are what consents may be for.
var purposes = []string{string(campaign.PurposeSales), string(campaign.PurposeResearch), string(campaign.PurposeCollections), string(campaign.PurposeService)}

// wall is a wall time as people read it.
func wall(local string) string { return strings.Replace(local, "T", " ", 1) }

func wordOf(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }

// day is a day and time on the clocks of a zone; empty for none.
func day(t *timestamppb.Timestamp, zone string) string {
	if t == nil {
		return ""
	}
	return page.In(t.AsTime(), zone).Format("2006-01-02 15:04:05")
}

// zoneOf is the zone in which a lead's times are shown: its first.
func zoneOf(l *pb.Lead) string {
	if len(l.GetZones()) == 0 {
		return "UTC"
	}
	return l.GetZones()[0]
}

// masked says whether the API hid digits of a number.
func masked(number string) bool { return strings.Contains(number, "•") }

// lasted is how long a call took; empty: not known.
func lasted(from, to *timestamppb.Timestamp) string {
	if from == nil || to == nil {
		return ""
	}
	return page.Span(max(0, to.AsTime().Sub(from.AsTime())).Round(time.Second))
}
