package rpc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

func TestGetLeadTellsAll(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx, id := asMei(t), b.lead(t, 0).ID
	b.call(t, id, campaign.Booked, &campaign.Booking{Local: "2026-03-02T15:00"})
	rules := b.campaign.Rules
	b.campaign.Rules.Interval = time.Hour // changed since: the case is of the rules of its time
	must[campaign.Campaign](t)(b.UpdateCampaign(ctx, b.campaign))
	must[campaign.Suppressed](t)(b.Suppress(ctx, campaign.Suppression{Phone: "+8613800138009"}))
	l := must[*pb.GetLeadResponse](t)(b.leads.GetLead(ctx, &pb.GetLeadRequest{Id: int64(id)}))
	if l.GetCampaignName() != "spring" || l.GetListName() != "list.csv" || len(l.GetTries()) != 1 || len(l.GetAttempts()) != 1 ||
		l.GetAttempts()[0].GetAgentLogin() != "li" || len(l.GetAppointments()) != 1 || l.GetAppointments()[0].GetOwnerLogin() != "li" {
		t.Errorf("%v", l)
	}
	if want := rules.Interval.String() + " 2026-03-02T15:00"; l.GetCaseJson() != want {
		t.Errorf("the case is %q, want %q", l.GetCaseJson(), want)
	}
	if l.GetLead().GetNumbers()[0].GetSuppressed() {
		t.Error("another number's suppression is not its own")
	}
	_, err := b.leads.GetLead(ctx, &pb.GetLeadRequest{Id: 99})
	refused(t, "unknown", err, campaign.KindNotFound, "")
}

func TestFindLeadsByEachFilter(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001", "+8613800138002", "+8613800138003")
	ctx, c := asMei(t), int64(b.campaign.ID)
	must[campaign.Suppressed](t)(b.Suppress(ctx, campaign.Suppression{Phone: "+8613800138002"}))
	for what, k := range map[string]struct {
		r    *pb.FindLeadsRequest
		want int
	}{
		"campaign":          {&pb.FindLeadsRequest{CampaignId: c}, 3},
		"list":              {&pb.FindLeadsRequest{ListId: int64(b.list)}, 3},
		"state":             {&pb.FindLeadsRequest{State: pb.LeadState_LEAD_STATE_SUPPRESSED}, 1},
		"E.164":             {&pb.FindLeadsRequest{Number: "+86 138 0013 8003"}, 1},
		"in a region":       {&pb.FindLeadsRequest{Number: "138 0013 8003", Region: "CN"}, 1},
		"in the campaign's": {&pb.FindLeadsRequest{Number: "13800138003", CampaignId: c}, 1},
		"name":              {&pb.FindLeadsRequest{Name: "wang b"}, 1},
		"external id":       {&pb.FindLeadsRequest{ExternalId: "x"}, 0},
		"two filters":       {&pb.FindLeadsRequest{Name: "wang", State: pb.LeadState_LEAD_STATE_OPEN}, 2},
	} {
		got := must[*pb.FindLeadsResponse](t)(b.leads.FindLeads(ctx, k.r)).GetLeads()
		if len(got) != k.want {
			t.Errorf("%s: %d leads, want %d", what, len(got), k.want)
		}
		for _, l := range got {
			if n := l.GetNumbers()[0]; n.GetSuppressed() != (n.GetPhone() == "+8613800138002") {
				t.Errorf("%s: %v", what, n)
			}
		}
	}
	find := func(r *pb.FindLeadsRequest) error { _, err := b.leads.FindLeads(ctx, r); return err }
	refused(t, "no filter", find(&pb.FindLeadsRequest{Region: "CN"}), campaign.KindInvalid, "")
	refused(t, "no number", find(&pb.FindLeadsRequest{Number: "13800138003"}), campaign.KindInvalid, "number")
	refused(t, "no state", find(&pb.FindLeadsRequest{State: 17}), campaign.KindInvalid, "state")
	page := must[*pb.FindLeadsResponse](t)(b.leads.FindLeads(ctx, &pb.FindLeadsRequest{CampaignId: c, PageSize: 2}))
	rest := must[*pb.FindLeadsResponse](t)(b.leads.FindLeads(ctx, &pb.FindLeadsRequest{CampaignId: c, PageSize: 2, PageToken: page.GetNextPageToken()}))
	if len(page.GetLeads()) != 2 || len(rest.GetLeads()) != 1 || rest.GetNextPageToken() != "" || rest.GetLeads()[0].GetId() <= page.GetLeads()[1].GetId() {
		t.Errorf("%v, then %v", page, rest)
	}
	refused(t, "another query's page", find(&pb.FindLeadsRequest{ListId: int64(b.list), PageToken: page.GetNextPageToken()}), campaign.KindInvalid, "page_token")
}

