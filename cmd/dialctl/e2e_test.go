package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
)

// office is a real server, embedded, and dialctl before it.
type office struct {
	t   *testing.T
	env map[string]string
	dir string
}

func open(t *testing.T) *office {
	t.Helper()
	o, _ := openAt(t, t.TempDir())
	return o
}

// openAt is a server over a data folder that may hold a record, and its end, which comes with the test's at the latest.
func openAt(t *testing.T, data string) (*office, func()) {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.GRPC, cfg.Web = data, "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(t.Context(), cfg, app.Options{Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	t.Cleanup(stop)
	return &office{t: t, dir: t.TempDir(), env: map[string]string{"REDIAL_SERVER": a.GRPC(), "REDIAL_TOKEN_FILE": a.AdminToken(), "TZ": "UTC"}}, stop
}

// ctl runs a command that must exit with want.
func (o *office) ctl(want int, args ...string) string {
	o.t.Helper()
	code, out, errs := ctlWith(o.t, grpc.NewClient, o.env, strings.NewReader(""), args...)
	if code != want {
		o.t.Fatalf("dialctl %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, out, errs)
	}
	return out + errs
}

// ask runs a command with --json and answers its last object.
func (o *office) ask(args ...string) map[string]any {
	o.t.Helper()
	all := objects(o.t, o.ctl(exitOK, append(args, "--json")...))
	if len(all) == 0 {
		o.t.Fatalf("dialctl %s said nothing", strings.Join(args, " "))
	}
	return all[len(all)-1]
}

func (o *office) file(name, text string) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// always is a rule that lets a test run at any hour.
const always = `{"intervals":{"BUSY":"15m"},"hours":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"open":"00:00","close":"24:00"}]}`

// people is a list of n leads with a number of their own, one bad row and one duplicate.
func people(n int) string {
	var b strings.Builder
	b.WriteString("姓名,手机,城市\n")
	for i := range n {
		fmt.Fprintf(&b, "人%d,1380013%04d,北京\n", i, 8000+i)
	}
	b.WriteString("坏,12345,上海\n又,13800138000,上海\n")
	return b.String()
}

// work takes the next lead, calls it and records an outcome; the answers of next and record.
func (o *office) work(outcome string, flags ...string) (card, result map[string]any) {
	o.t.Helper()
	card = o.ask("next", "--agent", "ann", "--wait", "10s")
	if card["assignment"] == nil {
		o.t.Fatalf("no lead for %s: %v", outcome, card)
	}
	id := strconv.Itoa(int(card["assignment"].(float64)))
	if started := o.ask("start", id); !strings.HasPrefix(started["number"].(string), "+8613800138") {
		o.t.Errorf("start gave %v", started["number"])
	}
	return card, o.ask(append([]string{"record", id, outcome}, flags...)...)
}

func TestTheMainJobFromAShell(t *testing.T) {
	t.Parallel()
	o := open(t)
	made := o.ask("campaign", "create", "spring", "--rules", o.file("rules.json", always), "--zone", "Asia/Shanghai", "--region", "CN")
	if made["state"] != "draft" {
		t.Errorf("made %v", made)
	}
	list := o.file("people.csv", people(21))
	if dry := o.ask("import", "--campaign", "spring", "--dry-run", list); dry["leads"] != 21.0 || dry["list"] != nil {
		t.Errorf("dry run %v", dry)
	}
	if got := o.ask("import", list, "--campaign", "spring"); got["list"] != 1.0 || got["rows"] != 23.0 || got["leads"] != 21.0 || got["problems"] != 1.0 || got["duplicates"] != 1.0 {
		t.Errorf("import %v", got)
	}
	if got := o.ask("import", list, "--campaign", "spring"); got["leads"] != 0.0 || got["duplicates"] != 22.0 {
		t.Errorf("the same file again %v", got)
	}
	o.ask("agent", "add", "ann", "--campaign", "spring", "--weight", "2")
	if out := o.ctl(exitNothing, "next", "--agent", "ann"); !strings.Contains(out, "no lead to call") {
		t.Errorf("a draft offered: %s", out)
	}
	o.ask("campaign", "start", "spring")
	o.forbidden()
	o.everyOutcome()
	o.afterwards()
}

func (o *office) everyOutcome() {
	o.t.Helper()
	day := time.Now().Add(48 * time.Hour).In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	for _, c := range []struct {
		outcome, verdict, reason string
		flags                    []string
	}{
		{"SUCCESS", "finished", "done", nil},
		{"SUCCESS_PROXY", "finished", "done", nil},
		{"REFUSED", "finished", "refused", nil},
		{"DO_NOT_CALL", "suppressed", "do_not_call", nil},
		{"APPOINTMENT", "appointment", "appointment", []string{"--at", day + "T15:00", "--zone", "Asia/Shanghai"}},
		{"CALL_LATER", "call", "interval", []string{"--note", "after lunch"}},
		{"NO_ANSWER", "call", "interval", nil},
		{"BUSY", "call", "interval", nil},
		{"UNREACHABLE", "call", "interval", nil},
		{"MACHINE", "call", "interval", nil},
		{"WRONG_PERSON", "finished", "bad_data", nil},
		{"VACANT_NUMBER", "finished", "bad_data", nil},
		{"FAX", "finished", "bad_data", nil},
		{"CONGESTION", "call", "network", nil},
		{"TRUNK_ERROR", "call", "network", nil},
		{"NUMBER_CHANGED", "call", "due", []string{"--new-number", "13800138999"}},
	} {
		card, got := o.work(c.outcome, c.flags...)
		if got["verdict"] != c.verdict || got["reason"] != c.reason || (got["at"] == nil) != (c.verdict == "finished" || c.verdict == "suppressed") {
			o.t.Errorf("%s: %v %v at %v, want %s %s", c.outcome, got["verdict"], got["reason"], got["at"], c.verdict, c.reason)
		}
		if c.outcome == "APPOINTMENT" && got["at"] != day+"T07:00:00Z" {
			o.t.Errorf("the appointment is at %v", got["at"])
		}
		if again := o.ask(append([]string{"record", fmt.Sprint(card["assignment"]), c.outcome}, c.flags...)...); again["replay"] != true || again["verdict"] != got["verdict"] {
			o.t.Errorf("%s sent again: %v", c.outcome, again)
		}
	}
	again := 0
	for range 5 { // four that nobody called, and the one with the new number, which is due at once
		card, _ := o.work("SUCCESS")
		if history := card["history"].([]any); len(history) == 1 && card["reason"] == "retry" {
			again++
		}
	}
	if again != 1 {
		o.t.Errorf("the lead with the new number came %d times", again)
	}
}

// forbidden suppresses the last number before anybody is called.
func (o *office) forbidden() {
	o.t.Helper()
	if got := o.ask("suppress", "13800138020", "--region", "CN"); got["leads"] != 1.0 || got["number"] != "+8613800138020" {
		o.t.Errorf("suppress %v", got)
	}
	if why := o.ask("explain", "+8613800138020"); why["offerable"] != false || why["state"] != "suppressed" && why["binding"] != "suppression" {
		o.t.Errorf("a suppressed lead: %v", why)
	}
}

func (o *office) afterwards() {
	o.t.Helper()
	if cb := o.ask("callbacks", "--agent", "ann"); cb["appointment"] == nil && cb["due_at"] == nil {
		o.t.Errorf("callbacks %v", cb)
	}
	why := o.ask("explain", "7")
	if why["offerable"] != false || why["binding"] != "interval" || len(why["past"].([]any)) != 1 {
		o.t.Errorf("explain %v", why)
	}
	report := o.ask("report", "--campaign", "spring")
	figures := report["total"].(map[string]any)["figures"].(map[string]any)
	if figures["attempts"] != 21.0 || figures["outcome_SUCCESS"] != 6.0 || figures["outcome_NUMBER_CHANGED"] != 1.0 || figures["leads"] != 21.0 {
		o.t.Errorf("report %v", figures)
	}
	if bad := objects(o.t, o.ctl(exitOK, "report", "bad-data", "1", "--json")); len(bad) != 4 {
		o.t.Errorf("%d bad numbers", len(bad))
	}
	if sum := o.ask("audit"); sum["breaches"] != 0.0 || sum["attempts"] != 21.0 {
		o.t.Errorf("audit %v", sum)
	}
	o.decided(21)
}

// decided holds the plan of every lead to what decide says of its case.
func (o *office) decided(leads int) {
	o.t.Helper()
	for i := 1; i <= leads; i++ {
		id := strconv.Itoa(i)
		plan := o.ask("lead", "show", id)["plan"].(map[string]any)
		code, out, errs := ctlWith(o.t, grpc.NewClient, o.env, strings.NewReader(o.ctl(exitOK, "lead", "show", "--case", id)), "decide")
		if code != exitOK {
			o.t.Fatalf("decide lead %d: %s", i, errs)
		}
		answer := objects(o.t, out)[0]
		for _, field := range []string{"verdict", "reason", "at", "until", "number"} {
			want, got := plan[field], answer[field]
			if field == "at" || field == "until" {
				want = wholeSecond(o.t, want)
			}
			if got == nil {
				got = ""
			}
			if want == nil {
				want = ""
			}
			if got != want {
				o.t.Errorf("lead %d: %s is %v, decide says %v", i, field, want, got)
			}
		}
	}
}

func wholeSecond(t *testing.T, v any) any {
	t.Helper()
	s, ok := v.(string)
	if !ok {
		return v
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Truncate(time.Second).Format(time.RFC3339)
}

func TestAnAgentsOwnTokenNeedsNoName(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.ask("campaign", "create", "spring", "--rules", o.file("rules.json", always), "--zone", "Asia/Shanghai", "--region", "CN")
	o.ask("import", "--campaign", "spring", o.file("people.csv", people(3)))
	o.ask("agent", "add", "ann", "--campaign", "spring")
	o.ask("agent", "add", "bob", "--campaign", "spring")
	o.ask("campaign", "start", "spring")
	secret := o.ask("token", "create", "ann", "--role", "agent")["token"].(string)
	admin := o.env
	o.env = map[string]string{"REDIAL_SERVER": admin["REDIAL_SERVER"], "REDIAL_TOKEN": secret}
	card := o.ask("next", "--wait", "10s")
	id := fmt.Sprint(card["assignment"])
	o.ctl(exitFailed, "next", "--agent", "bob")
	o.ctl(exitFailed, "campaign", "pause", "spring")
	if out := o.ctl(exitFailed, "record", id, "BUSY"); !strings.Contains(out, "not started") {
		t.Errorf("an outcome before the call: %s", out)
	}
	o.ask("decline", id, "--reason", "a friend of mine")
	keys, typing := io.Pipe()
	go func() {
		defer typing.Close()
		fmt.Fprint(typing, "r\nq\n")
	}()
	if code, out, errs := ctlWith(t, grpc.NewClient, o.env, keys, "agent", "run"); code != 0 || !strings.Contains(out, "signed out") {
		t.Errorf("the desk: exit %d\n%s%s", code, out, errs)
	}
	o.env = admin
	if got := o.ask("list", "undo", "1"); got["withdrawn"] != 3.0 || got["state"] != "undone" {
		t.Errorf("undo %v", got)
	}
	if sum := o.ask("audit"); sum["breaches"] != 0.0 {
		t.Errorf("audit %v", sum)
	}
}
