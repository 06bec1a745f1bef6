package dialer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"redial/campaign"
)

// fake is a small record in memory that keeps the promises of Record and Source: one lead in one agent's hands, claims
// judged by state, campaign, gate and instant, sessions moved by Step alone.
type fake struct {
	mu       sync.Mutex
	beat     time.Duration
	agents   map[campaign.AgentID]campaign.Agent
	camps    map[campaign.CampaignID]campaign.Campaign
	leads    map[campaign.LeadID]*fakeLead
	sessions map[campaign.AgentID]campaign.Session
	held     map[campaign.AssignmentID]*campaign.Assignment
	ids      campaign.AssignmentID
	calls    map[string]int
	writes   int                      // of sessions
	fails    map[string]int           // so many calls fail
	slow     map[string]time.Duration // how long a call takes
	late     map[string]time.Duration // how long its answer takes then, of what is read by agent and of claims
	noted    []claimed
}

// fakeLead is a lead with what a claim asks about.
type fakeLead struct {
	id      campaign.LeadID
	camp    campaign.CampaignID
	tried   bool
	done    bool
	holder  campaign.AssignmentID
	at      time.Time // not callable before
	gate    string    // closed, whatever the time
	openAt  time.Time // and when it opens
	owner   campaign.AgentID
	promise *campaign.Appointment
	guard   time.Time // the source does not give it again before
}

type claimed struct {
	agent campaign.AgentID
	lead  campaign.LeadID
	at    time.Time
}

func newFake(beat time.Duration) *fake {
	return &fake{
		beat: beat, agents: map[campaign.AgentID]campaign.Agent{}, camps: map[campaign.CampaignID]campaign.Campaign{},
		leads: map[campaign.LeadID]*fakeLead{}, sessions: map[campaign.AgentID]campaign.Session{},
		held: map[campaign.AssignmentID]*campaign.Assignment{}, calls: map[string]int{}, fails: map[string]int{}, slow: map[string]time.Duration{}, late: map[string]time.Duration{},
	}
}

// enter counts a call, lets it take its time, and fails it if told to. It leaves the lock held if it does not fail.
func (r *fake) enter(ctx context.Context, call string) error {
	r.mu.Lock()
	r.calls[call]++
	if d := r.slow[call]; d > 0 {
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
		}
		r.mu.Lock()
	}
	if r.fails[call] > 0 {
		r.fails[call]--
		r.mu.Unlock()
		return fmt.Errorf("%s: the disk is on fire", call)
	}
	return nil
}

// leave ends a call; what it answers may be old then.
func (r *fake) leave(call string) {
	d := r.late[call]
	r.mu.Unlock()
	time.Sleep(d) //nolint:forbidigo // fake time: the bubble moves on by so much
}

func clock() time.Time { return time.Now().UTC() }

func (r *fake) session(id campaign.AgentID) campaign.Session {
	s, ok := r.sessions[id]
	if !ok {
		return campaign.Session{AgentID: id, State: campaign.AgentSignedOut}
	}
	return s
}

func (r *fake) Session(ctx context.Context, id campaign.AgentID) (campaign.Session, error) {
	if err := r.enter(ctx, "Session"); err != nil {
		return campaign.Session{}, err
	}
	defer r.mu.Unlock()
	return r.session(id), nil
}

