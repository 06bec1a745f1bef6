// Package config decides how a process of dialerd is set up: the settings, their defaults, where they may be given
// and which of them contradict each other. It reads flags, REDIAL_ variables and the files of secrets that they name,
// and opens nothing: a configuration that passes may still meet a database that is away.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"redial/campaign"
	"redial/campaign/egress"
)

// Config is everything a process of dialerd is told at start. Default gives the settings of a process told nothing.
type Config struct {
	Data          string        // folder of what the process keeps: the embedded database, admin.token
	Database      string        // sqlite:// or postgres:// URL; empty: SQLite in Data
	Redis         string        // URL of a Redis; "none": work without; empty: see RedisKind
	GRPC          string        // host:port of the API
	Web           string        // host:port of the web pages, health and metrics
	AllowRemote   bool          // GRPC and Web may listen beyond this machine in the clear
	Node          string        // this process's name among those of one database; empty: host name and gRPC port
	Drain         time.Duration // how long a stop waits for work in hand
	Keep          int           // days of history kept, at least 62; 0: all of it
	KeepEvents    int           // days of events kept, at least 1; 0: as Keep
	EraseAfter    int           // days after which persons of closed leads are erased, at least 30; 0: never
	TZData        string        // zip file of zone data in place of what the program carries; empty: the carried
	Law           string        // folder of the user's own law packs, besides those of the program; empty: none
	PreCallTokens string        // folder with the tokens shown to CRMs that are asked before calls; empty: none
	PreCallCA     string        // PEM file with their authorities besides the system's; empty: none
	AllowTargets  string        // addresses beyond the public ones that callers' webhooks and pre-call checks may be sent to, as CIDR,CIDR
	Rates         string        // calls a second of a token, by role; see RatesOf
	MaxConns      int           // connections open at once to each of GRPC and Web
	MaxUpload     int64         // bytes of an uploaded list
	Demo          bool          // fill in invented people and let simulated agents call them
	Log           Log
	TLS           TLS
	OIDC          OIDC

	DatabaseFile string // read into Database
	RedisFile    string // read into Redis
	Shown        string // settings that hold a password and were given as flags, for everybody to see
}

// Log says what is logged and how.
type Log struct {
	Level  slog.Level
	Format string // "text" or "json"
}

// Default is the configuration of a process told nothing: embedded, on this machine alone.
func Default() Config {
	return Config{
		Data: "data", GRPC: "127.0.0.1:7070", Web: "127.0.0.1:7071",
		MaxConns: 20_000, MaxUpload: 2 << 30,
		Drain: 30 * time.Second, Log: Log{Level: slog.LevelInfo, Format: "text"},
		OIDC: OIDC{Claim: "groups", Scopes: "openid profile email", Session: 8 * time.Hour},
	}
}

// RedisKind is which Redis a process works with.
type RedisKind string

// The kinds.
const (
	RedisEmbedded RedisKind = "embedded" // in the process; rebuilt from the record at each start
	RedisServer   RedisKind = "server"   // the one at Config.Redis
	RedisNone     RedisKind = "none"     // none: claims go straight to SQL, the sweep does what timers would
)

// RedisKind is the server if a URL was given. Without one, a node with its own SQLite file brings its own Redis; a
// node on PostgreSQL works without, for an embedded one would be seen by that node alone.
func (c Config) RedisKind() RedisKind {
	switch {
	case c.Redis == "none", c.Redis == "" && c.Postgres():
		return RedisNone
	case c.Redis == "":
		return RedisEmbedded
	default:
		return RedisServer
	}
}

// Postgres says whether the record is on PostgreSQL.
func (c Config) Postgres() bool {
	return strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://")
}

// DatabaseURL is where the record is: Database, or the SQLite file in Data.
func (c Config) DatabaseURL() string {
	return cmp.Or(c.Database, "sqlite://"+filepath.Join(c.Data, "redial.db"))
}

// Validate says everything that is wrong or contradictory, each by the setting's name. The error is a Fault.
func (c Config) Validate() error {
	err := errors.Join(c.checkData(), c.checkDatabase(), c.checkRedis(), checkAddr("grpc", c.GRPC),
		checkAddr("web", c.Web), c.checkReach("grpc", c.GRPC), c.checkReach("web", c.Web), c.checkTLS(), c.checkOIDC(), c.checkTogether())
	if err != nil {
		return Fault(err.Error())
	}
	return nil
}

func (c Config) checkData() error {
	if strings.TrimSpace(c.Data) == "" {
		return errors.New("--data is empty: name a folder, such as data")
	}
	return nil
}

