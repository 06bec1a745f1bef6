package web

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
)

// agentAPI knows one agent and nothing else.
type agentAPI struct{ grpc.ClientConnInterface }

func (agentAPI) Invoke(_ context.Context, method string, _, reply any, _ ...grpc.CallOption) error {
	if strings.HasSuffix(method, "/GetAgent") {
		proto.Merge(reply.(proto.Message), &campaignpb.GetAgentResponse{Agent: &campaignpb.Agent{Id: 4, Login: guideAgent}})
	}
	return nil
}

// actBook keeps who became whom.
type actBook struct {
	mu   sync.Mutex
	said []string
}

func (k *actBook) LogDeed(ctx context.Context, action, target string, _ any, _ string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if action == "act_as" {
		k.said = append(k.said, campaign.CallerFrom(ctx).Owner+" "+target)
	}
	return nil
}

// demoSite is a demonstration's, before it serves.
func demoSite(t *testing.T, f *fake, k Deeds) *Site {
	t.Helper()
	d := newSite(t, f).Deps
	d.Demo, d.API, d.Deeds = true, agentAPI{}, k
	s, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// acting is for whom the one session acts.
func (f *fake) acting() *campaign.Caller {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.sessions {
		return w.Acting
	}
	return nil
}

func TestTheLinkOfADemonstrationLetsOneBeEverybody(t *testing.T) {
	t.Parallel()
	f, k := newFake(), &actBook{}
	s := demoSite(t, f, k)
	b := open(t, s)
	link, err := s.SignInLink("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(link, "code=")
	if page, _ := b.get("/signin?code=" + code); !strings.Contains(page, `id="be-agent"`) {
		t.Fatalf("the link does not lead to the guide:\n%s", page)
	}
	_, _ = b.post("/guide/be", url.Values{"as": {"agent"}})
	if a := f.acting(); a == nil || a.Role != campaign.RoleAgent || a.Agent != 4 || a.Owner != guideAgent {
		t.Errorf("acts for %+v", a)
	}
	if page, _ := b.get("/guide"); !strings.Contains(page, `class="acting"`) || !strings.Contains(page, "You act as: agent.") {
		t.Errorf("nothing says who one is:\n%s", page)
	}
	_, _ = b.post("/guide/be", url.Values{"as": {"supervisor"}})
	if a := f.acting(); a == nil || a.Role != campaign.RoleSupervisor || a.Agent != 0 {
		t.Errorf("acts for %+v", a)
	}
	if page, _ := b.post("/guide/be", url.Values{"as": {"me"}}); f.acting() != nil || strings.Contains(page, `class="acting"`) {
		t.Errorf("acts for %+v still", f.acting())
	}
	if got := strings.Join(k.said, ", "); got != "admin agent, admin supervisor, admin me" {
		t.Errorf("the audit log says %q", got)
	}
}

func TestATokensSessionIsNobodyElse(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.tokens["rd_boss"] = campaign.Caller{Token: 1, Owner: "boss", Role: campaign.RoleAdmin}
	b := open(t, demoSite(t, f, &actBook{}))
	_, _ = b.post("/signin", url.Values{"token": {"rd_boss"}})
	if page, _ := b.get("/guide"); strings.Contains(page, `id="be-agent"`) {
		t.Error("a token's session is offered to be somebody else")
	}
	if _, code := b.post("/guide/be", url.Values{"as": {"agent"}}); code != 403 || f.acting() != nil {
		t.Errorf("answered %d, acts for %+v", code, f.acting())
	}
}

func TestOnlyADemonstrationHasAGuide(t *testing.T) {
	t.Parallel()
	f := newFake()
	b := open(t, newSite(t, f))
	b.signIn()
	if _, code := b.get("/guide"); code != 404 {
		t.Errorf("the guide answered %d", code)
	}
	if _, code := b.post("/guide/be", url.Values{"as": {"agent"}}); code != 404 || f.acting() != nil {
		t.Errorf("being an agent answered %d", code)
	}
}

// guideKeys are the texts of the parts.
func guideKeys() (keys []string) {
	for _, p := range parts {
		keys = append(keys, "guide_be_"+p.Name, "guide_go_"+p.Name, "role_"+string(p.Role))
	}
	return keys
}
