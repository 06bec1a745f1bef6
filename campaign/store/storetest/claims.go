package storetest

import (
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

var claimCases = []testCase{
	{"I1 two nodes race for each lead ten thousand times and one of them gets it", raceForLeads},
	{"I1 two agents race for one lead", raceForOne},
	{"I1 an agent holds one lead at a time", oneAtATime},
	{"I3 a cap over a number holds over campaigns, lists and batches", numberCapOverCampaigns},
	{"I3 twins in one batch count against each other's cap", twinsInOneBatch},
	{"I3 a claim that is given back frees the cap", capFreedAgain},
	{"I4 a lead is not claimed before its time", notBeforeItsTime},
	{"a refused lead makes room for those behind it", refusedLeadWaits},
	{"a claim says why an agent cannot have anything", notReadyAgents},
	{"the open assignment is the same after a lost reply", openAssignmentAgain},
	{"a claim counts for the next candidate", nextCandidate},
}

// raceForLeads lets two nodes claim the same leads at the same time, a hundred at once, a hundred times.
func raceForLeads(b *bundle) {
	const leads, rounds = 100, 100
	c := b.campaign(func(c *campaign.Campaign) { c.Floor.OfferTime, c.Floor.Lease = time.Second, time.Second })
	ids := b.some(c, leads)
	nodes := []*store.Store{b.s, b.open()}
	crews := [][]campaign.AgentID{b.agents(leads), b.agents(leads)}
	for round := range rounds {
		got := make([][]campaign.Claimed, len(nodes))
		errs := make([]error, len(nodes))
		var wg sync.WaitGroup
		for n, node := range nodes {
			claims := make([]campaign.Claim, leads)
			for i := range claims {
				// One node offers the leads in another order than the other.
				claims[i] = campaign.Claim{Agent: crews[n][i], Candidates: []campaign.LeadID{ids[(i*(n*6+1))%leads]}}
			}
			wg.Go(func() { got[n], errs[n] = node.ClaimLeads(b.Context(), claims) })
		}
		wg.Wait()
		holder := make(map[campaign.LeadID]campaign.AssignmentID)
		for n := range nodes {
			b.ok(errs[n])
			for _, x := range got[n] {
				if x.Assignment == nil {
					continue
				}
				if other := holder[x.Assignment.LeadID]; other != 0 {
					b.Fatalf("round %d: lead %d is held by assignments %d and %d", round, x.Assignment.LeadID, other, x.Assignment.ID)
				}
				holder[x.Assignment.LeadID] = x.Assignment.ID
			}
		}
		if len(holder) != leads {
			// A lead that both nodes looked at at once may go to nobody this time, but never all of them.
			if len(holder) == 0 {
				b.Fatalf("round %d: nobody got anything", round)
			}
		}
		b.back(len(holder))
	}
	if open := b.count(`SELECT count(*) FROM assignments WHERE closed_at = 0`); open != 0 {
		b.Fatalf("%d assignments are open", open)
	}
	b.sound()
}

// back lets n offers lapse, whose agents are then ready again.
func (b *bundle) back(n int) {
	b.Helper()
	b.wait(5 * time.Second) // much more than an offer's second: a record that has just looked at its database's clock slows down
	for n > 0 {
		lapsed := must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 1000))
		if len(lapsed) == 0 {
			b.Fatalf("%d offers did not lapse", n)
		}
		n -= len(lapsed)
	}
}