func (c Config) checkDatabase() error {
	if c.Database == "" || c.Postgres() {
		return nil
	}
	if path, ok := strings.CutPrefix(c.Database, "sqlite://"); ok && path != "" {
		return nil
	}
	return fmt.Errorf("--database %q is no database URL: give postgres://user:password@host:5432/name or sqlite:///path/file.db",
		hide(c.Database))
}

func (c Config) checkRedis() error {
	scheme, rest, ok := strings.Cut(c.Redis, "://")
	switch {
	case c.Redis == "", c.Redis == "none":
		return nil
	case ok && rest != "" && knownRedis[scheme]:
		return nil
	}
	return fmt.Errorf("--redis %q is no Redis URL: give redis://host:6379/0, rediss:// for TLS, "+
		"redis+sentinel://host:26379,host:26379/master/0, redis+cluster://host:6379,host:6379, or none", hide(c.Redis))
}

var knownRedis = map[string]bool{
	"redis": true, "rediss": true, "redis+sentinel": true, "rediss+sentinel": true,
	"redis+cluster": true, "rediss+cluster": true,
}

func checkAddr(name, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--%s %q is no address: give host:port, such as 127.0.0.1:7070", name, addr)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("--%s %q has no port: give host:port, port 0 for any free one", name, addr)
	}
	return nil
}

func (c Config) checkTogether() error {
	var faults []error
	if _, port, err := net.SplitHostPort(c.GRPC); err == nil && port != "0" && c.GRPC == c.Web {
		faults = append(faults, fmt.Errorf("--grpc and --web are both %s: give each its own port", c.GRPC))
	}
	if c.Demo && c.Postgres() {
		faults = append(faults, errors.New("--demo and --database contradict each other: the demonstration calls invented people "+
			"by itself and keeps to its own SQLite file, leave --database out"))
	}
	if c.Drain < 0 || c.Drain > time.Hour {
		faults = append(faults, fmt.Errorf("--drain %v is out of range: give 0s to 1h", c.Drain))
	}
	if least := int(campaign.LeastKept.Hours() / 24); c.Keep != 0 && c.Keep < least {
		faults = append(faults, fmt.Errorf("--keep %d is too short: reports, caps and corrections look back %d days; give more, or 0 to keep all", c.Keep, least))
	}
	if c.KeepEvents < 0 {
		faults = append(faults, fmt.Errorf("--keep-events %d is no number of days: give 1 or more, or 0 for as long as --keep says", c.KeepEvents))
	}
	if least := int(campaign.LeastErasedAfter.Hours() / 24); c.EraseAfter != 0 && c.EraseAfter < least {
		faults = append(faults, fmt.Errorf("--erase-after %d is too short: a lead may be reopened for %d days; give more, or 0 to erase nobody by age", c.EraseAfter, least))
	}
	if _, err := egress.Parse(c.AllowTargets); err != nil {
		faults = append(faults, fmt.Errorf("--%s: %w", egress.Setting, err))
	}
	if _, err := c.RatesOf(); err != nil {
		faults = append(faults, err)
	}
	if c.MaxConns < 10 || c.MaxConns > 1_000_000 {
		faults = append(faults, fmt.Errorf("--max-connections %d is out of range: give 10 to 1000000", c.MaxConns))
	}
	if c.MaxUpload < 1<<20 || c.MaxUpload > 1<<40 {
		faults = append(faults, fmt.Errorf("--max-upload %s is out of range: give 1MiB to 1024GiB", sizeText(c.MaxUpload)))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		faults = append(faults, fmt.Errorf("--log format %q is unknown: give text or json", c.Log.Format))
	}
	return errors.Join(faults...)
}

// Warnings are settings that work and that somebody should know about; for the log at start.
func (c Config) Warnings() []string {
	var w []string
	if c.reached() {
		w = append(w, "listening beyond this machine without encryption (--allow-remote): tokens and telephone numbers pass in the clear "+
			"unless a TLS proxy stands before both ports; give --tls-cert and --tls-key")
	}
	if c.Shown != "" {
		w = append(w, "a password was given as a flag, which everybody on this machine sees in the list of processes ("+c.Shown+
			"): put it into a file, and give --NAME-file or the variable REDIAL_NAME_FILE")
	}
	if c.Postgres() && c.Redis == "" {
		w = append(w, "PostgreSQL without --redis: calls are claimed straight from SQL and due work is found by the sweep, "+
			"which is correct but slower; give --redis URL, or --redis none to say that this is meant")
	}
	return w
}

// loopback says whether only this machine reaches host. An empty host listens everywhere.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// hide takes a password out of a URL that is shown in an error.
func hide(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = "…" + rest[at:]
	}
	return scheme + "://" + rest
}
