package page

import (
	"net/http/httptest"
	"testing"

	"redial/campaign"
)

func TestLanguageIsTheBrowsersBestOfTwo(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "en-US,en;q=0.9,zh;q=0.5": "en", "de, zh;q=0.2": "zh", "fr": "en",
		"en;q=0.1, zh-Hant;q=0.7": "zh", "zh;q=x, en;q=0.1": "en", "zh; q=0": "en",
	} {
		if got := accepted(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func FuzzAccepted(f *testing.F) {
	f.Add("zh-CN,zh;q=0.9")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", header)
		if got := accepted(r.Header.Get("Accept-Language")); got != "en" && got != "zh" {
			t.Errorf("%q: %q", header, got)
		}
	})
}

func TestEveryWordOfTheRecordHasAText(t *testing.T) {
	t.Parallel()
	langs, err := ReadLangs(shared)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, s := range []campaign.CampaignState{campaign.CampaignDraft, campaign.CampaignRunning, campaign.CampaignPaused, campaign.CampaignFinished} {
		keys = append(keys, "campaign_"+string(s))
	}
	for _, s := range campaign.LeadStates {
		keys = append(keys, "lead_"+string(s))
	}
	for _, s := range campaign.AgentStates {
		keys = append(keys, "agent_"+string(s))
	}
	for _, r := range campaign.Roles {
		keys = append(keys, "role_"+string(r))
	}
	for _, o := range campaign.Outcomes() {
		keys = append(keys, o.String())
	}
	for _, p := range places {
		keys = append(keys, p.Key)
	}
	for _, key := range keys {
		if langs["en"][key] == "" || langs["zh"][key] == "" {
			t.Errorf("no text for %s", key)
		}
	}
}
