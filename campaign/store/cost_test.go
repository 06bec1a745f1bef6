package store

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

// What nobody asks for costs no statement: SQLite's writer knows every statement that ever ran.
func TestCallsReadUsesCalendarsAndConsentsOnlyWhereTheRulesAskForThem(t *testing.T) {
	asked := map[string]string{"uses": "FROM subject_uses s WHERE", "calendars": "FROM calendars", "consents": "FROM consents"}
	hour := campaign.Cap{Scope: campaign.CapNumber, Max: 3, Period: time.Hour}
	for name, c := range map[string]struct {
		change func(*campaign.Rules)
		want   string
	}{
		"plain":    {func(*campaign.Rules) {}, ""},
		"own caps": {func(r *campaign.Rules) { r.Caps = []campaign.Cap{{Scope: campaign.CapLead, Max: 3, Period: time.Hour}} }, ""},
		"a cap":    {func(r *campaign.Rules) { r.Caps = []campaign.Cap{hour} }, "uses"},
		"a cool-off": {func(r *campaign.Rules) {
			r.CoolOffs = []campaign.CoolOff{{After: campaign.AfterRefused, Scope: campaign.CapPerson, Days: 3}}
		}, "uses"},
		"a calendar": {func(r *campaign.Rules) { r.Calendars = []string{"cn"} }, "calendars"},
		"a pack":     {func(r *campaign.Rules) { r.Packs = []string{"us"} }, "consents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBench(t, "sqlite://"+filepath.Join(t.TempDir(), "r.db"))
			must[campaign.Calendar](t)(b.PutCalendar(t.Context(), campaign.Calendar{Name: "cn"}))
			b.writes.forget()
			b.wholeCall(t, c.change)
			for what, text := range asked {
				ran := b.writes.knows(text)
				if want := what == c.want; ran != want {
					t.Errorf("%s are read: %v, want %v", what, ran, want)
				}
			}
		})
	}
}

func (p *prepared) knows(text string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for q := range p.ready {
		if strings.Contains(q, text) {
			return true
		}
	}
	return false
}

func (p *prepared) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for q, st := range p.ready {
		st.Close()
		delete(p.ready, q)
	}
}

// wholeCall claims a lead, calls it and records what came of it.
func (b *bench) wholeCall(t *testing.T, change func(*campaign.Rules)) {
	t.Helper()
	ctx := t.Context()
	c := campaign.Campaign{Name: "one", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
	change(&c.Rules)
	c = must[campaign.Campaign](t)(b.CreateCampaign(ctx, c))
	b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, 1))
	b.writes.forget()
	a := must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: "a"}))
	must[campaign.Session](t)(b.MoveSession(ctx, a.ID, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Since = campaign.AgentReady, now
		return s, nil
	}))
	leads := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{}))
	got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{{Agent: a.ID, Candidates: []campaign.LeadID{leads[0].ID}}}))
	if got[0].Assignment == nil {
		t.Fatalf("claimed %+v", got[0])
	}
	if _, err := b.StartCall(ctx, got[0].Assignment.ID, a.ID); err != nil {
		t.Fatal(err)
	}
	must[campaign.Recorded](t)(b.Conclude(ctx, campaign.Result{Assignment: got[0].Assignment.ID, Agent: a.ID, Outcome: campaign.NoAnswer}))
}
