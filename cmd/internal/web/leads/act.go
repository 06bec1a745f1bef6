package leads

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/web/page"
)

// deed is what may be done about a lead.
type deed struct {
	do   func(*pages, context.Context, order, *shown) error
	need string // of the caller
}

// acts are what may be done about a lead, by the last part of the address.
var acts = map[string]deed{
	"edit": {(*pages).edit, needChange}, "withdraw": {(*pages).withdraw, needChange}, "reopen": {(*pages).reopen, needChange},
	"move": {(*pages).move, needChange}, "erase": {(*pages).erase, needErase}, "reveal": {(*pages).reveal, needReveal},
	"suppress": {(*pages).suppress, needSuppress}, "lift": {(*pages).lift, needSuppress},
	"book": {(*pages).book, needBook}, "reschedule": {(*pages).reschedule, needBook}, "cancel": {(*pages).cancel, needBook},
	"reassign": {(*pages).reassign, needReassign},
	"consent":  {(*pages).consent, needChange}, "revoke": {(*pages).revoke, needChange},
}

// naming are the fields of the acts that name an agent.
var naming = map[string]string{"book": "agent", "reschedule": "agent", "cancel": "agent", "reassign": "owner"}

// didIn is what the address of a page says was done; empty: nothing.
func didIn(r *http.Request) string {
	did := r.URL.Query().Get("did")
	if _, ok := acts[did]; !ok {
		return ""
	}
	return did
}

// ask leads from the address of an act, where a refused one was shown, to the lead with its dialog open.
func ask(w http.ResponseWriter, r *http.Request) {
	at := url.URL{Path: "/leads/" + r.PathValue("id"), RawQuery: url.Values{"ask": {r.PathValue("act")}}.Encode()}
	http.Redirect(w, r, at.String(), http.StatusSeeOther)
}

// act does something about a lead. What was refused is told on the lead's page, with what was typed.
func (p *pages) act(w http.ResponseWriter, r *http.Request) {
	id, err := leadIn(r)
	deed, known := acts[r.PathValue("act")]
	if err == nil && !known {
		err = status.Error(codes.NotFound, "there is nothing of this name to do")
	}
	if err == nil {
		if err = r.ParseForm(); err != nil {
			err = status.Error(codes.InvalidArgument, "the form did not come whole: "+err.Error())
		}
	}
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if c := campaign.CallerFrom(r.Context()); !mayOf(&c)[deed.need] {
		p.views.Page(w, r, http.StatusForbidden, "forbidden", sheet("problem", forbidden{id, r.PathValue("act"), deed.need}))
		return
	}
	s := &shown{}
	if err := deed.do(p, r.Context(), order{r, id}, s); err != nil {
		p.refuse(w, r, id, s, err)
		return
	}
	if len(s.Revealed) > 0 { // shown once: nothing keeps them
		p.draw(w, r, id, http.StatusOK, s)
		return
	}
	if s.Moved != 0 {
		id = s.Moved
	}
	http.Redirect(w, r, "/leads/"+strconv.FormatInt(id, 10)+"?did="+r.PathValue("act"), http.StatusSeeOther)
}

// forbidden is an act that the caller's role does not allow.
type forbidden struct {
	ID        int64
	Act, Need string
}

// refuse shows the lead as it is now, with what was typed and why it was not done.
func (p *pages) refuse(w http.ResponseWriter, r *http.Request, id int64, s *shown, err error) {
	if status.Code(err) == codes.Unauthenticated {
		p.views.Fail(w, r, err)
		return
	}
	var problem page.Problem
	lang := p.views.Lang(r)
	if field, ok := naming[r.PathValue("act")]; ok && status.Code(err) == codes.NotFound {
		err = fault{field, "leads_wrong_login"} // the promise was found; of a lead that is none the page says so itself
	}
	if f, ok := errors.AsType[fault](err); ok {
		problem = page.Problem{Status: http.StatusBadRequest, Message: lang.Text("leads_check"), Fields: []page.Field{{Name: f.field, Message: lang.Text(f.key)}}}
	} else if errors.Is(err, errStale) {
		problem = page.Problem{Status: http.StatusConflict, Reason: campaign.ReasonVersion}
	} else {
		problem = p.views.ProblemOf(r, err)
	}
	s.Problem, s.Typed, s.Ask, s.Conflict = &problem, r.PostForm, r.PathValue("act"), problem.Reason == campaign.ReasonVersion
	s.blame(problem.Fields)
	if s.Conflict {
		problem.Message, problem.Lang = lang.Text("leads_conflict"), ""
	} else if len(problem.Fields) > 0 && len(s.Rest) == 0 {
		problem.Message, problem.Lang = lang.Text("leads_check"), "" // each field says the rest
	}
	p.draw(w, r, id, problem.Status, s)
}
