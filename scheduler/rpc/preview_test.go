package rpc_test

import (
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler"
	"redial/scheduler/law"
	"redial/scheduler/rpc"
)

// lawful is the service of a node that knows the law packs.
func (b *bench) lawful(t *testing.T) *rpc.Server {
	t.Helper()
	lib := must[*law.Library](t)(law.Open(""))
	return rpc.New(rpc.Deps{
		Record: b.Store, Promises: b.Store, Due: b.Store, Whole: b.Store, Phones: readNumber, Rules: &scheduler.Rulebook{Law: lib}, Law: lib, Now: b.Now,
	})
}

// preview is what other rules would move.
func (b *bench) preview(t *testing.T, change func(*campaign.Rules)) (*pb.RulesEffect, error) {
	t.Helper()
	rules := campaign.DefaultRules()
	change(&rules)
	s := &stream[pb.PreviewRulesResponse]{ctx: t.Context()}
	if err := b.lawful(t).PreviewRules(&pb.PreviewRulesRequest{CampaignId: int64(b.campaign.ID), Rules: wire.Rules(&rules)}, s); err != nil {
		return nil, err
	}
	return s.got[len(s.got)-1].GetResult(), nil
}

func TestPreviewRulesKnowsWhatOnlyTheOtherRulesAskFor(t *testing.T) {
	t.Parallel()
	twins := draft(3, "Zhao", "+8613800138002", "+8613800138001")
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001"), twins, draft(4, "Qian", "+8613800138003"))
	b.call(t, b.lead(t, 0).ID, campaign.Result{Outcome: campaign.NoAnswer})
	today := campaign.DateOf(b.Now())
	must[campaign.Calendar](t)(b.PutCalendar(t.Context(), campaign.Calendar{Name: "shut", Days: []campaign.Day{{Date: today, Kind: campaign.DayClosure}}}))
	if _, _, err := b.RecordConsent(t.Context(), campaign.Consent{
		LeadID: b.lead(t, 2).ID, Scopes: []campaign.ConsentScope{campaign.ConsentContact}, GivenAt: b.Now(), Proof: "form 7", Source: "web",
	}); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		change                       func(*campaign.Rules)
		later, ending, capped, stays int64
	}{
		"a calendar that closes today":            {func(r *campaign.Rules) { r.Calendars = []string{"shut"} }, 3, 0, 0, 0},
		"a pack that asks for the consent of one": {func(r *campaign.Rules) { r.Packs = []string{"cn"} }, 0, 2, 0, 1},
		"a cap over the calls to one person": {func(r *campaign.Rules) {
			r.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 1, Period: 24 * time.Hour}}
		}, 2, 0, 2, 1},
	} {
		if e, err := b.preview(t, c.change); err != nil || e.GetLater() != c.later || e.GetEnding() != c.ending || e.GetOverCap() != c.capped || e.GetUnchanged() != c.stays {
			t.Errorf("%s: %v, %v", what, e, err)
		}
	}
}

func TestPreviewRulesRefusesWhatAnUpdateWould(t *testing.T) {
	t.Parallel()
	b := several(t)
	must[campaign.Calendar](t)(b.PutCalendar(t.Context(), campaign.Calendar{Name: "shut"}))
	for field, change := range map[string]func(*campaign.Rules){
		"rules.packs[0]":     func(r *campaign.Rules) { r.Packs = []string{"atlantis"} },
		"rules.calendars[1]": func(r *campaign.Rules) { r.Calendars = []string{"shut", "nowhere"} },
		"rules.waivers[0].rule": func(r *campaign.Rules) {
			r.Packs, r.Waivers = []string{"cn"}, []campaign.Waiver{{Rule: "us.hours", Reason: "counsel"}}
		},
	} {
		_, err := b.preview(t, change)
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
