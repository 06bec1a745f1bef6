package simulate

import (
	"slices"
	"time"

	"redial/campaign"
	"redial/dialer"
)

// What the record would do in its transactions, with the same rules in them: see package store for the same deeds
// with locks round them.

// decide plans a lead anew and gives it the state that follows.
func (w *world) decide(l *lead) {
	l.Plan = w.book.Plan(w.factsOf(l))
	l.DecidedAt = w.now
	l.home.floor.tally.planned(l.Plan)
	if l.promise != nil && l.desk == nil && (!l.Plan.Open() || !l.callable()) {
		reason := l.Plan.Reason
		if !l.callable() {
			reason = "suppressed"
		}
		w.close(l.promise, campaign.AppointmentCancelled, reason)
		w.decide(l)
		return
	}
	w.settle(l)
	if l.State == campaign.LeadOpen && l.Plan.Verdict == campaign.VerdictCall {
		w.enter(l, l.Plan.Earliest)
	}
}

// settle gives the lead the state that its plan, its holder and its suppressions make.
func (w *world) settle(l *lead) {
	state := l.Plan.LeadState()
	switch {
	case l.desk != nil:
		state = campaign.LeadHeld
	case l.Plan.Open() && !l.callable():
		state = campaign.LeadSuppressed
	}
	w.setState(l, state)
}

func (w *world) setState(l *lead, state campaign.LeadState) {
	if l.State == state {
		return
	}
	f, k := l.home.floor, l.home
	f.tally.leads[l.State]--
	f.tally.leads[state]++
	was := l.State == campaign.LeadOpen || l.State == campaign.LeadHeld
	is := state == campaign.LeadOpen || state == campaign.LeadHeld
	if was && !is {
		if k.tally.open--; k.tally.open == 0 {
			k.tally.done = w.now
		}
	} else if is && !was {
		k.tally.open++
		k.tally.done = time.Time{}
	}
	l.State = state
}

// unhold settles a lead that nobody holds any more, whose plan stands as it was.
func (w *world) unhold(l *lead) {
	if l.promise != nil && (!l.Plan.Open() || !l.callable()) {
		w.decide(l)
		return
	}
	w.settle(l)
	if l.State == campaign.LeadOpen && l.Plan.Verdict == campaign.VerdictCall {
		w.enter(l, l.Plan.Earliest)
	}
}

// claim offers a lead to an agent who waits. It says whether the lead was claimed.
func (w *world) claim(a *agent, l *lead) (bool, error) {
	if err := w.check.free(a, l); err != nil {
		return false, err
	}
	j := w.book.Offer(w.factsOf(l), a.id)
	if !j.Callable {
		w.refused(l, j)
		return false, nil
	}
	w.last++
	a.held, l.desk = l, a
	l.gen++
	l.Assignment = w.last
	a.call = call{id: w.last, number: j.Plan.Number, promise: l.promise, reason: j.Reason, offered: w.now}
	a.call.use = l.reserve(w.last, j.Plan.Number, w.now)
	w.setState(l, campaign.LeadHeld)
	if err := w.happen(a, campaign.HappenedOffered, ""); err != nil {
		return false, err
	}
	w.seed(saltCard, uint64(w.last))
	a.goOn(toDial, w.ms, seconds(a.team.Card.at(w.rng)))
	w.arm(a)
	return true, nil
}

// refused puts a lead that may not be offered yet out of the way of those behind it.
func (w *world) refused(l *lead, j campaign.Judgement) {
	l.home.floor.tally.refused[j.Binding]++
	switch {
	case !l.callable():
		w.unhold(l)
	case l.Plan.Verdict == campaign.VerdictCall && !j.Plan.Open() && j.Plan.Verdict != campaign.NoVerdict:
		if w.decide(l); l.State == campaign.LeadOpen && !l.Plan.Earliest.After(w.now) {
			_ = w.check.fail("I10", l, "the offer is refused by %s (%v, %s) and the plan says that it is due", j.Binding, j.Plan.Verdict, j.Plan.Reason)
		}
	case l.Plan.Verdict == campaign.VerdictCall:
		again := w.now.Add(restRefused)
		if j.OpenAt.After(w.now) {
			again = j.OpenAt
		}
		w.enter(l, again)
	}
}

// restRefused is how long a lead rests that a gate kept back which does not say when it opens.
const restRefused = 15 * time.Second

// release frees the lead of an offer that was not dialled: it goes back to its plan, its cap is free.
func (w *world) release(a *agent) *lead {
	l := a.held
	a.call.use.release()
	a.held, l.desk, l.Assignment = nil, nil, 0
	a.phase, a.call = idle, call{}
	return l
}

// released follows the floor, which gave an offer back.
func (w *world) released(a *agent, act dialer.Release) {
	l := a.held
	l.home.floor.tally.released[act.Reason]++
	w.unhold(w.release(a))
}

// dial places the call, if it still may be: the rules are asked once more, as if nobody held the lead.
func (w *world) dial(a *agent) error {
	l := a.held
	facts := w.factsOf(l)
	open := l.Lead
	open.State, open.Assignment = campaign.LeadOpen, 0
	facts.Lead, facts.Holder = &open, ""
	j := w.book.Offer(facts, a.id)
	if !j.Callable || j.Plan.Number != a.call.number {
		return w.refuseStart(a, j)
	}
	placed := w.now.Truncate(time.Second)
	if err := w.check.call(a, l, placed); err != nil {
		return err
	}
	a.call.placedAt = placed
	a.call.use.placed(placed)
	a.call.sample = w.sample(l)
	a.goOn(toEnd, w.ms, a.call.sample.Ring+a.call.sample.Talk)
	if len(l.Tries) == 0 {
		if l.home.tally.fresh--; l.home.tally.fresh == 0 {
			l.home.tally.lastFresh = w.now
		}
	}
	return w.happen(a, campaign.HappenedStarted, "")
}

