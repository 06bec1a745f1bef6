package rpc_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/phone"
	"redial/campaign/store"
	"redial/dialer"
	"redial/scheduler"
	"redial/scheduler/rpc"
)

// clock is the record's, moved by the tests.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

func (c *clock) pass(d time.Duration) { c.set(c.now().Add(d)) }

// bench is a record with one running campaign in Shanghai and one agent, Li, on a Monday at 10:00 there.
type bench struct {
	*store.Store
	clock    *clock
	server   *rpc.Server
	campaign campaign.Campaign
	list     campaign.ListID
	li       campaign.Agent
}

var monday = time.Date(2026, 3, 2, 2, 0, 0, 123_456_000, time.UTC)

func readNumber(text, region string) (campaign.Number, error) {
	return phone.One("", text, campaign.PhoneHint{Region: region})
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func setup(t *testing.T, rules campaign.Rules, drafts ...campaign.Draft) *bench {
	t.Helper()
	ctx := t.Context()
	b := &bench{clock: &clock{at: monday}}
	b.Store = must[*store.Store](t)(store.Open(ctx, "sqlite://"+filepath.Join(t.TempDir(), "record.db"), store.Options{
		Now: b.clock.now,
		Rules: store.Rules{
			Decide: new(scheduler.Rulebook).Plan, Judge: new(scheduler.Rulebook).Offer, Book: new(scheduler.Rulebook).Book, Step: dialer.Follow(dialer.DefaultHeartbeat),
		},
	}))
	t.Cleanup(func() { b.Close() })
	b.server = rpc.New(rpc.Deps{Record: b.Store, Promises: b.Store, Due: b.Store, Whole: b.Store, Phones: readNumber, Rules: new(scheduler.Rulebook), Now: b.Now})
	b.campaign = must[campaign.Campaign](t)(b.CreateCampaign(ctx, campaign.Campaign{
		Name: "spring", Zone: "Asia/Shanghai", Region: "CN", Rules: rules, Floor: campaign.DefaultFloor(),
	}))
	b.campaign = must[campaign.Campaign](t)(b.StartCampaign(ctx, b.campaign.ID))
	b.list = b.load(t, b.campaign.ID, drafts...)
	b.li = must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{
		Login: "li", Campaigns: []campaign.Membership{{CampaignID: b.campaign.ID, Weight: 1}},
	}))
	return b
}

// load takes leads into a new list.
func (b *bench) load(t *testing.T, id campaign.CampaignID, drafts ...campaign.Draft) campaign.ListID {
	t.Helper()
	ctx := t.Context()
	u := must[campaign.Upload](t)(b.BeginUpload(ctx, campaign.Upload{CampaignID: id, FileName: "list.csv"}, ""))
	must[int64](t)(b.AppendPiece(ctx, u.ID, 0, []byte("x")))
	u = must[campaign.Upload](t)(b.CommitUpload(ctx, u.ID, nil, 1))
	must[campaign.Tally](t)(b.ImportRows(ctx, campaign.ImportBatch{
		Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: int64(len(drafts)), Headings: []string{"phone"},
	}))
	must[campaign.Upload](t)(b.FinishImport(ctx, u.ID))
	return u.ListID
}

func draft(line int, name string, phones ...campaign.Phone) campaign.Draft {
	d := campaign.Draft{Line: line, Name: name, Zones: []string{"Asia/Shanghai"}}
	for _, p := range phones {
		d.Numbers = append(d.Numbers, campaign.Number{Phone: p})
	}
	return d
}

// lead is the list's n-th, from 0.
func (b *bench) lead(t *testing.T, n int) campaign.Lead {
	t.Helper()
	return must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{Campaign: b.campaign.ID}))[n]
}

// ready signs Li in.
func (b *bench) ready(t *testing.T) {
	t.Helper()
	must[campaign.Session](t)(b.MoveSession(t.Context(), b.li.ID, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Since, s.Deadline, s.Assignment = campaign.AgentReady, now, time.Time{}, 0
		s.HeartbeatAt = now
		return s, nil
	}))
}

// claim gives a lead to Li; nil if it may not be offered.
func (b *bench) claim(t *testing.T, lead campaign.LeadID) *campaign.Assignment {
	t.Helper()
	b.ready(t)
	got := must[[]campaign.Claimed](t)(b.ClaimLeads(t.Context(), []campaign.Claim{{Agent: b.li.ID, Candidates: []campaign.LeadID{lead}}}))
	if got[0].Err != nil {
		t.Fatal(got[0].Err)
	}
	return got[0].Assignment
}

// call calls a lead, talks for a minute and reports an outcome.
func (b *bench) call(t *testing.T, lead campaign.LeadID, r campaign.Result) campaign.Recorded {
	t.Helper()
	a := b.claim(t, lead)
	if a == nil {
		f, _, _, err := b.Facts(t.Context(), lead)
		t.Fatalf("lead %d cannot be had at %v: %+v, %v", lead, b.Now(), f.Lead, err)
	}
	if _, err := b.StartCall(t.Context(), a.ID, b.li.ID); err != nil {
		t.Fatal(err)
	}
	b.clock.pass(time.Minute)
	r.Assignment, r.Agent, r.Code = a.ID, b.li.ID, r.Outcome.String()
	return must[campaign.Recorded](t)(b.Conclude(t.Context(), r))
}
