package rpc_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
	"redial/scheduler/rpc"
)

// decidesAlike checks that the rule answers the lead's case with the plan that is stored. It says whether there was a
// case.
func (b *bench) decidesAlike(t *testing.T, id campaign.LeadID) bool {
	t.Helper()
	ctx := t.Context()
	f := must[[]*campaign.Facts](t)(b.FactsMany(ctx, []campaign.LeadID{id}))[0]
	l := f.Lead
	rules := must[campaign.Rules](t)(b.RulesAt(ctx, l.CampaignID, l.RulesVersion))
	line := must[[]byte](t)(rpc.CaseEncoder(&scheduler.Rulebook{})(f, &rules))
	if len(line) == 0 {
		return false
	}
	c, err := scheduler.ParseCase(line)
	if err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
	got, p := c.Answer().Plan, l.Plan
	if got.Verdict != p.Verdict || !got.At.Equal(p.At.Truncate(time.Second)) || !got.Until.Equal(p.Until) || got.Number != p.Number || got.Reason != p.Reason {
		t.Fatalf("the record says %+v\nthe case answers %+v\n%s", p, got, line)
	}
	var wants struct{ Want map[string]string }
	if err := json.Unmarshal(line, &wants); err != nil || wants.Want["verdict"] != p.Verdict.String() || wants.Want["reason"] != p.Reason || wants.Want["id"] != "" {
		t.Fatalf("%v: %v", err, wants.Want)
	}
	return true
}

func TestALeadsCaseIsDecidedAsTheRecordDid(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 7))
			rules := campaign.DefaultRules()
			rules.MaxPerDay, rules.MaxAttempts = 1+rng.IntN(4), rng.IntN(3)*6
			rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 4, Period: 48 * time.Hour}}
			b := setup(t, rules, draft(2, "Wang", "+8613800138001", "+8613800138002", "+8613800138003"))
			id := b.lead(t, 0).ID
			cases := 0
			for range 40 {
				if b.decidesAlike(t, id) {
					cases++
				}
				b.live(t, rng, id)
				b.clock.pass(time.Duration(rng.IntN(5*3600))*time.Second + time.Duration(rng.IntN(1e9)))
				must[[]campaign.Appointment](t)(b.MissPromises(t.Context(), 10))
			}
			if cases < 25 {
				t.Errorf("only %d of 40 states were cases", cases)
			}
		})
	}
}

// live does something with the lead.
func (b *bench) live(t *testing.T, rng *rand.Rand, id campaign.LeadID) {
	t.Helper()
	ctx := t.Context()
	switch rng.IntN(10) {
	case 0:
		l := must[campaign.Lead](t)(b.Lead(ctx, id))
		numbers := append(l.Numbers, campaign.Number{Phone: campaign.Phone(fmt.Sprintf("+8613800137%03d", rng.IntN(1000)))})
		_, err := b.UpdateLead(ctx, campaign.LeadUpdate{ID: id, Version: l.Version, Numbers: &numbers, By: "mei"})
		if err != nil && campaign.KindOf(err) != campaign.KindInvalid { // a number it has already
			t.Fatal(err)
		}
	case 1:
		c := must[campaign.Campaign](t)(b.Campaign(ctx, b.campaign.ID))
		c.Rules.Interval = time.Duration(1+rng.IntN(6)) * time.Hour
		must[campaign.Campaign](t)(b.UpdateCampaign(ctx, c))
	case 2:
		if p := must[*campaign.Appointment](t)(b.OpenPromise(ctx, id)); p != nil && rng.IntN(2) == 0 {
			_, _, err := b.Cancel(ctx, p.ID, "changed their mind", "mei")
			if err != nil {
				t.Fatal(err)
			}
		}
	case 3:
		if _, err := b.ReopenLead(ctx, id, 0, "mei"); err != nil && campaign.KindOf(err) != campaign.KindUnready {
			t.Fatal(err)
		}
	default:
		a := b.claim(t, id)
		if a == nil {
			return
		}
		if _, err := b.StartCall(ctx, a.ID, b.li.ID); err != nil {
			t.Fatal(err)
		}
		b.clock.pass(time.Duration(rng.IntN(120)) * time.Second)
		all := []campaign.Outcome{
			campaign.NoAnswer, campaign.Busy, campaign.CallLater, campaign.Machine, campaign.Congestion, campaign.Booked, campaign.NoAnswer,
			campaign.Success, campaign.VacantNumber, campaign.NumberChanged, campaign.Refused,
		}
		r := campaign.Result{Assignment: a.ID, Agent: b.li.ID, Outcome: all[rng.IntN(len(all))]}
		r.Code = r.Outcome.String()
		if r.Outcome == campaign.NumberChanged {
			r.NewNumber = campaign.Phone(fmt.Sprintf("+8613800139%03d", rng.IntN(1000)))
		}
		if r.Outcome == campaign.Booked {
			r.Booking = &campaign.Booking{
				Local: b.Now().Add(time.Duration(1+rng.IntN(20)) * time.Hour).Format("2006-01-02T15:04"), Zone: "Asia/Shanghai", Insisted: true,
			}
			at, _ := time.ParseInLocation("2006-01-02T15:04", r.Booking.Local, time.FixedZone("CST", 8*3600))
			if !at.After(b.Now()) {
				r.Booking.Local = b.Now().Add(30 * time.Hour).Format("2006-01-02T15:04")
			}
		}
		must[campaign.Recorded](t)(b.Conclude(ctx, r))
	}
}

func TestWhatNoCaseCanSayIsNoCase(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001"), draft(3, "Zhao", "+8613800138002"), draft(4, "Qian", "+8613800138003"))
	if !b.decidesAlike(t, b.lead(t, 0).ID) {
		t.Error("a fresh lead is a case")
	}
	must[campaign.Lead](t)(b.WithdrawLead(t.Context(), b.lead(t, 0).ID, 0, "moved away", "mei"))
	if b.decidesAlike(t, b.lead(t, 0).ID) {
		t.Error("a withdrawn lead is no case")
	}
	b.call(t, b.lead(t, 1).ID, campaign.Result{Outcome: campaign.DoNotCall})
	if !b.decidesAlike(t, b.lead(t, 1).ID) {
		t.Error("a lead that asked not to be called is a case")
	}
}

// A promise may be looked at after its instant, and under hours that have changed since: it stands all the same.
func TestAPromiseStandsInItsCase(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001"))
	id := b.lead(t, 0).ID
	b.call(t, id, campaign.Result{Outcome: campaign.Booked, Booking: &campaign.Booking{Local: "2026-03-02T20:30"}})
	if !b.decidesAlike(t, id) {
		t.Error("a promise is a case")
	}
	c := must[campaign.Campaign](t)(b.Campaign(t.Context(), b.campaign.ID))
	c.Rules.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 540, Close: 1080}}
	must[campaign.Campaign](t)(b.UpdateCampaign(t.Context(), c))
	b.clock.set(time.Date(2026, 3, 2, 12, 35, 0, 0, time.UTC)) // 20:35
	numbers := []campaign.Number{{Phone: "+8613800138001"}, {Phone: "+8613800138002"}}
	l := must[campaign.Lead](t)(b.UpdateLead(t.Context(), campaign.LeadUpdate{ID: id, Numbers: &numbers, By: "mei"}))
	if l.Plan.Verdict != campaign.VerdictAppointment || !l.DecidedAt.After(l.Plan.At) {
		t.Fatalf("%+v decided at %v", l.Plan, l.DecidedAt)
	}
	if !b.decidesAlike(t, id) {
		t.Error("a promise whose instant has come is a case")
	}
}
