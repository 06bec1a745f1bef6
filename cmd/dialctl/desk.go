package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

// desk is an agent's desk in a terminal: lines typed become requests, what the server says becomes text. It knows
// no connection and no clock.
type desk struct {
	out     io.Writer
	zone    string // of this machine, for times of no lead's
	card    *dialerv1.Card
	session *dialerv1.Session
	note    string
	pending *pendingOutcome // an outcome that lacks something; the next line typed is that
	broke   string          // the reason of the break that was asked for; empty: ready was
	leaving bool            // sign_out was asked for
}

// pendingOutcome waits for one more line.
type pendingOutcome struct {
	code string
	kind pb.Outcome // APPOINTMENT waits for a time, NUMBER_CHANGED for a number
}

const deskHelp = `keys, each followed by Enter:
  s               start the call: shows the number
  e               the conversation is over
  1 2 3 …         what came of it, by its number in the list of outcomes, or by its code
  n TEXT          a note, kept for the outcome
  d REASON        give the lead back, before the call was started
  b REASON        a break (during a call: afterwards)
  r               ready again
  c               my callbacks
  l               show the card again
  q               sign out`

// input turns a typed line into a request; nil when there is nothing to send.
func (d *desk) input(line string) *dialerv1.WorkRequest {
	line = strings.TrimSpace(line)
	if d.pending != nil {
		return d.complete(line)
	}
	key, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(key) {
	case "":
		return nil
	case "?", "h", "help":
		d.say("%s", deskHelp)
	case "l":
		d.show()
	case "n":
		d.note = rest
		d.say("note kept: %s", rest)
	case "r":
		d.broke = ""
		return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_SetState{SetState: &dialerv1.SetStateRequest{State: pb.AgentState_AGENT_STATE_READY}}}
	case "b":
		d.broke = cmp.Or(rest, "break")
		return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_SetState{SetState: &dialerv1.SetStateRequest{
			State: pb.AgentState_AGENT_STATE_BREAK, Reason: d.broke,
		}}}
	case "c":
		return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_ListCallbacks{ListCallbacks: &dialerv1.ListCallbacksRequest{}}}
	case "q":
		d.leaving = true
		return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_SignOut{SignOut: &dialerv1.SignOutRequest{}}}
	default:
		return d.withCard(key, rest)
	}
	return nil
}

// withCard are the keys that need a card.
func (d *desk) withCard(key, rest string) *dialerv1.WorkRequest {
	if d.card == nil {
		d.say("no lead in hand yet; ? lists the keys")
		return nil
	}
	n := d.card.GetAssignmentId()
	switch strings.ToLower(key) {
	case "s":
		return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_StartCall{StartCall: &dialerv1.StartCallRequest{AssignmentId: n}}}
	case "e":
		return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_EndCall{EndCall: &dialerv1.EndCallRequest{AssignmentId: n}}}
	case "d":
		return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_Decline{Decline: &dialerv1.DeclineRequest{
			AssignmentId: n, Reason: cmp.Or(rest, "declined"),
		}}}
	}
	choice := d.choice(key)
	if choice == nil {
		d.say("%q is no key and no outcome; ? lists the keys, l shows the outcomes", key)
		return nil
	}
	if rest != "" {
		d.note = rest
	}
	switch choice.GetOutcome() {
	case pb.Outcome_OUTCOME_APPOINTMENT:
		d.pending = &pendingOutcome{choice.GetCode(), choice.GetOutcome()}
		d.say("when? A wall time in %s such as 2026-03-02T15:00; another zone after it; ! at the end when the customer insisted; empty: never mind",
			cmp.Or(first(d.card.GetZones()), "the lead's zone"))
		return nil
	case pb.Outcome_OUTCOME_NUMBER_CHANGED:
		d.pending = &pendingOutcome{choice.GetCode(), choice.GetOutcome()}
		d.say("the new number? Empty: not known")
		return nil
	default:
		return d.record(choice.GetCode(), nil, "")
	}
}

