package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

const campaignFileHelp = `
--rules FILE holds the retry rules alone, as JSON; what is left out is the default:
  {"interval":"4h","intervals":{"BUSY":"15m"},"max_per_day":3,"max_attempts":0,"max_days":0,
   "hours":[{"days":["mon","tue","wed","thu","fri"],"open":"09:00","close":"21:00"}],
   "holidays":["2026-10-01"],"calendars":["cn-2026"],"rotate":false,"mix_hours":false,
   "caps":[{"scope":"number","max":3,"period":"24h"},{"scope":"person","count":"conversations","max":1,"days":7}],
   "cool_offs":[{"after":"refused","scope":"person","days":30}],
   "purpose":"sales","matter":"","packs":["us"],"waivers":[{"rule":"us-ct.hours","reason":"who answers for it, and why"}]}
Scopes: lead, number, person, subject (of one matter), account, company. Caps count attempts (unless said), connects or
conversations, in any period or in so many calendar days. Cool-offs follow a conversation, refused, abandoned, machine.

--file FILE holds all of a campaign; every field may be left out:
  {"zone":"Asia/Shanghai","region":"CN","rules":{…},"script":"Hello {{name}}","skills":["mandarin"],
   "codes":[{"code":"SOLD","label":"Sold","outcome":"SUCCESS"}],
   "floor":{"fresh_share":0.2,"remind_before":"5m","owner_wait":"2m","grace":"15m","offer_time":"20s",
            "wrap_up":"60s","lease":"90s","conversation":"30s","correct_within":"24h"},
   "pre_call":{"address":"crm.example.com:443","deadline":"1s","fail_closed":false,"plaintext":false,"token_name":"crm"}}
pre_call is whom the server asks before each call (campaign.v1.PreCallService); "pre_call":{} or --pre-call none: nobody.
dialctl campaign show NAME --settings prints such a file. A flag wins over the file.`

var campaignCommands = []command{
	{
		name: "campaign create", args: "NAME [--rules FILE.json] [--file FILE.json]", short: "make a campaign, as a draft",
		long: campaignFileHelp, min: 1, max: 1, bind: bindCreateCampaign,
	},
	{name: "campaign list", short: "list the campaigns", bind: bindListCampaigns},
	{name: "campaign show", args: "NAME [--settings]", short: "show a campaign and its leads by state", min: 1, max: 1, bind: bindShowCampaign},
	{
		name: "campaign update", args: "NAME [--rules FILE.json] [--file FILE.json]",
		short: "change a campaign's settings; each is replaced whole", long: campaignFileHelp, min: 1, max: 1, bind: bindUpdateCampaign,
	},
	{name: "campaign start", args: "NAME", short: "begin offering its leads", min: 1, max: 1, bind: func(*flag.FlagSet) action { return startCampaign }},
	{name: "campaign pause", args: "NAME", short: "stop offering; promises stand", min: 1, max: 1, bind: func(*flag.FlagSet) action { return pauseCampaign }},
	{
		name: "campaign finish", args: "NAME [--promises cancel|keep]", short: "end it for good",
		long: "While promises are open, say what becomes of them: --promises cancel calls each off,\n" +
			"--promises keep goes on offering them, and nothing else, until the last is closed.",
		min: 1, max: 1, bind: bindFinishCampaign,
	},
}

// campaignFlags are the settings as flags.
type campaignFlags struct {
	rules, file, zone, region, script string
	skills                            *many
	preCall                           preCallFlags
}

func bindCampaignFlags(fs *flag.FlagSet) *campaignFlags {
	f := &campaignFlags{}
	fs.StringVar(&f.rules, "rules", "", "`FILE` of JSON with the rule's fields alone")
	fs.StringVar(&f.file, "file", "", "`FILE` of JSON with all of a campaign")
	fs.StringVar(&f.zone, "zone", "", "time `ZONE` of reports, and of leads whose own is unknown, such as Asia/Shanghai")
	fs.StringVar(&f.region, "region", "", "country of numbers written nationally, such as `CN`")
	fs.StringVar(&f.script, "script", "", "`FILE` with what agents say; {{field}} is filled from the lead")
	f.skills = manyVar(fs, "skill", "a `SKILL` that agents need; may be repeated")
	f.preCall.bind(fs)
	return f
}

