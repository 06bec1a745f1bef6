package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"redial/cmd/internal/bench"
)

var benchCommands = []command{{
	name: "bench", args: "[NAME]…", short: "measure speed, each figure beside its limit in the same run",
	long: `It starts what it needs by itself, in a folder that is gone afterwards: SQLite with the Redis in the process, and,
if they are installed, PostgreSQL with redis-server. Everything takes about 25 minutes on two cores; name some for less.
Compare ratios, not figures: a limit is measured in the same minute as what stands beside it. "noisy" says that
others used more than a quarter of a core meanwhile.

NAME is ` + strings.Join(bench.Names(), ", ") + `.
echo, echo_stream, sql_bare, sql_claim and sql_cycle are limits themselves: a bare call, a message on a stream, one
UPDATE, and the very statements of claims and of whole cycles with nothing round them. skip_locked and asynq are peers.
growth and streams are measured on PostgreSQL, on SQLite when named.

  dialctl bench
  dialctl bench next_call --engine postgres --json
  dialctl bench growth --long --markdown`,
	max: -1, bind: bindBench,
}}

func bindBench(fs *flag.FlagSet) action {
	var o bench.Options
	fs.StringVar(&o.Engine, "engine", "both", "sqlite, postgres or both: the `ENGINE`")
	fs.IntVar(&o.Leads, "leads", 0, "`N` leads in the record (0: 200,000, on SQLite 100,000)")
	fs.IntVar(&o.Rows, "rows", 0, "`N` rows of the file for import_memory (0: 1,000,000)")
	fs.IntVar(&o.Rounds, "rounds", 0, "`N` rounds (0: 3)")
	fs.BoolVar(&o.Long, "long", false, "growth up to 10,000,000 leads as well")
	fs.BoolVar(&o.Quick, "quick", false, "tiny sizes: shows that everything works, and nothing about speed")
	seconds := fs.Float64("seconds", 0, "`SECONDS` of a measure in one round (0: 2)")
	callers := fs.String("callers", "", "how many at once, such as `1,16,64,256`")
	markdown := fs.Bool("markdown", false, "the table in Markdown")
	var into profiles
	into.bind(fs)
	return func(ctx context.Context, c *cli, names []string) error {
		if len(names) == 1 && names[0] == "child" { // a run starts it to serve in a process of its own
			return bench.Child(ctx, c.stdin, c.stdout)
		}
		o.Names, o.Slice, o.Log = names, time.Duration(*seconds*float64(time.Second)), func(format string, args ...any) {
			fmt.Fprintf(c.stderr, format+"\n", args...)
		}
		for n := range strings.SplitSeq(*callers, ",") {
			if n == "" {
				continue
			}
			k, err := strconv.Atoi(n)
			if err != nil {
				return misused("--callers %q: %q is no number: give some, such as 1,16,64,256", *callers, n)
			}
			o.Callers = append(o.Callers, k)
		}
		return into.run(func() error { return c.bench(ctx, o, *markdown) })
	}
}

// bench tells of each measure when it is done, a line of JSON each; or of all in one table for people, or in Markdown.
func (c *cli) bench(ctx context.Context, o bench.Options, markdown bool) error {
	var all []bench.Measure
	machine, err := bench.Run(ctx, o, func(m bench.Measure) error {
		all = append(all, m)
		if c.json {
			return c.emit(m)
		}
		return nil
	})
	switch {
	case c.json || len(all) == 0:
	case markdown:
		fmt.Fprint(c.stdout, bench.Markdown(all, machine))
	default:
		var rows [][]string
		for i := range all {
			rows = append(rows, all[i].Row())
		}
		c.table(bench.Heading(), rows)
		c.say("\n%s", strings.Join(append(machine.Lines(), bench.Remarks(all)...), "\n"))
		c.say("\nRatios are medians of each round's own; outside is the CPU that others used, in cores.")
	}
	return err
}

// profiles are files into which a run is profiled; an empty name: not.
type profiles struct{ cpu, memory, mutex, block string }

func (p *profiles) bind(fs *flag.FlagSet) {
	fs.StringVar(&p.cpu, "cpuprofile", "", "write a CPU profile of the whole run to `FILE`")
	fs.StringVar(&p.memory, "memprofile", "", "write what was allocated in the whole run to `FILE`")
	fs.StringVar(&p.mutex, "mutexprofile", "", "write who kept others waiting for locks to `FILE`")
	fs.StringVar(&p.block, "blockprofile", "", "write who waited for locks and channels to `FILE`")
}

// blockEvery is how long a wait is at least, in nanoseconds, to be in the profile for sure.
const blockEvery = 10_000

// run runs do under the profiles that were asked for.
func (p *profiles) run(do func() error) error {
	if p.mutex != "" {
		runtime.SetMutexProfileFraction(1)
	}
	if p.block != "" {
		runtime.SetBlockProfileRate(blockEvery)
	}
	var err error
	if p.cpu == "" {
		err = do()
	} else {
		err = toFile(p.cpu, func(f *os.File) error {
			if err := pprof.StartCPUProfile(f); err != nil {
				return fmt.Errorf("write the profile: %w", err)
			}
			defer pprof.StopCPUProfile()
			return do()
		})
	}
	for name, file := range map[string]string{"allocs": p.memory, "mutex": p.mutex, "block": p.block} {
		if file != "" {
			err = errors.Join(err, toFile(file, func(f *os.File) error { return pprof.Lookup(name).WriteTo(f, 0) }))
		}
	}
	return err
}

func toFile(name string, write func(*os.File) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
