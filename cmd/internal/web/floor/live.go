package floor

import (
	"net/http"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/cmd/internal/web/page"
	pb "redial/proto/dialer/v1"
)

// update is what a live page is told: the whole floor, or what changed.
type update struct {
	At        int64  `json:"at"` // ms
	Whole     bool   `json:"whole,omitempty"`
	Agents    []row  `json:"agents,omitempty"`
	Campaigns []line `json:"campaigns,omitempty"`
	Late      int64  `json:"late"`
	Missed    int64  `json:"missed"`
}

// told is what a page was told, so that it is told nothing twice.
type told struct {
	reader
	rows         map[int64]row
	lines        map[int64]line
	late, missed int64
}

func newTold(v reader) *told {
	return &told{reader: v, rows: map[int64]row{}, lines: map[int64]line{}}
}

// take is what of an answer the page does not show yet; false: nothing.
func (t *told) take(m *pb.WatchFloorResponse) (update, bool) {
	f := m.GetFloor()
	u := update{At: milli(f.GetAt()), Whole: m.GetWhole(), Late: f.GetLateOutcomes(), Missed: f.GetMissed()}
	if u.Whole {
		clear(t.rows)
		clear(t.lines)
	}
	for _, l := range t.reader.lines(f.GetCampaigns()) {
		if was, ok := t.lines[l.ID]; !ok || was != l {
			t.lines[l.ID] = l
			u.Campaigns = append(u.Campaigns, l)
		}
	}
	for _, r := range t.reader.rows(f.GetAgents()) {
		if was, ok := t.rows[r.ID]; ok && was == r {
			continue
		}
		u.Agents = append(u.Agents, r)
		if t.rows[r.ID] = r; r.State == "signed_out" {
			delete(t.rows, r.ID)
		}
	}
	news := u.Whole || len(u.Agents)+len(u.Campaigns) > 0 || u.Late != t.late || u.Missed != t.missed
	t.late, t.missed = u.Late, u.Missed
	return u, news
}

// live tells a page what changes on the floor, gathered for a second, until the reader goes away or the API ends it: then
// the page comes back by itself. A page in the background does not listen.
func (f *floors) live(w http.ResponseWriter, r *http.Request) {
	of, err := number("campaign", r.URL.Query().Get("campaign"))
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	ctx := r.Context()
	stream, err := f.floor.WatchFloor(ctx, &pb.WatchFloorRequest{CampaignId: of, Every: durationpb.New(every)})
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	answers, failed := make(chan *pb.WatchFloorResponse), make(chan error, 1)
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				failed <- err
				return
			}
			select {
			case answers <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	f.follow(r, page.NewLive(w, r), answers, failed)
}

// follow passes on what comes.
func (f *floors) follow(r *http.Request, out *page.Live, answers <-chan *pb.WatchFloorResponse, failed <-chan error) {
	tick := time.NewTicker(f.beat)
	defer tick.Stop()
	t := newTold(reader{f.views.Lang(r), map[int64]string{}})
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			err = out.Beat()
		case m := <-answers:
			if u, news := t.take(m); news {
				err = out.SendJSON("floor", u)
			}
		case err := <-failed:
			if !ended(r.Context(), err) {
				_ = out.SendJSON("problem", f.views.ProblemOf(r, err)) // it ends either way
			}
			return
		}
		if err != nil {
			return
		}
	}
}