func (d *desk) choice(key string) *dialerv1.OutcomeChoice {
	choices := d.card.GetOutcomes()
	if n, err := strconv.Atoi(key); err == nil && n >= 1 && n <= len(choices) {
		return choices[n-1]
	}
	for _, o := range choices {
		if strings.EqualFold(o.GetCode(), key) {
			return o
		}
	}
	return nil
}

// complete takes the line that an outcome waited for.
func (d *desk) complete(line string) *dialerv1.WorkRequest {
	p := *d.pending
	d.pending = nil
	if d.card == nil {
		d.say("the card is gone meanwhile")
		return nil
	}
	if p.kind == pb.Outcome_OUTCOME_NUMBER_CHANGED {
		return d.record(p.code, nil, line)
	}
	if line == "" {
		d.say("no appointment then; the call still has no outcome")
		return nil
	}
	b := &pb.Booking{Zone: first(d.card.GetZones())}
	line, b.Insisted = strings.CutSuffix(line, "!")
	words := strings.Fields(line)
	if len(words) >= 2 && len(words[0]) == len("2026-03-02") && strings.Contains(words[1], ":") {
		words = append([]string{words[0] + "T" + words[1]}, words[2:]...)
	}
	if len(words) > 0 {
		b.Local = words[0]
	}
	if len(words) > 1 {
		b.Zone = words[1]
	}
	return d.record(p.code, b, "")
}

func (d *desk) record(code string, b *pb.Booking, newNumber string) *dialerv1.WorkRequest {
	return &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_RecordOutcome{RecordOutcome: &dialerv1.RecordOutcomeRequest{
		AssignmentId: d.card.GetAssignmentId(), Code: code, Booking: b, NewNumber: newNumber, Note: d.note,
	}}}
}

// event tells what the server said.
func (d *desk) event(m *dialerv1.WorkResponse) {
	switch e := m.GetEvent().(type) {
	case *dialerv1.WorkResponse_Failure:
		d.failed(e.Failure)
	case *dialerv1.WorkResponse_SignedIn:
		d.session = e.SignedIn.GetSession()
		d.say("%s; ? lists the keys", sessionText(d.session))
		d.deal(e.SignedIn.GetCard())
	case *dialerv1.WorkResponse_SignedOut:
		d.state(e.SignedOut.GetSession())
	case *dialerv1.WorkResponse_StateSet:
		d.state(e.StateSet.GetSession())
	case *dialerv1.WorkResponse_Session:
		d.state(e.Session)
	case *dialerv1.WorkResponse_Heartbeat:
		d.session = e.Heartbeat.GetSession()
	case *dialerv1.WorkResponse_Declined:
		d.drop()
		d.state(e.Declined.GetSession())
	case *dialerv1.WorkResponse_CallStarted:
		d.started(e.CallStarted)
	case *dialerv1.WorkResponse_CallEnded:
		d.state(e.CallEnded.GetSession())
	case *dialerv1.WorkResponse_OutcomeRecorded:
		d.recorded(e.OutcomeRecorded)
	case *dialerv1.WorkResponse_Callbacks:
		d.callbacks(e.Callbacks.GetCallbacks())
	case *dialerv1.WorkResponse_Offer:
		d.say("\a")
		d.deal(e.Offer)
	case *dialerv1.WorkResponse_Revoked:
		if d.card.GetAssignmentId() == e.Revoked.GetAssignmentId() {
			d.drop()
		}
		d.say("the lead was taken back: %s", cmp.Or(e.Revoked.GetMessage(), e.Revoked.GetReason()))
	case *dialerv1.WorkResponse_Reminder:
		cb := e.Reminder.GetCallback()
		d.say("\areminder: %s %s is promised a call at %s", number(cb.GetLeadId()), cb.GetName(), when(cb.GetDueAt(), cmp.Or(cb.GetAppointment().GetZone(), d.zone)))
	case *dialerv1.WorkResponse_Notice:
		d.say("%s%s", cmp.Or(e.Notice.GetMessage(), e.Notice.GetReason()), d.nextDue(e.Notice.GetNextDue()))
	}
}

