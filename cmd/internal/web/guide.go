package web

import (
	"net/http"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	campaignpb "redial/proto/campaign/v1"
)

// guideAgent is the login of the agent that a demonstration keeps for the newcomer.
const guideAgent = "you"

// part is somebody whom the newcomer of a demonstration may be, and where that one works.
type part struct {
	Name  string // as the form says it
	Role  campaign.Role
	Place string
}

var parts = []part{
	{"agent", campaign.RoleAgent, "/desk"}, {"manager", campaign.RoleManager, "/campaigns"}, {"supervisor", campaign.RoleSupervisor, "/floor"},
}

// guidePage is what the guide shows.
type guidePage struct {
	Parts  []part
	Switch bool // this session may be somebody else
}

// mountGuide adds the guide; only a demonstration has one.
func (s *Site) mountGuide(mux *http.ServeMux) {
	if !s.Demo {
		return
	}
	mux.Handle("GET /guide", s.open(viewers, s.guide))
	mux.Handle("POST /guide/be", s.open(viewers, s.be))
}

// starter says whether a session is the one of the link that the server printed: nobody else may be somebody else.
func (s *Site) starter(c *campaign.Caller) bool {
	return s.Demo && c.Role == campaign.RoleAdmin && c.Token == 0
}

func (s *Site) guide(w http.ResponseWriter, r *http.Request) {
	g := guidePage{Parts: parts}
	if kept, err := s.sessions.find(r.Context(), sessionOf(r)); err == nil {
		g.Switch = s.starter(&kept.Caller)
	}
	s.views.Page(w, r, http.StatusOK, "guide", page.Sheet{Title: "nav_guide", Data: g})
}

// be lets the newcomer be somebody else, or itself again. The audit log says so, by who it really is.
func (s *Site) be(w http.ResponseWriter, r *http.Request) {
	id := sessionOf(r)
	kept, err := s.sessions.find(r.Context(), id)
	if err != nil {
		s.stranger(w, r, err)
		return
	}
	if !s.starter(&kept.Caller) {
		s.denied(w, r, campaign.CallerFrom(r.Context()), true)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	to, place := part{Name: "me"}, "/guide"
	for _, p := range parts {
		if p.Name == r.PostFormValue("as") {
			to, place = p, p.Place
		}
	}
	if err := s.turn(r, id, kept, to); err != nil {
		s.views.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, place, http.StatusSeeOther)
}

// turn makes a session act for a part; as itself it looks up the agent, and only then it acts for it.
func (s *Site) turn(r *http.Request, id string, kept campaign.WebSession, to part) error {
	ctx := r.Context()
	kept.Acting = nil
	if err := s.sessions.change(ctx, id, kept); err != nil {
		return err
	}
	real := kept.Caller
	real.From = address(r)
	if s.Deeds != nil {
		if err := s.Deeds.LogDeed(campaign.WithCaller(ctx, real), "act_as", to.Name, nil, "demonstration"); err != nil {
			return err //nolint:wrapcheck // its kind is what counts
		}
	}
	switch to.Role {
	case "":
		return nil
	case campaign.RoleAgent:
		a, err := campaignpb.NewAdminServiceClient(s.API).GetAgent(ctx, &campaignpb.GetAgentRequest{Login: guideAgent})
		if err != nil {
			return err //nolint:wrapcheck // of the API
		}
		kept.Acting = &campaign.Caller{Owner: guideAgent, Role: to.Role, Agent: campaign.AgentID(a.GetAgent().GetId())}
	default:
		kept.Acting = &campaign.Caller{Owner: kept.Caller.Owner + " as " + to.Name, Role: to.Role}
	}
	return s.sessions.change(ctx, id, kept)
}
