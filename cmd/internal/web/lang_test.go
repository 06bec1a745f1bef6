package web

import (
	"strings"
	"testing"
	"unicode"

	"redial/cmd/internal/web/page/pagetest"
)

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	t.Parallel()
	pagetest.Texts(t, files, nil, append(guideKeys(), "code_used", "token_refused")...)
}

func TestLanguageIsTheBrowsersUnlessChosen(t *testing.T) {
	t.Parallel()
	b := open(t, newSite(t, newFake()))
	b.signIn()
	chinese := func(page string) bool {
		return strings.ContainsFunc(strings.ReplaceAll(page, "简体中文", ""), func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	if page, _ := b.get("/?x=1"); chinese(page) {
		t.Errorf("an English page has Chinese text:\n%s", page)
	}
	if page, _ := b.get("/lang?to=zh&back=/"); !chinese(page) || !strings.Contains(page, `lang="zh-CN"`) || !strings.Contains(page, "当前可拨") {
		t.Errorf("chose Chinese, got\n%s", page)
	}
	if page, _ := b.get("/lang?to=xx"); !chinese(page) {
		t.Error("an unknown language undid the choice")
	}
	for _, path := range []string{"//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nb"} {
		if got := ownPath(path); got != "/" {
			t.Errorf("%q leads to %q", path, got)
		}
	}
	if got := ownPath("/leads/7?q=a"); got != "/leads/7?q=a" {
		t.Errorf("back to %q", got)
	}
}
