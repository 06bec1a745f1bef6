package dialer

import (
	"context"
	"fmt"
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

	kick  chan struct{} // the dispatcher has something to do
	relay chan struct{} // the look-ahead is out of date

	mu       sync.Mutex
	seats    map[campaign.AgentID]*seat
	offering map[campaign.CampaignID]*campaign.Campaign
	mixes    map[campaign.CampaignID]*Mix
	dry      map[campaign.CampaignID]time.Time // no use asking before
	ahead    horizon
	stopped  bool
	ending   chan struct{} // closed when the node stops: nobody waits any longer
}

// NewFloor is the floor of a node. now is the record's clock.
func NewFloor(node string, rec Record, src Source, now func() time.Time, o Options) *Floor {
	f := &Floor{
		node: node, rec: rec, src: src, now: now, beat: o.Heartbeat, glance: o.Watch, log: o.Log,
		kick: make(chan struct{}, 1), relay: make(chan struct{}, 1),
		seats:    make(map[campaign.AgentID]*seat),
		offering: make(map[campaign.CampaignID]*campaign.Campaign),
		mixes:    make(map[campaign.CampaignID]*Mix),
		dry:      make(map[campaign.CampaignID]time.Time),
		ending:   make(chan struct{}),
	}
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

// Run drives the floor until ctx ends, then drains it.
func (f *Floor) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { f.dispatch(ctx) })
	wg.Go(func() { f.watch(ctx) })
	<-ctx.Done()
	f.Drain()
	wg.Wait()
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
			s.desk.close("draining")
		}
	}
}

// Wake tells the floor that a campaign may have something to offer; 0: any.
func (f *Floor) Wake(id campaign.CampaignID) {
	f.mu.Lock()
	if id == 0 {
		clear(f.dry)
	} else {
		delete(f.dry, id)
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

// seatOf is the agent's seat at this node, made when there is none.
func (f *Floor) seatOf(ctx context.Context, agent campaign.AgentID) (*seat, error) {
	f.mu.Lock()
	s := f.seats[agent]
	f.mu.Unlock()
	if s != nil && f.now().Sub(s.read) < 5*time.Second {
		return s, nil
	}
	a, err := f.rec.Agent(ctx, agent)
	if err != nil {
		return nil, err
	}
	if !a.Active {
		return nil, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("agent %s is switched off: ask an administrator", a.Login))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s = f.seats[agent]; s == nil {
		s = &seat{}
		f.seats[agent] = s
	}
	s.agent, s.read = a, f.now()
	return s, nil
}

// Apply lets something happen to an agent's session, and acts on what the step asks for.
func (f *Floor) Apply(ctx context.Context, agent campaign.AgentID, ev Event) (campaign.Session, error) {
	set, err := f.settings(ctx, agent)
	if err != nil {
		return campaign.Session{}, err
	}
	var acts []Action
	next, err := f.rec.MoveSession(ctx, agent, func(s campaign.Session, now time.Time) (campaign.Session, error) {
		mine := set
		mine.Heartbeat = patience(s, f.beat)
		n, a, err := Step(s, now, ev, mine)
		acts = a
		return n, err
	})
	if err != nil {
		return campaign.Session{}, err
	}
	f.after(agent, next, acts)
	return next, nil
}

// settings are those of the campaign in the agent's hands.
func (f *Floor) settings(ctx context.Context, agent campaign.AgentID) (Settings, error) {
	s, err := f.rec.Session(ctx, agent)
	if err != nil {
		return Settings{}, err
	}
	if s.Assignment == 0 {
		return Settings{}, nil
	}
	held, err := f.rec.OpenAssignment(ctx, agent)
	if err != nil || held == nil {
		return Settings{}, err
	}
	return SettingsOf(held.Facts.Campaign.Floor, f.beat), nil
}

// after acts on a step that was committed.
func (f *Floor) after(agent campaign.AgentID, next campaign.Session, acts []Action) {
	f.mu.Lock()
	s := f.seats[agent]
	if s == nil {
		f.mu.Unlock()
		return
	}
	for _, a := range acts {
		if n, ok := a.(Notify); ok {
			s.tell(Update{Notice: &n})
		}
	}
	f.learn(s, next)
	f.mu.Unlock()
	poke(f.kick)
}

// learn takes over a session as the record has it; the caller holds the lock.
func (f *Floor) learn(s *seat, next campaign.Session) {
	prev := s.session
	if next.Epoch < prev.Epoch {
		return // older than what is known
	}
	s.session = next
	if s.desk != nil {
		f.relate(s, prev, next)
	}
	if s.session.State == campaign.AgentSignedOut && len(s.callers) == 0 && s.desk == nil {
		f.forget(s)
		return
	}
	f.arm(s)
}

// relate tells a stream what changed, and cuts it when the session went elsewhere.
func (f *Floor) relate(s *seat, prev, next campaign.Session) {
	if next.State == prev.State && next.Reason == prev.Reason && next.Assignment == prev.Assignment && next.Epoch == prev.Epoch {
		return
	}
	if prev.State == campaign.AgentOffered && next.Assignment == 0 && next.Reason == ReasonRevoked {
		s.tell(Update{Revoked: &Revoked{Assignment: prev.Assignment, Reason: next.Reason}})
	}
	s.tell(Update{Session: &next})
	switch {
	case next.State == campaign.AgentSignedOut:
		s.desk.close(next.Reason)
		s.desk = nil
	case prev.Epoch != 0 && next.Epoch > prev.Epoch:
		s.desk.close(campaign.ReasonSignedInAnew)
		s.desk = nil
	}
}

func (f *Floor) forget(s *seat) {
	if s.timer != nil {
		s.timer.Stop()
	}
	delete(f.seats, s.agent.ID)
}

// arm sets the seat's timer to the session's deadline; the caller holds the lock.
func (f *Floor) arm(s *seat) {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	if s.session.Deadline.IsZero() || f.stopped {
		return
	}
	agent, wait := s.agent.ID, s.session.Deadline.Sub(f.now())
	s.timer = time.AfterFunc(max(wait, 0), func() { f.Expire(context.Background(), agent) })
}

// Expire lets a session's deadline act, if it has come. The sweep calls it for the agents of nodes that are gone.
func (f *Floor) Expire(ctx context.Context, agent campaign.AgentID) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := f.Apply(ctx, agent, Timer{}); err != nil {
		f.log.WarnContext(ctx, "a session's timer could not act; the sweep will try again", "agent", agent, "error", err)
	}
}

// Refresh reads the agent's session after something changed it that was not Apply.
func (f *Floor) Refresh(ctx context.Context, agent campaign.AgentID) (campaign.Session, error) {
	next, err := f.rec.Session(ctx, agent)
	if err != nil {
		return next, err
	}
	f.mu.Lock()
	if s := f.seats[agent]; s != nil {
		f.learn(s, next)
	}
	f.mu.Unlock()
	poke(f.kick)
	return next, nil
}

// Revoked tells the floor that assignments were taken back before dialling; desks at this node hear of it at once,
// those elsewhere when their node looks.
func (f *Floor) Revoked(taken []campaign.Assignment) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for i := range taken {
		if _, err := f.Refresh(ctx, taken[i].AgentID); err != nil {
			f.log.WarnContext(ctx, "a desk was not told that its offer was taken back", "agent", taken[i].AgentID, "error", err)
		}
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
	for _, s := range f.seats {
		if s.waits() && s.member(c) {
			n++
		}
	}
	return n
}
