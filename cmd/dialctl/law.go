package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"

	pb "redial/proto/scheduler/v1"
	"redial/scheduler/law"
	schedulerrpc "redial/scheduler/rpc"
)

const lawHelp = `
Packs are switched on by a campaign's rules: "packs":["us","us-debt"]; a rule of one that somebody answers for not
keeping is waived there: "waivers":[{"rule":"us-ct.hours","reason":"…"}]. No server is asked: these are the packs that
come with the program, and with --law those in a folder of your own, read as dialerd --law reads them.`

var lawCommands = []command{
	{
		name: "law list", args: "[--law DIR]", short: "list the law packs that campaigns can switch on, offline", long: lawHelp,
		bind: bindListLaw,
	},
	{
		name: "law show", args: "PACK [--law DIR]", short: "show a law pack's rules, where they are from and whether they are confirmed, offline", long: lawHelp,
		min: 1, max: 1, bind: bindShowLaw,
	},
}

// lawPacks are those of the program and of the folder that a flag names.
func bindLaw(fs *flag.FlagSet) func() (*law.Library, error) {
	dir := fs.String("law", "", "`DIR` of your own packs, files *.json")
	return func() (*law.Library, error) { return law.Open(*dir) }
}

func bindListLaw(fs *flag.FlagSet) action {
	open := bindLaw(fs)
	return func(_ context.Context, c *cli, _ []string) error {
		library, err := open()
		if err != nil {
			return err
		}
		var rows [][]string
		for _, p := range library.Packs() {
			m := schedulerrpc.LawPack(p)
			if c.json {
				if err := c.emit(messageOf(m.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			confirmed := 0
			for _, r := range m.GetRules() {
				if r.GetStatus() == "confirmed" {
					confirmed++
				}
			}
			rows = append(rows, []string{m.GetName(), m.GetVersion(), number(int64(len(m.GetRules()))), number(int64(confirmed)), m.GetTitle()})
		}
		if c.json {
			return nil
		}
		c.table([]string{"pack", "version", "rules", "confirmed", "title"}, rows)
		c.say("\nEach is an engineering list and no legal advice: your own counsel must check it before use.")
		c.next("law show PACK")
		return nil
	}
}

func bindShowLaw(fs *flag.FlagSet) action {
	open := bindLaw(fs)
	return func(_ context.Context, c *cli, args []string) error {
		library, err := open()
		if err != nil {
			return err
		}
		p := library.Pack(args[0])
		if p == nil {
			var names []string
			for _, p := range library.Packs() {
				names = append(names, p.Name)
			}
			return badInput("no law pack %q: there are %s", args[0], strings.Join(names, ", "))
		}
		m := schedulerrpc.LawPack(p)
		if c.json {
			return c.emit(messageOf(m.ProtoReflect()))
		}
		c.showLaw(m)
		if len(p.Days) > 0 {
			c.say("\nholidays: %d, from %s to %s", len(p.Days), p.Days[0].Date, p.Days[len(p.Days)-1].Date)
		}
		return nil
	}
}

func (c *cli) showLaw(m *pb.LawPack) {
	c.fields("pack", m.GetName(), "title", m.GetTitle(), "version", m.GetVersion())
	c.say("\nWARNING: %s\n", m.GetWarning())
	var rows [][]string
	for _, r := range m.GetRules() {
		rows = append(rows, []string{
			r.GetId(), r.GetStatus(), inForce(r), strings.Join(r.GetPlaces(), " "), cmp.Or(strings.Join(r.GetPurposes(), " "), "all"),
			cmp.Or(strings.Join(r.GetUnless(), " "), "-"), r.GetChecked(),
		})
	}
	c.table([]string{"rule", "status", "in force", "places", "purposes", "unless", "checked"}, rows)
	for _, r := range m.GetRules() {
		c.say("\n%s (%s)\n  %s\n  source: %s", r.GetId(), r.GetStatus(), r.GetText(), r.GetSource())
	}
}

// inForce tells the days on which a rule holds.
func inForce(r *pb.LawRule) string {
	switch from, to := r.GetFrom(), r.GetTo(); {
	case from == "" && to == "":
		return "always"
	case to == "":
		return "since " + from
	case from == "":
		return "until " + to
	default:
		return fmt.Sprintf("%s to %s", from, to)
	}
}
