package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
)

// TestABackupIsRestoredAndAudited copies the record while an agent works, puts the copy in the place of the record, and
// finds every call acknowledged before the copy was asked for, the campaign paused, and numbers that never were given.
func TestABackupIsRestoredAndAudited(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	o, stop := openAt(t, data)
	o.ask("campaign", "create", "spring", "--rules", o.file("rules.json", always), "--zone", "Asia/Shanghai", "--region", "CN")
	o.ask("import", o.file("people.csv", people(200)), "--campaign", "spring")
	o.ask("agent", "add", "ann", "--campaign", "spring")
	o.ask("campaign", "start", "spring")
	before, _ := o.work("SUCCESS", "--note", "before the backup")

	busy, done := make(chan struct{}), make(chan struct{})
	var first sync.Once
	go func() {
		defer close(done)
		for range 40 {
			o.work("NO_ANSWER")
			first.Do(func() { close(busy) })
		}
	}()
	<-busy
	file := filepath.Join(o.dir, "redial.db")
	if got := o.ask("backup", file); got["size"].(float64) < 100_000 || got["schema"] != float64(store.SchemaVersion()) {
		t.Errorf("backup %v", got)
	}
	if out := o.ctl(exitUsage, "backup", file); !strings.Contains(out, "--force") {
		t.Errorf("a backup was written over: %s", out)
	}
	<-done
	if out := o.ctl(exitFailed, "restore", "--data", data, "--replace", file); !strings.Contains(out, "another dialerd works in") {
		t.Errorf("restored under a server: %s", out)
	}
	lost, _ := o.work("SUCCESS")
	stop()

	if out := o.ctl(exitFailed, "restore", "--data", data, file); !strings.Contains(out, "--replace") {
		t.Errorf("a record was overwritten: %s", out)
	}
	got := o.ask("restore", "--data", data, "--replace", file)
	if paused := got["paused"].([]any); len(paused) != 1 || paused[0] != "spring" {
		t.Errorf("paused %v", paused)
	}
	if _, err := os.Stat(got["aside"].(string)); err != nil {
		t.Errorf("the record that was there: %v", err)
	}

	r, _ := openAt(t, data)
	r.ctl(exitOK, "audit")
	if timeline := r.ctl(exitOK, "timeline", number(int64(before["lead"].(float64)))); !strings.Contains(timeline, "before the backup") {
		t.Errorf("what was acknowledged before the backup is gone:\n%s", timeline)
	}
	if out := r.ctl(exitNothing, "next", "--agent", "ann"); !strings.Contains(out, "paused") && !strings.Contains(out, "no lead") {
		t.Errorf("a restored campaign offers: %s", out)
	}
	r.ask("campaign", "start", "spring")
	after, _ := r.work("SUCCESS")
	if after["assignment"].(float64) <= lost["assignment"].(float64)+1000 {
		t.Errorf("assignment %v may have been given before: %v was", after["assignment"], lost["assignment"])
	}
	r.ctl(exitOK, "audit")
}

// A log that lies about without its record, as a crash leaves it when somebody moved the record by hand, is not played into
// the restored one, and tables that were empty at the backup pass over the numbers given since.
func TestARestoredRecordIsNotMixedWithAnOldLog(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	o, stop := openAt(t, data)
	o.ask("campaign", "create", "spring", "--rules", o.file("rules.json", always), "--zone", "Asia/Shanghai", "--region", "CN")
	o.ask("import", o.file("people.csv", people(20)), "--campaign", "spring")
	o.ask("agent", "add", "ann", "--campaign", "spring")
	file := filepath.Join(o.dir, "redial.db")
	o.ask("backup", file) // nobody was called yet
	o.ask("campaign", "start", "spring")
	lost, _ := o.work("SUCCESS")
	wal, err := os.ReadFile(filepath.Join(data, "redial.db-wal"))
	if err != nil || len(wal) == 0 {
		t.Fatalf("no log: %v", err)
	}
	stop()
	if err := os.Remove(filepath.Join(data, "redial.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "redial.db-wal"), wal, 0o600); err != nil {
		t.Fatal(err)
	}
	o.ask("restore", "--data", data, file)
	r, _ := openAt(t, data)
	r.ctl(exitOK, "audit")
	r.ask("campaign", "start", "spring")
	after, _ := r.work("SUCCESS")
	if after["assignment"].(float64) <= lost["assignment"].(float64)+1000 {
		t.Errorf("assignment %v may have been given before: %v was", after["assignment"], lost["assignment"])
	}
}

func TestADamagedCopyIsRefused(t *testing.T) {
	t.Parallel()
	o := &office{t: t, dir: t.TempDir(), env: map[string]string{}}
	data := t.TempDir()
	for name, text := range map[string]string{"empty.db": "", "text.db": strings.Repeat("no record ", 500)} {
		if out := o.ctl(exitUsage, "restore", "--data", data, o.file(name, text)); !strings.Contains(out, "no whole copy") {
			t.Errorf("%s: %s", name, out)
		}
	}
	if out := o.ctl(exitUsage, "restore", "--data", data); !strings.Contains(out, "name the copy") {
		t.Error(out)
	}
	if left, _ := os.ReadDir(data); len(left) > 1 { // the lock
		t.Errorf("left behind: %v", left)
	}
}

// TestAPostgresRecordIsMadeSafe does what follows a recovery to a point in time.
func TestAPostgresRecordIsMadeSafe(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	o := &office{t: t, dir: t.TempDir(), env: map[string]string{"REDIAL_DATABASE": url}}
	if out := o.ctl(exitUsage, "restore", o.file("redial.db", "")); !strings.Contains(out, "its own means") {
		t.Error(out)
	}
	first, again := o.ask("restore"), o.ask("restore")
	if first["leap"].(float64) < 1e6 || again["leap"] != first["leap"] {
		t.Errorf("restored %v, %v", first, again)
	}
}