func TestALeadIsUpdatedWithdrawnAndReopened(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx := asMei(t)
	update := func(l *pb.Lead, paths ...string) (*pb.Lead, error) {
		r, err := b.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: l, UpdateMask: mask(paths...)})
		return r.GetLead(), err
	}
	m := leadOf(b.lead(t, 0))
	m.Name, m.Numbers, m.Priority = "Zhao", []*pb.Number{{Phone: "138 0013 8007", Label: "mobile"}, {Phone: "+8613800138001"}}, 9
	got := must[*pb.Lead](t)(update(m, "numbers", "priority"))
	if got.GetName() != "Wang A" || got.GetPriority() != 9 || len(got.GetNumbers()) != 2 || got.GetNumbers()[0].GetPhone() != "+8613800138007" ||
		got.GetNumbers()[0].GetLabel() != "mobile" || got.GetPlan().GetNumber() != "+8613800138007" || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", got)
	}
	_, err := update(m, "name")
	refused(t, "an old version", err, campaign.KindConflict, campaign.ReasonVersion)
	_, err = update(&pb.Lead{Id: m.GetId()}, "name")
	refused(t, "no version", err, campaign.KindInvalid, "lead.version")
	m.Version, m.Numbers = got.GetVersion(), []*pb.Number{{Phone: "+8613800138001"}, {Phone: "12"}}
	_, err = update(m, "numbers")
	refused(t, "a bad number", err, campaign.KindInvalid, "BAD_PHONE")
	_, err = update(m, "state")
	refused(t, "a field that is not given", err, campaign.KindInvalid, "update_mask")

	withdraw := &pb.WithdrawLeadRequest{Id: m.GetId()}
	_, err = b.leads.WithdrawLead(ctx, withdraw)
	refused(t, "no reason", err, campaign.KindInvalid, "reason")
	withdraw.Reason, withdraw.Version = "moved away", got.GetVersion()-1
	_, err = b.leads.WithdrawLead(ctx, withdraw)
	refused(t, "a withdrawal of an old version", err, campaign.KindConflict, campaign.ReasonVersion)
	withdraw.Version = 0
	for range 2 {
		w := must[*pb.WithdrawLeadResponse](t)(b.leads.WithdrawLead(ctx, withdraw))
		if w.GetLead().GetState() != pb.LeadState_LEAD_STATE_WITHDRAWN || !b.heard.wakes(b.campaign.ID) {
			t.Errorf("%v", w)
		}
	}
	_, err = b.leads.ReopenLead(ctx, &pb.ReopenLeadRequest{Id: m.GetId(), Reason: " "})
	refused(t, "no reason", err, campaign.KindInvalid, "reason")
	_, err = b.leads.ReopenLead(ctx, &pb.ReopenLeadRequest{Id: m.GetId(), Reason: "came back", Version: got.GetVersion()})
	refused(t, "a reopening of an old version", err, campaign.KindConflict, campaign.ReasonVersion)
	r := must[*pb.ReopenLeadResponse](t)(b.leads.ReopenLead(ctx, &pb.ReopenLeadRequest{Id: m.GetId(), Reason: "came back"}))
	if r.GetLead().GetState() != pb.LeadState_LEAD_STATE_OPEN || !r.GetDecidedAt().AsTime().Equal(monday) || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", r)
	}
}

func TestMoveLeadTellsBothFloors(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx := asMei(t)
	other := must[campaign.Campaign](t)(b.CreateCampaign(ctx, campaign.Campaign{
		Name: "other", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor(),
	}))
	m := leadOf(b.lead(t, 0))
	_, err := b.leads.MoveLead(ctx, &pb.MoveLeadRequest{Id: m.GetId(), CampaignId: int64(other.ID), Version: m.GetVersion() + 1})
	refused(t, "of another version", err, campaign.KindConflict, campaign.ReasonVersion)
	_, err = b.leads.MoveLead(ctx, &pb.MoveLeadRequest{Id: m.GetId(), Version: m.GetVersion()})
	refused(t, "nowhere", err, campaign.KindInvalid, "campaign_id")
	got := must[*pb.MoveLeadResponse](t)(b.leads.MoveLead(ctx, &pb.MoveLeadRequest{Id: m.GetId(), CampaignId: int64(other.ID), Version: m.GetVersion()})).GetLead()
	if got.GetId() == m.GetId() || got.GetCampaignId() != int64(other.ID) || got.GetName() != "Wang A" || !slices.Equal(b.heard.woken, []campaign.CampaignID{b.campaign.ID, other.ID}) {
		t.Errorf("it goes on as %v, and %v are woken", got, b.heard.woken)
	}
}

