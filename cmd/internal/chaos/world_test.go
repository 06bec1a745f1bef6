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
	standby             *testserver.Server // nil: there is none
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

// ground is what the nodes stand on.
type ground int

const (
	embedded    ground = iota // one process alone, on SQLite
	onServers                 // PostgreSQL and Redis, each behind a proxy
	withStandby               // PostgreSQL with a synchronous standby, both named in the URL
)

// newWorld starts the servers and the nodes.
func newWorld(t *testing.T, nodes int, on ground) *world {
	t.Helper()
	w := &world{t: t, seed: seedOf(t), bin: buildServer(t), book: newJournal(), over: make(chan struct{}), harmed: make(map[*node]bool), mix: everyKind, talk: 30 * time.Millisecond}
	w.meter = &meter{w: w, last: make(map[reading]int64)}
	database, cache := "", ""
	if on != embedded {
		database, cache = w.serve(on)
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

// serve starts the servers and says where the nodes find them.
func (w *world) serve(on ground) (database, cache string) {
	w.db, w.cache = testserver.NewPostgres(w.t, true), testserver.NewRedis(w.t)
	w.cacheProxy = testserver.NewProxy(w.t, w.cache.Addr)
	straight := w.db.Database(w.t) + "&application_name=" + outsider
	if on == withStandby {
		w.standby = testserver.NewStandby(w.t, w.db)
		straight = strings.Replace(straight, w.db.Addr, w.standby.Addr+","+w.db.Addr, 1) + "&target_session_attrs=read-write"
		database = strings.Replace(straight, outsider, "redial", 1)
	} else {
		w.dbProxy = testserver.NewProxy(w.t, w.db.Addr)
		database = strings.Replace(strings.Replace(straight, outsider, "redial", 1), w.db.Addr, w.dbProxy.Addr, 1)
	}
	var err error
	w.sql, err = sql.Open("pgx", straight)
	w.must(err)
	w.redis = redis.NewClient(&redis.Options{Addr: w.cache.Addr})
	w.t.Cleanup(func() { w.sql.Close(); w.redis.Close() })
	return database, "redis://" + w.cacheProxy.Addr
}

// outsider is the name of connections to PostgreSQL that are none of the nodes'.
const outsider = "outsider"

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
