package app_test

import (
	"bufio"
	"context"
	"math/rand/v2"
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

	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// TestSoak works two server processes for as long as REDIAL_SOAK says, with nodes killed, Redis flushed and stopped, and
// PostgreSQL stopped under load, and ends with the audit. Every fault must be seen to bite: a run in which no call failed
// proved nothing.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv("REDIAL_SOAK"))
	if err != nil {
		t.Skip("runs with make soak, for as long as REDIAL_SOAK says")
	}
	db, cache := testserver.NewPostgres(t, true), testserver.NewRedis(t)
	s := &soak{t: t, db: db, cache: cache, bin: buildServer(t)}
	url := db.Database(t)
	for i := range 2 {
		s.procs = append(s.procs, &process{soak: s, dir: filepath.Join(t.TempDir(), "node"), database: url, addr: "127.0.0.1:0", name: string(rune('a' + i))})
		s.procs[i].start()
	}
	agents := []string{"ann", "bob", "cho", "dev", "eve", "fay", "gus", "hal"}
	n := s.nodes()
	id := n.prepare(800, agents...)
	s.shorten(n, id)

	deadline := time.Now().Add(long)
	var wg sync.WaitGroup
	for i, login := range agents {
		wg.Go(func() { s.agent(n, i, login, deadline) })
	}
	wg.Go(func() { s.misfortune(deadline) })
	wg.Wait()
	s.settle(n)
	n.audit()
	t.Logf("calls %d, failed requests %d, faults %d", s.calls.Load(), s.failed.Load(), s.faults.Load())
	if s.calls.Load() == 0 || s.failed.Load() == 0 || s.faults.Load() == 0 {
		t.Error("nothing was called, or no fault was felt")
	}
}

// soak is the world that is shaken.
type soak struct {
	t     *testing.T
	bin   string
	db    *testserver.Server
	cache *testserver.Server
	procs []*process

	calls, failed, faults atomic.Int64
}

func buildServer(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "dialerd")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/dialerd")
	cmd.Dir = filepath.Join("..", "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

// process is one dialerd.
type process struct {
	*soak
	name, dir, database, addr string
	cmd                       *exec.Cmd
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.CommandContext(context.Background(), p.bin, "--data", p.dir, "--database", p.database, "--redis", "redis://"+p.cache.Addr,
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
	p.t.Cleanup(func() { cmd.Process.Kill() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "ready grpc="); ok {
			p.addr, _, _ = strings.Cut(rest, " ")
			go func() { // what it says later
				for lines.Scan() {
				}
			}()
			return
		}
	}
	p.t.Error("a node ended before it was ready")
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (s *soak) nodes() *nodes {
	s.t.Helper()
	n := &nodes{t: s.t}
	for _, p := range s.procs {
		conn, err := grpc.NewClient("passthrough:///"+p.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { conn.Close() })
		n.conns = append(n.conns, conn)
	}
	secret, err := os.ReadFile(filepath.Join(s.procs[0].dir, "admin.token"))
	n.must(err)
	n.ctx = metadata.AppendToOutgoingContext(s.t.Context(), "authorization", "Bearer "+strings.TrimSpace(string(secret)))
	return n
}

// shorten makes the floor's times short, so that what faults leave behind is found again within the run.
func (s *soak) shorten(n *nodes, id int64) {
	c := campaignpb.NewCampaignServiceClient(n.conns[0])
	got, err := c.GetCampaign(n.ctx, &campaignpb.GetCampaignRequest{Id: id})
	n.must(err)
	m := got.GetCampaign()
	m.Rules.Interval = durationpb.New(5 * time.Second)
	none := int32(0)
	m.Rules.MaxPerDay = &none
	m.Floor.OfferTime, m.Floor.Lease, m.Floor.WrapUp = durationpb.New(2*time.Second), durationpb.New(5*time.Second), durationpb.New(time.Second)
	_, err = c.UpdateCampaign(n.ctx, &campaignpb.UpdateCampaignRequest{Campaign: m, UpdateMask: mask("rules", "floor")})
	n.must(err)
}

// agent calls and calls, at whichever node answers.
func (s *soak) agent(n *nodes, i int, login string, deadline time.Time) {
	for time.Now().Before(deadline) {
		desk := dialerpb.NewAgentServiceClient(n.conns[i%len(n.conns)])
		lead, err := n.call(desk, login)
		switch {
		case err == nil && lead != 0:
			s.calls.Add(1)
		case err != nil:
			s.failed.Add(1)
			if code := status.Code(err); code == codes.Unauthenticated || code == codes.PermissionDenied || code == codes.InvalidArgument || code == codes.Internal {
				s.t.Errorf("%s: %v", login, err)
			}
			i++
			pause(100 * time.Millisecond)
		}
	}
}

// misfortune does one harm after the other until the time is over, and makes good each before the next.
func (s *soak) misfortune(deadline time.Time) {
	rng := rand.New(rand.NewPCG(1, uint64(os.Getpid())))
	client := redis.NewClient(&redis.Options{Addr: s.cache.Addr})
	defer client.Close()
	for time.Now().Add(10 * time.Second).Before(deadline) {
		pause(time.Duration(1+rng.IntN(4)) * time.Second)
		s.faults.Add(1)
		switch rng.IntN(6) {
		case 0:
			client.FlushAll(context.Background())
		case 1:
			s.cache.Stop()
			pause(2 * time.Second)
			s.restart(s.cache)
		case 2:
			s.db.Stop()
			pause(time.Second)
			s.restart(s.db)
		default:
			p := s.procs[rng.IntN(len(s.procs))]
			p.kill()
			pause(500 * time.Millisecond)
			p.start()
		}
	}
}

func (s *soak) restart(server *testserver.Server) {
	if err := server.Start(); err != nil {
		s.t.Error(err)
	}
}

// settle waits until what was in hands at the end has lapsed.
func (s *soak) settle(n *nodes) {
	desk := dialerpb.NewFloorServiceClient(n.conns[0])
	for range 60 {
		f, err := desk.GetFloor(n.ctx, &dialerpb.GetFloorRequest{})
		if err == nil {
			held := int64(0)
			for _, c := range f.GetFloor().GetCampaigns() {
				held += c.GetHeld()
			}
			if held == 0 {
				return
			}
		}
		pause(time.Second)
	}
	s.t.Error("leads are still held a minute after the last call")
}

// pause lets real servers and processes get on with it: this test runs in real time.
func pause(d time.Duration) { <-time.After(d) }
