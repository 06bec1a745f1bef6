// Package pagetest holds what the tests of all families of pages ask: that both languages say the same, and that every
// text a page asks for is there. It never decides what they say.
package pagetest

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	"redial/cmd/internal/web/page"
)

var (
	verbs = regexp.MustCompile(`%[a-z]`)
	asked = regexp.MustCompile(`\bt "([A-Za-z0-9_]+)"`)
	bare  = regexp.MustCompile(`\{\{t [^}]*\}\}: `)
)

// Texts checks a family's files: both languages have the same keys with the same verbs, and every key that its templates
// ask for, and each of keys, has a text. Keys that are the same in both languages are named in same.
func Texts(t *testing.T, own fs.FS, same []string, keys ...string) {
	t.Helper()
	langs, err := page.ReadLangs(own)
	if err != nil {
		t.Fatal(err)
	}
	en, zh := langs["en"], langs["zh"]
	for key, text := range en {
		other, ok := zh[key]
		if !ok || (text == "") != (other == "") || !slices.Equal(verbs.FindAllString(text, -1), verbs.FindAllString(other, -1)) {
			t.Errorf("%s: %q in English, %q in Chinese", key, text, other)
		}
		if text == other && text != "" && !slices.Contains(same, key) {
			t.Errorf("%s is not translated: %q", key, text)
		}
	}
	for key := range zh {
		if _, ok := en[key]; !ok {
			t.Errorf("%s is there in Chinese alone", key)
		}
	}
	all, err := page.ReadLangs(page.Shared(), own)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range append(keys, askedFor(t, own)...) {
		if _, ok := all["en"][key]; !ok {
			t.Errorf("no text for %s", key)
		}
	}
}

// askedFor are the keys that templates name.
func askedFor(t *testing.T, own fs.FS) []string {
	t.Helper()
	names, err := fs.Glob(own, "templates/*.html")
	if err != nil || len(names) == 0 {
		t.Fatal("no templates", err)
	}
	var keys []string
	for _, name := range names {
		raw, err := fs.ReadFile(own, name)
		if err != nil {
			t.Fatal(err)
		}
		if m := bare.Find(raw); m != nil {
			t.Errorf("%s: %s has an English colon in Chinese: use the text colon", name, m)
		}
		for _, m := range asked.FindAllStringSubmatch(string(raw), -1) {
			keys = append(keys, m[1])
		}
	}
	return keys
}
