package desk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/cmd/internal/web/page"
	pb "redial/proto/dialer/v1"
)

// row is a callback of the agent's.
type row struct {
	*pb.Callback
	At, Now time.Time
	Zone    string // the customer's; empty: not known
	Local   string // in it, as promised
}

func (d *desks) row(c *pb.Callback) row {
	return row{
		Callback: c, At: c.GetDueAt().AsTime(), Now: d.Now(), Zone: c.GetAppointment().GetZone(),
		Local: strings.Replace(c.GetAppointment().GetLocal(), "T", " ", 1),
	}
}

// Late says whether its time has come.
func (r row) Late() bool { return r.At.Before(r.Now) }

// rows is a page of callbacks.
type rows struct {
	Rows []row
	Next string // token of the next page; empty: that was all
	Till string // as asked
}

const rowsMost = 20

// callbacks draws the agent's promises and leads to call later: those due before ?till=MILLISECONDS, else all.
func (d *desks) callbacks(w http.ResponseWriter, r *http.Request) {
	q := &pb.ListCallbacksRequest{PageSize: rowsMost, PageToken: r.URL.Query().Get("page")}
	till := r.URL.Query().Get("till")
	if ms, err := strconv.ParseInt(till, 10, 64); err == nil {
		q.Before = timestamppb.New(time.UnixMilli(ms))
	}
	m, err := d.agents.ListCallbacks(r.Context(), q)
	if err != nil {
		d.views.Fail(w, r, err)
		return
	}
	out := rows{Next: m.GetNextPageToken(), Till: till}
	for _, c := range m.GetCallbacks() {
		out.Rows = append(out.Rows, d.row(c))
	}
	d.views.Part(w, r, http.StatusOK, "callbacks", out)
}

// today is the agent's day.
type today struct {
	*pb.GetMyDayResponse
	Now      time.Time
	Average  time.Duration // handling time of a call
	Last     *last
	Handled  int64
	Handling time.Duration
}

// last is the last call, which may be corrected.
type last struct {
	past
	*pb.LastCall
	Choices []choice
	Open    bool // it may still be corrected
}

// day answers with the agent's figures and its last call, drawn; with ?due=1 also with why nothing is offered.
func (d *desks) day(w http.ResponseWriter, r *http.Request) {
	m, err := d.agents.GetMyDay(r.Context(), &pb.GetMyDayRequest{NextDue: r.URL.Query().Get("due") == "1"})
	if err != nil {
		d.views.Fail(w, r, err)
		return
	}
	t := today{GetMyDayResponse: m, Now: d.Now()}
	if n := m.GetHandled(); n > 0 {
		t.Average = m.GetHandling().AsDuration() / time.Duration(n)
	}
	if l := m.GetLast(); l != nil {
		t.Last = &last{
			past: pastOf(l.GetAttempt(), &pb.Card{Zones: l.GetAttempt().GetZones(), Outcomes: l.GetOutcomes()}), LastCall: l,
			Choices: choices(l.GetOutcomes()), Open: l.GetCorrectUntil().AsTime().After(t.Now),
		}
	}
	figures, err := d.views.Draw(r, "figures", t)
	if err == nil {
		var lastCall []byte
		if lastCall, err = d.views.Draw(r, "last", t.Last); err == nil {
			none, _ := d.views.Said(r, m.GetWhyNone())
			page.JSON(w, http.StatusOK, map[string]any{
				"figures": string(figures), "last": string(lastCall), "due": milli(m.GetDueAt()), "why": none,
			})
			return
		}
	}
	d.views.Fail(w, r, err)
}

// slots answers with the times at which a lead may be promised a call, on its own clock.
func (d *desks) slots(w http.ResponseWriter, r *http.Request) {
	lead, err := strconv.ParseInt(r.URL.Query().Get("lead"), 10, 64)
	if err != nil {
		lead = 0
	}
	m, err := d.agents.ListSlots(r.Context(), &pb.ListSlotsRequest{LeadId: lead, Zone: r.URL.Query().Get("zone"), Days: slotDays})
	if err != nil {
		d.views.Fail(w, r, err)
		return
	}
	page.Message(w, http.StatusOK, m)
}

// slotDays are the days that the picker of appointments shows.
const slotDays = 14
