package store

import (
	"fmt"
	"testing"
	"time"

	"redial/campaign"
)

// What the rules of a campaign ask for is there whatever was asked for last, be it read together with the locks or apart.
func TestI3WhatRulesAskForIsReadWhateverTheLastOnesAskedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		must[campaign.Calendar](t)(b.PutCalendar(ctx, campaign.Calendar{Name: "cn"}))
		const leads = 3
		of := make(map[string][]campaign.Lead)
		for name, change := range map[string]func(*campaign.Rules){
			"plain": func(*campaign.Rules) {},
			"strict": func(r *campaign.Rules) {
				r.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 9, Period: time.Hour}}
				r.Calendars, r.Packs = []string{"cn"}, []string{"us"}
			},
		} {
			c := campaign.Campaign{Name: name, Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
			change(&c.Rules)
			c = must[campaign.Campaign](t)(b.CreateCampaign(ctx, c))
			b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, leads)) // the same numbers in both
			of[name] = must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{Campaign: c.ID, Limit: leads}))
		}
		agent := must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: "ann"}))
		call := func(name string, i int) *campaign.Facts {
			t.Helper()
			b.now.Add(int64(time.Second)) // calls of one second, the one of making the lead too, cannot be told apart
			must[campaign.Session](t)(b.MoveSession(ctx, agent.ID, func(s campaign.Session, now time.Time) (campaign.Session, error) {
				s.State, s.Since = campaign.AgentReady, now
				return s, nil
			}))
			got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{{Agent: agent.ID, Candidates: []campaign.LeadID{of[name][i].ID}}}))[0]
			if got.Assignment == nil {
				t.Fatalf("claimed %+v", got)
			}
			must[campaign.Started](t)(b.StartCall(ctx, got.Assignment.ID, agent.ID))
			must[campaign.Recorded](t)(b.Conclude(ctx, campaign.Result{Assignment: got.Assignment.ID, Agent: agent.ID, Outcome: campaign.NoAnswer}))
			return got.Facts
		}
		for i := range leads {
			given := campaign.Consent{LeadID: of["strict"][i].ID, Scopes: []campaign.ConsentScope{campaign.ConsentContact}, GivenAt: b.Now().Add(-time.Hour), Source: "web", Proof: fmt.Sprint("form ", i)}
			if _, _, err := b.RecordConsent(ctx, given); err != nil {
				t.Fatal(err)
			}
		}
		for _, order := range [][]string{{"plain", "strict"}, {"plain", "plain", "strict", "strict"}} {
			for i := range leads {
				for _, name := range order {
					f := call(name, i)
					if name == "plain" {
						if len(f.Uses)+len(f.Calendars)+len(f.Consents) > 0 {
							t.Errorf("lead %d of the plain one is told of %d calls, %d calendars, %d consents", i, len(f.Uses), len(f.Calendars), len(f.Consents))
						}
						continue
					}
					if len(f.Uses) == 0 || f.Uses[0].Campaign != of["plain"][i].CampaignID || len(f.Calendars) != 1 || len(f.Consents) != 1 {
						t.Errorf("lead %d: %d calls to its number, %d calendars, %d consents", i, len(f.Uses), len(f.Calendars), len(f.Consents))
					}
				}
			}
		}
	})
}