func (r *fake) Sessions(ctx context.Context, node string) (out []campaign.Session, err error) {
	if err := r.enter(ctx, "Sessions"); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	for _, s := range r.sessions {
		if s.State != campaign.AgentSignedOut && (node == "" || s.Node == node) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (r *fake) MoveSession(ctx context.Context, id campaign.AgentID, move func(campaign.Session, time.Time) (campaign.Session, error)) (campaign.Session, error) {
	if err := r.enter(ctx, "MoveSession"); err != nil {
		return campaign.Session{}, err
	}
	defer r.leave("MoveSession")
	r.writes++
	was := r.session(id)
	next, err := move(was, clock())
	if err != nil {
		return campaign.Session{}, fmt.Errorf("move a session: %w", err)
	}
	if was.Assignment != 0 && next.Assignment == 0 {
		a := r.held[was.Assignment]
		r.drop(a, a.State == campaign.AssignmentStarted)
	}
	r.sessions[id] = next
	return next, nil
}

// drop ends an assignment.
func (r *fake) drop(a *campaign.Assignment, done bool) {
	l := r.leads[a.LeadID]
	l.holder, l.done, l.tried = 0, done, l.tried || done
	delete(r.held, a.ID)
}

func (r *fake) Heartbeat(ctx context.Context, beats []campaign.Beat) (left []campaign.Session, err error) {
	if err := r.enter(ctx, "Heartbeat"); err != nil {
		return nil, err
	}
	defer r.leave("Heartbeat")
	for _, b := range beats {
		s := r.session(b.Agent)
		if !b.Stale(s) {
			s.HeartbeatAt = clock()
			r.sessions[b.Agent] = s
		}
		left = append(left, s)
	}
	return left, nil
}

func (r *fake) ClaimLeads(ctx context.Context, claims []campaign.Claim) ([]campaign.Claimed, error) {
	if err := r.enter(ctx, "ClaimLeads"); err != nil {
		return nil, err
	}
	defer r.leave("ClaimLeads")
	out := make([]campaign.Claimed, len(claims))
	for i, c := range claims {
		if s := r.session(c.Agent); s.State != campaign.AgentReady || s.Assignment != 0 {
			out[i].Err = campaign.Unready(campaign.ReasonNotReady, "not ready")
			continue
		}
		for _, id := range c.Candidates {
			if j := r.judge(r.leads[id]); j.Binding != "" {
				out[i].Refused = append(out[i].Refused, campaign.Refusal{Lead: id, Judgement: j})
				continue
			}
			out[i] = r.offer(c.Agent, r.leads[id], out[i].Refused)
			break
		}
	}
	return out, nil
}

func (r *fake) judge(l *fakeLead) campaign.Judgement {
	c := r.camps[l.camp]
	keeps := l.promise != nil && c.State == campaign.CampaignFinished
	switch {
	case l.holder != 0 || l.done:
		return campaign.Judgement{Binding: "state"}
	case c.State != campaign.CampaignRunning && !keeps:
		return campaign.Judgement{Binding: "campaign"}
	case l.gate != "" && (l.openAt.IsZero() || clock().Before(l.openAt)):
		return campaign.Judgement{Binding: l.gate, OpenAt: l.openAt}
	case l.promise != nil && clock().Before(l.promise.At):
		return campaign.Judgement{Binding: "promise", OpenAt: l.promise.At}
	case clock().Before(l.at):
		return campaign.Judgement{Binding: "interval", OpenAt: l.at}
	}
	return campaign.Judgement{}
}

func (r *fake) offer(agent campaign.AgentID, l *fakeLead, refused []campaign.Refusal) campaign.Claimed {
	c := r.camps[l.camp]
	r.ids++
	a := &campaign.Assignment{ID: r.ids, LeadID: l.id, CampaignID: l.camp, AgentID: agent, State: campaign.AssignmentOffered, OfferedAt: clock(),
		LeaseUntil: clock().Add(c.Floor.OfferTime)}
	next, err := r.follow(agent, a, campaign.HappenedOffered, "")
	if err != nil {
		return campaign.Claimed{Err: err}
	}
	l.holder, r.held[a.ID] = a.ID, a
	r.noted = append(r.noted, claimed{agent, l.id, clock()})
	return campaign.Claimed{Assignment: a, Facts: r.facts(l, &c), Session: next, Refused: refused}
}

func (r *fake) facts(l *fakeLead, c *campaign.Campaign) *campaign.Facts {
	lead := &campaign.Lead{ID: l.id, CampaignID: l.camp}
	if l.tried {
		lead.Tries = []campaign.Try{{}}
	}
	return &campaign.Facts{Campaign: c, Lead: lead, Promise: l.promise}
}

// follow moves a session after a happening, as the record does.
func (r *fake) follow(agent campaign.AgentID, a *campaign.Assignment, k campaign.HappeningKind, reason string) (campaign.Session, error) {
	s := r.session(agent)
	if k != campaign.HappenedOffered && s.Assignment != a.ID {
		return s, nil
	}
	next, err := Follow(r.beat)(s, clock(), campaign.Happening{Kind: k, Assignment: a.ID, Floor: r.camps[a.CampaignID].Floor, Reason: reason})
	if err == nil {
		r.sessions[agent] = next
	}
	return next, err
}

func (r *fake) OpenAssignment(ctx context.Context, agent campaign.AgentID) (*campaign.Claimed, error) {
	if err := r.enter(ctx, "OpenAssignment"); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	for _, a := range r.held {
		if a.AgentID == agent {
			c, l := r.camps[a.CampaignID], r.leads[a.LeadID]
			return &campaign.Claimed{Assignment: a, Facts: r.facts(l, &c), Session: r.session(agent)}, nil
		}
	}
	return nil, nil
}

func (r *fake) HoldOff(ctx context.Context, h campaign.HoldOff) (campaign.Session, error) {
	if err := r.enter(ctx, "HoldOff"); err != nil {
		return campaign.Session{}, err
	}
	defer r.mu.Unlock()
	a := r.held[h.Assignment]
	if a == nil || a.State != campaign.AssignmentOffered {
		return campaign.Session{}, campaign.Unready(campaign.ReasonBadState, "it is no offer")
	}
	l := r.leads[a.LeadID]
	l.gate, l.openAt = "held_off", h.Until
	next, err := r.follow(a.AgentID, a, campaign.HappenedRevoked, campaign.AssignmentHeldOff)
	r.drop(a, h.Withdraw)
	return next, err
}

func (r *fake) DuePromises(ctx context.Context, of []campaign.CampaignID, until time.Time, limit int) (out []campaign.Appointment, err error) {
	if err := r.enter(ctx, "DuePromises"); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	for _, l := range r.leads {
		if l.promise != nil && !l.done && l.promise.At.Before(until) && slices.Contains(of, l.camp) {
			out = append(out, *l.promise)
		}
	}
	slices.SortFunc(out, sooner)
	return out[:min(len(out), limit)], nil
}

func (r *fake) OwnedAhead(ctx context.Context, agents []campaign.AgentID, until time.Time, each int) (out []campaign.Owned, err error) {
	if err := r.enter(ctx, "OwnedAhead"); err != nil {
		return nil, err
	}
	defer r.leave("OwnedAhead")
	n := make(map[campaign.AgentID]int)
	return slices.DeleteFunc(r.owned(agents, until), func(o campaign.Owned) bool { n[o.Agent]++; return n[o.Agent] > each }), nil
}

func (r *fake) owned(agents []campaign.AgentID, until time.Time) (out []campaign.Owned) {
	for _, l := range r.leads {
		if l.owner != 0 && slices.Contains(agents, l.owner) && l.holder == 0 && !l.done && l.at.Before(until) {
			out = append(out, campaign.Owned{Lead: l.id, Campaign: l.camp, Agent: l.owner, At: l.at})
		}
	}
	slices.SortFunc(out, func(a, b campaign.Owned) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Lead, b.Lead)) })
	return out
}