// refuseStart takes the lead back: what allowed the offer no longer holds.
func (w *world) refuseStart(a *agent, j campaign.Judgement) error {
	binding := j.Binding
	if binding == "" {
		binding = "number"
	}
	a.held.home.floor.tally.refusedStart[binding]++
	if err := w.happen(a, campaign.HappenedRevoked, "refused_at_start:"+binding); err != nil {
		return err
	}
	w.decide(w.release(a))
	return nil
}

// conclude records what came of the call.
func (w *world) conclude(a *agent) error {
	l, c := a.held, a.call
	outcome := c.sample.Outcome
	var vow *promise
	if outcome == campaign.Booked {
		if vow = w.agree(l, a); vow == nil {
			outcome = campaign.CallLater // no time could be found
		}
	}
	if err := w.happen(a, campaign.HappenedConcluded, ""); err != nil {
		return err
	}
	return w.record(a, outcome, vow)
}

// gaveUp records a call whose outcome never came.
func (w *world) gaveUp(a *agent) error { return w.record(a, campaign.Unknown, nil) }

// record writes the attempt and all that follows from it; the floor's step is the caller's.
func (w *world) record(a *agent, outcome campaign.Outcome, vow *promise) error {
	l, c := a.held, a.call
	a.held, l.desk, l.Assignment = nil, nil, 0
	a.phase, a.call = idle, call{}
	if c.endedAt.IsZero() {
		c.endedAt = w.now
	}
	try := campaign.Try{PlacedAt: c.placedAt, Outcome: outcome, Number: c.number}
	talk := c.endedAt.Sub(c.placedAt)
	if outcome.Connect() {
		try.Talk = talk
	}
	l.Tries = append(l.Tries, try)
	c.use.tell(outcome, try.Talk)
	w.tally.called(w, l, &c, outcome, talk)
	w.check.told(l, outcome, try.Talk)
	if w.told != nil {
		w.told(Call{l.ID, l.CampaignID, a.id, c.number, c.reason, c.placedAt, outcome, talk})
	}
	if outcome.Follow() == campaign.FollowSuppress {
		w.suppress(l, c.number)
	}
	w.keep(l, &c, outcome)
	if vow != nil {
		if l.promise != nil {
			w.close(l.promise, campaign.AppointmentRescheduled, "booked_anew")
		}
		l.promise = vow
		w.open(vow)
	}
	w.owned(l, a, outcome)
	w.decide(l)
	if l.Owner == a.id && l.State == campaign.LeadOpen && l.Plan.Verdict == campaign.VerdictCall {
		a.own.push(callback{at: l.Plan.Earliest.Unix(), lead: l, gen: l.gen})
	}
	if l.promise != nil && !w.now.Before(l.promise.GraceEnd) {
		w.miss(l.promise)
	}
	return w.check.lead(l)
}

// keep closes the promise that the call kept: one placed at its time or after, or one whose lead is finished.
func (w *world) keep(l *lead, c *call, o campaign.Outcome) {
	p := l.promise
	if p == nil {
		return
	}
	switch {
	case !c.placedAt.Before(p.At.Truncate(time.Second)):
		w.promises.late(c.placedAt.Sub(p.At))
		w.close(p, campaign.AppointmentKept, "called")
	case o.Follow() == campaign.FollowFinished, o.Follow() == campaign.FollowSuppress:
		w.close(p, campaign.AppointmentKept, "finished_before")
	}
}

// owned says whose the lead is after an outcome.
func (w *world) owned(l *lead, a *agent, o campaign.Outcome) {
	switch {
	case l.promise != nil:
		l.Owner = l.promise.Owner
	case o == campaign.CallLater || o == campaign.Booked:
		l.Owner = a.id
	default:
		l.Owner = 0
	}
}

// suppress forbids a number everywhere at once.
func (w *world) suppress(l *lead, number campaign.Phone) {
	x := campaign.Suppression{Phone: number, Reason: campaign.ReasonDoNotCall, CreatedAt: w.now}
	w.check.suppressed(number)
	l.sup = append(l.sup, x)
	for _, s := range l.subjects {
		for _, o := range s.leads {
			if o == l || o.suppressed(number) || !slices.ContainsFunc(o.Numbers, func(n campaign.Number) bool { return n.Phone == number }) {
				continue
			}
			o.sup = append(o.sup, x)
			switch {
			case o.desk != nil && o.desk.call.placedAt.IsZero() && o.desk.call.number == number:
				w.revoke(o)
			case o.State == campaign.LeadOpen:
				o.gen++
				w.unhold(o)
			}
		}
	}
}

// revoke takes an offer back before dialling.
func (w *world) revoke(l *lead) {
	a := l.desk
	l.home.floor.tally.released["suppressed"]++
	if err := w.happen(a, campaign.HappenedRevoked, "suppressed"); err != nil {
		_ = w.check.fail("I1", l, "%v", err) // the loop ends with it
	}
	w.unhold(w.release(a))
	w.arm(a)
}
