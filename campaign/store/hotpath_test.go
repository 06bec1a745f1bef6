package store

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// manyLeads is how many a record has whose plans are looked at: so many that the planner believes in indexes by itself.
const manyLeads = 1_000_000

// large are the tables that grow with leads and calls: on the hot path none is read from end to end.
var large = []string{"leads", "subjects", "lead_numbers", "subject_uses", "assignments", "attempts", "agent_states", "events", "appointments", "suppressions", "scoped_suppressions"}

// TestTheHotPathUsesIndexes listens to every statement of calls, sweeps and looks ahead over a million leads, and asks the
// database how it answers each: no large table is read from end to end, whether the plan is made for these arguments or for any.
func TestTheHotPathUsesIndexes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute: not with -short")
	}
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		b := openBenchWith(t, "sqlite://"+filepath.Join(t.TempDir(), "r.db"), nil)
		b.crowd(t)
		b.writes.forget()
		b.reads.forget()
		b.hotPath(t)
		for _, q := range slices.Sorted(maps.Keys(b.said())) {
			plan := b.explained(t, q, make([]any, parameters(q))...)
			if bad := scansOf(plan, regexp.MustCompile(`SCAN (\w+)( USING .*)?`), b.named(q)); bad != "" {
				t.Errorf("%s is read from end to end by\n%s\n%s", bad, q, plan)
			}
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		heard := &listener{of: make(map[string][]any)}
		b := openBenchWith(t, testserver.Postgres(t), func(c *pgxpool.Config) { c.ConnConfig.Tracer = heard })
		b.crowd(t)
		heard.forget()
		b.hotPath(t)
		for _, q := range slices.Sorted(maps.Keys(heard.of)) {
			for kind, plan := range b.plans(t, q, heard.of[q]) {
				if bad := scansOf(plan, regexp.MustCompile(`Seq Scan on (\w+)[^(\n]*\(cost=[\d.]+\.\.([\d.]+)`), nil); bad != "" {
					t.Errorf("%s is read from end to end by the %s plan of\n%s\n%s", bad, kind, q, plan)
				}
				if bad := walkOf(plan); bad != "" {
					t.Errorf("%s is walked from end to end by the %s plan of\n%s\n%s", bad, kind, q, plan)
				}
			}
		}
		for _, table := range slices.Concat(large, []string{"consents", "calendars", "amendments", "sessions"}) {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(heard.of)), func(q string) bool { return strings.Contains(q, " "+table+" ") }) {
				t.Errorf("no statement on %s was heard: the hot path of this test is not the product's", table)
			}
		}
	})
}

// walkOf is an index that a plan of PostgreSQL walks from one end to the other: it names no place to begin at, and nothing
// above it stops after so many rows. Empty: none.
func walkOf(plan string) string {
	lines := strings.Split(plan, "\n")
	depth := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	for i, line := range lines {
		m := regexp.MustCompile(`Index (?:Only )?Scan (?:Backward )?using (\w+) on|Bitmap Index Scan on (\w+)`).FindStringSubmatch(line)
		if m == nil || i+1 < len(lines) && strings.Contains(lines[i+1], "Index Cond:") {
			continue
		}
		stopped, at := false, depth(line)
		for j := i - 1; j >= 0; j-- {
			if d := depth(lines[j]); d < at && (strings.Contains(lines[j], "->") || j == 0) {
				at = d
				stopped = stopped || strings.Contains(lines[j], "Limit")
			}
		}
		if !stopped {
			return m[1] + m[2]
		}
	}
	return ""
}

// scansOf is the large table that a plan reads from end to end; empty: none.
func scansOf(plan string, scan *regexp.Regexp, named map[string]string) string {
	for _, m := range scan.FindAllStringSubmatch(plan, -1) {
		table := m[1]
		if strings.Contains(m[2], "subject_uses_untold") || strings.Contains(m[2], "subject_uses_alone") {
			continue // they hold calls under way and nothing else
		}
		if m[2] == "0.00" {
			continue // a month that is empty
		}
		if of, ok := named[table]; ok {
			table = of
		}
		for _, l := range large {
			if table == l || strings.HasPrefix(table, l+"_2") { // a month of it
				return table
			}
		}
	}
	return ""
}

