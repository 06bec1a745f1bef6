package app_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
)

func TestZoneDataThatCannotBeReadStopsTheStart(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Data, cfg.GRPC, cfg.Web, cfg.TZData = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "none.zip")
	_, err := app.New(t.Context(), cfg, app.Options{Log: quiet()})
	if _, ok := errors.AsType[config.Fault](err); !ok || !strings.Contains(err.Error(), "--tzdata") {
		t.Errorf("%v is no Fault about --tzdata", err)
	}
}
