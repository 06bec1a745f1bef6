package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// setting is one thing that may be set, as the flag --name and the variable REDIAL_NAME.
type setting struct {
	name string
	arg  string // what follows the flag, for help; empty: a switch
	help string
	// hidden is for secrets that must not be flags.
	hidden bool
	get    func(*Config) string
	set    func(*Config, string) error
}

// variable is the name in the environment: allow-remote is REDIAL_ALLOW_REMOTE.
func (s *setting) variable() string {
	return "REDIAL_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// settings are all there are, in the order of the help.
var settings = []setting{
	text("data", "FOLDER", "where the embedded database and admin.token are kept",
		func(c *Config) *string { return &c.Data }),
	text("database", "URL", "postgres://user@host/name or sqlite:///path/file.db; empty: SQLite in the data folder",
		func(c *Config) *string { return &c.Database }),
	secretFile("database", "the URL of the database, for one with a password: a flag is seen by whoever lists processes",
		func(c *Config) *string { return &c.DatabaseFile }),
	text("redis", "URL", "redis://, rediss://, redis+sentinel:// or redis+cluster://; none: work without; empty: in the process, or none beside PostgreSQL",
		func(c *Config) *string { return &c.Redis }),
	secretFile("redis", "the URL of the Redis, for one with a password",
		func(c *Config) *string { return &c.RedisFile }),
	text("grpc", "ADDR", "host:port of the API; port 0 takes any free one",
		func(c *Config) *string { return &c.GRPC }),
	text("web", "ADDR", "host:port of the pages, health and metrics",
		func(c *Config) *string { return &c.Web }),
	text("tls-cert", "FILE", "PEM certificate chain: both ports speak TLS, and may listen beyond this machine; read again when it changes",
		func(c *Config) *string { return &c.TLS.Cert }),
	text("tls-key", "FILE", "PEM key of --tls-cert",
		func(c *Config) *string { return &c.TLS.Key }),
	text("tls-client-ca", "FILE", "PEM authorities of machines: a client certificate of theirs stands for the token made with its name",
		func(c *Config) *string { return &c.TLS.ClientCA }),
	boolean("allow-remote", "let --grpc and --web listen beyond this machine without TLS: only behind a TLS proxy",
		func(c *Config) *bool { return &c.AllowRemote }),
	text("oidc-issuer", "URL", "https:// URL of the issuer whose people may sign in; empty: tokens alone",
		func(c *Config) *string { return &c.OIDC.Issuer }),
	text("oidc-client", "ID", "this server's client id at the issuer, and the audience of its tokens",
		func(c *Config) *string { return &c.OIDC.Client }),
	hidden("oidc-secret", "the client's secret; empty: a public client. No flag: it would be seen by whoever lists processes",
		func(c *Config) *string { return &c.OIDC.Secret }),
	secretFile("oidc-secret", "the client's secret",
		func(c *Config) *string { return &c.OIDC.SecretFile }),
	text("oidc-name", "NAME", "claim that is a person's name here and an agent's login; empty: the verified email, else preferred_username, else sub",
		func(c *Config) *string { return &c.OIDC.Name }),
	text("oidc-claim", "NAME", "claim that lists a person's groups",
		func(c *Config) *string { return &c.OIDC.Claim }),
	text("oidc-roles", "GROUP=ROLE,…", "role of each group; of several the strongest: admin, manager, supervisor, quality, crm, agent; in none: refused",
		func(c *Config) *string { return &c.OIDC.Roles }),
	text("oidc-campaigns", "NAME", "claim with the ids of the campaigns that a person sees, or * for all; empty: every one",
		func(c *Config) *string { return &c.OIDC.Campaigns }),
	text("oidc-scopes", "SCOPES", "asked for at sign-in; some issuers list groups only when asked for",
		func(c *Config) *string { return &c.OIDC.Scopes }),
	duration("oidc-session", "how long the pages believe a sign-in before the issuer must vouch for the person again",
		func(c *Config) *time.Duration { return &c.OIDC.Session }),
	text("node", "NAME", "this process's name among those of one database; empty: host name and gRPC port",
		func(c *Config) *string { return &c.Node }),
	duration("drain", "how long a stop waits for work in hand", func(c *Config) *time.Duration { return &c.Drain }),
	{
		name: "keep", arg: "DAYS", help: "drop history (attempts, agent states; events, see --keep-events) older than so many days, at least 62; 0: keep all",
		get: func(c *Config) string { return strconv.Itoa(c.Keep) },
		set: func(c *Config, v string) (err error) {
			if c.Keep, err = strconv.Atoi(v); err != nil {
				err = fmt.Errorf("%q is no number of days: write it as 400", v)
			}
			return err
		},
	},
	{
		name: "keep-events", arg: "DAYS", help: "drop events, which CRMs follow, older than so many days, at least 1; 0: as --keep",
		get: func(c *Config) string { return strconv.Itoa(c.KeepEvents) },
		set: func(c *Config, v string) (err error) {
			if c.KeepEvents, err = strconv.Atoi(v); err != nil {
				err = fmt.Errorf("%q is no number of days: write it as 90", v)
			}
			return err
		},
	},
	{
		name: "erase-after", arg: "DAYS", help: "erase the persons of closed leads (finished, exhausted, suppressed, withdrawn) that nobody touched for so many days, at least 30; 0: never",
		get: func(c *Config) string { return strconv.Itoa(c.EraseAfter) },
		set: func(c *Config, v string) (err error) {
			if c.EraseAfter, err = strconv.Atoi(v); err != nil {
				err = fmt.Errorf("%q is no number of days: write it as 365", v)
			}
			return err
		},
	},
	text("tzdata", "FILE", "newer zone data than the program carries: a zip file such as zoneinfo.zip of the Go distribution; the same on every node",
		func(c *Config) *string { return &c.TZData }),
	text("law", "FOLDER", "law packs of your own, files *.json, besides those of the program (dialctl law list); the same on every node",
		func(c *Config) *string { return &c.Law }),
	text("allow-targets", "CIDR,…", "addresses beyond the public ones that webhooks and pre-call checks may be sent to, as 10.1.0.0/16; what answers there can be reached by whoever may set one up",
		func(c *Config) *string { return &c.AllowTargets }),
	text("pre-call-tokens", "FOLDER", "a file for each token that campaigns name in their pre-call check: the bearer that is shown to the CRM",
		func(c *Config) *string { return &c.PreCallTokens }),
	text("pre-call-ca", "FILE", "PEM authorities of CRMs that are asked before calls, besides the system's",
		func(c *Config) *string { return &c.PreCallCA }),
	text("rates", "ROLE=N,…", "calls a second that each token of a role may make, four seconds' worth at once; 0: no limit; empty: agent=50, crm=500, admin=0, others 100",
		func(c *Config) *string { return &c.Rates }),
	{
		name: "max-connections", arg: "N", help: "connections open at once to each of the two ports, three quarters of them from one address; what comes beyond is refused",
		get: func(c *Config) string { return strconv.Itoa(c.MaxConns) },
		set: func(c *Config, v string) (err error) {
			if c.MaxConns, err = strconv.Atoi(v); err != nil {
				err = fmt.Errorf("%q is no number of connections: write it as 20000", v)
			}
			return err
		},
	},
	{
		name: "max-upload", arg: "SIZE", help: "the largest list that is taken in, as 500MiB or 2GiB",
		get: func(c *Config) string { return sizeText(c.MaxUpload) },
		set: func(c *Config, v string) (err error) { c.MaxUpload, err = parseSize(v); return err },
	},
	boolean("demo", "a running campaign of invented people, worked by simulated agents",
		func(c *Config) *bool { return &c.Demo }),
	{
		name: "log", arg: "LEVEL[,FORMAT]", help: "debug, info, warn or error; text or json",
		get: func(c *Config) string { return strings.ToLower(c.Log.Level.String()) + "," + c.Log.Format },
		set: setLog,
	},
}

func text(name, arg, help string, at func(*Config) *string) setting {
	return setting{
		name: name, arg: arg, help: help,
		get: func(c *Config) string { return *at(c) },
		set: func(c *Config, v string) error { *at(c) = strings.TrimSpace(v); return nil },
	}
}

func duration(name, help string, at func(*Config) *time.Duration) setting {
	return setting{
		name: name, arg: "DURATION", help: help,
		get: func(c *Config) string { // 8h, not 8h0m0s
			return strings.Replace(strings.Replace(at(c).String(), "m0s", "m", 1), "h0m", "h", 1)
		},
		set: func(c *Config, v string) (err error) {
			if *at(c), err = time.ParseDuration(v); err != nil {
				err = fmt.Errorf("%q is no duration: write it as 30s or 2m", v)
			}
			return err
		},
	}
}

func boolean(name, help string, at func(*Config) *bool) setting {
	return setting{
		name: name, help: help,
		get: func(c *Config) string { return strconv.FormatBool(*at(c)) },
		set: func(c *Config, v string) (err error) {
			switch strings.ToLower(v) {
			case "true", "1", "yes":
				*at(c) = true
			case "false", "0", "no":
				*at(c) = false
			default:
				err = fmt.Errorf("%q is neither true nor false", v)
			}
			return err
		},
	}
}

func setLog(c *Config, v string) error {
	level, format, both := strings.Cut(v, ",")
	if !both && (level == "text" || level == "json") {
		level, format, both = "info", level, true
	}
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	l, ok := levels[strings.ToLower(level)]
	if !ok || (both && format != "text" && format != "json") {
		return fmt.Errorf("%q is unknown: give debug, info, warn or error, and perhaps a format, as in info,json", v)
	}
	c.Log.Level = l
	if both {
		c.Log.Format = format
	}
	return nil
}

func find(name string) *setting {
	for i := range settings {
		if settings[i].name == name {
			return &settings[i]
		}
	}
	return nil
}

// nearest is the name closest to a misspelt one; empty if none is near.
func nearest(word string, names []string) string {
	best, at := 1+len(word)/2, ""
	for _, n := range names {
		if d := distance(word, n); d < best {
			best, at = d, n
		}
	}
	return at
}

// distance is how many letters must be added, dropped, changed or swapped with their neighbour to make b of a.
func distance(a, b string) int {
	prev, row := make([]int, len(b)+1), make([]int, len(b)+1)
	var before []int
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(prev[j+1]+1, row[j]+1, prev[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, prev, row = prev, row, make([]int, len(b)+1)
	}
	return prev[len(b)]
}

// sizes are the units of a size, the largest first.
var sizes = []struct {
	unit  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// sizeText is a number of bytes in the largest unit that says it in whole numbers.
func sizeText(n int64) string {
	for _, s := range sizes {
		if n%s.bytes == 0 && n != 0 {
			return strconv.FormatInt(n/s.bytes, 10) + s.unit
		}
	}
	return strconv.FormatInt(n, 10)
}

// parseSize reads bytes, or a whole number of a unit.
func parseSize(v string) (int64, error) {
	of, times := strings.TrimSpace(v), int64(1)
	for _, s := range sizes {
		if rest, ok := strings.CutSuffix(of, s.unit); ok {
			of, times = strings.TrimSpace(rest), s.bytes
			break
		}
	}
	n, err := strconv.ParseInt(of, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/times {
		return 0, fmt.Errorf("%q is no size: write it as 500MiB or 2GiB", v)
	}
	return n * times, nil
}
