package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

// ledger is a made-up history: enough of everything for parts to be wrong about.
type ledger struct {
	b         *bench
	r         *rand.Rand
	campaigns []campaign.Campaign
	lists     []campaign.Upload
	agents    []campaign.Agent
	from      time.Time // the first instant of it
}

const ledgerDays = 6

func newLedger(t *testing.T, b *bench, seed uint64) *ledger {
	g := &ledger{b: b, r: rand.New(rand.NewPCG(seed, 9)), from: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -ledgerDays)}
	for i := range 2 {
		c := b.campaign(t, fmt.Sprint("campaign ", i))
		g.campaigns = append(g.campaigns, c)
		for j := range 2 {
			g.lists = append(g.lists, b.loaded(t, c.ID, campaign.ImportOptions{ListName: fmt.Sprint("list ", i, j)}, drafts(i*1000+j*100, 30)))
		}
	}
	for i := range 3 {
		g.agents = append(g.agents, must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: fmt.Sprint("agent", i),
			Campaigns: []campaign.Membership{{CampaignID: g.campaigns[0].ID}, {CampaignID: g.campaigns[1].ID, Weight: 2}}})))
	}
	b.sql(t, `UPDATE leads SET created_at = $1 + id * 3600000000`, us(g.from))
	for i := range 120 {
		g.call(t, int64(i+1))
	}
	for _, a := range g.agents {
		g.shift(t, a)
	}
	return g
}

// call writes one attempt, perhaps amended, perhaps with a promise.
func (g *ledger) call(t *testing.T, id int64) {
	u := g.lists[g.r.IntN(len(g.lists))]
	lead := g.b.count(t, `SELECT id FROM leads WHERE list_id = $1 ORDER BY id LIMIT 1 OFFSET $2`, u.ListID, g.r.IntN(30))
	agent := g.agents[g.r.IntN(len(g.agents))].ID
	all := campaign.Outcomes()
	outcome := all[g.r.IntN(len(all))]
	placed := g.from.Add(time.Duration(g.r.IntN(ledgerDays*86400)) * time.Second)
	end := placed.Add(time.Duration(g.r.IntN(120e6)) * time.Microsecond)
	recorded := end.Add(time.Duration(g.r.IntN(60e6)) * time.Microsecond)
	g.b.sql(t, `INSERT INTO assignments (id, lead_id, campaign_id, list_id, agent_id, state, reason, number, subject_id, offered_at, lease_until,
		closed_at, rules_version, zones, plan) VALUES ($1, $2, $3, $4, $5, 'concluded', 'fresh', '+861', 1, $6, $6, $7, 1, '[]', '{}')`,
		id, lead, u.CampaignID, u.ListID, agent, us(placed), us(recorded))
	g.b.sql(t, `INSERT INTO attempts (assignment_id, placed_at, lead_id, campaign_id, list_id, agent_id, number, outcome, code, reason, offered_at,
		ended_at, recorded_at, rules_version, zones) VALUES ($1, $2, $3, $4, $5, $6, '+861', $7, $7, 'fresh', $2, $8, $9, 1, '[]')`,
		id, us(placed), lead, u.CampaignID, u.ListID, agent, outcome.String(), us(end), us(recorded))
	g.b.sql(t, `UPDATE leads SET last_placed = $2 WHERE id = $1`, lead, us(placed))
	for range g.r.IntN(3) {
		g.b.sql(t, `INSERT INTO amendments (assignment_id, placed_at, kind, outcome, code, ended_at, by_owner, at) VALUES ($1, $2, 'correction', $3, $3, $4, 'x', $2)`,
			id, us(placed), all[g.r.IntN(len(all))].String(), us(placed.Add(time.Duration(g.r.IntN(200))*time.Second)))
	}
	states := []string{"kept", "missed", "rescheduled", "cancelled"}
	if g.r.IntN(3) == 0 {
		g.b.sql(t, `INSERT INTO appointments (lead_id, campaign_id, local, zone, at, grace_end, state, reason, booked_by, created_at, closed_at)
			VALUES ($1, $2, 'x', 'UTC', 1, 2, $3, 'test', $4, $5, 9)`, lead, u.CampaignID, states[g.r.IntN(4)], id*int64(g.r.IntN(2)), us(recorded))
	}
}

