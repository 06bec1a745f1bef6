package law_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redial/campaign"
	"redial/scheduler"
	"redial/scheduler/law"
)

func TestEveryPackSaysThatCounselMustCheckIt(t *testing.T) {
	t.Parallel()
	lib := library(t)
	var names []string
	for _, p := range lib.Packs() {
		names = append(names, p.Name)
		for _, said := range []string{"engineering list", "not legal advice", "Your own counsel must check it before you use it."} {
			if !strings.Contains(p.Warning, said) {
				t.Errorf("%s warns %q: want %q in it", p.Name, p.Warning, said)
			}
		}
		if lib.Pack(p.Name) != p {
			t.Errorf("%s is not found by its name", p.Name)
		}
	}
	if want := []string{"au", "ca", "cn", "cn-tencent", "de", "fr", "in", "uk", "us", "us-debt"}; !slices.Equal(names, want) {
		t.Errorf("packs %v, want %v", names, want)
	}
	if lib.Pack("xx") != nil || lib.Pack("") != nil {
		t.Error("a pack that is not there is found")
	}
}

// Only what calling-law.md has from the legislator or the regulator (or, of a carrier, from the carrier) is confirmed.
func TestOnlyFirstHandRulesAreConfirmed(t *testing.T) {
	t.Parallel()
	want := []string{
		"au.hours", "au.research-hours", "ca.hours", "cn-tencent.hours", "cn-tencent.day", "cn-tencent.burst", "fr.hours", "fr.frequency",
		"fr.refusal", "fr.consent", "us-fl.hours", "us-fl.frequency", "us-ct.hours", "us-debt.frequency", "us-debt.after-conversation",
	}
	var got []string
	for _, p := range library(t).Packs() {
		for i := range p.Rules {
			if r := &p.Rules[i]; r.Confirmed {
				got = append(got, r.ID)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("confirmed are\n%v, want\n%v", got, want)
	}
}

const sound = `{"name":"mine","version":"1","title":"Mine","warning":"Ask counsel.","rules":[
 {"id":"mine.cap","text":"Twice a day.","kind":"cap","places":["DE"],"cap":{"scope":"number","max":2,"period":"24h"},"source":"our own","checked":"2026-11-01"},
 {"id":"mine.hours","text":"Mondays.","kind":"hours","places":["DE-BY"],"from":"2026-01-01","to":"2026-12-31","closed":true,
  "hours":[{"days":["mon"],"open":"09:00","close":"12:00"}],"unless":["consent"],"consent_age":"168h","source":"our own","checked":"2026-11-01"}],
 "days":[{"date":"2026-08-15","kind":"holiday","name":"Mariä Himmelfahrt","place":"DE-BY","source":"FTG Art. 1"}]}`

func TestASoundPackIsRead(t *testing.T) {
	t.Parallel()
	p, err := law.Read([]byte("\xef\xbb\xbf" + sound))
	if err != nil {
		t.Fatal(err)
	}
	h := p.Rules[1]
	if p.Name != "mine" || p.Rules[0].Cap != (campaign.Cap{Scope: campaign.CapNumber, Max: 2, Period: 24 * hour}) || p.Rules[0].Confirmed ||
		h.Kind != scheduler.LawHours || h.Hours[0].Open != 540 || !h.Closed || h.ConsentAge != 168*hour || h.From != date("2026-01-01") ||
		p.Days[0].Place != "DE-BY" {
		t.Errorf("read %+v", p)
	}
}

// Each change to the sound pack is refused with the rule and the field.
func TestAPackThatIsNotSoundIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"not JSON":               {`"version":"1",`, "\n\"version\":1\n", "line 3 is not JSON"},
		"unknown field":          {`"version":"1"`, `"version":"1","vresion":"1"`, "vresion: unknown field"},
		"unknown field of rule":  {`"kind":"cap"`, `"kind":"cap","sauce":"x"`, "rules[mine.cap].sauce: unknown field"},
		"no version":             {`"version":"1",`, ``, "version: is missing"},
		"no warning":             {`"Ask counsel."`, `" "`, "warning: is missing"},
		"bad name":               {`"name":"mine"`, `"name":"Mine!"`, "name: "},
		"no source":              {`"source":"our own","checked":"2026-11-01"},`, `"checked":"2026-11-01"},`, "rules[mine.cap].source: is missing"},
		"no date":                {`,"checked":"2026-11-01"},`, `},`, "rules[mine.cap].checked: is missing"},
		"bad date":               {`"checked":"2026-11-01"},`, `"checked":"2026-13-01"},`, "rules[mine.cap].checked: "},
		"no text":                {`"text":"Mondays.",`, ``, "rules[mine.hours].text: is missing"},
		"no id":                  {`"id":"mine.cap",`, ``, "rules[0].id: "},
		"id twice":               {`"mine.hours"`, `"mine.cap"`, "rules[mine.cap].id: is that of another rule, too"},
		"no kind":                {`"kind":"cap",`, ``, "rules[mine.cap].kind: "},
		"unknown kind":           {`"kind":"cap"`, `"kind":"cup"`, "rules[mine.cap].kind: "},
		"no places":              {`"places":["DE"],`, ``, "rules[mine.cap].places: is missing"},
		"bad place":              {`["DE"]`, `["Germany"]`, "rules[mine.cap].places[0]: "},
		"except elsewhere":       {`"places":["DE"]`, `"places":["DE"],"except":["FR"]`, "rules[mine.cap].except[0]: "},
		"unknown purpose":        {`"kind":"cap"`, `"kind":"cap","purposes":["spam"]`, "rules[mine.cap].purposes[0]: "},
		"ends before it begins":  {`"to":"2026-12-31"`, `"to":"2025-12-31"`, "rules[mine.hours].to: is before from"},
		"cap is missing":         {`"cap":{"scope":"number","max":2,"period":"24h"},`, ``, "rules[mine.cap].cap: is missing"},
		"cap of nothing":         {`"max":2`, `"max":0`, "rules[mine.cap].cap.max: "},
		"cap with unknown field": {`"max":2`, `"max":2,"mix":1`, "rules[mine.cap].cap.mix: "},
		"cap where hours belong": {`"closed":true,`, `"closed":true,"cap":{"scope":"number","max":2,"period":"24h"},`, "rules[mine.hours].cap: does not belong"},
		"hours are missing":      {`"hours":[{"days":["mon"],"open":"09:00","close":"12:00"}],`, ``, "rules[mine.hours].hours: is missing"},
		"bad window":             {`"close":"12:00"`, `"close":"08:00"`, "rules[mine.hours].hours[0].close: "},
		"closed without days":    {`"DE-BY","source"`, `"FR","source"`, "rules[mine.hours].closed: "},
		"unknown excuse":         {`["consent"]`, `["luck"]`, "rules[mine.hours].unless[0]: "},
		"age of no consent":      {`"unless":["consent"],`, ``, "rules[mine.hours].consent_age: "},
		"day without source":     {`,"source":"FTG Art. 1"`, ``, "days[0].source: is missing"},
		"working day":            {`"kind":"holiday"`, `"kind":"working"`, "days[0].kind: "},
		"day without place":      {`"place":"DE-BY",`, ``, "days[0].place: "},
		"no rules":               {sound[strings.Index(sound, `"rules":[`)+9 : strings.Index(sound, `],`+"\n"+` "days"`)], ``, "rules: are missing"},
	} {
		raw := strings.Replace(sound, c.from, c.to, 1)
		if raw == sound {
			t.Fatalf("%s: changes nothing", name)
		}
		p, err := law.Read([]byte(raw))
		if err == nil || campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(told(err), c.want) {
			t.Errorf("%s: %+v, %q; want %q", name, p, told(err), c.want)
		}
	}
}

