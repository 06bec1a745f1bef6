package rpc_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/rpc"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// river is a stream of events in memory, number n being event n; of each look it keeps count.
type river struct {
	mu    sync.Mutex
	last  int64
	note  string
	looks int
}

func (r *river) add(n int64) { r.mu.Lock(); defer r.mu.Unlock(); r.last += n }

func (r *river) Stream(context.Context) (campaign.Stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	return campaign.Stream{Epoch: "e", Last: r.last}, nil
}

func (r *river) Resume(_ context.Context, p campaign.Place) (int64, error) { return p.Seq, nil }

func (r *river) Events(_ context.Context, after, to int64, f campaign.EventFilter) (p campaign.EventPage, err error) {
	p.Next = min(to, after+100)
	for n := after + 1; n <= p.Next && len(f.Types) == 0; n++ {
		p.Events = append(p.Events, campaign.ToldEvent{Event: campaign.Event{ID: campaign.EventID(n), Seq: n, Type: campaign.EventAttempt, Data: fmt.Sprintf(`{"note":%q}`, r.note)}})
	}
	return p, nil
}

func (r *river) Campaign(context.Context, campaign.CampaignID) (campaign.Campaign, error) {
	return campaign.Campaign{}, nil
}

// flowing serves a river inside a bubble of fake time.
func flowing(t *testing.T, r *river) *watched {
	t.Helper()
	w := &watched{ended: make(chan error, 100)}
	w.events = rpc.NewEvents(r, func(context.Context) wire.Mask {
		return func(_ campaign.CampaignID, n string) string { return n }
	})
	w.as(campaign.Caller{Role: campaign.RoleCRM})
	w.client = w.serve(t, w.events)
	return w
}

func (w *watched) open(t *testing.T, ctx context.Context, q *pb.WatchEventsRequest) grpc.ServerStreamingClient[pb.WatchEventsResponse] {
	t.Helper()
	return must[grpc.ServerStreamingClient[pb.WatchEventsResponse]](t)(w.client.WatchEvents(ctx, q))
}

func TestASlowReaderIsCutAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &river{last: 3000, note: strings.Repeat("x", 2000)}
		w := flowing(t, r)
		began := time.Now()
		stream := w.open(t, t.Context(), &pb.WatchEventsRequest{})
		refused(t, "a reader that does not read", <-w.ended, campaign.KindExhausted, campaign.ReasonTooSlow)
		if took := time.Since(began); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("it was cut after %v, want 30s", took)
		}
		cursor, next := "", int64(1)
		read := func() {
			for {
				m, err := stream.Recv()
				if err != nil {
					return
				}
				for _, e := range m.GetEvents() {
					if e.GetId() != next {
						t.Fatalf("event %d comes after %d", e.GetId(), next-1)
					}
					next++
				}
				cursor = m.GetCursor()
			}
		}
		if read(); next == 1 || next > 1000 {
			t.Errorf("%d events were on their way: what one stream holds is bounded, and not nothing", next-1)
		}
		stream = w.open(t, t.Context(), &pb.WatchEventsRequest{Cursor: cursor, UntilCaughtUp: true})
		if read(); next != 3001 {
			t.Errorf("up to event %d was told in the end", next-1)
		}
	})
}

func TestAFilterThatMatchesNothingMovesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &river{last: 1000}
		w := flowing(t, r)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		stream := w.open(t, ctx, &pb.WatchEventsRequest{Types: []pb.EventType{pb.EventType_EVENT_TYPE_BAD_DATA}})
		var adding sync.WaitGroup
		defer adding.Wait()
		adding.Go(func() {
			for ctx.Err() == nil {
				select {
				case <-time.After(100 * time.Millisecond):
					r.add(10)
				case <-ctx.Done():
				}
			}
		})
		marks, cursor, level := 0, "", 0
		for {
			m, err := stream.Recv()
			if err != nil {
				break
			}
			if len(m.GetEvents()) > 0 || m.GetCursor() == cursor {
				t.Errorf("an answer with %d events, at %q after %q", len(m.GetEvents()), m.GetCursor(), cursor)
			}
			if m.GetCaughtUp() {
				level++
			}
			marks, cursor = marks+1, m.GetCursor()
		}
		if p := must[campaign.Place](t)(campaign.ParsePlace(cursor)); marks < 9 || marks > 12 || p.Seq < 1800 || level < marks-1 {
			t.Errorf("%d marks in 10 s, %d of them caught up, the last at %d", marks, level, p.Seq)
		}
	})
}

func TestWatchersShareOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &river{last: 10}
		w := flowing(t, r)
		ctx, cancel := context.WithCancel(t.Context())
		const many = 40
		heard := make(chan time.Duration, 4*many)
		var began time.Time
		for range many {
			stream := w.open(t, ctx, &pb.WatchEventsRequest{Cursor: "now"})
			go func() {
				for {
					m, err := stream.Recv()
					if err != nil {
						return
					}
					if len(m.GetEvents()) > 0 {
						heard <- time.Since(began)
					}
				}
			}()
		}
		synctest.Wait()
		<-time.After(10 * time.Second)
		r.mu.Lock()
		looks := r.looks
		r.mu.Unlock()
		if most := 10_000/75 + 3*many; looks > most || looks < 100 {
			t.Errorf("%d looks in 10 s by %d watchers, want at most %d", looks, many, most)
		}
		for _, c := range []struct {
			told bool
			most time.Duration
		}{{true, 0}, {false, 75 * time.Millisecond}} {
			<-time.After(time.Second + time.Millisecond)
			began = time.Now()
			r.add(1)
			if c.told {
				w.events.Numbered()
			}
			for range many {
				if took := <-heard; took > c.most {
					t.Errorf("told of it %v: heard after %v, want %v", c.told, took, c.most)
				}
			}
		}
		cancel()
		for range many {
			<-w.ended
		}
		r.mu.Lock()
		looks = r.looks
		r.mu.Unlock()
		<-time.After(time.Minute)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.looks != looks {
			t.Errorf("%d looks in a minute in which nobody watches", r.looks-looks)
		}
	})
}

// A watcher that comes while another watches knows of later events than the last look did.
func TestWhoComesWhileAnotherWatchesIsNotToldOfARestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &river{last: 10}
		w := flowing(t, r)
		ctx, cancel := context.WithCancel(t.Context())
		w.open(t, ctx, &pb.WatchEventsRequest{Cursor: "now"})
		synctest.Wait()
		<-time.After(10 * time.Millisecond)
		r.add(1)
		stream := w.open(t, ctx, &pb.WatchEventsRequest{Cursor: "now"})
		synctest.Wait()
		r.add(1)
		for got := 0; got == 0; {
			m, err := stream.Recv()
			if err != nil {
				t.Fatalf("it ended with %v", <-w.ended)
			}
			got += len(m.GetEvents())
		}
		cancel()
		for range 2 {
			<-w.ended
		}
	})
}
