package dialer

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"redial/campaign"
)

// Options of a Floor. The zero value is useful.
type Options struct {
	Heartbeat time.Duration // a stream silent for so long is lost; 0: DefaultHeartbeat
	Watch     time.Duration // how often the record is looked at for what others changed; 0: 1s
	Log       *slog.Logger  // nil: discarded
	Checks    Checks        // asks CRMs before leads are offered; nil: none is asked
}

// Floor is the live floor of one node: it keeps the desks that talk to this node, hands out leads and lets timers act.
// Everything it holds is a copy of the record or a hint; a node that dies loses nothing.
type Floor struct {
	node   string
	rec    Record
	src    Source
	now    func() time.Time
	beat   time.Duration
	glance time.Duration
	log    *slog.Logger
	checks Checks

	door *Shared[campaign.AgentID, campaign.Arrival]

	kick  chan struct{} // the dispatcher has something to do
	relay chan struct{} // the look-ahead is out of date
	news  chan struct{} // Wake was said of a campaign that is not known
	batch int           // claims in the dispatcher's last transaction; nobody else's

	mu        sync.Mutex
	seats     map[campaign.AgentID]*seat
	queue     queue                      // those of the seats that wait for a lead
	strangers map[campaign.AgentID]*seat // those of the queue of whom it is not known what they own
	offering  map[campaign.CampaignID]*campaign.Campaign
	mixes     map[campaign.CampaignID]*Mix
	dry       map[campaign.CampaignID]time.Time // no use asking before
	wakes     int64                             // how often Wake was said
	doubts    int64                             // how often what somebody owns was doubted
	ahead     horizon
	asking    map[campaign.AssignmentID]*check // CRMs are being asked about
	stopped   bool
	ending    chan struct{}  // closed when the node stops: nobody waits any longer
	acting    sync.WaitGroup // timers that are acting
}

// NewFloor is the floor of a node. now is the record's clock.
func NewFloor(node string, rec Record, src Source, now func() time.Time, o Options) *Floor {
	f := &Floor{
		node: node, rec: rec, src: src, now: now, beat: o.Heartbeat, glance: o.Watch, log: o.Log, checks: o.Checks,
		kick: make(chan struct{}, 1), relay: make(chan struct{}, 1), news: make(chan struct{}, 1),
		seats:     make(map[campaign.AgentID]*seat),
		strangers: make(map[campaign.AgentID]*seat),
		offering:  make(map[campaign.CampaignID]*campaign.Campaign),
		mixes:     make(map[campaign.CampaignID]*Mix),
		dry:       make(map[campaign.CampaignID]time.Time),
		ahead:     horizon{rest: make(map[campaign.LeadID]time.Time), brought: make(map[campaign.AppointmentID]time.Time)},
		asking:    make(map[campaign.AssignmentID]*check),
		ending:    make(chan struct{}),
	}
	f.door = NewShared(f.readArrivals)
	f.door.Gather = gatherTime
	if f.glance <= 0 {
		f.glance = time.Second
	}
	if f.beat <= 0 {
		f.beat = DefaultHeartbeat
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	return f
}

// HeartbeatEvery is how often a desktop should give a sign of life: three chances before it counts as lost.
func (f *Floor) HeartbeatEvery() time.Duration { return f.beat / 3 }

// Run drives the floor until ctx ends, then drains it. Nothing of it goes on afterwards.
func (f *Floor) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { f.dispatch(ctx) })
	wg.Go(func() { f.watch(ctx) })
	<-ctx.Done()
	f.Drain()
	wg.Wait()
	f.acting.Wait()
	return nil
}

// Drain lets go of everybody who waits or has a stream here, so that they go on at another node; calls in hand go with
// them. Nothing is offered here any more. Said twice it changes nothing.
func (f *Floor) Drain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return
	}
	f.stopped = true
	close(f.ending)
	for _, s := range f.seats {
		if s.timer != nil {
			s.timer.Stop()
		}
		if s.desk != nil {
			s.desk.close(closedDraining)
		}
	}
}

// stopping refuses who comes to a node that stops.
func (f *Floor) stopping() error {
	select {
	case <-f.ending:
		return &campaign.Error{Kind: campaign.KindAway, RetryAfter: time.Second, Message: "this node is stopping: ask another"}
	default:
		return nil
	}
}

// Wake tells the floor that a campaign may have something to offer; 0: any.
func (f *Floor) Wake(id campaign.CampaignID) {
	f.mu.Lock()
	f.wakes++
	if id == 0 {
		clear(f.dry)
	} else {
		delete(f.dry, id)
	}
	if id != 0 && f.offering[id] == nil {
		poke(f.news)
	}
	f.mu.Unlock()
	poke(f.relay)
	poke(f.kick)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Waiting is how many agents at this node wait for a lead of a campaign.
func (f *Floor) Waiting(id campaign.CampaignID) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, n := f.offering[id], 0
	if c == nil {
		return 0
	}
	for _, s := range f.queue.line {
		if s.member(c) {
			n++
		}
	}
	return n
}

// Revoked tells the floor that assignments were taken back before dialling; desks at this node hear of it at once,
// those elsewhere when their node looks.
func (f *Floor) Revoked(taken []campaign.Assignment) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for i := range taken {
		a := &taken[i]
		f.mu.Lock()
		s := f.seats[a.AgentID]
		if s != nil {
			s.lost, s.reason = a.ID, a.CloseReason
		}
		f.mu.Unlock()
		if s == nil {
			continue
		}
		if _, err := f.Refresh(ctx, a.AgentID); err != nil {
			f.log.WarnContext(ctx, "a desk was not told that its offer was taken back", "agent", a.AgentID, "error", err)
		}
	}
}
