package dialer

import (
	"context"
	"testing"
	"time"

	"redial/campaign"
)

// hall is a floor with ten thousand desks that wait: all but two hundred for a campaign that has nothing.
func hall(b *testing.B) (*Floor, *fake) {
	const seats, busy = 10_000, 200
	rec := newFake(time.Hour)
	f := NewFloor("here", rec, rec, clock, Options{Heartbeat: time.Hour})
	for id := campaign.CampaignID(1); id <= 2; id++ {
		rec.camps[id] = campaign.Campaign{ID: id, State: campaign.CampaignRunning, Floor: campaign.DefaultFloor()}
	}
	if err := f.readOffering(b.Context()); err != nil {
		b.Fatal(err)
	}
	for i := range seats {
		a := arrival{at: clock(), Arrival: campaign.Arrival{Agent: campaign.Agent{ID: campaign.AgentID(i + 1), Active: true}}}
		of := campaign.Membership{CampaignID: 2, Weight: 1}
		if i%(seats/busy) == 0 {
			of.CampaignID = 1
		}
		a.Agent.Campaigns = []campaign.Membership{of}
		s := campaign.Session{AgentID: a.Agent.ID, State: campaign.AgentReady, Since: clock(), HeartbeatAt: clock(), Node: "here", Epoch: 1}
		rec.agents[a.Agent.ID], rec.sessions[s.AgentID] = a.Agent, s
		f.mount(&a, s, newDesk())
	}
	if err := f.look(b.Context()); err != nil {
		b.Fatal(err)
	}
	f.dry[2] = clock().Add(time.Hour)
	return f, rec
}

// BenchmarkRoundOfFew is what choosing whom to serve costs beside the claim itself: the two hundred, found among all.
func BenchmarkRoundOfFew(b *testing.B) {
	f, _ := hall(b)
	for b.Loop() {
		bids, _ := f.bids()
		if len(bids) != 200 {
			b.Fatalf("%d bids", len(bids))
		}
		f.release(bids)
	}
}

// BenchmarkWatch is what the floor does every few seconds by itself.
func BenchmarkWatch(b *testing.B) {
	f, _ := hall(b)
	for name, step := range map[string]func(context.Context) error{"sessions": f.readSessions, "look": f.look, "roster": f.readRoster} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := step(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
