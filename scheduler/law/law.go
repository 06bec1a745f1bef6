// Package law holds the calling law of countries and trades as data: packs of rules, each with its source, the day it
// was looked at and the days it is in force, those that come with the program and those of a user. It decides what is
// a pack and what is not, and which packs and rules a campaign may name. It never decides about a call, which is the
// rule of time's, and it holds no legal advice: a pack is an engineering list that the user's own counsel must check.
//
// How the packs were written, where their sources leave a choice:
//
//   - A rule binds calls of every purpose unless its source speaks of one.
//   - Of two readings the stricter one is taken; of two sources that disagree, both.
//   - A rule is confirmed only if its source is the legislator's or regulator's own text; all others say that they
//     are not.
//   - A consent or an agent lifts a rule only where the source says so.
//   - What the sources give as numbers that packs cannot hold (shares of abandoned calls, ring times, deadlines for
//     records) is not in them.
//   - Public holidays are given for 2025 to 2028; a later year needs a newer pack.
package law

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"redial/campaign"
	"redial/scheduler"
)

//go:embed packs/*.json
var packs embed.FS

// Library is the packs that can be switched on, by name. It is safe for use by several goroutines at once, and what it
// answers must not be changed.
type Library struct {
	packs []*scheduler.LawPack
	file  map[string]string // where each pack and each rule came from, by name and by id
}

// Open is the packs that come with the program, and those in a folder besides; an empty dir: those of the program
// alone. The error, of kind KindInvalid, names the file and everything that is wrong with it.
func Open(dir string) (*Library, error) {
	l := &Library{file: make(map[string]string)}
	own, err := fs.Sub(packs, "packs")
	if err != nil {
		return nil, fmt.Errorf("read the law packs of the program: %w", err)
	}
	if err := l.load(own, "redial"); err != nil {
		return nil, err
	}
	if dir != "" {
		if err := l.load(os.DirFS(dir), dir); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(l.packs, func(a, b *scheduler.LawPack) int { return strings.Compare(a.Name, b.Name) })
	return l, nil
}

// load adds the packs of a folder: its files that end in .json.
func (l *Library) load(folder fs.FS, where string) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return &campaign.Error{Kind: campaign.KindInvalid, Message: fmt.Sprintf("read the law packs in %s: %v", where, err)}
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".json" {
			continue
		}
		found = true
		file := filepath.Join(where, e.Name())
		raw, err := fs.ReadFile(folder, e.Name())
		if err != nil {
			return &campaign.Error{Kind: campaign.KindInvalid, Message: fmt.Sprintf("read the law pack %s: %v", file, err)}
		}
		p, err := Read(raw)
		if err == nil {
			err = l.add(p, file)
		}
		if err != nil {
			return of(file, err)
		}
	}
	if !found {
		return &campaign.Error{Kind: campaign.KindInvalid, Message: where + " holds no law pack: a pack is a file whose name ends in .json"}
	}
	return nil
}

// add takes a pack in, if its name and the ids of its rules are free.
func (l *Library) add(p *scheduler.LawPack, file string) error {
	if at, taken := l.file["pack "+p.Name]; taken {
		return campaign.Invalid("name", fmt.Sprintf("%q is taken by %s: give the pack another name", p.Name, at))
	}
	for i := range p.Rules {
		if at, taken := l.file["rule "+p.Rules[i].ID]; taken {
			return campaign.Under(ruleField(i, p.Rules[i].ID), campaign.Invalid("id", "is taken by a rule of "+at+": give this one another"))
		}
	}
	l.file["pack "+p.Name] = file
	for i := range p.Rules {
		l.file["rule "+p.Rules[i].ID] = file
	}
	l.packs = append(l.packs, p)
	return nil
}

// of puts the file before an error, and tells all of it.
func of(file string, err error) error {
	e, ok := err.(*campaign.Error) //nolint:errorlint // only this package's own, never wrapped
	if !ok {
		return fmt.Errorf("law pack %s: %w", file, err)
	}
	told := *e
	lines := make([]string, 0, len(e.Violations))
	for _, v := range e.Violations {
		lines = append(lines, fmt.Sprintf("law pack %s: %s: %s", file, v.Field, v.Message))
	}
	if len(lines) == 0 {
		lines = append(lines, fmt.Sprintf("law pack %s: %s", file, e.Message))
	}
	told.Message = strings.Join(lines, "\n")
	return &told
}

// Packs are all there are, by name.
func (l *Library) Packs() []*scheduler.LawPack { return l.packs }

// Pack finds one by its name; nil: there is none.
func (l *Library) Pack(name string) *scheduler.LawPack {
	i, ok := slices.BinarySearchFunc(l.packs, name, func(p *scheduler.LawPack, name string) int { return strings.Compare(p.Name, name) })
	if !ok {
		return nil
	}
	return l.packs[i]
}
