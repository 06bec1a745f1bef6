// Package bench measures how fast the product is, each measure beside its limit: what the parts below allow in the
// same minute on the same cores. Limit and subject alternate in one run, a ratio is taken in each round, and what was
// done is checked afterwards: a fast wrong run is an error. It decides what is measured and how, never how fast is
// fast enough; figures of different runs are not to be compared, ratios are.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// Options of Run. The zero value measures everything as `make bench` does.
type Options struct {
	Names   []string      // measures; none: all
	Engine  string        // SQLite, Postgres or "both"; empty: both, or what is installed
	Leads   int           // in the record for measures of calls; 0: 200,000 on PostgreSQL, 100,000 on SQLite
	Rows    int           // of the file for import_memory; 0: 1,000,000
	Slice   time.Duration // of a subject in one round; 0: 2s
	Rounds  int           // 0: 3
	Callers []int         // none: 1, 16 and 64
	Quick   bool          // tiny sizes: shows that everything works, and nothing about speed
	Long    bool          // growth up to 10 M leads as well
	Child   []string      // a program and its arguments that call Child; nil: this program with the arguments "bench child"
	Dir     string        // for files of the run; empty: the system's
	Log     func(format string, args ...any)
}

// Names are the measures there are, in their order.
func Names() []string {
	return append(namesOf(alone), namesOf(works)...)
}

func (o *Options) complete() error {
	if o.Engine == "" {
		o.Engine = "both"
	}
	if o.Engine != "both" && o.Engine != SQLite && o.Engine != Postgres {
		return campaign.Invalid("engine", fmt.Sprintf("%q is unknown: give sqlite, postgres or both", o.Engine))
	}
	for _, n := range o.Names {
		if !slices.Contains(Names(), n) {
			return campaign.Invalid("name", fmt.Sprintf("there is no measure %q: there are %s", n, strings.Join(Names(), ", ")))
		}
	}
	set(&o.Slice, 2*time.Second, 20*time.Millisecond, o.Quick)
	set(&o.Rounds, 3, 1, o.Quick)
	set(&o.Rows, 1_000_000, 3000, o.Quick)
	if len(o.Callers) == 0 {
		o.Callers = []int{1, 16, 64, 256}
		if o.Quick {
			o.Callers = []int{1, 4}
		}
	}
	if o.Slice < 0 || o.Rounds < 0 || o.Rows < 0 || o.Leads < 0 || slices.Min(o.Callers) < 1 {
		return campaign.Invalid("options", "sizes must be above 0")
	}
	if len(o.Child) == 0 {
		if self, err := os.Executable(); err == nil {
			o.Child = []string{self, "bench", "child"}
		}
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return nil
}

func set[T comparable](at *T, usual, quick T, isQuick bool) {
	var zero T
	switch {
	case *at != zero:
	case isQuick:
		*at = quick
	default:
		*at = usual
	}
}

// leads is how many the record of an engine is given.
func (o *Options) leads(engine string) int {
	switch {
	case o.Leads > 0:
		return o.Leads
	case o.Quick:
		return 2000
	case engine == SQLite:
		return 100_000
	default:
		return 200_000
	}
}

// staff is how many agents the measures of calls have.
func (o *Options) staff() staff {
	if o.Quick {
		return staff{32, slices.Max(o.Callers)}
	}
	return staff{max(2048, slices.Max(o.Callers)), slices.Max(o.Callers)}
}

func (o *Options) wants(names ...string) bool {
	return len(o.Names) == 0 || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(o.Names, n) })
}

// work is what is measured together.
type work struct {
	names    []string
	on       func(context.Context, *Options, *engine) ([]Measure, error)
	postgres bool // on SQLite only when asked for by name
}

// works are all of them in their order. The memory of an import is measured first, while nothing else has grown.
var works = []work{
	{names: []string{"import_memory"}, on: measureImportMemory},
	{names: []string{"import"}, on: measureImport},
	{names: callNames, on: measureCalls},
	{names: []string{"callbacks", "asynq"}, on: measureCallbacks},
	{names: []string{"appointments"}, on: measureAppointments},
	{names: []string{"growth"}, on: measureGrowth, postgres: true},
	{names: []string{"streams"}, on: measureStreams, postgres: true},
	{names: []string{"overload"}, on: measureOverload},
	{names: []string{"replan"}, on: measureReplan},
}

// alone are those that need no database.
var alone = []work{
	{names: []string{"decide"}, on: measureDecide},
	{names: []string{"simulate"}, on: measureSimulate},
}

// Run measures and tells of each measure as it is done; it returns where and how. Errors: KindInvalid for an option;
// anything that made a measure worthless, by its name.
func Run(ctx context.Context, o Options, tell func(Measure) error) (m Machine, err error) {
	if err := o.complete(); err != nil {
		return m, err
	}
	dir, err := os.MkdirTemp(o.Dir, "redial-bench-")
	if err != nil {
		return m, fmt.Errorf("make a folder for the run: %w", err)
	}
	defer os.RemoveAll(dir)
	if m, err = newMachine(dir); err != nil {
		return m, err
	}
	w := startWatch()
	err = o.all(ctx, dir, &m, tell)
	m.Took, m.OutsideCPU = time.Since(w.began), w.outside()
	if err == nil {
		m.FlushUS[1], err = flushTime(dir)
	}
	return m, err
}

func (o *Options) all(ctx context.Context, dir string, m *Machine, tell func(Measure) error) error {
	if err := o.each(ctx, alone, nil, tell); err != nil {
		return err
	}
	for _, name := range []string{SQLite, Postgres} {
		if o.Engine != name && o.Engine != "both" || !o.wants(namesOf(works)...) {
			continue
		}
		if err := o.onEngine(ctx, name, dir, m, tell); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// onEngine starts an engine, measures on it, and stops it. One that is not installed is passed over with a word on
// what to install, unless it was asked for by name.
func (o *Options) onEngine(ctx context.Context, name, dir string, m *Machine, tell func(Measure) error) error {
	e, err := startEngine(name, dir, !o.Quick)
	if err != nil {
		if o.Engine == "both" {
			o.Log("%s is not measured: %v", name, err)
			return nil
		}
		return err
	}
	defer e.stop()
	about, err := e.about(ctx)
	if err != nil {
		return err
	}
	m.Engines = append(m.Engines, about)
	return o.each(ctx, works, e, tell)
}

func (o *Options) each(ctx context.Context, works []work, e *engine, tell func(Measure) error) error {
	for _, w := range works {
		if !o.wants(w.names...) || w.postgres && e.pg == nil && len(o.Names) == 0 && !o.Quick {
			continue
		}
		ms, err := w.on(ctx, o, e)
		for _, m := range ms {
			if err == nil {
				err = tell(m)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w.names[0], err)
		}
	}
	return nil
}

func namesOf(works []work) (names []string) {
	for _, w := range works {
		names = append(names, w.names...)
	}
	return names
}

var errWrong = errors.New("a fast wrong run")
