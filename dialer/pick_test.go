package dialer

import (
	"testing"
	"time"

	"redial/campaign"
)

func TestPickLeadPassesTheSameGates(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		w.lead(2, func(l *fakeLead) { l.gate, l.openAt = "rolling_cap", clock().Add(time.Hour) })
		_, _, err := w.floor.PickLead(w.Context(), 1, 0, 2)
		if campaign.ReasonOf(err) != campaign.ReasonNotCallable {
			w.Fatalf("a closed gate: %v", err)
		}
		if e := err.(*campaign.Error); e.Meta["gate"] != "rolling_cap" || e.Meta["opens_at"] != clock().Add(time.Hour).UTC().Format(time.RFC3339) { //nolint:errorlint,forcetypeassert // ReasonOf has looked
			w.Fatalf("metadata %v", e.Meta)
		}
		got, s, err := w.floor.PickLead(w.Context(), 1, 0, 1)
		if err != nil || got.Assignment.LeadID != 1 || s.State != campaign.AgentOffered {
			w.Fatalf("%+v in %+v: %v", got, s, err)
		}
		again, _, err := w.floor.PickLead(w.Context(), 1, 0, 1)
		if err != nil || again.Assignment.ID != got.Assignment.ID {
			w.Fatalf("picked again: %+v, %v", again, err)
		}
		w.lead(3, nil)
		if _, _, err := w.floor.PickLead(w.Context(), 1, 0, 3); campaign.ReasonOf(err) != campaign.ReasonNotReady {
			w.Fatalf("a second lead: %v", err)
		}
	})
}

func TestPickLeadIsForThoseWhoWorkOnTheCampaign(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(2, func(c *campaign.Campaign) { c.Skills = []string{"german"} })
		w.agent(1, 1)
		w.agent(2, 2)
		w.lead(1, func(l *fakeLead) { l.camp = 2 })
		for agent := range campaign.AgentID(2) {
			if _, _, err := w.floor.PickLead(w.Context(), agent+1, 0, 1); campaign.KindOf(err) != campaign.KindDenied {
				w.Fatalf("agent %d: %v", agent+1, err)
			}
		}
		if _, _, err := w.floor.PickLead(w.Context(), 1, 0, 99); campaign.KindOf(err) != campaign.KindNotFound {
			w.Fatalf("no such lead: %v", err)
		}
		if len(w.noted) != 0 {
			w.Fatalf("claimed %v", w.noted)
		}
	})
}

func TestPickLeadIsShownOnTheDesk(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		w.lead(1, func(l *fakeLead) { l.guard = clock().Add(time.Hour) }) // nobody else would come upon it
		if _, _, err := w.floor.PickLead(w.Context(), 1, 0, 1); err != nil {
			w.Fatal(err)
		}
		if got := d.leads(); len(got) != 1 || got[0] != 1 {
			w.Fatalf("the desk saw %v", got)
		}
	})
}
