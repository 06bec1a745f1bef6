package app

import (
	"context"
	"fmt"
	"os"
	"strings"

	"redial/campaign/store"
	"redial/cmd/internal/config"
	"redial/dialer"
	"redial/scheduler"
)

// openStore opens the record with the rules of time and of the floor, which it runs under its locks.
func (a *App) openStore(ctx context.Context) error {
	if path, ok := strings.CutPrefix(a.cfg.DatabaseURL(), "sqlite://"); ok && path != ":memory:" {
		release, err := lockRecord(path)
		if err != nil {
			return err
		}
		a.stops.add("lock of the record", func(context.Context) error { return release() })
	}
	a.rules = &scheduler.Rulebook{Law: a.law}
	s, err := store.Open(ctx, a.cfg.DatabaseURL(), store.Options{
		Now: a.opt.Now, Wall: a.opt.Wall, Log: a.log, Migrations: a.opt.Migrations,
		Rules: store.Rules{
			Decide: a.rules.Plan, Judge: a.rules.Offer, Book: a.rules.Book, Step: dialer.Follow(dialer.DefaultHeartbeat),
			Reach: a.rules.Reach, PackVersion: a.rules.PackVersion, Number: numberAt,
		},
	})
	if err != nil {
		return err
	}
	a.store = s
	a.stops.add("record", func(context.Context) error { return s.Close() })
	return nil
}

// useZones takes the zone data that the settings name, before anything is decided.
func (a *App) useZones(ctx context.Context) error {
	if a.cfg.TZData != "" {
		data, err := os.ReadFile(a.cfg.TZData)
		if err != nil {
			return config.Fault(fmt.Sprintf("--tzdata: %v", err))
		}
		if err := scheduler.UseTZData(data); err != nil {
			return config.Fault(fmt.Sprintf("--tzdata %s: %v", a.cfg.TZData, err))
		}
	}
	a.log.InfoContext(ctx, "zone data", "version", scheduler.TZData())
	return nil
}
