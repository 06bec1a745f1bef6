package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func runBench(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := &cli{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }}
	code = c.run(t.Context(), append([]string{"bench"}, args...))
	return code, out.String(), errs.String()
}

func TestBenchPrintsALineOfJSONAMeasure(t *testing.T) {
	t.Parallel()
	code, out, errs := runBench(t, "decide", "--quick", "--json")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var m map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &m); err != nil || len(lines) != 1 {
		t.Fatalf("%q: %v", out, err)
	}
	for _, field := range []string{"name", "value", "unit", "limit", "ratio", "p99_ms", "engine", "callers", "rounds", "spread", "noisy", "limit_is"} {
		if _, ok := m[field]; !ok {
			t.Errorf("%s is missing in %s", field, lines[0])
		}
	}
	if m["name"] != "decide" || m["value"].(float64) <= 0 {
		t.Errorf("got %s", lines[0])
	}
}

func TestBenchPrintsATableForPeople(t *testing.T) {
	t.Parallel()
	code, out, errs := runBench(t, "decide", "--quick")
	if code != exitOK || !strings.Contains(out, "MEASURE") || !strings.Contains(out, "decisions/s") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

func TestBenchNamesWhatItCannotMeasure(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"next_call":     {"nextcall"},
		"postgres":      {"--engine", "oracle"},
		"is no number":  {"--callers", "1,many"},
		"must be above": {"--rounds", "-1"},
		"sizes must be": {"--callers", "0"},
	} {
		if code, _, errs := runBench(t, args...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, %q: want exit %d and %q", args, code, errs, exitUsage, want)
		}
	}
}