// told is all that an error says.
func told(err error) string {
	if err == nil {
		return ""
	}
	lines := []string{err.Error()}
	if e, ok := err.(*campaign.Error); ok { //nolint:errorlint // as it is answered
		for _, v := range e.Violations {
			lines = append(lines, v.Field+": "+v.Message)
		}
	}
	return strings.Join(lines, "\n")
}

func TestOwnPacksAreLoadedBesides(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "mine.json", sound)
	put(t, dir, "README.md", "not a pack")
	lib, err := law.Open(dir)
	if err != nil || lib.Pack("mine") == nil || lib.Pack("us") == nil {
		t.Fatalf("%v, %v", lib, err)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"a name that is taken":  {map[string]string{"x.json": strings.Replace(sound, `"mine"`, `"us"`, 1)}, []string{"x.json", `name: "us" is taken by redial/us.json`}},
		"a rule that is taken":  {map[string]string{"x.json": strings.Replace(sound, `"mine.cap"`, `"us.hours"`, 1)}, []string{"x.json", "rules[us.hours].id"}},
		"twice the same":        {map[string]string{"a.json": sound, "b.json": sound}, []string{"b.json", "a.json"}},
		"no pack":               {map[string]string{"a.txt": sound}, []string{"holds no law pack"}},
		"everything at once":    {map[string]string{"a.json": strings.ReplaceAll(sound, `"source":"our own",`, ``)}, []string{"rules[mine.cap].source", "rules[mine.hours].source"}},
		"a folder that is none": {nil, []string{"nowhere"}},
	} {
		dir := filepath.Join(t.TempDir(), "nowhere")
		for file, text := range c.files {
			put(t, dir, file, text)
		}
		_, err := law.Open(dir)
		for _, want := range c.want {
			if err == nil || campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q in it", name, err, want)
			}
		}
	}
}