// named are the tables behind the aliases of a query.
func (b *bench) named(query string) map[string]string {
	out := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)(?:\s+AS)?\s+(\w+)`).FindAllStringSubmatch(query, -1) {
		out[m[2]] = m[1]
	}
	return out
}

func parameters(query string) int {
	most := 0
	for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(query, -1) {
		n := 0
		fmt.Sscan(m[1], &n)
		most = max(most, n)
	}
	return most
}

// said are the statements that SQLite was given.
func (b *bench) said() map[string]bool {
	out := make(map[string]bool)
	for _, p := range []*prepared{b.writes, b.reads} {
		p.mu.RLock()
		for q := range p.ready {
			out[q] = true
		}
		p.mu.RUnlock()
	}
	return out
}

// listener hears the statements that go to PostgreSQL, with their arguments.
type listener struct {
	mu sync.Mutex
	of map[string][]any
}

func (l *listener) note(query string, args []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch verb, _, _ := strings.Cut(strings.TrimSpace(strings.ToUpper(query)), " "); verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		for len(args) > 0 {
			if _, ours := args[0].(pgx.QueryResultFormatsByOID); !ours { // database/sql's
				break
			}
			args = args[1:]
		}
		l.of[query] = args
	}
}

func (l *listener) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.of)
}

// TraceQueryStart implements pgx.QueryTracer.
func (l *listener) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	l.note(d.SQL, d.Args)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (l *listener) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (l *listener) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	for _, q := range d.Batch.QueuedQueries {
		l.note(q.SQL, q.Arguments)
	}
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (l *listener) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (l *listener) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// plans are how PostgreSQL answers a statement with these arguments, and with any: a statement that is prepared gets the
// latter once it has run a few times.
func (b *bench) plans(t *testing.T, query string, args []any) map[string]string {
	t.Helper()
	out := map[string]string{"own": b.explained(t, query, args...)}
	values := make([]string, len(args))
	for i, a := range args {
		values[i] = "'" + strings.ReplaceAll(fmt.Sprint(a), "'", "''") + "'"
	}
	call := "EXECUTE hot"
	if len(values) > 0 {
		call += "(" + strings.Join(values, ", ") + ")"
	}
	err := b.read(t.Context(), "explain", func(x *tx) error {
		for _, q := range []string{`SET LOCAL plan_cache_mode = force_generic_plan`, `PREPARE hot AS ` + query} {
			if _, err := x.conn.ExecContext(x.ctx, q); err != nil {
				return err
			}
		}
		var plan strings.Builder
		rows, err := x.conn.QueryContext(x.ctx, `EXPLAIN `+call)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			plan.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			return err
		}
		out["generic"] = plan.String()
		_, err = x.conn.ExecContext(x.ctx, `DEALLOCATE hot`)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

func openBenchWith(t testing.TB, url string, tune func(*pgxpool.Config)) *bench {
	t.Helper()
	b := new(bench)
	s, err := Open(t.Context(), url, Options{Now: func() time.Time { return time.Now().Add(time.Duration(b.now.Load())) },
		Rules: Rules{Decide: plainDecide, Judge: plainJudge, Step: plainStep, Book: plainBook}, tune: tune})
	if err != nil {
		t.Fatal(err)
	}
	b.Store = s
	t.Cleanup(func() { s.Close() })
	return b
}

func plainBook(f *campaign.Facts, _ campaign.Booking) (at, grace time.Time, err error) {
	return f.Now.Add(time.Hour), f.Now.Add(2 * time.Hour), nil
}

// crowd fills the record: a million leads in twenty groups, half of them tried, with the calls of a month behind them.
func (b *bench) crowd(t *testing.T) {
	t.Helper()
	c := b.limited(t)
	for i := range 20 {
		b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(i, 1)) // a list and its group
	}
	must[campaign.Campaign](t)(b.StartCampaign(t.Context(), c.ID))
	for i := range 300 {
		must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: fmt.Sprint("agent", i), Campaigns: []campaign.Membership{{CampaignID: c.ID, Weight: 1}}}))
	}
	now := us(b.Now())
	n := fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) `, manyLeads)
	if b.Engine() == "postgres" {
		n = fmt.Sprintf(`WITH n(i) AS (SELECT generate_series(1::bigint, %d)) `, manyLeads)
	}
	for _, q := range []string{
		`INSERT INTO subjects (id, kind, key) ` + n + `SELECT 1000 + i, 'number', '+8613' || (900000000 + i) FROM n`,
		`INSERT INTO leads (id, campaign_id, list_id, group_id, state, numbers, first_subject, dial_subject, verdict, at, number, reason, earliest,
			decided_at, rules_version, last_placed, created_at, updated_at) ` + n + fmt.Sprintf(`SELECT 1000 + i, 1, 1 + i %% 20, 1 + i %% 20, 'open',
			'[{"phone":"+8613' || (900000000 + i) || '"}]', 1000 + i, 1000 + i, 'call', %[1]d - i, '+8613' || (900000000 + i), 'due', %[1]d + (i %% 2) * (i - 500000) * 40000,
			%[1]d - 86400000000, 1, (i %% 2) * (%[1]d - 86400000000), %[1]d, %[1]d FROM n`, now),
		`INSERT INTO lead_numbers (subject_id, lead_id) ` + n + `SELECT 1000 + i, 1000 + i FROM n`,
		`INSERT INTO assignments (id, lead_id, campaign_id, list_id, agent_id, state, reason, number, subject_id, offered_at, lease_until, started_at,
			placed_at, ended_at, closed_at, rules_version, zones, plan, subjects) ` + n + fmt.Sprintf(`SELECT 1000 + i, 1000 + i, 1, 1 + i %% 20, 1 + i %% 300, 'concluded', 'due',
			'+8613' || (900000000 + i), 1000 + i, %[1]d, %[1]d, %[1]d, %[1]d, %[1]d, %[1]d - i, 1, '[]', '{}', '[' || (1000 + i) || ']' FROM n WHERE i %% 4 = 0`, now-86400000000),
		`INSERT INTO attempts (assignment_id, placed_at, lead_id, campaign_id, list_id, agent_id, number, outcome, code, reason, offered_at, ended_at, recorded_at,
			rules_version, zones) ` + n + fmt.Sprintf(`SELECT 1000 + i, %[1]d - i * 1000000, 1000 + i, 1, 1 + i %% 20, 1 + i %% 300, '+8613' || (900000000 + i), 'NO_ANSWER', 'NO_ANSWER',
			'due', %[1]d, %[1]d, %[1]d, 1, '[]' FROM n WHERE i %% 4 = 0`, now-86400000000),
		`INSERT INTO subject_uses (subject_id, assignment_id, campaign_id, lead_id, placed_at, placed, outcome, phone) ` + n + fmt.Sprintf(`SELECT 1000 + i, 1000 + i, 1,
			1000 + i, %d, TRUE, 'NO_ANSWER', '+8613' || (900000000 + i) FROM n WHERE i %% 4 = 0`, now-86400000000),
		`INSERT INTO agent_states (agent_id, at, from_state, to_state) ` + n + fmt.Sprintf(`SELECT 1 + i %% 300, %d - i, 'ready', 'offered' FROM n WHERE i %% 4 = 0`, now-86400000000),
		`INSERT INTO events (seq, id, type, at, campaign_id, list_id, lead_id, agent_id, data) ` + n + fmt.Sprintf(`SELECT i, i, 'attempt', %d, 1, 1, 1000 + i, 1, '{}' FROM n
			WHERE i %% 4 = 0`, now-86400000000),
		`INSERT INTO appointments (id, lead_id, campaign_id, owner_id, local, zone, at, grace_end, state, reason, created_at, closed_at) ` + n + fmt.Sprintf(`SELECT 1000 + i, 1000 + i, 1,
			1 + (i / 200) %% 300, '2026-10-01T10:00', 'Asia/Shanghai', %[1]d, %[1]d, CASE WHEN i %% 200 = 0 THEN 'open' ELSE 'kept' END, 'called', %[1]d,
			CASE WHEN i %% 200 = 0 THEN 0 ELSE %[1]d END FROM n WHERE i %% 20 = 0`, now+3600000000),
		`INSERT INTO suppressions (subject_id, reason, created_at) ` + n + `SELECT 1000 + i, 'do_not_call', 1 FROM n WHERE i % 50 = 7`,
		`INSERT INTO scoped_suppressions (subject_id, country, reason, created_at) ` + n + `SELECT 1000 + i, 'ZZ', 'register', 1 FROM n WHERE i % 50 = 9`,
		`ANALYZE`,
	} {
		b.sql(t, q)
	}
	if b.Engine() == "postgres" { // past what was inserted by number
		b.sql(t, `SELECT setval(pg_get_serial_sequence(x, 'id'), 2000000) FROM unnest(ARRAY['subjects', 'leads', 'assignments', 'appointments']) AS x`)
	}
}

