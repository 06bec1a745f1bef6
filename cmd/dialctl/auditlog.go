package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

var auditLogCommands = []command{
	{
		name: "auditlog list", args: "[--owner OWNER] [--action ACTION] [--target \"campaign 3\"] …", short: "who did what from where, newest first",
		long: "Entries tell of rules, permissions, campaigns, lists, calendars, consents, suppressions, leads by their ids, and of every\n" +
			"look at numbers that a campaign masks. With --json the values before and after are shown, too.",
		bind: bindListAuditLog,
	},
	{
		name: "auditlog verify", args: "[--anchor SEQ:HASH]", short: "follow the chain of the audit log: exit 1 where it is broken",
		long: "It prints the place and the hash of the last entry. Keep them elsewhere and give them as --anchor the next time: a log\n" +
			"that was written anew as a whole is found out by nothing else.",
		bind: bindVerifyAuditLog,
	},
}

func bindListAuditLog(fs *flag.FlagSet) action {
	owner, act, target := fs.String("owner", "", "by this `OWNER`"), fs.String("action", "", "of this kind, such as update_campaign: an `ACTION`"),
		fs.String("target", "", "on this `TARGET`, such as \"lead 12\"")
	var since, before instantFlag
	fs.Var(&since, "since", "from this `INSTANT` on")
	fs.Var(&before, "before", "before this `INSTANT`")
	limit := fs.Int("limit", 100, "so many entries at most: a `NUMBER`")
	return func(ctx context.Context, c *cli, _ []string) error {
		if *limit < 1 {
			return misused("--limit must be 1 or more")
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		var rows [][]string
		n := 0
		_, err = pages(func(token string) ([]*pb.AuditEntry, string, error) {
			q := &pb.ListAuditLogRequest{Owner: *owner, Action: *act, Target: *target, Since: stampOf(since.at), Before: stampOf(before.at),
				PageSize: int32(min(*limit-n, pageSize)), PageToken: token}
			a, err := r.admin.ListAuditLog(ctx, q)
			if err != nil {
				return nil, "", err
			}
			for _, e := range a.GetEntries() {
				n++
				if c.json {
					if err := c.emit(messageOf(e.ProtoReflect())); err != nil {
						return nil, "", err
					}
					continue
				}
				rows = append(rows, auditRow(e))
			}
			if n >= *limit {
				return nil, "", nil
			}
			return nil, a.GetNextPageToken(), nil
		})
		if err == nil && !c.json {
			c.table([]string{"no", "at", "who", "as", "from", "did", "on", "why"}, rows)
		}
		return err
	}
}

// stampOf is an instant of a request; the zero one is unset.
func stampOf(at time.Time) *timestamppb.Timestamp {
	if at.IsZero() {
		return nil
	}
	return timestamppb.New(at)
}

func auditRow(e *pb.AuditEntry) []string {
	who, as := e.GetOwner(), word(e.GetRole())
	if who == "" {
		who, as = "the server", ""
	}
	return []string{number(e.GetSeq()), when(e.GetAt(), ""), who, as, e.GetFrom(), e.GetAction(), e.GetTarget(), e.GetReason()}
}

// readAnchor reads a place and a hash as auditlog verify prints them.
func readAnchor(s string) (seq int64, hash string, err error) {
	if s == "" {
		return 0, "", nil
	}
	n, hash, _ := strings.Cut(s, ":")
	seq, err = strconv.ParseInt(n, 10, 64)
	if raw, e := hex.DecodeString(hash); err != nil || seq < 1 || e != nil || len(raw) != 32 {
		return 0, "", misused("--anchor %q is not what auditlog verify printed: a number, a colon and 64 hexadecimal digits", s)
	}
	return seq, hash, nil
}

func bindVerifyAuditLog(fs *flag.FlagSet) action {
	anchor := fs.String("anchor", "", "what was printed and kept elsewhere: `SEQ:HASH`")
	return func(ctx context.Context, c *cli, _ []string) error {
		seq, hash, err := readAnchor(*anchor)
		if err != nil {
			return err
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		stream, err := r.admin.VerifyAuditLog(ctx, &pb.VerifyAuditLogRequest{Seq: seq, Hash: hash})
		if err != nil {
			return err
		}
		last := new(pb.VerifyAuditLogResponse)
		for {
			m, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			last = m
		}
		if !last.GetDone() {
			return errors.New("the verification broke off before its end: nothing is proven, run it again")
		}
		return c.verifiedLog(last)
	}
}

func (c *cli) verifiedLog(m *pb.VerifyAuditLogResponse) error {
	kept := ""
	if m.GetVerified() > 0 {
		kept = number(m.GetVerified()) + ":" + m.GetLastHash()
	}
	switch {
	case c.json:
		o := messageOf(m.ProtoReflect())
		o.put("anchor", kept)
		if err := c.emit(o); err != nil {
			return err
		}
	case m.GetBrokenAt() > 0:
		c.say("broken at entry %d: %s", m.GetBrokenAt(), m.GetFault())
		c.say("the %s before it fit", plural(m.GetVerified(), "entry", "entries"))
	default:
		c.say("%s, each as it was written", plural(m.GetVerified(), "entry", "entries"))
		if kept != "" {
			c.say("keep this elsewhere: %s", kept)
			c.next("auditlog verify --anchor %s", kept)
		}
	}
	if m.GetBrokenAt() > 0 {
		return errBreaches
	}
	return nil
}
