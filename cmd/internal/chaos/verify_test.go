package chaos

import (
	"cmp"
	"slices"
	"time"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// verify holds the record against what the clients were told.
func (w *world) verify(r *record) {
	w.t.Helper()
	for _, c := range w.book.calls {
		w.verifyCall(r, c)
	}
	for id, t := range r.attempts {
		if c := w.book.calls[id]; c == nil || c.sent.IsZero() {
			w.breach(t.GetLeadId(), "I9: assignment %d is in the ledger and nobody placed that call", id)
		}
	}
	w.verifyPromises(r)
	w.verifyTogether()
	w.verifySpacing()
	w.verifyLists(r)
	w.verifyReports(r)
}

// verifyCall: a call that was started is in the ledger once, with the outcome that was acknowledged last (I2).
func (w *world) verifyCall(r *record, c *call) {
	t := r.attempts[c.assignment]
	if t == nil {
		if !c.started.IsZero() {
			w.breach(c.lead, "I2: the call of assignment %d was started and is not in the ledger", c.assignment)
		}
		return
	}
	if t.GetLeadId() != c.lead || t.GetAgentLogin() != c.agent || !c.placed.IsZero() && (t.GetNumber() != c.number || !t.GetPlacedAt().AsTime().Equal(c.placed)) {
		w.breach(c.lead, "I2: assignment %d was another call: %v, journal %+v", c.assignment, t, *c)
	}
	for _, s := range c.words {
		if !s.acked.IsZero() && s.late == dialerpb.LateKind_LATE_KIND_WAITS {
			if o := r.late[c.assignment]; o.GetCode() != s.code || o.GetNote() != s.note {
				w.breach(c.lead, "I2: the late outcome %s (%s) of %d does not wait to be judged: %v", s.code, s.note, c.assignment, o)
			}
		}
	}
	s := c.last()
	switch {
	case s == nil && t.GetOutcome() == campaignpb.Outcome_OUTCOME_UNKNOWN:
	case s != nil && t.GetCode() == s.code && t.GetNote() == s.note:
	case slices.ContainsFunc(c.words, func(u *word) bool { return u.open() && t.GetCode() == u.code && t.GetNote() == u.note }):
	default:
		w.breach(c.lead, "I2: assignment %d has %v %s (%s), acknowledged was %+v", c.assignment, t.GetOutcome(), t.GetCode(), t.GetNote(), s)
	}
	if s != nil && s.booking != nil {
		w.verifyBooked(r, c, s)
	}
}

// open says whether a word may have been taken though no answer says so: it got none, or it is a correction, of which an
// earlier try may have been taken before the one that was refused.
func (s *word) open() bool { return s.acked.IsZero() && (s.refused == "" || s.corrects) }

// verifyBooked: an acknowledged booking is there, as it was asked for.
func (w *world) verifyBooked(r *record, c *call, s *word) {
	if !slices.ContainsFunc(r.leads[c.lead].GetAppointments(), func(p *campaignpb.Appointment) bool {
		return p.GetBookedBy() == c.assignment && p.GetLocal() == s.booking.GetLocal() && p.GetZone() == s.booking.GetZone()
	}) {
		w.breach(c.lead, "I2: the booking %v of assignment %d is gone", s.booking, c.assignment)
	}
}

// verifyPromises: none was dropped in silence (I6).
func (w *world) verifyPromises(r *record) {
	for id, l := range r.leads {
		for _, p := range l.GetAppointments() {
			if p.GetState() != campaignpb.AppointmentState_APPOINTMENT_STATE_OPEN && p.GetReason() == "" {
				w.breach(id, "I6: promise %d ended without a reason: %v", p.GetId(), p)
			}
		}
	}
	for _, want := range w.book.promises {
		all := r.leads[want.lead].GetAppointments()
		i := slices.IndexFunc(all, func(p *campaignpb.Appointment) bool { return p.GetId() == want.id })
		switch {
		case i < 0 || all[i].GetLocal() != want.local:
			w.breach(want.lead, "I6: promise %d, at %s, is not there: %v", want.id, want.local, all)
		case want.ended != campaignpb.AppointmentState_APPOINTMENT_STATE_UNSPECIFIED && all[i].GetState() != want.ended:
			w.breach(want.lead, "I6: promise %d was acknowledged to be %v and is %v", want.id, want.ended, all[i].GetState())
		}
	}
}

// byLead are the started calls of each lead, in the order in which their agents knew of them.
func (w *world) by(key func(*call) any) map[any][]*call {
	out := make(map[any][]*call)
	for _, c := range w.book.calls {
		if !c.started.IsZero() {
			out[key(c)] = append(out[key(c)], c)
		}
	}
	for _, all := range out {
		slices.SortFunc(all, func(a, b *call) int { return cmp.Or(a.placed.Compare(b.placed), a.started.Compare(b.started)) })
	}
	return out
}

// verifyTogether: by the agents' own notes no two had a lead at the same time (I1).
func (w *world) verifyTogether() {
	for lead, all := range w.by(func(c *call) any { return c.lead }) {
		for i, a := range all {
			for _, b := range all[i+1:] {
				if b.started.Before(a.released()) && a.started.Before(b.released()) {
					w.breach(lead.(int64), "I1: %s and %s both had lead %v, on assignments %d and %d", a.agent, b.agent, lead, a.assignment, b.assignment)
				}
			}
		}
	}
}

// verifySpacing: no lead came again before its interval, no number oftener than its cap allows (I3).
func (w *world) verifySpacing() {
	drives := make(map[int64]*drive)
	for _, d := range w.campaigns {
		drives[d.id] = d
	}
	for lead, all := range w.by(func(c *call) any { return c.lead }) {
		for i, c := range all[1:] {
			if gap := c.placed.Sub(all[i].placed); !c.waived && gap < drives[c.campaign].wait(all[i]) {
				w.breach(lead.(int64), "I3: assignment %d came %v after %d", c.assignment, gap, all[i].assignment)
			}
		}
	}
	for _, all := range w.by(func(c *call) any { return c.number }) {
		for _, c := range all {
			w.verifyCap(drives[c.campaign], c, all)
		}
	}
}

// verifyCap: before a call no more were placed to its number than its campaign's cap leaves room for. Of two calls of the
// same second only their agents know which was first.
func (w *world) verifyCap(d *drive, c *call, all []*call) {
	var before []int64
	for _, b := range all {
		if b.started.Before(c.sent) && c.placed.Sub(b.placed) < d.capPeriod && b.counts() {
			before = append(before, b.assignment)
		}
	}
	if len(before) >= d.capMax && !c.waived {
		w.breach(c.lead, "I3: assignment %d called %s, as %v had in the %v before, at most %d are allowed", c.assignment, c.number, before, d.capPeriod, d.capMax)
	}
}

// counts says whether the call counted against caps for certain, all the time: not if the network had it fail, be that
// corrected later.
func (c *call) counts() bool {
	return !slices.ContainsFunc(c.words, func(s *word) bool { return s.code == "CONGESTION" || s.open() })
}

// wait is the least time from a call to the next one, as far as its agent can know.
func (d *drive) wait(c *call) time.Duration {
	s := c.last()
	switch {
	case slices.ContainsFunc(c.words, func(s *word) bool { return s.open() }):
		return 0
	case s == nil:
		return d.interval
	}
	switch s.code {
	case "BUSY":
		return d.busy
	case "CONGESTION":
		return networkRetry
	case "WRONG_PERSON":
		return 0
	}
	return d.interval
}
