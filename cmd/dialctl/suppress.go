package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

var suppressCommands = []command{
	{
		name: "suppress", args: "NUMBER [--campaign NAME|--country CN] [--reason WORD] [--until INSTANT]", short: "forbid a number, at once: everywhere, in a campaign or in a country",
		min: 1, max: 1, bind: bindSuppress,
	},
	{name: "suppress list", args: "[--campaign NAME|--country CN] [--source NAME]", short: "the numbers that are forbidden, and where", bind: bindSuppressions},
	{
		name: "suppress import", args: "FILE [--campaign NAME|--country CN] [--column COLUMN] [--region CN]", short: "forbid the numbers of a file: a register, an opt-out list",
		long: "The file is CSV or XLSX; numbers already forbidden stay so, and the same file again changes nothing: after a cut give\n" +
			"it again. Prints the rows that hold no number it can read. Exit code 1: there were some, the others are forbidden.",
		min: 1, max: 1, bind: bindSuppressImport,
	},
	{name: "lift", args: "NUMBER [--campaign NAME|--country CN] [--reason TEXT]", short: "allow a number again where it was forbidden", min: 1, max: 1, bind: bindLift},
	{name: "suppressed", args: "NUMBER… [--campaign NAME] [--region CN]", short: "which of some numbers are forbidden", min: 1, max: -1, bind: bindSuppressed},
}

func regionFlag(fs *flag.FlagSet) *string {
	return fs.String("region", "", "country of a number written nationally, such as `CN`")
}

// scopeFlags say where a suppression binds; neither: everywhere.
type scopeFlags struct{ campaign, country *string }

func bindScope(fs *flag.FlagSet) scopeFlags {
	return scopeFlags{
		fs.String("campaign", "", "only in this campaign, `NAME` or number"),
		fs.String("country", "", "only for whoever may live in this country, such as `CN`"),
	}
}

func (f scopeFlags) read(ctx context.Context, c *cli) (scope pb.SuppressionScope, campaignID int64, country string, err error) {
	switch {
	case *f.campaign != "" && *f.country != "":
		return 0, 0, "", misused("give --campaign or --country, not both")
	case *f.country != "":
		return pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, 0, strings.ToUpper(*f.country), nil
	case *f.campaign != "":
		_, got, err := c.campaign(ctx, *f.campaign)
		return pb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN, got.GetCampaign().GetId(), "", err
	}
	return 0, 0, "", nil
}

// where is the scope of a suppression for people.
func where(s *pb.Suppression) string {
	switch {
	case s.GetCampaignId() != 0:
		return fmt.Sprintf("campaign %d", s.GetCampaignId())
	case s.GetCountry() != "":
		return s.GetCountry()
	}
	return "everywhere"
}

func bindSuppress(fs *flag.FlagSet) action {
	region, scope := regionFlag(fs), bindScope(fs)
	source := fs.String("source", "", "which list or register it is from, a `NAME`; you unless given")
	reason := fs.String("reason", "", "a `WORD` for the record; do_not_call unless given")
	var until instantFlag
	fs.Var(&until, "until", "only until this `INSTANT`")
	return func(ctx context.Context, c *cli, args []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		q := &pb.SuppressRequest{Phone: args[0], Region: *region, Reason: *reason, Source: *source}
		if q.Scope, q.CampaignId, q.Country, err = scope.read(ctx, c); err != nil {
			return err
		}
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
		c.say("%s is suppressed %s (%s); %s it; %s taken back from agents", s.GetPhone(), in(s), s.GetReason(),
			plural(a.GetLeads(), "lead has", "leads have"), plural(a.GetRevoked(), "card was", "cards were"))
		c.next("lift %s allows it again", s.GetPhone())
		return nil
	}
}

// in is where a suppression binds, within a sentence.
func in(s *pb.Suppression) string {
	if w := where(s); w != "everywhere" {
		return "in " + w
	}
	return "everywhere"
}

// suppression is one with its number named as everywhere else, too.
func suppression(s *pb.Suppression) object {
	return append(object{{"number", s.GetPhone()}}, messageOf(s.ProtoReflect())[1:]...)
}

func bindLift(fs *flag.FlagSet) action {
	region, scope := regionFlag(fs), bindScope(fs)
	reason := fs.String("reason", "lifted with dialctl", "why, for the record")
	return func(ctx context.Context, c *cli, args []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		q := &pb.LiftRequest{Phone: args[0], Region: *region, Reason: *reason}
		if q.Scope, q.CampaignId, q.Country, err = scope.read(ctx, c); err != nil {
			return err
		}
		a, err := r.suppressions.Lift(ctx, q)
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(suppression(a.GetSuppression()))
		}
		c.say("%s may be called again %s", a.GetSuppression().GetPhone(), in(a.GetSuppression()))
		c.next("lead find --number %s shows when it is called; one who said DO_NOT_CALL needs lead reopen LEAD, too", a.GetSuppression().GetPhone())
		return nil
	}
}

func bindSuppressed(fs *flag.FlagSet) action {
	region := regionFlag(fs)
	of := fs.String("campaign", "", "as calls of this campaign, `NAME` or number; else only what binds everywhere or in the number's country")
	return func(ctx context.Context, c *cli, args []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		q := &pb.CheckRequest{Phones: args, Region: *region}
		if *of != "" {
			_, got, err := c.campaign(ctx, *of)
			if err != nil {
				return err
			}
			q.CampaignId = got.GetCampaign().GetId()
		}
		a, err := r.suppressions.Check(ctx, q)
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
