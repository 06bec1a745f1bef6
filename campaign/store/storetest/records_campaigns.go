package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, campaignCases...) }

var campaignCases = []testCase{
	{"I12 a bad campaign names every field and makes nothing", badCampaign},
	{"a campaign changes by the version that was seen", campaignVersions},
	{"rules that change get a version of their own, the old ones stay", rulesVersions},
	{"a campaign lives once", campaignLife},
	{"a pause takes cards back and lets calls end", pauseCards},
	{"I6 finishing asks what becomes of promises", finishAsks},
	{"I6 finishing cancels each promise with its reason", finishCancels},
	{"I6 finishing keeps the promises when told so", finishKeeps},
}

func badCampaign(b *bundle) {
	_, err := b.s.CreateCampaign(b.Context(), campaign.Campaign{Name: " ", Zone: "Mars/Base", Region: "cn", Rules: campaign.Rules{Interval: -1}, Floor: campaign.DefaultFloor()})
	b.refused(err, campaign.KindInvalid, "")
	for _, field := range []string{"name", "zone", "region", "rules.interval"} {
		b.names(err, field)
	}
	first := b.campaign(nil)
	again := first
	_, err = b.s.CreateCampaign(b.Context(), again)
	b.refused(err, campaign.KindConflict, "")
	if all := must[[]campaign.Campaign](b)(b.s.Campaigns(b.Context(), 0, 0)); len(all) != 1 {
		b.Errorf("%d campaigns", len(all))
	}
	_, err = b.s.CampaignByName(b.Context(), "nobody's")
	b.refused(err, campaign.KindNotFound, "")
}

// names checks that the error names a field.
func (b *bundle) names(err error, field string) {
	b.Helper()
	e := asError(err)
	if e == nil || !slices.ContainsFunc(e.Violations, func(v campaign.Violation) bool { return v.Field == field }) {
		b.Errorf("%v does not name the field %s", err, field)
	}
}

func campaignVersions(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	c.Script, c.Skills = "Hello {{name}}", []string{"english"}
	c.Codes = []campaign.OutcomeCode{{Code: "SOLD", Label: "sold", Outcome: campaign.Success}}
	changed := must[campaign.Campaign](b)(b.s.UpdateCampaign(ctx, c))
	if changed.Version != c.Version+1 || changed.Script != c.Script || changed.RulesVersion != c.RulesVersion || len(changed.Codes) != 1 {
		b.Errorf("changed to %+v", changed)
	}
	_, err := b.s.UpdateCampaign(ctx, c)
	b.refused(err, campaign.KindConflict, campaign.ReasonVersion)
	if got := must[campaign.Campaign](b)(b.s.CampaignByName(ctx, c.Name)); got.Version != changed.Version {
		b.Errorf("a refused update left version %d", got.Version)
	}
}

func rulesVersions(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	old := c.Rules
	c.Rules.Interval, c.Rules.Hours = 2*time.Hour, []campaign.Window{{Days: [7]bool{1: true}, Open: 540, Close: 600}}
	c = must[campaign.Campaign](b)(b.s.UpdateCampaign(ctx, c))
	if c.RulesVersion != 2 {
		b.Fatalf("rules version %d after one change", c.RulesVersion)
	}
	if r := must[campaign.Rules](b)(b.s.RulesAt(ctx, c.ID, 1)); r.Interval != old.Interval {
		b.Errorf("the first rules are %+v", r)
	}
	if r := must[campaign.Rules](b)(b.s.RulesAt(ctx, c.ID, 2)); r.Interval != 2*time.Hour || len(r.Hours) != 1 || r.Hours[0].Close != 600 {
		b.Errorf("the second rules are %+v", r)
	}
	_, err := b.s.RulesAt(ctx, c.ID, 3)
	b.refused(err, campaign.KindNotFound, "")
}