func put(t *testing.T, dir, file, text string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The example in deploy is a pack that loads, so that whoever copies it starts from one.
func TestTheExampleOfAnOwnPackLoads(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../deploy/law-example.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "law-example.json", string(raw))
	lib, err := law.Open(dir)
	if err != nil || lib.Pack("example") == nil {
		t.Errorf("%v", err)
	}
}

func TestACampaignNamesOnlyPacksAndRulesThatThereAre(t *testing.T) {
	t.Parallel()
	lib := library(t)
	if err := lib.Check(&campaign.Rules{Packs: []string{"us", "us-debt"}, Waivers: []campaign.Waiver{{Rule: "us-ct.hours", Reason: "x"}}}); err != nil {
		t.Error(err)
	}
	if err := lib.Check(&campaign.Rules{}); err != nil {
		t.Error(err)
	}
	err := lib.Check(&campaign.Rules{
		Packs: []string{"fr", "usa"}, Waivers: []campaign.Waiver{{Rule: "fr.hours", Reason: "x"}, {Rule: "fr.ours", Reason: "x"}},
	})
	for _, want := range []string{`rules.packs[1]: there is no law pack "usa"`, "us, us-debt", `rules.waivers[1].rule: no law pack has a rule "fr.ours"`, "fr.hours, fr.frequency"} {
		if !strings.Contains(told(err), want) {
			t.Errorf("got %q, want %q", told(err), want)
		}
	}
	if err := lib.Check(&campaign.Rules{Waivers: []campaign.Waiver{{Rule: "x"}}}); !strings.Contains(told(err), "switch a pack on first") {
		t.Errorf("got %q", told(err))
	}
}

func TestAPackThatChangesNothingIsSaidTo(t *testing.T) {
	t.Parallel()
	lib := library(t)
	if w := lib.Warning("de", campaign.PurposeCollections); !strings.Contains(w, "purpose collections: it changes nothing here") {
		t.Error(w)
	}
	if w := lib.Warning("de", ""); strings.Contains(w, "changes nothing") || !strings.Contains(w, "Unconfirmed rules: 1 of 1.") {
		t.Error(w)
	}
	if w := lib.Warning("ca", ""); !strings.HasPrefix(w, lib.Pack("ca").Warning) || strings.Contains(w, "unconfirmed") {
		t.Error(w)
	}
	if w := lib.Warning("fr", ""); !strings.HasSuffix(w, "It knows of no holiday after 2028-12-26.") {
		t.Error(w)
	}
	if w := lib.Warning("xx", ""); w != "" {
		t.Error(w)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sound)
	f.Add(`{"rules":[{"id":"a","cap":{}},{"hours":[{}]}],"days":[{}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		if p, err := law.Read([]byte(raw)); (p == nil) == (err == nil) || err != nil && campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%q: %v, %v", raw, p, err)
		}
	})
}
