package store

import (
	"fmt"
	"testing"
	"time"

	"redial/campaign"
)

// Two agents hold leads with the same number where calls to a person are counted: the second start is judged when the first
// is written, and starts on other numbers go along with the first.
func TestStartsOnOneNumberAreJudgedOneAfterTheOther(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		rules := campaign.DefaultRules()
		rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 9, Period: 24 * time.Hour}}
		var asked []*deed
		for i, first := range []int{0, 0, 7} {
			c := must[campaign.Campaign](t)(b.CreateCampaign(ctx, campaign.Campaign{Name: fmt.Sprint("twin-", i), Zone: "Asia/Shanghai", Region: "CN",
				Rules: rules, Floor: campaign.DefaultFloor()}))
			b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(first, 1))
			lead := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{Campaign: c.ID, Limit: 1}))[0].ID
			agent := must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: fmt.Sprint("twin-", i)})).ID
			must[campaign.Session](t)(b.MoveSession(ctx, agent, toReady))
			got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{{Agent: agent, Candidates: []campaign.LeadID{lead}}}))[0]
			if got.Assignment == nil {
				t.Fatalf("claimed %+v", got)
			}
			asked = append(asked, &deed{what: "start a call", agent: agent, assignment: got.Assignment.ID, do: func(k *work) (result[any], error) {
				return k.startApart(got.Assignment.ID, agent)
			}})
		}
		got := must[[]result[any]](t)(b.commitDeeds(ctx, asked))
		for i, later := range []bool{false, true, false} {
			if got[i].err != nil || got[i].again != later {
				t.Errorf("start %d: %+v, want it put off: %v", i, got[i], later)
			}
		}
		if got := must[[]result[any]](t)(b.commitDeeds(ctx, asked[1:2])); got[0].err != nil || got[0].again {
			t.Errorf("the second start, later: %+v", got[0])
		}
		soundly(t, b)
	})
}
