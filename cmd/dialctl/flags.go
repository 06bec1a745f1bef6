package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"redial/scheduler"
)

func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// bindGlobals declares what every command takes.
func (c *cli) bindGlobals(fs *flag.FlagSet) {
	fs.BoolVar(&c.json, "json", c.json, "print JSON: one object, or one a line")
	fs.StringVar(&c.server, "server", c.server, "`HOST:PORT` of the server's API (else REDIAL_SERVER)")
	fs.StringVar(&c.tokenFile, "token-file", c.tokenFile, "`FILE` that holds the token (else REDIAL_TOKEN, REDIAL_TOKEN_FILE)")
	fs.StringVar(&c.tzdata, "tzdata", c.tzdata, "zip `FILE` of newer zone data than the program carries (else REDIAL_TZDATA)")
	c.bindLink(fs)
}

// useZones takes the zone data that was given, for what this program works out by itself.
func (c *cli) useZones() error {
	file := cmp.Or(c.tzdata, c.env("REDIAL_TZDATA"))
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return badInput("--tzdata: %v", err)
	}
	if err := scheduler.UseTZData(data); err != nil {
		return badInput("--tzdata %s: %v", file, err)
	}
	return nil
}

func isHelp(err error) bool { return errors.Is(err, flag.ErrHelp) }

// parse reads flags wherever they stand and answers the other arguments in order; "--" ends the flags.
func parse(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(rest, args[i+1:]...), nil
		}
		if len(arg) < 2 || arg[0] != '-' || isNumber(arg) {
			rest = append(rest, arg)
			continue
		}
		name, value, inline := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		if name == "h" || name == "help" {
			return nil, flag.ErrHelp
		}
		f := fs.Lookup(name)
		if f == nil {
			return nil, unknownFlag(fs, name)
		}
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() && !inline {
			value, inline = "true", true
		}
		if !inline {
			if i++; i == len(args) {
				return nil, fmt.Errorf("--%s lacks its value", name)
			}
			value = args[i]
		}
		if err := fs.Set(name, value); err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
	}
	return rest, nil
}

// isNumber says whether an argument is a negative number, which is no flag.
func isNumber(arg string) bool {
	_, err := strconv.ParseInt(arg, 10, 64)
	return err == nil
}

func unknownFlag(fs *flag.FlagSet, name string) error {
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("unknown flag --%s: did you mean --%s?", name, near)
	}
	return fmt.Errorf("unknown flag --%s: it takes --%s", name, strings.Join(names, ", --"))
}

// many is a flag that may be given again and again.
type many []string

func (m *many) String() string     { return strings.Join(*m, ", ") }
func (m *many) Set(v string) error { *m = append(*m, v); return nil }

func manyVar(fs *flag.FlagSet, name, usage string) *many {
	var m many
	fs.Var(&m, name, usage)
	return &m
}

// pairs is a flag NAME=VALUE that may be given again and again.
type pairs struct {
	names  []string
	values map[string]string
}

func (p *pairs) String() string { return strings.Join(p.names, ", ") }

func (p *pairs) Set(v string) error {
	i := strings.LastIndexByte(v, '=') // a heading may hold one, a field never does
	if i <= 0 {
		return fmt.Errorf("%q is not NAME=VALUE", v)
	}
	name, value := strings.TrimSpace(v[:i]), strings.TrimSpace(v[i+1:])
	if before, twice := p.values[name]; twice && before != value {
		return fmt.Errorf("%s is given twice, as %s and as %s: keep one", name, before, value)
	}
	if p.values == nil {
		p.values = map[string]string{}
	}
	p.values[name], p.names = value, append(p.names, name)
	return nil
}

// instantFlag is an instant: RFC 3339, or a wall time of this machine's zone.
type instantFlag struct{ at time.Time }

func (f *instantFlag) String() string {
	if f.at.IsZero() {
		return ""
	}
	return f.at.Format(time.RFC3339)
}

func (f *instantFlag) Set(v string) (err error) {
	if f.at, err = time.Parse(time.RFC3339, v); err == nil {
		return nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if f.at, err = time.ParseInLocation(layout, v, time.Local); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no instant: write it as 2026-03-02T15:00:00Z, or as 2026-03-02T15:00 of this machine's zone", v)
}

// wasSet says whether the flag was given.
func wasSet(fs *flag.FlagSet, name string) bool {
	given := false
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// id reads the argument that names a thing by its number.
func id(what, s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, misused("%q is no %s: give its number", s, what)
	}
	return n, nil
}

// nearest is the name closest to a misspelt one; empty when none is near.
func nearest(word string, names []string) string {
	best, at := 1+len(word)/3, ""
	for _, n := range names {
		if d := distance(word, n); d < best || d == best && at == "" {
			best, at = d, n
		}
	}
	return at
}

// distance is how many letters must be added, dropped, changed or swapped with their neighbour to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
