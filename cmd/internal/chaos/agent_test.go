package chaos

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// habits are what an agent does besides calling well: how often, 0 to 1.
type habits struct {
	vanish  float64 // falls silent, before the call or in it, and comes back when its lease is over
	dawdle  float64 // looks at the card for a while before dialling
	again   float64 // sends old requests again
	correct float64 // corrects an outcome
	stall   int     // stops reading its stream after so many cards or waits; 0: never
}

// agent is somebody who calls.
type agent struct {
	*caller
	desk   desk
	habits habits
	seen   map[int64]bool // assignments that were dealt with
	past   []*call        // those that were concluded, the last few
}

// work calls until nobody is to any more, then signs out.
func (a *agent) work() {
	stream, _ := a.desk.(*streaming)
	for n := 1; !a.w.done(); n++ {
		if stream != nil && a.habits.stall > 0 && n%a.habits.stall == 0 {
			a.w.count.stalled.Add(1)
			if stream.stall() {
				a.w.count.stalls.Add(1)
			}
			stream.leave()
			continue
		}
		card, err := a.desk.next()
		switch {
		case err != nil:
			a.w.breach(0, "%s asked for a call: %v", a.name, err)
			pause(time.Second)
		case card != nil && !a.seen[card.GetAssignmentId()]:
			if len(a.seen) > 1000 { // only the last few may come again
				clear(a.seen)
			}
			a.seen[card.GetAssignmentId()] = true
			a.handle(card)
		}
		if len(a.past) > 0 && a.chance(a.habits.again) {
			a.repeat(a.past[a.rng.IntN(len(a.past))])
		}
	}
	if _, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_SignOut{SignOut: &pb.SignOutRequest{}}}); err != nil && status.Code(err) != codes.FailedPrecondition {
		a.w.breach(0, "%s signed out: %v", a.name, err)
	}
	if stream != nil {
		stream.leave()
	}
}

// handle deals with a card: declines it, lets it lapse, or calls.
func (a *agent) handle(card *pb.Card) {
	c := &call{
		assignment: card.GetAssignmentId(), lead: card.GetLeadId(), campaign: card.GetCampaignId(), agent: a.name,
		waived: card.GetAppointment() != nil, shown: shownNumber(card.GetName()), offered: time.Now(),
	}
	a.w.book.with(func() { a.w.book.calls[c.assignment] = c })
	a.w.book.note(c.lead, "%s has assignment %d (%s)", a.name, c.assignment, card.GetReason())
	switch {
	case a.chance(0.02):
		a.w.book.with(func() { delete(a.w.book.calls, c.assignment) })
		_, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_Decline{Decline: &pb.DeclineRequest{AssignmentId: c.assignment, Reason: "not now"}}})
		a.w.book.note(c.lead, "%s declined %d: %v", a.name, c.assignment, err)
		return
	case card.GetPlacedAt() == nil && a.chance(a.habits.vanish/2):
		a.w.book.note(c.lead, "%s looks away from %d", a.name, c.assignment)
		a.away(time.Until(card.GetOfferUntil().AsTime()) + a.between(0, time.Second))
		return
	}
	if a.chance(a.habits.dawdle) {
		a.away(a.between(100*time.Millisecond, 1500*time.Millisecond))
	}
	if !a.start(c) {
		return
	}
	a.talk(c)
	a.conclude(c)
	a.w.count.calls.Add(1)
	if a.past = append(a.past, c); len(a.past) > 20 {
		a.past = a.past[1:]
	}
	if a.chance(a.habits.correct) {
		a.correct(c)
	}
	a.w.book.over(c)
}

// start places the call; false: the card was gone.
func (a *agent) start(c *call) bool {
	a.w.book.with(func() { c.sent = time.Now() })
	m, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_StartCall{StartCall: &pb.StartCallRequest{AssignmentId: c.assignment}}})
	if err != nil {
		a.w.book.note(c.lead, "%s could not start %d: %v", a.name, c.assignment, err)
		a.expect(c, "started", err, "LEASE_EXPIRED", "SUPPRESSED", "NOT_CALLABLE_NOW")
		return false
	}
	s := m.GetCallStarted()
	a.w.book.with(func() {
		c.started, c.placed, c.number, c.lease = time.Now(), s.GetPlacedAt().AsTime(), s.GetNumber(), s.GetLeaseUntil().AsTime()
	})
	a.w.book.note(c.lead, "%s started %d to %s, placed %s", a.name, c.assignment, c.number, c.placed.Format(time.TimeOnly))
	if a.w.book.forbidden(c.number, c.sent, c.started) {
		a.w.breach(c.lead, "I5: %s was dialled by %s on assignment %d, asked for after its suppression was acknowledged", c.number, a.name, c.assignment)
	}
	if a.w.book.paused(c.campaign, c.sent, c.started) && !c.waived {
		a.w.breach(c.lead, "%s was given the number of assignment %d, asked for after its campaign's pause was acknowledged", a.name, c.assignment)
	}
	return true
}

// expect is a refusal that must have one of these reasons.
func (a *agent) expect(c *call, what string, err error, reasons ...string) {
	if status.Code(err) == codes.FailedPrecondition {
		for _, r := range reasons {
			if reasonOf(err) == r {
				return
			}
		}
	}
	a.w.breach(c.lead, "%s %s assignment %d: %v", a.name, what, c.assignment, err)
}

// talk is the conversation: mostly short, sometimes with heartbeats, sometimes ended before the outcome is said. An
// agent who vanishes says nothing until the lease is over.
func (a *agent) talk(c *call) {
	switch {
	case a.chance(a.habits.vanish):
		a.w.book.note(c.lead, "%s vanishes with %d", a.name, c.assignment)
		a.w.count.vanished.Add(1)
		a.away(time.Until(c.lease) + a.between(time.Second, 17*time.Second))
		return
	case a.chance(0.02):
		for range 3 {
			pause(time.Second)
			m, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_Heartbeat{Heartbeat: &pb.HeartbeatRequest{AssignmentId: c.assignment}}})
			if until := m.GetHeartbeat().GetLeaseUntil(); err == nil && until != nil && m.GetHeartbeat().GetSession().GetAssignmentId() == c.assignment {
				a.w.book.with(func() { c.lease = until.AsTime() })
			}
		}
	default:
		pause(a.between(1, a.w.talk))
	}
	if a.chance(0.3) {
		_, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_EndCall{EndCall: &pb.EndCallRequest{AssignmentId: c.assignment}}})
		if err != nil {
			a.expect(c, "ended", err, "LEASE_EXPIRED")
		}
	}
}

// away is silence, until nobody is to begin anything more.
func (a *agent) away(d time.Duration) {
	select {
	case <-time.After(d):
	case <-a.w.over:
	}
}

// booking is a promise a few seconds from now.
func (a *agent) booking() *campaignpb.Booking {
	at := time.Now().UTC().Add(a.between(5*time.Second, 25*time.Second))
	return &campaignpb.Booking{Local: at.Format("2006-01-02T15:04:05"), Zone: "Etc/UTC"}
}
