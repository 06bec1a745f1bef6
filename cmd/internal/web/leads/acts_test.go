package leads

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

var supervisor = campaign.Caller{Owner: "su", Role: campaign.RoleSupervisor}

// full is a lead with everything: two numbers, an open promise, a standing consent, a CRM.
func full(a *api) {
	a.on("GetLead", &pb.GetLeadResponse{CampaignName: "spring", Lead: &pb.Lead{
		Id: 7, CampaignId: 1, State: pb.LeadState_LEAD_STATE_OPEN, Version: 5, Revision: 40, Name: "Ada", Zones: []string{"Europe/London"},
		Source: "crm", ExternalId: "x7", Numbers: []*pb.Number{{Phone: "+442079460001"}, {Phone: "+442079460002", Label: "work"}},
		Attributes: []*pb.Attribute{{Name: "City", Value: "Bath"}, {Name: "Plan", Value: "A"}},
	}, Appointments: []*pb.Appointment{
		{Id: 11, State: pb.AppointmentState_APPOINTMENT_STATE_KEPT, Local: "2026-03-01T10:00", Zone: "Europe/London"},
		{Id: 12, OwnerId: 3, OwnerLogin: "ann", State: pb.AppointmentState_APPOINTMENT_STATE_OPEN, Local: "2026-03-09T10:00", Zone: "Europe/London"},
	}}, nil)
	a.on("ListConsents", &pb.ListConsentsResponse{Consents: []*pb.Consent{
		{Id: 21, Scopes: []string{"hours"}, Proof: "form 9", GivenAt: timestamppb.New(time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC))},
		{Id: 20, Scopes: []string{"contact"}, Proof: "form 8", RevokedAt: timestamppb.New(time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC))},
	}}, nil)
	a.on("ListCampaigns", &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{{Id: 1, Name: "spring"}, {Id: 2, Name: "summer"}}}, nil)
	a.on("ListAgents", &pb.ListAgentsResponse{Agents: []*pb.Agent{{Login: "ann", Name: "Ann"}, {Login: "bob", Name: "Bob"}}}, nil)
	a.on("MoveLead", &pb.MoveLeadResponse{Lead: &pb.Lead{Id: 9}}, nil)
}

