package chaos

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// share is an outcome and how often it comes, in hundredths.
type share struct {
	code string
	many int
}

// everyKind has leads end in every way, endless brings nearly all of them back.
var (
	everyKind = []share{
		{"NO_ANSWER", 34}, {"BUSY", 22}, {"CALL_LATER", 8}, {"APPOINTMENT", 10}, {"MACHINE", 6}, {"CONGESTION", 6},
		{"SUCCESS", 6}, {"REFUSED", 3}, {"WRONG_PERSON", 3}, {"DO_NOT_CALL", 2},
	}
	endless = []share{{"NO_ANSWER", 60}, {"BUSY", 25}, {"CALL_LATER", 8}, {"APPOINTMENT", 2}, {"CONGESTION", 5}}
)

func (a *agent) outcome() string {
	n := a.rng.IntN(100)
	for _, o := range a.w.mix {
		if n -= o.many; n < 0 {
			return o.code
		}
	}
	return "NO_ANSWER"
}

// conclude says what came of the call. A booking that can no longer be made, because the answer took long, becomes a
// call to be made later.
func (a *agent) conclude(c *call) {
	s := &word{code: a.outcome(), note: a.w.book.text()}
	if s.code == "APPOINTMENT" {
		s.booking = a.booking()
	}
	if err := a.record(c, s); status.Code(err) == codes.InvalidArgument && s.booking != nil {
		err = a.record(c, &word{code: "CALL_LATER", note: a.w.book.text()})
		if err != nil {
			a.w.breach(c.lead, "%s recorded %d: %v", a.name, c.assignment, err)
		}
	} else if err != nil {
		a.w.breach(c.lead, "%s recorded %s of %d: %v", a.name, s.code, c.assignment, err)
	}
}

func (s *word) request(c *call) *pb.WorkRequest {
	return &pb.WorkRequest{Action: &pb.WorkRequest_RecordOutcome{RecordOutcome: &pb.RecordOutcomeRequest{
		AssignmentId: c.assignment, Code: s.code, Note: s.note, Booking: s.booking,
	}}}
}

// record sends an outcome and writes into the journal what was acknowledged.
func (a *agent) record(c *call, s *word) error {
	a.w.book.with(func() { s.sent = time.Now(); c.words = append(c.words, s) })
	m, err := a.desk.do(s.request(c))
	if err != nil {
		a.w.book.with(func() { s.refused = err.Error() })
		a.w.book.note(c.lead, "%s could not record %s of %d: %v", a.name, s.code, c.assignment, err)
		return err
	}
	a.acknowledged(c, s, m.GetOutcomeRecorded())
	return nil
}

func (a *agent) acknowledged(c *call, s *word, m *pb.RecordOutcomeResponse) {
	a.w.book.with(func() { s.acked, s.late = time.Now(), m.GetLate() })
	a.w.book.note(c.lead, "%s recorded %s of %d (%s), replay %v, %v", a.name, s.code, c.assignment, s.note, m.GetReplay(), m.GetLate())
	if s.late != pb.LateKind_LATE_KIND_UNSPECIFIED {
		a.w.count.late.Add(1)
	}
	if t := m.GetAttempt(); s.late != pb.LateKind_LATE_KIND_WAITS && (t.GetCode() != s.code || t.GetNote() != s.note) {
		a.w.breach(c.lead, "I2: %s recorded %s (%s) of %d and was answered %s (%s)", a.name, s.code, s.note, c.assignment, t.GetCode(), t.GetNote())
	}
	if s.code == "DO_NOT_CALL" {
		a.w.book.order(&order{number: c.number, sent: s.sent, acked: s.acked})
	}
	if p := m.GetAppointment(); s.booking != nil && p.GetBookedBy() == c.assignment && s.late != pb.LateKind_LATE_KIND_WAITS {
		made := &promise{id: p.GetId(), lead: c.lead, assignment: c.assignment, local: p.GetLocal()}
		a.w.book.with(func() { a.w.book.promises = append(a.w.book.promises, made) })
		if a.chance(0.3) {
			a.change(made)
		}
	}
}

