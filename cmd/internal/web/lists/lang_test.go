package lists

import (
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	"redial/cmd/internal/web/page/pagetest"
	pb "redial/proto/campaign/v1"
)

// reasons are those of rows that did not become leads.
var reasons = []string{
	campaign.ProblemNoPhone, campaign.ProblemBadPhone, campaign.ProblemDigitsLost, campaign.ProblemShortNumber, campaign.ProblemNoAreaCode,
	campaign.ProblemNoCountry, campaign.ProblemUnknownCountry, campaign.ProblemBadType, campaign.ProblemBadZone, campaign.ProblemBadPriority,
	campaign.ProblemBadState, campaign.ProblemBadConsent, campaign.ProblemTooManyColumns, campaign.ProblemCellTooLong, campaign.ProblemDuplicate,
	campaign.ProblemInCampaign, campaign.ProblemElsewhere,
}

func TestTexts(t *testing.T) {
	var keys []string
	for _, r := range reasons {
		keys = append(keys, "problem_"+r, "mend_"+r)
	}
	for _, f := range campaign.Fields {
		keys = append(keys, "field_"+string(f))
	}
	for _, d := range delimiters {
		keys = append(keys, d.Key)
	}
	for _, d := range week {
		keys = append(keys, "day_"+d)
	}
	for _, f := range shown {
		keys = append(keys, "figure_"+f)
	}
	for _, did := range []string{"priority", "on", "off", "undone", "hours"} {
		keys = append(keys, "did_"+did)
	}
	for _, why := range []string{"heading", "cells", "given", "none"} {
		keys = append(keys, "lists_why_"+why)
	}
	keys = append(keys, words(pb.ListState(0).Descriptor(), "lists_state_")...)
	pagetest.Texts(t, files, nil, keys...)
}

// words are the keys of the texts of an enumeration, its zero apart.
func words(d protoreflect.EnumDescriptor, prefix string) (keys []string) {
	zero := strings.TrimSuffix(string(d.Values().Get(0).Name()), "UNSPECIFIED")
	for i := 1; i < d.Values().Len(); i++ {
		keys = append(keys, prefix+strings.ToLower(strings.TrimPrefix(string(d.Values().Get(i).Name()), zero)))
	}
	return keys
}

// Texts that scripts fill in have the same holes in both languages.
func TestHolesOfTexts(t *testing.T) {
	langs, err := page.ReadLangs(files)
	if err != nil {
		t.Fatal(err)
	}
	hole := regexp.MustCompile(`\{\}`)
	for key, text := range langs["en"] {
		if a, b := len(hole.FindAllString(text, -1)), len(hole.FindAllString(langs["zh"][key], -1)); a != b {
			t.Errorf("%s has %d holes in English, %d in Chinese", key, a, b)
		}
	}
}
