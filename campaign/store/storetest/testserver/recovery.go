package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// NewArchiving starts a PostgreSQL server for this test that keeps its log, as the runbook has it, so that it can be
// brought back as it stood at any instant after a BaseBackup.
func NewArchiving(t testing.TB) *Server {
	t.Helper()
	s := own(t, func() (*Server, error) {
		return StartPostgres(false, "archive_mode=on", "archive_command=mkdir -p ../wal && test ! -f ../wal/%f && cp %p ../wal/%f")
	})
	return s
}

// BaseBackup copies the server's files while it works.
func (s *Server) BaseBackup() error {
	cred, err := postgresUser()
	if err != nil {
		return err
	}
	host, port, _ := strings.Cut(s.Addr, ":")
	return runPostgres(cred, s.dir, "pg_basebackup", "--no-sync", "--checkpoint=fast", "-X", "stream", "--pgdata", s.dir+"/base", "-h", host, "-p", port, "-U", "postgres")
}

// Now is the server's clock.
func (s *Server) Now() (time.Time, error) {
	text, err := s.ask(`SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`)
	if err != nil {
		return time.Time{}, fmt.Errorf("asking for the time: %w: %s", err, text)
	}
	return time.Parse(time.RFC3339Nano, text)
}

// Recover ends the server and starts another for this test from its base backup and log, as it stood at an instant.
func (s *Server) Recover(t testing.TB, at time.Time) *Server {
	t.Helper()
	file, err := s.ask(`SELECT pg_walfile_name(pg_switch_wal())`)
	if err == nil {
		err = s.awaitSQL(fmt.Sprintf(`SELECT last_archived_wal >= '%s' FROM pg_stat_archiver`, file), "t")
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	return own(t, func() (*Server, error) {
		cred, err := postgresUser()
		if err != nil {
			return nil, err
		}
		k := kind{
			name: "postgres", ready: "database system is ready to accept connections", stop: syscall.SIGQUIT,
			run: func(dir, port string) (*exec.Cmd, error) {
				return postgresCommand(cred, dir, "postgres", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300", "-c", "fsync=off", "-p", port)
			},
		}
		made, err := newServer(k, func(dir string) error {
			data := filepath.Join(dir, "data")
			if err := runPostgres(cred, dir, "cp", "-a", s.dir+"/base", data); err != nil {
				return err
			}
			settings := fmt.Sprintf("restore_command = 'cp %s/wal/%%f %%p'\nrecovery_target_time = '%s'\nrecovery_target_action = 'promote'\n",
				s.dir, at.UTC().Format("2006-01-02 15:04:05.000000+00"))
			if err := os.WriteFile(filepath.Join(data, "postgresql.auto.conf"), []byte(settings), 0o600); err != nil {
				return err
			}
			return runPostgres(cred, dir, "touch", filepath.Join(data, "recovery.signal"))
		})
		if err == nil {
			err = made.awaitSQL("SELECT pg_is_in_recovery()", "f")
		}
		return made, err
	})
}
