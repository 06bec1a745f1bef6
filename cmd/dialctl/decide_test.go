package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const vectorsFile = "../../scheduler/testdata/vectors.jsonl"

func decide(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = runDecide(args, strings.NewReader(in), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestDecideAnswersTheSharedCases(t *testing.T) {
	t.Parallel()
	answersAsWanted(t, vectorsFile)
}

func TestDecideAnswersTheCasesOfTheFullRule(t *testing.T) {
	t.Parallel()
	answersAsWanted(t, "../../scheduler/testdata/regime.jsonl")
}

func answersAsWanted(t *testing.T, name string) {
	t.Helper()
	code, out, errs := decide(t, "", name)
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out), "\n")
	cases := strings.Split(strings.TrimSpace(string(file)), "\n")
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d cases", len(answers), len(cases))
	}
	for i, line := range cases {
		var c struct {
			ID   string            `json:"id"`
			Want map[string]string `json:"want"`
		}
		var got map[string]string
		if err := errors.Join(json.Unmarshal([]byte(line), &c), json.Unmarshal([]byte(answers[i]), &got)); err != nil {
			t.Fatal(err)
		}
		c.Want["id"] = c.ID
		if !reflect.DeepEqual(got, c.Want) {
			t.Errorf("line %d\n got %v\nwant %v", i+1, got, c.Want)
		}
	}
}

const plain = `{"id":"a","now":"2026-03-02T02:00:00Z","rules":{},"lead":{"zones":["Asia/Shanghai"],"numbers":["+861"]},"attempts":[]}`

const plainAnswer = `{"id":"a","verdict":"call","at":"2026-03-02T02:00:00Z","until":"2026-03-02T13:00:00Z","number":"+861","reason":"due"}` + "\n"

func TestDecidePassesOverEmptyLinesAndReadsStandardInput(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-"}, {"--json"}} {
		code, out, errs := decide(t, "\n  \r\n"+plain+"\r\n\n"+plain, args...)
		if code != 0 || out != plainAnswer+plainAnswer || errs != "" {
			t.Errorf("%q: exit %d, %q, %q", args, code, out, errs)
		}
	}
}

func TestDecideEndsAtAMalformedLineAfterTheAnswersBeforeIt(t *testing.T) {
	t.Parallel()
	for field, change := range map[string][2]string{
		"rules.interval":             {`"rules":{}`, `"rules":{"interval":"4 hours"}`},
		"rules.hours[0].close":       {`"rules":{}`, `"rules":{"hours":[{"days":["mon"],"open":"10:00","close":"09:00"}]}`},
		"rules.max_per_week":         {`"rules":{}`, `"rules":{"max_per_week":3}`},
		"rules.intervals.SLEEPING":   {`"rules":{}`, `"rules":{"intervals":{"SLEEPING":"1h"}}`},
		"rules.caps[0].max":          {`"rules":{}`, `"rules":{"caps":[{"scope":"lead","max":0,"period":"1h"}]}`},
		"lead.zones[0]":              {`Asia/Shanghai`, `Asia/Nowhere`},
		"lead.zones":                 {`["Asia/Shanghai"]`, `[]`},
		"attempts[0].outcome":        {`"attempts":[]`, `"attempts":[{"placed_at":"2026-03-02T01:00:00Z","outcome":"HUNG_UP","number":"+861"}]`},
		"attempts[0].placed_at":      {`"attempts":[]`, `"attempts":[{"placed_at":"2026-03-02T02:00:01Z","outcome":"BUSY","number":"+861"}]`},
		"appointment.local":          {`"attempts":[]`, `"attempts":[],"appointment":{"local":"tomorrow","zone":"Asia/Shanghai"}`},
		"Now":                        {`"now"`, `"Now"`},
		"id":                         {`"id":"a",`, ``},
		"not JSON: unexpected end":   {`"attempts":[]}`, ``},
		"not a case: write one JSON": {plain, `17`},
	} {
		bad := strings.Replace(plain, change[0], change[1], 1)
		code, out, errs := decide(t, plain+"\n\n"+bad+"\n"+plain+"\n")
		if code != 2 || out != plainAnswer || !strings.HasPrefix(errs, "dialctl decide: line 3: "+field) {
			t.Errorf("%s: exit %d\nout %q\nerr %q", field, code, out, errs)
		}
	}
}

func TestDecideKeepsTheOrderOfManyCases(t *testing.T) {
	t.Parallel()
	const n = 5000
	var in, want strings.Builder
	for i := range n {
		id := string(rune('a'+i%26)) + strings.Repeat("x", i%97)
		in.WriteString(strings.Replace(plain, `"id":"a"`, `"id":"`+id+`"`, 1) + "\n")
		want.WriteString(strings.Replace(plainAnswer, `"id":"a"`, `"id":"`+id+`"`, 1))
	}
	file := filepath.Join(t.TempDir(), "cases.jsonl")
	if err := os.WriteFile(file, []byte(in.String()+"{\n"+in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := decide(t, "", file)
	if code != 2 || out != want.String() || !strings.HasPrefix(errs, "dialctl decide: line 5001: not JSON") {
		t.Errorf("exit %d, %d bytes of answers, want %d; %s", code, len(out), want.Len(), errs)
	}
}

func TestDecideReadsALineLongerThanItsBuffer(t *testing.T) {
	t.Parallel()
	long := strings.Replace(plain, `"attempts":[]`, `"attempts":[],"want":"`+strings.Repeat("y", 3*batchBytes)+`"`, 1)
	if code, out, errs := decide(t, long+"\n"+plain+"\n"); code != 0 || out != plainAnswer+plainAnswer {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

func TestDecideAnswersBeforeTheInputEnds(t *testing.T) {
	t.Parallel()
	toIt, in := io.Pipe()
	fromIt, out := io.Pipe()
	code := make(chan int)
	go func() {
		code <- runDecide(nil, toIt, out, io.Discard)
	}()
	answers := bufio.NewReader(fromIt)
	for range 3 {
		if _, err := io.WriteString(in, plain+"\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := answers.ReadString('\n'); err != nil || got != plainAnswer {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if c := <-code; c != 0 {
		t.Errorf("exit %d", c)
	}
}

func TestDecideTellsOfWrongUsage(t *testing.T) {
	t.Parallel()
	if code, _, errs := decide(t, "", "a", "b"); code != 2 || !strings.Contains(errs, "Usage") {
		t.Errorf("two files: exit %d, %q", code, errs)
	}
	if code, _, errs := decide(t, "", "--fast"); code != 2 || !strings.Contains(errs, "--fast") {
		t.Errorf("unknown flag: exit %d, %q", code, errs)
	}
	if code, _, errs := decide(t, "", filepath.Join(t.TempDir(), "none")); code != 1 || errs == "" {
		t.Errorf("missing file: exit %d, %q", code, errs)
	}
	if code, out, _ := decide(t, "", "--help"); code != 0 || !strings.Contains(out, "Usage") {
		t.Errorf("help: exit %d, %q", code, out)
	}
}

type torn struct{ r io.Reader }

func (s torn) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("the cable is out")
	}
	return n, err
}

func TestDecideTellsOfInputThatBreaksOff(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := runDecide(nil, torn{strings.NewReader(plain + "\n" + plain[:50])}, &stdout, &stderr)
	if code != 1 || stdout.String() != plainAnswer || !strings.Contains(stderr.String(), "the cable is out") {
		t.Errorf("exit %d, %q, %q", code, stdout.String(), stderr.String())
	}
}
