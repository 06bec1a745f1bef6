package simulate

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"redial/campaign"
)

func TestAnEmptyScenarioIsOne(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "{}", `{"about":"nothing"}`} {
		s, err := Read([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if s.Days != 7 || s.Lists[0].Made.Count != defaultLeads || s.Teams[0].Count != 10 || s.End().Sub(s.Start).Hours() != 168 {
			t.Errorf("%q: %+v", raw, s)
		}
	}
}

func TestWhatIsWrongWithAScenarioIsNamed(t *testing.T) {
	t.Parallel()
	for raw, field := range map[string]string{
		`[`:                            "scenario",
		`{"dys":3}`:                    "dys",
		`{"days":0}`:                   "days",
		`{"days":401}`:                 "days",
		`{"start":"monday"}`:           "start",
		`{"zone":"Europe/Atlantis"}`:   "zone",
		`{"campaigns":[{"rules":{}}]}`: "campaigns[0].name",
		`{"campaigns":[{"name":"a","rules":{"interval":"-1h"}}]}`:                                              "campaigns[0].rules.interval",
		`{"campaigns":[{"name":"a"},{"name":"a"}]}`:                                                            "campaigns[1].name",
		`{"campaigns":[{"name":"a","rules":{"calendars":["x"]}}]}`:                                             "campaigns[0].rules.calendars",
		`{"campaigns":[{"name":"a","floor":{"fresh_share":2}}]}`:                                               "campaigns[0].floor.fresh_share",
		`{"lists":[{"name":"a"}]}`:                                                                             "lists[0]",
		`{"lists":[{"campaign":"b","synthetic":{}}]}`:                                                          "lists[0].campaign",
		`{"lists":[{"synthetic":{"count":0}}]}`:                                                                "lists[0].synthetic.count",
		`{"lists":[{"synthetic":{"count":2000000}},{"synthetic":{}}]}`:                                         "lists",
		`{"lists":[{"synthetic":{"sites":[{"zones":["Mars"]}]}}]}`:                                             "lists[0].synthetic.sites[0].zones[0]",
		`{"lists":[{"hours":[{"days":["mon"],"open":"9","close":"10:00"}],"synthetic":{}}]}`:                   "lists[0].hours[0].open",
		`{"lists":[{"leads":[{"numbers":["+1"],"tries":[{"placed_at":"x","outcome":"BUSY"}]}]}]}`:              "lists[0].leads[0].tries[0].placed_at",
		`{"lists":[{"leads":[{"numbers":["+1"],"tries":[{"placed_at":"2026-01-01T00:00:00Z"}]}]}]}`:            "lists[0].leads[0].tries[0]",
		`{"agents":[{"count":0}]}`:                                                                             "agents[0].count",
		`{"agents":[{"campaigns":{"b":1}}]}`:                                                                   "agents[0].campaigns.b",
		`{"agents":[{"shifts":[{"start":"25:00","end":"09:00"}]}]}`:                                            "agents[0].shifts[0].start",
		`{"agents":[{"shifts":[{"start":"09:00"}]}]}`:                                                          "agents[0].shifts[0].end",
		`{"agents":[{"shifts":[{"start":"09:00","end":"12:00","breaks":[{"start":"13:00","end":"14:00"}]}]}]}`: "agents[0].shifts[0].breaks[0]",
		`{"agents":[{"card":[1,2,3]}]}`:                                                                        "agents[0].card",
		`{"outcomes":{"ring_time":0}}`:                                                                         "outcomes.ring_time",
		`{"booking":{"share":1.5}}`:                                                                            "booking.share",
		`{"booking":{"ahead_hours":[1,0.5,2,3]}}`:                                                              "booking.ahead_hours",
	} {
		_, err := Read([]byte(raw))
		e, ok := err.(*campaign.Error) //nolint:errorlint // it is returned as it is
		if !ok || e.Kind != campaign.KindInvalid || len(e.Violations) == 0 || e.Violations[0].Field != field {
			t.Errorf("%s: %v, want a fault of %s", raw, err, field)
		}
	}
}

func TestAnUnknownLawPackIsRefused(t *testing.T) {
	t.Parallel()
	_, err := Run(t.Context(), scenario(t, `"campaigns":[{"name":"a","rules":{"packs":["atlantis"]}}]`), Options{})
	if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), "atlantis") {
		t.Errorf("%v, want an invalid pack", err)
	}
}

func TestTheExampleThatIsDeliveredIsOne(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../deploy/simulate-example.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{raw, Largest()} {
		if _, err := Read(text); err != nil {
			t.Error(err)
		}
	}
}

