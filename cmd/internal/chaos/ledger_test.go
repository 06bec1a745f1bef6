package chaos

import (
	"context"
	"time"

	"google.golang.org/grpc"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// verifyLists: every file that was committed became what it had to, once, and no lead is missing or beside it (I2, I7).
func (w *world) verifyLists(r *record) {
	of := make(map[int64]int64) // leads by list
	for _, l := range r.leads {
		of[l.GetLead().GetListId()]++
		if l.GetLead().GetState() == campaignpb.LeadState_LEAD_STATE_HELD {
			w.breach(l.GetLead().GetId(), "I1: lead %d is held and nobody works", l.GetLead().GetId())
		}
	}
	for _, want := range w.book.imports {
		got, err := (&manager{caller: w.admin}).list(want.list)
		if err != nil {
			w.breach(0, "I2: list %d: %v", want.list, err)
			continue
		}
		t := got.GetTally()
		if got.GetState() != campaignpb.ListState_LIST_STATE_ACTIVE || t.GetRows() != want.rows || t.GetLeads() != want.leads ||
			t.GetProblems() != want.problems || t.GetDuplicates() != want.duplicates {
			w.breach(0, "I2: list %d is %v with %v, want %+v", want.list, got.GetState(), t, *want)
		}
		if of[want.list] != want.leads {
			w.breach(0, "I7: list %d has %d leads, %d were taken in", want.list, of[want.list], want.leads)
		}
		delete(of, want.list)
	}
	for list, n := range of {
		w.breach(0, "I7: %d leads are of list %d, which nobody brought", n, list)
	}
	for _, d := range w.campaigns {
		w.verifyStates(r, d)
	}
}

// verifyStates: each lead is in exactly one state.
func (w *world) verifyStates(r *record, d *drive) {
	got, err := ask(w.admin, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.GetCampaignResponse, error) {
		return campaignpb.NewCampaignServiceClient(conn).GetCampaign(ctx, &campaignpb.GetCampaignRequest{Id: d.id})
	})
	if err != nil {
		w.breach(0, "campaign %d: %v", d.id, err)
	}
	var said, have int64
	for _, n := range got.GetLeads() {
		said += n.GetCount()
	}
	for _, l := range r.leads {
		if l.GetLead().GetCampaignId() == d.id {
			have++
		}
	}
	if said != have {
		w.breach(0, "I7: campaign %d says it has %d leads, %d are there", d.id, said, have)
	}
}

// verifyReports: the figures are those of the ledger's calls, outcome by outcome (I9).
func (w *world) verifyReports(r *record) {
	for _, d := range w.campaigns {
		got := w.figures(d)
		want := map[string]int64{"attempts": 0}
		for o := range campaignpb.Outcome_name {
			if o != 0 {
				want[figure(campaignpb.Outcome(o))] = 0
			}
		}
		for _, t := range r.attempts {
			if t.GetCampaignId() == d.id {
				want["attempts"]++
				want[figure(t.GetOutcome())]++
			}
		}
		for name, n := range want {
			if has, ok := got[name]; !ok || has != n {
				w.breach(0, "I9: campaign %d: the report's %s is %d, the ledger's %d", d.id, name, has, n)
			}
		}
	}
}

// figures are what the report says in all of a campaign, by name.
func (w *world) figures(d *drive) map[string]int64 {
	got, err := ask(w.admin, time.Minute, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.GetReportResponse, error) {
		return campaignpb.NewReportServiceClient(conn).GetReport(ctx, &campaignpb.GetReportRequest{
			Query: &campaignpb.ReportQuery{Kind: campaignpb.ReportKind_REPORT_KIND_CAMPAIGN, CampaignId: d.id},
		})
	})
	if err != nil {
		w.breach(0, "report of campaign %d: %v", d.id, err)
	}
	out := make(map[string]int64)
	for _, f := range got.GetReport().GetTotal().GetFigures() {
		out[f.GetName()] = int64(f.GetNumerator())
	}
	return out
}

// verifyCounts holds the report against what a light journal counted: no outcome fewer than were acknowledged (I2, I9).
func (w *world) verifyCounts() {
	for _, d := range w.campaigns {
		got := w.figures(d)
		for code, n := range w.book.counted[d.id] {
			if has := got["outcome_"+code]; has < n {
				w.breach(0, "I2: campaign %d: the report has %d times %s, acknowledged were %d", d.id, has, code, n)
			}
		}
	}
}

func figure(o campaignpb.Outcome) string {
	return "outcome_" + o.String()[len("OUTCOME_"):]
}

// verifyEvents: the stream tells of every acknowledged outcome, once. A light journal knows only that it has no gap.
func (w *world) verifyEvents() {
	f := w.follower
	f.finish()
	if w.book.light {
		return
	}
	for _, c := range w.book.calls {
		for _, s := range c.words {
			if s.acked.IsZero() || s.corrects || s.late == dialerpb.LateKind_LATE_KIND_WAITS {
				continue
			}
			kind, first := campaignpb.EventType_EVENT_TYPE_ATTEMPT, true
			if s.late == dialerpb.LateKind_LATE_KIND_AMENDED {
				kind, first = campaignpb.EventType_EVENT_TYPE_ATTEMPT_AMENDED, false
			}
			if n := f.told[kind][c.assignment]; n != 1 && (first || n == 0) {
				w.breach(c.lead, "I2: the stream tells %d times of %v of assignment %d", n, kind, c.assignment)
			}
		}
	}
}
