// Package testserver starts throw-away PostgreSQL and Redis servers for tests and benchmarks: real binaries, free ports on the
// loopback, data in a temporary folder. It decides how they are started and makes sure that they end with the test
// process, however that ends. It never skips a test: a missing server is a failure that says what to install.
//
// Call it outside synctest bubbles: a server's start waits for real time.
package testserver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout is generous: initdb on a laden two-core machine took 8 s.
const startTimeout = time.Minute

// Server is one running server. Its methods are for one goroutine at a time.
type Server struct {
	// Addr is "127.0.0.1:port"; it stays the same over Stop and Start.
	Addr string

	kind  kind
	dir   string
	cmd   *exec.Cmd
	log   *tail
	guard io.WriteCloser // the guard's standard input: it acts when this closes
	done  func() error   // waits for the guard
}

// kind is what differs between the servers.
type kind struct {
	name  string
	ready string                                    // the log says this when it serves
	stop  syscall.Signal                            // ends it at once, as a crash would
	run   func(dir, port string) (*exec.Cmd, error) // the command, not started
}

// guardScript remembers the last process id it was told, and when its standard input closes (the test process closed
// it, or is gone) ends that process and removes the folder, again while the dying server still writes. Pdeathsig would
// be less: it leaves the folder behind, and it is tied to the thread that started the child (Go issue 27505).
const guardScript = `trap '' INT TERM HUP; pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 0 ]; then kill -s "$1" "$pid"; fi
n=0; until rm -rf "$2" || [ $n -ge 100 ]; do sleep 0.05; n=$((n+1)); done`

// newServer makes a folder, its guard and the server in it, and returns when the server serves.
func newServer(k kind, prepare func(dir string) error) (*Server, error) {
	dir, err := os.MkdirTemp("", "redial-"+k.name+"-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for %s: %w", k.name, err)
	}
	s := &Server{kind: k, dir: dir}
	if err := s.startGuard(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	if err := prepare(dir); err != nil {
		s.Close()
		return nil, err
	}
	// Another process may take the free port before the server does: then it ends at once, and another is tried.
	for range 5 {
		if s.Addr, err = freeAddr(); err == nil {
			err = s.Start()
		}
		if err == nil {
			return s, nil
		}
	}
	s.Close()
	return nil, err
}

func (s *Server) startGuard() error {
	guard := exec.Command("sh", "-c", guardScript, "sh", signalName(s.kind.stop), s.dir)
	in, err := guard.StdinPipe()
	if err != nil {
		return fmt.Errorf("making the pipe of the guard of %s: %w", s.kind.name, err)
	}
	if err := guard.Start(); err != nil {
		return fmt.Errorf("starting the guard of %s: %w", s.kind.name, err)
	}
	s.guard, s.done = in, guard.Wait
	return nil
}

// Start starts the server, again after Stop, and returns when it serves.
func (s *Server) Start() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fmt.Errorf("reading the address of %s: %w", s.kind.name, err)
	}
	cmd, err := s.kind.run(s.dir, port)
	if err != nil {
		return err
	}
	// A pipe of our own, not StderrPipe: Wait would close that before the last words are read.
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making the log pipe of %s: %w", s.kind.name, err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // Ctrl-C is for us: the server is stopped when we are done with it
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return fmt.Errorf("starting %s: %w", s.kind.name, err)
	}
	s.cmd, s.log = cmd, newTail(r, s.kind.ready)
	fmt.Fprintln(s.guard, cmd.Process.Pid)
	select {
	case <-s.log.ready:
		return nil
	case <-s.log.ended:
		err = fmt.Errorf("%s did not start:\n%s", s.kind.name, s.log.text())
	case <-time.After(startTimeout):
		err = fmt.Errorf("%s was not ready after %v:\n%s", s.kind.name, startTimeout, s.log.text())
	}
	s.Stop()
	return err
}

// Stop ends the server at once, as a crash would: what it had not written is lost. Stopped, it does nothing.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(s.kind.stop) // it may have ended by itself
	_ = s.cmd.Wait()                      // it says that it was killed
	<-s.log.ended                         // the last of its children is gone, too
	s.cmd = nil
	fmt.Fprintln(s.guard, 0)
}

// Close stops the server and removes its folder.
func (s *Server) Close() {
	s.Stop()
	s.guard.Close()
	_ = s.done()
}

// own is a server for one test alone.
func own(t testing.TB, make func() (*Server, error)) *Server {
	t.Helper()
	s, err := make()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func signalName(s syscall.Signal) string {
	if s == syscall.SIGQUIT {
		return "QUIT"
	}
	return "KILL"
}

// tail follows a server's log: it tells when the server is ready or gone, and keeps the last lines.
type tail struct {
	ready, ended chan struct{}
	mu           sync.Mutex
	lines        []string
}

func newTail(r io.ReadCloser, ready string) *tail {
	l := &tail{ready: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		defer r.Close()
		seen := false
		for in := bufio.NewScanner(r); in.Scan(); {
			l.add(in.Text())
			if !seen && strings.Contains(in.Text(), ready) {
				seen = true
				close(l.ready)
			}
		}
		_, _ = io.Copy(io.Discard, r) // a line too long for the scanner must not block the server
	}()
	return l
}

func (l *tail) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if len(l.lines) > 20 {
		l.lines = l.lines[1:]
	}
}

func (l *tail) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
