package scheduler_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

func TestTiers(t *testing.T) {
	t.Parallel()
	const me, other = campaign.AgentID(7), campaign.AgentID(8)
	now := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // 10:00 on 2 March in Shanghai, 21:00 on 1 March in New York
	zones := []*time.Location{zone(t, "Asia/Shanghai")}
	west := []*time.Location{zone(t, "America/New_York"), zones[0]}
	tried := func(ago time.Duration, o campaign.Outcome) []campaign.Try {
		return []campaign.Try{{PlacedAt: now.Add(-ago), Outcome: o}}
	}
	call := campaign.Plan{Verdict: campaign.VerdictCall}
	for _, c := range []struct {
		name          string
		tries         []campaign.Try
		plan          campaign.Plan
		zones         []*time.Location
		owner, asking campaign.AgentID
		want          scheduler.Tier
	}{
		{"promise", tried(time.Hour, campaign.CallLater), campaign.Plan{Verdict: campaign.VerdictAppointment}, zones, me, me, scheduler.TierPromise},
		{"mine", tried(time.Hour, campaign.CallLater), call, zones, me, me, scheduler.TierOwnCallback},
		{"promise no longer open", tried(30*time.Hour, campaign.Booked), call, zones, me, me, scheduler.TierOwnCallback},
		{"somebody else's", tried(time.Hour, campaign.CallLater), call, zones, other, me, scheduler.TierRetry},
		{"nobody's, nobody asks", tried(time.Hour, campaign.CallLater), call, zones, 0, 0, scheduler.TierRetry},
		{"not reached since", tried(time.Hour, campaign.NoAnswer), call, zones, me, me, scheduler.TierRetry},
		{"yesterday", tried(11*time.Hour, campaign.NoAnswer), call, zones, 0, me, scheduler.TierRolledOver},
		{"today in the first zone", tried(11*time.Hour, campaign.NoAnswer), call, west, 0, me, scheduler.TierRetry},
		{"a network outcome is a try", tried(time.Hour, campaign.Congestion), call, zones, 0, me, scheduler.TierRetry},
		{"fresh", nil, call, zones, 0, me, scheduler.TierFresh},
	} {
		if got := scheduler.TierOf(c.tries, c.plan, c.zones, now, c.owner, c.asking); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestOrderOfOffering(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	want := []scheduler.Candidate{
		{Tier: scheduler.TierPromise, At: at, Lead: 9},
		{Tier: scheduler.TierPromise, At: at.Add(time.Minute), Earliest: at.Add(-time.Hour), Lead: 1},
		{Tier: scheduler.TierOwnCallback, Earliest: at, Lead: 8},
		{Tier: scheduler.TierRolledOver, Earliest: at.Add(-time.Hour), At: at, ListPriority: -5, Lead: 7},
		{Tier: scheduler.TierRolledOver, Earliest: at, Lead: 2},
		{Tier: scheduler.TierRolledOver, Earliest: at, Turn: 20514 * 4096, Lead: 12},
		{Tier: scheduler.TierRolledOver, Earliest: at.Add(-time.Hour), Turn: 20514*4096 + 1, Lead: 11},
		{Tier: scheduler.TierRetry, Earliest: at.Add(-time.Hour), Lead: 6},
		{Tier: scheduler.TierFresh, ListPriority: 2, Earliest: at, Lead: 5},
		{Tier: scheduler.TierFresh, ListPriority: 1, Priority: 3, Lead: 4},
		{Tier: scheduler.TierFresh, ListPriority: 1, Lead: 3},
		{Tier: scheduler.TierFresh, ListPriority: 1, Lead: 1 << 40},
		{Tier: scheduler.TierFresh, ListPriority: -1, Priority: 9, Lead: 1},
	}
	got := slices.Clone(want)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	slices.SortFunc(got, scheduler.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	for i := range want[1:] {
		if want[i].Score() >= want[i+1].Score() {
			t.Errorf("score %v of %v is not below %v of %v", want[i].Score(), want[i], want[i+1].Score(), want[i+1])
		}
	}
	var names strings.Builder
	for tier := scheduler.TierPromise; tier <= scheduler.TierFresh+1; tier++ {
		names.WriteString(tier.String() + " ")
	}
	if got := names.String(); got != "appointment own_callback rolled_over retry fresh  " {
		t.Errorf("names: %q", got)
	}
}

func TestScoresNeverTurnTheOrderRound(t *testing.T) {
	t.Parallel()
	const seed = 11
	d := dice{rand.New(rand.NewPCG(seed, 0))}
	candidate := func() scheduler.Candidate {
		at := time.Unix(d.Int64N(1<<33)-1<<20, d.Int64N(1e9))
		return scheduler.Candidate{
			Tier: scheduler.Tier(d.IntN(5)), At: at, Earliest: at,
			ListPriority: d.IntN(9000) - 4500, Priority: d.IntN(5000) - 2500,
			Turn: max(0, d.Int64N(1<<28)-1<<27),
			Lead: campaign.LeadID(d.Int64N(1 << (1 + d.IntN(62)))),
		}
	}
	for range 200000 {
		a, b := candidate(), candidate()
		if d.oneIn(2) {
			b.Tier, b.ListPriority, b.Priority = a.Tier, a.ListPriority, a.Priority
		}
		if scheduler.Less(a, b) && a.Score() > b.Score() {
			t.Fatalf("seed %d: %v (%v) before %v (%v)", seed, a, a.Score(), b, b.Score())
		}
		if scheduler.Less(a, b) && scheduler.Less(b, a) {
			t.Fatalf("seed %d: %v and %v are each before the other", seed, a, b)
		}
	}
}