// act is one that the API takes: what is typed, and what is sent.
var granted = []struct {
	act    string
	form   url.Values
	method string
	sends  proto.Message
	to     string // where it leads
}{
	{"edit", url.Values{"version": {"4"}, "name": {" Ada L "}, "attribute": {"City", "Plan"}, "value": {"Bath", "B"}}, "UpdateLead", nil, "/leads/7?did=edit"},
	{"withdraw", url.Values{"version": {"4"}, "reason": {"moved away"}}, "WithdrawLead", &pb.WithdrawLeadRequest{Id: 7, Version: 4, Reason: "moved away"}, "/leads/7?did=withdraw"},
	{"reopen", url.Values{"version": {"4"}, "reason": {"came back"}}, "ReopenLead", &pb.ReopenLeadRequest{Id: 7, Version: 4, Reason: "came back"}, "/leads/7?did=reopen"},
	{"erase", url.Values{"version": {"5"}, "reason": {"asked"}, "again": {"7"}, "everywhere": {"1"}}, "EraseLead", &pb.EraseLeadRequest{Id: 7, Reason: "asked", Everywhere: true}, "/leads/7?did=erase"},
	{"suppress", url.Values{"number": {"1 +442079460002"}, "scope": {"country"}, "country": {"gb"}, "reason": {"complaint"}}, "Suppress",
		&pb.SuppressRequest{LeadId: 7, Number: 2, Reason: "complaint", Scope: pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, Country: "GB"}, "/leads/7?did=suppress"},
	{"lift", url.Values{"number": {"0 +442079460001"}, "scope": {"system"}, "reason": {"a mistake"}}, "Lift",
		&pb.LiftRequest{LeadId: 7, Number: 1, Reason: "a mistake", Scope: pb.SuppressionScope_SUPPRESSION_SCOPE_SYSTEM}, "/leads/7?did=lift"},
	{"book", url.Values{"agent": {"ann"}, "local": {"2026-03-08T02:30"}, "zone": {"Europe/London"}, "insisted": {"1"}}, "BookAppointment",
		&dialerpb.BookAppointmentRequest{Agent: "ann", LeadId: 7, Booking: &pb.Booking{Local: "2026-03-08T02:30", Zone: "Europe/London", Insisted: true}}, "/leads/7?did=book"},
	{"reschedule", url.Values{"appointment": {"12-3"}, "agent": {"ann"}, "local": {"2026-03-10T11:00"}, "zone": {"Europe/London"}, "reason": {"busy"}}, "RescheduleAppointment",
		&dialerpb.RescheduleAppointmentRequest{Agent: "ann", AppointmentId: 12, Reason: "busy", Booking: &pb.Booking{Local: "2026-03-10T11:00", Zone: "Europe/London"}}, "/leads/7?did=reschedule"},
	{"cancel", url.Values{"appointment": {"12-3"}, "agent": {"ann"}, "reason": {"bought"}}, "CancelAppointment",
		&dialerpb.CancelAppointmentRequest{Agent: "ann", AppointmentId: 12, Reason: "bought"}, "/leads/7?did=cancel"},
	{"reassign", url.Values{"appointment": {"12-3"}, "owner": {"bob"}, "reason": {"ill"}}, "Reassign", &dialerpb.ReassignRequest{AppointmentId: 12, Owner: "bob", Reason: "ill"}, "/leads/7?did=reassign"},
	{"consent", url.Values{"scopes": {"contact", "hours"}, "phone": {"+442079460001"}, "purpose": {"sales"}, "proof": {"form 7"}, "zone": {"Europe/London"}, "given_at": {"2026-07-01T10:30"}, "expires_at": {"2027-01-01T00:00"}},
		"RecordConsent", &pb.RecordConsentRequest{LeadId: 7, Consent: &pb.Consent{
			Scopes: []string{"contact", "hours"}, Phone: "+442079460001", Purpose: "sales", Proof: "form 7",
			GivenAt: timestamppb.New(time.Date(2026, 7, 1, 9, 30, 0, 0, time.UTC)), ExpiresAt: timestamppb.New(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)),
		}}, "/leads/7?did=consent"},
	{"revoke", url.Values{"consent": {"21"}, "reason": {"said so"}}, "RevokeConsent", &pb.RevokeConsentRequest{Id: 21, Reason: "said so"}, "/leads/7?did=revoke"},
	{"move", url.Values{"version": {"4"}, "to": {"2"}}, "MoveLead", &pb.MoveLeadRequest{Id: 7, CampaignId: 2, Version: 4}, "/leads/9?did=move"},
}

func TestAnActSendsWhatWasTypedForTheVersionThatWasSeen(t *testing.T) {
	for _, k := range granted {
		t.Run(k.act, func(t *testing.T) {
			a, ask := site(t, admin)
			full(a)
			w := ask("POST", "/leads/7/"+k.act, k.form)
			must(t, w, 303)
			if w.Header().Get("Location") != k.to {
				t.Errorf("leads to %s, not %s", w.Header().Get("Location"), k.to)
			}
			sent := a.asked[k.method]
			if len(sent) == 0 {
				t.Fatalf("nothing was sent to %s", k.method)
			}
			got := sent[len(sent)-1]
			if u, ok := got.(*pb.UpdateLeadRequest); ok {
				if l := u.GetLead(); l.GetVersion() != 4 || l.GetName() != "Ada L" || l.GetAttributes()[1].GetValue() != "B" || strings.Join(u.GetUpdateMask().GetPaths(), " ") != "name attributes" {
					t.Errorf("sent %v", u)
				}
			} else if !proto.Equal(got, k.sends) {
				t.Errorf("sent %v, not %v", got, k.sends)
			}
			must(t, ask("GET", strings.Replace(k.to, "/9?", "/7?", 1), nil), 200, `id="lead-did"`)
		})
	}
}

// refusal is an error with a reason and fields at fault.
func refusal(t *testing.T, code codes.Code, reason, message string, fields ...string) error {
	t.Helper()
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason}}
	for _, f := range fields {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: f, Description: "is not right: " + f}}})
	}
	s, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

