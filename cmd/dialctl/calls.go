package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

const whoseHelp = "An agent's own token needs no --agent; an admin token may act for the agent who has the assignment."

var callCommands = []command{
	{
		name: "next", args: "--agent LOGIN [--wait 10s]", short: "the next lead to call",
		long: "Prints assignment, lead, reason and history. Without a lead in time it says when the next is due, and exits 3.\n" +
			"The lead in hand, if there is one, is given again.",
		bind: bindNext,
	},
	{
		name: "pick", args: "LEAD --agent LOGIN", short: "take a lead that you chose: dialling by hand, through the same gates and caps",
		long: "Refused with the gate that binds when it may not be called now.", min: 1, max: 1, bind: bindPick,
	},
	{name: "start", args: "ASSIGNMENT", short: "place the call: prints the number", long: whoseHelp, min: 1, max: 1, bind: bindStart},
	{name: "end", args: "ASSIGNMENT", short: "the conversation is over; wrap-up begins", long: whoseHelp, min: 1, max: 1, bind: bindEnd},
	{
		name: "record", args: "ASSIGNMENT OUTCOME [--at 2026-03-02T15:00 --zone Z] [--new-number N] [--note T] [--next 10s]",
		short: "record what came of the call: prints verdict, at and reason",
		long: "OUTCOME is SUCCESS, SUCCESS_PROXY, REFUSED, DO_NOT_CALL, APPOINTMENT, CALL_LATER, NO_ANSWER, BUSY, UNREACHABLE, MACHINE,\n" +
			"WRONG_PERSON, VACANT_NUMBER, FAX, NUMBER_CHANGED, CONGESTION, TRUNK_ERROR, or a code of the campaign's own.\n\n" +
			"  dialctl record 7 NO_ANSWER --note 'try the evening'\n" +
			"  dialctl record 7 APPOINTMENT --at 2026-03-02T15:00 --zone Asia/Shanghai\n" +
			"  dialctl record 7 SUCCESS --next 10s\n\n" +
			"With --next it asks for the agent's next call in the same request, and shows it as next does; without one in time it\n" +
			"exits 3, the outcome is recorded all the same. " + whoseHelp,
		min: 2, max: 2, bind: bindRecord,
	},
	{
		name: "correct", args: "ASSIGNMENT OUTCOME [flags of record]", short: "it was something else: amend a recorded outcome",
		long: whoseHelp, min: 2, max: 2, bind: bindCorrect,
	},
	{name: "decline", args: "ASSIGNMENT [--reason TEXT]", short: "give a lead back before dialling", long: whoseHelp, min: 1, max: 1, bind: bindDecline},
}

func agentFlag(fs *flag.FlagSet) *string {
	return fs.String("agent", "", "whose it is, by `LOGIN`")
}

