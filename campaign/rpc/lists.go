package rpc

import (
	"cmp"
	"context"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Lists reads lists and what did not become a lead.
type Lists interface {
	// Lists are those below before, newest first; campaign 0: of all.
	Lists(ctx context.Context, id campaign.CampaignID, before campaign.ListID, limit int) ([]campaign.List, error)
	List(ctx context.Context, id campaign.ListID) (campaign.List, error)
	// Problems are those after a place, by line, and the place to go on at; zero: that was all.
	Problems(ctx context.Context, id campaign.ListID, after campaign.ProblemCursor, limit int) ([]campaign.Problem, campaign.ProblemCursor, error)
	// Headings are the columns of the file.
	Headings(ctx context.Context, id campaign.ListID) ([]string, error)
	// Campaign is the one that a list is for.
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	// ListCounts are the leads of some lists by state, and how many were called.
	ListCounts(ctx context.Context, ids []campaign.ListID) (map[campaign.ListID]campaign.ListCounts, error)
	// ProblemCounts are how often a list's rows had a problem of each kind, most frequent first.
	ProblemCounts(ctx context.Context, id campaign.ListID) ([]campaign.ProblemCount, error)
	Templates
	Deeds
}

// ListLife changes what becomes of lists.
type ListLife interface {
	SetPriority(ctx context.Context, id campaign.ListID, priority int) (campaign.List, error)
	SwitchOn(ctx context.Context, id campaign.ListID) (campaign.List, error)
	// SwitchOff also counts the cards taken back.
	SwitchOff(ctx context.Context, id campaign.ListID) (l campaign.List, revoked int64, err error)
	// UndoImport also counts the leads withdrawn and those that stay.
	UndoImport(ctx context.Context, id campaign.ListID) (l campaign.List, withdrawn, kept int64, err error)
	// SetListHours says when the list's leads may be called, within the campaign's hours; version is the one that was seen.
	SetListHours(ctx context.Context, id campaign.ListID, version int64, hours []campaign.Window, calendars []string) (campaign.List, error)
}

// ListServer serves ListService.
type ListServer struct {
	pb.UnimplementedListServiceServer
	uploads Uploads
	intake  Intake
	lists   Lists
	life    ListLife
	tables  Tables
	floor   Floor
	largest int64 // bytes of an upload; 0: as the record has room
}

// WithLargest bounds the bytes of an upload.
func (s *ListServer) WithLargest(bytes int64) *ListServer {
	s.largest = bytes
	return s
}

// NewLists makes the service; a nil floor is nobody to tell.
func NewLists(u Uploads, in Intake, l Lists, life ListLife, t Tables, floor Floor) *ListServer {
	return &ListServer{uploads: u, intake: in, lists: l, life: life, tables: t, floor: orNobody(floor)}
}

// ListLists is a page of lists, newest first.
func (s *ListServer) ListLists(ctx context.Context, r *pb.ListListsRequest) (*pb.ListListsResponse, error) {
	type query struct{ Campaign int64 }
	q := query{r.GetCampaignId()}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	var before campaign.ListID
	if err := wire.FromPageToken(r.GetPageToken(), q, &before); err != nil {
		return nil, err
	}
	caller := campaign.CallerFrom(ctx)
	var rows []campaign.List
	for len(rows) <= size {
		some, err := s.lists.Lists(ctx, campaign.CampaignID(q.Campaign), before, size+1)
		if err != nil {
			return nil, err
		}
		for i := range some {
			if before = some[i].ID; caller.Sees(some[i].CampaignID) {
				rows = append(rows, some[i])
			}
		}
		if len(some) <= size {
			break
		}
	}
	rows = rows[:min(len(rows), size+1)]
	rows, next := wire.Cut(rows, size, q, func(l *campaign.List) any { return l.ID })
	out := &pb.ListListsResponse{NextPageToken: next}
	for i := range rows {
		out.Lists = append(out.Lists, wire.List(&rows[i]))
	}
	if r.GetCounted() {
		return out, s.count(ctx, out.GetLists())
	}
	return out, nil
}

// GetList is one list.
func (s *ListServer) GetList(ctx context.Context, r *pb.GetListRequest) (*pb.GetListResponse, error) {
	l, err := s.lists.List(ctx, campaign.ListID(r.GetId()))
	if err != nil {
		return nil, err
	}
	out := &pb.GetListResponse{List: wire.List(&l)}
	if !r.GetCounted() {
		return out, nil
	}
	problems, err := s.lists.ProblemCounts(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	out.List.ProblemCounts = wire.ProblemCounts(problems)
	return out, s.count(ctx, []*pb.List{out.GetList()})
}

// ListProblems is a page of what did not become a lead, by line.
func (s *ListServer) ListProblems(ctx context.Context, r *pb.ListProblemsRequest) (*pb.ListProblemsResponse, error) {
	type query struct{ List int64 }
	q := query{r.GetListId()}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	var after campaign.ProblemCursor
	if err := wire.FromPageToken(r.GetPageToken(), q, &after); err != nil {
		return nil, err
	}
	id := campaign.ListID(q.List)
	page, next, err := s.lists.Problems(ctx, id, after, size)
	if err != nil {
		return nil, err
	}
	headings, err := s.lists.Headings(ctx, id)
	if err != nil {
		return nil, err
	}
	l, err := s.lists.List(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.hidesRows(ctx, l.CampaignID) {
		maskProblems(page)
	}
	out := &pb.ListProblemsResponse{Problems: wire.Problems(page), Headings: headings}
	if next != (campaign.ProblemCursor{}) {
		out.NextPageToken = wire.PageToken(q, next)
	}
	return out, nil
}

// UndoImport withdraws the list's leads that were never called.
func (s *ListServer) UndoImport(ctx context.Context, r *pb.UndoImportRequest) (*pb.UndoImportResponse, error) {
	l, withdrawn, kept, err := s.life.UndoImport(ctx, campaign.ListID(r.GetListId()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	return &pb.UndoImportResponse{List: wire.List(&l), Withdrawn: withdrawn, Kept: kept}, nil
}

// SetPriority places the list among the campaign's fresh leads.
func (s *ListServer) SetPriority(ctx context.Context, r *pb.SetPriorityRequest) (*pb.SetPriorityResponse, error) {
	l, err := s.life.SetPriority(ctx, campaign.ListID(r.GetListId()), int(r.GetPriority()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	return &pb.SetPriorityResponse{List: wire.List(&l)}, nil
}

// SwitchOff stops offering the list at once.
func (s *ListServer) SwitchOff(ctx context.Context, r *pb.SwitchOffRequest) (*pb.SwitchOffResponse, error) {
	l, revoked, err := s.life.SwitchOff(ctx, campaign.ListID(r.GetListId()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	return &pb.SwitchOffResponse{List: wire.List(&l), Revoked: revoked}, nil
}

// SwitchOn offers the list again.
func (s *ListServer) SwitchOn(ctx context.Context, r *pb.SwitchOnRequest) (*pb.SwitchOnResponse, error) {
	l, err := s.life.SwitchOn(ctx, campaign.ListID(r.GetListId()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	return &pb.SwitchOnResponse{List: wire.List(&l)}, nil
}

// SetHours narrows when the list's leads may be called.
func (s *ListServer) SetHours(ctx context.Context, r *pb.SetHoursRequest) (*pb.SetHoursResponse, error) {
	hours, err := wire.FromWindows("hours", r.GetHours())
	if err != nil {
		return nil, err
	}
	if err := campaign.ValidateWindows("hours", hours); err != nil {
		return nil, err
	}
	id := campaign.ListID(r.GetId())
	for try := 1; ; try++ {
		l, err := s.lists.List(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := s.meets(ctx, &l, hours, r.GetCalendars()); err != nil {
			return nil, err
		}
		version := cmp.Or(r.GetVersion(), l.Version)
		l, err = s.life.SetListHours(ctx, id, version, hours, r.GetCalendars())
		if campaign.ReasonOf(err) == campaign.ReasonVersion && r.GetVersion() == 0 && try < hoursTries {
			continue // somebody changed the list meanwhile, and whatever it is was asked for
		}
		if err != nil {
			return nil, err
		}
		s.floor.Wake(l.CampaignID)
		return &pb.SetHoursResponse{List: wire.List(&l)}, nil
	}
}

// hoursTries bounds how often SetHours begins again.
const hoursTries = 5

// meets refuses hours that share no minute with the campaign's. Calendars may open other days and hours, so that with
// any of them it is not certain.
func (s *ListServer) meets(ctx context.Context, l *campaign.List, hours []campaign.Window, calendars []string) error {
	if len(hours) == 0 || len(calendars) > 0 {
		return nil
	}
	c, err := s.lists.Campaign(ctx, l.CampaignID)
	if err != nil {
		return err
	}
	if len(c.Rules.Calendars) > 0 || campaign.Overlap(hours, c.Rules.Windows()) {
		return nil
	}
	return campaign.Invalid("hours", "share no minute with the campaign's hours: nobody of the list would ever be called")
}
