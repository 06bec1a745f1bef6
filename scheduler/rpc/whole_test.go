package rpc_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler"
	"redial/scheduler/rpc"
)

// stream gathers what a method sends.
type stream[T any] struct {
	grpc.ServerStream
	ctx context.Context
	got []*T
}

func (s *stream[T]) Context() context.Context { return s.ctx }

func (s *stream[T]) Send(m *T) error {
	s.got = append(s.got, m)
	return nil
}

// several is a campaign with a lead called an hour ago, one that refused, one held by nobody and two never called.
func several(t *testing.T) *bench {
	t.Helper()
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001"), draft(3, "Zhao", "+8613800138002"),
		draft(4, "Qian", "+8613800138003"), draft(5, "Sun", "+8613800138004"))
	b.call(t, b.lead(t, 0).ID, campaign.Result{Outcome: campaign.NoAnswer, Note: "rang out"})
	b.call(t, b.lead(t, 1).ID, campaign.Result{Outcome: campaign.Refused})
	b.clock.pass(time.Hour)
	return b
}

func TestExplainCampaignAddsUpAndAgreesWithExplain(t *testing.T) {
	t.Parallel()
	b := several(t)
	a := must[*pb.ExplainCampaignResponse](t)(b.server.ExplainCampaign(t.Context(), &pb.ExplainCampaignRequest{CampaignId: int64(b.campaign.ID)}))
	sum := a.GetCallable()
	by := map[string]*pb.GateCount{}
	for _, g := range a.GetGates() {
		sum += g.GetLeads()
		by[g.GetGate()] = g
	}
	if a.GetLeads() != 4 || sum != 4 || a.GetCallable() != 2 || by["finished"].GetLeads() != 1 || by["interval"].GetLeads() != 1 {
		t.Fatalf("%v", a)
	}
	for gate := range by {
		got := must[*pb.ListBlockedResponse](t)(b.server.ListBlocked(t.Context(), &pb.ListBlockedRequest{CampaignId: int64(b.campaign.ID), Gate: gate}))
		if int64(len(got.GetLeads())) != by[gate].GetLeads() {
			t.Errorf("%s: %d leads listed, %d counted", gate, len(got.GetLeads()), by[gate].GetLeads())
		}
	}
	waits := b.lead(t, 0).ID
	if x := b.explain(t, waits); x.GetBinding() != "interval" || !x.GetOpensAt().AsTime().Equal(by["interval"].GetOpensAt().AsTime()) || by["interval"].GetExampleLeadId() != int64(waits) {
		t.Errorf("explained %s until %v, counted %v", x.GetBinding(), x.GetOpensAt().AsTime(), by["interval"])
	}
}

func TestListBlockedSaysWhyALeadHasEnded(t *testing.T) {
	t.Parallel()
	rules := campaign.DefaultRules()
	rules.MaxAttempts = 1
	b := setup(t, rules, draft(2, "Wang", "+8613800138001"))
	b.call(t, b.lead(t, 0).ID, campaign.Result{Outcome: campaign.NoAnswer})
	a := must[*pb.ListBlockedResponse](t)(b.server.ListBlocked(t.Context(), &pb.ListBlockedRequest{CampaignId: int64(b.campaign.ID), Gate: "exhausted"}))
	if len(a.GetLeads()) != 1 || a.GetLeads()[0].GetDetail() != "the lead is exhausted: max_attempts" {
		t.Errorf("%v", a)
	}
}

func TestListBlockedGoesThroughPages(t *testing.T) {
	t.Parallel()
	b := several(t)
	q := &pb.ListBlockedRequest{CampaignId: int64(b.campaign.ID), PageSize: 1}
	var ids []int64
	for range 10 {
		a := must[*pb.ListBlockedResponse](t)(b.server.ListBlocked(t.Context(), q))
		for _, l := range a.GetLeads() {
			ids = append(ids, l.GetLeadId())
		}
		if q.PageToken = a.GetNextPageToken(); q.GetPageToken() == "" {
			break
		}
	}
	if len(ids) != 2 || ids[0] != int64(b.lead(t, 2).ID) || ids[1] != int64(b.lead(t, 3).ID) {
		t.Errorf("callable: %v", ids)
	}
	q.PageToken = "bm9uc2Vuc2U"
	if _, err := b.server.ListBlocked(t.Context(), q); campaign.KindOf(err) != campaign.KindInvalid {
		t.Errorf("a foreign token: %v", err)
	}
	if _, err := b.server.ListBlocked(t.Context(), &pb.ListBlockedRequest{CampaignId: int64(b.campaign.ID), Gate: "gait"}); campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), `"gait"`) || !strings.Contains(err.Error(), "law_hours") {
		t.Errorf("no gate: %v", err)
	}
}