// wrongFields are the API's names of a field at fault for each act, and the form's.
var wrongFields = map[string][2]string{
	"edit": {"lead.attributes[1].value", "ask-edit-value-1"}, "withdraw": {"reason", "ask-withdraw-reason"}, "reopen": {"reason", "ask-reopen-reason"},
	"erase": {"reason", "ask-erase-reason"}, "suppress": {"country", "ask-suppress-country"}, "lift": {"reason", "ask-lift-reason"},
	"book": {"booking.local", "ask-book-local"}, "reschedule": {"booking", "ask-reschedule-local"}, "cancel": {"agent", "ask-cancel-agent"},
	"reassign": {"owner", "ask-reassign-owner"}, "consent": {"consent.proof", "ask-consent-proof"}, "revoke": {"reason", "ask-revoke-reason"},
	"move": {"campaign_id", "ask-move-to"},
}

func TestARefusedActKeepsWhatWasTypedAndNamesTheField(t *testing.T) {
	for _, k := range granted {
		t.Run(k.act, func(t *testing.T) {
			a, ask := site(t, admin)
			full(a)
			if k.act == "reopen" {
				got, _ := a.says["GetLead"](nil)
				got.(*pb.GetLeadResponse).Lead.State = pb.LeadState_LEAD_STATE_FINISHED
			}
			wrong := wrongFields[k.act]
			a.on(k.method, nil, refusal(t, codes.InvalidArgument, "", "no", wrong[0]))
			w := ask("POST", "/leads/7/"+k.act, k.form)
			must(t, w, 400, `data-ask="`+k.act+`"`, `id="ask-`+k.act+`" aria-labelledby="ask-`+k.act+`-title" class="leads-ask" open`,
				`aria-invalid="true" aria-describedby="`+wrong[1]+`-wrong"`, `id="`+wrong[1]+`-wrong">is not right: `+wrong[0])
			keeps(t, w, k.act, k.form)
			if n := strings.Count(w.Body.String(), " autofocus"); n != 1 {
				t.Errorf("%d elements have the focus, not the field at fault", n)
			}
			if at := strings.Index(w.Body.String(), `id="`+wrong[1]+`"`); !strings.Contains(w.Body.String()[at:at+300], "autofocus") {
				t.Error("the field at fault has no focus")
			}
		})
	}
}

// keeps says whether the act's dialog still holds what was typed.
func keeps(t *testing.T, w *httptest.ResponseRecorder, act string, form url.Values) {
	t.Helper()
	_, dialog, _ := strings.Cut(w.Body.String(), `<dialog id="ask-`+act+`"`)
	dialog, _, _ = strings.Cut(dialog, "</dialog>")
	dialog = strings.ReplaceAll(dialog, "&#43;", "+")
	for name, values := range form {
		for _, v := range values {
			if name != "version" && !strings.Contains(dialog, `value="`+strings.TrimSpace(v)+`"`) && !strings.Contains(dialog, `value="`+v+`"`) {
				t.Errorf("%s: %q was lost", name, v)
			}
		}
		switch name {
		case "scopes", "insisted", "everywhere":
			if strings.Count(dialog, " checked") != len(values) {
				t.Errorf("%s: %d boxes are ticked, not %d", name, strings.Count(dialog, " checked"), len(values))
			}
		case "number", "scope", "appointment", "consent", "to", "purpose", "phone":
			if !strings.Contains(dialog, `<option value="`+values[0]+`" selected`) {
				t.Errorf("%s: %q is no longer chosen", name, values[0])
			}
		}
	}
}

