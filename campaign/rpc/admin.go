package rpc

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// AgentBook keeps agents.
type AgentBook interface {
	CreateAgent(ctx context.Context, a campaign.Agent) (campaign.Agent, error)
	Agent(ctx context.Context, id campaign.AgentID) (campaign.Agent, error)
	AgentByLogin(ctx context.Context, login string) (campaign.Agent, error)
	// Agents are all of them, those who left too, by login.
	Agents(ctx context.Context) ([]campaign.Agent, error)
	// UpdateAgent gives the promises of one who leaves to another, 0 to any fit one, and counts them.
	UpdateAgent(ctx context.Context, a campaign.Agent, to campaign.AgentID) (after campaign.Agent, moved int64, err error)
}

// TokenBook keeps tokens.
type TokenBook interface {
	// KeepToken keeps a token with the hash of its secret.
	KeepToken(ctx context.Context, want campaign.Token, secret string) (campaign.Token, error)
	// KeepCertificate keeps a token that is the client certificate named in it. Error: KindConflict when another in force is.
	KeepCertificate(ctx context.Context, want campaign.Token) (campaign.Token, error)
	// Tokens are all of them, newest first.
	Tokens(ctx context.Context) ([]campaign.Token, error)
	RevokeToken(ctx context.Context, id campaign.TokenID) (campaign.Token, error)
	// EndWebSessionsOf ends the sessions of the pages whose caller has this owner, and says how many there were.
	EndWebSessionsOf(ctx context.Context, owner string) (int, error)
}

// Names are the campaigns, for people.
type Names interface {
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
}

// Auditor walks the ledger.
type Auditor interface {
	// Audit tells found of every breach, of one campaign or (0) of all, and answers with what was looked at. It ends
	// with found's error.
	Audit(ctx context.Context, id campaign.CampaignID, found func(campaign.Breach) error) (campaign.AuditSummary, error)
}

// Ledger is the record as a whole.
type Ledger interface {
	Auditor
	AuditLog
	Backups
}

// SignOut ends an agent's session, after the call in hand if there is one; an agent who is signed out stays so.
type SignOut func(ctx context.Context, id campaign.AgentID) error

// About says what is running.
type About struct {
	Version   string
	Node      string // unique among the nodes of one database
	Engine    string // sqlite or postgres
	Schema    int    // number of the last migration
	Redis     string // embedded, single, sentinel or cluster
	RedisUp   func(context.Context) bool
	Now       func() time.Time // the clock that counts: the record's
	StartedAt time.Time
	Demo      bool
	TZData    string // version of the zone data in use

	ClockOffset func() time.Duration // how far the clock that counts is ahead of the machine's
}

// AdminServer serves AdminService.
type AdminServer struct {
	pb.UnimplementedAdminServiceServer
	agents    AgentBook
	tokens    TokenBook
	names     Names
	calendars Calendars
	record    Ledger
	out       SignOut
	floor     Floor
	about     About
}

// NewAdmin makes the service; a nil floor is nobody to tell.
func NewAdmin(a AgentBook, t TokenBook, n Names, cal Calendars, record Ledger, out SignOut, floor Floor, about About) *AdminServer {
	return &AdminServer{agents: a, tokens: t, names: n, calendars: cal, record: record, out: out, floor: orNobody(floor), about: about}
}

// CreateAgent adds somebody who calls.
func (s *AdminServer) CreateAgent(ctx context.Context, r *pb.CreateAgentRequest) (*pb.CreateAgentResponse, error) {
	if r.GetAgent() == nil {
		return nil, campaign.Invalid("agent", "is missing: give at least its login")
	}
	a := wire.FromAgent(r.GetAgent())
	if a.Name == "" {
		a.Name = a.Login
	}
	caller := campaign.CallerFrom(ctx)
	if !caller.SeesAgent(&a) {
		return nil, campaign.Invalid("agent.campaigns", "names none of your campaigns: an agent that you add works on one of them")
	}
	names, err := s.campaigns(ctx, a) // a campaign that does not exist is NOT_FOUND before anything is written
	if err != nil {
		return nil, err
	}
	made, err := s.agents.CreateAgent(ctx, a)
	if err != nil {
		return nil, err
	}
	return &pb.CreateAgentResponse{Agent: wire.Agent(&made, names)}, nil
}

// campaigns are the names of the campaigns that the agents work on.
func (s *AdminServer) campaigns(ctx context.Context, agents ...campaign.Agent) (map[campaign.CampaignID]string, error) {
	names := make(map[campaign.CampaignID]string)
	for i := range agents {
		for _, m := range agents[i].Campaigns {
			if _, ok := names[m.CampaignID]; ok {
				continue
			}
			c, err := s.names.Campaign(ctx, m.CampaignID)
			if err != nil {
				return nil, err
			}
			names[m.CampaignID] = c.Name
		}
	}
	return names, nil
}

func (s *AdminServer) shown(ctx context.Context, a campaign.Agent) (*pb.Agent, error) {
	caller := campaign.CallerFrom(ctx)
	a.Campaigns = own(&caller, a.Campaigns)
	names, err := s.campaigns(ctx, a)
	if err != nil {
		return nil, err
	}
	return wire.Agent(&a, names), nil
}

