package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
)

// whoMay says once more, apart from the server's own table, which roles may call what: methods by the roles before them.
// a agent, s supervisor, m manager, c crm, q quality, A admin; - a token is not even needed.
const whoMay = `
-      grpc.health.v1.Health: Check List Watch
asmcqA grpc.reflection.v1.ServerReflection: ServerReflectionInfo
asmcqA grpc.reflection.v1alpha.ServerReflection: ServerReflectionInfo
asmcqA campaign.v1.AdminService: GetServer
smcqA  campaign.v1.AdminService: GetCalendar ListCalendars
mA     campaign.v1.AdminService: CreateAgent GetAgent ListAgents UpdateAgent PutCalendar ImportCalendar DeleteCalendar
A      campaign.v1.AdminService: CreateToken ListTokens RevokeToken EndSessions Audit Backup ListAuditLog VerifyAuditLog
smcqA  campaign.v1.CampaignService: GetCampaign ListCampaigns
mA     campaign.v1.CampaignService: CreateCampaign UpdateCampaign StartCampaign PauseCampaign FinishCampaign
mA     campaign.v1.ListService: BeginUpload Upload PreviewImport CommitUpload DiscardUpload UndoImport SetPriority SwitchOff SwitchOn SetHours SaveTemplate ListTemplates DeleteTemplate
smA    campaign.v1.ListService: GetUpload WatchImport ListLists GetList ListProblems ExportProblems
smcqA  campaign.v1.LeadService: GetLead FindLeads ListConsents RevealNumbers
mcA    campaign.v1.LeadService: UpdateLead WithdrawLead ReopenLead MoveLead UpsertLeads EraseLead ExportPerson RecordConsent RecordOutsideCall
smcA   campaign.v1.LeadService: RevokeConsent
smcA   campaign.v1.SuppressionService: Suppress Lift Check ListSuppressions
mcA    campaign.v1.SuppressionService: ImportSuppressions
mcA    campaign.v1.EventService: WatchEvents
mA     campaign.v1.WebhookService: CreateWebhook GetWebhook ListWebhooks UpdateWebhook RotateWebhookSecret DeleteWebhook TestWebhook ListDeliveries ReplayDeliveries
smcqA  campaign.v1.ReportService: GetReport ExportReport ListBadData ExportBadData
smcqA  scheduler.v1.ScheduleService: ExplainLead ListDue ExplainCampaign ListBlocked GetTimeline ListLawPacks
smA    scheduler.v1.ScheduleService: PreviewRules WatchReplan Forecast Simulate EstimateStaff
aA     dialer.v1.AgentService: Work SignIn SignOut SetState Heartbeat GetSession NextCall PickLead Decline StartCall EndCall RecordOutcome CorrectOutcome BookAppointment RescheduleAppointment CancelAppointment ListCallbacks ListSlots GetMyDay
smA    dialer.v1.FloorService: GetFloor WatchFloor ListMissed ListPromises ListLateOutcomes ResolveLateOutcome Reassign SetAgentState
`

// mayCall is whoMay by method.
func mayCall() map[string]string {
	out := make(map[string]string)
	for line := range strings.Lines(strings.TrimSpace(whoMay)) {
		who, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		service, names, _ := strings.Cut(strings.TrimSpace(rest), ": ")
		for name := range strings.FieldsSeq(names) {
			out["/"+service+"/"+name] = who
		}
	}
	return out
}

var roleLetters = map[string]campaignpb.Role{
	"a": campaignpb.Role_ROLE_AGENT, "s": campaignpb.Role_ROLE_SUPERVISOR, "m": campaignpb.Role_ROLE_MANAGER, "c": campaignpb.Role_ROLE_CRM,
	"q": campaignpb.Role_ROLE_QUALITY, "A": campaignpb.Role_ROLE_ADMIN,
}

func reasonOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

func TestI11EveryMethodByEveryRole(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	methods, want := r.methods(), mayCall()
	for name := range methods {
		if want[name] == "" {
			t.Errorf("%s is served, and nothing is said here of who may call it", name)
		}
	}
	for name := range want {
		if methods[name] == nil {
			t.Errorf("%s is not served", name)
		}
	}
	tokens := make(map[string]string)
	for letter, role := range roleLetters {
		tokens[letter] = r.token(role)
	}
	for name, m := range methods {
		for letter, token := range tokens {
			_, err := r.ask(m, "Bearer "+token, dynamicpb.NewMessage(m.Input()))
			code, allowed := status.Code(err), want[name] == "-" || strings.Contains(want[name], letter)
			switch {
			case allowed && (code == codes.PermissionDenied || code == codes.Unauthenticated || code == codes.DeadlineExceeded || code == codes.Internal || code == codes.Unimplemented):
				t.Errorf("%s may call %s: %v", roleLetters[letter], name, err)
			case !allowed && (code != codes.PermissionDenied || reasonOf(err) != "ROLE_DENIED"):
				t.Errorf("%s may not call %s: %v (%s)", roleLetters[letter], name, err, reasonOf(err))
			}
		}
	}
}

