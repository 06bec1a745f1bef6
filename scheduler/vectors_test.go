package scheduler_test

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"redial/scheduler"
)

//go:embed testdata/vectors.jsonl
var vectors []byte

// The cases of the full rule: caps of every scope, calendars, law, consents, numbers in zones of their own. Their
// answers were worked out by hand and by a plain reading of the rule page, minute by minute, that shares no code with
// the package.
//
//go:embed testdata/regime.jsonl
var regimeVectors []byte

type vector struct {
	scheduler.Case
	want string // the answer as its fields by name
}

func loadVectors(t testing.TB) []vector {
	t.Helper()
	all := readVectors(t, vectors)
	if len(all) != 163 {
		t.Fatalf("%d cases, want 163", len(all))
	}
	return all
}

func loadRegimeVectors(t testing.TB) []vector {
	t.Helper()
	all := readVectors(t, regimeVectors)
	if len(all) < 150 {
		t.Fatalf("%d cases, want 150 at least", len(all))
	}
	return all
}

func readVectors(t testing.TB, from []byte) []vector {
	t.Helper()
	var all []vector
	lines := bufio.NewScanner(bytes.NewReader(from))
	for lines.Scan() {
		c, err := scheduler.ParseCase(lines.Bytes())
		if err != nil {
			t.Fatalf("line %d: %v", len(all)+1, err)
		}
		var doc struct {
			ID   string         `json:"id"`
			Want map[string]any `json:"want"`
		}
		if err := json.Unmarshal(lines.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		doc.Want["id"] = doc.ID
		want, err := json.Marshal(doc.Want)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, vector{c, string(want)})
	}
	return all
}

// fields are the answer's, in the order of their names.
func fields(t testing.TB, a scheduler.Answer) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.AppendJSON(nil), &m); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestEverySharedCaseHolds(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		if got := fields(t, v.Answer()); got != v.want {
			t.Errorf("%s\n got %s\nwant %s", v.ID, got, v.want)
		}
	}
}

func TestEveryCaseOfTheFullRuleHolds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, v := range loadRegimeVectors(t) {
		if seen[v.ID] {
			t.Errorf("%s is there twice", v.ID)
		}
		seen[v.ID] = true
		if got := fields(t, v.Answer()); got != v.want {
			t.Errorf("%s\n got %s\nwant %s", v.ID, got, v.want)
		}
	}
}

func TestTheCasesAreThoseOfTheRulePage(t *testing.T) {
	t.Parallel()
	shared, err := os.ReadFile("../../shared/rules/vectors.jsonl")
	if err != nil {
		t.Skipf("the shared cases are not beside this checkout: %v", err)
	}
	if !bytes.Equal(shared, vectors) {
		t.Error("testdata/vectors.jsonl differs from the shared cases: copy them anew")
	}
}

func TestACaseSurvivesWritingAndReading(t *testing.T) {
	t.Parallel()
	for _, v := range append(loadVectors(t), loadRegimeVectors(t)...) {
		line, err := scheduler.EncodeCase(&v.Case)
		if err != nil {
			t.Fatalf("%s: %v", v.ID, err)
		}
		again, err := scheduler.ParseCase(line)
		if err != nil {
			t.Fatalf("%s: %v\n%s", v.ID, err, line)
		}
		if got := fields(t, again.Answer()); got != v.want {
			t.Errorf("%s read back\n got %s\nwant %s", v.ID, got, v.want)
		}
		if twice, err := scheduler.EncodeCase(&again); err != nil || !bytes.Equal(twice, line) {
			t.Errorf("%s written again, %v\n got %s\nwant %s", v.ID, err, twice, line)
		}
	}
}

// Programs of others compare lines: what a case says nothing of is not written.
func TestAPlainCaseIsWrittenAsEver(t *testing.T) {
	t.Parallel()
	extended := regexp.MustCompile(`"(count|cool_offs|rotate|mix_hours|calendars|purpose|matter|packs|waivers|account|places|talk|` +
		`campaign|conversation|list|law|law_days|uses|consents)":|"days":[0-9]`)
	for _, v := range loadVectors(t) {
		line, err := scheduler.EncodeCase(&v.Case)
		if err != nil || extended.Match(line) {
			t.Errorf("%s: %v\n%s", v.ID, err, line)
		}
	}
}
