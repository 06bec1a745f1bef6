package dialer

import (
	"slices"
	"testing"
	"time"

	"redial/campaign"
)

func same(w *world, what string, got, want []campaign.LeadID) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Fatalf("%s: offered %v, want %v", what, got, want)
	}
}

func TestOnlyListeningReadyAgentsAreOffered(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		for id := campaign.AgentID(1); id <= 4; id++ {
			w.agent(id, 1)
		}
		gone := w.desk(1)
		w.floor.Leave(1, gone.desk) // ready, but nobody would see an offer
		resting := w.desk(2)
		w.apply(2, WantBreak{Reason: "lunch"})
		if _, _, err := w.floor.SignInSimple(w.Context(), 3, true); err != nil {
			w.Fatal(err)
		}
		here := w.desk(4)
		w.lead(1, nil)
		w.lead(2, nil)
		w.floor.Wake(1)
		w.sleep(10 * time.Second)
		same(w, "the one who listens", here.leads(), []campaign.LeadID{1})
		same(w, "on break", resting.leads(), nil)
		if len(w.noted) != 1 {
			w.Fatalf("claims %v, want one", w.noted)
		}
		w.apply(2, WantReady{})
		same(w, "back from break", resting.leads(), []campaign.LeadID{2})
	})
}

func TestLongestWaitingFirst(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		var desks []*seen
		for _, id := range []campaign.AgentID{3, 1, 2} {
			w.agent(id, 1)
			desks = append(desks, w.desk(id))
			w.sleep(time.Second)
		}
		for i, d := range desks {
			w.lead(campaign.LeadID(i+1), nil)
			w.floor.Wake(1)
			same(w, "in turn", d.leads(), []campaign.LeadID{campaign.LeadID(i + 1)})
		}
	})
}

func TestOwnCallLaterGoesFirst(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.agent(2, 1)
		w.lead(1, nil)
		w.lead(2, func(l *fakeLead) { l.tried = true })
		w.lead(3, func(l *fakeLead) { l.tried, l.owner = true, 2 })
		two := w.desk(2)
		same(w, "its owner", two.leads(), []campaign.LeadID{3})
		one := w.desk(1)
		same(w, "another: retries before fresh ones", one.leads(), []campaign.LeadID{2})
	})
}

func TestOwnCallLaterComesDueToTheMillisecond(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		due := clock().Add(17*time.Second + 123*time.Millisecond)
		w.lead(3, func(l *fakeLead) { l.tried, l.owner, l.at = true, 1, due })
		w.desk(1)
		w.sleep(time.Minute / 3)
		if len(w.noted) != 1 || !w.noted[0].at.Equal(due) {
			w.Fatalf("claims %v, want one at %v", w.noted, due)
		}
	})
}

func TestCampaignsByWeight(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(2, nil)
		w.agent(1, 1, 2)
		w.agents[1].Campaigns[0].Weight = 3
		for id := campaign.LeadID(1); id <= 80; id++ {
			w.lead(id, func(l *fakeLead) { l.camp = 1 + campaign.CampaignID(id%2) })
		}
		d := w.desk(1)
		w.sleep(2 * time.Second)
		for range 39 {
			d.work()
		}
		var n [3]int
		for _, o := range d.read().offers {
			n[o.Assignment.CampaignID]++
		}
		if n != [3]int{0, 30, 10} {
			w.Fatalf("offers by campaign %v, want 30 and 10", n[1:])
		}
	})
}

func TestADryCampaignGivesItsTurnAway(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(2, nil)
		w.agent(1, 1, 2)
		w.agents[1].Campaigns[0].Weight = 9
		w.lead(1, func(l *fakeLead) { l.camp = 2 })
		d := w.desk(1)
		w.sleep(2 * time.Second)
		same(w, "the other campaign's lead", d.leads(), []campaign.LeadID{1})
	})
}

func TestFreshShare(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.FreshShare = 0.25 })
		w.sleep(2 * time.Second)
		w.agent(1, 1)
		for id := campaign.LeadID(1); id <= 80; id++ {
			w.lead(id, func(l *fakeLead) { l.tried = id%2 == 0 })
		}
		d := w.desk(1)
		for range 39 {
			d.work()
		}
		fresh := 0
		for _, o := range d.read().offers {
			if o.Assignment.LeadID%2 == 1 {
				fresh++
			}
		}
		if len(d.offers) != 40 || fresh != 10 {
			w.Fatalf("%d offers, %d fresh, want 40 and 10", len(d.offers), fresh)
		}
	})
}

func TestSkillsAreNeeded(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Skills = []string{"sv", "tax"} })
		w.sleep(2 * time.Second)
		w.agent(1, 1)
		w.agent(2, 1)
		w.change(func() {
			a := w.agents[2]
			a.Skills = []string{"tax", "sv"}
			w.agents[2] = a
		})
		without := w.desk(1)
		with := w.desk(2)
		w.lead(1, nil)
		w.promise(2, 1, 0) // a promise needs them too
		w.floor.Wake(1)
		w.sleep(10 * time.Second)
		same(w, "with the skills", with.leads(), []campaign.LeadID{1})
		same(w, "without", without.leads(), nil)
		// The agent learns during the shift.
		w.change(func() {
			a := w.agents[1]
			a.Skills, a.Version = []string{"sv", "tax"}, 2
			w.agents[1] = a
		})
		w.sleep(rosterEvery + time.Second)
		same(w, "who learnt them", without.leads(), []campaign.LeadID{2})
	})
}