// limited is a campaign with every kind of limit, so that all is read which limits need.
func (b *bench) limited(t *testing.T) campaign.Campaign {
	t.Helper()
	must[campaign.Calendar](t)(b.PutCalendar(t.Context(), campaign.Calendar{Name: "works", Days: []campaign.Day{{Date: campaign.Date{Year: 2020, Month: 1, Day: 1}}}}))
	r := campaign.DefaultRules()
	r.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 50, Days: 7}, {Scope: campaign.CapPerson, Max: 50, Period: 24 * time.Hour},
		{Scope: campaign.CapCompany, Max: 50, Days: 1}, {Scope: campaign.CapMatter, Count: campaign.CountConversations, Max: 7, Days: 7}}
	r.CoolOffs = []campaign.CoolOff{{After: campaign.AfterConversation, Scope: campaign.CapPerson, Days: 7}}
	r.Calendars, r.Packs = []string{"works"}, []string{"us"}
	return must[campaign.Campaign](t)(b.CreateCampaign(t.Context(), campaign.Campaign{Name: "one", Zone: "Asia/Shanghai", Region: "CN", Rules: r, Floor: campaign.DefaultFloor()}))
}

// hotPath does what an office does all day.
func (b *bench) hotPath(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	c := must[campaign.Campaign](t)(b.Campaign(ctx, 1))
	outcomes := []campaign.Result{{Outcome: campaign.NoAnswer}, {Outcome: campaign.Success}, {Outcome: campaign.VacantNumber}, {Outcome: campaign.CallLater},
		{Outcome: campaign.NumberChanged, NewNumber: "+8613911112222"}, {Outcome: campaign.DoNotCall}, {Outcome: campaign.Booked, Booking: &campaign.Booking{Zone: "Asia/Shanghai"}}}
	for round := range 8 { // statements are prepared by then
		for i, r := range outcomes {
			agent := campaign.AgentID(1 + i)
			b.ready(t, agent)
			lead := campaign.LeadID(1001 + 2*(round*100+i))
			got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{{Agent: agent, Candidates: []campaign.LeadID{lead}}}))
			if got[0].Assignment == nil {
				t.Fatalf("claimed %+v", got[0])
			}
			r.Assignment, r.Agent = got[0].Assignment.ID, agent
			must[*campaign.Claimed](t)(b.OpenAssignment(ctx, agent))
			must[map[campaign.LeadID][]campaign.Attempt](t)(b.Histories(ctx, []campaign.LeadID{lead, lead + 1}))
			must[campaign.Started](t)(b.StartCall(ctx, r.Assignment, agent))
			must[campaign.Session](t)(b.EndCall(ctx, r.Assignment, agent, b.Now()))
			must[campaign.Recorded](t)(b.Conclude(ctx, r))
			must[campaign.Recorded](t)(b.Conclude(ctx, r)) // sent again
		}
		b.looks(t, &c, round)
	}
}