// settings are what the flags say, and which fields those are.
func (f *campaignFlags) settings() (*pb.Campaign, []string, error) {
	out := &pb.Campaign{}
	var given []string
	if f.file != "" {
		raw, err := readJSON(f.file)
		if err != nil {
			return nil, nil, err
		}
		if given, err = readCampaign(raw, out); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.file, err)
		}
	}
	if f.rules != "" {
		raw, err := readJSON(f.rules)
		if err != nil {
			return nil, nil, err
		}
		if out.Rules, err = readRules(raw); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.rules, err)
		}
		given = append(given, "rules")
	}
	if f.script != "" {
		raw, err := os.ReadFile(f.script)
		if err != nil {
			return nil, nil, badInput("read the script: %v", err)
		}
		out.Script, given = string(raw), append(given, "script")
	}
	if f.zone != "" {
		out.Zone, given = f.zone, append(given, "zone")
	}
	if f.region != "" {
		out.Region, given = f.region, append(given, "region")
	}
	if len(*f.skills) > 0 {
		out.Skills, given = *f.skills, append(given, "skills")
	}
	if changed, err := f.preCall.into(out); err != nil {
		return nil, nil, err
	} else if changed {
		given = append(given, "pre_call")
	}
	slices.Sort(given)
	return out, slices.Compact(given), nil
}

func bindCreateCampaign(fs *flag.FlagSet) action {
	f := bindCampaignFlags(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		settings, _, err := f.settings()
		if err != nil {
			return err
		}
		settings.Name = args[0]
		if settings.GetZone() == "" {
			settings.Zone = machineZone(c.env)
			c.note("zone: %s, this machine's; --zone gives another", settings.GetZone())
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		answer, err := r.campaigns.CreateCampaign(ctx, &pb.CreateCampaignRequest{Campaign: settings})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(warned(answer.GetCampaign(), answer.GetWarnings()))
		}
		c.say("campaign %s was made (number %d, draft)", answer.GetCampaign().GetName(), answer.GetCampaign().GetId())
		c.warn(answer.GetWarnings())
		c.next("import --campaign %s FILE", quoted(args[0]))
		return nil
	}
}

func bindUpdateCampaign(fs *flag.FlagSet) action {
	f := bindCampaignFlags(fs)
	name := fs.String("name", "", "its new `NAME`")
	return func(ctx context.Context, c *cli, args []string) error {
		settings, given, err := f.settings()
		if err != nil {
			return err
		}
		if *name != "" {
			settings.Name, given = *name, append(given, "name")
		}
		if len(given) == 0 {
			return misused("nothing to change: give --rules, --file, --zone, --region, --script, --skill, --pre-call or --name")
		}
		r, got, err := c.campaign(ctx, args[0])
		if err != nil {
			return err
		}
		settings.Id, settings.Version = got.GetCampaign().GetId(), got.GetCampaign().GetVersion()
		answer, err := r.campaigns.UpdateCampaign(ctx, &pb.UpdateCampaignRequest{
			Campaign: settings, UpdateMask: &fieldmaskpb.FieldMask{Paths: given},
		})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(warned(answer.GetCampaign(), answer.GetWarnings()))
		}
		c.say("campaign %s: changed %s", args[0], strings.Join(given, ", "))
		c.warn(answer.GetWarnings())
		return nil
	}
}

// warned is a campaign with what must be known of it.
func warned(m *pb.Campaign, warnings []string) object {
	o := noun("campaign", m)
	if len(warnings) > 0 {
		o.put("warnings", warnings)
	}
	return o
}

// warn tells what must be known of a campaign though it was accepted.
func (c *cli) warn(warnings []string) {
	for _, w := range warnings {
		c.note("WARNING: %s", w)
	}
}

