package leads

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	"redial/cmd/internal/web/page/pagetest"
	pb "redial/proto/campaign/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// api is an API that says what a test wants, by the method's name, and keeps what it was asked.
type api struct {
	says  map[string]func(proto.Message) (proto.Message, error)
	asked map[string][]proto.Message
	lang  string // of the reader's browser
}

func (a *api) Invoke(_ context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	name := method[strings.LastIndex(method, "/")+1:]
	a.asked[name] = append(a.asked[name], args.(proto.Message))
	say, ok := a.says[name]
	if !ok {
		return nil // an empty answer
	}
	m, err := say(args.(proto.Message))
	if err == nil {
		proto.Merge(reply.(proto.Message), m)
	}
	return err
}

// NewStream is a stream that answers once, with what a test wants.
func (a *api) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return &stream{ctx: ctx, api: a, method: method}, nil
}

type stream struct {
	grpc.ClientStream // its headers: not asked
	ctx               context.Context
	api               *api
	method            string
	sent              proto.Message // last
}

func (s *stream) Context() context.Context { return s.ctx }
func (s *stream) CloseSend() error         { return nil }

func (s *stream) SendMsg(m any) error {
	s.sent = m.(proto.Message)
	name := s.method[strings.LastIndex(s.method, "/")+1:]
	s.api.asked[name] = append(s.api.asked[name], s.sent)
	return nil
}

func (s *stream) RecvMsg(m any) error {
	return (&api{says: s.api.says, asked: map[string][]proto.Message{}}).Invoke(s.ctx, s.method, s.sent, m)
}

func (a *api) on(method string, m proto.Message, err error) {
	a.says[method] = func(proto.Message) (proto.Message, error) { return m, err }
}

