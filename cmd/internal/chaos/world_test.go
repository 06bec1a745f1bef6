package chaos

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the record is looked into: who leads, which events, how large
	"github.com/redis/go-redis/v9"

	"redial/campaign/store/storetest/testserver"
)

// world is everything that is shaken and everybody who works in it.
type world struct {
	t    *testing.T
	seed uint64
	bin  string
	mix  []share       // what comes of calls
	talk time.Duration // the longest ordinary call

	db, cache           *testserver.Server // nil: embedded
	dbProxy, cacheProxy *testserver.Proxy
	sql                 *sql.DB       // straight to PostgreSQL; nil: embedded
	redis               *redis.Client // straight to Redis; nil: embedded
	nodes               []*node

	admin     *caller
	callers   []*caller
	campaigns []*drive
	book      *journal
	follower  *follower
	meter     *meter
	count     counts
	over      chan struct{} // closed when nobody is to begin anything more

	mu       sync.Mutex
	breaches []breach
	told     int            // of the breaches, those reported
	harmed   map[*node]bool // under a fault
}

// counts are of the whole run.
type counts struct {
	requests, failed, retried, away atomic.Int64
	calls, vanished, late           atomic.Int64
	stalled, stalls                 atomic.Int64
}

// breach is something that must not be.
type breach struct {
	lead int64 // 0: of none
	text string
}

// breachMost bounds how many breaches are told of: the first say what is wrong.
const breachMost = 20

func (w *world) breach(lead int64, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.breaches) < breachMost {
		w.breaches = append(w.breaches, breach{lead, fmt.Sprintf(format, args...)})
	}
}

// newWorld starts the servers and the nodes. With no nodes beyond one it may be embedded: a single process on SQLite.
func newWorld(t *testing.T, nodes int, embedded bool) *world {
	t.Helper()
	w := &world{t: t, seed: seedOf(t), bin: buildServer(t), book: newJournal(), over: make(chan struct{}), harmed: make(map[*node]bool), mix: everyKind, talk: 30 * time.Millisecond}
	w.meter = &meter{w: w, last: make(map[reading]int64)}
	database, cache := "", ""
	if !embedded {
		w.db, w.cache = testserver.NewPostgres(t, true), testserver.NewRedis(t)
		w.dbProxy, w.cacheProxy = testserver.NewProxy(t, w.db.Addr), testserver.NewProxy(t, w.cache.Addr)
		straight := w.db.Database(t)
		database, cache = strings.Replace(straight, w.db.Addr, w.dbProxy.Addr, 1), "redis://"+w.cacheProxy.Addr
		var err error
		if w.sql, err = sql.Open("pgx", straight); err != nil {
			t.Fatal(err)
		}
		w.redis = redis.NewClient(&redis.Options{Addr: w.cache.Addr})
		t.Cleanup(func() { w.sql.Close(); w.redis.Close() })
	}
	for i := range nodes {
		n := &node{
			w: w, name: string(rune('a' + i)), dir: filepath.Join(t.TempDir(), "data"), database: database, redis: cache,
			grpc: "127.0.0.1:0", web: "127.0.0.1:0",
		}
		if err := n.start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(n.kill)
		w.nodes = append(w.nodes, n)
	}
	w.admin = w.caller("admin", w.secret())
	return w
}

// secret is the token that the first process wrote.
func (w *world) secret() string {
	text, err := os.ReadFile(filepath.Join(w.nodes[0].dir, "admin.token"))
	w.must(err)
	return strings.TrimSpace(string(text))
}

// seedOf is what the run is drawn by: REDIAL_SEED, or one of its own. It is told, so that a run can be drawn again.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("REDIAL_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("REDIAL_SEED %q is no number", text)
		}
	}
	t.Logf("REDIAL_SEED=%d draws this run again", seed)
	return seed
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// done says whether nobody is to begin anything more.
func (w *world) done() bool {
	select {
	case <-w.over:
		return true
	default:
		return false
	}
}

// await waits for a condition and says whether it came in time.
func await(most time.Duration, done func() bool) bool {
	for began := time.Now(); !done(); pause(50 * time.Millisecond) {
		if time.Since(began) > most {
			return false
		}
	}
	return true
}
