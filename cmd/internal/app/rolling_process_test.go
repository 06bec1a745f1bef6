package app_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to look at the record beside the nodes
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	dialerpb "redial/proto/dialer/v1"
)

// program is the server's, made once for all tests of this package that run real processes.
var program struct {
	make sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if program.dir != "" {
		os.RemoveAll(program.dir)
	}
	os.Exit(code)
}

// built is the path of the server's program.
func built(t *testing.T) string {
	t.Helper()
	program.make.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "redial-nodes"); program.err != nil { //nolint:usetesting // it outlives the test that makes it
			return
		}
		cmd := exec.CommandContext(context.Background(), "go", "build", "-o", program.dir, "./cmd/dialerd")
		cmd.Dir = filepath.Join("..", "..", "..")
		if out, err := cmd.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("build the server: %w: %s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return filepath.Join(program.dir, "dialerd")
}

// dialerd is one real process of the server.
type dialerd struct {
	t                         *testing.T
	dir, name, database, addr string
	redis                     string
	cmd                       *exec.Cmd
}

// runNode starts a process; it is ready when this returns.
func runNode(t *testing.T, name, database, redis string) *dialerd {
	t.Helper()
	p := &dialerd{t: t, dir: t.TempDir(), name: name, database: database, redis: redis, addr: "127.0.0.1:0"}
	p.start()
	return p
}

func (p *dialerd) start() {
	p.t.Helper()
	p.cmd = exec.CommandContext(context.Background(), built(p.t), "--data", p.dir, "--database", p.database, "--redis", p.redis,
		"--grpc", p.addr, "--web", "127.0.0.1:0", "--node", p.name, "--log", "error")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = os.Stderr
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "REDIAL_") })
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := p.cmd
	p.t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	for said := bufio.NewScanner(out); said.Scan(); {
		if rest, ok := strings.CutPrefix(said.Text(), "ready grpc="); ok {
			p.addr, _, _ = strings.Cut(rest, " ")
			go func() { // what it says later
				for said.Scan() {
				}
			}()
			return
		}
	}
	p.t.Fatalf("node %s ended before it was ready", p.name)
}

func (p *dialerd) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// stop asks the process to end and waits until it has, which must be no failure.
func (p *dialerd) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("node %s was to stop: %v", p.name, err)
	}
}

// token is the admin token that this process made.
func (p *dialerd) token(ctx context.Context) context.Context {
	p.t.Helper()
	secret, err := os.ReadFile(filepath.Join(p.dir, "admin.token"))
	if err != nil {
		p.t.Fatal(err)
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+strings.TrimSpace(string(secret)))
}

// dial is a connection that comes back quickly when its node does.
func dial(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second,
			Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, MaxDelay: 300 * time.Millisecond}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// desks are the agents' clients of connections.
func desks(conns []*grpc.ClientConn) (all []dialerpb.AgentServiceClient) {
	for _, c := range conns {
		all = append(all, dialerpb.NewAgentServiceClient(c))
	}
	return all
}

// clients are those that agents may ask, which become more.
type clients struct {
	mu  sync.Mutex
	all []dialerpb.AgentServiceClient
}

func (c *clients) now() []dialerpb.AgentServiceClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

func (c *clients) add(more ...dialerpb.AgentServiceClient) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(slices.Clip(c.all), more...)
}

// beside opens the record beside the nodes.
func beside(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
