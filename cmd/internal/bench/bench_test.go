package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"redial/campaign"
	"redial/cmd/internal/bench"
)

// TestEveryMeasureWorks measures everything in miniature, on both engines. The work is checked and audited inside; no
// speed is asserted.
func TestEveryMeasureWorks(t *testing.T) {
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			got := make(map[string][]bench.Measure)
			_, err := bench.Run(t.Context(), bench.Options{Quick: true, Engine: engine, Dir: t.TempDir(), Log: t.Logf, Child: child(t)}, func(m bench.Measure) error {
				got[m.Name] = append(got[m.Name], m)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range bench.Names() {
				check(t, name, engine, got[name])
			}
		})
	}
}

// asChild is set for this program when it is to serve in a process of its own.
const asChild = "REDIAL_BENCH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "" {
		os.Exit(m.Run())
	}
	if err := bench.Child(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is how this program is started to serve.
func child(t *testing.T) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"env", asChild + "=1", self}
}

func check(t *testing.T, name, engine string, got []bench.Measure) {
	t.Helper()
	want := 1
	if slices.Contains([]string{"echo", "echo_stream", "sql_bare", "sql_claim", "sql_cycle", "claim", "skip_locked", "next_call", "cycle",
		"cycle_next", "stream_cycle", "callbacks"}, name) {
		want = 2 // 1 and 4 callers, or 4 and 16
	}
	if (name == "skip_locked" || name == "asynq") && engine != bench.Postgres {
		want = 0
	}
	if len(got) != want {
		t.Errorf("%s: %d lines, want %d", name, len(got), want)
	}
	beside := slices.Contains([]string{"decide", "claim", "skip_locked", "next_call", "cycle", "cycle_next", "stream_cycle", "callbacks",
		"asynq", "growth", "streams", "overload", "simulate", "import", "import_memory"}, name)
	for _, m := range got {
		if m.Value <= 0 || m.Rounds != 1 || m.Spread[0] > m.Value || m.Spread[1] < m.Value || m.Unit == "" {
			t.Errorf("%s: %+v", name, m)
		}
		if (m.Limit != nil) != beside || (m.Ratio != nil) != beside || (m.LimitIs != "") != beside {
			t.Errorf("%s: limit %v, ratio %v, %q: want them %v", name, m.Limit, m.Ratio, m.LimitIs, beside)
		}
		if !slices.Contains([]string{"decide", "simulate", "asynq"}, name) && m.Engine != engine {
			t.Errorf("%s: engine %q, want %q", name, m.Engine, engine)
		}
	}
}

func TestRunNamesWhatIsWrongWithAnOption(t *testing.T) {
	t.Parallel()
	for _, o := range []bench.Options{{Engine: "oracle"}, {Names: []string{"nextcall"}}, {Leads: -1}, {Callers: []int{0}}} {
		_, err := bench.Run(t.Context(), o, func(bench.Measure) error { return nil })
		if campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%+v: %v, want KindInvalid", o, err)
		}
	}
}

func TestTheCasesAreTheSchedulers(t *testing.T) {
	t.Parallel()
	theirs, err := os.ReadFile("../../../scheduler/testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	mine, err := os.ReadFile("cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(theirs, mine) {
		t.Error("cases.jsonl differs from the scheduler's: copy scheduler/testdata/vectors.jsonl over it")
	}
}