// campaign finds a campaign by its name or number.
func (c *cli) campaign(ctx context.Context, name string) (remote, *pb.GetCampaignResponse, error) {
	r, err := c.connect()
	if err != nil {
		return r, nil, err
	}
	answer, err := r.campaigns.GetCampaign(ctx, &pb.GetCampaignRequest{Name: name})
	if campaign.KindOf(err) != campaign.KindNotFound || err == nil {
		return r, answer, err
	}
	if n, bad := strconv.ParseInt(name, 10, 64); bad == nil && n > 0 {
		if answer, byID := r.campaigns.GetCampaign(ctx, &pb.GetCampaignRequest{Id: n}); byID == nil {
			return r, answer, nil
		}
	}
	return r, nil, &campaign.Error{
		Kind:    campaign.KindNotFound,
		Message: fmt.Sprintf("no campaign %s\n  dialctl campaign list shows those there are; dialctl campaign create %s makes it", quoted(name), quoted(name)),
	}
}

// campaignID is the campaign's number; 0 for an empty name.
func (c *cli) campaignID(ctx context.Context, name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	_, got, err := c.campaign(ctx, name)
	return got.GetCampaign().GetId(), err
}

func bindListCampaigns(fs *flag.FlagSet) action {
	state := fs.String("state", "", "only those in this `STATE`: draft, running, paused or finished")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		want, err := enumNamed[pb.CampaignState]("state", *state, pb.CampaignState_value)
		if err != nil {
			return err
		}
		all, err := pages(func(token string) ([]*pb.Campaign, string, error) {
			a, err := r.campaigns.ListCampaigns(ctx, &pb.ListCampaignsRequest{State: want, PageSize: pageSize, PageToken: token})
			return a.GetCampaigns(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, m := range all {
			if c.json {
				if err := c.emit(noun("campaign", m)); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{number(m.GetId()), m.GetName(), word(m.GetState()), m.GetZone(), cmp.Or(m.GetRegion(), "-")})
		}
		if c.json {
			return nil
		}
		if len(rows) == 0 {
			c.say("no campaigns yet")
			c.next("campaign create NAME")
			return nil
		}
		c.table([]string{"no", "campaign", "state", "zone", "region"}, rows)
		return nil
	}
}

func bindShowCampaign(fs *flag.FlagSet) action {
	settings := fs.Bool("settings", false, "only its settings, as --file of campaign create takes them")
	return func(ctx context.Context, c *cli, args []string) error {
		_, got, err := c.campaign(ctx, args[0])
		if err != nil {
			return err
		}
		m := got.GetCampaign()
		if *settings {
			return c.emit(campaignSettings(m))
		}
		leads := object{}
		for _, n := range got.GetLeads() {
			leads.put(word(n.GetState()), n.GetCount())
		}
		if c.json {
			o := noun("campaign", m)
			o.put("leads", leads)
			o.put("open_promises", got.GetOpenPromises())
			return c.emit(o)
		}
		c.showCampaign(m, leads, got.GetOpenPromises())
		return nil
	}
}

func (c *cli) showCampaign(m *pb.Campaign, leads object, promises int64) {
	var counts []string
	for _, n := range leads {
		counts = append(counts, fmt.Sprintf("%v %s", n.value, n.name))
	}
	var codes []string
	for _, code := range m.GetCodes() {
		codes = append(codes, code.GetCode()+" = "+word(code.GetOutcome()))
	}
	c.fields(
		"campaign", fmt.Sprintf("%s (number %d)", m.GetName(), m.GetId()), "state", word(m.GetState()),
		"zone", m.GetZone(), "region", m.GetRegion(),
		"leads", cmp.Or(strings.Join(counts, ", "), "none yet"), "open promises", number(promises),
		"skills", strings.Join(m.GetSkills(), ", "), "codes", strings.Join(codes, ", "),
		"asked before calls", preCallText(m.GetPreCall()), "changed", when(m.GetUpdatedAt(), m.GetZone()),
	)
	for _, member := range campaignSettings(m) {
		if member.name == "rules" || member.name == "floor" {
			c.say("\n%s:", member.name)
			c.fields(shownMembers(member.value)...)
		}
		if r, err := wire.FromRules(m.GetRules()); member.name == "rules" && err == nil {
			c.explainRules(&r, time.Now())
		}
	}
	if m.GetScript() != "" {
		c.say("\nscript:\n%s", m.GetScript())
	}
}