func TestSomebodyWhoWasQuickerIsNotOverridden(t *testing.T) {
	stale := map[string]url.Values{
		"erase":      {"version": {"4"}, "reason": {"asked"}, "again": {"7"}},
		"suppress":   {"number": {"0 +442079460009"}, "scope": {"system"}, "reason": {"complaint"}},
		"lift":       {"number": {"2 +442079460002"}, "scope": {"system"}, "reason": {"a mistake"}},
		"reschedule": {"appointment": {"11-0"}, "agent": {"ann"}, "local": {"2026-03-10T11:00"}, "zone": {"Europe/London"}, "reason": {"busy"}},
		"cancel":     {"appointment": {"12-4"}, "agent": {"ann"}, "reason": {"bought"}},
		"reassign":   {"appointment": {"12-4"}, "owner": {"bob"}, "reason": {"ill"}},
	}
	for _, k := range granted {
		form, own := stale[k.act]
		if !own && k.form.Get("version") == "" {
			continue // what it sends is not of a version
		}
		t.Run(k.act, func(t *testing.T) {
			a, ask := site(t, admin)
			full(a)
			if !own {
				form = k.form
				a.on(k.method, nil, refusal(t, codes.Aborted, campaign.ReasonVersion, "changed"))
			}
			w := ask("POST", "/leads/7/"+k.act, form)
			must(t, w, 409, "Somebody else changed this lead", `data-ask="`+k.act+`"`)
			if own && len(a.asked[k.method]) != 0 {
				t.Errorf("sent %v", a.asked[k.method])
			}
			if reason := form.Get("reason"); reason != "" {
				must(t, w, 409, `value="`+reason+`"`)
			}
			if form.Get("number") != "" || form.Get("appointment") != "" { // another one is not chosen in its stead
				must(t, w, 409, `<option value="" selected>Choose again …</option>`)
			}
			if form.Get("version") != "" {
				must(t, w, 409, `name="version" value="5"`)
			}
		})
	}
}

// A lead of an uploaded file has neither source nor external id: its own id is enough.
func TestALeadOfAFileCanBeMoved(t *testing.T) {
	a, ask := site(t, manager)
	full(a)
	got, _ := a.says["GetLead"](nil)
	got.(*pb.GetLeadResponse).Lead.Source, got.(*pb.GetLeadResponse).Lead.ExternalId = "", ""
	a.on("ListCampaigns", &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{
		{Id: 1, Name: "spring"}, {Id: 2, Name: "summer"}, {Id: 3, Name: "over", State: pb.CampaignState_CAMPAIGN_STATE_FINISHED},
	}}, nil)
	w := ask("GET", "/leads/7?ask=move", nil)
	must(t, w, 200, `id="ask-move"`, `<option value="2">summer</option>`)
	if strings.Contains(w.Body.String(), ">over</option>") {
		t.Error("a campaign that takes no more leads is offered")
	}
	a.on("MoveLead", nil, refusal(t, codes.FailedPrecondition, campaign.ReasonOnCall, "an agent has it"))
	must(t, ask("POST", "/leads/7/move", url.Values{"version": {"5"}, "to": {"2"}}), 409, "an agent has it")
}

func TestAnAttributeThatIsGoneMeanwhileKeepsWhatWasTyped(t *testing.T) {
	a, ask := site(t, manager)
	full(a)
	a.on("UpdateLead", nil, refusal(t, codes.Aborted, campaign.ReasonVersion, "changed"))
	w := ask("POST", "/leads/7/edit", url.Values{"version": {"4"}, "name": {"Ada"}, "attribute": {"Gone", "Plan"}, "value": {"kept", "B"}})
	must(t, w, 409, `value="Gone"`, `value="kept"`, `value="B"`, `value="Bath"`)
	if at := strings.Index(w.Body.String(), `name="attribute" value="City"`); !strings.Contains(w.Body.String()[at:at+120], `value="Bath"`) {
		t.Error("what was typed for one attribute stands at another")
	}
}