func raceForOne(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	agents := b.agents(8)
	other := b.open()
	for range 25 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		var won []*campaign.Assignment
		for i, a := range agents {
			node := b.s
			if i%2 == 1 {
				node = other
			}
			wg.Go(func() {
				got, err := node.ClaimLeads(b.Context(), []campaign.Claim{{Agent: a, Candidates: []campaign.LeadID{lead}}})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					b.Error(err)
				} else if got[0].Assignment != nil {
					won = append(won, got[0].Assignment)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			b.Fatalf("%d agents got the lead, want 1", len(won))
		}
		must[campaign.Session](b)(b.s.Decline(b.Context(), won[0].ID, won[0].AgentID, "later"))
	}
	b.sound()
}

func oneAtATime(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 3)
	a := b.agent()
	got := must[[]campaign.Claimed](b)(b.s.ClaimLeads(b.Context(), []campaign.Claim{
		{Agent: a, Candidates: leads[:1]}, {Agent: a, Candidates: leads[1:2]}}))
	if got[0].Assignment == nil || got[1].Assignment != nil {
		b.Fatalf("got %+v", got)
	}
	b.refused(got[1].Err, campaign.KindUnready, campaign.ReasonNotReady)
	b.refused(b.try(b.s, a, leads[2]).Err, campaign.KindUnready, campaign.ReasonNotReady)
	b.state(leads[1], campaign.LeadOpen)
	b.sound()
}

func cap3(c *campaign.Campaign) {
	c.Rules.Interval = time.Second
	c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 3, Period: 24 * time.Hour}}
}

// numberCapOverCampaigns races six campaigns' leads with one number against a cap of three.
func numberCapOverCampaigns(b *bundle) {
	const n = 6
	shared := phone(1)
	var leads []campaign.LeadID
	for range n {
		_, ids := b.list(b.campaign(cap3), []campaign.Phone{shared})
		leads = append(leads, ids...)
	}
	nodes := []*store.Store{b.s, b.open()}
	agents := b.agents(n)
	var wg sync.WaitGroup
	var mu sync.Mutex
	placed := 0
	for i, a := range agents {
		wg.Go(func() {
			node := nodes[i%2]
			got, err := node.ClaimLeads(b.Context(), []campaign.Claim{{Agent: a, Candidates: []campaign.LeadID{leads[i]}}})
			if err != nil {
				b.Error(err)
				return
			}
			if got[0].Assignment == nil {
				return
			}
			if _, err := node.StartCall(b.Context(), got[0].Assignment.ID, a); err != nil {
				b.Error(err)
			}
			mu.Lock()
			placed++
			mu.Unlock()
		})
	}
	wg.Wait()
	if placed != 3 {
		b.Fatalf("%d calls to a number were placed under a cap of 3", placed)
	}
	if uses := b.count(`SELECT count(*) FROM subject_uses`); uses != 3 {
		b.Fatalf("%d uses of the number are counted, want 3", uses)
	}
	b.sound()
}

func twinsInOneBatch(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) {
		c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 1, Period: time.Hour}}
	})
	d := b.campaign(nil)
	_, one := b.list(c, []campaign.Phone{phone(1)})
	_, two := b.list(d, []campaign.Phone{phone(1)})
	a := b.agents(2)
	// The lead without a cap goes first; it counts against the other's.
	got := must[[]campaign.Claimed](b)(b.s.ClaimLeads(b.Context(), []campaign.Claim{{Agent: a[0], Candidates: two}, {Agent: a[1], Candidates: one}}))
	if got[0].Assignment == nil || got[1].Assignment != nil {
		b.Fatalf("got %+v", got)
	}
	if r := got[1].Refused; len(r) != 1 || r[0].Judgement.Binding != "number_cap" {
		b.Fatalf("refused %+v, want number_cap", r)
	}
}

func capFreedAgain(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) {
		c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 1, Period: time.Hour}}
	})
	d := b.campaign(func(d *campaign.Campaign) { d.Rules = c.Rules })
	_, one := b.list(c, []campaign.Phone{phone(1)})
	_, two := b.list(d, []campaign.Phone{phone(1)})
	a := b.agents(2)
	first := b.claim(a[0], one...)
	if got := b.try(b.s, a[1], two...); got.Assignment != nil {
		b.Fatal("the cap did not hold")
	}
	must[campaign.Session](b)(b.s.Decline(b.Context(), first.ID, a[0], "not now"))
	b.claim(a[1], two...)
	b.sound()
}

