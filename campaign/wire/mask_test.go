package wire

import (
	"strings"
	"testing"

	pb "redial/proto/campaign/v1"
)

func TestNumbersAreHiddenInEveryTextOfAMessage(t *testing.T) {
	t.Parallel()
	const full, hidden = "+8613800000001", "+86•••••••••01"
	m := &pb.GetLeadResponse{
		CampaignName: "spring 2026", CaseJson: `{"number":"` + full + `"}`,
		Lead:     &pb.Lead{Name: "Wang", Numbers: []*pb.Number{{Phone: full}}, Places: []string{full}, Plan: &pb.Plan{Number: full, Reason: "after +12"}},
		Attempts: []*pb.Attempt{{Note: "rang " + full + ", then " + full}},
	}
	HideNumbers(m)
	if text := m.String(); strings.Contains(text, "13800000001") || strings.Count(text, hidden) != 6 {
		t.Errorf("hidden: %s", text)
	}
	if m.GetCampaignName() != "spring 2026" || m.GetLead().GetName() != "Wang" || m.GetLead().GetPlan().GetReason() != "after +12" {
		t.Errorf("what is no number changed: %v", m)
	}
}

func TestNumbersAreHiddenHoweverTheyWereTyped(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"138 0000-0001":    "••• ••••-••01",
		"(030) 123456 78":  "(•••) •••••• 78",
		"+8613800000001":   "+•••••••••••01",
		"Wang, 12":         "Wang, 12",
		"4711":             "4711",
		"tel:13800000001!": "tel:•••••••••01!",
	} {
		if got := HideTyped(typed); got != want {
			t.Errorf("%q is shown as %q, want %q", typed, got, want)
		}
	}
}
