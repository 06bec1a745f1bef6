package dialer

import (
	"testing"
	"time"

	"redial/campaign"
)

// What was promised comes before ordinary leads, of a campaign that has just been started, too.
func TestTheFirstOfANewCampaignIsWhatWasPromised(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 2)
		d := w.desk(1)
		w.sleep(time.Second)
		w.change(func() { w.slow["DuePromises"] = 300 * time.Millisecond })
		w.camp(2, nil)
		w.lead(1, func(l *fakeLead) { l.camp = 2 })
		w.lead(2, func(l *fakeLead) {
			l.camp, l.tried = 2, true
			l.promise = &campaign.Appointment{ID: 2, LeadID: 2, CampaignID: 2, At: clock()}
		})
		at := clock()
		w.floor.Wake(2)
		w.sleep(time.Second)
		same(w, "of the new campaign", d.leads(), []campaign.LeadID{2})
		if took := w.noted[0].at.Sub(at); took != 300*time.Millisecond {
			w.Errorf("it took %v: as long as looking for promises, and no longer", took)
		}
	})
}

// Something was booked while it was read what the agent owns: it is read again before anything else is given.
func TestWhatIsBookedWhileAnAgentArrivesIsNotPassedOver(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.apply(1, SignIn{Node: "here"})
		came := arrival{Arrival: campaign.Arrival{Agent: w.agents[1]}, at: clock()}
		w.lead(1, nil)
		w.lead(3, func(l *fakeLead) { l.owner = 1 })
		w.floor.Wake(1)
		w.settled()
		d := &seen{w: w, agent: 1, desk: newDesk()}
		w.floor.mount(&came, w.apply(1, WantReady{}), d.desk)
		same(w, "what was booked", d.leads(), []campaign.LeadID{3})
	})
}

// A look that began before a newcomer told of a promise does not know it; one that began later knows best.
func TestALookUnderWayForgetsNoPromise(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	h := horizon{brought: make(map[campaign.AppointmentID]time.Time)}
	s := &seat{}
	near := campaign.Appointment{ID: 1, At: at.Add(time.Minute)}
	far := campaign.Appointment{ID: 2, At: at.Add(time.Hour)}
	h.replace([]campaign.Appointment{far}, at)
	h.owns(s, nil, []campaign.Appointment{near, far}, at.Add(time.Second))
	if len(h.promises) != 2 || h.promises[0].ID != 1 || !s.looked.Equal(at.Add(time.Second)) {
		t.Fatalf("brought: %v", h.promises)
	}
	h.replace([]campaign.Appointment{far}, at.Add(time.Second/2))
	if len(h.promises) != 2 || h.promises[0].ID != 1 {
		t.Errorf("after a look that began before: %v", h.promises)
	}
	h.replace([]campaign.Appointment{far}, at.Add(2*time.Second))
	if len(h.promises) != 1 || h.promises[0].ID != 2 {
		t.Errorf("after one that began later: %v", h.promises)
	}
}

// The dispatcher takes breath when nobody gets anything, not when there are many to serve.
func TestACrowdIsServedWithoutAPause(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		const agents = (vainMost + 1) * batchMost
		for id := campaign.AgentID(1); id <= agents; id++ {
			w.agent(id, 1)
			if _, _, _, err := w.floor.SignIn(w.Context(), id, true); err != nil {
				w.Fatal(err)
			}
		}
		w.sleep(2 * time.Second)
		for id := campaign.LeadID(1); id <= agents; id++ {
			w.lead(id, nil)
		}
		w.sleep(dryFor) // nothing wakes the dispatcher but its own timer
		if len(w.noted) != agents || !w.noted[agents-1].at.Equal(w.noted[0].at) {
			w.Fatalf("%d offers, want %d at once", len(w.noted), agents)
		}
	})
}

// What was promised at another node is known when the agent asks here again: it comes at its instant, however near.
func TestAPromiseMadeAtAnotherNodeIsKnownWhenItsOwnerAsks(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.next(1, time.Second).lead() // known here, and the horizon was just looked at
		w.sleep(2 * time.Second)
		w.promise(1, 1, 1500*time.Millisecond)
		at := clock().Add(1500 * time.Millisecond)
		if got := w.next(1, 3*time.Second).lead(); got != 1 || len(w.noted) != 1 || !w.noted[0].at.Equal(at) {
			w.Errorf("lead %d, claims %v; want lead 1 at %v", got, w.noted, at)
		}
	})
}

// What an agent owns changed while it was read: by the look ahead, or when the agent came.
func TestWhatIsReadFromBeforeADoubtIsNotBelieved(t *testing.T) {
	for _, read := range []string{"OwnedAhead", "Arrivals"} {
		t.Run(read, func(t *testing.T) {
			onFloor(t, Options{}, func(w *world) {
				w.agent(1, 1)
				w.next(1, 100*time.Millisecond).lead()
				w.sleep(2500*time.Millisecond - time.Duration(clock().UnixNano()%int64(time.Second))) // far from the next look ahead
				w.change(func() { w.late[read] = 300 * time.Millisecond })
				if read == "OwnedAhead" {
					w.floor.Wake(1)
					w.settled()
				}
				w.next(1, 10*time.Second)
				w.sleep(100 * time.Millisecond) // it is being read
				w.lead(1, nil)
				w.lead(3, func(l *fakeLead) { l.owner = 1 })
				w.floor.Anew(1)
				w.sleep(2 * time.Second)
				if len(w.noted) != 1 || w.noted[0].lead != 3 {
					w.Errorf("claims %v; want what is owned", w.noted)
				}
			})
		})
	}
}
