package main

import (
	"cmp"
	"context"
	"flag"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

var consentCommands = []command{
	{
		name: "consent add", args: "LEAD --scope SCOPE… --proof TEXT [--purpose P] [--number N] [--expires INSTANT]",
		short: "record a person's word that calls may be made which a law would forbid",
		long: "Scopes: contact (being called at all), hours (outside the law's hours), frequency (more often than its caps).\n" +
			"It holds for every lead of that person, or with --number for calls to that number alone.",
		min: 1, max: 1, bind: bindAddConsent,
	},
	{name: "consent revoke", args: "CONSENT --reason TEXT", short: "end a consent, at once; it is kept as the proof that it was", min: 1, max: 1, bind: bindRevokeConsent},
	{name: "consent list", args: "LEAD", short: "the consents of a lead's person, newest first", min: 1, max: 1, bind: func(*flag.FlagSet) action { return listConsents }},
}

func bindAddConsent(fs *flag.FlagSet) action {
	m := &pb.Consent{}
	scopes := manyVar(fs, "scope", "what it opens, `SCOPE`: contact, hours or frequency; may be repeated")
	fs.StringVar(&m.Proof, "proof", "", "where it can be seen, as `TEXT`: a form's id, a recording")
	fs.StringVar(&m.Purpose, "purpose", "", "for calls of this `PURPOSE` alone: sales, research, collections or service")
	fs.StringVar(&m.Phone, "number", "", "for calls to this `NUMBER` alone, as +8613800138000")
	var given, expires instantFlag
	fs.Var(&given, "given", "`INSTANT` at which it was given; now unless said")
	fs.Var(&expires, "expires", "`INSTANT` at which it ends by itself; never unless said")
	return func(ctx context.Context, c *cli, args []string) error {
		m.Scopes = *scopes
		switch {
		case len(m.GetScopes()) == 0:
			return misused("say what it opens: --scope contact, --scope hours or --scope frequency")
		case strings.TrimSpace(m.GetProof()) == "":
			return misused("say where the consent can be seen: --proof TEXT")
		}
		m.GivenAt, m.ExpiresAt = orUnset(given.at), orUnset(expires.at)
		lead, r, err := c.leadArg(args[0])
		if err != nil {
			return err
		}
		answer, err := r.leads.RecordConsent(ctx, &pb.RecordConsentRequest{LeadId: lead, Consent: m})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(noun("consent", answer.GetConsent()))
		}
		c.say("consent %d was recorded: it opens %s", answer.GetConsent().GetId(), strings.Join(answer.GetConsent().GetScopes(), ", "))
		return c.aboutLead(answer.GetLead())
	}
}

func orUnset(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func bindRevokeConsent(fs *flag.FlagSet) action {
	reason := fs.String("reason", "", "why, for the record, as `TEXT`")
	return func(ctx context.Context, c *cli, args []string) error {
		n, err := id("consent", args[0])
		if err != nil {
			return err
		}
		if strings.TrimSpace(*reason) == "" {
			return misused("say why, for the record: --reason TEXT")
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		answer, err := r.leads.RevokeConsent(ctx, &pb.RevokeConsentRequest{Id: n, Reason: *reason})
		if err != nil {
			return err
		}
		if c.json {
			o := noun("consent", answer.GetConsent())
			o.put("revoked", answer.GetRevoked())
			return c.emit(o)
		}
		c.say("consent %d is revoked; %s taken back from agents", n, plural(answer.GetRevoked(), "card was", "cards were"))
		return nil
	}
}

func listConsents(ctx context.Context, c *cli, args []string) error {
	lead, r, err := c.leadArg(args[0])
	if err != nil {
		return err
	}
	answer, err := r.leads.ListConsents(ctx, &pb.ListConsentsRequest{LeadId: lead})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, m := range answer.GetConsents() {
		if c.json {
			if err := c.emit(noun("consent", m)); err != nil {
				return err
			}
			continue
		}
		ends := when(m.GetExpiresAt(), "")
		if m.GetRevokedAt() != nil {
			ends = "revoked " + when(m.GetRevokedAt(), "") + " by " + m.GetRevokedBy()
		}
		rows = append(rows, []string{
			number(m.GetId()), strings.Join(m.GetScopes(), " "), cmp.Or(m.GetPurpose(), "any"), cmp.Or(m.GetPhone(), "the person"),
			when(m.GetGivenAt(), ""), cmp.Or(ends, "never"), m.GetProof(), m.GetSource(),
		})
	}
	switch {
	case c.json:
	case len(rows) == 0:
		c.say("no consent")
	default:
		c.table([]string{"consent", "opens", "purpose", "for", "given", "ends", "proof", "recorded by"}, rows)
	}
	return nil
}

// bindOutsideCall tells of a call that was made elsewhere.
func bindOutsideCall(fs *flag.FlagSet) action {
	q := &pb.RecordOutsideCallRequest{}
	fs.StringVar(&q.Source, "source", "", "who tells, `NAME` of a system or an agency")
	fs.StringVar(&q.Key, "key", "", "the call's `ID` there: telling it again changes nothing")
	fs.StringVar(&q.Number, "number", "", "the `NUMBER`; the lead's first unless given")
	fs.BoolVar(&q.Inbound, "inbound", false, "the person called")
	outcome := fs.String("outcome", "", "what came of it, `OUTCOME` such as NO_ANSWER")
	talk := fs.Duration("talk", 0, "how long they talked, as `3m20s`")
	var at instantFlag
	fs.Var(&at, "at", "`INSTANT` at which it was placed")
	return func(ctx context.Context, c *cli, args []string) (err error) {
		if q.Outcome, err = enumNamed[pb.Outcome]("outcome", *outcome, pb.Outcome_value); err != nil {
			return err
		}
		if q.GetSource() == "" || q.GetKey() == "" || at.at.IsZero() || *outcome == "" {
			return misused("say which call it was: --source, --key, --at and --outcome")
		}
		q.PlacedAt = timestamppb.New(at.at)
		if *talk != 0 {
			q.Talk = durationpb.New(*talk)
		}
		lead, r, err := c.leadArg(args[0])
		if err != nil {
			return err
		}
		q.LeadId = lead
		answer, err := r.leads.RecordOutsideCall(ctx, q)
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(object{{"lead", lead}, {"replay", answer.GetReplay()}})
		}
		if answer.GetReplay() {
			c.say("the call was told before: nothing changed")
		}
		return c.aboutLead(answer.GetLead())
	}
}
