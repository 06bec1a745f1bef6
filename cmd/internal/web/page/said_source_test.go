package page

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../../../.."

// spoken are the folders and files whose texts reach pages. Where most texts of a folder are for logs and databases, only
// those count that go where texts for people go.
var spoken = []struct {
	path  string
	every bool
}{
	{"campaign", true}, {"campaign/listfile", true}, {"campaign/phone", true}, {"campaign/rpc", true}, {"campaign/store", false}, {"campaign/wire", true},
	{"scheduler", true}, {"scheduler/law", true}, {"scheduler/rpc", true}, {"dialer", true}, {"dialer/rpc", true},
	{"cmd/internal/app/desk.go", true}, {"cmd/internal/intake/intake.go", false}, {"cmd/internal/auth/identity.go", false}, {"cmd/internal/auth/oidc.go", false}, {"cmd/internal/server", false}, {"cmd/internal/web", false}, {"cmd/internal/web/campaigns", false},
	{"cmd/internal/web/desk", false}, {"cmd/internal/web/floor", false}, {"cmd/internal/web/leads", false}, {"cmd/internal/web/lists", false},
}

// tellers are functions there whose every text is for people.
var tellers = []string{"leads.go reopenAdvice", "intakeleads.go problem"}

// Why texts are left out.
const (
	byCommand = "dialctl alone does this, no page"
	byCRM     = "CRMs alone do this"
	wordLists = "what is looked for or written, not said"
	otherwise = "pages have texts of their own for it, by its key"
	hidden    = "it is Unavailable: people read the text of that code"
)

// leftOut are texts that no page shows, by file, line and function, and why.
var leftOut = map[string]string{
	`campaign/(auditlog|report|report_figures|staffing|webhook|token|certificate|calendar_json|calendar_validate|rules_json|rules_read)\.go`: byCommand,
	`campaign/floorsettings_json\.go:\d+ UnmarshalJSON`:                     byCommand,
	`campaign/calendar_hours\.go:\d+ (readWindow|addDay|readClock)`:         byCommand,
	`campaign/rules_caps\.go:\d+ (readCap|readCoolOff|readScope|readCount)`: byCommand,
	`campaign/stream\.go`:                          byCRM,
	`campaign/errors\.go:\d+ NotFound`:             "its callers' texts count, with what is not there",
	`campaign/(fields_words|fields_cells)\.go`:     wordLists,
	`campaign/fields\.go:\d+ UniqueHeadings`:       wordLists,
	`campaign/importer_consent\.go:\d+ \t`:         wordLists,
	`campaign/importer_places\.go:\d+ saysNothing`: wordLists,
	`campaign/phone/text\.go`:                      wordLists,
	`campaign/listfile/header\.go:\d+ (madeUp)?\t`: wordLists,
	`campaign/listfile/sniff\.go:28 \t`:            wordLists,
	`campaign/wire/(agent|webhook|calendar)\.go`:   byCommand,
	`campaign/wire/page\.go:\d+ sumOf`:             wordLists,
	`campaign/store/(agents|backup|calendars|erase_aged|outside|person_export|retention|supply|tokens|tokencert|webhooks\w*)\.go`: byCommand,
	`campaign/store/(import|leases)\.go`: "imports and nodes do this by themselves",
	`campaign/rpc/(admin|agentgrants|auditlog|calendars|tokens|webhooks|suppressions_import|suppressions_list|reports|exports|privacy|templates)\.go`: byCommand,
	`campaign/rpc/(events\w*|upserts|pace)\.go`:        byCRM,
	`campaign/rpc/suppressions\.go:\d+ Check`:          byCRM,
	`scheduler/(cases\w*|tzdata)\.go`:                  byCommand,
	`scheduler/law/(check|law|read)\.go`:               "a pack that is not sound stops the boot",
	`scheduler/law/campaigns\.go:\d+ Check	rule \{1\}`: wordLists,
	`scheduler/rpc/(simulate|staff)\.go`:               byCommand,
	`scheduler/rpc/forecast\.go:\d+ formula`:           "pages show figures instead",
	`dialer/rpc/(work|card)\.go`:                       otherwise,
	`dialer/rpc/floor\.go:\d+ detail`:                  "pages show the state in their own words",
	`cmd/internal/server/(chain|overload)\.go:\d+ \t`:  hidden,
}

