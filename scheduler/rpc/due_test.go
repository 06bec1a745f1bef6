package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	pb "redial/proto/scheduler/v1"
)

func (b *bench) due(t *testing.T, limit int32) []string {
	t.Helper()
	r := must[*pb.ListDueResponse](t)(b.server.ListDue(t.Context(), &pb.ListDueRequest{CampaignId: int64(b.campaign.ID), Limit: limit}))
	var out []string
	for _, l := range r.GetLeads() {
		mark := "-"
		if l.GetDue() {
			mark = "+"
		}
		out = append(out, fmt.Sprintf("%s%s %s", mark, l.GetName(), l.GetReason()))
	}
	return out
}

func TestListDueIsTheOrderOfOfferingThenTheOrderOfTime(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(),
		draft(2, "later", "+8613800138001"), draft(3, "promised", "+8613800138002"), draft(4, "rolled", "+8613800138003"),
		draft(5, "retry", "+8613800138004"), draft(6, "fresh one", "+8613800138005"), draft(7, "fresh two", "+8613800138006"),
		draft(8, "done", "+8613800138007"), draft(9, "soon", "+8613800138008"))
	ids := make([]campaign.LeadID, 8)
	for i := range ids {
		ids[i] = b.lead(t, i).ID
	}
	b.call(t, ids[2], campaign.Result{Outcome: campaign.NoAnswer})
	b.clock.pass(24 * time.Hour) // Tuesday, 10:01
	b.call(t, ids[3], campaign.Result{Outcome: campaign.Busy})
	b.call(t, ids[1], campaign.Result{Outcome: campaign.Booked, Booking: &campaign.Booking{Local: "2026-03-03T14:30"}})
	b.call(t, ids[6], campaign.Result{Outcome: campaign.Refused})
	b.clock.set(time.Date(2026, 3, 3, 6, 15, 0, 0, time.UTC)) // 14:15
	b.call(t, ids[0], campaign.Result{Outcome: campaign.NoAnswer})
	b.clock.set(time.Date(2026, 3, 3, 6, 20, 0, 0, time.UTC)) // 14:20: the busy one may be called again
	b.call(t, ids[7], campaign.Result{Outcome: campaign.Congestion})

	want := "+rolled rolled_over, +retry retry, +fresh one fresh, +fresh two fresh, -soon retry, -promised appointment, -later retry"
	if got := strings.Join(b.due(t, 0), ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := strings.Join(b.due(t, 2), ", "); got != "+rolled rolled_over, +retry retry" {
		t.Errorf("the first two are %s", got)
	}
	b.clock.set(time.Date(2026, 3, 3, 6, 30, 0, 0, time.UTC))
	if got := b.due(t, 1); len(got) != 1 || got[0] != "+promised appointment" {
		t.Errorf("at the promised time the first is %v", got)
	}
	b.clock.set(time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)) // 22:00: closed
	got := b.due(t, 0)
	if len(got) != 7 {
		t.Errorf("at night %v", got)
	}
	for _, l := range got {
		if strings.HasPrefix(l, "+") && !strings.Contains(l, "promised") {
			t.Errorf("at night %v", got)
		}
	}
}

func TestListDueSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(), draft(2, "one", "+8613800138001"))
	for _, limit := range []int32{-1, 501} {
		_, err := b.server.ListDue(t.Context(), &pb.ListDueRequest{CampaignId: int64(b.campaign.ID), Limit: limit})
		if campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	if _, err := b.server.ListDue(t.Context(), &pb.ListDueRequest{CampaignId: 99}); campaign.KindOf(err) != campaign.KindNotFound {
		t.Errorf("a campaign that is not there: %v", err)
	}
}
