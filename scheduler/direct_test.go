package scheduler

import (
	"slices"
	"testing"
	"time"

	"redial/campaign"
)

// shanghai is a direct source over tried leads 1… and fresh leads 1001…, at ten in the morning.
func shanghai(tried, fresh int) (*Direct, *dueRecord, *time.Time) {
	now := utc("2026-03-02T02:00:00Z")
	r := twoCoasts()
	for i := range tried {
		r.leads = append(r.leads, campaign.Due{Lead: campaign.LeadID(1 + i), Group: 1, Tried: true})
	}
	for i := range fresh {
		r.leads = append(r.leads, campaign.Due{Lead: campaign.LeadID(1001 + i), Group: 1})
	}
	clock := &now
	return NewDirect(&Finder{Record: r, Now: func() time.Time { return *clock }}), r, clock
}

func wantTake(t *testing.T, d *Direct, n, fresh int, want ...campaign.LeadID) {
	t.Helper()
	got, err := d.Take(t.Context(), 1, n, fresh)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("take %d with %d fresh: got %v, want %v", n, fresh, got, want)
	}
}

func TestDirectServesTheOrderOfOffering(t *testing.T) {
	d, r, _ := shanghai(4, 4)
	wantTake(t, d, 2, 0, 1, 2)
	wantTake(t, d, 2, 1, 1001, 3)
	wantTake(t, d, 3, 1, 1002, 4, 1003)
	wantTake(t, d, 3, 0, 1004)
	wantTake(t, d, 3, 0)
	if r.queries != 1 {
		t.Errorf("%d queries, want one", r.queries)
	}
}

func TestDirectLooksAgainSoonAndHandsNoLeadOutTwiceMeanwhile(t *testing.T) {
	d, r, now := shanghai(3, 0)
	wantTake(t, d, 2, 0, 1, 2)
	*now = now.Add(directLife)
	wantTake(t, d, 9, 0, 3)
	*now = now.Add(directGuard)
	r.leads = r.leads[1:] // lead 1 was claimed
	wantTake(t, d, 9, 0, 2, 3)
}

func TestDirectReadsOnWhenItsWindowIsUsedUp(t *testing.T) {
	d, r, _ := shanghai(500, 0)
	for i := range 50 {
		var want []campaign.LeadID
		for k := range 10 {
			want = append(want, campaign.LeadID(1+10*i+k))
		}
		wantTake(t, d, 10, 0, want...)
	}
	if r.queries > 10 {
		t.Errorf("%d queries for 500 leads", r.queries)
	}
}

func TestDirectWaitsForNobodyWhenAnInstantHasCome(t *testing.T) {
	d, r, now := shanghai(0, 0)
	r.leads = []campaign.Due{{Lead: 7, Group: 1, Tried: true, Earliest: now.Add(100 * time.Millisecond)}}
	wantTake(t, d, 1, 0)
	*now = now.Add(99 * time.Millisecond)
	wantTake(t, d, 1, 0)
	*now = now.Add(time.Millisecond)
	wantTake(t, d, 1, 0, 7)
}

func TestDirectTakesReturnedLeadsFirst(t *testing.T) {
	d, _, _ := shanghai(3, 1)
	wantTake(t, d, 3, 1, 1001, 1, 2)
	if err := d.Return(t.Context(), 1, []campaign.LeadID{1001, 2, 99}); err != nil {
		t.Fatal(err)
	}
	wantTake(t, d, 4, 0, 2, 3, 1001)
}
