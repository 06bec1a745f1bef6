package web

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"redial/campaign"
)

var verbs = regexp.MustCompile(`%[a-z]`)

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	t.Parallel()
	langs, err := readLangs()
	if err != nil {
		t.Fatal(err)
	}
	en, zh := langs["en"], langs["zh"]
	for key, text := range en {
		other, ok := zh[key]
		if !ok || (text == "") != (other == "") || !slices.Equal(verbs.FindAllString(text, -1), verbs.FindAllString(other, -1)) {
			t.Errorf("%s: %q in English, %q in Chinese", key, text, other)
		}
		if text == other && text != "" && key != "title" {
			t.Errorf("%s is not translated: %q", key, text)
		}
	}
	for key := range zh {
		if _, ok := en[key]; !ok {
			t.Errorf("%s is there in Chinese alone", key)
		}
	}
}

func TestEveryTextThatPagesAskForIsThere(t *testing.T) {
	t.Parallel()
	langs, err := readLangs()
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"role_agent", "role_crm", "lead_callable", "lead_waiting", "code_used", "token_refused", "away"}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	asked := regexp.MustCompile(`\bt "([a-z_]+)"`)
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(raw), -1) {
			keys = append(keys, m[1])
		}
	}
	for _, s := range []campaign.CampaignState{campaign.CampaignDraft, campaign.CampaignRunning, campaign.CampaignPaused, campaign.CampaignFinished} {
		keys = append(keys, "campaign_"+string(s))
	}
	for _, s := range campaign.LeadStates {
		keys = append(keys, "lead_"+string(s))
	}
	for _, s := range campaign.AgentStates {
		keys = append(keys, "agent_"+string(s))
	}
	for _, o := range campaign.Outcomes() {
		keys = append(keys, o.String())
	}
	for _, key := range keys {
		if langs["en"][key] == "" {
			t.Errorf("no text for %s", key)
		}
	}
}

func TestLanguageIsTheBrowsersUnlessChosen(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "en-US,en;q=0.9,zh;q=0.5": "en", "de, zh;q=0.2": "zh", "fr": "en",
		"en;q=0.1, zh-Hant;q=0.7": "zh", "zh;q=x, en;q=0.1": "en", "zh; q=0": "en",
	} {
		if got := accepted(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
	b := open(t, newSite(t, newFake()))
	b.signIn()
	chinese := func(page string) bool {
		return strings.ContainsFunc(strings.ReplaceAll(page, "简体中文", ""), func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	if page, _ := b.get("/"); chinese(page) {
		t.Errorf("an English page has Chinese text:\n%s", page)
	}
	if page, _ := b.get("/lang?to=zh"); !chinese(page) || !strings.Contains(page, `lang="zh-CN"`) || !strings.Contains(page, "当前可拨") {
		t.Errorf("chose Chinese, got\n%s", page)
	}
	if page, _ := b.get("/lang?to=xx"); !chinese(page) {
		t.Error("an unknown language undid the choice")
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
