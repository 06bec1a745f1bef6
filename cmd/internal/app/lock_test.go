package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
)

// A second process on the same file is refused, however the file is named, until the first one ends.
func TestASecondProcessOnAFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := func(file string) (*app.App, error) {
		cfg := config.Default()
		cfg.Database, cfg.Redis, cfg.GRPC, cfg.Web, cfg.Data = "sqlite://"+file, "none", "127.0.0.1:0", "127.0.0.1:0", t.TempDir()
		a, err := app.New(t.Context(), cfg, app.Options{})
		if err != nil {
			return nil, err
		}
		return a, a.Start(t.Context())
	}
	file := filepath.Join(dir, "record.db")
	a, err := start(file)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, link} {
		_, err := start(name)
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "another dialerd") {
			t.Errorf("a second one on %s: %v", name, err)
		}
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, err = start(link); err != nil {
		t.Fatalf("after the first had ended: %v", err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
