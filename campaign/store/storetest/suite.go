// Package storetest holds any engine of the record to its invariants: one suite, run on each. Cases are named by the
// invariant they hold (I1 one holder, I2 nothing acknowledged is lost, I3 caps, I4 callable times, I5 suppressions, I6 promises, I7 leads conserved,
// I12 bad input changes nothing). It decides nothing and is imported by tests only.
package storetest

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

// Run runs the suite; url gives a fresh, empty database each time.
func Run(t *testing.T, url func(testing.TB) string) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(setup(t, url(t)))
		})
	}
}

type testCase struct {
	name string
	run  func(*bundle)
}

var cases = slicesOf(claimCases, callCases, lateCases, suppressCases, appointmentCases, sessionCases, dueCases, outboxCases, auditCases, stormCases, webhookCases, webSessionCases, agentDayCases)

func slicesOf(all ...[]testCase) (out []testCase) {
	for _, some := range all {
		out = append(out, some...)
	}
	return out
}

// bundle is one fresh record with what the cases need.
type bundle struct {
	*testing.T
	url  string
	s    *store.Store
	skew *atomic.Int64 // nanoseconds that the clock is ahead
	made atomic.Int64
	raw  *sql.DB // beside the store: to look, and to break things on purpose
}

func setup(t *testing.T, url string) *bundle {
	b := &bundle{T: t, url: url, skew: new(atomic.Int64)}
	b.s = b.open()
	return b
}

// open opens the record once more: another node on the same database.
func (b *bundle) open() *store.Store {
	b.Helper()
	s, err := store.Open(b.Context(), b.url, store.Options{Rules: rules(), MaxConns: 6,
		Now: func() time.Time { return time.Now().Add(time.Duration(b.skew.Load())) }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// wait lets time pass.
func (b *bundle) wait(d time.Duration) { b.skew.Add(int64(d)) }

func (b *bundle) sql() *sql.DB {
	b.Helper()
	if b.raw == nil {
		driver, dsn := "pgx", b.url
		if path, ok := strings.CutPrefix(b.url, "sqlite://"); ok {
			driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
		}
		db, err := sql.Open(driver, dsn)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		b.raw = db
	}
	return b.raw
}

func (b *bundle) exec(query string, args ...any) {
	b.Helper()
	if _, err := b.sql().ExecContext(b.Context(), query, args...); err != nil {
		b.Fatal(err)
	}
}

func (b *bundle) count(query string, args ...any) (n int64) {
	b.Helper()
	if err := b.sql().QueryRowContext(b.Context(), query, args...).Scan(&n); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
	return n
}

func must[T any](b *bundle) func(T, error) T {
	return func(v T, err error) T {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
}

func (b *bundle) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// refused checks that err is a refusal with the reason.
func (b *bundle) refused(err error, kind campaign.Kind, reason string) {
	b.Helper()
	if campaign.KindOf(err) != kind || campaign.ReasonOf(err) != reason {
		b.Fatalf("got error %v (kind %d, reason %q), want kind %d, reason %q", err, campaign.KindOf(err), campaign.ReasonOf(err), kind, reason)
	}
}

// campaign makes a running campaign; change may alter it first.
func (b *bundle) campaign(change func(*campaign.Campaign)) campaign.Campaign {
	b.Helper()
	c := campaign.Campaign{Name: fmt.Sprint("c", b.made.Add(1)), Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
	c.Rules.MaxPerDay = 0
	if change != nil {
		change(&c)
	}
	made := must[campaign.Campaign](b)(b.s.CreateCampaign(b.Context(), c))
	return must[campaign.Campaign](b)(b.s.StartCampaign(b.Context(), made.ID))
}

// list loads a list whose leads have the numbers given, one slice a lead, and returns the leads' ids.
func (b *bundle) list(c campaign.Campaign, leads ...[]campaign.Phone) (campaign.ListID, []campaign.LeadID) {
	b.Helper()
	ctx := b.Context()
	u := must[campaign.Upload](b)(b.s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "a.csv"}, fmt.Sprint("r", b.made.Add(1))))
	must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("x")))
	u = must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, nil, 1))
	drafts := make([]campaign.Draft, len(leads))
	for i, phones := range leads {
		drafts[i] = campaign.Draft{Line: i + 2, Name: fmt.Sprint("lead ", i), Zones: []string{"Asia/Shanghai"}}
		for _, p := range phones {
			drafts[i].Numbers = append(drafts[i].Numbers, campaign.Number{Phone: p, Label: "mobile"})
		}
	}
	must[campaign.Tally](b)(b.s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: int64(len(drafts))}))
	must[campaign.Upload](b)(b.s.FinishImport(ctx, u.ID))
	var ids []campaign.LeadID
	for after := campaign.LeadID(0); ; {
		some := must[[]campaign.Lead](b)(b.s.FindLeads(ctx, campaign.LeadFilter{List: u.ListID, AfterID: after, Limit: 100}))
		if len(some) == 0 {
			return u.ListID, ids
		}
		for _, l := range some {
			ids = append(ids, l.ID)
		}
		after = some[len(some)-1].ID
	}
}

