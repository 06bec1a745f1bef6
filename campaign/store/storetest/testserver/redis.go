package testserver

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"
)

// Redis starts a redis-server for this test alone and gives its address, "127.0.0.1:port".
func Redis(t testing.TB) string {
	t.Helper()
	return NewRedis(t).Addr
}

// NewRedis starts a redis-server for this test alone, to be stopped and started at will. It keeps nothing on disk:
// started again, it is empty.
func NewRedis(t testing.TB) *Server {
	t.Helper()
	return own(t, StartRedis)
}

// StartRedis starts a redis-server for a program that is no test; Close ends it.
func StartRedis() (*Server, error) {
	k := kind{
		name: "redis", ready: "Ready to accept connections", stop: syscall.SIGKILL,
		run: func(dir, port string) (*exec.Cmd, error) {
			path, err := exec.LookPath("redis-server")
			if err != nil {
				return nil, fmt.Errorf("redis-server is missing: install it with `make deps` or `apt-get install redis-server`: %w", err)
			}
			return exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--dir", dir,
				"--save", "", "--appendonly", "no", "--daemonize", "no"), nil
		},
	}
	return newServer(k, func(string) error { return nil })
}
