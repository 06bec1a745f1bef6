package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"

	pb "redial/proto/campaign/v1"
)

var privacyCommands = []command{
	{
		name: "person export", args: "LEAD|--number NUMBER|--external-id ID [--source SOURCE] [--out FILE]", short: "all that is held on a person, as JSON",
		long: "It needs a token with the permission privacy, and is in the audit log. FILE is made for its owner alone and must not be\n" +
			"there yet; without it the document is printed.",
		max: 1, bind: bindExportPerson,
	},
	{
		name: "person erase", args: "LEAD --reason WHY [--everywhere]", short: "remove a person for good; attempts stay as counts",
		long: "Names, numbers, ids, notes and rows of files go; the lead is withdrawn and never comes back; a suppression of its numbers\n" +
			"stands. It needs a token with the permission privacy. Backups, and what CRMs have read, are not reached.",
		min: 1, max: 1, bind: bindErasePerson,
	},
	{
		name: "person reveal", args: "LEAD --reason WHY", short: "the full numbers of a lead whose campaign masks them",
		long: "It needs a token with the permission numbers, and is in the audit log with the reason.",
		min:  1, max: 1, bind: bindReveal,
	},
}

func bindExportPerson(fs *flag.FlagSet) action {
	num, ext, source := fs.String("number", "", "by this `NUMBER`, E.164"), fs.String("external-id", "", "by the `ID` that it has elsewhere"),
		fs.String("source", "", "and in whose: a `SOURCE`")
	out := fs.String("out", "", "write to this `FILE`")
	return func(ctx context.Context, c *cli, args []string) (err error) {
		q := &pb.ExportPersonRequest{Number: *num, ExternalId: *ext, Source: *source}
		if len(args) > 0 {
			if q.LeadId, err = id("lead", args[0]); err != nil {
				return err
			}
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		stream, err := r.leads.ExportPerson(ctx, q)
		if err != nil {
			return err
		}
		first, err := stream.Recv() // what is refused leaves no file behind
		if err != nil {
			return err
		}
		to := c.stdout
		if *out != "" {
			f, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return badInput("cannot write %s: %v", *out, err)
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			to = f
		}
		for m := first; ; {
			if _, err := to.Write(m.GetPiece()); err != nil {
				return err
			}
			if m, err = stream.Recv(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

func bindErasePerson(fs *flag.FlagSet) action {
	reason := fs.String("reason", "", "`WHY`, for the audit log")
	everywhere := fs.Bool("everywhere", false, "every lead with the same external id or one of its numbers, in campaigns that you may see, too")
	return func(ctx context.Context, c *cli, args []string) error {
		lead, err := id("lead", args[0])
		if err != nil {
			return err
		}
		if *reason == "" {
			return misused("say why: --reason")
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		a, err := r.leads.EraseLead(ctx, &pb.EraseLeadRequest{Id: lead, Reason: *reason, Everywhere: *everywhere})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(messageOf(a.ProtoReflect()))
		}
		c.say("%s erased, %s made anonymous", plural(int64(len(a.GetLeadIds())), "lead is", "leads are"), plural(a.GetAttempts(), "attempt", "attempts"))
		return nil
	}
}

func bindReveal(fs *flag.FlagSet) action {
	reason := fs.String("reason", "", "`WHY`, for the audit log")
	return func(ctx context.Context, c *cli, args []string) error {
		lead, err := id("lead", args[0])
		if err != nil {
			return err
		}
		if *reason == "" {
			return misused("say why: --reason")
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		a, err := r.leads.RevealNumbers(ctx, &pb.RevealNumbersRequest{Id: lead, Reason: *reason})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, n := range a.GetNumbers() {
			if c.json {
				if err := c.emit(messageOf(n.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{n.GetPhone(), n.GetExtension(), n.GetLabel()})
		}
		if !c.json {
			c.table([]string{"number", "extension", "label"}, rows)
		}
		return nil
	}
}
