package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestNothingGivenIsTheDefault(t *testing.T) {
	t.Parallel()
	got, err := Load(nil, []string{"HOME=/root", "REDIAL_TOKEN=rd_x", "REDIAL_SERVER=host:1"})
	if err != nil || got != Default() {
		t.Fatalf("Load() = %+v, %v; want %+v", got, err, Default())
	}
	if got.DatabaseURL() != "sqlite://data/redial.db" || got.RedisKind() != RedisEmbedded {
		t.Errorf("database %s, redis %s; want the embedded ones", got.DatabaseURL(), got.RedisKind())
	}
}

func TestFlagsWinOverVariables(t *testing.T) {
	t.Parallel()
	got, err := Load(
		[]string{"--grpc", "127.0.0.1:0", "-web=localhost:0", "--demo", "--log", "debug,json", "--drain=5s"},
		[]string{"REDIAL_GRPC=127.0.0.1:9", "REDIAL_DATA=/var/lib/redial", "REDIAL_NODE=", "REDIAL_LOG=warn"})
	want := Default()
	want.GRPC, want.Web, want.Demo, want.Data, want.Drain = "127.0.0.1:0", "localhost:0", true, "/var/lib/redial", 5*time.Second
	want.Log = Log{slog.LevelDebug, "json"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestSizesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1MiB": 1 << 20, " 3 GiB ": 3 << 30, "1048577": 1<<20 + 1, "2048KiB": 2 << 20} {
		c, err := Load([]string{"--max-upload", text}, nil)
		if err != nil || c.MaxUpload != want {
			t.Errorf("%q is %d, %v; want %d", text, c.MaxUpload, err, want)
		}
		if n, err := parseSize(sizeText(want)); n != want || err != nil {
			t.Errorf("%d is written %s, which is read %d, %v", want, sizeText(want), n, err)
		}
	}
}

func TestEveryFaultSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, env []string
		want      []string
	}{
		"misspelt flag":         {args: []string{"--databse", "postgres://h/d"}, want: []string{"--databse", "did you mean --database?"}},
		"far from any":          {args: []string{"--xyzzy-frobnicate=1"}, want: []string{"--xyzzy-frobnicate", "dialerd --help"}},
		"misspelt variable":     {env: []string{"REDIAL_RDEIS=redis://h"}, want: []string{"REDIAL_RDEIS", "REDIAL_REDIS"}},
		"two faults at once":    {args: []string{"--wbe", "x", "--grcp", "y"}, want: []string{"--web", "--grpc"}},
		"no flag at all":        {args: []string{"serve"}, want: []string{`"serve"`, "--name value"}},
		"lacks its value":       {args: []string{"--data"}, want: []string{"--data lacks its FOLDER"}},
		"twice, differently":    {args: []string{"--data", "a", "--data", "b"}, want: []string{"--data is given twice"}},
		"half a switch":         {args: []string{"--demo=maybe"}, want: []string{"--demo", "neither true nor false"}},
		"bad level":             {env: []string{"REDIAL_LOG=loud"}, want: []string{"REDIAL_LOG", "debug, info, warn or error"}},
		"bad format":            {args: []string{"--log", "info,xml"}, want: []string{"--log", "info,json"}},
		"bad duration":          {args: []string{"--drain", "soon"}, want: []string{"--drain", "30s"}},
		"drain for ever":        {args: []string{"--drain", "48h"}, want: []string{"--drain", "0s to 1h"}},
		"another database":      {args: []string{"--database", "mysql://u:hunter2@h/d"}, want: []string{"--database", "postgres://"}},
		"sqlite without a file": {args: []string{"--database", "sqlite://"}, want: []string{"--database", "sqlite:///path"}},
		"another queue":         {args: []string{"--redis", "amqp://u:hunter2@h"}, want: []string{"--redis", "redis+cluster://"}},
		"no port":               {args: []string{"--grpc", "127.0.0.1"}, want: []string{"--grpc", "host:port"}},
		"port out of range":     {args: []string{"--web", "127.0.0.1:77777"}, want: []string{"--web", "port"}},
		"keeps too little":      {args: []string{"--keep", "30"}, want: []string{"--keep 30", "62 days"}},
		"keeps who knows":       {args: []string{"--keep", "a year"}, want: []string{"--keep", "400"}},
		"reachable":             {args: []string{"--grpc", ":7070"}, want: []string{"--grpc", "not encrypted", "--allow-remote"}},
		"reachable by name":     {args: []string{"--web", "example.com:80"}, want: []string{"--web", "--allow-remote"}},
		"certificate, no key":   {args: []string{"--tls-cert", "c.pem"}, want: []string{"--tls-cert and --tls-key"}},
		"machines, no TLS":      {args: []string{"--tls-client-ca", "ca.pem"}, want: []string{"--tls-client-ca needs --tls-cert"}},
		"demo over TLS":         {args: []string{"--demo", "--tls-cert=c", "--tls-key=k"}, want: []string{"--demo and --tls-cert"}},
		"secret as a flag":      {args: []string{"--oidc-secret", "hunter2"}, want: []string{"lists processes", "--oidc-secret-file", "REDIAL_OIDC_SECRET"}},
		"secret twice":          {args: []string{"--redis-file", "/nowhere"}, env: []string{"REDIAL_REDIS=redis://u:hunter2@h"}, want: []string{"--redis and --redis-file", "keep the file"}},
		"secret that is away":   {env: []string{"REDIAL_DATABASE_FILE=/nowhere/at/all"}, want: []string{"--database-file", "cannot be read", "/nowhere/at/all"}},
		"no issuer":             {args: []string{"--oidc-client", "redial"}, want: []string{"--oidc-issuer is missing"}},
		"issuer in the clear":   {args: []string{"--oidc-issuer", "http://sso.example.com"}, want: []string{"--oidc-issuer", "https://", "--oidc-client", "--oidc-roles"}},
		"roles that are none":   {args: []string{"--oidc-issuer=https://sso", "--oidc-client=r", "--oidc-roles=Boss=owner"}, want: []string{"--oidc-roles", "Boss", "supervisor"}},
		"roles without groups":  {args: []string{"--oidc-issuer=https://sso", "--oidc-client=r", "--oidc-roles=manager"}, want: []string{"GROUP=role"}},
		"a word for too long":   {args: []string{"--oidc-issuer=https://sso", "--oidc-client=r", "--oidc-roles=A=crm", "--oidc-session=25h"}, want: []string{"--oidc-session 25h0m0s", "1m to 24h"}},
		"a word for no time":    {args: []string{"--oidc-session=8"}, want: []string{"no duration"}},
		"a group of two roles":  {args: []string{"--oidc-issuer=https://sso", "--oidc-client=r", "--oidc-roles=A=crm,A=admin"}, want: []string{"both crm and admin"}},
		"one port for both":     {args: []string{"--web", "127.0.0.1:7070"}, want: []string{"--grpc and --web"}},
		"demo on real data":     {args: []string{"--demo", "--database", "postgres://h/d"}, want: []string{"--demo and --database"}},
		"no connections":        {args: []string{"--max-connections", "9"}, want: []string{"--max-connections 9", "10 to 1000000"}},
		"connections, many":     {args: []string{"--max-connections", "lots"}, want: []string{"--max-connections", "20000"}},
		"uploads too small":     {args: []string{"--max-upload", "1023KiB"}, want: []string{"--max-upload 1023KiB", "1MiB to 1024GiB"}},
		"uploads too large":     {env: []string{"REDIAL_MAX_UPLOAD=1025GiB"}, want: []string{"--max-upload 1025GiB", "1MiB"}},
		"uploads of what":       {args: []string{"--max-upload", "2 gigs"}, want: []string{"--max-upload", "2GiB"}},
		"empty folder":          {args: []string{"--data", " "}, want: []string{"--data is empty"}},
	} {
		_, err := Load(c.args, c.env)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v; want %q in it", name, err, want)
			}
		}
		if _, ok := errors.AsType[Fault](err); !ok {
			t.Errorf("%s: %v is no Fault", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is shown: %v", name, err)
		}
	}
}

func TestHelpListsEverySetting(t *testing.T) {
	t.Parallel()
	if _, err := Load([]string{"--nonsense", "--help"}, nil); !errors.Is(err, ErrHelp) {
		t.Errorf("--help: %v", err)
	}
	for i := range settings {
		if u := Usage(); !strings.Contains(u, "--"+settings[i].name) || !strings.Contains(u, settings[i].variable()) {
			t.Errorf("the help lacks --%s or %s", settings[i].name, settings[i].variable())
		}
	}
}

