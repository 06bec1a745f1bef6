package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

func TestAgentsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001", "+8613800138002")
	ctx, c := asMei(t), int64(b.campaign.ID)
	made := must[*pb.CreateAgentResponse](t)(b.admin.CreateAgent(ctx, &pb.CreateAgentRequest{Agent: &pb.Agent{
		Login: "zhao", Skills: []string{"english"}, Campaigns: []*pb.Membership{{CampaignId: c}},
	}})).GetAgent()
	if made.GetName() != "zhao" || !made.GetActive() || made.GetCampaigns()[0].GetWeight() != 1 || made.GetCampaigns()[0].GetCampaignName() != "spring" {
		t.Errorf("%v", made)
	}
	create := func(a *pb.Agent) error {
		_, err := b.admin.CreateAgent(ctx, &pb.CreateAgentRequest{Agent: a})
		return err
	}
	refused(t, "a taken login", create(&pb.Agent{Login: "zhao"}), campaign.KindConflict, "")
	refused(t, "no campaign", create(&pb.Agent{Login: "qian", Campaigns: []*pb.Membership{{CampaignId: 99}}}), campaign.KindNotFound, "")
	refused(t, "no login", create(&pb.Agent{}), campaign.KindInvalid, "login")
	refused(t, "nothing", create(nil), campaign.KindInvalid, "agent")
	for _, r := range []*pb.GetAgentRequest{{Id: made.GetId()}, {Login: "zhao"}} {
		if got := must[*pb.GetAgentResponse](t)(b.admin.GetAgent(ctx, r)); got.GetAgent().GetId() != made.GetId() {
			t.Errorf("%v gives %v", r, got)
		}
	}
	_, err := b.admin.GetAgent(ctx, &pb.GetAgentRequest{})
	refused(t, "neither", err, campaign.KindInvalid, "id")
}

func TestAnAgentWhoLeavesIsSignedOutAndItsPromisesMove(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx := asMei(t)
	id := b.lead(t, 0).ID
	b.call(t, id, campaign.Booked, &campaign.Booking{Local: "2026-03-02T15:00"})
	zhao := must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: "zhao"}))
	li := &pb.Agent{Id: int64(b.li.ID), Version: b.li.Version, Skills: []string{"english"}}
	update := func(to campaign.AgentID, paths ...string) (*pb.UpdateAgentResponse, error) {
		return b.admin.UpdateAgent(ctx, &pb.UpdateAgentRequest{Agent: li, UpdateMask: mask(paths...), PromisesTo: int64(to)})
	}
	_, err := update(zhao.ID, "skills")
	refused(t, "promises of one who stays", err, campaign.KindInvalid, "promises_to")
	_, err = update(0, "login")
	refused(t, "the login stays", err, campaign.KindInvalid, "update_mask")
	got := must[*pb.UpdateAgentResponse](t)(update(0, "skills"))
	if !got.GetAgent().GetActive() || !slices.Equal(got.GetAgent().GetSkills(), []string{"english"}) || len(got.GetAgent().GetCampaigns()) != 1 || len(b.heard.out) != 0 {
		t.Errorf("%v, signed out %v", got, b.heard.out)
	}
	_, err = update(0, "active")
	refused(t, "an old version", err, campaign.KindConflict, campaign.ReasonVersion)
	li.Version = got.GetAgent().GetVersion()
	got = must[*pb.UpdateAgentResponse](t)(update(zhao.ID, "active"))
	if got.GetAgent().GetActive() || got.GetMoved() != 1 || !slices.Equal(b.heard.out, []campaign.AgentID{b.li.ID}) || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v, signed out %v", got, b.heard.out)
	}
	if p := must[*campaign.Appointment](t)(b.OpenPromise(ctx, id)); p.Owner != zhao.ID {
		t.Errorf("the promise is %d's", p.Owner)
	}
	logins := func(r *pb.ListAgentsRequest) (out []string) {
		for {
			page := must[*pb.ListAgentsResponse](t)(b.admin.ListAgents(ctx, r))
			for _, a := range page.GetAgents() {
				out = append(out, a.GetLogin())
			}
			if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
				return out
			}
		}
	}
	if got := logins(&pb.ListAgentsRequest{}); !slices.Equal(got, []string{"zhao"}) {
		t.Error(got)
	}
	if got := logins(&pb.ListAgentsRequest{Inactive: true, PageSize: 1}); !slices.Equal(got, []string{"li", "zhao"}) {
		t.Error(got)
	}
	if got := logins(&pb.ListAgentsRequest{CampaignId: int64(b.campaign.ID), Inactive: true}); !slices.Equal(got, []string{"li"}) {
		t.Error(got)
	}
}

func TestTokensAreMadeListedAndRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := asMei(t)
	create := func(owner string, role pb.Role) (*pb.CreateTokenResponse, error) {
		return b.admin.CreateToken(ctx, &pb.CreateTokenRequest{Owner: owner, Role: role})
	}
	li := must[*pb.CreateTokenResponse](t)(create("li", pb.Role_ROLE_AGENT))
	if li.GetToken().GetAgentId() != int64(b.li.ID) || li.GetSecret() == "" {
		t.Errorf("%v", li)
	}
	if got := must[campaign.Token](t)(b.TokenBySecret(ctx, li.GetSecret())); got.Caller().Agent != b.li.ID {
		t.Errorf("%v", got)
	}
	for i := range 3 {
		must[*pb.CreateTokenResponse](t)(create(fmt.Sprint("crm ", i), pb.Role_ROLE_CRM))
	}
	_, err := create("nobody", pb.Role_ROLE_AGENT)
	refused(t, "no such agent", err, campaign.KindNotFound, "")
	_, err = create("mei", pb.Role_ROLE_UNSPECIFIED)
	refused(t, "no role", err, campaign.KindInvalid, "role")
	_, err = create("", pb.Role_ROLE_MANAGER)
	refused(t, "no owner", err, campaign.KindInvalid, "owner")
	for range 2 {
		r := must[*pb.RevokeTokenResponse](t)(b.admin.RevokeToken(ctx, &pb.RevokeTokenRequest{Id: li.GetToken().GetId()}))
		if !r.GetToken().GetRevokedAt().AsTime().Equal(monday) {
			t.Errorf("%v", r)
		}
	}
	owners := func(r *pb.ListTokensRequest) (out []string) {
		for {
			page := must[*pb.ListTokensResponse](t)(b.admin.ListTokens(ctx, r))
			for _, k := range page.GetTokens() {
				out = append(out, k.GetOwner())
			}
			if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
				return out
			}
		}
	}
	if got := owners(&pb.ListTokensRequest{PageSize: 2}); !slices.Equal(got, []string{"crm 2", "crm 1", "crm 0"}) {
		t.Error(got)
	}
	if got := owners(&pb.ListTokensRequest{Revoked: true}); !slices.Equal(got, []string{"crm 2", "crm 1", "crm 0", "li"}) {
		t.Error(got)
	}
}

// audited is the client's side of an audit.
type audited struct {
	grpc.ServerStream
	ctx context.Context
	got []*pb.AuditResponse
}

func (a *audited) Context() context.Context { return a.ctx }

func (a *audited) Send(r *pb.AuditResponse) error {
	a.got = append(a.got, r)
	return nil
}

func TestAnAuditOfASoundRecordEndsWithItsSummary(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001", "+8613800138002")
	b.call(t, b.lead(t, 0).ID, campaign.NoAnswer, nil)
	out := &audited{ctx: asMei(t)}
	if err := b.admin.Audit(&pb.AuditRequest{CampaignId: int64(b.campaign.ID)}, out); err != nil {
		t.Fatal(err)
	}
	if len(out.got) != 1 {
		t.Fatalf("%v", out.got)
	}
	if s := out.got[0].GetSummary(); s.GetLeads() != 2 || s.GetAttempts() != 1 || s.GetBreaches() != 0 || !slices.Contains(s.GetInvariants(), "I3") {
		t.Errorf("%v", s)
	}
	refused(t, "unknown", b.admin.Audit(&pb.AuditRequest{CampaignId: 99}, out), campaign.KindNotFound, "")
}

func TestGetServerSaysWhatRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := must[*pb.GetServerResponse](t)(b.admin.GetServer(asMei(t), &pb.GetServerRequest{}))
	if s.GetVersion() != "1" || !s.GetRedisUp() || !s.GetNow().AsTime().Equal(monday) || s.GetSchema() != 1 || s.GetTzdata() != "2025c" ||
		s.GetClockOffset().AsDuration() != -90*time.Second {
		t.Errorf("%v", s)
	}
}

func TestReportQueriesSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx := asMei(t)
	get := func(q *pb.ReportQuery) error {
		_, err := b.reports.GetReport(ctx, &pb.GetReportRequest{Query: q})
		return err
	}
	day := pb.ReportKind_REPORT_KIND_DAY
	refused(t, "no kind", get(nil), campaign.KindInvalid, "query.kind")
	refused(t, "no day", get(&pb.ReportQuery{Kind: day, From: "yesterday"}), campaign.KindInvalid, "query.from")
	refused(t, "turned round", get(&pb.ReportQuery{Kind: day, From: "2026-03-02", To: "2026-03-01"}), campaign.KindInvalid, "query.to")
	refused(t, "no zone", get(&pb.ReportQuery{Kind: day, Zone: "Shanghai"}), campaign.KindInvalid, "query.zone")
	refused(t, "no campaign", get(&pb.ReportQuery{Kind: day, CampaignId: 99}), campaign.KindNotFound, "")
	refused(t, "no list", get(&pb.ReportQuery{Kind: day, ListId: 99}), campaign.KindNotFound, "")
	refused(t, "no agent", get(&pb.ReportQuery{Kind: day, AgentId: 99}), campaign.KindNotFound, "")
	other := must[campaign.Campaign](t)(b.CreateCampaign(ctx, campaign.Campaign{
		Name: "autumn", Zone: "UTC", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor(),
	}))
	refused(t, "another's list", get(&pb.ReportQuery{Kind: day, CampaignId: int64(other.ID), ListId: int64(b.list)}), campaign.KindInvalid, "query.list_id")
}

func TestAnAdminEndsSomebodysSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := asMei(t)
	person := campaign.Caller{Token: -7, Owner: "eve@corp.example", Role: campaign.RoleManager}
	if err := b.KeepWebSession(ctx, "one", campaign.WebSession{Caller: person, EndsAt: monday.Add(time.Hour)}, 20); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{1, 0} {
		if a := must[*pb.EndSessionsResponse](t)(b.admin.EndSessions(ctx, &pb.EndSessionsRequest{Owner: person.Owner})); a.GetEnded() != want {
			t.Errorf("ended %d, want %d", a.GetEnded(), want)
		}
	}
	_, err := b.WebSession(ctx, "one")
	refused(t, "the session that was ended", err, campaign.KindStranger, "")
	_, err = b.admin.EndSessions(ctx, &pb.EndSessionsRequest{})
	refused(t, "nobody's", err, campaign.KindInvalid, "owner")
}
