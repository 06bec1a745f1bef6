package floor

import (
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "redial/proto/dialer/v1"
)

// errNobody refuses to hand over the promises of nobody.
var errNobody = status.Error(codes.InvalidArgument, "from: name the agent whose promises are handed over")

// closed says whether the API refused because the thing is no longer open, or no longer there.
func closed(err error) bool {
	return status.Code(err) == codes.FailedPrecondition || status.Code(err) == codes.NotFound
}

// lateOutcome is an outcome that came too late.
type lateOutcome struct {
	*pb.LateOutcome
	Outcome  string
	PlacedAt time.Time
	CameAt   time.Time
	Booked   string // wall time of the promise made; empty: none
}

// lateList is a page of late outcomes.
type lateList struct {
	Now   time.Time
	Rows  []lateOutcome
	Later bool
	Next  string
	Said  string
}

// late lists late outcomes that wait to be judged.
func (f *floors) late(w http.ResponseWriter, r *http.Request) {
	of, err := number("campaign", r.URL.Query().Get("campaign"))
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	token := r.URL.Query().Get("page")
	a, err := f.floor.ListLateOutcomes(r.Context(), &pb.ListLateOutcomesRequest{CampaignId: of, PageSize: rowsMost, PageToken: token})
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	data := lateList{Now: f.Now(), Later: token != "", Next: next(r, a.GetNextPageToken()), Said: f.saidIn(r)}
	for _, o := range a.GetOutcomes() {
		one := lateOutcome{LateOutcome: o, Outcome: trimmed(o.GetOutcome().String(), "OUTCOME_"), PlacedAt: o.GetPlacedAt().AsTime(), CameAt: o.GetReceivedAt().AsTime()}
		if b := o.GetBooking(); b != nil {
			one.Booked = wall(b.GetLocal()) + " " + b.GetZone()
		}
		data.Rows = append(data.Rows, one)
	}
	f.draw(w, r, "late", data)
}

// judge applies a late outcome or lays it aside.
func (f *floors) judge(w http.ResponseWriter, r *http.Request) {
	err := parse(r)
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	req, did := &pb.ResolveLateOutcomeRequest{}, "dismissed"
	switch r.PostForm.Get("judgement") {
	case "apply":
		req.Judgement, did = pb.Judgement_JUDGEMENT_APPLY, "applied"
	case "dismiss":
		req.Judgement = pb.Judgement_JUDGEMENT_DISMISS
	}
	if req.AssignmentId, err = number("assignment", r.PostForm.Get("assignment")); err == nil {
		_, err = f.floor.ResolveLateOutcome(r.Context(), req)
	}
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	f.done(w, r, "/floor/late", did)
}