func TestPreviewRulesIsWhatThenHappens(t *testing.T) {
	t.Parallel()
	b := several(t)
	rules := campaign.DefaultRules()
	rules.Interval = 30 * time.Minute
	s := &stream[pb.PreviewRulesResponse]{ctx: t.Context()}
	if err := b.server.PreviewRules(&pb.PreviewRulesRequest{CampaignId: int64(b.campaign.ID), Rules: wire.Rules(&rules)}, s); err != nil {
		t.Fatal(err)
	}
	e := s.got[len(s.got)-1].GetResult()
	if e.GetWaiting() != 3 || e.GetEarlier() != 1 || e.GetUnchanged() != 2 || e.GetLater()+e.GetEnding() != 0 || len(e.GetExamples()) != 1 {
		t.Fatalf("%v", e)
	}
	if now := b.lead(t, 0); now.Plan.Reason != campaign.ReasonInterval || now.RulesVersion != b.campaign.RulesVersion {
		t.Errorf("the preview changed the lead: %+v", now.Plan)
	}
	changed := b.campaign
	changed.Rules, changed.Version = rules, e.GetVersion()
	must[campaign.Campaign](t)(b.UpdateCampaign(t.Context(), changed))
	for after, n := campaign.LeadID(0), 1; n > 0; {
		var err error
		if after, n, err = b.ReplanBatch(t.Context(), b.campaign.ID, after, 100); err != nil {
			t.Fatal(err)
		}
	}
	f, _, _, err := b.Facts(t.Context(), b.lead(t, 2).ID) // due since before the change
	if err != nil {
		t.Fatal(err)
	}
	line := must[[]byte](t)(rpc.CaseEncoder(new(scheduler.Rulebook))(f, &f.Campaign.Rules))
	c := must[scheduler.Case](t)(scheduler.ParseCase(line))
	if p := c.Answer().Plan; !p.At.Equal(f.Lead.Plan.At.Truncate(time.Second)) || p.Reason != f.Lead.Plan.Reason {
		t.Errorf("the case answers %+v, planned is %+v", p, f.Lead.Plan)
	}
	then := e.GetExamples()[0].GetThen()
	if l := b.lead(t, 0); int64(l.ID) != e.GetExamples()[0].GetLeadId() || !l.Plan.At.Equal(then.GetAt().AsTime()) || l.Plan.Reason != then.GetReason() {
		t.Errorf("previewed %v, happened %+v", then, l.Plan)
	}
	w := &stream[pb.WatchReplanResponse]{ctx: t.Context()}
	if err := b.server.WatchReplan(&pb.WatchReplanRequest{CampaignId: int64(b.campaign.ID)}, w); err != nil || w.got[len(w.got)-1].GetRemaining() != 0 {
		t.Errorf("%v, %v", w.got, err)
	}
}

func TestPreviewRulesNamesTheField(t *testing.T) {
	t.Parallel()
	b := several(t)
	rules := campaign.DefaultRules()
	m := wire.Rules(&rules)
	m.Interval = durationpb.New(-time.Hour)
	err := b.server.PreviewRules(&pb.PreviewRulesRequest{CampaignId: int64(b.campaign.ID), Rules: m}, &stream[pb.PreviewRulesResponse]{ctx: t.Context()})
	if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), "interval") {
		t.Error(err)
	}
}

func TestTimelineTellsEverythingInOrder(t *testing.T) {
	t.Parallel()
	b := several(t)
	id := b.lead(t, 0).ID
	b.clock.pass(3 * time.Hour)
	b.call(t, id, campaign.Result{Outcome: campaign.Booked, Booking: &campaign.Booking{Local: "2026-03-03T15:00", Zone: "Asia/Shanghai"}})
	_, _, err := b.RecordConsent(t.Context(), campaign.Consent{LeadID: id, Scopes: []campaign.ConsentScope{campaign.ConsentHours}, GivenAt: b.Now(), Proof: "form 7", Source: "web"})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.pass(time.Minute)
	if _, _, err := b.RecordOutsideCall(t.Context(), campaign.OutsideCall{LeadID: id, Key: "1", Source: "agency", PlacedAt: b.Now().Truncate(time.Second), Outcome: campaign.Busy}); err != nil {
		t.Fatal(err)
	}
	a := must[*pb.GetTimelineResponse](t)(b.server.GetTimeline(t.Context(), &pb.GetTimelineRequest{LeadId: int64(id)}))
	var kinds, text []string
	last := time.Time{}
	for _, e := range a.GetEntries() {
		if e.GetAt().AsTime().Before(last) {
			t.Errorf("%v comes after %v", e, last)
		}
		last = e.GetAt().AsTime()
		kinds, text = append(kinds, e.GetKind()), append(text, e.GetText())
	}
	want := "taken_in offered called outcome offered called"
	if !strings.HasPrefix(strings.Join(kinds, " "), want) {
		t.Errorf("%v", kinds)
	}
	for _, part := range []string{"rang out", "promised for 2026-03-03 15:00", "form 7", "called elsewhere: BUSY", "the promise for 2026-03-03 15:00"} {
		if !strings.Contains(strings.Join(text, "\n"), part) {
			t.Errorf("%q is not told:\n%s", part, strings.Join(text, "\n"))
		}
	}
}

