package scheduler

import (
	"testing"
	"time"

	"redial/campaign"
)

func waitingLead(id campaign.LeadID, tries ...campaign.Try) *campaign.Facts {
	c := &campaign.Campaign{ID: 1, State: campaign.CampaignRunning, Rules: campaign.DefaultRules(), RulesVersion: 1, Floor: campaign.DefaultFloor()}
	return &campaign.Facts{
		Campaign: c, List: &campaign.List{ID: 1, State: campaign.ListActive, On: true}, Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
		Lead: &campaign.Lead{ID: id, CampaignID: 1, State: campaign.LeadOpen, Zones: []string{"UTC"}, Numbers: []campaign.Number{{Phone: "+8613800138000"}}, Tries: tries},
	}
}

func triedAgo(ago time.Duration, o campaign.Outcome) campaign.Try {
	return campaign.Try{PlacedAt: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).Add(-ago), Outcome: o, Number: "+8613800138000"}
}

func TestEffectSaysWhatMovesWhere(t *testing.T) {
	rb := new(Rulebook)
	rules := campaign.DefaultRules()
	rules.Interval = time.Hour
	rules.Caps = []campaign.Cap{{Max: 2, Period: 24 * time.Hour}}
	rules.MaxAttempts = 3
	day := 24 * time.Hour
	leads := []*campaign.Facts{
		waitingLead(1), // fresh: due under both
		waitingLead(2, triedAgo(30*time.Minute, campaign.NoAnswer)),                                                    // 4 h to 1 h: earlier
		waitingLead(3, triedAgo(20*time.Hour, campaign.Busy), triedAgo(18*time.Hour, campaign.Busy)),                   // due now; over the new cap
		waitingLead(4, triedAgo(9*day, campaign.Busy), triedAgo(8*day, campaign.Busy), triedAgo(7*day, campaign.Busy)), // ends
	}
	e := Effect{Examples: 10}
	for _, f := range leads {
		now, then := rb.Compare(f, &rules)
		e.Add(f, now, then)
		if again := rb.Plan(f); again != now {
			t.Errorf("lead %d: comparing changed what is planned: %+v, was %+v", f.Lead.ID, again, now)
		}
	}
	if e.Waiting != 4 || e.Unchanged != 1 || e.Earlier != 1 || e.Later != 1 || e.OverCap != 1 || e.Ending != 1 {
		t.Errorf("%+v", e)
	}
	want := map[campaign.LeadID]MoveKind{2: MovedEarlier, 3: MovedOverCap, 4: MovedEnding}
	moves := e.Moves()
	if len(moves) != len(want) {
		t.Fatalf("%d examples: %+v", len(moves), moves)
	}
	for _, m := range moves {
		if want[m.Lead] != m.Kind {
			t.Errorf("lead %d moves %s, want %s", m.Lead, m.Kind, want[m.Lead])
		}
	}
}

func TestEffectSeesExhaustedLeadsComeBack(t *testing.T) {
	f := waitingLead(1, triedAgo(50*time.Hour, campaign.Busy))
	f.Campaign.Rules.MaxAttempts, f.Lead.State = 1, campaign.LeadExhausted
	other := campaign.DefaultRules()
	e := Effect{Examples: 1}
	now, then := new(Rulebook).Compare(f, &other)
	e.Add(f, now, then)
	if e.Reviving != 1 || e.Waiting != 0 || e.Moves()[0].Kind != MovedReviving {
		t.Errorf("%+v", e)
	}
}

func TestEffectKeepsThoseThatMoveMost(t *testing.T) {
	e := Effect{Examples: 2}
	for i := range 20 {
		f := waitingLead(campaign.LeadID(i + 1))
		at := f.Now.Add(time.Duration((i*7)%20+1) * time.Minute)
		e.Add(f, campaign.Plan{Verdict: campaign.VerdictCall, At: f.Now}, campaign.Plan{Verdict: campaign.VerdictCall, At: at, Reason: campaign.ReasonInterval})
	}
	moves := e.Moves()
	if e.Later != 20 || len(moves) != 2 || moves[0].by != 20*time.Minute || moves[1].by != 19*time.Minute {
		t.Errorf("%d later, examples %+v", e.Later, moves)
	}
}

func TestHistogramAddsUp(t *testing.T) {
	rb := new(Rulebook)
	var h Histogram
	paused := waitingLead(4)
	paused.List.On = false
	held := waitingLead(6)
	held.Lead.State, held.Holder = campaign.LeadHeld, "wang"
	for _, f := range []*campaign.Facts{
		waitingLead(1), waitingLead(2, triedAgo(time.Hour, campaign.Busy)), waitingLead(3, triedAgo(2*time.Hour, campaign.Busy)), paused, held,
	} {
		j := rb.Offer(f, 0)
		h.Add(f.Lead, &j)
	}
	h.Ended(campaign.LeadFinished, 7)
	bars := h.Bars()
	sum := h.Callable
	by := map[string]Bar{}
	for _, b := range bars {
		sum += b.Leads
		by[b.Gate] = b
	}
	if h.Leads != 12 || sum != h.Leads || h.Callable != 1 || bars[0].Gate != "finished" {
		t.Errorf("%d leads, %d in bars and callable, %+v", h.Leads, sum, bars)
	}
	now := waitingLead(1).Now
	if b := by["interval"]; b.Leads != 2 || b.Example != 3 || !b.First.Equal(now.Add(2*time.Hour)) || !b.Last.Equal(now.Add(3*time.Hour)) {
		t.Errorf("interval: %+v", b)
	}
	if by["list"].Leads != 1 || by["state"].Leads != 1 {
		t.Errorf("%+v", by)
	}
}