func notBeforeItsTime(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	a := b.agent()
	b.call(a, campaign.NoAnswer, lead)
	b.wait(3*time.Hour + 59*time.Minute)
	got := b.try(b.s, a, lead)
	if got.Assignment != nil || len(got.Refused) != 1 || got.Refused[0].Judgement.Binding != "interval" {
		b.Fatalf("got %+v", got)
	}
	b.wait(2 * time.Minute)
	b.claim(a, lead)
	b.sound()
}

// refusedLeadWaits puts a lead off that a cap forbids: the due index does not give it again until the cap opens.
func refusedLeadWaits(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) {
		c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 1, Period: time.Hour}}
	})
	d := b.campaign(func(d *campaign.Campaign) { d.Rules = c.Rules })
	_, one := b.list(c, []campaign.Phone{phone(1)})
	_, two := b.list(d, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)})
	a := b.agents(2)
	b.claim(a[0], one...)
	before := b.lead(two[0])
	if got := b.try(b.s, a[1], two[0]); got.Assignment != nil {
		b.Fatal("the cap did not hold")
	}
	if due := b.due(d.ID, 0, 10); len(due) != 1 || due[0].Lead != two[1] {
		b.Fatalf("due %+v, want lead %d alone", due, two[1])
	}
	if after := b.lead(two[0]); after.Plan.At != before.Plan.At || after.State != campaign.LeadOpen {
		b.Fatalf("what was decided changed: %+v, was %+v", after.Plan, before.Plan)
	}
	b.wait(61 * time.Minute)
	if due := b.due(d.ID, 0, 10); len(due) != 2 {
		b.Fatalf("due %+v after the cap opened, want both", due)
	}
}

func notReadyAgents(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	a := must[campaign.Agent](b)(b.s.CreateAgent(b.Context(), campaign.Agent{Login: "new", Active: true}))
	b.refused(b.try(b.s, a.ID, lead).Err, campaign.KindUnready, campaign.ReasonNotReady)
	onBreak := b.agent()
	must[campaign.Session](b)(b.s.MoveSession(b.Context(), onBreak, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Reason, s.Since = campaign.AgentBreak, "lunch", now
		return s, nil
	}))
	b.refused(b.try(b.s, onBreak, lead).Err, campaign.KindUnready, campaign.ReasonNotReady)
	if got := b.try(b.s, b.agent(), 99999, lead); got.Assignment == nil || len(got.Refused) != 1 {
		b.Fatalf("got %+v, want the lead after an unknown one", got)
	}
}

func openAssignmentAgain(b *bundle) {
	c := b.campaign(nil)
	lead := b.some(c, 1)[0]
	a := b.agent()
	if got := must[*campaign.Claimed](b)(b.s.OpenAssignment(b.Context(), a)); got != nil {
		b.Fatalf("got %+v before any claim", got)
	}
	as := b.claim(a, lead)
	got := must[*campaign.Claimed](b)(b.s.OpenAssignment(b.Context(), a))
	if got == nil || got.Assignment.ID != as.ID || got.Facts.Lead.ID != lead || got.Session.Assignment != as.ID || got.Facts.Holder == "" {
		b.Fatalf("got %+v, want assignment %d", got, as.ID)
	}
}

func nextCandidate(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 3)
	a := b.agents(3)
	got := must[[]campaign.Claimed](b)(b.s.ClaimLeads(b.Context(), []campaign.Claim{
		{Agent: a[0], Candidates: leads}, {Agent: a[1], Candidates: leads}, {Agent: a[2], Candidates: leads}}))
	for i := range got {
		if got[i].Assignment == nil || got[i].Assignment.LeadID != leads[i] || got[i].Session.Assignment != got[i].Assignment.ID {
			b.Fatalf("agent %d got %+v, want lead %d", i, got[i], leads[i])
		}
		if got[i].Facts.Lead.Assignment != got[i].Assignment.ID {
			b.Fatalf("the facts do not know the assignment: %+v", got[i].Facts.Lead)
		}
	}
	b.sound()
}