func TestForecastReckonsWithTheLeadsThatAreThere(t *testing.T) {
	t.Parallel()
	b := several(t)
	a := must[*pb.ForecastResponse](t)(b.server.Forecast(t.Context(), &pb.ForecastRequest{CampaignId: int64(b.campaign.ID), Agents: 1, Ahead: durationpb.New(9 * time.Hour)}))
	all := a.GetAll()
	if all.GetCallable() != 2 || all.GetComing() != 1 || a.GetCallsPerAgentHour() != 30 || !strings.Contains(a.GetBasis(), "assumed") {
		t.Errorf("%v", a)
	}
	// Two leads at 30 calls an hour last four minutes; the third waits for its four hours.
	if dry := all.GetDryAt().AsTime().Sub(b.Now()); dry <= 0 || dry > 10*time.Minute {
		t.Errorf("dry after %v", dry)
	}
	if more := all.GetMoreAt().AsTime().Sub(b.Now()); more < 2*time.Hour || more > 4*time.Hour {
		t.Errorf("more after %v", more)
	}
	if len(a.GetZones()) != 1 || a.GetZones()[0].GetZones() != "Asia/Shanghai" || len(a.GetWarnings()) != 1 {
		t.Errorf("%v", a)
	}
	if _, err := b.server.Forecast(t.Context(), &pb.ForecastRequest{CampaignId: int64(b.campaign.ID), Ahead: durationpb.New(1000 * time.Hour)}); campaign.KindOf(err) != campaign.KindInvalid {
		t.Error(err)
	}
}

func TestForecastSaysWhyNothingIsCalled(t *testing.T) {
	t.Parallel()
	warned := func(b *bench, want string) {
		t.Helper()
		a := must[*pb.ForecastResponse](t)(b.server.Forecast(t.Context(), &pb.ForecastRequest{CampaignId: int64(b.campaign.ID), Agents: 3}))
		if !strings.Contains(strings.Join(a.GetWarnings(), "\n"), want) {
			t.Errorf("%q, want %q", a.GetWarnings(), want)
		}
	}
	warned(setup(t, campaign.DefaultRules()), "no lead of the campaign")
	b := several(t)
	b.campaign.Rules.ExpiresAt = b.Now().Add(time.Hour).Truncate(time.Second)
	b.campaign = must[campaign.Campaign](t)(b.UpdateCampaign(t.Context(), b.campaign))
	b.clock.pass(2 * time.Hour)
	warned(b, "expired")
	if _, _, _, err := b.PauseCampaign(t.Context(), b.campaign.ID); err != nil {
		t.Fatal(err)
	}
	warned(b, "paused")
}

func TestEstimateStaffSaysWhereItsNumbersAreFrom(t *testing.T) {
	t.Parallel()
	b := several(t)
	a := must[*pb.EstimateStaffResponse](t)(b.server.EstimateStaff(t.Context(), &pb.EstimateStaffRequest{
		Leads: 10_000, ConnectRate: 0.25, Talk: durationpb.New(3 * time.Minute), Ring: durationpb.New(20 * time.Second), TargetDays: 5,
	}))
	// 30,000 attempts of 90 s in 12 open hours a day, seven days a week: 12.5 h of work an hour, over 0.85.
	if a.GetAttempts() != 30_000 || a.GetSeats() != 15 || len(a.GetHours()) != 12 {
		t.Errorf("%v", a)
	}
	basis := strings.Join(a.GetBasis(), "\n")
	if !strings.Contains(basis, "connect rate: 0.25 (given)") || !strings.Contains(basis, "shift: 8h (assumed)") {
		t.Errorf("basis:\n%s", basis)
	}
	of := must[*pb.EstimateStaffResponse](t)(b.server.EstimateStaff(t.Context(), &pb.EstimateStaffRequest{CampaignId: int64(b.campaign.ID)}))
	if !strings.Contains(strings.Join(of.GetBasis(), "\n"), "leads: 3 (those of the campaign that wait)") {
		t.Errorf("%v", of.GetBasis())
	}
}

func TestEstimateStaffRefusesWhatNobodyCanSeat(t *testing.T) {
	t.Parallel()
	b := several(t)
	a, err := b.server.EstimateStaff(t.Context(), &pb.EstimateStaffRequest{Leads: 1_000_000_000_000, AttemptsPerLead: 100, TargetDays: 1})
	if campaign.KindOf(err) != campaign.KindInvalid {
		t.Errorf("%v, %v", a, err)
	}
}
