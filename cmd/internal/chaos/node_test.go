package chaos

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// nodeReady is how long a node may take until it serves, with its database away for a while.
const nodeReady = time.Minute

// node is one dialerd: a process that is killed, hung and started again at the same addresses.
type node struct {
	w         *world
	name, dir string
	database  string // URL; empty: SQLite in dir
	redis     string // URL; empty: in the process
	grpc, web string // where it listens; port 0 until its first start
	felt      atomic.Int64
	starts    atomic.Int64

	mu    sync.Mutex // of the following
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
	ours  bool          // that it ends is our doing
	said  []string      // its last words
}

// buildServer makes the program that the nodes run, with the race detector if asked for.
func buildServer(t testing.TB) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "dialerd")
	args := []string{"build", "-o", bin}
	if os.Getenv("REDIAL_RACE") != "" {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./cmd/dialerd")...)
	cmd.Dir = filepath.Join("..", "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

// start runs the process until it serves. One that ends before is started again, as a supervisor would.
func (n *node) start() error {
	for began := time.Now(); ; pause(200 * time.Millisecond) {
		err := n.run()
		if err == nil || time.Since(began) > nodeReady {
			return err
		}
	}
}

func (n *node) run() error {
	args := []string{"--data", n.dir, "--grpc", n.grpc, "--web", n.web, "--node", n.name, "--log", "warn", "--drain", "5s"}
	if n.database != "" {
		args = append(args, "--database", n.database, "--redis", n.redis)
	}
	cmd := exec.CommandContext(context.Background(), n.w.bin, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "REDIAL_") })
	cmd.Stderr = n
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("starting node %s: %w", n.name, err)
	}
	ready, ended := make(chan string, 1), make(chan struct{})
	n.mu.Lock()
	n.cmd, n.ended, n.ours = cmd, ended, true
	n.mu.Unlock()
	go n.follow(cmd, out, ready, ended)
	select {
	case line := <-ready:
		if n.starts.Load() == 0 {
			if _, err := fmt.Sscanf(line, "ready grpc=%s web=%s", &n.grpc, &n.web); err != nil {
				return fmt.Errorf("node %s says %q: %w", n.name, line, err)
			}
		}
		n.mu.Lock()
		n.ours = false
		n.mu.Unlock()
		n.starts.Add(1)
		return nil
	case <-ended:
		return fmt.Errorf("node %s ended before it was ready:\n%s", n.name, n.words())
	case <-time.After(nodeReady):
		n.kill()
		return fmt.Errorf("node %s was not ready after %v:\n%s", n.name, nodeReady, n.words())
	}
}

// follow reads what a process says until it ends. One that ends by itself is a breach.
func (n *node) follow(cmd *exec.Cmd, out io.Reader, ready chan<- string, ended chan<- struct{}) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "ready ") {
			ready <- lines.Text()
		}
	}
	err := cmd.Wait()
	n.mu.Lock()
	ours := n.ours
	n.mu.Unlock()
	if !ours {
		n.w.breach(0, "node %s ended by itself: %v\n%s", n.name, err, n.words())
	}
	close(ended)
}

// Write keeps the last of what the process logs; a panic or a race is a breach.
func (n *node) Write(p []byte) (int, error) {
	text := string(p)
	n.mu.Lock()
	n.said = append(n.said, text)
	if len(n.said) > 60 {
		n.said = n.said[1:]
	}
	n.mu.Unlock()
	for _, sign := range []string{"panic:", "fatal error:", "DATA RACE", "panicked"} {
		if strings.Contains(text, sign) {
			n.w.breach(0, "node %s: %s", n.name, text)
		}
	}
	return len(p), nil
}

func (n *node) words() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.said, "")
}

// signal sends a signal; one that ends the process is ours from here on.
func (n *node) signal(s syscall.Signal) (ended <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s == syscall.SIGKILL || s == syscall.SIGTERM {
		n.ours = true
	}
	if n.cmd != nil {
		_ = n.cmd.Process.Signal(s) // it may have ended
	}
	return n.ended
}

// kill ends it as a power cut would.
func (n *node) kill() { <-n.signal(syscall.SIGKILL) }