func campaignLife(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	if again := must[campaign.Campaign](b)(b.s.StartCampaign(ctx, c.ID)); again.Version != c.Version {
		b.Error("starting a running campaign changed it")
	}
	paused, _, _, err := b.s.PauseCampaign(ctx, c.ID)
	b.ok(err)
	if paused.State != campaign.CampaignPaused {
		b.Errorf("paused is %s", paused.State)
	}
	done, cancelled, kept, err := b.s.FinishCampaign(ctx, c.ID, "")
	b.ok(err)
	if done.State != campaign.CampaignFinished || cancelled+kept != 0 {
		b.Errorf("finished is %s, %d cancelled, %d kept", done.State, cancelled, kept)
	}
	_, err = b.s.StartCampaign(ctx, c.ID)
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	_, _, _, err = b.s.FinishCampaign(ctx, c.ID, campaign.PromisesCancel)
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	_, err = b.s.UpdateCampaign(ctx, done)
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'campaign_state'`); n != 3 {
		b.Errorf("%d events tell of started, paused and finished", n)
	}
}

func pauseCards(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 2)
	one, two := b.agent(), b.agent()
	b.claim(one, leads[0])
	called := b.dial(two, leads[1])
	_, revoked, _, err := b.s.PauseCampaign(b.Context(), c.ID)
	b.ok(err)
	if revoked != 1 {
		b.Errorf("%d cards were taken back, want the one not dialled", revoked)
	}
	b.state(leads[0], campaign.LeadOpen)
	b.state(leads[1], campaign.LeadHeld)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(called, campaign.NoAnswer)))
	b.state(leads[1], campaign.LeadOpen)
	if s := must[campaign.Session](b)(b.s.Session(b.Context(), one)); s.Assignment != 0 {
		b.Errorf("the agent still holds %d", s.Assignment)
	}
}

// promising makes a campaign with promises to n leads.
func (b *bundle) promising(n int) (campaign.Campaign, []campaign.LeadID) {
	b.Helper()
	c := b.campaign(nil)
	leads := b.some(c, n)
	for _, l := range leads {
		must[campaign.Appointment](b)(b.s.Book(b.Context(), l, campaign.Booking{Local: local(b.s.Now().Add(48 * time.Hour)), Zone: "Asia/Shanghai"}, 0, "test"))
	}
	return c, leads
}

func finishAsks(b *bundle) {
	c, leads := b.promising(3)
	_, _, _, err := b.s.FinishCampaign(b.Context(), c.ID, "")
	b.refused(err, campaign.KindUnready, "PROMISES_OPEN")
	if got := asError(err).Meta["open"]; got != "3" {
		b.Errorf("the error says %q promises are open", got)
	}
	_, _, _, err = b.s.FinishCampaign(b.Context(), c.ID, "perhaps")
	b.refused(err, campaign.KindInvalid, "")
	if got := must[campaign.Campaign](b)(b.s.Campaign(b.Context(), c.ID)); got.State != campaign.CampaignRunning {
		b.Errorf("a refused finish left it %s", got.State)
	}
	b.state(leads[0], campaign.LeadOpen)
}

func finishCancels(b *bundle) {
	c, leads := b.promising(3)
	_, cancelled, kept, err := b.s.FinishCampaign(b.Context(), c.ID, campaign.PromisesCancel)
	b.ok(err)
	if cancelled != 3 || kept != 0 {
		b.Errorf("%d cancelled, %d kept", cancelled, kept)
	}
	for _, l := range leads {
		ps := must[[]campaign.Appointment](b)(b.s.Appointments(b.Context(), l))
		if len(ps) != 1 || ps[0].State != campaign.AppointmentCancelled || ps[0].Reason != "campaign_finished" || ps[0].ClosedAt.IsZero() {
			b.Errorf("promises %+v", ps)
		}
		if p := b.lead(l).Plan; p.Verdict == campaign.VerdictAppointment {
			b.Errorf("lead %d still waits for its promise", l)
		}
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'appointment_closed'`); n != 3 {
		b.Errorf("%d events tell of 3 promises", n)
	}
}

func finishKeeps(b *bundle) {
	c, leads := b.promising(2)
	_, cancelled, kept, err := b.s.FinishCampaign(b.Context(), c.ID, campaign.PromisesKeep)
	b.ok(err)
	if cancelled != 0 || kept != 2 {
		b.Errorf("%d cancelled, %d kept", cancelled, kept)
	}
	offering := must[[]campaign.Campaign](b)(b.s.Offering(b.Context()))
	if len(offering) != 1 || offering[0].ID != c.ID {
		b.Errorf("campaigns that offer: %+v", offering)
	}
	if p := b.lead(leads[0]).Plan; p.Verdict != campaign.VerdictAppointment {
		b.Errorf("a kept promise's lead is planned %+v", p)
	}
}
