package main

import (
	"context"
	"flag"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

var suppressCommands = []command{
	{name: "suppress", args: "NUMBER [--region CN] [--reason WORD] [--until INSTANT]", short: "forbid a number everywhere, at once", min: 1, max: 1, bind: bindSuppress},
	{name: "lift", args: "NUMBER [--region CN] [--reason TEXT]", short: "allow a number again", min: 1, max: 1, bind: bindLift},
	{name: "suppressed", args: "NUMBER… [--region CN]", short: "which of some numbers are forbidden", min: 1, max: -1, bind: bindSuppressed},
}

func regionFlag(fs *flag.FlagSet) *string {
	return fs.String("region", "", "country of a number written nationally, such as `CN`")
}

func bindSuppress(fs *flag.FlagSet) action {
	region := regionFlag(fs)
	reason := fs.String("reason", "", "a `WORD` for the record; do_not_call unless given")
	var until instantFlag
	fs.Var(&until, "until", "only until this `INSTANT`")
	return func(ctx context.Context, c *cli, args []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		q := &pb.SuppressRequest{Phone: args[0], Region: *region, Reason: *reason}
		if !until.at.IsZero() {
			q.ExpiresAt = timestamppb.New(until.at)
		}
		a, err := r.suppressions.Suppress(ctx, q)
		if err != nil {
			return err
		}
		s := a.GetSuppression()
		if c.json {
			o := suppression(s)
			o.put("leads", a.GetLeads())
			o.put("revoked", a.GetRevoked())
			return c.emit(o)
		}
		c.say("%s is suppressed (%s); %s it; %s taken back from agents", s.GetPhone(), s.GetReason(),
			plural(a.GetLeads(), "lead has", "leads have"), plural(a.GetRevoked(), "card was", "cards were"))
		c.next("lift %s allows it again", s.GetPhone())
		return nil
	}
}

// suppression is one with its number named as everywhere else, too.
func suppression(s *pb.Suppression) object {
	return append(object{{"number", s.GetPhone()}}, messageOf(s.ProtoReflect())[1:]...)
}

func bindLift(fs *flag.FlagSet) action {
	region := regionFlag(fs)
	reason := fs.String("reason", "lifted with dialctl", "why, for the record")
	return func(ctx context.Context, c *cli, args []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		a, err := r.suppressions.Lift(ctx, &pb.LiftRequest{Phone: args[0], Region: *region, Reason: *reason})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(suppression(a.GetSuppression()))
		}
		c.say("%s may be called again", a.GetSuppression().GetPhone())
		c.next("lead find --number %s shows when it is called; one who said DO_NOT_CALL needs lead reopen LEAD, too", a.GetSuppression().GetPhone())
		return nil
	}
}

func bindSuppressed(fs *flag.FlagSet) action {
	region := regionFlag(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		a, err := r.suppressions.Check(ctx, &pb.CheckRequest{Phones: args, Region: *region})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, result := range a.GetResults() {
			s := result.GetSuppression()
			if c.json {
				o := object{{"number", result.GetPhone()}, {"suppressed", s != nil}, {"suppression", nil}}
				if s != nil {
					o[2].value = suppression(s)
				}
				if err := c.emit(o); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{result.GetPhone(), map[bool]string{true: "suppressed", false: "free"}[s != nil], s.GetReason(), s.GetSource(), when(s.GetCreatedAt(), ""), when(s.GetExpiresAt(), "")})
		}
		if !c.json {
			c.table([]string{"number", "now", "reason", "by", "since", "until"}, rows)
		}
		return nil
	}
}