// phone is the nth invented number.
func phone(n int) campaign.Phone { return campaign.Phone(fmt.Sprintf("+8613800%06d", n)) }

// some leads with a number each.
func (b *bundle) some(c campaign.Campaign, n int) []campaign.LeadID {
	b.Helper()
	leads := make([][]campaign.Phone, n)
	for i := range leads {
		leads[i] = []campaign.Phone{phone(int(b.made.Add(1)))}
	}
	_, ids := b.list(c, leads...)
	return ids
}

// agent makes an agent who is ready.
func (b *bundle) agent() campaign.AgentID {
	b.Helper()
	a := must[campaign.Agent](b)(b.s.CreateAgent(b.Context(), campaign.Agent{Login: fmt.Sprint("a", b.made.Add(1)), Active: true}))
	b.ready(a.ID)
	return a.ID
}

func (b *bundle) agents(n int) []campaign.AgentID {
	out := make([]campaign.AgentID, n)
	for i := range out {
		out[i] = b.agent()
	}
	return out
}

func (b *bundle) ready(a campaign.AgentID) campaign.Session {
	b.Helper()
	return must[campaign.Session](b)(b.s.MoveSession(b.Context(), a, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Reason, s.Since, s.Epoch, s.HeartbeatAt = campaign.AgentReady, "asked", now, s.Epoch+1, now
		return s, nil
	}))
}

// claim claims a lead that must be had.
func (b *bundle) claim(a campaign.AgentID, leads ...campaign.LeadID) *campaign.Assignment {
	b.Helper()
	got := b.try(b.s, a, leads...)
	if got.Assignment == nil {
		b.Fatalf("agent %d got none of %v: %v, refused %+v", a, leads, got.Err, got.Refused)
	}
	return got.Assignment
}

func (b *bundle) try(s *store.Store, a campaign.AgentID, leads ...campaign.LeadID) campaign.Claimed {
	b.Helper()
	return must[[]campaign.Claimed](b)(s.ClaimLeads(b.Context(), []campaign.Claim{{Agent: a, Candidates: leads}}))[0]
}

// dial claims and starts.
func (b *bundle) dial(a campaign.AgentID, leads ...campaign.LeadID) campaign.Assignment {
	b.Helper()
	got, err := b.s.StartCall(b.Context(), b.claim(a, leads...).ID, a)
	b.ok(err)
	return got.Assignment
}

// call makes a whole call.
func (b *bundle) call(a campaign.AgentID, o campaign.Outcome, leads ...campaign.LeadID) campaign.Recorded {
	b.Helper()
	as := b.dial(a, leads...)
	return must[campaign.Recorded](b)(b.s.Conclude(b.Context(), campaign.Result{Assignment: as.ID, Agent: a, Outcome: o}))
}

func (b *bundle) lead(id campaign.LeadID) campaign.Lead {
	b.Helper()
	return must[campaign.Lead](b)(b.s.Lead(b.Context(), id))
}

func (b *bundle) state(id campaign.LeadID, want campaign.LeadState) {
	b.Helper()
	if l := b.lead(id); l.State != want {
		b.Fatalf("lead %d is %s (%s), want %s", id, l.State, l.Plan.Reason, want)
	}
}

// local is an instant as a booking writes it.
func local(t time.Time) string {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return t.In(zone).Format("2006-01-02T15:04:05")
}

// sound runs the audit, which must find nothing.
func (b *bundle) sound() {
	b.Helper()
	for _, x := range b.audit() {
		b.Errorf("audit: %s: lead %d, assignment %d, agent %d: %s", x.Invariant, x.Lead, x.Assignment, x.Agent, x.What)
	}
}

func (b *bundle) audit() (found []campaign.Breach) {
	b.Helper()
	sum, err := b.s.Audit(b.Context(), 0, func(x campaign.Breach) error {
		found = append(found, x)
		return nil
	})
	b.ok(err)
	if sum.Breaches != int64(len(found)) {
		b.Fatalf("the summary counts %d breaches of %d", sum.Breaches, len(found))
	}
	return found
}

func str[T ~int64](id T) string { return strconv.FormatInt(int64(id), 10) }