func TestRedisKindAndWarnings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		database, redis string
		remote          bool
		want            RedisKind
		warnings        int
	}{
		{"", "", false, RedisEmbedded, 0},
		{"sqlite:///tmp/x.db", "none", false, RedisNone, 0},
		{"sqlite:///tmp/x.db", "redis://h:1", false, RedisServer, 0},
		{"postgres://h/d", "", false, RedisNone, 1},
		{"postgresql://h/d", "", true, RedisNone, 2},
		{"postgres://h/d", "none", false, RedisNone, 0},
		{"postgres://h/d", "redis+cluster://a:1,b:2", false, RedisServer, 0},
	} {
		cfg := Default()
		cfg.Database, cfg.Redis, cfg.AllowRemote = c.database, c.redis, c.remote
		if err := cfg.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if got := cfg.RedisKind(); got != c.want || len(cfg.Warnings()) != c.warnings {
			t.Errorf("%+v: %s with warnings %q", c, got, cfg.Warnings())
		}
	}
}

// The example configuration lists every setting, in the order of the help, with its default.
func TestExampleFileHoldsTheDefaults(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../deploy/dialerd.example")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for line := range strings.Lines(string(raw)) {
		if s, ok := strings.CutPrefix(strings.TrimSpace(line), "#REDIAL_"); ok {
			got = append(got, "REDIAL_"+s)
		} else if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			t.Errorf("%q is set in the example: it must change nothing", line)
		}
	}
	d := Default()
	for i := range settings {
		want = append(want, settings[i].variable()+"="+settings[i].get(&d))
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("deploy/dialerd.example says\n%s\nthe defaults are\n%s", g, w)
	}
	if c, err := Load(nil, got); err != nil || c != d {
		t.Errorf("loading the example gives %+v, %v", c, err)
	}
}

// mounted is a file in place of one that a container or a unit is given at its start; other values stay.
func mounted(t *testing.T, name, value string) string {
	t.Helper()
	holds := map[string]string{"REDIAL_DATABASE_FILE": "postgres://redial:x@postgres:5432/redial\n", "REDIAL_REDIS_FILE": "redis://redis:6379/0\n"}[name]
	if holds == "" {
		return value
	}
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(holds), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What deploy/ sets is loaded as a process would load it, so that a renamed setting cannot be left behind there.
func TestDeployFilesUseSettingsThatExist(t *testing.T) {
	t.Parallel()
	set := regexp.MustCompile(`(?m)^[^#\n]*?\b(REDIAL_[A-Z_]+)(: *|=)"?([^"\s}]*)`)
	for name, want := range map[string]int{"compose.yaml": 7, "dialerd.service": 1, "Dockerfile": 1} {
		raw, err := os.ReadFile("../../../deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var env []string
		for _, m := range set.FindAllStringSubmatch(string(raw), -1) {
			env = append(env, m[1]+"="+mounted(t, m[1], m[3]))
		}
		if _, err := Load(nil, env); err != nil || len(env) < want {
			t.Errorf("%s sets %q: %v", name, env, err)
		}
	}
	for _, name := range []string{"RUNBOOK.md", "compose.yaml", "dialerd.service", "Dockerfile", "dialerd.example"} {
		raw, err := os.ReadFile("../../../deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range regexp.MustCompile(`REDIAL_[A-Z_]*[A-Z]`).FindAllString(string(raw), -1) {
			if find(strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(v, "REDIAL_")), "_", "-")) == nil {
				t.Errorf("%s names %s, which is no setting", name, v)
			}
		}
	}
}

func TestLoggerFollowsTheSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		log  Log
		want string
	}{
		{Log{slog.LevelInfo, "text"}, "level=INFO msg=two"},
		{Log{slog.LevelDebug, "json"}, `"level":"DEBUG","msg":"one"`},
		{Log{slog.LevelError, "text"}, ""},
	} {
		var b strings.Builder
		l := c.log.Logger(&b)
		l.Debug("one")
		l.Info("two")
		if !strings.Contains(b.String(), c.want) || (c.want == "") != (b.Len() == 0) {
			t.Errorf("%+v wrote %q, want %q in it", c.log, b.String(), c.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("--grpc=127.0.0.1:0\x00--log\x00info", "REDIAL_DATA=x")
	f.Add("--redis\x00redis://:p@h/1\x00-\x00--", "REDIAL_=\x00REDIAL_DEMO=1")
	f.Fuzz(func(t *testing.T, args, env string) {
		c, err := Load(strings.Split(args, "\x00"), strings.Split(env, "\x00"))
		if err == nil && c.Validate() != nil {
			t.Errorf("Load(%q, %q) passed what Validate refuses: %v", args, env, c.Validate())
		}
	})
}