func (d *desk) nextDue(at *timestamppb.Timestamp) string {
	if at == nil {
		return ""
	}
	return "; the next is due at " + when(at, d.zone)
}

func (d *desk) failed(f *dialerv1.Failure) {
	d.say("! %s", f.GetMessage())
	for _, v := range f.GetViolations() {
		if text := v.GetField() + ": " + v.GetMessage(); text != f.GetMessage() {
			d.say("  %s", text)
		}
	}
	for _, k := range sortedKeys(f.GetMetadata()) {
		d.say("  %s: %s", k, f.GetMetadata()[k])
	}
	switch f.GetReason() {
	case "booking_outside_hours":
		d.say("  give the outcome again with another time, or with ! after it if the customer insisted")
	case "SUPPRESSED", "NOT_CALLABLE_NOW", "LEASE_EXPIRED":
		d.drop()
	}
	d.leaving = false
}

func (d *desk) deal(card *dialerv1.Card) {
	if card == nil {
		d.drop()
		return
	}
	if d.card.GetAssignmentId() != card.GetAssignmentId() {
		d.drop()
	}
	d.card = card
	d.show()
}

func (d *desk) drop() { d.card, d.note, d.pending = nil, "", nil }

func (d *desk) show() {
	if d.card == nil {
		d.say("no lead in hand")
		return
	}
	fmt.Fprintln(d.out)
	showCard(d.out, d.card)
	if d.card.GetPlacedAt() == nil {
		d.say("\ns starts the call, d REASON gives it back")
	}
}

func (d *desk) state(s *dialerv1.Session) {
	if s == nil {
		return
	}
	if d.session.GetState() != s.GetState() || d.session.GetReason() != s.GetReason() || d.session.GetNext() != s.GetNext() {
		d.say("%s", sessionText(s))
	}
	d.session = s
}

func (d *desk) started(a *dialerv1.StartCallResponse) {
	if d.card.GetAssignmentId() == a.GetAssignmentId() {
		d.card.Number, d.card.TelUri, d.card.PlacedAt = a.GetNumber(), a.GetTelUri(), a.GetPlacedAt()
	}
	text := a.GetNumber()
	if a.GetExtension() != "" {
		text += " ext. " + a.GetExtension()
	}
	d.say("dial %s   %s", text, a.GetTelUri())
	d.say("then: e when the conversation is over, and the outcome by its number")
}

func (d *desk) recorded(a *dialerv1.RecordOutcomeResponse) {
	zone := d.zone
	if z := first(a.GetAttempt().GetZones()); z != "" {
		zone = z
	}
	d.say("recorded: %s, %s", word(a.GetAttempt().GetOutcome()), planText(a.GetPlan(), zone))
	if text := lateText(a.GetLate(), a.GetReplay()); text != "" {
		d.say("%s", text)
	}
	if d.card.GetAssignmentId() == a.GetAttempt().GetAssignmentId() {
		d.drop()
	}
	d.state(a.GetSession())
}

func (d *desk) callbacks(all []*dialerv1.Callback) {
	if len(all) == 0 {
		d.say("no callbacks")
		return
	}
	var rows [][]string
	for _, cb := range all {
		rows = append(rows, []string{number(cb.GetLeadId()), cb.GetName(), when(cb.GetDueAt(), cmp.Or(cb.GetAppointment().GetZone(), d.zone))})
	}
	writeTable(d.out, []string{"lead", "name", "due"}, rows)
}

// say prints a line; a bell at its front may ring.
func (d *desk) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	bell := ""
	if rest, rings := strings.CutPrefix(text, "\a"); rings {
		bell, text = "\a", rest
	}
	fmt.Fprintln(d.out, bell+printable(text, true))
}