func bindNext(fs *flag.FlagSet) action {
	agent := agentFlag(fs)
	wait := fs.Duration("wait", 0, "how long to wait for one, such as 10s or 1h; at most 24h")
	return func(ctx context.Context, c *cli, _ []string) error {
		if *wait < 0 || *wait > waitMost {
			return misused("--wait %v is out of range: give 0s to 24h", *wait)
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		answer, err := nextCall(ctx, r.agents, *agent, *wait)
		if err != nil {
			return err
		}
		if answer.GetCard() == nil {
			return c.nothingCame(answer)
		}
		return c.card(answer.GetCard())
	}
}

func bindPick(fs *flag.FlagSet) action {
	agent := agentFlag(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		lead, err := campaign.ParseID[campaign.LeadID]("lead", args[0])
		if err != nil {
			return err
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		answer, err := r.agents.PickLead(ctx, &dialerv1.PickLeadRequest{Agent: *agent, LeadId: int64(lead)})
		if err != nil {
			return err
		}
		return c.card(answer.GetCard())
	}
}

// card shows a card, and what to type next.
func (c *cli) card(card *dialerv1.Card) error {
	if c.json {
		return c.emit(cardObject(card))
	}
	showCard(c.stdout, card)
	if card.GetPlacedAt() != nil {
		c.next("record %d OUTCOME", card.GetAssignmentId())
		return nil
	}
	c.next("start %d, or: dialctl decline %d", card.GetAssignmentId(), card.GetAssignmentId())
	return nil
}

// How long next waits at most, and how long the server lets one call wait.
const (
	waitMost    = 24 * time.Hour
	waitPerCall = time.Minute
)

// nextCall asks again and again until a card comes or the time is over; the answer is the last one.
func nextCall(ctx context.Context, desk dialerv1.AgentServiceClient, agent string, wait time.Duration) (*dialerv1.NextCallResponse, error) {
	for {
		piece := min(wait, waitPerCall)
		wait -= piece
		answer, err := nextCallOnce(ctx, desk, agent, piece)
		if err != nil || answer.GetCard() != nil || wait == 0 {
			return answer, err
		}
	}
}

func nextCallOnce(ctx context.Context, desk dialerv1.AgentServiceClient, agent string, wait time.Duration) (*dialerv1.NextCallResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+callTime)
	defer cancel()
	return desk.NextCall(ctx, &dialerv1.NextCallRequest{Agent: agent, Wait: durationpb.New(wait)})
}

// nothingCame tells why, and when to ask again.
func (c *cli) nothingCame(a *dialerv1.NextCallResponse) error {
	if c.json {
		if err := c.emit(object{
			{"assignment", nil}, {"lead", nil}, {"reason", nil}, {"history", []any{}},
			{"why_none", a.GetWhyNone()}, {"next_due", instant(a.GetNextDue())},
		}); err != nil {
			return err
		}
		return errNothing
	}
	c.say("no lead to call: %s", cmp.Or(a.GetWhyNone(), "none is due"))
	if a.GetNextDue() != nil {
		c.say("the next is due at %s", when(a.GetNextDue(), machineZone(c.env)))
	}
	return errNothing
}

// cardObject is a card; what the caller needs next comes first.
func cardObject(card *dialerv1.Card) object {
	return front(messageOf(card.ProtoReflect()), "assignment", "lead", "reason", "history", "name", "masked_number")
}

// front puts the named members first.
func front(o object, names ...string) object {
	out := make(object, 0, len(o))
	for _, name := range names {
		out.put(name, o.get(name))
	}
	for _, m := range o {
		if !slices.Contains(names, m.name) {
			out = append(out, m)
		}
	}
	return out
}

func bindStart(fs *flag.FlagSet) action {
	agent := agentFlag(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		n, r, err := c.assignment(args[0])
		if err != nil {
			return err
		}
		a, err := r.agents.StartCall(ctx, &dialerv1.StartCallRequest{Agent: *agent, AssignmentId: n})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(messageOf(a.ProtoReflect()))
		}
		text := a.GetNumber()
		if a.GetExtension() != "" {
			text += " ext. " + a.GetExtension()
		}
		c.fields("number", text, "link", a.GetTelUri(), "placed", when(a.GetPlacedAt(), ""), "lapses", when(a.GetLeaseUntil(), ""))
		c.next("record %d OUTCOME", n)
		return nil
	}
}

func (c *cli) assignment(s string) (int64, remote, error) {
	n, err := id("assignment", s)
	if err != nil {
		return 0, remote{}, err
	}
	r, err := c.connect()
	return n, r, err
}

func bindEnd(fs *flag.FlagSet) action {
	agent := agentFlag(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		n, r, err := c.assignment(args[0])
		if err != nil {
			return err
		}
		a, err := r.agents.EndCall(ctx, &dialerv1.EndCallRequest{Agent: *agent, AssignmentId: n})
		if err != nil {
			return err
		}
		if err := c.aboutSession(a.GetSession()); err != nil || c.json {
			return err
		}
		c.next("record %d OUTCOME", n)
		return nil
	}
}

func bindDecline(fs *flag.FlagSet) action {
	agent := agentFlag(fs)
	reason := fs.String("reason", "declined", "why, 1 to 64 characters")
	return func(ctx context.Context, c *cli, args []string) error {
		n, r, err := c.assignment(args[0])
		if err != nil {
			return err
		}
		a, err := r.agents.Decline(ctx, &dialerv1.DeclineRequest{Agent: *agent, AssignmentId: n, Reason: *reason})
		if err != nil {
			return err
		}
		return c.aboutSession(a.GetSession())
	}
}