func TestOverridesChangeTheTextAlone(t *testing.T) {
	t.Parallel()
	const raw = `{"days":3,"lists":[{"synthetic":{}}],"agents":[{"name":"a","count":2},{"name":"b"},{"name":"c","count":1}]}`
	got, err := Overrides{Days: 9, Agents: 10, Seed: 4, OwnLeads: true}.Apply([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Read(got)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, team := range s.Teams {
		n += team.Count
	}
	if s.Days != 9 || s.Seed != 4 || n != 10 || s.Teams[0].Count != 5 || s.Lists[0].Made.Count != defaultLeads || len(s.Lists) != 1 {
		t.Errorf("%s: %d agents", got, n)
	}
	if same, err := (Overrides{}).Apply([]byte(raw)); err != nil || string(same) != raw {
		t.Errorf("%s, %v, want the text as it was", same, err)
	}
	if _, err := (Overrides{Days: 1}).Apply([]byte(`[1]`)); campaign.KindOf(err) != campaign.KindInvalid {
		t.Errorf("a list is taken for a scenario: %v", err)
	}
}

// A server's campaign is tried with its own leads, or with other rules on the same leads, or with other leads.
func TestAScenarioOverAServersCampaign(t *testing.T) {
	t.Parallel()
	own := func() *Own {
		c := &campaign.Campaign{ID: 7, Name: "spring", State: campaign.CampaignPaused, Zone: "UTC", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
		o := &Own{Campaign: c, Now: utc(t, "2026-03-02T08:30:00.5Z")}
		list := &campaign.List{ID: 3, CampaignID: 7, Name: "first", State: campaign.ListActive, On: true}
		off := &campaign.List{ID: 4, CampaignID: 7, Name: "off", State: campaign.ListActive}
		lead := func(id campaign.LeadID, in *campaign.List, state campaign.LeadState, number campaign.Phone) *campaign.Facts {
			return &campaign.Facts{Campaign: c, List: in, Lead: &campaign.Lead{
				ID: id, CampaignID: 7, ListID: in.ID, State: state, Zones: []string{"UTC"}, Numbers: []campaign.Number{{Phone: number}}, Owner: 99,
			}}
		}
		held := lead(10, list, campaign.LeadHeld, "+9991")
		held.Promise = &campaign.Appointment{LeadID: 10, Owner: 99, At: utc(t, "2026-03-02T10:00:00Z"), GraceEnd: utc(t, "2026-03-02T10:15:00Z")}
		if err := o.Add([]*campaign.Facts{held, lead(11, list, campaign.LeadWithdrawn, "+9992"), lead(12, off, campaign.LeadOpen, "+9993"), lead(13, list, campaign.LeadOpen, "+9994")}); err != nil {
			t.Fatal(err)
		}
		return o
	}
	common := `"days":1,"outcomes":` + far(0, "SUCCESS", "NO_ANSWER") + `,` + oneAllDay
	run := func(members string) (*Result, []string) {
		s, err := ReadOver([]byte("{"+common+members+"}"), own())
		if err != nil {
			t.Fatal(err)
		}
		return play(t, s, placed)
	}
	r, made := run("")
	// The withdrawn lead and the one of the list that is off are not called, and the promise is kept by whoever is there.
	same(t, "calls", made, []string{"13 02 09:00:04", "10 02 10:00:04", "13 02 13:00:08", "10 02 14:00:08", "13 02 17:00:12", "10 02 18:00:12"})
	if r.Scenario.Leads != 4 || r.Promises.Kept != 1 || text(t, r.Campaigns[0].Leads) != `[{"name":"open","count":3},{"name":"withdrawn","count":1}]` {
		t.Errorf("%s %s", text(t, r.Campaigns), text(t, r.Promises))
	}
	_, made = run(`,"campaigns":[{"name":"spring","rules":{"max_per_day":1}}]`)
	same(t, "calls under other rules", made, []string{"13 02 09:00:04", "10 02 10:00:04"})
	r, _ = run(`,"lists":[{"campaign":"spring","synthetic":{"count":5}}]`)
	if r.Scenario.Leads != 5 {
		t.Errorf("%d leads, want those of the text", r.Scenario.Leads)
	}
	if !BringsLists([]byte(`{"lists":[{}]}`)) || BringsLists([]byte(`{"days":1}`)) {
		t.Error("which texts bring lists is told wrongly")
	}
}

func TestTheResultReadsBackAsItself(t *testing.T) {
	t.Parallel()
	r, _ := play(t, scenario(t, `"days":1`, `"lists":[{"synthetic":{"count":50}}]`), placed)
	var back Result
	if err := json.Unmarshal([]byte(text(t, r)), &back); err != nil || text(t, back) != text(t, r) {
		t.Errorf("%v: %s", err, text(t, back))
	}
}
