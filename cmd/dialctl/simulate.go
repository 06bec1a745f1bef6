package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"redial/cmd/internal/simulate"
	schedulerv1 "redial/proto/scheduler/v1"
)

const simulateHelp = `
Virtual time, real rules: decisions, the order of offering, agents' states and the law packs are the server's own code.
Without --campaign no server is asked. The same scenario and seed give the same bytes. A broken invariant ends it with
the lead's history and exit code 1.

SCENARIO is a JSON object ("-": standard input). Everything may be left out; {} is 2,000 leads and 10 agents for a week:

  start      "2026-03-02", "2026-03-02T08:00" in the zone, or RFC 3339     (a campaign of the server: now)
  zone       "Europe/London": whose days and hours figures are by, and shifts without a zone
  days       7        seed   1
  campaigns  [{"name","zone","rules":{…},"floor":{…}}]   rules as in the case format; over --campaign, one of its name
             tries other rules on the same leads
  calendars  {"name":{…}}   those that rules and lists name
  lists      [{"name","campaign","priority","hours":[…],"calendars":[…],
               "synthetic":{"count":20000,"numbers":1.3,"shared":0.02,"accounts":0,"roaming":0,
                            "sites":[{"zones":["America/New_York"],"places":["US-NY"],"share":4}]},
               "leads":[{"numbers":["+1…"],"zones":[…],"places":[…],"account","source","external_id","name","priority",
                         "tries":[{"placed_at","outcome","number"}],"appointment":{"local","zone"}}]}]
             numbers: a lead on average; shared, accounts: share of leads that are an earlier one's person or account;
             roaming: share of further numbers that are at another site
  agents     [{"name","count","campaigns":{"NAME":WEIGHT},"zone","card":[4,0.5,1,15],"linger":false,
               "shifts":[{"days":["mon",…],"start":"09:00","end":"17:00","breaks":[{"start","end","reason"}]}]}]
             an end before its start is on the next day; linger: waits for the end of wrap-up before the next call
  outcomes   {…}   answers by hour of the day and attempt, outcomes, ringing, talking and wrap-up times: the form of
             dialer/carrier/sim/default.json, which is taken when there is none
  booking    {"share":0.1,"ahead_hours":[20,0.8,0.5,240],"insist":0}   share of human answers that agree on a time
  about      a text of your own

Amounts in brackets are log-normal: [median, spread, least, most].

  dialctl simulate deploy/simulate-example.json --html plan.html
  dialctl simulate --campaign spring --days 14 --agents 30
  dialctl simulate deploy/simulate-example.json --seed 2 --json`

var simulateCommands = []command{{
	name: "simulate", args: "[SCENARIO.json] [--campaign NAME [--leads]] [--days N] [--agents N] [--seed N] [--html FILE]",
	short: "work campaigns for days in virtual time, and see what comes of it", long: simulateHelp, max: 1, bind: bindSimulate,
}}

// simulating is what the command line asked for.
type simulating struct {
	over     simulate.Overrides
	campaign string
	html     string
	bench    bool
}

func bindSimulate(fs *flag.FlagSet) action {
	var s simulating
	fs.StringVar(&s.campaign, "campaign", "", "over this campaign of the server, by its `NAME` or number")
	fs.BoolVar(&s.over.OwnLeads, "leads", false, "with the campaign's leads as they are now, whatever lists the scenario has")
	fs.IntVar(&s.over.Days, "days", 0, "`N` days (0: as the scenario says)")
	fs.IntVar(&s.over.Agents, "agents", 0, "`N` agents in all, the scenario's teams in proportion (0: as it says)")
	fs.Uint64Var(&s.over.Seed, "seed", 0, "another `SEED` (0: as the scenario says)")
	fs.StringVar(&s.html, "html", "", "write the result as a page with charts to `FILE`")
	fs.BoolVar(&s.bench, "bench", false, "the largest run: 200,000 leads, 100 agents, 30 days; tells its time")
	open := bindLaw(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		if err := s.check(args); err != nil {
			return err
		}
		text, err := c.scenario(args, s.bench)
		if err != nil {
			return err
		}
		if text, err = s.over.Apply(text); err != nil {
			return err
		}
		var raw []byte
		began := time.Now()
		if s.campaign != "" {
			raw, err = c.simulateThere(ctx, s.campaign, text)
		} else {
			library, bad := open()
			if bad != nil {
				return bad
			}
			raw, err = c.simulateHere(ctx, text, simulate.Options{Law: library, Progress: c.virtual})
		}
		c.endProgress()
		if err != nil {
			return err
		}
		if s.bench {
			c.note("it took %.1f s", time.Since(began).Seconds())
		}
		return c.simulated(raw, s.html)
	}
}

func (s *simulating) check(args []string) error {
	switch {
	case s.over.Days < 0 || s.over.Agents < 0:
		return misused("--days and --agents are at least 1")
	case s.over.OwnLeads && s.campaign == "":
		return misused("--leads are those of a campaign: say which, --campaign NAME")
	case s.bench && (len(args) > 0 || s.campaign != ""):
		return misused("--bench has a scenario of its own")
	}
	return nil
}

// scenario is the text of the file that was named, or of standard input; nothing: the defaults.
func (c *cli) scenario(args []string, bench bool) ([]byte, error) {
	switch {
	case bench:
		return simulate.Largest(), nil
	case len(args) == 0:
		return nil, nil
	case args[0] == "-":
		return io.ReadAll(c.stdin)
	}
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return nil, badInput("read the scenario: %v", err)
	}
	return raw, nil
}

func (c *cli) simulateHere(ctx context.Context, text []byte, o simulate.Options) ([]byte, error) {
	s, err := simulate.Read(text)
	if err != nil {
		return nil, err
	}
	r, err := simulate.Run(ctx, s, o)
	if err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

// simulateThere lets the server simulate over one of its campaigns.
func (c *cli) simulateThere(ctx context.Context, name string, text []byte) ([]byte, error) {
	r, got, err := c.campaign(ctx, name)
	if err != nil {
		return nil, err
	}
	stream, err := r.schedule.Simulate(ctx, &schedulerv1.SimulateRequest{CampaignId: got.GetCampaign().GetId(), ScenarioJson: string(text)})
	if err != nil {
		return nil, err
	}
	for {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errors.New("the server ended the simulation without a result: try again")
		case err != nil:
			return nil, err
		case m.GetResultJson() != "":
			return []byte(m.GetResultJson()), nil
		}
		c.virtual(m.GetDone().AsDuration(), m.GetTotal().AsDuration())
	}
}

// virtual draws how much of the virtual time has passed.
func (c *cli) virtual(done, total time.Duration) {
	if c.terminal && !c.json && total > 0 {
		fmt.Fprintf(c.stderr, "\rsimulated %.1f of %.0f days ", done.Hours()/24, total.Hours()/24)
	}
}

func (c *cli) endProgress() {
	if c.terminal && !c.json {
		fmt.Fprint(c.stderr, "\r\x1b[K")
	}
}

// simulated shows a result: its own JSON, or tables; and writes the page.
func (c *cli) simulated(raw []byte, html string) error {
	var r simulate.Result
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	if html != "" {
		if err := writePage(html, &r); err != nil {
			return err
		}
		c.note("the page is in %s", html)
	}
	if c.json {
		_, err := fmt.Fprintf(c.stdout, "%s\n", raw)
		return err
	}
	c.simulationTables(&r)
	return nil
}

func writePage(file string, r *simulate.Result) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	err = simulate.WritePage(f, r)
	if e := f.Close(); err == nil && e != nil {
		err = fmt.Errorf("write the page: %w", e)
	}
	return err
}
