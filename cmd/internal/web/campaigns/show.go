package campaigns

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

// whySoon is how many leads are looked at without being asked.
const whySoon = 100_000

const listsShown = 8 // lists on a campaign's page; the rest are on the page of lists

// showData is a campaign's page.
type showData struct {
	card
	Said   []string // its rules
	Lists  []*pb.List
	Rest   bool // there are more lists
	Floors bool // the reader sees the page of lists
	Did    *did
}

func (p *pages) show(w http.ResponseWriter, r *http.Request) {
	c, err := p.look(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	data := showData{card: c, Said: sentences(p.views.Lang(r), c.Campaign), Did: p.didOf(r)}
	if data.Floors = slices.Contains(page.Floor, campaign.CallerFrom(r.Context()).Role); data.Floors {
		a, err := p.lists.ListLists(r.Context(), &pb.ListListsRequest{CampaignId: c.GetId(), PageSize: listsShown})
		if err != nil {
			p.views.Fail(w, r, err)
			return
		}
		data.Lists, data.Rest = a.GetLists(), a.GetNextPageToken() != ""
	}
	p.views.Page(w, r, http.StatusOK, "campaign", sheet("camp_title", data))
}

// look is a request's campaign with its figures.
func (p *pages) look(r *http.Request) (card, error) {
	id, err := idOf(r)
	if err != nil {
		return card{}, err
	}
	a, err := p.campaigns.GetCampaign(r.Context(), &pb.GetCampaignRequest{Id: id})
	if err != nil {
		return card{}, err
	}
	return p.card(r.Context(), a.GetCampaign(), manages(r))
}

func (p *pages) showLive(w http.ResponseWriter, r *http.Request) {
	p.stream(w, r, func() ([]part, error) {
		c, err := p.look(r)
		if err != nil {
			return nil, err
		}
		return p.parts(r, c, "state", "acts", "ends", "figures", "ahead")
	})
}

// whyData says why leads are not called now.
type whyData struct {
	*pb.Campaign
	*schedulerv1.ExplainCampaignResponse
}

// WhySoon says that looking at all leads costs little enough to be done for everybody who opens the page.
func (d showData) WhySoon() bool { return d.F.Total() <= whySoon }

// why looks at every lead of a campaign, so it is a part of its own that is asked for once the page is there.
func (p *pages) why(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	c, err := p.campaigns.GetCampaign(r.Context(), &pb.GetCampaignRequest{Id: id})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	a, err := p.schedule.ExplainCampaign(r.Context(), &schedulerv1.ExplainCampaignRequest{CampaignId: id})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	data := whyData{c.GetCampaign(), a}
	if r.URL.Query().Has("part") {
		p.views.Part(w, r, http.StatusOK, "why", data)
		return
	}
	p.views.Page(w, r, http.StatusOK, "whypage", sheet("camp_why", data))
}

// replan follows how the waiting leads are planned anew after a change of rules.
func (p *pages) replan(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	stream, err := p.schedule.WatchReplan(r.Context(), &schedulerv1.WatchReplanRequest{CampaignId: id})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	out := page.NewLive(w, r)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return // the page asks again
		}
		if out.SendJSON("progress", progress{m.GetTotal() - m.GetRemaining(), m.GetTotal()}) != nil {
			return
		}
		if m.GetRemaining() == 0 {
			break
		}
	}
	if r.Context().Err() == nil {
		_ = out.Send("done", []byte("-")) // whoever went away needs no end
	}
}

// progress is how far long work is.
type progress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// chartData is what comes due by the hour, as the drawing needs it: heights are of 100.
type chartData struct {
	Bars  []chartBar
	Marks []chartMark // hours written below, evenly spread
	Most  int64
	Zone  string
}

type chartBar struct {
	X, W, H, Left float64 // left: what is expected to be left at the hour's end
	Hour          string
	Callable      int64
	Rest, Calls   int64
}

type chartMark struct {
	X    float64
	Text string
}

// Chart is the forecast of the campaign's next hours.
func (c card) Chart() chartData {
	hours := c.F.Forecast.GetAll().GetHours()
	d := chartData{Zone: c.GetZone()}
	for _, h := range hours {
		d.Most = max(d.Most, h.GetCallable())
	}
	if d.Most == 0 || len(hours) == 0 {
		return d
	}
	width := 100 / float64(len(hours))
	for i, h := range hours {
		at := page.In(h.GetFrom().AsTime(), c.GetZone())
		d.Bars = append(d.Bars, chartBar{
			X: float64(i)*width + width*0.1, W: width * 0.8, H: 100 * float64(h.GetCallable()) / float64(d.Most),
			Left: 100 * min(1, h.GetLeft()/float64(d.Most)), Hour: at.Format("15:04"),
			Callable: h.GetCallable(), Rest: int64(h.GetLeft() + 0.5), Calls: int64(h.GetCalls() + 0.5),
		})
		if i%4 == 0 {
			d.Marks = append(d.Marks, chartMark{float64(i) * width, at.Format("15:04")})
		}
	}
	return d
}

// bar is a part of a row of parts that fill 100 together.
type bar struct {
	Name  string
	Count int64
	X, W  float64
}

// bars are a campaign's leads by state, those callable now first where that is known.
func bars(f figures) []bar {
	open := f.Count("open")
	all := []bar{{Name: "open", Count: open}}
	if n := f.Callable(); n >= 0 {
		all = []bar{{Name: "callable", Count: n}, {Name: "waiting", Count: open - n}}
	}
	for _, s := range campaign.LeadStates {
		if s != campaign.LeadOpen {
			all = append(all, bar{Name: string(s), Count: f.Count(string(s))})
		}
	}
	total, x := float64(max(1, f.Total())), 0.0
	for i := range all {
		all[i].X, all[i].W = x, 100*float64(all[i].Count)/total
		x += all[i].W
	}
	return all
}

// Clock is the campaign's time of day, by the minute so that a live part changes no more often.
func (c card) Clock() string { return page.Minute(c.Now, c.GetZone()) }

// More is when there is work again after the leads ran out; nil: at once, or not told.
func (c card) More() *timestamppb.Timestamp {
	all := c.F.Forecast.GetAll()
	if all.GetMoreAt().AsTime().Sub(all.GetDryAt().AsTime()) < time.Minute {
		return nil
	}
	return all.GetMoreAt()
}

// Dry is whether the leads run out within so long.
func (c card) Dry() bool {
	at := c.F.Forecast.GetAll().GetDryAt()
	return at.IsValid() && at.AsTime().Sub(c.Now) < 2*time.Hour
}