// change calls a promise off or makes another of it. That may be refused: it may have come due, or a lost answer said
// that it was done.
func (a *agent) change(p *promise) {
	r, as := &pb.WorkRequest{Action: &pb.WorkRequest_CancelAppointment{CancelAppointment: &pb.CancelAppointmentRequest{AppointmentId: p.id, Reason: "not any more"}}},
		campaignpb.AppointmentState_APPOINTMENT_STATE_CANCELLED
	if a.chance(0.5) {
		as = campaignpb.AppointmentState_APPOINTMENT_STATE_RESCHEDULED
		r.Action = &pb.WorkRequest_RescheduleAppointment{RescheduleAppointment: &pb.RescheduleAppointmentRequest{AppointmentId: p.id, Booking: a.booking()}}
	}
	m, err := a.desk.do(r)
	a.w.book.note(p.lead, "%s asked for promise %d to be %v: %v", a.name, p.id, as, err)
	if err != nil {
		return
	}
	a.w.book.with(func() {
		p.ended = as
		if made := m.GetAppointmentRescheduled().GetAppointment(); made != nil {
			a.w.book.promises = append(a.w.book.promises, &promise{id: made.GetId(), lead: p.lead, local: made.GetLocal()})
		}
	})
}

// correct amends the last outcome; the lead may have gone on since.
func (a *agent) correct(c *call) {
	was := c.last()
	if was == nil || was.booking != nil || was.code == "DO_NOT_CALL" {
		return
	}
	s := &word{code: "CALL_LATER", note: a.w.book.text(), corrects: true}
	a.w.book.with(func() { s.sent = time.Now(); c.words = append(c.words, s) })
	_, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_CorrectOutcome{CorrectOutcome: &pb.CorrectOutcomeRequest{
		AssignmentId: c.assignment, Code: s.code, Note: s.note,
	}}})
	a.w.book.note(c.lead, "%s corrected %d to %s (%s): %v", a.name, c.assignment, s.code, s.note, err)
	a.w.book.with(func() {
		if err == nil {
			s.acked = time.Now()
		} else {
			s.refused = err.Error()
		}
	})
}

// repeat sends a request of an old call again, or one that contradicts it. Nothing may come of either.
func (a *agent) repeat(c *call) {
	s := c.last()
	if s == nil || s.corrects {
		return
	}
	switch a.rng.IntN(4) {
	case 0:
		m, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_StartCall{StartCall: &pb.StartCallRequest{AssignmentId: c.assignment}}})
		if got := m.GetCallStarted(); err == nil && (!got.GetPlacedAt().AsTime().Equal(c.placed) || got.GetNumber() != c.number) {
			a.w.breach(c.lead, "assignment %d was started again: %v", c.assignment, got)
		}
	case 1:
		m, err := a.desk.do(s.request(c))
		if err != nil || m.GetOutcomeRecorded().GetAttempt().GetNote() != s.note {
			a.w.breach(c.lead, "I2: %s of %d sent again: %v, %v", s.code, c.assignment, m.GetOutcomeRecorded(), err)
		}
	case 2:
		other := &word{code: "REFUSED", note: "another outcome"}
		if _, err := a.desk.do(other.request(c)); status.Code(err) != codes.AlreadyExists {
			a.w.breach(c.lead, "I2: another outcome of %d was not refused as such: %v", c.assignment, err)
		}
	default:
		_, err := a.desk.do(&pb.WorkRequest{Action: &pb.WorkRequest_Decline{Decline: &pb.DeclineRequest{AssignmentId: c.assignment, Reason: "again"}}})
		if err == nil {
			a.w.breach(c.lead, "assignment %d was declined after its outcome was recorded", c.assignment)
		}
	}
}
