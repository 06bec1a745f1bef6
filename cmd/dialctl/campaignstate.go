package main

import (
	"context"
	"flag"
	"fmt"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

func startCampaign(ctx context.Context, c *cli, args []string) error {
	r, got, err := c.campaign(ctx, args[0])
	if err != nil {
		return err
	}
	answer, err := r.campaigns.StartCampaign(ctx, &pb.StartCampaignRequest{Id: got.GetCampaign().GetId()})
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(noun("campaign", answer.GetCampaign()))
	}
	c.say("campaign %s is running", args[0])
	c.next("next --agent LOGIN, or: dialctl agent run LOGIN")
	return nil
}

func pauseCampaign(ctx context.Context, c *cli, args []string) error {
	r, got, err := c.campaign(ctx, args[0])
	if err != nil {
		return err
	}
	answer, err := r.campaigns.PauseCampaign(ctx, &pb.PauseCampaignRequest{Id: got.GetCampaign().GetId()})
	if err != nil {
		return err
	}
	if c.json {
		o := noun("campaign", answer.GetCampaign())
		o.put("revoked", answer.GetRevoked())
		o.put("open_promises", answer.GetOpenPromises())
		return c.emit(o)
	}
	c.say("campaign %s is paused; %s taken back from agents", args[0], plural(answer.GetRevoked(), "card was", "cards were"))
	if n := answer.GetOpenPromises(); n > 0 {
		c.say("%s open; what falls due while it is paused is missed", plural(n, "promise stands", "promises stand"))
	}
	c.next("campaign start %s goes on", quoted(args[0]))
	return nil
}

func bindFinishCampaign(fs *flag.FlagSet) action {
	promises := fs.String("promises", "", "what becomes of open promises: `cancel|keep`")
	return func(ctx context.Context, c *cli, args []string) error {
		policy := pb.PromisePolicy_PROMISE_POLICY_UNSPECIFIED
		switch campaign.PromisePolicy(*promises) {
		case campaign.PromisesCancel:
			policy = pb.PromisePolicy_PROMISE_POLICY_CANCEL
		case campaign.PromisesKeep:
			policy = pb.PromisePolicy_PROMISE_POLICY_KEEP
		case "":
		default:
			return misused("--promises %q is neither cancel nor keep", *promises)
		}
		r, got, err := c.campaign(ctx, args[0])
		if err != nil {
			return err
		}
		answer, err := r.campaigns.FinishCampaign(ctx, &pb.FinishCampaignRequest{Id: got.GetCampaign().GetId(), Promises: policy})
		if campaign.ReasonOf(err) == "PROMISES_OPEN" {
			return &campaign.Error{Kind: campaign.KindOf(err), Reason: campaign.ReasonOf(err), Message: fmt.Sprintf("%s\n"+
				"  say what becomes of them: --promises cancel, or --promises keep to go on until the last is closed", err)}
		}
		if err != nil {
			return err
		}
		if c.json {
			o := noun("campaign", answer.GetCampaign())
			o.put("cancelled", answer.GetCancelled())
			o.put("kept", answer.GetKept())
			return c.emit(o)
		}
		c.say("campaign %s is finished; promises: %d cancelled, %d still to be kept", args[0], answer.GetCancelled(), answer.GetKept())
		c.next("report --campaign %s", quoted(args[0]))
		return nil
	}
}
