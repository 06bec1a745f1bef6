package scheduler_test

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"testing"

	"redial/scheduler"
)

//go:embed testdata/vectors.jsonl
var vectors []byte

type vector struct {
	scheduler.Case
	want string // the answer as its fields by name
}

func loadVectors(t testing.TB) []vector {
	t.Helper()
	var all []vector
	lines := bufio.NewScanner(bytes.NewReader(vectors))
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
	if len(all) != 163 {
		t.Fatalf("%d cases, want 163", len(all))
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
	for _, v := range loadVectors(t) {
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
	}
}
