package campaigns

import (
	"net/http"
	"net/url"
	"strconv"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// did is what was just done to a campaign, told on the page that is shown after it.
type did struct {
	What                           string // start, pause, finish, made or saved
	ID                             int64
	Name                           string // of the campaign, on the list; empty: the page is the campaign's own
	Revoked, Open, Cancelled, Kept int64
	Replan                         bool     // leads are planned anew
	Warnings                       []string // what must be known of it
}

// didOf reads what was done from an address: numbers and a word that is known, nothing else is shown.
func (p *pages) didOf(r *http.Request) *did {
	q := r.URL.Query()
	switch q.Get("did") {
	case "start", "pause", "finish", "made", "saved":
	default:
		return nil
	}
	n := func(name string) int64 {
		v, _ := strconv.ParseInt(q.Get(name), 10, 64) // 0: not said
		return max(0, v)
	}
	return &did{
		What: q.Get("did"), ID: n("campaign"), Revoked: n("revoked"), Open: n("open"), Cancelled: n("cancelled"), Kept: n("kept"),
		Replan: q.Get("replan") == "1", Warnings: p.notes.told(campaign.CallerFrom(r.Context()).Owner, q.Get("note"), p.now()),
	}
}

// askData asks before something is done to a campaign.
type askData struct {
	card
	What    string
	Back    string // "list", or empty for the campaign's page
	Part    bool   // drawn into a dialog
	Problem *page.Problem
}

// ask shows what starting, pausing or finishing a campaign will do, with the button that does it.
func (p *pages) ask(what string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.asking(w, r, http.StatusOK, askData{What: what, Back: r.URL.Query().Get("back"), Part: r.URL.Query().Has("part")})
	}
}

func (p *pages) asking(w http.ResponseWriter, r *http.Request, code int, data askData) {
	id, err := idOf(r)
	if err == nil {
		p.figures.forget(id) // what a person decides by is asked now
		data.card, err = p.look(r)
	}
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if data.Part {
		p.views.Part(w, r, code, "ask", data)
		return
	}
	p.views.Page(w, r, code, "askpage", sheet("camp_ask_"+data.What, data))
}

func (p *pages) start(w http.ResponseWriter, r *http.Request) {
	p.do(w, r, "start", func(id int64) (url.Values, error) {
		_, err := p.campaigns.StartCampaign(r.Context(), &pb.StartCampaignRequest{Id: id})
		return nil, err
	})
}

func (p *pages) pause(w http.ResponseWriter, r *http.Request) {
	p.do(w, r, "pause", func(id int64) (url.Values, error) {
		a, err := p.campaigns.PauseCampaign(r.Context(), &pb.PauseCampaignRequest{Id: id})
		return counts("revoked", a.GetRevoked(), "open", a.GetOpenPromises()), err
	})
}

func (p *pages) finish(w http.ResponseWriter, r *http.Request) {
	p.do(w, r, "finish", func(id int64) (url.Values, error) {
		policy := pb.PromisePolicy(pb.PromisePolicy_value["PROMISE_POLICY_"+r.PostFormValue("promises")])
		a, err := p.campaigns.FinishCampaign(r.Context(), &pb.FinishCampaignRequest{Id: id, Promises: policy})
		return counts("cancelled", a.GetCancelled(), "kept", a.GetKept()), err
	})
}

// counts are numbers by name, for an address.
func counts(name string, n int64, other string, m int64) url.Values {
	return url.Values{name: {strconv.FormatInt(n, 10)}, other: {strconv.FormatInt(m, 10)}}
}

// do does something to a campaign, and goes on to the page that tells so.
func (p *pages) do(w http.ResponseWriter, r *http.Request, what string, act func(id int64) (url.Values, error)) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	tell, err := act(id)
	if err != nil {
		problem := p.views.ProblemOf(r, err)
		if problem.Code == "FailedPrecondition" {
			p.asking(w, r, http.StatusConflict, askData{What: what, Back: r.PostFormValue("back"), Problem: &problem})
			return
		}
		p.views.Fail(w, r, err)
		return
	}
	p.figures.forget(id)
	if tell == nil {
		tell = url.Values{}
	}
	tell.Set("did", what)
	path := "/campaigns/" + strconv.FormatInt(id, 10)
	if r.PostFormValue("back") == "list" {
		tell.Set("campaign", strconv.FormatInt(id, 10))
		path = "/campaigns"
	}
	http.Redirect(w, r, path+"?"+tell.Encode(), http.StatusSeeOther)
}