// outcomeFlags are what an outcome may come with.
type outcomeFlags struct {
	agent, at, zone, newNumber, note string
	insist                           bool
}

func bindOutcome(fs *flag.FlagSet) *outcomeFlags {
	f := &outcomeFlags{}
	fs.StringVar(&f.agent, "agent", "", "whose it is, by `LOGIN`")
	bindBooking(fs, &f.at, &f.zone, &f.insist)
	fs.StringVar(&f.newNumber, "new-number", "", "with NUMBER_CHANGED: the new `NUMBER`")
	fs.StringVar(&f.note, "note", "", "a `TEXT` for people")
	return f
}

func bindBooking(fs *flag.FlagSet, at, zone *string, insist *bool) {
	fs.StringVar(at, "at", "", "of an appointment: the agreed wall `TIME`, such as 2026-03-02T15:00")
	fs.StringVar(zone, "zone", "", "the `ZONE` of that time; else the lead's first")
	fs.BoolVar(insist, "insist", false, "the customer insisted on a time outside callable hours")
}

// booking is the appointment that the flags say; nil for none.
func booking(at, zone string, insist bool) (*pb.Booking, error) {
	if at == "" {
		if zone != "" || insist {
			return nil, misused("--zone and --insist belong to an appointment: give its time, --at 2026-03-02T15:00")
		}
		return nil, nil
	}
	return &pb.Booking{Local: strings.Replace(at, " ", "T", 1), Zone: zone, Insisted: insist}, nil
}

func (f *outcomeFlags) check(code string) (*pb.Booking, error) {
	if code == campaign.Booked.String() && f.at == "" {
		return nil, misused("an APPOINTMENT needs its time: --at 2026-03-02T15:00, and --zone unless it is the lead's")
	}
	return booking(f.at, f.zone, f.insist)
}

func bindRecord(fs *flag.FlagSet) action {
	f := bindOutcome(fs)
	next := fs.Duration("next", -1, "ask for the next call too, and wait so long for it: 0s to 60s")
	return func(ctx context.Context, c *cli, args []string) error {
		b, err := f.check(args[1])
		if err != nil {
			return err
		}
		q := &dialerv1.RecordOutcomeRequest{Agent: f.agent, Code: args[1], Booking: b, NewNumber: f.newNumber, Note: f.note}
		if wasSet(fs, "next") {
			if *next < 0 || *next > waitPerCall {
				return misused("--next %v is out of range: give 0s to 60s", *next)
			}
			q.NextWait = durationpb.New(*next)
		}
		n, r, err := c.assignment(args[0])
		if err != nil {
			return err
		}
		q.AssignmentId = n
		ctx, cancel := context.WithTimeout(ctx, max(*next, 0)+callTime)
		defer cancel()
		a, err := r.agents.RecordOutcome(ctx, q)
		if err != nil {
			return nearestTimes(err)
		}
		return c.recorded(a, q.GetNextWait() != nil)
	}
}

// recorded shows what became of an outcome, and the next call if it was asked for.
func (c *cli) recorded(a *dialerv1.RecordOutcomeResponse, asked bool) error {
	out := recorded(a.GetPlan(), a.GetLeadState(), a.GetAttempt(), a.GetAppointment())
	out = append(out, object{{"late", word(a.GetLate())}, {"replay", a.GetReplay()}, {"session", nested(a.GetSession().ProtoReflect())}}...)
	card := a.GetNext().GetCard()
	if c.json && asked {
		out = append(out, object{{"next", nil}, {"why_none", a.GetNext().GetWhyNone()}, {"next_due", instant(a.GetNext().GetNextDue())}}...)
		if card != nil {
			out[len(out)-3].value = cardObject(card)
		}
	}
	err := c.showRecorded(out, a.GetPlan(), a.GetLeadState(), a.GetAttempt(), a.GetAppointment(), lateText(a.GetLate(), a.GetReplay()), asked)
	switch {
	case err != nil || !asked:
		return err
	case card == nil && c.json:
		return errNothing
	case a.GetNext() == nil:
		c.say("the outcome is recorded, but asking for the next call failed: ask again")
		c.next("next --agent %s", quoted(cmp.Or(a.GetAttempt().GetAgentLogin(), "LOGIN")))
		return errNothing
	case card == nil:
		return c.nothingCame(a.GetNext())
	case c.json:
		return nil
	}
	return c.card(card)
}

