package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
)

// What a call to another lead of the person does to a lead's plan: one that is only reserved, or goes on, does nothing to it,
// for it may be declined or never get through; one that counts puts the plan off. The claim counts them all.
func TestAPlanCountsNoCallThatIsNotOver(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "r.db") },
		"postgres": testserver.Postgres,
	} {
		for _, c := range []struct {
			what  string
			other func(testing.TB, *store.Store, campaign.Assignment) // happens to the other lead before the outcome
			after func(testing.TB, *store.Store, campaign.Assignment) // and after it
			week  bool                                                // the plan waits for the cap
		}{
			{"reserved, then declined", nothing, declined, false},
			{"on a call, which never got through", started, concluded(campaign.Congestion), false},
			{"called", calledFor(campaign.NoAnswer), nothing, true},
		} {
			t.Run(name+" "+c.what, func(t *testing.T) {
				t.Parallel()
				planAfter(t, url(t), c.other, c.after, c.week)
			})
		}
	}
}

type happens = func(testing.TB, *store.Store, campaign.Assignment)

func nothing(testing.TB, *store.Store, campaign.Assignment) {}

func declined(t testing.TB, s *store.Store, a campaign.Assignment) {
	t.Helper()
	get(s.Decline(t.Context(), a.ID, a.AgentID, "no"))(t)
}

func started(t testing.TB, s *store.Store, a campaign.Assignment) {
	t.Helper()
	get(s.StartCall(t.Context(), a.ID, a.AgentID))(t)
}

func concluded(o campaign.Outcome) happens {
	return func(t testing.TB, s *store.Store, a campaign.Assignment) {
		t.Helper()
		get(s.Conclude(t.Context(), campaign.Result{Assignment: a.ID, Agent: a.AgentID, Outcome: o}))(t)
	}
}

func calledFor(o campaign.Outcome) happens {
	return func(t testing.TB, s *store.Store, a campaign.Assignment) {
		t.Helper()
		started(t, s, a)
		concluded(o)(t, s, a)
	}
}

// planAfter has two leads of a person, who may be called twice a week, in two hands, and looks at the plan of the one that
// was called in vain.
func planAfter(t *testing.T, url string, other, after happens, week bool) {
	t.Helper()
	ctx := t.Context()
	s, err := openHammer(ctx, url, new(clock))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rules := campaign.DefaultRules()
	rules.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Close: 24 * 60}}
	rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 2, Period: 7 * 24 * time.Hour}}
	var in [2]campaign.Assignment
	for i := range in {
		c := get(s.CreateCampaign(ctx, campaign.Campaign{Name: fmt.Sprint("twin-", i), Zone: "UTC", Region: "US", Rules: rules, Floor: campaign.DefaultFloor()}))(t)
		get(s.StartCampaign(ctx, c.ID))(t)
		u := get(s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "h.csv"}, fmt.Sprint("twin-", i)))(t)
		get(s.AppendPiece(ctx, u.ID, 0, []byte("x")))(t)
		u = get(s.CommitUpload(ctx, u.ID, nil, 1))(t)
		drafts := []campaign.Draft{{Line: 2, Zones: []string{"UTC"}, Numbers: []campaign.Number{{Phone: "+12025550147"}}}}
		get(s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: 1}))(t)
		get(s.FinishImport(ctx, u.ID))(t)
		lead := get(s.FindLeads(ctx, campaign.LeadFilter{List: u.ListID, Limit: 1}))(t)[0].ID
		a := get(s.CreateAgent(ctx, campaign.Agent{Login: fmt.Sprint("twin-", i), Active: true}))(t)
		if err := new(hammered).again(ctx, s, a.ID, errSignIn); err != nil {
			t.Fatal(err)
		}
		got := get(s.ClaimLeads(ctx, []campaign.Claim{{Agent: a.ID, Candidates: []campaign.LeadID{lead}}}))(t)[0]
		if got.Assignment == nil {
			t.Fatalf("claimed %+v", got)
		}
		in[i] = *got.Assignment
	}
	other(t, s, in[0])
	calledFor(campaign.NoAnswer)(t, s, in[1])
	after(t, s, in[0])
	l := get(s.Lead(ctx, in[1].LeadID))(t)
	if wait := l.Plan.At.Sub(s.Now()); (wait > 24*time.Hour) != week || l.Plan.Verdict != campaign.VerdictCall {
		t.Errorf("the lead is planned for %v (%s, %s, in %v), after a week: want %v", l.Plan.At, l.Plan.Verdict, l.Plan.Reason, wait.Round(time.Minute), week)
	}
}
