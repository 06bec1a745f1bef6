package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redial/campaign"
	"redial/campaign/store"
	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
)

// lawful is a process with a folder of own packs, "" for none, over the record in data.
func lawful(t *testing.T, data, folder string) error {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.GRPC, cfg.Web, cfg.Redis, cfg.Law = data, "127.0.0.1:0", "127.0.0.1:0", "none", folder
	a, err := app.New(t.Context(), cfg, app.Options{Log: quiet()})
	if err == nil {
		err = a.Stop(context.WithoutCancel(t.Context()))
	}
	return err
}

func faulty(t *testing.T, err error, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if _, ok := errors.AsType[config.Fault](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%v is no Fault with %q", err, want)
		}
	}
}

func TestOwnLawIsReadAtTheStartAndMissedWhereACampaignNamesIt(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../deploy/law-example.json")
	if err != nil {
		t.Fatal(err)
	}
	data, folder := t.TempDir(), t.TempDir()
	faulty(t, lawful(t, data, filepath.Join(folder, "none")), "--law")
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(folder, "own.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Replace(string(raw), `"name": "example"`, `"name": "us"`, 1))
	faulty(t, lawful(t, data, folder), "--law", "own.json", `"us" is taken`)
	write(string(raw))
	if err := lawful(t, data, folder); err != nil {
		t.Fatal(err)
	}

	c := campaign.Campaign{Name: "spring", Zone: "UTC", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
	c.Rules.Packs = []string{"us", "example"}
	s, err := store.Open(t.Context(), "sqlite://"+filepath.Join(data, "redial.db"), store.Options{})
	if err == nil {
		_, err = s.CreateCampaign(t.Context(), c)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := lawful(t, data, folder); err != nil {
		t.Error(err)
	}
	faulty(t, lawful(t, data, ""), `campaign "spring"`, "law pack example", "--law")
}