// heard are the texts of the sources that reach pages, and every literal there. What is left out must be there to be left
// out.
func heard(t *testing.T) (texts []said, literals map[string]bool) {
	t.Helper()
	literals = map[string]bool{}
	used, rules := map[string]bool{}, map[string]*regexp.Regexp{}
	for where := range leftOut {
		rules[where] = regexp.MustCompile("^" + where)
	}
	for _, s := range spoken {
		for _, text := range textsIn(t, s.path, s.every, literals) {
			keep := true
			for where, rule := range rules {
				if rule.MatchString(text.at + "\t" + text.key) {
					keep, used[where] = false, true
				}
			}
			if keep {
				texts = append(texts, text)
			}
		}
	}
	for where := range leftOut {
		if !used[where] {
			t.Errorf("nothing is at %s to be left out", where)
		}
	}
	return texts, literals
}

// packTexts are the texts of the law packs that this program brings along.
func packTexts(t *testing.T) (all []string) {
	t.Helper()
	paths, err := filepath.Glob(root + "/scheduler/law/packs/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal("no law packs", err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		var pack struct {
			Title, Warning string
			Rules          []struct{ Text string }
		}
		if err == nil {
			err = json.Unmarshal(raw, &pack)
		}
		if err != nil {
			t.Fatal(path, err)
		}
		all = append(all, pack.Title, pack.Warning)
		for _, r := range pack.Rules {
			all = append(all, r.Text)
		}
	}
	return all
}

func catalogue(t *testing.T) (all map[string]string) {
	t.Helper()
	raw, err := fs.ReadFile(shared, "lang/zh.said.json")
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryTextForPeopleIsKnownInChinese(t *testing.T) {
	t.Parallel()
	all, p := catalogue(t), must(readPhrases())
	texts, _ := heard(t)
	if len(texts) < 500 {
		t.Errorf("only %d texts were found: are they looked for where they are made?", len(texts))
	}
	for _, s := range texts {
		if _, ok := all[s.key]; !ok {
			t.Errorf("%s: %q has no Chinese: add it to lang/zh.said.json, or say in leftOut why no page shows it", s.at, s.key)
		}
	}
	for _, text := range packTexts(t) {
		if _, ok := p.Say(text); !ok {
			t.Errorf("a law pack's %q has no Chinese", text)
		}
	}
}

func TestNoChineseIsForTextsThatNobodySays(t *testing.T) {
	t.Parallel()
	texts, literals := heard(t)
	made := map[string]bool{}
	for _, s := range texts {
		made[s.key] = true
	}
	packs := strings.Join(packTexts(t), "\n")
	for _, key := range slices.Sorted(maps.Keys(catalogue(t))) {
		parts := partIn.Split(key, -1)
		weak := len(parts) > 1 && !strings.ContainsAny(strings.ToLower(strings.Join(parts, "")), "abcdefghijklmnopqrstuvwxyz")
		if !weak && !made[key] && !literals[key] && !literals[key+"s"] && !joined(literals, parts) && !within(packs, parts) {
			t.Errorf("nobody says %q any more: take it out of lang/zh.said.json", key)
		}
	}
}

// joined says whether each of the parts between numbers is a literal by itself.
func joined(literals map[string]bool, parts []string) bool {
	for _, p := range parts {
		if p != "" && !literals[p] {
			return false
		}
	}
	return true
}

// within says whether literals are in a text one after the other.
func within(text string, literals []string) bool {
	for _, l := range literals {
		at := strings.Index(text, l)
		if at < 0 {
			return false
		}
		text = text[at+len(l):]
	}
	return true
}

func must(p *Phrases, err error) *Phrases {
	if err != nil {
		panic(err)
	}
	return p
}