// GetAgent finds one by id or by login.
func (s *AdminServer) GetAgent(ctx context.Context, r *pb.GetAgentRequest) (*pb.GetAgentResponse, error) {
	if err := exactlyOne(r.GetId(), r.GetLogin(), "login"); err != nil {
		return nil, err
	}
	var a campaign.Agent
	var err error
	if r.GetId() != 0 {
		a, err = s.agents.Agent(ctx, campaign.AgentID(r.GetId()))
	} else {
		a, err = s.agents.AgentByLogin(ctx, r.GetLogin())
	}
	if caller := campaign.CallerFrom(ctx); err == nil && !caller.SeesAgent(&a) {
		err = campaign.NotFound("agent", cmp.Or[any](r.GetLogin(), r.GetId()))
	}
	if err != nil {
		return nil, err
	}
	shown, err := s.shown(ctx, a)
	return &pb.GetAgentResponse{Agent: shown}, err
}

// ListAgents is a page of agents by login.
func (s *AdminServer) ListAgents(ctx context.Context, r *pb.ListAgentsRequest) (*pb.ListAgentsResponse, error) {
	type query struct {
		Campaign campaign.CampaignID
		Inactive bool
	}
	q := query{campaign.CampaignID(r.GetCampaignId()), r.GetInactive()}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	after := ""
	if err := wire.FromPageToken(r.GetPageToken(), q, &after); err != nil {
		return nil, err
	}
	all, err := s.agents.Agents(ctx)
	if err != nil {
		return nil, err
	}
	caller := campaign.CallerFrom(ctx)
	all = slices.DeleteFunc(all, func(a campaign.Agent) bool {
		works := slices.ContainsFunc(a.Campaigns, func(m campaign.Membership) bool { return m.CampaignID == q.Campaign })
		return !caller.SeesAgent(&a) || a.Login <= after || !a.Active && !q.Inactive || q.Campaign != 0 && !works
	})
	slices.SortFunc(all, func(a, b campaign.Agent) int { return strings.Compare(a.Login, b.Login) })
	rows, next := wire.Cut(all, size, q, func(a *campaign.Agent) any { return a.Login })
	for i := range rows {
		rows[i].Campaigns = own(&caller, rows[i].Campaigns)
	}
	names, err := s.campaigns(ctx, rows...)
	if err != nil {
		return nil, err
	}
	out := &pb.ListAgentsResponse{NextPageToken: next}
	for i := range rows {
		out.Agents = append(out.Agents, wire.Agent(&rows[i], names))
	}
	return out, nil
}

// UpdateAgent changes the fields that the mask names.
func (s *AdminServer) UpdateAgent(ctx context.Context, r *pb.UpdateAgentRequest) (*pb.UpdateAgentResponse, error) {
	take, err := masked(r.GetUpdateMask(), "name", "skills", "campaigns", "active")
	if err != nil {
		return nil, err
	}
	given := wire.FromAgent(r.GetAgent())
	a, err := s.agents.Agent(ctx, given.ID)
	if err != nil {
		return nil, err
	}
	caller := campaign.CallerFrom(ctx)
	if err := mayChange(&caller, &a, take); err != nil {
		return nil, err
	}
	was := a
	a.Version = given.Version
	if take["name"] {
		a.Name = given.Name
	}
	if take["skills"] {
		a.Skills = given.Skills
	}
	if take["campaigns"] {
		a.Campaigns = append(given.Campaigns, others(&caller, was.Campaigns)...)
	}
	if take["active"] {
		a.Active = given.Active
	}
	leaves := was.Active && !a.Active
	if r.GetPromisesTo() != 0 && !leaves {
		return nil, campaign.Invalid("promises_to", "goes with an agent who becomes inactive only: leave it out")
	}
	if _, err := s.campaigns(ctx, a); err != nil {
		return nil, err
	}
	after, moved, err := s.agents.UpdateAgent(ctx, a, campaign.AgentID(r.GetPromisesTo()))
	if err != nil {
		return nil, err
	}
	if leaves {
		if err := s.out(ctx, after.ID); err != nil {
			return nil, err
		}
	}
	for _, m := range append(was.Campaigns, after.Campaigns...) {
		s.floor.Wake(m.CampaignID)
	}
	shown, err := s.shown(ctx, after)
	return &pb.UpdateAgentResponse{Agent: shown, Moved: moved}, err
}

// Audit walks the ledger and tells of every breach as it is found, then the summary.
func (s *AdminServer) Audit(r *pb.AuditRequest, stream grpc.ServerStreamingServer[pb.AuditResponse]) error {
	ctx, id := stream.Context(), campaign.CampaignID(r.GetCampaignId())
	if id != 0 {
		if _, err := s.names.Campaign(ctx, id); err != nil {
			return err
		}
	}
	sum, err := s.record.Audit(ctx, id, func(b campaign.Breach) error {
		return stream.Send(&pb.AuditResponse{Item: &pb.AuditResponse_Breach{Breach: wire.Breach(&b)}})
	})
	if err != nil {
		return err
	}
	return stream.Send(&pb.AuditResponse{Item: &pb.AuditResponse_Summary{Summary: wire.AuditSummary(&sum)}})
}

// GetServer says what is running.
func (s *AdminServer) GetServer(ctx context.Context, _ *pb.GetServerRequest) (*pb.GetServerResponse, error) {
	a := &s.about
	return &pb.GetServerResponse{
		Version: a.Version, Node: a.Node, Engine: a.Engine, Schema: int32(a.Schema), Redis: a.Redis, RedisUp: a.RedisUp(ctx),
		Now: wire.Time(a.Now()), StartedAt: wire.Time(a.StartedAt), Demo: a.Demo,
		Tzdata: a.TZData, ClockOffset: wire.Duration(a.ClockOffset()),
	}, nil
}
