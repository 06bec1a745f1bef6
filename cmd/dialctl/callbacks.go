package main

import (
	"cmp"
	"context"
	"flag"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

var callbackCommands = []command{
	{name: "callbacks", args: "--agent LOGIN", short: "an agent's promises and leads to be called later, by due time", bind: bindCallbacks},
	{name: "callback book", args: "LEAD --at TIME [--zone Z] --agent LOGIN", short: "promise a call outside a call", min: 1, max: 1, bind: bindBook},
	{name: "callback move", args: "PROMISE --at TIME [--zone Z] --agent LOGIN", short: "promise another time", min: 1, max: 1, bind: bindMove},
	{name: "callback cancel", args: "PROMISE --reason TEXT --agent LOGIN", short: "call a promise off", min: 1, max: 1, bind: bindCancel},
	{name: "callback give", args: "PROMISE --to LOGIN [--reason TEXT]", short: "give a promise another owner", min: 1, max: 1, bind: bindGive},
}

func bindCallbacks(fs *flag.FlagSet) action {
	agent := agentFlag(fs)
	var before instantFlag
	fs.Var(&before, "before", "only those due before this `INSTANT`")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		q := &dialerv1.ListCallbacksRequest{Agent: *agent, PageSize: pageSize}
		if !before.at.IsZero() {
			q.Before = timestamppb.New(before.at)
		}
		all, err := pages(func(token string) ([]*dialerv1.Callback, string, error) {
			q.PageToken = token
			a, err := r.agents.ListCallbacks(ctx, q)
			return a.GetCallbacks(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		if c.json {
			for _, cb := range all {
				if err := c.emit(messageOf(cb.ProtoReflect())); err != nil {
					return err
				}
			}
			return nil
		}
		if len(all) == 0 {
			c.say("no callbacks")
			return nil
		}
		var rows [][]string
		for _, cb := range all {
			p := cb.GetAppointment()
			rows = append(rows, []string{
				number(cb.GetLeadId()), cb.GetName(), cb.GetCampaignName(), ref(p.GetId()),
				when(cb.GetDueAt(), cmp.Or(p.GetZone(), machineZone(c.env))),
			})
		}
		c.table([]string{"lead", "name", "campaign", "promise", "due"}, rows)
		return nil
	}
}

// bookingFlags are an appointment as flags.
type bookingFlags struct {
	agent, at, zone string
	insist          bool
}

func bindBookingFlags(fs *flag.FlagSet) *bookingFlags {
	f := &bookingFlags{}
	fs.StringVar(&f.agent, "agent", "", "whose promise it is, by `LOGIN`; not needed with an agent's own token")
	bindBooking(fs, &f.at, &f.zone, &f.insist)
	return f
}

func (f *bookingFlags) booking() (*pb.Booking, error) {
	if f.at == "" {
		return nil, misused("say when: --at 2026-03-02T15:00")
	}
	return booking(f.at, f.zone, f.insist)
}

func bindBook(fs *flag.FlagSet) action {
	f := bindBookingFlags(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		b, err := f.booking()
		if err != nil {
			return err
		}
		lead, r, err := c.leadArg(args[0])
		if err != nil {
			return err
		}
		a, err := r.agents.BookAppointment(ctx, &dialerv1.BookAppointmentRequest{Agent: f.agent, LeadId: lead, Booking: b})
		if err != nil {
			return nearestTimes(err)
		}
		return c.aboutPromise(a.GetAppointment())
	}
}

func bindMove(fs *flag.FlagSet) action {
	f := bindBookingFlags(fs)
	reason := fs.String("reason", "moved with dialctl", "why")
	return func(ctx context.Context, c *cli, args []string) error {
		b, err := f.booking()
		if err != nil {
			return err
		}
		n, r, err := c.promise(args[0])
		if err != nil {
			return err
		}
		a, err := r.agents.RescheduleAppointment(ctx, &dialerv1.RescheduleAppointmentRequest{Agent: f.agent, AppointmentId: n, Booking: b, Reason: *reason})
		if err != nil {
			return nearestTimes(err)
		}
		return c.aboutPromise(a.GetAppointment())
	}
}

func (c *cli) promise(s string) (int64, remote, error) {
	n, err := id("promise", s)
	if err != nil {
		return 0, remote{}, err
	}
	r, err := c.connect()
	return n, r, err
}

func bindCancel(fs *flag.FlagSet) action {
	agent := agentFlag(fs)
	reason := fs.String("reason", "", "why; a promise is never dropped in silence")
	return func(ctx context.Context, c *cli, args []string) error {
		if *reason == "" {
			return misused("say why, for the record: --reason TEXT")
		}
		n, r, err := c.promise(args[0])
		if err != nil {
			return err
		}
		a, err := r.agents.CancelAppointment(ctx, &dialerv1.CancelAppointmentRequest{Agent: *agent, AppointmentId: n, Reason: *reason})
		if err != nil {
			return err
		}
		return c.aboutPromise(a.GetAppointment())
	}
}

func bindGive(fs *flag.FlagSet) action {
	to := fs.String("to", "", "the new owner's `LOGIN`; any fit agent unless given")
	reason := fs.String("reason", "given with dialctl", "why")
	return func(ctx context.Context, c *cli, args []string) error {
		n, r, err := c.promise(args[0])
		if err != nil {
			return err
		}
		a, err := r.floor.Reassign(ctx, &dialerv1.ReassignRequest{AppointmentId: n, Owner: *to, Reason: *reason})
		if err != nil {
			return err
		}
		return c.aboutPromise(a.GetAppointment())
	}
}

// aboutPromise prints a promise after something was done to it.
func (c *cli) aboutPromise(p *pb.Appointment) error {
	if c.json {
		return c.emit(noun("appointment", p))
	}
	c.fields("promise", number(p.GetId()), "lead", number(p.GetLeadId()), "for", p.GetLocal()+" "+p.GetZone(), "utc", when(p.GetAt(), ""),
		"owner", cmp.Or(p.GetOwnerLogin(), "anybody"), "state", word(p.GetState()), "reason", p.GetReason())
	return nil
}
