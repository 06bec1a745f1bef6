package store

import (
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// What happens to leads, assignments, sessions and promises, whoever asked for it. These change the loaded nouns
// alone; flush writes them.

// move puts a session where it goes and notes the ledger's row. A node whose clock is behind the last one's takes its
// instant: no state lasts a negative time.
func (m *moving) move(next campaign.Session, held *campaign.Assignment) {
	old := m.now
	next.Since = later(next.Since, old.Since)
	m.now = next
	if old.State == next.State && old.Reason == next.Reason {
		m.now.Since = old.Since
		return
	}
	row := stateRow{Agent: next.AgentID, At: us(next.Since), From: old.State, To: next.State, Reason: next.Reason,
		Spent: us(next.Since) - us(old.Since)}
	if held != nil {
		row.Campaign, row.Assignment = held.CampaignID, held.ID
	}
	m.steps = append(m.steps, row)
}

// step lets the floor's rule move the session of the assignment's agent. A session that does not hold it stays.
func (k *work) step(a *campaign.Assignment, kind campaign.HappeningKind, reason string) error {
	m := k.sessions[a.AgentID]
	if m == nil || (kind != campaign.HappenedOffered && m.now.Assignment != a.ID) {
		return nil
	}
	floor := campaign.DefaultFloor()
	if f := k.facts[a.LeadID]; f != nil && f.Campaign != nil {
		floor = f.Campaign.Floor
	}
	next, err := k.t.rules.Step(m.now, k.t.now, campaign.Happening{Kind: kind, Assignment: a.ID, Floor: floor, Reason: reason})
	if err != nil {
		return err
	}
	last := m.now.HeartbeatAt
	m.move(next, a)
	k.renew(m, last, a)
	return nil
}

// decide plans the lead anew.
func (k *work) decide(f *campaign.Facts) {
	l := f.Lead
	if l.State == campaign.LeadWithdrawn {
		return
	}
	l.Plan = k.t.rules.Decide(settled(f))
	k.regroup(f)
	l.DecidedAt, l.RulesVersion = k.t.now, f.Campaign.RulesVersion
	mark(&k.planned, l.ID)
	if f.Promise != nil && l.Assignment == 0 && (!l.Plan.Open() || !callable(f)) {
		k.closePromise(f, campaign.AppointmentCancelled, promiseEnd(f))
		k.decide(f)
		return
	}
	k.settle(f)
}

// settled are the facts without calls to other leads that are reserved or go on: they may be declined, or never get through,
// and a plan that counted them would stand until the end of a cap that was free all the while. Whoever claims the lead
// counts them, see limitWait.
func settled(f *campaign.Facts) *campaign.Facts {
	open := func(u campaign.Use) bool { return u.Outcome == campaign.NoOutcome && !u.Outside }
	if !slices.ContainsFunc(f.Uses, open) {
		return f
	}
	but := *f
	but.Uses = slices.DeleteFunc(slices.Clone(f.Uses), open)
	return &but
}

func promiseEnd(f *campaign.Facts) string {
	if !callable(f) && len(f.Suppressions) > 0 {
		return "suppressed"
	}
	return f.Lead.Plan.Reason
}

// settle gives the lead the state that its plan, its holder and its suppressions make.
func (k *work) settle(f *campaign.Facts) {
	l := f.Lead
	was := l.State
	switch {
	case was == campaign.LeadWithdrawn:
		return
	case l.Assignment != 0:
		l.State = campaign.LeadHeld
	case l.Plan.Open() && len(f.Suppressions) > 0 && !callable(f):
		l.State = campaign.LeadSuppressed
	default:
		l.State = l.Plan.LeadState()
	}
	if l.State != was {
		mark(&k.moved, l.ID)
	}
}

// close ends an assignment and frees its lead, whose plan stands as it was.
func (k *work) close(a *campaign.Assignment, state campaign.AssignmentState, reason string) *campaign.Facts {
	a.State, a.CloseReason, a.ClosedAt = state, reason, k.t.now
	mark(&k.closed, a.ID)
	delete(k.open, a.LeadID)
	f := k.facts[a.LeadID]
	if f != nil && f.Lead.Assignment == a.ID {
		f.Lead.Assignment = 0
		mark(&k.moved, a.LeadID)
	}
	return f
}

// release ends an assignment that was not dialled: its lead goes back to its previous plan, its cap is free.
func (k *work) release(a *campaign.Assignment, state campaign.AssignmentState, reason string, kind campaign.HappeningKind) error {
	if a.State != campaign.AssignmentOffered {
		return fmt.Errorf("assignment %d is %s and cannot be given back", a.ID, a.State)
	}
	f := k.close(a, state, reason)
	k.free(a)
	if f != nil {
		k.unhold(f)
	}
	return k.step(a, kind, reason)
}

// unhold settles a lead that nobody holds any more; one that ended meanwhile ends its promise, too.
func (k *work) unhold(f *campaign.Facts) {
	if f.Promise != nil && (!f.Lead.Plan.Open() || !callable(f)) {
		k.decide(f)
		return
	}
	k.settle(f)
}

// giveUp ends an assignment that was dialled and whose outcome never came: an UNKNOWN attempt.
func (k *work) giveUp(a *campaign.Assignment, reason string) error {
	f := k.facts[a.LeadID]
	if f == nil {
		return fmt.Errorf("give up assignment %d: lead %d is gone", a.ID, a.LeadID)
	}
	t := k.attempt(f, a, campaign.Result{Outcome: campaign.Unknown, Code: campaign.Unknown.String(), EndedAt: a.EndedAt})
	k.close(a, campaign.AssignmentLapsed, reason)
	k.tried(f, a, t)
	k.keep(f, a, t.Outcome)
	own(f, a.AgentID, t.Outcome)
	k.decide(f)
	k.write(f, t)
	return k.step(a, campaign.HappenedLapsed, reason)
}

// closePromise ends the lead's open promise.
func (k *work) closePromise(f *campaign.Facts, state campaign.AppointmentState, reason string) {
	p := f.Promise
	if p == nil {
		return
	}
	p.State, p.Reason, p.ClosedAt = state, reason, k.t.now
	f.Promise = nil
	k.promiseChanged(p)
	tell := func() {
		k.event(campaign.EventAppointmentClosed, f.Lead, p.Owner, map[string]any{"appointment": p.ID, "state": state, "reason": reason,
			"at": p.At, "local": p.Local, "zone": p.Zone, "insisted": p.Insisted, "replaces": p.Replaces})
	}
	if p.ID == 0 { // made in this very transaction: told of after its making
		k.told = append(k.told, tell)
		return
	}
	tell()
}

func (k *work) promiseChanged(p *campaign.Appointment) {
	if k.promises == nil {
		k.promises = make(map[campaign.AppointmentID]*campaign.Appointment)
	}
	k.promises[p.ID] = p
}

// book makes a new promise for the lead; one that is open must have been closed.
func (k *work) book(f *campaign.Facts, p *campaign.Appointment) {
	p.LeadID, p.CampaignID = f.Lead.ID, f.Lead.CampaignID
	p.State, p.CreatedAt = campaign.AppointmentOpen, k.t.now
	f.Promise = p
	k.booked = append(k.booked, p)
	k.told = append(k.told, func() { // its id is known after it was inserted
		k.event(campaign.EventBooked, f.Lead, p.Owner, map[string]any{"appointment": p.ID, "at": p.At, "local": p.Local, "zone": p.Zone,
			"insisted": p.Insisted, "replaces": p.Replaces})
	})
}

// later is the later of two instants.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