func (r *fake) MarkReminded(ctx context.Context, ids []campaign.AppointmentID) (first []campaign.AppointmentID, err error) {
	if err := r.enter(ctx, "MarkReminded"); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	for _, l := range r.leads {
		if p := l.promise; p != nil && slices.Contains(ids, p.ID) && !p.Reminded {
			p.Reminded = true
			first = append(first, p.ID)
		}
	}
	return first, nil
}

func (r *fake) Arrivals(ctx context.Context, agents []campaign.AgentID, until time.Time) (map[campaign.AgentID]campaign.Arrival, error) {
	if err := r.enter(ctx, "Arrivals"); err != nil {
		return nil, err
	}
	defer r.leave("Arrivals")
	out := make(map[campaign.AgentID]campaign.Arrival)
	for _, id := range agents {
		a, ok := r.agents[id]
		if !ok {
			continue
		}
		came := campaign.Arrival{Agent: a, Session: r.session(id), Owned: r.owned([]campaign.AgentID{id}, until)}
		for _, l := range r.leads {
			if p := l.promise; p != nil && !l.done && p.Owner == id && p.At.Before(until) {
				came.Promises = append(came.Promises, *p)
			}
		}
		slices.SortFunc(came.Promises, sooner)
		out[id] = came
	}
	return out, nil
}

func (r *fake) Lead(_ context.Context, id campaign.LeadID) (campaign.Lead, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.leads[id]; l != nil {
		return campaign.Lead{ID: id, CampaignID: l.camp}, nil
	}
	return campaign.Lead{}, campaign.NotFound("lead", id)
}

func (r *fake) Agents(ctx context.Context) ([]campaign.Agent, error) {
	if err := r.enter(ctx, "Agents"); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.agents)), nil
}

func (r *fake) Offering(ctx context.Context) (out []campaign.Campaign, err error) {
	if err := r.enter(ctx, "Offering"); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	for _, c := range r.camps {
		if c.State == campaign.CampaignRunning || c.State == campaign.CampaignFinished {
			out = append(out, c)
		}
	}
	return out, nil
}

// Take implements Source: fresh leads of the share first, then tried ones, then fresh ones, each by id. A lead that was
// given is not given again for five seconds.
func (r *fake) Take(ctx context.Context, id campaign.CampaignID, n, fresh int) (out []campaign.LeadID, err error) {
	if err := r.enter(ctx, "Take"); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	lane := func(tried bool, most int) {
		for _, k := range slices.Sorted(maps.Keys(r.leads)) {
			l := r.leads[k]
			if most > 0 && len(out) < n && l.camp == id && l.tried == tried && l.promise == nil && l.holder == 0 && !l.done &&
				!clock().Before(l.at) && !clock().Before(l.guard) {
				l.guard = clock().Add(5 * time.Second)
				out = append(out, l.id)
				most--
			}
		}
	}
	lane(false, min(fresh, n))
	lane(true, n)
	lane(false, n)
	return out, nil
}

// Transactions of the record that the floor hears of later.

func (r *fake) happen(t testing.TB, id campaign.AssignmentID, k campaign.HappeningKind, reason string) campaign.Assignment {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.held[id]
	if a == nil {
		t.Fatalf("assignment %d is not open", id)
	}
	if _, err := r.follow(a.AgentID, a, k, reason); err != nil {
		t.Fatal(err)
	}
	switch k {
	case campaign.HappenedStarted:
		a.State = campaign.AssignmentStarted
	case campaign.HappenedEnded:
	default:
		a.CloseReason = reason
		r.drop(a, k == campaign.HappenedConcluded)
	}
	return *a
}