func TestADeclinedLeadIsNotOfferedStraightBack(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		same(w, "first", d.leads(), []campaign.LeadID{1})
		w.sleep(6 * time.Second) // the source gives it again
		w.lead(2, nil)
		w.floor.Declined(1, 1)
		w.happen(w.T, d.last().ID, campaign.HappenedDeclined, "not my language")
		before := clock()
		d.refresh()
		same(w, "then the next, at once", d.leads(), []campaign.LeadID{1, 2})
		if !w.noted[1].at.Equal(before) {
			w.Fatalf("the next lead took %v", w.noted[1].at.Sub(before))
		}
		d.work()
		w.sleep(9 * time.Minute)
		if n := len(d.leads()); n != 2 {
			w.Fatalf("offered %v: the declined one came back", d.leads())
		}
		w.sleep(2 * time.Minute)
		same(w, "later it may come again", d.leads(), []campaign.LeadID{1, 2, 1})
	})
}

func TestADeclinedLeadGoesToAnother(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.agent(2, 1)
		w.lead(1, nil)
		one := w.desk(1)
		w.sleep(6 * time.Second)
		two := w.desk(2)
		w.floor.Declined(1, 1)
		w.happen(w.T, one.last().ID, campaign.HappenedDeclined, "no")
		one.refresh()
		w.sleep(time.Second)
		same(w, "the other", two.leads(), []campaign.LeadID{1})
	})
}

func TestWaitingForADryCampaignCostsLittle(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		for id := campaign.AgentID(1); id <= 100; id++ {
			w.agent(id, 1)
			w.desk(id)
		}
		w.sleep(2 * time.Second)
		w.reset()
		w.sleep(time.Minute)
		if n := w.count("Take"); n < 60 || n > 125 {
			w.Errorf("%d takes in a minute for a hundred agents, want about 120", n)
		}
		if n := w.count("ClaimLeads") + w.count("Session") + w.count("MoveSession"); n != 0 {
			w.Errorf("%d calls of the record for nothing: %v", n, w.calls)
		}
	})
}

func TestNobodyIsHiddenBehindThoseWhoWaitInVain(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(2, nil)
		for id := campaign.AgentID(1); id <= 300; id++ {
			w.agent(id, 1)
			w.desk(id)
		}
		w.sleep(time.Second)
		w.agent(301, 2)
		w.agent(302, 1)
		late, owner := w.desk(301), w.desk(302)
		w.promise(1, 302, 10*time.Second)
		w.lead(2, func(l *fakeLead) { l.camp = 2 })
		w.floor.Wake(0)
		w.sleep(time.Second)
		same(w, "of the campaign that has something", late.leads(), []campaign.LeadID{2})
		w.sleep(9 * time.Second)
		same(w, "the owner, who came last", owner.leads(), []campaign.LeadID{1})
	})
}

func TestMoreThanABatchIsServedAtOnce(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		for id := campaign.AgentID(1); id <= 600; id++ {
			w.agent(id, 1)
			w.desk(id)
		}
		for id := campaign.LeadID(1); id <= 650; id++ {
			w.lead(id, nil)
		}
		w.reset()
		at := clock()
		w.floor.Wake(1)
		w.settled()
		if len(w.noted) != 600 || !w.noted[599].at.Equal(at) {
			w.Fatalf("%d offers at once, want 600", len(w.noted))
		}
		if n := w.count("ClaimLeads"); n != 3 {
			w.Fatalf("%d transactions, want 3", n)
		}
	})
}

func TestAPausedCampaignBurnsNoLeads(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(2, nil)
		w.sleep(2 * time.Second)
		w.agent(1, 1, 2)
		d := w.desk(1)
		w.sleep(2 * time.Second)
		w.camp(1, func(c *campaign.Campaign) { c.State = campaign.CampaignPaused })
		for id := campaign.LeadID(1); id <= 50; id++ {
			w.lead(id, nil)
		}
		w.change(func() { w.slow["Offering"] = 2 * time.Second }) // the floor hears of the pause late
		w.reset()
		w.floor.Wake(1)
		w.sleep(time.Second)
		if n := w.count("ClaimLeads"); n == 0 || n > 3 {
			w.Errorf("%d claims in a second", n)
		}
		w.lead(99, func(l *fakeLead) { l.camp = 2 })
		w.sleep(2 * time.Second)
		same(w, "from the other campaign", d.leads(), []campaign.LeadID{99})
	})
}

func TestAClaimThatFailsIsTriedAgain(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		w.lead(2, nil)
		w.fails["ClaimLeads"] = 6
		d := w.desk(1)
		if n := w.count("ClaimLeads"); n == 0 || n > 3 { // one for each time it was kicked
			w.Fatalf("%d claims at once", n)
		}
		w.sleep(time.Minute / 2) // each failure takes its lead out of the source's sight for five seconds
		if got := d.leads(); len(got) != 1 {
			w.Fatalf("offered %v", got)
		}
		if n := w.count("ClaimLeads"); n != 7 {
			w.Fatalf("%d claims", n)
		}
	})
}

func TestASourceThatFailsIsAskedAgain(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		w.fails["Take"] = 3
		d := w.desk(1)
		w.sleep(3 * time.Second)
		same(w, "in the end", d.leads(), []campaign.LeadID{1})
	})
}
