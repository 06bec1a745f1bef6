package examples_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const examples = "../../../deploy/examples"

// client is an example made ready: run it in dir, with the outcomes in dir/outcomes.csv and the exports in dir/data.
type client func(t *testing.T, dir string, env ...string) (out string, err error)

var clients = map[string]func(t *testing.T) client{"go": goClient, "node": nodeClient, "python": pythonClient, "grpcurl": grpcurlClient}

// must runs a program that makes an example ready, and tells what to install when it fails.
func must(t *testing.T, hint, dir string, env []string, name string, args ...string) {
	t.Helper()
	if _, err := os.Stat(name); err != nil {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is missing: %s", name, hint)
		}
	}
	if out, err := runIn(t, dir, env, name, args...); err != nil {
		t.Fatalf("%s %s: %v: %s\n%s", name, strings.Join(args, " "), err, hint, out)
	}
}

func runIn(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func abs(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// program is a client that is given the campaign, the outcomes and the exports.
func program(own []string, name string, args ...string) client {
	return func(t *testing.T, dir string, env ...string) (string, error) {
		t.Helper()
		campaign := "1"
		for _, v := range env {
			if id, ok := strings.CutPrefix(v, "CAMPAIGN="); ok {
				campaign = id
			}
		}
		all := append(append([]string{}, args...), campaign, "outcomes.csv", "data/salesforce.csv", "data/hubspot.csv")
		return runIn(t, dir, append(env, own...), name, all...)
	}
}

func goClient(t *testing.T) client {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "example")
	must(t, "install Go", examples, nil, "go", "build", "-o", bin, "./go")
	return program(nil, bin)
}

// installing lets one test install the packages that another one needs, too.
var installing sync.Mutex

// nodeClient installs the packages of the lock file once for all runs of this user, outside the tree.
func nodeClient(t *testing.T) client {
	t.Helper()
	const hint = "install nodejs and npm (apt-get install nodejs npm), and let npm reach its registry"
	lock, err := os.ReadFile(filepath.Join(examples, "node", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	installing.Lock()
	defer installing.Unlock()
	sum := sha256.Sum256(lock)
	home := filepath.Join(cache, "redial-examples", "node-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(filepath.Join(home, "node_modules", "@grpc")); err != nil {
		fresh := home + ".new"
		if err := os.RemoveAll(fresh); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(fresh, os.DirFS(abs(t, filepath.Join(examples, "node")))); err != nil {
			t.Fatal(err)
		}
		must(t, hint, fresh, nil, "npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
		if err := os.Rename(fresh, home); err != nil {
			t.Fatal(err)
		}
	}
	must(t, hint, ".", nil, "node", "--version")
	return program([]string{"NODE_PATH=" + filepath.Join(home, "node_modules")}, "node", abs(t, filepath.Join(examples, "node", "main.js")))
}

// pythonClient uses the Python that Debian's packages are for.
func pythonClient(t *testing.T) client {
	t.Helper()
	const hint = "apt-get install python3-grpcio python3-protobuf protobuf-compiler libprotobuf-dev"
	python := "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		python = "python3"
	}
	must(t, hint, ".", nil, python, "-c", "import grpc, google.protobuf")
	gen := t.TempDir()
	must(t, hint, abs(t, filepath.Join(examples, "python")), nil, "protoc", "-I", "../../../proto", "-I", "..", "--python_out", gen,
		"campaign/v1/types.proto", "campaign/v1/lead.proto", "campaign/v1/event.proto", "retry.proto")
	return program([]string{"PYTHONPATH=" + gen, "PYTHONDONTWRITEBYTECODE=1"}, python, abs(t, filepath.Join(examples, "python", "main.py")))
}

var shells = regexp.MustCompile("(?s)```sh\n(.*?)```")

// grpcurlClient runs the commands of the page, in their order.
func grpcurlClient(t *testing.T) client {
	t.Helper()
	bin := t.TempDir()
	must(t, "let Go reach its module proxy", "../../..", nil, "go", "build", "-modfile=.ci/grpcurl/go.mod", "-o", bin, "github.com/fullstorydev/grpcurl/cmd/grpcurl")
	must(t, "apt-get install jq", ".", nil, "jq", "--version")
	page, err := os.ReadFile(filepath.Join(examples, "grpcurl.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range shells.FindAllSubmatch(page, -1) {
		script.Write(block[1])
	}
	if !strings.Contains(script.String(), "UpsertLeads") {
		t.Fatal("the page has no commands")
	}
	return func(t *testing.T, dir string, env ...string) (string, error) {
		t.Helper()
		return runIn(t, dir, append(env, "PATH="+bin+":"+os.Getenv("PATH")), "bash", "-euo", "pipefail", "-c", script.String())
	}
}
