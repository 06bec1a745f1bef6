package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redial/campaign/store"
	"redial/campaign/store/storetest"
)

// worksEnv names the record that a process works on until it is killed.
const worksEnv = "REDIAL_WORKS"

// workUntilKilled is a process at work. It says what was acknowledged, a line each, and "-" before it began.
func workUntilKilled(url string) int {
	ctx := context.Background()
	s, err := store.Open(ctx, url, store.Options{Rules: storetest.Rules()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	var mu sync.Mutex
	w := &storetest.Works{Say: func(f storetest.Fact) {
		line, err := json.Marshal(f)
		mu.Lock()
		defer mu.Unlock()
		if _, e := os.Stdout.Write(append(line, '\n')); err != nil || e != nil {
			os.Exit(3) // the parent is gone
		}
	}}
	if err = w.Join(ctx, s); err == nil {
		err = w.Run(ctx)
	}
	fmt.Fprintln(os.Stderr, err)
	return 2
}

// A process is killed at any moment of its work, again and again. Each time its record opens, is whole, and holds all that
// it acknowledged.
func TestI2I7AnEmbeddedProcessIsKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const kills = 8
	path := filepath.Join(t.TempDir(), "r.db")
	url := "sqlite://" + path
	s := openWorks(t, url)
	if _, err := storetest.Found(t.Context(), s, 6, 200); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var facts []storetest.Fact
	caught := 0
	for range kills {
		facts = append(facts, killed(t, url, 20+rand.IntN(60), time.Duration(rand.Int64N(int64(5*time.Millisecond))))...)
		if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
			caught++ // it was killed with work that is not in the file itself
		}
		s := openWorks(t, url)
		db := storetest.Look(t, url)
		var whole string
		if err := db.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&whole); err != nil || whole != "ok" {
			t.Fatalf("the file is not whole: %s, %v", whole, err)
		}
		storetest.Sound(t, s, db, facts)
		db.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d kills, %d of them with work in the log alone, %d acknowledged", kills, caught, len(facts))
	if caught == 0 {
		t.Error("no kill caught the process at work")
	}
}

// killed lets a process work until it acknowledged so many requests and so long after, kills it, and gives all that it
// acknowledged.
func killed(t *testing.T, url string, after int, later time.Duration) (facts []storetest.Fact) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), worksEnv+"="+url)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var f storetest.Fact
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			break // the half of a line that it died in: not acknowledged
		}
		if facts = append(facts, f); len(facts) == after {
			time.AfterFunc(later, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); len(facts) < after || said.Len() > 0 {
		t.Fatalf("the process ended by itself after %d: %v: %s", len(facts), err, said.String())
	}
	return facts
}
