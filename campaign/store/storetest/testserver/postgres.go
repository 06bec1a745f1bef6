package testserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

const postgresHint = "install it with `make deps` or `apt-get install postgresql`"

// shared is the server of this test process, started by its first test. Its guard ends it with the process.
var shared = sync.OnceValues(func() (*Server, error) { return StartPostgres(false) })

var databases atomic.Int64

// Postgres gives a fresh, empty database as a postgres:// URL, on a server that the tests of this process share. The
// server does not sync to disk. The database is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s.Database(t)
}

// NewPostgres starts a PostgreSQL server for this test alone, to be stopped and started at will. When durable, a
// commit waits for the disk as in production.
func NewPostgres(t testing.TB, durable bool, settings ...string) *Server {
	t.Helper()
	return own(t, func() (*Server, error) { return StartPostgres(durable, settings...) })
}

// Database gives a fresh, empty database of a PostgreSQL server as a URL; it is dropped when the test ends, unless the
// server is stopped then.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	url, drop, err := s.CreateDatabase("template0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd == nil {
			return
		}
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// CreateDatabase makes a database of a PostgreSQL server as a copy of another, by its name; "template0" is empty.
// Nobody may be connected to the one that is copied. drop removes it, whoever is connected.
func (s *Server) CreateDatabase(from string) (url string, drop func() error, err error) {
	name := "test_" + strconv.FormatInt(databases.Add(1), 10)
	if err := s.client("createdb", "-T", from, name); err != nil {
		return "", nil, err
	}
	return "postgres://postgres@" + s.Addr + "/" + name + "?sslmode=disable", func() error { return s.client("dropdb", "--force", name) }, nil
}

// client runs one of PostgreSQL's own client programs against the server.
func (s *Server) client(program string, args ...string) error {
	path, err := postgresBinary(program)
	if err != nil {
		return err
	}
	cmd := exec.Command(path, args...)
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fmt.Errorf("reading the address of postgres: %w", err)
	}
	cmd.Env = append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGUSER=postgres", "PGDATABASE=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", program, args, err, out)
	}
	return nil
}

// StartPostgres starts a PostgreSQL server for a program that is no test; Close ends it. When durable, a commit waits
// for the disk as in production. Settings are more of them, such as "shared_buffers=512MB".
func StartPostgres(durable bool, settings ...string) (*Server, error) {
	cred, err := postgresUser()
	if err != nil {
		return nil, err
	}
	options := []string{"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300"}
	if !durable {
		options = append(options, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	for _, o := range settings {
		options = append(options, "-c", o)
	}
	k := kind{
		name: "postgres", ready: "database system is ready to accept connections", stop: syscall.SIGQUIT,
		run: func(dir, port string) (*exec.Cmd, error) {
			return postgresCommand(cred, dir, "postgres", append(options, "-p", port)...)
		},
	}
	return newServer(k, func(dir string) error {
		return runPostgres(cred, dir, "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8")
	})
}

// postgresCommand is a program of PostgreSQL's, to be run as cred in a server's folder.
func postgresCommand(cred *syscall.Credential, dir, program string, args ...string) (*exec.Cmd, error) {
	path, err := postgresBinary(program)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir // the working folder of a root shell is closed to the user postgres
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PGDATA="+filepath.Join(dir, "data"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	return cmd, nil
}

// runPostgres gives the folder to cred and runs a program that fills it.
func runPostgres(cred *syscall.Credential, dir, program string, args ...string) error {
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return fmt.Errorf("giving the data folder to the user postgres: %w", err)
		}
	}
	cmd, err := postgresCommand(cred, dir, program, args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return nil
}

// postgresUser is whom the server runs as: nil for ourselves. PostgreSQL refuses to run as root.
func postgresUser() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root and there is no user postgres: %s: %w", postgresHint, err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("reading the ids of the user postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// postgresBinary finds a program of the newest PostgreSQL: where Debian keeps them, else on the path.
func postgresBinary(program string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("PostgreSQL's %s is missing: %s", program, postgresHint)
	}
	return path, nil
}

// version is the number in /usr/lib/postgresql/NUMBER/bin/program; 0 if it is none.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}
