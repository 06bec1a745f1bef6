package leads

import (
	"slices"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// What an act needs of a caller.
const (
	needChange   = "change" // edit, withdraw, reopen, move, consents
	needSuppress = "suppress"
	needErase    = "erase"
	needReveal   = "reveal"
	needReassign = "reassign"
	needBook     = "book" // and cancel and reschedule, for an agent that is named
)

// may is what a caller may do, by what acts need; the API asks again.
type may map[string]bool

func mayOf(c *campaign.Caller) may {
	manages := c.Role == campaign.RoleManager || c.Role == campaign.RoleAdmin
	watches := manages || c.Role == campaign.RoleSupervisor
	return may{
		needChange: manages, needSuppress: watches, needReassign: watches, needBook: c.Role == campaign.RoleAdmin,
		needErase:  manages && c.May(campaign.PermitPrivacy),
		needReveal: c.Role != campaign.RoleAgent && c.May(campaign.PermitNumbers),
	}
}

// sense says whether an act makes sense for a lead as it is now.
func sense(act string, s *shown) bool {
	l, standing := s.GetLead(), len(s.promises()) > 0
	if l.GetErasedAt() != nil {
		return false
	}
	out, done := l.GetState() == pb.LeadState_LEAD_STATE_WITHDRAWN, l.GetState() == pb.LeadState_LEAD_STATE_FINISHED
	switch act {
	case "reopen":
		return out || done || l.GetState() == pb.LeadState_LEAD_STATE_EXHAUSTED
	case "edit", "withdraw":
		return !out
	case "move":
		return !out && len(s.Campaigns) > 0
	case "book":
		return !out && !done && !standing && l.GetState() != pb.LeadState_LEAD_STATE_SUPPRESSED
	case "reschedule", "cancel", "reassign":
		return standing
	case "suppress", "lift":
		return len(l.GetNumbers()) > 0
	case "reveal":
		return s.Masked && len(s.Revealed) == 0
	case "revoke":
		return slices.ContainsFunc(s.Consents, stands)
	}
	return true
}

// stands says whether a consent was not revoked.
func stands(c *pb.Consent) bool { return c.GetRevokedAt() == nil }

// promises are the lead's open promises.
func (s *shown) promises() []*pb.Appointment {
	var open []*pb.Appointment
	for _, a := range s.GetAppointments() {
		if a.GetState() == pb.AppointmentState_APPOINTMENT_STATE_OPEN {
			open = append(open, a)
		}
	}
	return open
}

// Can says whether the reader is offered an act.
func (s *shown) Can(act string) bool { return s.May[acts[act].need] && sense(act, s) }

// Draws says whether an act's dialog is on the page: one that was refused stays, with what was typed.
func (s *shown) Draws(act string) bool { return s.Can(act) || (s.Problem != nil && s.Ask == act) }

// Acts are the acts on the lead as a whole that the reader is offered.
func (s *shown) Acts() []string {
	return slices.DeleteFunc([]string{"edit", "withdraw", "reopen", "move", "suppress", "lift", "book", "erase"}, func(act string) bool { return !s.Can(act) })
}

// PromiseActs are the acts on an open promise that the reader is offered.
func (s *shown) PromiseActs() []string {
	return slices.DeleteFunc([]string{"reassign", "reschedule", "cancel"}, func(act string) bool { return !s.Can(act) })
}