func TestI5SuppressAnswersWithWhatItTookBack(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001", "+8613800138002")
	ctx := asMei(t)
	a := b.claim(t, b.lead(t, 0).ID)
	s := must[*pb.SuppressResponse](t)(b.suppressions.Suppress(ctx, &pb.SuppressRequest{Phone: "138 0013 8001", Region: "CN"}))
	if s.GetLeads() != 1 || s.GetRevoked() != 1 || s.GetSuppression().GetReason() != "do_not_call" || s.GetSuppression().GetSource() != "mei" ||
		!s.GetSuppression().GetCreatedAt().AsTime().Equal(monday) {
		t.Errorf("%v", s)
	}
	if len(b.heard.revoked) != 1 || b.heard.revoked[0].ID != a.ID {
		t.Errorf("the floor heard of %v", b.heard.revoked)
	}
	later := &pb.SuppressRequest{Phone: "+8613800138001", Reason: "complaint", ExpiresAt: timestamppb.New(monday.Add(time.Hour))}
	if s := must[*pb.SuppressResponse](t)(b.suppressions.Suppress(ctx, later)); s.GetSuppression().GetExpiresAt() != nil {
		t.Errorf("a suppression for good was weakened: %v", s)
	}
	c := must[*pb.CheckResponse](t)(b.suppressions.Check(ctx, &pb.CheckRequest{Region: "CN", Phones: []string{"13800138002", "13800138001", "13800138002"}}))
	if len(c.GetResults()) != 3 || c.GetResults()[0].GetSuppression() != nil || c.GetResults()[1].GetSuppression() == nil || c.GetResults()[1].GetPhone() != "+8613800138001" {
		t.Errorf("%v", c)
	}
	b.heard.wakes(b.campaign.ID)
	l := must[*pb.LiftResponse](t)(b.suppressions.Lift(ctx, &pb.LiftRequest{Phone: "+8613800138001", Reason: "a mistake"}))
	if l.GetSuppression().GetReason() != "do_not_call" || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", l)
	}
	_, err := b.suppressions.Lift(ctx, &pb.LiftRequest{Phone: "+8613800138001", Reason: "again"})
	refused(t, "not suppressed", err, campaign.KindNotFound, "")
}

func TestSuppressionRequestsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, invalid := asMei(t), campaign.KindInvalid
	suppress := func(r *pb.SuppressRequest) error { _, err := b.suppressions.Suppress(ctx, r); return err }
	refused(t, "no country", suppress(&pb.SuppressRequest{Phone: "13800138001"}), invalid, "NO_COUNTRY")
	refused(t, "nothing", suppress(&pb.SuppressRequest{}), invalid, "phone")
	refused(t, "past", suppress(&pb.SuppressRequest{Phone: "+8613800138001", ExpiresAt: timestamppb.New(monday)}), invalid, "expires_at")
	refused(t, "long", suppress(&pb.SuppressRequest{Phone: "+8613800138001", Reason: string(make([]byte, 65))}), invalid, "reason")
	_, err := b.suppressions.Lift(ctx, &pb.LiftRequest{Phone: "+8613800138001"})
	refused(t, "no reason", err, invalid, "reason")
	check := func(phones ...string) error {
		_, err := b.suppressions.Check(ctx, &pb.CheckRequest{Phones: phones})
		return err
	}
	refused(t, "none", check(), invalid, "phones")
	refused(t, "too many", check(make([]string, 1001)...), invalid, "phones")
	refused(t, "the second", check("+8613800138001", ""), invalid, "phones[1]")
}

func TestNumbersOfAnUpdateTellWhereTheyAre(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx := asMei(t)
	m := leadOf(b.lead(t, 0))
	update := func(paths ...string) string {
		t.Helper()
		m = must[*pb.UpdateLeadResponse](t)(b.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: m, UpdateMask: mask(paths...)})).GetLead()
		var out []string
		for _, n := range m.GetNumbers() {
			out = append(out, fmt.Sprint(n.GetPhone(), n.GetPlaces(), n.GetZones()))
		}
		return strings.Join(out, " ")
	}
	given := []*pb.Number{{Phone: "13800138001"}, {Phone: "+13055550101"}, {Phone: "+13055550102", Zones: []string{"America/Chicago"}}}
	m.Numbers = given
	if got, want := update("numbers"), "+8613800138001[CN] [] +13055550101[US-FL] [America/New_York] +13055550102[US-FL] [America/Chicago]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	m.Zones = []string{"Asia/Tokyo"}
	update("zones")
	m.Numbers = given[:2]
	if got, want := update("numbers"), "+8613800138001[CN] [] +13055550101[US-FL] []"; got != want {
		t.Errorf("of a lead whose zone was given: got %s, want %s", got, want)
	}
	m.Numbers = []*pb.Number{{Phone: "+13055550101", Zones: []string{"Mars/Base"}}}
	_, err := b.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: m, UpdateMask: mask("numbers")})
	refused(t, "a zone that is none", err, campaign.KindInvalid, "lead.numbers[0].zones[0]")
}