func TestI11NobodyGetsInWithoutATokenInForce(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	admin := campaignpb.NewAdminServiceClient(r.conn)
	mint := func(ends *timestamppb.Timestamp) (string, int64) {
		a, err := admin.CreateToken(r.admin, &campaignpb.CreateTokenRequest{Owner: "x", Role: campaignpb.Role_ROLE_ADMIN, ExpiresAt: ends})
		r.must(err)
		return a.GetSecret(), a.GetToken().GetId()
	}
	gone, id := mint(nil)
	if _, err := admin.GetServer(showing(t.Context(), gone), &campaignpb.GetServerRequest{}); err != nil {
		t.Fatalf("before its revocation: %v", err)
	}
	_, err := admin.RevokeToken(r.admin, &campaignpb.RevokeTokenRequest{Id: id})
	r.must(err)
	over, _ := mint(timestamppb.New(time.Now().Add(300 * time.Millisecond)))
	for err = nil; err == nil; { // until it has expired
		_, err = admin.GetServer(showing(t.Context(), over), &campaignpb.GetServerRequest{})
	}
	good, _ := mint(nil)
	strangers := map[string]string{ // authorization by reason
		"":                                       "TOKEN_MISSING",
		"Bearer":                                 "TOKEN_MISSING",
		"Basic " + good:                          "TOKEN_MISSING",
		good:                                     "TOKEN_MISSING",
		"Bearer " + gone:                         "TOKEN_REVOKED",
		"Bearer " + over:                         "TOKEN_EXPIRED",
		"Bearer " + good + "x":                   "TOKEN_UNKNOWN",
		"Bearer " + good[:len(good)-1]:           "TOKEN_UNKNOWN",
		"Bearer " + strings.ToUpper(good):        "TOKEN_UNKNOWN",
		"Bearer rd_" + strings.Repeat("a", 5000): "TOKEN_UNKNOWN",
		"Bearer eyJhbGciOiJub25lIn0.e30.":        "TOKEN_UNKNOWN",
		"Bearer rd_' OR 1=1 --":                  "TOKEN_UNKNOWN",
	}
	for name, m := range r.methods() {
		for shown, reason := range strangers {
			_, err := r.ask(m, shown, dynamicpb.NewMessage(m.Input()))
			if mayCall()[name] == "-" {
				if status.Code(err) == codes.Unauthenticated {
					t.Errorf("%s needs no token, and says to %q: %v", name, shown, err)
				}
			} else if status.Code(err) != codes.Unauthenticated || reasonOf(err) != reason {
				t.Errorf("%s lets %.40q in, or says why not in other words: %v (%s), want %s", name, shown, err, reasonOf(err), reason)
			}
		}
	}
	if _, err := admin.GetServer(showing(t.Context(), good), &campaignpb.GetServerRequest{}); err != nil {
		t.Errorf("the token that is good: %v", err)
	}
}

func TestARevokedTokenStopsAtOtherNodesWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	n := startNodes(t, 2, testserver.Postgres(t), "none")
	here, there := campaignpb.NewAdminServiceClient(n.conns[0]), campaignpb.NewAdminServiceClient(n.conns[1])
	for range 3 {
		made, err := here.CreateToken(n.ctx, &campaignpb.CreateTokenRequest{Owner: "x", Role: campaignpb.Role_ROLE_ADMIN})
		n.must(err)
		ctx := showing(t.Context(), made.GetSecret())
		for _, c := range []campaignpb.AdminServiceClient{here, there, there} {
			_, err = c.GetServer(ctx, &campaignpb.GetServerRequest{})
			n.must(err)
		}
		_, err = here.RevokeToken(n.ctx, &campaignpb.RevokeTokenRequest{Id: made.GetToken().GetId()})
		n.must(err)
		revoked := time.Now()
		if _, err := here.GetServer(ctx, &campaignpb.GetServerRequest{}); reasonOf(err) != "TOKEN_REVOKED" {
			t.Errorf("at the node that revoked it: %v", err)
		}
		for err = nil; err == nil; {
			began := time.Now()
			if _, err = there.GetServer(ctx, &campaignpb.GetServerRequest{}); err == nil && began.Sub(revoked) > 2*time.Second {
				t.Fatalf("the other node let it in %v after its revocation", began.Sub(revoked))
			}
		}
		if reasonOf(err) != "TOKEN_REVOKED" {
			t.Errorf("at the other node: %v", err)
		}
	}
}

func TestRatesAreOfATokenAndSaidWithWhenToComeBack(t *testing.T) {
	t.Parallel()
	n := newRealmWith(t, "crm=5")
	admin := campaignpb.NewAdminServiceClient(n.conn)
	one, other := showing(t.Context(), n.token(campaignpb.Role_ROLE_CRM)), showing(t.Context(), n.token(campaignpb.Role_ROLE_CRM))
	var refused error
	let := 0
	for range 100 {
		if _, err := admin.GetServer(one, &campaignpb.GetServerRequest{}); err == nil {
			let++
		} else {
			refused = err
		}
	}
	if let < 20 || let > 40 || status.Code(refused) != codes.ResourceExhausted || reasonOf(refused) != "RATE_LIMITED" {
		t.Errorf("%d of 100 let through, then %v", let, refused)
	}
	retry := slices.IndexFunc(status.Convert(refused).Details(), func(d any) bool {
		i, ok := d.(*errdetails.RetryInfo)
		return ok && i.GetRetryDelay().AsDuration() > 0
	})
	if retry < 0 {
		t.Errorf("it does not say when to come back: %v", status.Convert(refused).Details())
	}
	if _, err := admin.GetServer(other, &campaignpb.GetServerRequest{}); err != nil {
		t.Errorf("another token: %v", err)
	}
}
