package rpc

import (
	"context"
	"errors"
	"slices"

	"redial/campaign"
	"redial/campaign/calendarfile"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Calendars keeps calendars.
type Calendars interface {
	Calendar(ctx context.Context, name string) (campaign.Calendar, error)
	// Calendars are all of them by name, without weeks and days.
	Calendars(ctx context.Context) ([]campaign.Calendar, error)
	// PutCalendar makes or replaces one; its Version is the one that was seen, 0: it is new.
	PutCalendar(ctx context.Context, c campaign.Calendar) (campaign.Calendar, error)
	// DeleteCalendar refuses while a campaign or list names it.
	DeleteCalendar(ctx context.Context, name string) error
	// CampaignsNaming are the campaigns that name it, themselves or by a list.
	CampaignsNaming(ctx context.Context, name string) ([]campaign.CampaignID, error)
}

// PutCalendar makes a calendar or replaces it whole.
func (s *AdminServer) PutCalendar(ctx context.Context, r *pb.PutCalendarRequest) (*pb.PutCalendarResponse, error) {
	if r.GetCalendar() == nil {
		return nil, campaign.Invalid("calendar", "is missing: give at least its name")
	}
	c, err := wire.FromCalendar(r.GetCalendar())
	if err != nil {
		return nil, err
	}
	after, err := s.putCalendar(ctx, c)
	if err != nil {
		return nil, err
	}
	return &pb.PutCalendarResponse{Calendar: wire.Calendar(&after)}, nil
}

func (s *AdminServer) putCalendar(ctx context.Context, c campaign.Calendar) (campaign.Calendar, error) {
	if err := c.Validate(); err != nil {
		return c, campaign.Under("calendar", err)
	}
	after, err := s.calendars.PutCalendar(ctx, c)
	if err != nil {
		return after, err
	}
	return after, s.wakeNaming(ctx, after.Name)
}

// wakeNaming tells the floor of every campaign whose hours may be others now.
func (s *AdminServer) wakeNaming(ctx context.Context, calendar string) error {
	ids, err := s.calendars.CampaignsNaming(ctx, calendar)
	for _, id := range ids {
		s.floor.Wake(id)
	}
	return err
}

// importTries bounds how often an import begins again because somebody changed the calendar meanwhile.
const importTries = 5

// ImportCalendar adds the days of a file to a calendar.
func (s *AdminServer) ImportCalendar(ctx context.Context, r *pb.ImportCalendarRequest) (*pb.ImportCalendarResponse, error) {
	year := s.about.Now().Year()
	file, err := calendarfile.Read(r.GetContent(), calendarfile.Options{
		Format: r.GetFormat(), Place: r.GetPlace(), Source: r.GetSource(), FirstYear: year - 1, LastYear: year + 5,
	})
	if err != nil {
		return nil, ofContent(err)
	}
	if err := (&campaign.Calendar{Name: r.GetName()}).Validate(); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		c, err := s.calendars.Calendar(ctx, r.GetName())
		if campaign.KindOf(err) == campaign.KindNotFound {
			c, err = campaign.Calendar{Name: r.GetName()}, nil
		}
		if err != nil {
			return nil, err
		}
		out, held := &pb.ImportCalendarResponse{Notes: file.Notes}, len(c.Days)
		out.Added, out.Replaced = merge(&c, &file)
		if len(file.Weeks) > 0 {
			c.Weeks = file.Weeks
			out.Notes = append(slices.Clone(out.Notes), "the weekly hours are those of the file now")
		}
		if c.Version > 0 && out.Added+out.Replaced == 0 && len(c.Days) == held && len(file.Weeks) == 0 {
			out.Calendar = wire.Calendar(&c) // it held all of it before
			return out, nil
		}
		after, err := s.putCalendar(ctx, c)
		if campaign.KindOf(err) == campaign.KindConflict && try < importTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Calendar = wire.Calendar(&after)
		return out, nil
	}
}

// ofContent names the request's field in a fault of the file: the content, unless it is one of the other fields.
func ofContent(err error) error {
	if e, ok := errors.AsType[*campaign.Error](err); ok && len(e.Violations) == 1 && (e.Violations[0].Field == "place" || e.Violations[0].Field == "format") {
		return err
	}
	return wire.Named("content", err)
}

// merge puts a file's days into a calendar in place of those of the same date and place, and counts the days that are
// new and those that are other than before. Closures are replaced by closures alone: somebody decided them.
func merge(c *campaign.Calendar, f *calendarfile.File) (added, replaced int32) {
	type key struct {
		date    campaign.Date
		place   string
		closure bool
	}
	keyOf := func(d *campaign.Day) key { return key{d.Date, d.Place, d.Kind == campaign.DayClosure} }
	before := make(map[key][]campaign.Day)
	for i := range c.Days {
		k := keyOf(&c.Days[i])
		before[k] = append(before[k], c.Days[i])
	}
	told := make(map[key]bool)
	for i := range f.Days {
		d := &f.Days[i]
		k := keyOf(d)
		told[k] = true
		switch old := before[k]; {
		case len(old) == 0:
			added++
		case !slices.ContainsFunc(old, func(o campaign.Day) bool { return sameDay(&o, d) }):
			replaced++
		}
	}
	c.Days = slices.DeleteFunc(slices.Clone(c.Days), func(d campaign.Day) bool { return told[keyOf(&d)] })
	c.Days = append(c.Days, f.Days...)
	c.SortDays()
	return added, replaced
}

func sameDay(a, b *campaign.Day) bool {
	return a.Kind == b.Kind && a.Name == b.Name && a.As == b.As && a.Source == b.Source && slices.Equal(a.Hours, b.Hours)
}

// GetCalendar is one calendar with its days.
func (s *AdminServer) GetCalendar(ctx context.Context, r *pb.GetCalendarRequest) (*pb.GetCalendarResponse, error) {
	c, err := s.calendars.Calendar(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return &pb.GetCalendarResponse{Calendar: wire.Calendar(&c)}, nil
}

// ListCalendars is the calendars by name.
func (s *AdminServer) ListCalendars(ctx context.Context, _ *pb.ListCalendarsRequest) (*pb.ListCalendarsResponse, error) {
	all, err := s.calendars.Calendars(ctx)
	if err != nil {
		return nil, err
	}
	out := &pb.ListCalendarsResponse{}
	for i := range all {
		all[i].Days = nil
		out.Calendars = append(out.Calendars, wire.Calendar(&all[i]))
	}
	return out, nil
}

// DeleteCalendar removes a calendar that nothing names; one that is not there stays so.
func (s *AdminServer) DeleteCalendar(ctx context.Context, r *pb.DeleteCalendarRequest) (*pb.DeleteCalendarResponse, error) {
	if r.GetName() == "" {
		return nil, campaign.Invalid("name", "is missing: say which calendar")
	}
	if err := s.calendars.DeleteCalendar(ctx, r.GetName()); err != nil && campaign.KindOf(err) != campaign.KindNotFound {
		return nil, err
	}
	return &pb.DeleteCalendarResponse{}, s.wakeNaming(ctx, r.GetName())
}