func TestARoleIsRefusedBeforeTheAPIIsAsked(t *testing.T) {
	keeper := campaign.Caller{Owner: "ke", Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitPrivacy, campaign.PermitNumbers}}
	for _, role := range []struct {
		c   campaign.Caller
		may string
	}{
		{supervisor, "suppress lift reassign"},
		{quality, ""},
		{manager, "edit withdraw reopen move suppress lift reassign consent revoke"},
		{keeper, "edit withdraw reopen move suppress lift reassign consent revoke erase"},
	} {
		for _, k := range granted {
			a, ask := site(t, role.c)
			full(a)
			w := ask("POST", "/leads/7/"+k.act, k.form)
			if strings.Contains(" "+role.may+" ", " "+k.act+" ") {
				must(t, w, 303)
				continue
			}
			must(t, w, 403, "Your role may not do this", "Nothing was changed", `href="/leads/7"`)
			if len(a.asked) != 0 {
				t.Errorf("%s: %s asked %v", role.c.Role, k.act, a.asked)
			}
		}
		a, ask := site(t, role.c)
		full(a)
		page := ask("GET", "/leads/7", nil).Body.String()
		for act := range acts {
			offered := strings.Contains(page, `data-dialog="`+act+`"`)
			if offered && !strings.Contains(" "+role.may+" ", " "+act+" ") {
				t.Errorf("%s is offered to %s", act, role.c.Role)
			}
			if offered != strings.Contains(page, `id="ask-`+act+`"`) {
				t.Errorf("%s: a button without a dialog, or a dialog without a button", act)
			}
		}
	}
}

func TestNumbersAreRevealedToWhomMayAndRefusedToOthers(t *testing.T) {
	a, ask := site(t, manager)
	must(t, ask("POST", "/leads/7/reveal", url.Values{"reason": {"a complaint"}}), 403, "permission for numbers")
	if len(a.asked) != 0 {
		t.Errorf("asked %v", a.asked)
	}
	a, ask = site(t, admin)
	a.on("RevealNumbers", nil, refusal(t, codes.InvalidArgument, "", "no", "reason"))
	must(t, ask("POST", "/leads/7/reveal", url.Values{"reason": {" "}}), 400, `data-ask="reveal"`, "is not right: reason")
	a.on("RevealNumbers", &pb.RevealNumbersResponse{Numbers: []*pb.Number{{Phone: "+8613800138003"}}}, nil)
	must(t, ask("POST", "/leads/7/reveal", url.Values{"reason": {"a complaint"}}), 200, "+8613800138003")
}