func bindCorrect(fs *flag.FlagSet) action {
	f := bindOutcome(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		b, err := f.check(args[1])
		if err != nil {
			return err
		}
		n, r, err := c.assignment(args[0])
		if err != nil {
			return err
		}
		a, err := r.agents.CorrectOutcome(ctx, &dialerv1.CorrectOutcomeRequest{
			Agent: f.agent, AssignmentId: n, Code: args[1], Booking: b, NewNumber: f.newNumber, Note: f.note,
		})
		if err != nil {
			return nearestTimes(err)
		}
		out := recorded(a.GetPlan(), a.GetLeadState(), a.GetAttempt(), a.GetAppointment())
		return c.showRecorded(out, a.GetPlan(), a.GetLeadState(), a.GetAttempt(), a.GetAppointment(), "", false)
	}
}

// recorded is what was decided, and on what.
func recorded(p *pb.Plan, state pb.LeadState, attempt *pb.Attempt, promise *pb.Appointment) object {
	o := object{
		{"verdict", word(p.GetVerdict())}, {"at", instant(p.GetAt())}, {"reason", p.GetReason()}, {"until", instant(p.GetUntil())},
		{"number", p.GetNumber()}, {"assignment", attempt.GetAssignmentId()}, {"lead", attempt.GetLeadId()},
		{"lead_state", word(state)}, {"outcome", word(attempt.GetOutcome())}, {"attempt", messageOf(attempt.ProtoReflect())},
		{"appointment", nil},
	}
	if promise != nil {
		o[len(o)-1].value = noun("id", promise)
	}
	return o
}

func lateText(late dialerv1.LateKind, replay bool) string {
	switch late {
	case dialerv1.LateKind_LATE_KIND_AMENDED:
		return "it came late and amended the attempt, which had been closed as UNKNOWN"
	case dialerv1.LateKind_LATE_KIND_WAITS:
		return "it came late, and somebody has had the lead since: it waits for a supervisor (dialctl floor late)"
	default:
	}
	if replay {
		return "it had been recorded before; nothing changed"
	}
	return ""
}

func (c *cli) showRecorded(o object, p *pb.Plan, state pb.LeadState, attempt *pb.Attempt, promise *pb.Appointment, late string, more bool) error {
	if c.json {
		return c.emit(o)
	}
	zone := first(attempt.GetZones())
	c.fields("verdict", word(p.GetVerdict()), "at", when(p.GetAt(), zone), "until", when(p.GetUntil(), zone), "reason", p.GetReason(),
		"lead", fmt.Sprintf("%d, %s", attempt.GetLeadId(), word(state)), "promised", promiseText(promise), "note", late)
	if !more {
		c.next("next --agent %s", quoted(cmp.Or(attempt.GetAgentLogin(), "LOGIN")))
	}
	return nil
}

func promiseText(p *pb.Appointment) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%s %s (number %d)", p.GetLocal(), p.GetZone(), p.GetId())
}

// nearestTimes tells the callable times beside a booking that was refused.
func nearestTimes(err error) error {
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok || e.Reason != "booking_outside_hours" && e.Reason != "booking_in_past" {
		return err
	}
	told := *e
	for _, k := range []string{"before", "after"} {
		if at := e.Meta[k]; at != "" && !strings.Contains(e.Error(), at) {
			told.Message += fmt.Sprintf("\n  callable %s it: %s", map[string]string{"before": "just before", "after": "next after"}[k], at)
		}
	}
	if e.Reason == "booking_outside_hours" {
		told.Message += "\n  --insist books it all the same, when the customer insisted"
	}
	return &told
}
