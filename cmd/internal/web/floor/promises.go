package floor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// promise is one promise as the page shows it.
type promise struct {
	ID, Lead int64
	LeadName string
	Owner    string // login; empty: nobody's
	Local    string // wall time of the customer
	Zone     string
	At       time.Time
	Late     bool // its instant has passed
	Over     bool // its grace is over
	Held     bool // somebody has the lead in hand
	State    string
	Next     time.Time // of a missed one: when its lead is planned; zero: it is not
	NextZone string
}

func promiseOf(p *campaignpb.Appointment, name string, now time.Time) promise {
	return promise{
		ID: p.GetId(), Lead: p.GetLeadId(), LeadName: name, Owner: p.GetOwnerLogin(), Local: strings.Replace(p.GetLocal(), "T", " ", 1),
		Zone: p.GetZone(), At: p.GetAt().AsTime(), Late: p.GetAt().AsTime().Before(now), Over: p.GetGraceEnd().AsTime().Before(now),
	}
}

func promisesOf(all []*pb.OpenPromise, now time.Time) []promise {
	out := make([]promise, 0, len(all))
	for _, o := range all {
		p := promiseOf(o.GetAppointment(), o.GetLeadName(), now)
		p.Held = o.GetLeadState() == campaignpb.LeadState_LEAD_STATE_HELD
		out = append(out, p)
	}
	return out
}

// promiseList is a page of promises, open or missed.
type promiseList struct {
	Now      time.Time
	Path     string // of the list
	Campaign int64
	Owner    string
	Whole    bool // all open ones, not those due soon alone
	Rows     []promise
	Later    bool   // this is not the first page
	Next     string // address of the next page; empty: that was all
	Said     string
}

// listed reads what a list is asked for.
func (f *floors) listed(r *http.Request) (promiseList, error) {
	of, err := number("campaign", r.URL.Query().Get("campaign"))
	q := r.URL.Query()
	return promiseList{
		Now: f.Now(), Path: r.URL.Path, Campaign: of, Owner: q.Get("owner"), Whole: q.Get("all") != "", Later: q.Get("page") != "", Said: f.saidIn(r),
	}, err
}

// next is the address of the page after this one; empty: there is none.
func next(r *http.Request, token string) string {
	if token == "" {
		return ""
	}
	q := r.URL.Query()
	q.Del("did")
	q.Del("n")
	q.Set("page", token)
	u := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	return u.String()
}

// promises lists open promises: those due soon or late, or all.
func (f *floors) promises(w http.ResponseWriter, r *http.Request) {
	data, err := f.listed(r)
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	req := &pb.ListPromisesRequest{CampaignId: data.Campaign, Owner: data.Owner, PageSize: rowsMost, PageToken: r.URL.Query().Get("page")}
	if !data.Whole && data.Owner == "" {
		req.Before = timestamppb.New(data.Now.Add(soon))
	}
	a, err := f.floor.ListPromises(r.Context(), req)
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	data.Rows, data.Next = promisesOf(a.GetPromises(), data.Now), next(r, a.GetNextPageToken())
	f.draw(w, r, "promises", data)
}

// missed lists promises that were missed in the last day, or ever.
func (f *floors) missed(w http.ResponseWriter, r *http.Request) {
	data, err := f.listed(r)
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	req := &pb.ListMissedRequest{CampaignId: data.Campaign, PageSize: rowsMost, PageToken: r.URL.Query().Get("page")}
	if !data.Whole {
		req.Since = timestamppb.New(data.Now.Add(-missedFor))
	}
	a, err := f.floor.ListMissed(r.Context(), req)
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	for _, m := range a.GetMissed() {
		p := promiseOf(m.GetAppointment(), m.GetLeadName(), data.Now)
		p.State = leadWords[m.GetLeadState()]
		if plan := m.GetPlan(); plan.GetVerdict() == campaignpb.Verdict_VERDICT_CALL && plan.GetAt() != nil {
			p.Next = plan.GetAt().AsTime()
		}
		data.Rows = append(data.Rows, p)
	}
	data.Next = next(r, a.GetNextPageToken())
	f.draw(w, r, "missed", data)
}

var leadWords = map[campaignpb.LeadState]string{
	campaignpb.LeadState_LEAD_STATE_OPEN: "open", campaignpb.LeadState_LEAD_STATE_HELD: "held", campaignpb.LeadState_LEAD_STATE_FINISHED: "finished",
	campaignpb.LeadState_LEAD_STATE_EXHAUSTED: "exhausted", campaignpb.LeadState_LEAD_STATE_SUPPRESSED: "suppressed",
	campaignpb.LeadState_LEAD_STATE_WITHDRAWN: "withdrawn",
}

// reassign gives one promise another owner.
func (f *floors) reassign(w http.ResponseWriter, r *http.Request) {
	err := parse(r)
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	id, err := number("appointment", r.PostForm.Get("appointment"))
	if err == nil {
		_, err = f.floor.Reassign(r.Context(), &pb.ReassignRequest{AppointmentId: id, Owner: strings.TrimSpace(r.PostForm.Get("to")), Reason: reasonIn(r)})
	}
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	f.done(w, r, "/floor/promises", "reassigned")
}

func reasonIn(r *http.Request) string { return strings.TrimSpace(r.PostForm.Get("reason")) }

// handOver gives all open promises of an agent, as far as the reader sees them, another owner. One that was kept or closed
// meanwhile is counted as left; another error ends it, and what was handed over stays so.
func (f *floors) handOver(w http.ResponseWriter, r *http.Request) {
	if err := parse(r); err != nil {
		f.views.Fail(w, r, err)
		return
	}
	from, to := r.PostForm.Get("from"), strings.TrimSpace(r.PostForm.Get("to"))
	ids, err := f.owned(r.Context(), from)
	moved, left := 0, 0
	for i := 0; i < len(ids) && err == nil; i++ {
		_, err = f.floor.Reassign(r.Context(), &pb.ReassignRequest{AppointmentId: ids[i], Owner: to, Reason: reasonIn(r)})
		switch {
		case err == nil:
			moved++
		case closed(err):
			err, left = nil, left+1
		}
	}
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	f.done(w, r, "/floor", "handed", moved, left)
}

// owned are the open promises of an agent. They are all read before any is handed over, for that moves the pages.
func (f *floors) owned(ctx context.Context, login string) ([]int64, error) {
	if login == "" {
		return nil, errNobody
	}
	var ids []int64
	for token := ""; ; {
		a, err := f.floor.ListPromises(ctx, &pb.ListPromisesRequest{Owner: login, PageSize: 500, PageToken: token})
		if err != nil {
			return nil, err
		}
		for _, p := range a.GetPromises() {
			ids = append(ids, p.GetAppointment().GetId())
		}
		if token = a.GetNextPageToken(); token == "" || len(ids) >= handMost {
			return ids[:min(len(ids), handMost)], nil
		}
	}
}
