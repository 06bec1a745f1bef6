package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redial/scheduler"
)

func TestTheZoneDataOfTheVersionIsThatInUse(t *testing.T) {
	t.Parallel()
	code, out, errs := ctl(t, nil, "version")
	if code != exitOK || !strings.Contains(out, scheduler.TZData()) {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	code, out, errs = ctl(t, nil, "version", "--json", "--tzdata", "../../scheduler/tzdata/zoneinfo.zip")
	if code != exitOK || objects(t, out)[0]["tzdata"] != scheduler.TZData() {
		t.Errorf("with the carried data given: exit %d, %s%s", code, out, errs)
	}
}

func TestZoneDataThatCannotBeUsedEndsTheCommand(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "zones.zip")
	if err := os.WriteFile(bad, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{bad: "zip", bad + ".not": "no such file"} {
		for _, args := range [][]string{{"--tzdata", file, "decide", "-"}, {"version", "--tzdata", file}} {
			code, out, errs := ctl(t, nil, args...)
			if code != exitUsage || out != "" || !strings.Contains(errs, "--tzdata") || !strings.Contains(errs, want) {
				t.Errorf("%q: exit %d, %q, %q", args, code, out, errs)
			}
		}
		code, _, errs := ctlWith(t, nil, map[string]string{"REDIAL_TZDATA": file}, strings.NewReader(""), "version")
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("by the variable: exit %d, %q", code, errs)
		}
	}
}
