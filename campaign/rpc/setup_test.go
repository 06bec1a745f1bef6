package rpc_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	"redial/campaign/phone"
	"redial/campaign/rpc"
	"redial/campaign/store"
	"redial/dialer"
	pb "redial/proto/campaign/v1"
	"redial/scheduler"
)

// heard is a floor, and whoever else is told of changes. Tests ask it from the goroutine that makes them.
type heard struct {
	woken     []campaign.CampaignID
	revoked   []campaign.Assignment
	replanned []campaign.CampaignID
	out       []campaign.AgentID
}

func (h *heard) Wake(id campaign.CampaignID) { h.woken = append(h.woken, id) }

func (h *heard) Revoked(taken []campaign.Assignment) { h.revoked = append(h.revoked, taken...) }

// wakes says whether the campaign was woken since the last question.
func (h *heard) wakes(id campaign.CampaignID) bool {
	defer func() { h.woken = nil }()
	return slices.Contains(h.woken, id)
}

// bench is a record with one running campaign, a list and an agent, on a Monday at 10:00 in Shanghai.
type bench struct {
	*store.Store
	heard        *heard
	campaign     campaign.Campaign
	list         campaign.ListID
	li           campaign.Agent
	campaigns    *rpc.CampaignServer
	leads        *rpc.LeadServer
	lists        *rpc.ListServer
	suppressions *rpc.SuppressionServer
	reports      *rpc.ReportServer
	admin        *rpc.AdminServer
}

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

func readNumber(text, region string) (campaign.Number, error) {
	n, err := phone.One("", text, campaign.PhoneHint{Region: region})
	n.Zones = phone.Zones(n.Phone)
	return n, err
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

func asMei(t *testing.T) context.Context {
	return campaign.WithCaller(t.Context(), campaign.Caller{Owner: "mei", Role: campaign.RoleManager})
}

// encoded is a case as these tests tell it from another: by the version of its rules.
func encoded(f *campaign.Facts, rules *campaign.Rules) ([]byte, error) {
	text := rules.Interval.String()
	if f.Promise != nil {
		text += " " + f.Promise.Local
	}
	return []byte(text), nil
}

func setup(t *testing.T, phones ...campaign.Phone) *bench {
	t.Helper()
	return setupOn(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db"), func() time.Time { return monday }, func(*store.Store) {}, phones...)
}

// setupOn is setup on a database and by a clock of the test's choice, which opened may set.
func setupOn(t *testing.T, url string, now func() time.Time, opened func(*store.Store), phones ...campaign.Phone) *bench {
	t.Helper()
	ctx := t.Context()
	b := &bench{heard: &heard{}}
	b.Store = must[*store.Store](t)(store.Open(ctx, url, store.Options{
		Now: now,
		Rules: store.Rules{
			Decide: new(scheduler.Rulebook).Plan, Judge: new(scheduler.Rulebook).Offer, Book: new(scheduler.Rulebook).Book, Step: dialer.Follow(dialer.DefaultHeartbeat),
		},
	}))
	t.Cleanup(func() { b.Close() })
	opened(b.Store)
	b.campaigns = rpc.NewCampaigns(b, b, b.heard, func(id campaign.CampaignID) { b.heard.replanned = append(b.heard.replanned, id) })
	b.leads = rpc.NewLeads(b, b, b, b, readNumber, encoded, b.heard)
	b.lists = rpc.NewLists(b, nil, b, b, nil, b.heard)
	b.suppressions = rpc.NewSuppressions(b, readNumber, numberFiles{}, b.heard, b.Now)
	b.reports = rpc.NewReports(b, nil)
	b.admin = rpc.NewAdmin(b, b, b, b, b, func(_ context.Context, id campaign.AgentID) error {
		b.heard.out = append(b.heard.out, id)
		return nil
	}, b.heard, rpc.About{Version: "1", RedisUp: func(context.Context) bool { return true }, Now: b.Now, Schema: 1, TZData: "2025c",
		ClockOffset: func() time.Duration { return -90 * time.Second }})
	b.campaign = must[campaign.Campaign](t)(b.CreateCampaign(ctx, campaign.Campaign{
		Name: "spring", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor(),
	}))
	b.campaign = must[campaign.Campaign](t)(b.StartCampaign(ctx, b.campaign.ID))
	b.list = b.load(t, phones...)
	b.li = must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{
		Login: "li", Name: "Li", Campaigns: []campaign.Membership{{CampaignID: b.campaign.ID, Weight: 1}},
	}))
	return b
}

