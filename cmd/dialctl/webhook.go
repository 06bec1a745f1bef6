package main

import (
	"context"
	"flag"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

var webhookCommands = []command{
	{
		name: "webhook create", args: "NAME URL [--campaign NAME]… [--type TYPE]…", short: "send events to a CRM by signed HTTP posts, from now on",
		long: "Its secret is shown this once. A post is JSON with up to 100 events, signed as Standard Webhooks has it; what is not\n" +
			"answered with 2xx in 10 s is sent again for about a day. It hears of what the caller may see, also after the\n" +
			"caller's token was revoked: delete it to end it.",
		min: 2, max: 2, bind: bindCreateWebhook,
	},
	{name: "webhook list", short: "list the webhooks and how they fare", bind: func(*flag.FlagSet) action { return listWebhooks }},
	{name: "webhook test", args: "WEBHOOK", short: "send one post without events and tell what came back", min: 1, max: 1, bind: func(*flag.FlagSet) action { return testWebhook }},
	{name: "webhook update", args: "WEBHOOK [--url URL] [--name NAME] [--on|--off] …", short: "change a webhook; campaigns and types are replaced whole", min: 1, max: 1, bind: bindUpdateWebhook},
	{name: "webhook rotate", args: "WEBHOOK", short: "make a new secret; the old one signs beside it for a day", min: 1, max: 1, bind: func(*flag.FlagSet) action { return rotateWebhook }},
	{name: "webhook deliveries", args: "WEBHOOK [--dead]", short: "what waits to be delivered, or was given up", min: 1, max: 1, bind: bindDeliveries},
	{name: "webhook replay", args: "WEBHOOK --dead|--since INSTANT", short: "send again what was given up, or everything since an instant", min: 1, max: 1, bind: bindReplay},
	{name: "webhook delete", args: "WEBHOOK", short: "end a webhook; what was not delivered is dropped", min: 1, max: 1, bind: func(*flag.FlagSet) action { return deleteWebhook }},
}

// webhooks is the service.
func (c *cli) webhooks() (pb.WebhookServiceClient, error) {
	if _, err := c.connect(); err != nil {
		return nil, err
	}
	return pb.NewWebhookServiceClient(c.conn), nil
}

// webhookArg is the service and the id that an argument names.
func (c *cli) webhookArg(arg string) (pb.WebhookServiceClient, int64, error) {
	n, err := id("webhook", arg)
	if err != nil {
		return nil, 0, err
	}
	s, err := c.webhooks()
	return s, n, err
}

// webhookFlags are of whoever makes or changes one.
type webhookFlags struct{ campaigns, types *many }

func bindWebhook(fs *flag.FlagSet) webhookFlags {
	return webhookFlags{
		manyVar(fs, "campaign", "only of this campaign, `NAME` or number; may be given again. Unless given: of all that you may see"),
		manyVar(fs, "type", "only of this `TYPE`, such as attempt or lead_finished; may be given again"),
	}
}

func (f webhookFlags) into(ctx context.Context, c *cli, w *pb.Webhook) error {
	for _, name := range *f.campaigns {
		id, err := c.campaignID(ctx, name)
		if err != nil {
			return err
		}
		w.CampaignIds = append(w.CampaignIds, id)
	}
	for _, name := range *f.types {
		t, err := enumNamed[pb.EventType]("type of event", name, pb.EventType_value)
		if err != nil {
			return err
		}
		w.Types = append(w.Types, t)
	}
	return nil
}

func bindCreateWebhook(fs *flag.FlagSet) action {
	f := bindWebhook(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		s, err := c.webhooks()
		if err != nil {
			return err
		}
		w := &pb.Webhook{Name: args[0], Url: args[1], On: true}
		if err := f.into(ctx, c, w); err != nil {
			return err
		}
		a, err := s.CreateWebhook(ctx, &pb.CreateWebhookRequest{Webhook: w})
		if err != nil {
			return err
		}
		if c.json {
			o := noun("webhook", a.GetWebhook())
			o.put("secret", a.GetSecret())
			return c.emit(o)
		}
		c.say("webhook %d sends events to %s", a.GetWebhook().GetId(), a.GetWebhook().GetUrl())
		c.say("secret, shown this once: %s", a.GetSecret())
		c.next("webhook test %d shows whether it arrives", a.GetWebhook().GetId())
		return nil
	}
}

func listWebhooks(ctx context.Context, c *cli, _ []string) error {
	s, err := c.webhooks()
	if err != nil {
		return err
	}
	a, err := s.ListWebhooks(ctx, &pb.ListWebhooksRequest{})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, w := range a.GetWebhooks() {
		if c.json {
			if err := c.emit(noun("webhook", w)); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{number(w.GetId()), w.GetName(), w.GetUrl(), map[bool]string{true: "on", false: "off"}[w.GetOn()], w.GetOwner(),
			number(w.GetWaiting()), number(w.GetDead()), when(w.GetDeliveredAt(), ""), w.GetFault()})
	}
	if !c.json {
		c.table([]string{"webhook", "name", "url", "now", "by", "waiting", "dead", "delivered", "fault"}, rows)
	}
	return nil
}

func testWebhook(ctx context.Context, c *cli, args []string) error {
	s, n, err := c.webhookArg(args[0])
	if err != nil {
		return err
	}
	a, err := s.TestWebhook(ctx, &pb.TestWebhookRequest{Id: n})
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(messageOf(a.ProtoReflect()))
	}
	if !a.GetDelivered() {
		return badInput("webhook %d: %s", n, a.GetFault())
	}
	c.say("webhook %d answered %d", n, a.GetStatus())
	return nil
}

