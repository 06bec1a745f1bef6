package rpc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// EventStream is the stream of what happened.
type EventStream interface {
	// Stream is how the stream stands.
	Stream(ctx context.Context) (campaign.Stream, error)
	// Resume is the number of a place; see campaign.CursorTooOld and campaign.ForeignCursor.
	Resume(ctx context.Context, p campaign.Place) (int64, error)
	// Events are some of those between two numbers that are asked for.
	Events(ctx context.Context, after, to int64, f campaign.EventFilter) (campaign.EventPage, error)
	// Campaign is one; KindNotFound.
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
}

// markEvery is how long after an answer the next one may be that only marks where the reader is.
const markEvery = time.Second

// fresh is how long ago everything may have been told that was committed, for a reader that has caught up.
const fresh = time.Second

// EventServer serves EventService.
type EventServer struct {
	pb.UnimplementedEventServiceServer
	stream EventStream
	tail   *tail
	masks  func(context.Context) wire.Mask
}

// NewEvents makes the service; masks is how the caller in a context may see numbers, asked for each answer.
func NewEvents(s EventStream, masks func(context.Context) wire.Mask) *EventServer {
	return &EventServer{stream: s, tail: newTail(s.Stream), masks: masks}
}

// Numbered says that there are new events in the stream. Whoever numbers them on this node saves watchers the wait for the
// next look; it returns at once.
func (s *EventServer) Numbered() { s.tail.told() }

// watch is one reader of the stream.
type watch struct {
	*EventServer
	send   func(*pb.WatchEventsResponse) error
	filter campaign.EventFilter
	began  time.Time
	at     int64     // everything up to this number was looked at
	epoch  string    // of the number
	told   string    // the cursor of the last answer
	level  bool      // the last answer said that the reader has caught up
	last   time.Time // when it was sent
}

// WatchEvents tells what happened after a cursor, and what happens.
func (s *EventServer) WatchEvents(r *pb.WatchEventsRequest, stream grpc.ServerStreamingServer[pb.WatchEventsResponse]) error {
	ctx := stream.Context()
	w := &watch{EventServer: s, began: time.Now()}
	w.send = func(m *pb.WatchEventsResponse) error {
		return paced(ctx, func() error { return stream.Send(m) })
	}
	var err error
	if w.filter, err = s.filter(ctx, r); err != nil {
		return err
	}
	if err := w.open(ctx, r.GetCursor()); err != nil {
		return err
	}
	opened := time.Now() // a look that began before it may not know the numbers that the reader begins behind
	defer s.tail.join()()
	var now *standing
	for {
		if now, err = s.tail.after(ctx, now, opened); err != nil {
			return err
		}
		done, err := w.follow(ctx, now, r.GetUntilCaughtUp())
		if done || err != nil {
			return err
		}
	}
}

// open finds the place where a reader begins.
func (w *watch) open(ctx context.Context, cursor string) error {
	now, err := w.stream.Stream(ctx)
	if err != nil {
		return err
	}
	w.epoch, w.told = now.Epoch, cursor // a place that the reader knows is not told again
	if cursor == "now" {
		w.at = now.Last
		return nil
	}
	p, err := campaign.ParsePlace(cursor)
	if err != nil {
		return err
	}
	w.at, err = w.stream.Resume(ctx, p)
	return err
}

// filter is what is asked for, of what the caller may see.
func (s *EventServer) filter(ctx context.Context, r *pb.WatchEventsRequest) (f campaign.EventFilter, err error) {
	caller := campaign.CallerFrom(ctx)
	for _, n := range r.GetCampaignIds() {
		id := campaign.CampaignID(n)
		if !caller.Sees(id) || id <= 0 {
			return f, campaign.NotFound("campaign", id)
		}
		if _, err := s.stream.Campaign(ctx, id); err != nil {
			return f, err
		}
		f.Campaigns = append(f.Campaigns, id)
	}
	if len(f.Campaigns) == 0 {
		f.Campaigns = slices.Clone(caller.Campaigns)
	}
	for i, n := range r.GetTypes() {
		t := wire.FromEventType(n)
		if t == "" {
			return f, campaign.Invalid(fmt.Sprintf("types[%d]", i), "is no type of event that this server knows")
		}
		f.Types = append(f.Types, t)
	}
	return f, nil
}

// follow tells everything up to where the stream stands. It is done when the reader asked for no more than there was.
func (w *watch) follow(ctx context.Context, now *standing, until bool) (done bool, err error) {
	if now.Epoch != w.epoch || now.Last < w.at { // restored while it was watched: the number is not one of these
		return true, &campaign.Error{Kind: campaign.KindAway, Reason: campaign.ReasonRecordAway, RetryAfter: markEvery,
			Message: "the record was restored from a backup: watch again from the last cursor"}
	}
	for w.at < now.Last {
		p, err := w.stream.Events(ctx, w.at, now.Last, w.filter)
		if err != nil {
			return true, err
		}
		w.at = p.Next
		level := w.caughtUp(now)
		if len(p.Events) > 0 || until && level || time.Since(w.last) >= markEvery {
			if err := w.tell(ctx, p.Events, level); err != nil {
				return true, err
			}
		}
	}
	level := w.caughtUp(now)
	if news := level && !w.level || w.place() != w.told; news && (until && level || time.Since(w.last) >= markEvery) {
		err = w.tell(ctx, nil, level)
	}
	return until && level, err
}

// caughtUp says whether everything was looked at that was committed when the request came, and up to a moment ago.
func (w *watch) caughtUp(now *standing) bool {
	return w.at >= now.Last && !now.settled.Before(w.began) && time.Since(now.settled) <= fresh
}

func (w *watch) place() string { return campaign.Place{Epoch: w.epoch, Seq: w.at}.String() }

func (w *watch) tell(ctx context.Context, events []campaign.ToldEvent, level bool) error {
	m := &pb.WatchEventsResponse{Cursor: w.place(), CaughtUp: level}
	mask := w.masks(ctx)
	for i := range events {
		m.Events = append(m.Events, wire.Event(&events[i], mask))
	}
	w.told, w.level, w.last = m.Cursor, level, time.Now()
	return w.send(m)
}