// shift is an agent's whole time, signed in over every midnight and still at it.
func (g *ledger) shift(t *testing.T, a campaign.Agent) {
	at := g.from.Add(time.Duration(g.r.IntN(86400)) * time.Second)
	state, since := campaign.AgentReady, at
	for at.Before(time.Now().Add(-6 * time.Hour)) {
		at = at.Add(time.Duration(g.r.Int64N(int64(5 * time.Hour))))
		next := campaign.AgentStates[1+g.r.IntN(len(campaign.AgentStates)-1)]
		var c campaign.CampaignID
		var call int64
		if g.r.IntN(2) == 0 {
			call = int64(1 + g.r.IntN(120))
			c = campaign.CampaignID(g.b.count(t, `SELECT campaign_id FROM assignments WHERE id = $1`, call))
		}
		g.b.sql(t, `INSERT INTO agent_states (agent_id, at, from_state, to_state, campaign_id, assignment_id, spent_us) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			a.ID, us(at), string(state), string(next), c, call, us(at)-us(since))
		state, since = next, at
	}
	g.b.sql(t, `INSERT INTO sessions (agent_id, state, since) VALUES ($1, $2, $3)`, a.ID, string(state), us(since))
}

func TestI9ThePartsOfAReportSumToTheWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		seed := rand.Uint64()
		g := newLedger(t, b, seed)
		first, last := campaign.DateOf(g.from.AddDate(0, 0, 1)), campaign.DateOf(g.from.AddDate(0, 0, 3))
		now := b.Now()
		b.clock.freeze(now) // nobody's time runs on between two reports of the test
		for _, zone := range []string{"UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu"} {
			for _, q := range []campaign.ReportQuery{{}, {Campaign: g.campaigns[0].ID}, {List: g.lists[1].ListID}, {Agent: g.agents[0].ID},
				{From: first, To: last}, {From: first, Campaign: g.campaigns[1].ID}} {
				var totals []campaign.Report
				for _, kind := range campaign.ReportKinds {
					q.Kind, q.Zone = kind, zone
					rep := must[campaign.Report](t)(b.Report(t.Context(), q))
					checkSum(t, seed, rep)
					totals = append(totals, rep)
				}
				for _, rep := range totals[1:] {
					for i, f := range rep.Total.Figures {
						if w := totals[0].Total.Figures[i]; near(f.Numerator, w.Numerator) != nil || f.Value != w.Value {
							t.Errorf("seed %d: %s of %+v is %v, of kind %s %v", seed, f.Name, rep.Query, f, totals[0].Query.Kind, w)
						}
					}
				}
			}
		}
	})
}

func near(a, b float64) error {
	if d := a - b; d > 1e-3 || d < -1e-3 {
		return fmt.Errorf("%v is not %v", a, b)
	}
	return nil
}

func checkSum(t *testing.T, seed uint64, rep campaign.Report) {
	t.Helper()
	var whole campaign.Counts
	for i := range rep.Rows {
		whole.Add(&rep.Rows[i].Counts)
	}
	for i, f := range whole.Figures() {
		w := rep.Total.Figures[i]
		if near(f.Numerator, w.Numerator) != nil || near(f.Denominator, w.Denominator) != nil || f.Value != w.Value && near(f.Value, w.Value) != nil {
			t.Errorf("seed %d: %s of %+v: the rows make %+v, the total is %+v", seed, f.Name, rep.Query, f, w)
		}
	}
	if rep.Total.Counts.Attempts == 0 {
		t.Errorf("seed %d: %+v is about nothing", seed, rep.Query)
	}
}

func TestI9AReportIsWhatTheLedgerSays(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		g := newLedger(t, b, 7)
		rep := must[campaign.Report](t)(b.Report(t.Context(), campaign.ReportQuery{Kind: campaign.ReportDay}))
		c := rep.Total.Counts
		last := `SELECT count(*) FROM attempts t WHERE COALESCE((SELECT m.outcome FROM amendments m WHERE m.assignment_id = t.assignment_id ORDER BY m.id DESC LIMIT 1), t.outcome) = $1`
		for _, o := range campaign.Outcomes() {
			if want := b.count(t, last, o.String()); c.Outcomes[o] != want {
				t.Errorf("%d attempts are %v, the ledger has %d", c.Outcomes[o], o, want)
			}
		}
		if c.Leads != 120 || c.Tried != b.count(t, `SELECT count(*) FROM leads WHERE last_placed > 0`) || c.Attempts != 120 {
			t.Errorf("%d leads, %d tried, %d attempts", c.Leads, c.Tried, c.Attempts)
		}
		if c.Promises() != b.count(t, `SELECT count(*) FROM appointments`) {
			t.Errorf("%d promises", c.Promises())
		}
		signed := b.count(t, `SELECT CAST(sum(spent_us) AS BIGINT) FROM agent_states`) + b.count(t, `SELECT CAST(sum($1 - since) AS BIGINT) FROM sessions`, us(rep.At))
		if near(c.SignedIn().Seconds(), float64(signed)/1e6) != nil {
			t.Errorf("signed in for %v, the ledger has %v s", c.SignedIn(), float64(signed)/1e6)
		}
		for _, row := range rep.Rows {
			if s := row.Counts.SignedIn(); s > 3*24*time.Hour {
				t.Errorf("three agents were signed in for %v on %s", s, row.Key)
			}
		}
		bad := must[[]campaign.BadNumber](t)(b.BadData(t.Context(), campaign.BadDataQuery{Campaign: g.campaigns[0].ID}))
		one := must[campaign.Report](t)(b.Report(t.Context(), campaign.ReportQuery{Kind: campaign.ReportCampaign, Campaign: g.campaigns[0].ID}))
		if n := one.Total.Counts.BadData(); int64(len(bad)) != n || n == 0 {
			t.Errorf("%d bad numbers listed, %d reported", len(bad), n)
		}
		var paged int
		for q := (campaign.BadDataQuery{Campaign: g.campaigns[0].ID, Limit: 3}); ; {
			page := must[[]campaign.BadNumber](t)(b.BadData(t.Context(), q))
			if len(page) == 0 {
				break
			}
			paged += len(page)
			q.AfterAt, q.After = page[len(page)-1].PlacedAt, page[len(page)-1].Attempt
		}
		if paged != len(bad) {
			t.Errorf("%d bad numbers by pages, %d at once", paged, len(bad))
		}
	})
}

func TestADayOfAReportEndsAtMidnightInItsZone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		a := must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: "a"}))
		// From 23:30 on the 7th to 4:00 on the 8th of March in New York: 3.5 hours, for the clock goes forward at 2.
		since, until := time.Date(2026, 3, 8, 4, 30, 0, 0, time.UTC), time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC)
		b.sql(t, `INSERT INTO agent_states (agent_id, at, from_state, to_state, spent_us) VALUES ($1, $2, 'ready', 'signed_out', $3)`, a.ID, us(until), us(until)-us(since))
		q := campaign.ReportQuery{Kind: campaign.ReportDay, Zone: "America/New_York", From: campaign.Date{Year: 2026, Month: 3, Day: 7}, To: campaign.Date{Year: 2026, Month: 3, Day: 9}}
		rep := must[campaign.Report](t)(b.Report(t.Context(), q))
		var got []string
		for _, row := range rep.Rows {
			got = append(got, row.Key+" "+row.Counts.States[campaign.AgentReady].String())
		}
		want := "2026-03-07 30m0s, 2026-03-08 3h0m0s, 2026-03-09 0s"
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
		q.From = campaign.Date{Year: 2026, Month: 3, Day: 8}
		if rep := must[campaign.Report](t)(b.Report(t.Context(), q)); rep.Total.Counts.SignedIn() != 3*time.Hour {
			t.Errorf("from the 8th on: %v", rep.Total.Counts.SignedIn())
		}
	})
}

func TestI12AReportNamesWhatIsWrongWithItsQuery(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		_, err := b.Report(t.Context(), campaign.ReportQuery{Kind: "moon", Zone: "Local", From: campaign.Date{Year: 2026, Month: 3, Day: 8}, To: campaign.Date{Year: 2026, Month: 3, Day: 7}})
		if e := wantKind(t, err, campaign.KindInvalid, ""); len(e.Violations) != 3 {
			t.Errorf("violations %+v", e.Violations)
		}
		_, err = b.Report(t.Context(), campaign.ReportQuery{Kind: campaign.ReportDay, Campaign: 99})
		wantKind(t, err, campaign.KindNotFound, "")
	})
}

func TestEachDayOfAReportIsThatDaysReport(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		seed := rand.Uint64()
		newLedger(t, b, seed)
		b.sql(t, `UPDATE attempts SET placed_at = placed_at / 3600000000 * 3600000000 + placed_at % 1200000000`) // around the quarters of hours
		now := b.Now()
		b.clock.freeze(now)
		const zone = "Asia/Kathmandu" // 5:45 ahead
		days := must[campaign.Report](t)(b.Report(t.Context(), campaign.ReportQuery{Kind: campaign.ReportDay, Zone: zone}))
		for _, row := range days.Rows {
			d, err := campaign.ParseDate(row.Key)
			if err != nil {
				t.Fatal(err)
			}
			one := must[campaign.Report](t)(b.Report(t.Context(), campaign.ReportQuery{Kind: campaign.ReportCampaign, Zone: zone, From: d, To: d}))
			for i, f := range one.Total.Figures {
				if near(f.Numerator, row.Figures[i].Numerator) != nil {
					t.Errorf("seed %d: %s of %s is %v in the row, %v in the day's own report", seed, f.Name, row.Key, row.Figures[i].Numerator, f.Numerator)
				}
			}
		}
	})
}
