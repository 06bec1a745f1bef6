package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
)

func TestWrongCommandLinesTellWhatToTypeNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want string
	}{
		{"agnet list", `unknown command "agnet": did you mean agent list?`},
		{"importt x", `did you mean import?`},
		{"campaign creat x", `did you mean campaign create?`},
		{"campaign", "campaign what? There are:\n  campaign create"},
		{"xyzzy", "Next: dialctl help"},
		{"record 7", "something is missing: ASSIGNMENT OUTCOME"},
		{"record 7 BUSY --nott x", "unknown flag --nott: did you mean --note?"},
		{"record 7 BUSY --note", "--note lacks its value"},
		{"record x BUSY", `"x" is no assignment`},
		{"record 7 BUSY again", `"again" is not expected`},
		{"record 7 APPOINTMENT", "an APPOINTMENT needs its time: --at"},
		{"record 7 BUSY --insist", "give its time, --at"},
		{"import leads.csv", "--campaign NAME"},
		{"import --campaign a --map phone leads.csv", `--map: "phone" is not NAME=VALUE`},
		{"import --campaign a --header maybe leads.csv", "neither yes nor no"},
		{"next --agent a --wait 25h", "give 0s to 24h"},
		{"agent add a --weight 2 --campaign b", "put it after the --campaign"},
		{"token create a --role king", `"king" is no role: give agent, supervisor, manager, crm, quality, admin`},
		{"report weekly", "give campaign, list, agent, day"},
		{"report --csv a --xlsx b", "give one"},
		{"callback cancel 3", "--reason"},
		{"campaign finish a --promises drop", "neither cancel nor keep"},
	} {
		code, out, errs := ctl(t, nil, strings.Fields(c.args)...)
		if code != exitUsage || !strings.Contains(errs, c.want) || out != "" {
			t.Errorf("%s: exit %d\nout %s\nerr %s", c.args, code, out, errs)
		}
	}
}

func TestWithoutATokenItTellsHowToGetOne(t *testing.T) {
	t.Parallel()
	code, _, errs := ctlWith(t, nil, nil, nil, "campaign", "list")
	if code != exitUsage || !strings.Contains(errs, "REDIAL_TOKEN") || !strings.Contains(errs, "admin.token") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestTokensAreFoundWhereTheyMayBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "admin.token")
	if err := os.WriteFile(file, []byte("rd_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env    map[string]string
		flag   string
		addr   string
		secret string
	}{
		"the flag wins":                        {map[string]string{"REDIAL_TOKEN": "rd_env"}, file, "127.0.0.1:1", "rd_file"},
		"then the variable":                    {map[string]string{"REDIAL_TOKEN": "rd_env", "REDIAL_TOKEN_FILE": file}, "", "127.0.0.1:1", "rd_env"},
		"then its file":                        {map[string]string{"REDIAL_TOKEN_FILE": file}, "", "db:1", "rd_file"},
		"the local server's own":               {map[string]string{"REDIAL_DATA": dir}, "", "127.0.0.1:1", "rd_file"},
		"never shown to a server elsewhere":    {map[string]string{"REDIAL_DATA": dir}, "", "example.com:1", ""},
		"a file that is not there is an error": {map[string]string{"REDIAL_TOKEN": "rd_env"}, filepath.Join(dir, "none"), "127.0.0.1:1", ""},
	} {
		l := &cli{env: func(k string) string { return c.env[k] }, tokenFile: c.flag}
		if got, err := l.secret(c.addr, false); got != c.secret || (err == nil) != (c.secret != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	l := &cli{env: func(k string) string { return map[string]string{"REDIAL_DATA": dir}[k] }}
	if got, err := l.secret("127.0.0.1:1", true); got != "" || err != nil {
		t.Errorf("beside a certificate the local admin token is shown unasked: %q, %v", got, err)
	}
}

func TestOnlyThisMachineIsSpokenToInTheClearUnasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		addr  string
		plain bool
		ok    bool
	}{
		"127.0.0.1:7070":         {"127.0.0.1:7070", true, true},
		"localhost:7070":         {"localhost:7070", true, true},
		"[::1]:7070":             {"[::1]:7070", true, true},
		"example.com:7070":       {"example.com:7070", false, true},
		"http://node1:7070":      {"node1:7070", true, true},
		"https://127.0.0.1:7070": {"127.0.0.1:7070", false, true},
		"7070":                   {"", false, false},
		"ftp://a:1":              {"", false, false},
	} {
		addr, plain, err := address(in)
		if addr != want.addr || plain != want.plain || (err == nil) != want.ok {
			t.Errorf("%s: %s %v %v", in, addr, plain, err)
		}
	}
}

func TestAServerThatIsAwayIsToldWithHowToStartOne(t *testing.T) {
	t.Parallel()
	code, _, errs := ctlWith(t, grpc.NewClient, map[string]string{"REDIAL_TOKEN": "x"}, nil, "campaign", "list", "--server", "127.0.0.1:1")
	if code != exitFailed || !strings.Contains(errs, "no answer from a server at 127.0.0.1:1") || !strings.Contains(errs, "start one: dialerd") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	_, list, _ := ctl(t, nil, "help")
	for _, cmd := range commands {
		if !strings.Contains(list, "  "+cmd.name+" ") {
			t.Errorf("help does not list %s", cmd.name)
		}
		words := strings.Fields(cmd.name)
		if code, out, _ := ctl(t, nil, append([]string{"help"}, words...)...); code != 0 || !strings.Contains(out, "Usage: dialctl "+cmd.usage()) {
			t.Errorf("help %s: exit %d\n%s", cmd.name, code, out)
		}
		if code, out, _ := ctl(t, nil, append(words, "--help")...); code != 0 || !strings.Contains(out, "Usage: dialctl "+cmd.name) {
			t.Errorf("%s --help: exit %d\n%s", cmd.name, code, out)
		}
	}
}

func TestFlagsStandAnywhere(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"7", "BUSY", "--note", "x y"}, {"--note=x y", "7", "BUSY"}, {"7", "-note", "x y", "--json", "BUSY"}, {"--json", "7", "--note", "x y", "--", "BUSY"},
	} {
		fs := newFlags("record")
		f := bindOutcome(fs)
		(&cli{}).bindGlobals(fs)
		rest, err := parse(fs, args)
		if err != nil || strings.Join(rest, " ") != "7 BUSY" || f.note != "x y" {
			t.Errorf("%q: %q %q %v", args, rest, f.note, err)
		}
	}
	fs := newFlags("list priority")
	if rest, err := parse(fs, []string{"3", "-5"}); err != nil || strings.Join(rest, " ") != "3 -5" {
		t.Errorf("a negative number: %q %v", rest, err)
	}
}

func TestTextOfListsCannotCommandTheTerminal(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	writeTable(&b, []string{"name", "no"}, [][]string{{"\x1b[2Jev\nil\u202e", "1"}, {"张三", "2"}})
	same(t, "table", b.String(), "NAME       NO\n [2Jev il  1\n张三       2\n")
}
