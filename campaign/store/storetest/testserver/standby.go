package testserver

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// standbyTimeout is how long a standby may take to follow, or to take over.
const standbyTimeout = time.Minute

// NewStandby starts a server for this test that follows a PostgreSQL server synchronously: from now on a commit there is
// acknowledged once this one has it on disk, too. Promote has it take over.
func NewStandby(t testing.TB, primary *Server) *Server {
	t.Helper()
	s := own(t, func() (*Server, error) { return startStandby(primary) })
	if err := primary.client("psql", "-qAtX", "-c", "ALTER SYSTEM SET synchronous_standby_names = '*'", "-c", "SELECT pg_reload_conf()", "postgres"); err != nil {
		t.Fatal(err)
	}
	if err := primary.awaitSQL("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1"); err != nil {
		t.Fatal(err)
	}
	return s
}

func startStandby(primary *Server) (*Server, error) {
	cred, err := postgresUser()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		return nil, fmt.Errorf("reading the address of postgres: %w", err)
	}
	k := kind{
		name: "postgres", ready: "database system is ready to accept", stop: syscall.SIGQUIT,
		run: func(dir, port string) (*exec.Cmd, error) {
			return postgresCommand(cred, dir, "postgres", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300",
				"-p", port)
		},
	}
	return newServer(k, func(dir string) error {
		return runPostgres(cred, dir, "pg_basebackup", "--no-sync", "--checkpoint=fast", "--write-recovery-conf", "--pgdata", dir+"/data",
			"--dbname", fmt.Sprintf("host=%s port=%s user=postgres application_name=standby", host, port))
	})
}

// Promote ends a standby's following: it takes writes when this returns.
func (s *Server) Promote() error {
	if err := s.client("psql", "-qAtX", "-c", "SELECT pg_promote(true, 60)", "postgres"); err != nil {
		return err
	}
	return s.awaitSQL("SELECT pg_is_in_recovery()", "f")
}

// awaitSQL polls until a query has the answer: there is nothing else to wait for.
func (s *Server) awaitSQL(query, want string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(standbyTimeout)
	for {
		got, err := s.ask(query)
		if err == nil && got == want {
			return nil
		}
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("%s gave %q for %v, want %q: %w", query, got, standbyTimeout, want, err)
		}
	}
}

// ask runs a query and gives its answer as text.
func (s *Server) ask(query string) (string, error) {
	path, err := postgresBinary("psql")
	if err != nil {
		return "", err
	}
	out, err := exec.Command(path, "-qAtX", "-c", query, "postgres://postgres@"+s.Addr+"/postgres?sslmode=disable").CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
