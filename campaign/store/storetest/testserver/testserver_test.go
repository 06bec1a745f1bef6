package testserver_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redial/campaign/store/storetest/testserver"
)

// ask sends one line to a Redis and reads the first line of its answer.
func ask(t *testing.T, addr, line string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "%s\r\n", line)
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(answer)
}

func TestRedisStopAndStart(t *testing.T) {
	s := testserver.NewRedis(t)
	if got := ask(t, s.Addr, "SET k v"); got != "+OK" {
		t.Fatalf("SET = %q", got)
	}
	s.Stop()
	if c, err := net.Dial("tcp", s.Addr); err == nil {
		c.Close()
		t.Fatal("a stopped server takes connections")
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s.Addr, "EXISTS k"); got != ":0" {
		t.Errorf("after a restart EXISTS = %q, want :0", got)
	}
	if other := testserver.Redis(t); other == s.Addr {
		t.Error("two servers have the same address")
	}
}

func TestPostgresFreshDatabases(t *testing.T) {
	a, b := testserver.Postgres(t), testserver.Postgres(t)
	if a == b {
		t.Fatalf("the same database twice: %s", a)
	}
	psql(t, a, "CREATE TABLE x (id int)")
	if got := psql(t, b, "SELECT to_regclass('x') IS NULL"); got != "t" {
		t.Errorf("a table of one database is seen in the other: %q", got)
	}
	if got := psql(t, a, "SHOW fsync"); got != "off" {
		t.Errorf("fsync = %q, want off", got)
	}
}

func TestPostgresSurvivesACrash(t *testing.T) {
	s := testserver.NewPostgres(t, true)
	url := s.Database(t)
	psql(t, url, "CREATE TABLE x (id int); INSERT INTO x VALUES (7)")
	s.Stop()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if got := psql(t, url, "SELECT id FROM x"); got != "7" {
		t.Errorf("after a crash = %q, want 7", got)
	}
	if got := psql(t, url, "SHOW fsync"); got != "on" {
		t.Errorf("fsync = %q, want on", got)
	}
}

func psql(t *testing.T, url, query string) string {
	t.Helper()
	out, err := exec.Command("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", query, url).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", query, err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestServersEndWithTheProcess starts servers in a process that is killed, as a test run that times out is, and sees
// that both servers and their folders go.
func TestServersEndWithTheProcess(t *testing.T) {
	if out := os.Getenv("TESTSERVER_CHILD"); out != "" {
		url, addr := testserver.Postgres(t), testserver.Redis(t)
		host := strings.TrimSuffix(strings.TrimPrefix(url, "postgres://postgres@"), url[strings.LastIndex(url, "/"):])
		if err := os.WriteFile(out, []byte(host+" "+addr), 0o600); err != nil {
			t.Fatal(err)
		}
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		self.Kill()
		select {}
	}
	tmp, err := os.MkdirTemp("", "testserver") //nolint:usetesting // t.TempDir is closed to the user postgres
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	if err := os.Chmod(tmp, 0o755); err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(tmp, "addresses")
	child := exec.Command(os.Args[0], "-test.run=^TestServersEndWithTheProcess$")
	child.Env = append(os.Environ(), "TESTSERVER_CHILD="+told, "TMPDIR="+tmp)
	out, _ := child.CombinedOutput()
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatalf("the child did not start its servers: %v\n%s", err, out)
	}
	waitFor(t, "the folders to go", func() bool {
		left, _ := filepath.Glob(filepath.Join(tmp, "redial-*"))
		return len(left) == 0
	})
	for addr := range strings.FieldsSeq(string(text)) {
		waitFor(t, addr+" to close", func() bool {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				c.Close()
			}
			return err != nil
		})
	}
}

// waitFor polls: other processes cannot be waited for otherwise.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(15 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("waited 15 s for %s", what)
		}
	}
}

// A proxy passes on, hangs, resets and refuses, and counts what it did.
func TestProxy(t *testing.T) {
	s := testserver.NewRedis(t)
	p := testserver.NewProxy(t, s.Addr)
	if got := ask(t, p.Addr, "PING"); got != "+PONG" {
		t.Fatalf("through the proxy: %q", got)
	}
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.Hang()
	fmt.Fprint(conn, "PING\r\n")
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 8)); err == nil {
		t.Fatalf("%d bytes came through a cut cable", n)
	}
	p.Heal()
	conn.SetReadDeadline(time.Time{})
	if n, err := conn.Read(make([]byte, 8)); err != nil || n == 0 {
		t.Fatalf("nothing came after the cable was mended: %v", err)
	}
	p.Reset()
	if _, err := conn.Read(make([]byte, 8)); err == nil {
		t.Fatal("a connection that was reset still reads")
	}
	p.Refuse()
	if c, err := net.Dial("tcp", p.Addr); err == nil {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Fatal("a connection was taken that should have been refused")
		}
		c.Close()
	}
	if p.Bitten() < 3 {
		t.Errorf("harm was done %d times, want at least 3", p.Bitten())
	}
	p.Heal()
	if got := ask(t, p.Addr, "PING"); got != "+PONG" {
		t.Fatalf("after all of it: %q", got)
	}
}

// A reply that is cut comes by half, and then the connection is gone; the next one is whole again.
func TestProxyCutsAReply(t *testing.T) {
	s := testserver.NewRedis(t)
	p := testserver.NewProxy(t, s.Addr)
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.CutReply()
	fmt.Fprint(conn, "PING\r\n")
	got, err := io.ReadAll(conn)
	if string(got) != "+PO" && string(got) != "+P" && string(got) != "" || err == nil {
		t.Errorf("%q, %v came, want less than the answer and a reset", got, err)
	}
	if p.Bitten() != 1 {
		t.Errorf("harm was done %d times, want once", p.Bitten())
	}
	if got := ask(t, p.Addr, "PING"); got != "+PONG" {
		t.Errorf("the next answer: %q", got)
	}
}