func bindUpdateWebhook(fs *flag.FlagSet) action {
	f := bindWebhook(fs)
	name, url := fs.String("name", "", "another `NAME`"), fs.String("url", "", "another `URL`")
	on, off := fs.Bool("on", false, "send, from where it stopped"), fs.Bool("off", false, "do not send; its place in the stream stands")
	all := fs.Bool("all", false, "of all campaigns and types that its maker may see")
	return func(ctx context.Context, c *cli, args []string) error {
		if *on && *off || *all && (len(*f.campaigns) > 0 || len(*f.types) > 0) {
			return misused("these contradict each other: give --on or --off, and --all or some of --campaign and --type")
		}
		s, n, err := c.webhookArg(args[0])
		if err != nil {
			return err
		}
		now, err := s.GetWebhook(ctx, &pb.GetWebhookRequest{Id: n})
		if err != nil {
			return err
		}
		w := &pb.Webhook{Id: n, Version: now.GetWebhook().GetVersion(), Name: *name, Url: *url, On: *on}
		if err := f.into(ctx, c, w); err != nil {
			return err
		}
		mask := &fieldmaskpb.FieldMask{}
		for _, p := range []struct {
			path string
			take bool
		}{{"name", *name != ""}, {"url", *url != ""}, {"on", *on || *off}, {"campaign_ids", *all || len(*f.campaigns) > 0}, {"types", *all || len(*f.types) > 0}} {
			if p.take {
				mask.Paths = append(mask.Paths, p.path)
			}
		}
		if len(mask.GetPaths()) == 0 {
			return misused("say what to change: --name, --url, --on, --off, --campaign, --type or --all")
		}
		a, err := s.UpdateWebhook(ctx, &pb.UpdateWebhookRequest{Webhook: w, UpdateMask: mask})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(noun("webhook", a.GetWebhook()))
		}
		c.say("webhook %d was changed: %s", n, strings.Join(mask.GetPaths(), ", "))
		return nil
	}
}

func rotateWebhook(ctx context.Context, c *cli, args []string) error {
	s, n, err := c.webhookArg(args[0])
	if err != nil {
		return err
	}
	a, err := s.RotateWebhookSecret(ctx, &pb.RotateWebhookSecretRequest{Id: n})
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(object{{"webhook", n}, {"secret", a.GetSecret()}})
	}
	c.say("new secret of webhook %d, shown this once: %s", n, a.GetSecret())
	c.say("the old one signs beside it for a day")
	return nil
}

func bindDeliveries(fs *flag.FlagSet) action {
	dead := fs.Bool("dead", false, "those that were given up")
	return func(ctx context.Context, c *cli, args []string) error {
		s, n, err := c.webhookArg(args[0])
		if err != nil {
			return err
		}
		all, err := pages(func(token string) ([]*pb.Delivery, string, error) {
			a, err := s.ListDeliveries(ctx, &pb.ListDeliveriesRequest{WebhookId: n, Dead: *dead, PageSize: pageSize, PageToken: token})
			return a.GetDeliveries(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, d := range all {
			if c.json {
				if err := c.emit(noun("delivery", d)); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{number(d.GetId()), number(int64(d.GetEvents())), when(d.GetAt(), ""), number(int64(d.GetTries())), when(d.GetNextAt(), ""), d.GetFault()})
		}
		if !c.json {
			c.table([]string{"delivery", "events", "since", "tries", "next", "fault"}, rows)
		}
		return nil
	}
}

func bindReplay(fs *flag.FlagSet) action {
	dead := fs.Bool("dead", false, "what was given up")
	var since instantFlag
	fs.Var(&since, "since", "everything since this `INSTANT`, as far as events are kept")
	return func(ctx context.Context, c *cli, args []string) error {
		if *dead == !since.at.IsZero() {
			return misused("say what to send again: --dead, or --since INSTANT")
		}
		s, n, err := c.webhookArg(args[0])
		if err != nil {
			return err
		}
		q := &pb.ReplayDeliveriesRequest{WebhookId: n, Dead: *dead}
		if !*dead {
			q.Since = timestamppb.New(since.at)
		}
		a, err := s.ReplayDeliveries(ctx, q)
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(object{{"webhook", n}, {"deliveries", a.GetDeliveries()}})
		}
		c.say("%s now", plural(a.GetDeliveries(), "delivery waits", "deliveries wait"))
		return nil
	}
}

func deleteWebhook(ctx context.Context, c *cli, args []string) error {
	s, n, err := c.webhookArg(args[0])
	if err != nil {
		return err
	}
	if _, err := s.DeleteWebhook(ctx, &pb.DeleteWebhookRequest{Id: n}); err != nil {
		return err
	}
	if c.json {
		return c.emit(object{{"webhook", n}, {"deleted", true}})
	}
	c.say("webhook %d is no more", n)
	return nil
}