// site serves the pages to a caller, with a lead that has a masked number.
func site(t *testing.T, c campaign.Caller) (*api, func(method, path string, form url.Values) *httptest.ResponseRecorder) {
	t.Helper()
	a := &api{says: map[string]func(proto.Message) (proto.Message, error){}, asked: map[string][]proto.Message{}}
	a.on("GetLead", &pb.GetLeadResponse{CampaignName: "spring", Lead: &pb.Lead{
		Id: 7, CampaignId: 1, State: pb.LeadState_LEAD_STATE_OPEN, Version: 5, Name: "Ada", Zones: []string{"Asia/Shanghai"},
		Numbers: []*pb.Number{{Phone: "+86••••••••03"}}, Attributes: []*pb.Attribute{{Name: "City", Value: "Wuhan"}},
	}}, nil)
	opens := timestamppb.New(time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC))
	a.on("ExplainLead", &schedulerpb.ExplainLeadResponse{Binding: "interval", OpensAt: opens, OfferReason: "retry", Gates: []*pb.Gate{
		{Name: "campaign", Open: true, Detail: "it runs"}, {Name: "interval", OpensAt: opens, Detail: "4 h after the last call"},
	}}, nil)
	f, err := New(page.Kit{API: a, Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range f.Routes {
		mux.HandleFunc(r.Pattern, r.Handle)
	}
	return a, func(method, path string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(page.WithGuest(campaign.WithCaller(t.Context(), c), page.Guest{}), method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept-Language", a.lang)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
}

var (
	manager = campaign.Caller{Owner: "mo", Role: campaign.RoleManager}
	admin   = campaign.Caller{Owner: "ad", Role: campaign.RoleAdmin}
	quality = campaign.Caller{Owner: "qu", Role: campaign.RoleQuality}
)

func must(t *testing.T, w *httptest.ResponseRecorder, code int, parts ...string) {
	t.Helper()
	if w.Code != code {
		t.Fatalf("answered %d, not %d: %s", w.Code, code, w.Body)
	}
	for _, part := range parts {
		if !strings.Contains(html.UnescapeString(w.Body.String()), part) {
			t.Errorf("the page does not say %q:\n%s", part, w.Body)
		}
	}
}

func TestTheGateThatBindsIsMarked(t *testing.T) {
	_, ask := site(t, manager)
	w := ask("GET", "/leads/7", nil)
	must(t, w, 200, "2026-03-02 14:00:00", "Asia/Shanghai", `data-gate="interval" class="binds"`, "+86••••••••03")
	if strings.Contains(w.Body.String(), `data-gate="campaign" class="binds"`) {
		t.Error("an open gate binds")
	}
}

func TestQualityLooksOnly(t *testing.T) {
	_, ask := site(t, quality)
	w := ask("GET", "/leads/7", nil)
	must(t, w, 200, "Ada")
	if strings.Contains(w.Body.String(), `<dialog id="ask-`) {
		t.Error("quality is offered a change")
	}
}

func TestNumbersAreTriedInTheRegionsOfTheCampaigns(t *testing.T) {
	a, ask := site(t, manager)
	a.on("ListCampaigns", &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{{Id: 1, Name: "uk", Region: "GB"}, {Id: 2, Name: "cn", Region: "CN"}}}, nil)
	a.says["FindLeads"] = func(m proto.Message) (proto.Message, error) {
		r := m.(*pb.FindLeadsRequest)
		switch {
		case r.GetNumber() != "" && r.GetRegion() != "CN":
			return nil, status.Error(codes.InvalidArgument, "no number")
		case r.GetNumber() == "138 0013-8000":
			return &pb.FindLeadsResponse{Leads: []*pb.Lead{{Id: 9, CampaignId: 2, Name: "Mei"}}, NextPageToken: "more"}, nil
		}
		return &pb.FindLeadsResponse{}, nil
	}
	must(t, ask("GET", "/leads?q=138+0013-8000", nil), 200, `href="/leads/9"`, "by=number", "page=more")
	must(t, ask("GET", "/leads?q=Nobody&campaign=2", nil), 200, "No lead matches", `href="/leads?q=Nobody"`)
	if n := len(a.asked["FindLeads"]); n != 4 {
		t.Errorf("asked %d times, not in two regions, by name and by external id", n)
	}
}

func TestWhatTheAPISaysIsSaidInChinese(t *testing.T) {
	a, ask := site(t, manager)
	a.lang = "zh"
	a.on("ExplainLead", &schedulerpb.ExplainLeadResponse{Binding: "rolling_cap", Gates: []*pb.Gate{
		{Name: "campaign", Open: true, Detail: "the campaign runs"}, {Name: "rolling_cap", Detail: "used up: at most 3 attempts to this number in 24h"},
		{Name: "held_off", Detail: "something <new>"},
	}}, nil)
	a.on("GetTimeline", &schedulerpb.GetTimelineResponse{Entries: []*schedulerpb.TimelineEntry{{Kind: "outcome", Text: `BUSY; talked 4s; noted: "loud; angry"`}}}, nil)
	a.on("UpdateLead", nil, refusal(t, codes.FailedPrecondition, "", "the lead was withdrawn: reopen it first"))
	must(t, ask("GET", "/leads/7", nil), 200, ">活动运行中</td>", ">已用完：24 小时内最多拨打 3 次（本号码）</td>", `<span lang="en">something <new></span></td>`,
		`<span>忙线；通话 4 秒；备注："loud; angry"</span>`)
	form := url.Values{"version": {"5"}, "name": {"Ada"}}
	must(t, ask("POST", "/leads/7/edit", form), 409, "<span>该客户已撤回：请先恢复</span>")
	a.on("UpdateLead", nil, refusal(t, codes.FailedPrecondition, "", "made by nobody"))
	must(t, ask("POST", "/leads/7/edit", form), 409, `<span lang="en">made by nobody</span>`)
}

func TestAConflictKeepsWhatWasTyped(t *testing.T) {
	a, ask := site(t, manager)
	s, err := status.New(codes.Aborted, "changed").WithDetails(&errdetails.ErrorInfo{Reason: campaign.ReasonVersion})
	if err != nil {
		t.Fatal(err)
	}
	a.on("UpdateLead", nil, s.Err())
	form := url.Values{"version": {"4"}, "name": {"Ada Lovelace"}, "attribute": {"City"}, "value": {"Bath"}}
	must(t, ask("POST", "/leads/7/edit", form), 409, "Ada Lovelace", "Bath", `name="version" value="5"`, `data-ask="edit"`, "Somebody else changed")
	a.on("UpdateLead", &pb.UpdateLeadResponse{}, nil)
	w := ask("POST", "/leads/7/edit", form)
	must(t, w, 303)
	if got := a.asked["UpdateLead"][1].(*pb.UpdateLeadRequest); got.GetLead().GetVersion() != 4 || got.GetLead().GetAttributes()[0].GetValue() != "Bath" {
		t.Errorf("sent %v", got)
	}
	must(t, ask("GET", w.Header().Get("Location"), nil), 200, "The lead was changed.")
}

func TestNobodyIsErasedWithoutASecondYes(t *testing.T) {
	a, ask := site(t, admin)
	must(t, ask("POST", "/leads/7/erase", url.Values{"reason": {"asked"}, "again": {"8"}, "version": {"5"}}), 400, "Nothing was erased", `value="asked"`, `data-ask="erase"`)
	if len(a.asked["EraseLead"]) != 0 {
		t.Fatal("erased")
	}
	must(t, ask("POST", "/leads/7/erase", url.Values{"reason": {"asked"}, "again": {"7"}, "version": {"5"}}), 303)
	if got := a.asked["EraseLead"][0].(*pb.EraseLeadRequest); got.GetId() != 7 || got.GetReason() != "asked" || got.GetEverywhere() {
		t.Errorf("sent %v", got)
	}
}

func TestAMaskedNumberIsSuppressedByItsPlaceAndRevealedToNobody(t *testing.T) {
	a, ask := site(t, admin)
	a.on("RevealNumbers", &pb.RevealNumbersResponse{Numbers: []*pb.Number{{Phone: "+8613800138003"}}}, nil)
	must(t, ask("POST", "/leads/7/suppress", url.Values{"number": {"0 +86••••••••03"}, "scope": {"campaign"}, "reason": {"complaint"}}), 303)
	got := a.asked["Suppress"][0].(*pb.SuppressRequest)
	if got.GetLeadId() != 7 || got.GetNumber() != 1 || got.GetPhone() != "" || len(a.asked["RevealNumbers"]) != 0 || got.GetCampaignId() != 1 || got.GetScope() != pb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN {
		t.Errorf("sent %v", got)
	}
	must(t, ask("POST", "/leads/7/reveal", url.Values{"reason": {"a complaint"}}), 200, "+8613800138003")
}

func TestTexts(t *testing.T) {
	var keys []string
	for act, deed := range acts {
		keys = append(keys, "leads_"+act, "leads_will_"+act, "leads_did_"+act, "leads_need_"+deed.need)
	}
	for name := range strings.FieldsSeq("campaign list state held_off suppression number consent max_attempts interval hours law_hours day_cap rolling_cap cool_off law_cap max_days expires_at promise") {
		keys = append(keys, "leads_gate_"+name)
	}
	for name := range strings.FieldsSeq("taken_in offered given_back called outcome amended booked appointment_closed consent consent_revoked suppressed outside_call planned") {
		keys = append(keys, "leads_kind_"+name)
	}
	for _, name := range fieldOrder {
		if name != "value" { // an attribute, by its own name
			keys = append(keys, "leads_f_"+name)
		}
	}
	for _, purpose := range purposes {
		keys = append(keys, "leads_purpose_"+purpose)
	}
	for _, scope := range campaign.ConsentScopes {
		keys = append(keys, "leads_scope_"+string(scope))
	}
	for name := range strings.FieldsSeq("choice again country agent login scopes time gap") {
		keys = append(keys, "leads_wrong_"+name)
	}
	pagetest.Texts(t, files, nil, keys...)
}
