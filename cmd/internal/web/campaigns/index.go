package campaigns

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

const indexSize = 20 // campaigns on a page of the list

// card is a campaign with its figures.
type card struct {
	*pb.Campaign
	F       figures
	Now     time.Time
	Manages bool
}

// indexData is the list.
type indexData struct {
	Cards   []card
	State   string // that is asked for; empty: any
	States  []string
	Next    string // page token; empty: that was all
	Query   string // of the address, for the live part
	Manages bool
	Did     *did
}

var states = []string{"running", "paused", "draft", "finished"}

func (p *pages) index(w http.ResponseWriter, r *http.Request) {
	data, err := p.list(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	p.views.Page(w, r, http.StatusOK, "campaigns", sheet("nav_campaigns", data))
}

func (p *pages) list(r *http.Request) (indexData, error) {
	q := r.URL.Query()
	data := indexData{States: states, Manages: manages(r), Did: p.didOf(r)}
	if slices.Contains(states, q.Get("state")) {
		data.State = q.Get("state")
	}
	keep := url.Values{}
	for _, name := range []string{"state", "page"} {
		if q.Get(name) != "" {
			keep.Set(name, q.Get(name))
		}
	}
	data.Query = keep.Encode()
	a, err := p.campaigns.ListCampaigns(r.Context(), &pb.ListCampaignsRequest{
		State: stateOf(data.State), PageSize: indexSize, PageToken: q.Get("page"),
	})
	if err != nil {
		return data, err
	}
	data.Next = a.GetNextPageToken()
	for _, c := range a.GetCampaigns() {
		one, err := p.card(r.Context(), c, data.Manages)
		if err != nil {
			return data, err
		}
		data.Cards = append(data.Cards, one)
		if data.Did != nil && data.Did.ID == c.GetId() {
			data.Did.Name = c.GetName()
		}
	}
	slices.SortStableFunc(data.Cards, func(a, b card) int {
		return slices.Index(states, word(a.GetState())) - slices.Index(states, word(b.GetState()))
	})
	return data, nil
}

func (p *pages) card(ctx context.Context, c *pb.Campaign, manages bool) (card, error) {
	f, err := p.figures.of(ctx, c)
	return card{Campaign: c, F: f, Now: p.now(), Manages: manages}, err
}

func stateOf(name string) pb.CampaignState {
	for _, s := range []pb.CampaignState{
		pb.CampaignState_CAMPAIGN_STATE_DRAFT, pb.CampaignState_CAMPAIGN_STATE_RUNNING,
		pb.CampaignState_CAMPAIGN_STATE_PAUSED, pb.CampaignState_CAMPAIGN_STATE_FINISHED,
	} {
		if word(s) == name {
			return s
		}
	}
	return pb.CampaignState_CAMPAIGN_STATE_UNSPECIFIED
}

// part is a piece of a live page: what goes into the element with this id.
type part struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
}

// stream sends the parts that draw gives whenever they changed, until the reader goes away or is signed out. A look that
// fails is passed over: the next one may not.
func (p *pages) stream(w http.ResponseWriter, r *http.Request, draw func() ([]part, error)) {
	out := page.NewLive(w, r)
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	sent := map[string]string{}
	quiet := time.Now()
	for {
		parts, err := draw()
		if err != nil && r.Context().Err() == nil {
			p.log.DebugContext(r.Context(), "a live page of campaigns cannot be drawn", "error", err)
		}
		for _, one := range parts {
			if sent[one.ID] == one.HTML {
				continue
			}
			if out.SendJSON("part", one) != nil {
				return
			}
			sent[one.ID], quiet = one.HTML, time.Now()
		}
		if time.Since(quiet) >= page.BeatEvery {
			if out.Beat() != nil {
				return
			}
			quiet = time.Now()
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// parts are pieces of a card: each template drawn into the element of its name and the campaign's number.
func (p *pages) parts(r *http.Request, c card, names ...string) ([]part, error) {
	var all []part
	for _, name := range names {
		raw, err := p.views.Draw(r, name, c)
		if err != nil {
			return nil, err
		}
		all = append(all, part{name + "-" + strconv.FormatInt(c.GetId(), 10), string(raw)})
	}
	return all, nil
}

func (p *pages) indexLive(w http.ResponseWriter, r *http.Request) {
	p.stream(w, r, func() ([]part, error) {
		data, err := p.list(r)
		if err != nil {
			return nil, err
		}
		var all []part
		for _, c := range data.Cards {
			some, err := p.parts(r, c, "state", "acts", "figures")
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	})
}