func TestFormsThatCannotBeSentAreNot(t *testing.T) {
	for name, k := range map[string]struct {
		act, field, says string
		form             url.Values
	}{
		"no scope":          {"consent", "scopes", "Tick at least one.", url.Values{"proof": {"form 7"}, "zone": {"Europe/London"}}},
		"a gap":             {"consent", "given_at", "does not exist", url.Values{"scopes": {"hours"}, "proof": {"form 7"}, "zone": {"Europe/London"}, "given_at": {"2026-03-29T01:30"}}},
		"no time":           {"consent", "expires_at", "no day and time", url.Values{"scopes": {"hours"}, "proof": {"form 7"}, "zone": {"Europe/London"}, "expires_at": {"soon"}}},
		"no agent":          {"book", "agent", "Name the agent", url.Values{"agent": {" "}, "local": {"2026-03-10T11:00"}}},
		"no promise":        {"cancel", "appointment", "Choose one", url.Values{"agent": {"ann"}, "reason": {"bought"}, "appointment": {""}}},
		"no number":         {"suppress", "number", "Choose one", url.Values{"number": {""}, "scope": {"system"}}},
		"no country":        {"suppress", "country", "Two letters", url.Values{"number": {"0 +442079460001"}, "scope": {"country"}, "country": {""}}},
		"an invented scope": {"lift", "scope", "Choose one", url.Values{"number": {"0 +442079460001"}, "scope": {"planet"}}},
		"no second yes":     {"erase", "again", "Nothing was erased", url.Values{"version": {"5"}, "again": {"8"}}},
		"no campaign":       {"move", "to", "Choose one", url.Values{"version": {"5"}, "to": {"x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			a, ask := site(t, admin)
			full(a)
			w := ask("POST", "/leads/7/"+k.act, k.form)
			must(t, w, 400, k.says, "What is wrong is said beside each field", `id="ask-`+k.act+"-"+k.field+`-wrong"`)
			for method := range a.asked {
				if strings.Contains("RecordConsent BookAppointment CancelAppointment Suppress Lift EraseLead MoveLead", method) {
					t.Errorf("%s was asked", method)
				}
			}
		})
	}
	a, ask := site(t, admin)
	full(a)
	must(t, ask("POST", "/leads/7/withdraw", url.Values{"reason": {"moved away"}}), 400, "which version", `value="moved away"`)
	if len(a.asked["WithdrawLead"]) != 0 {
		t.Error("withdrawn without a version")
	}
}

func TestWithoutScriptALinkOpensADialogAboutWhatItNames(t *testing.T) {
	a, ask := site(t, admin)
	full(a)
	must(t, ask("GET", "/leads/7?ask=cancel&of=12-3", nil), 200, `id="ask-cancel" aria-labelledby="ask-cancel-title" class="leads-ask" open`, `<option value="12-3" selected>`)
	if w := ask("GET", "/leads/7?ask=nothing", nil); strings.Contains(w.Body.String(), " open>") {
		t.Error("an invented dialog is open")
	}
	w := ask("GET", "/leads/7/cancel", nil) // a refused act's address, as the links to the other language have it
	must(t, w, 303)
	if w.Header().Get("Location") != "/leads/7?ask=cancel" {
		t.Errorf("leads to %s", w.Header().Get("Location"))
	}
}

func TestAgentsAreChosenFromThoseTheReaderIsTold(t *testing.T) {
	a, ask := site(t, manager)
	full(a)
	must(t, ask("GET", "/leads/7", nil), 200, `list="leads-logins"`, `<option value="bob">Bob</option>`)
	a, ask = site(t, supervisor)
	full(a)
	a.on("GetFloor", &dialerpb.GetFloorResponse{Floor: &dialerpb.Floor{Agents: []*dialerpb.FloorAgent{{Name: "Cy", Session: &dialerpb.Session{Login: "cy"}}}}}, nil)
	must(t, ask("GET", "/leads/7", nil), 200, `<option value="cy">Cy</option>`)
	if len(a.asked["ListAgents"]) != 0 {
		t.Error("a supervisor asks for all agents")
	}
}

func TestAnAgentThatIsNoneIsSaidAtItsField(t *testing.T) {
	a, ask := site(t, admin)
	full(a)
	a.on("Reassign", nil, status.Error(codes.NotFound, "no agent zed"))
	must(t, ask("POST", "/leads/7/reassign", url.Values{"appointment": {"12-3"}, "owner": {"zed"}, "reason": {"ill"}}), 400,
		`id="ask-reassign-owner-wrong">There is no agent of this login.`, `value="zed"`)
	a.on("BookAppointment", nil, status.Error(codes.NotFound, "no lead 7"))
	a.on("GetLead", nil, status.Error(codes.NotFound, "no lead 7"))
	must(t, ask("POST", "/leads/7/book", url.Values{"agent": {"ann"}, "local": {"2026-03-10T11:00"}}), 404, "no lead 7")
}

func TestAnErasedPersonIsNothingToActOn(t *testing.T) {
	a, ask := site(t, admin)
	full(a)
	got, _ := a.says["GetLead"](nil)
	got.(*pb.GetLeadResponse).Lead.ErasedAt = timestamppb.New(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	w := ask("GET", "/leads/7", nil)
	must(t, w, 200, "erased on 2026-03-01 09:00:00")
	if strings.Contains(w.Body.String(), "data-dialog=") || strings.Contains(w.Body.String(), `id="ask-`) {
		t.Error("an act is offered")
	}
}

func TestWhoSeesSomeCampaignsOnlyLiftsNothingThatBindsElsewhere(t *testing.T) {
	c := manager
	c.Campaigns = []campaign.CampaignID{1}
	a, ask := site(t, c)
	full(a)
	page := ask("GET", "/leads/7", nil).Body.String()
	for act, everywhere := range map[string]bool{"suppress": true, "lift": false} {
		_, dialog, _ := strings.Cut(page, `<dialog id="ask-`+act+`"`)
		dialog, _, _ = strings.Cut(dialog, "</dialog>")
		if strings.Contains(dialog, `value="system"`) != everywhere || !strings.Contains(dialog, `value="campaign"`) {
			t.Errorf("%s is offered so: %s", act, dialog)
		}
	}
}