// load takes one lead a number into a new list.
func (b *bench) load(t *testing.T, phones ...campaign.Phone) campaign.ListID {
	t.Helper()
	ctx := t.Context()
	u := must[campaign.Upload](t)(b.BeginUpload(ctx, campaign.Upload{CampaignID: b.campaign.ID, FileName: "list.csv"}, ""))
	must[int64](t)(b.AppendPiece(ctx, u.ID, 0, []byte("x")))
	u = must[campaign.Upload](t)(b.CommitUpload(ctx, u.ID, nil, 1))
	batch := campaign.ImportBatch{Upload: u.ID, List: u.ListID, RowsDone: int64(len(phones)), Headings: []string{"phone"}}
	for i, p := range phones {
		batch.Drafts = append(batch.Drafts, campaign.Draft{
			Line: i + 2, Name: "Wang " + string(rune('A'+i)), Zones: []string{"Asia/Shanghai"}, Numbers: []campaign.Number{{Phone: p}},
		})
	}
	must[campaign.Tally](t)(b.ImportRows(ctx, batch))
	must[campaign.Upload](t)(b.FinishImport(ctx, u.ID))
	return u.ListID
}

// lead is the list's n-th, from 0.
func (b *bench) lead(t *testing.T, n int) campaign.Lead {
	t.Helper()
	return must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{List: b.list}))[n]
}

// claim gives a lead to Li.
func (b *bench) claim(t *testing.T, lead campaign.LeadID) *campaign.Assignment {
	t.Helper()
	must[campaign.Session](t)(b.MoveSession(t.Context(), b.li.ID, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		s.State, s.Since, s.HeartbeatAt, s.Deadline = campaign.AgentReady, now, now, time.Time{}
		return s, nil
	}))
	got := must[[]campaign.Claimed](t)(b.ClaimLeads(t.Context(), []campaign.Claim{{Agent: b.li.ID, Candidates: []campaign.LeadID{lead}}}))
	if got[0].Assignment == nil {
		t.Fatalf("lead %d cannot be had: %+v", lead, got[0])
	}
	return got[0].Assignment
}

// call calls a lead and reports an outcome.
func (b *bench) call(t *testing.T, lead campaign.LeadID, o campaign.Outcome, booking *campaign.Booking) {
	t.Helper()
	a := b.claim(t, lead)
	if _, err := b.StartCall(t.Context(), a.ID, b.li.ID); err != nil {
		t.Fatal(err)
	}
	must[campaign.Recorded](t)(b.Conclude(t.Context(), campaign.Result{
		Assignment: a.ID, Agent: b.li.ID, Outcome: o, Code: o.String(), Booking: booking,
	}))
}

func mask(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }

// refused checks that an error has a kind, and names a field, or has a stable reason.
func refused(t *testing.T, what string, err error, kind campaign.Kind, about string) {
	t.Helper()
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok || e.Kind != kind {
		t.Errorf("%s: %v", what, err)
		return
	}
	var fields []string
	for _, v := range e.Violations {
		fields = append(fields, v.Field)
	}
	if e.Reason != about && strings.Join(fields, " ") != about {
		t.Errorf("%s: fields %v, reason %q: %v", what, fields, e.Reason, err)
	}
}

func leadOf(l campaign.Lead) *pb.Lead { return &pb.Lead{Id: int64(l.ID), Version: l.Version} }