func (b *bench) ready(t *testing.T, agent campaign.AgentID) {
	t.Helper()
	must[campaign.Session](t)(b.MoveSession(t.Context(), agent, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Since = campaign.AgentReady, now
		return s, nil
	}))
}

// looks is what nodes read and sweep all the time, whoever calls.
func (b *bench) looks(t *testing.T, c *campaign.Campaign, round int) {
	t.Helper()
	ctx, now := t.Context(), b.Now()
	groups := must[[]campaign.Group](t)(b.Groups(ctx, c.ID))
	due := campaign.DueQuery{Tried: 64, Fresh: 64, Now: now, Mix: round%2 == 0}
	next := campaign.NextQuery{Now: now}
	for _, g := range groups {
		due.Groups = append(due.Groups, campaign.OpenGroup{ID: g.ID, Midnight: now.Add(-12 * time.Hour), Day: 20000})
		next.Groups = append(next.Groups, g.ID)
	}
	if found := must[[]campaign.Due](t)(b.DueLeads(ctx, due)); len(found) != 128 {
		t.Fatalf("%d leads are due", len(found))
	}
	must[time.Time](t)(b.NextDue(ctx, next))
	must[[]campaign.Campaign](t)(b.Offering(ctx))
	must[[]campaign.Appointment](t)(b.DuePromises(ctx, []campaign.CampaignID{c.ID}, now.Add(10*time.Minute), 5000))
	must[[]campaign.Owned](t)(b.OwnedAhead(ctx, []campaign.AgentID{1, 2, 3}, now.Add(10*time.Minute), 16))
	must[map[campaign.AgentID]campaign.Arrival](t)(b.Arrivals(ctx, []campaign.AgentID{1, 2, 3}, now.Add(10*time.Minute)))
	must[[]campaign.AppointmentID](t)(b.MarkReminded(ctx, []campaign.AppointmentID{campaign.AppointmentID(1200 + 200*round)}))
	must[[]campaign.Session](t)(b.Sessions(ctx, "node"))
	must[[]campaign.Session](t)(b.OverdueSessions(ctx, 256))
	must[[]campaign.Session](t)(b.Heartbeat(ctx, []campaign.Beat{{Agent: 1}, {Agent: 2}}))
	must[[]campaign.Assignment](t)(b.LapseLeases(ctx, 256))
	must[[]campaign.Appointment](t)(b.MissPromises(ctx, 256))
	must[int](t)(b.ExpireSuppressions(ctx, 256))
	must[int](t)(b.TellSubjects(ctx, 256))
	epoch, _, err := b.Elect(ctx, Elected, "node", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	must[int](t)(b.Sequence(ctx, epoch, 1000))
	must[campaign.Stream](t)(b.Stream(ctx))
	must[campaign.EventPage](t)(b.Events(ctx, 500_000, 500_100, campaign.EventFilter{}))
	must[[]campaign.Callback](t)(b.Callbacks(ctx, 5))
	must[[]campaign.LeadID](t)(b.FindByNumber(ctx, "+8613900000100"))
	must[campaign.Suppressed](t)(b.Suppress(ctx, campaign.Suppression{Phone: campaign.Phone(fmt.Sprintf("+8613900009%03d", round)), Reason: "do_not_call"}))
	must[[]campaign.Suppression](t)(b.Suppressed(ctx, []campaign.Phone{"+8613900000100"}))
	if _, _, err := b.ReplanBatch(ctx, c.ID, campaign.LeadID(100_000*round), 100); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := b.Facts(ctx, 1500); err != nil {
		t.Fatal(err)
	}
	declined := campaign.LeadID(1003 + 2*(round*100+50))
	b.ready(t, 200)
	got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{{Agent: 200, Candidates: []campaign.LeadID{declined}}}))
	must[campaign.Session](t)(b.Decline(ctx, got[0].Assignment.ID, 200, "test"))
}
