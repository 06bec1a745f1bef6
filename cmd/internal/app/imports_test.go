package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// may says what each package may import besides the standard library: "a: b c" means a may import b and c, and what
// is below them. Imports point one way: cmd, dialer, scheduler, campaign. A change here is a change of the design.
const may = `
proto/campaign/v1: google.golang.org
proto/scheduler/v1: google.golang.org proto/campaign/v1
proto/dialer/v1: google.golang.org proto/campaign/v1
deploy/examples/go: google.golang.org proto/campaign/v1

campaign:
campaign/listfile: campaign golang.org/x/text github.com/wlynxg/chardet github.com/xuri/excelize/v2
campaign/calendarfile: campaign
campaign/egress:
campaign/webhook: campaign campaign/egress campaign/wire google.golang.org/protobuf
campaign/precall: campaign campaign/egress campaign/wire proto/campaign/v1 google.golang.org/grpc
campaign/phone: campaign github.com/nyaruka/phonenumbers
campaign/store: campaign github.com/jackc/pgx/v5 modernc.org/sqlite golang.org/x/sync
campaign/wire: campaign proto/campaign/v1 google.golang.org/protobuf
campaign/rpc: campaign campaign/calendarfile campaign/wire proto/campaign/v1 google.golang.org
campaign/store/storetest: campaign campaign/store scheduler dialer
campaign/store/storetest/testserver: github.com/redis/go-redis/v9

scheduler: campaign
scheduler/law: campaign scheduler
scheduler/hopper: campaign scheduler github.com/redis/go-redis/v9
scheduler/tasks: campaign scheduler github.com/hibiken/asynq github.com/redis/go-redis/v9
scheduler/rpc: campaign campaign/wire scheduler proto/campaign/v1 proto/scheduler/v1 google.golang.org

dialer: campaign
dialer/rpc: campaign campaign/wire dialer proto/campaign/v1 proto/dialer/v1 google.golang.org
dialer/carrier/manual: campaign dialer
dialer/carrier/sim: campaign dialer
dialer/carrier/carriertest: campaign dialer

cmd/internal/config: campaign campaign/egress
cmd/internal/auth: campaign google.golang.org/grpc google.golang.org/protobuf github.com/coreos/go-oidc/v3 golang.org/x/oauth2
cmd/internal/server: campaign google.golang.org github.com/prometheus/client_golang
cmd/internal/web: campaign cmd/internal/auth cmd/internal/web/campaigns cmd/internal/web/desk cmd/internal/web/floor cmd/internal/web/leads cmd/internal/web/lists cmd/internal/web/page proto/campaign/v1 google.golang.org/grpc
cmd/internal/web/campaigns: campaign cmd/internal/web/page proto/campaign/v1 proto/dialer/v1 proto/scheduler/v1 google.golang.org
cmd/internal/web/desk: campaign cmd/internal/web/page proto/campaign/v1 proto/dialer/v1 google.golang.org
cmd/internal/web/floor: campaign cmd/internal/web/page proto/campaign/v1 proto/dialer/v1 proto/scheduler/v1 google.golang.org
cmd/internal/web/leads: campaign cmd/internal/web/page proto/campaign/v1 proto/dialer/v1 proto/scheduler/v1 google.golang.org
cmd/internal/web/lists: campaign cmd/internal/web/page proto/campaign/v1 google.golang.org
cmd/internal/web/page: campaign google.golang.org
cmd/internal/web/page/pagetest: cmd/internal/web/page
cmd/internal/intake: campaign campaign/listfile campaign/phone scheduler
cmd/internal/simulate: campaign scheduler dialer dialer/carrier/sim
cmd/internal/demo: campaign dialer/carrier/sim proto/campaign/v1 proto/dialer/v1 google.golang.org
cmd/internal/overload: proto/dialer/v1 google.golang.org
cmd/internal/certtest:
cmd/internal/issuertest:
cmd/internal/app: *
cmd/internal/bench: *
cmd/internal/chaos:
cmd/internal/examples:
cmd/internal/browser:
cmd/dialerd: cmd/internal/config cmd/internal/app scheduler
cmd/dialctl: *
`

type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	rules := rulesOf(may)
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "redial/")
		allowed, ok := rules[name]
		if !ok {
			t.Errorf("%s is in no row of the table: say what it may import", name)
			continue
		}
		for _, imp := range p.Imports {
			if !permitted(imp, allowed) {
				t.Errorf("%s imports %s, which its row does not allow", name, imp)
			}
		}
	}
}

func rulesOf(text string) map[string][]string {
	rules := make(map[string][]string)
	for line := range strings.Lines(text) {
		name, list, ok := strings.Cut(strings.TrimSpace(line), ":")
		if ok {
			rules[name] = strings.Fields(list)
		}
	}
	return rules
}

// permitted says whether an import is of the standard library, or under one that the row names. Packages of the
// project are named exactly.
func permitted(imp string, allowed []string) bool {
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") && first != "redial" {
		return true
	}
	if slices.Contains(allowed, "*") {
		return true
	}
	own, isOwn := strings.CutPrefix(imp, "redial/")
	return slices.ContainsFunc(allowed, func(a string) bool {
		if isOwn {
			return own == a
		}
		return imp == a || strings.HasPrefix(imp, a+"/")
	})
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Standard,Imports", "./...")
	cmd.Dir = path.Join("..", "..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestTheTableOfImportsBites(t *testing.T) {
	t.Parallel()
	rules := rulesOf(may)
	for imp, from := range map[string]string{
		"redial/scheduler":              "campaign",
		"redial/campaign/store":         "campaign/rpc",
		"github.com/hibiken/asynq":      "scheduler",
		"google.golang.org/grpc":        "dialer",
		"redial/scheduler/hopper":       "scheduler/tasks",
		"github.com/redis/go-redis/v9x": "scheduler/hopper",
	} {
		if permitted(imp, rules[from]) {
			t.Errorf("%s may import %s", from, imp)
		}
	}
}
