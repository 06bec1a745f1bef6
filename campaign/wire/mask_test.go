package wire

import (
	"strings"
	"testing"

	"redial/campaign"
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

func TestTextsAreShownAsAMaskShowsNumbers(t *testing.T) {
	t.Parallel()
	var asked []string
	mask := Mask(func(of campaign.CampaignID, n string) string {
		asked = append(asked, n)
		if of == 2 {
			return campaign.Phone(n).Masked()
		}
		return n
	})
	m := &pb.Attempt{Number: "+8613800000001", Note: "was +8613800000001, is +8613800000002", Reason: "1+1 = 2"}
	if mask.Texts(1, m); m.GetNote() != "was +8613800000001, is +8613800000002" || m.GetReason() != "1+1 = 2" || len(asked) != 3 {
		t.Errorf("where numbers are shown: %v, asked %q", m, asked)
	}
	if mask.Texts(2, m); m.GetNumber() != "+86•••••••••01" || m.GetNote() != "was +86•••••••••01, is +86•••••••••02" {
		t.Errorf("where they are masked: %v", m)
	}
}

func TestRowsOfFilesAreHiddenWhereverTheyStand(t *testing.T) {
	t.Parallel()
	m := &pb.PreviewImportResponse{
		Columns: []*pb.PreviewColumn{{Heading: "phone", Samples: []string{"138 0000-0001"}}}, Problems: []*pb.Problem{{Row: []string{"Wang", "(138) 00000001x"}}},
		Leads: []*pb.Lead{{Name: "Wang", Numbers: []*pb.Number{{Phone: "+8613800000001"}}}},
	}
	if HideRows(m); m.GetColumns()[0].GetSamples()[0] != "••• ••••-••01" || m.GetProblems()[0].GetRow()[1] != "(•••) ••••••01x" ||
		m.GetLeads()[0].GetNumbers()[0].GetPhone() != "+86•••••••••01" || m.GetColumns()[0].GetHeading() != "phone" {
		t.Errorf("hidden: %v", m)
	}
}
