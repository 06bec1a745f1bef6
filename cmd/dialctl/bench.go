package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"redial/cmd/internal/bench"
)

var benchCommands = []command{{
	name: "bench", args: "[NAME]…", short: "measure speed, each figure beside its limit in the same run",
	long: `It starts what it needs by itself, in a folder that is gone afterwards: SQLite with the Redis in the process, and,
if they are installed, PostgreSQL with redis-server. Everything takes about six minutes on two cores.
Compare ratios, not figures: a limit is measured in the same minute as what stands beside it. "noisy" says that
others used more than a quarter of a core meanwhile.

NAME is ` + strings.Join(bench.Names(), ", ") + `.
echo, sql_bare, sql_claim and sql_cycle are limits themselves: a bare call, one UPDATE, and the very statements of
claims and of whole cycles with nothing round them.

  dialctl bench
  dialctl bench next_call --engine postgres --json`,
	max: -1, bind: bindBench,
}}

func bindBench(fs *flag.FlagSet) action {
	var o bench.Options
	fs.StringVar(&o.Engine, "engine", "both", "sqlite, postgres or both: the `ENGINE`")
	fs.IntVar(&o.Leads, "leads", 0, "`N` leads in the record (0: 200,000, on SQLite 100,000)")
	fs.IntVar(&o.Rows, "rows", 0, "`N` rows of the file for import_memory (0: 1,000,000)")
	fs.IntVar(&o.Rounds, "rounds", 0, "`N` rounds (0: 3)")
	fs.BoolVar(&o.Quick, "quick", false, "tiny sizes: shows that everything works, and nothing about speed")
	seconds := fs.Float64("seconds", 0, "`SECONDS` of a measure in one round (0: 2)")
	callers := fs.String("callers", "", "how many at once, such as `1,16,64`")
	profile := fs.String("cpuprofile", "", "write a CPU profile of the whole run to `FILE`")
	return func(ctx context.Context, c *cli, names []string) error {
		o.Names, o.Slice, o.Log = names, time.Duration(*seconds*float64(time.Second)), func(format string, args ...any) {
			fmt.Fprintf(c.stderr, format+"\n", args...)
		}
		for n := range strings.SplitSeq(*callers, ",") {
			if n == "" {
				continue
			}
			k, err := strconv.Atoi(n)
			if err != nil {
				return misused("--callers %q: %q is no number: give some, such as 1,16,64", *callers, n)
			}
			o.Callers = append(o.Callers, k)
		}
		return c.profiled(*profile, func() error { return c.bench(ctx, o) })
	}
}

// bench tells of each measure when it is done: a line of JSON, or all in one table for people.
func (c *cli) bench(ctx context.Context, o bench.Options) error {
	var rows [][]string
	err := bench.Run(ctx, o, func(m bench.Measure) error {
		if c.json {
			return c.emit(m)
		}
		rows = append(rows, benchRow(&m))
		return nil
	})
	if len(rows) > 0 {
		c.table([]string{"measure", "engine", "callers", "value", "unit", "limit", "ratio", "from .. to", "p99 ms", "flush us", "outside", ""}, rows)
		c.say("\nRatios are medians of each round's own; outside is the CPU that others used, in cores.")
	}
	return err
}

func benchRow(m *bench.Measure) []string {
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'f', -1, 64)
	}
	outside, noisy, spread := "unknown", "", ""
	if m.OutsideCPU >= 0 {
		outside = fmt.Sprintf("%.2f", m.OutsideCPU)
	}
	if m.Noisy {
		noisy = "noisy"
	}
	if m.Ratio != nil {
		spread = fmt.Sprintf("%.2f .. %.2f", m.RatioSpread[0], m.RatioSpread[1])
	}
	return []string{m.Name, m.Engine, strconv.Itoa(m.Callers), number(&m.Value), m.Unit, number(m.Limit), number(m.Ratio), spread, number(m.P99ms),
		number(&m.FdatasyncUS), outside, strings.TrimSpace(noisy + " " + m.Note)}
}

// profiled runs do under a CPU profile written to a file; an empty name: without one.
func (c *cli) profiled(file string, do func() error) error {
	if file == "" {
		return do()
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	err = do()
	pprof.StopCPUProfile()
	if e := f.Close(); err == nil && e != nil {
		err = fmt.Errorf("write the profile: %w", e)
	}
	return err
}
