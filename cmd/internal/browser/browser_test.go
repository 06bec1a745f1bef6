package browser_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	hintNode     = "install nodejs and npm (apt-get install nodejs npm), and let npm reach its registry"
	hintChromium = "install chromium and a font with Chinese (apt-get install chromium fonts-wqy-microhei)"
)

// chromiums are the names under which browsers are found.
var chromiums = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}

// chromium is the path of a browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range chromiums {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no browser: " + hintChromium)
	return ""
}

// stage is a folder with the scenes and the packages of the lock file, made once for all runs of this user outside the tree.
func stage(t *testing.T) string {
	t.Helper()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	sum := sha256.Sum256(lock)
	home := filepath.Join(cache, "redial-browser", hex.EncodeToString(sum[:8]))
	installing.Lock()
	defer installing.Unlock()
	if _, err := os.Stat(filepath.Join(home, "node_modules", "playwright-core")); err != nil {
		install(t, home)
	}
	scenes := t.TempDir()
	if err := os.CopyFS(scenes, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(home, "node_modules"), filepath.Join(scenes, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return scenes
}

// installing lets one test install the packages that all need.
var installing sync.Mutex

// install makes home whole or not at all.
func install(t *testing.T, home string) {
	t.Helper()
	fresh := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(fresh, name), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run(t, fresh, nil, "npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"); err != nil {
		t.Fatalf("npm ci: %v: %s\n%s", err, hintNode, out)
	}
	for _, old := range []string{home, home + ".new"} {
		if err := os.RemoveAll(old); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(home+".new", 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(home+".new", "node_modules"), os.DirFS(filepath.Join(fresh, "node_modules"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(home+".new", home); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, append(os.Environ(), env...), 5*time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// shots is where pictures of the pages are kept: .artefacts/pages at the top of the tree, emptied when a run begins, so that
// pictures of one run lie together; or REDIAL_SHOTS, a folder that is left as it is.
func shots(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("REDIAL_SHOTS")
	if dir == "" {
		dir = "../../../.artefacts/pages"
		emptied.Do(func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		})
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

var emptied sync.Once

// play lets a scene happen before the office; what the scene found wrong fails the test.
func (o *office) play(scene string) {
	o.t.Helper()
	dir := stage(o.t)
	w := o.world
	w.Shots, w.Chromium, w.Files = shots(o.t), chromium(o.t), filepath.Join(dir, "files")
	for name, raw := range o.files {
		o.must(os.WriteFile(filepath.Join(w.Files, name), raw, 0o600))
	}
	raw, err := json.Marshal(w)
	o.must(err)
	out, err := run(o.t, dir, []string{"REDIAL_WORLD=" + string(raw)}, "node", filepath.Join("scenes", scene+".mjs"))
	if err != nil {
		o.t.Errorf("%s: %v\n%s", scene, err, out)
		return
	}
	o.t.Log(out)
}
