package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

var tokenCommands = []command{
	{
		name: "token create", args: "OWNER --role ROLE [--expires 90d] [--campaign NAME]… [--permit numbers]… [--certificate NAME]",
		short: "make a token; its secret is told this once",
		long: "ROLE is agent (OWNER is then the agent's login), supervisor, manager, crm, quality or admin. With --campaign it sees and changes " +
			"those campaigns alone. With --certificate it has no secret: whoever connects with that client certificate is it.",
		min: 1, max: 1, bind: bindCreateToken,
	},
	{name: "token list", args: "[--all]", short: "list the tokens, without their secrets", bind: bindListTokens},
	{name: "token revoke", args: "TOKEN", short: "end a token at once, by its number", min: 1, max: 1, bind: func(*flag.FlagSet) action { return revokeToken }},
	{
		name: "token sessions", args: "OWNER", short: "sign somebody out of the pages everywhere",
		long: "OWNER is the token's owner or the person's name at the company's issuer, as the audit log has it. Who may still sign in can do so " +
			"again: revoke the token, or disable the person at the issuer, first.",
		min: 1, max: 1, bind: func(*flag.FlagSet) action { return endSessions },
	},
}

// tokenFlags are what is asked of a new token.
type tokenFlags struct {
	role, certificate  *string
	campaigns, permits *many
	expires            expiryFlag
}

// expiryFlag is when something ends: an instant, or so many days from now.
type expiryFlag struct {
	instantFlag
	days int
}

func (f *expiryFlag) String() string {
	if f.days > 0 {
		return fmt.Sprint(f.days, "d")
	}
	return f.instantFlag.String()
}

func (f *expiryFlag) Set(v string) error {
	if text, ok := strings.CutSuffix(v, "d"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 36500 {
			return fmt.Errorf("%q is no number of days: write it as 90d, or a date as 2027-01-01", v)
		}
		f.days = n
		return nil
	}
	return f.instantFlag.Set(v)
}

// from is the end, counted from now if in days; nil: never.
func (f *expiryFlag) from(now time.Time) *timestamppb.Timestamp {
	switch {
	case f.days > 0:
		return timestamppb.New(now.AddDate(0, 0, f.days))
	case f.at.IsZero():
		return nil
	}
	return timestamppb.New(f.at)
}

func bindCreateToken(fs *flag.FlagSet) action {
	f := &tokenFlags{
		role:        fs.String("role", "", "what its bearer may do: a `ROLE`"),
		campaigns:   manyVar(fs, "campaign", "a campaign it may see and change, by its `NAME`; may be repeated; every one unless given"),
		permits:     manyVar(fs, "permit", "numbers (see them where a campaign masks them) or privacy (erase and export persons): a `PERMISSION`; may be repeated"),
		certificate: fs.String("certificate", "", "the `NAME` of the client certificate that it is: uri: or dns: and its first SAN of that type, else cn: and its common name"),
	}
	fs.Var(&f.expires, "expires", "when it ends by itself: days as `90d`, or an instant; never unless given")
	return func(ctx context.Context, c *cli, args []string) error {
		q, err := f.request(ctx, c, args[0])
		if err != nil {
			return err
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		a, err := r.admin.CreateToken(ctx, q)
		if err != nil {
			return err
		}
		return c.tokenMade(a)
	}
}

func (f *tokenFlags) request(ctx context.Context, c *cli, owner string) (*pb.CreateTokenRequest, error) {
	if *f.role == "" {
		return nil, misused("say what the bearer may do: --role agent, supervisor, manager, crm, quality or admin")
	}
	role, err := enumNamed[pb.Role]("role", *f.role, pb.Role_value)
	if err != nil {
		return nil, err
	}
	q := &pb.CreateTokenRequest{Owner: owner, Role: role, Certificate: *f.certificate, ExpiresAt: f.expires.from(time.Now())}
	for _, word := range *f.permits {
		p, err := enumNamed[pb.Permission]("permission", word, pb.Permission_value)
		if err != nil {
			return nil, err
		}
		q.Permissions = append(q.Permissions, p)
	}
	for _, name := range *f.campaigns {
		n, err := c.campaignID(ctx, name)
		if err != nil {
			return nil, err
		}
		if n == 0 { // an empty name must not make a token that sees every campaign
			return nil, misused("--campaign has no name: leave it out for a token that sees every campaign")
		}
		q.CampaignIds = append(q.CampaignIds, n)
	}
	return q, nil
}

func (c *cli) tokenMade(a *pb.CreateTokenResponse) error {
	t := a.GetToken()
	if c.json {
		return c.emit(append(object{{"token", a.GetSecret()}}, messageOf(t.ProtoReflect())...))
	}
	shown := []string{"number", number(t.GetId()), "owner", t.GetOwner(), "role", word(t.GetRole())}
	if a.GetSecret() != "" {
		shown = append([]string{"token", a.GetSecret()}, shown...)
	}
	c.fields(append(shown, "campaigns", seenBy(t), "may", permits(t), "certificate", t.GetCertificate(), "ends", when(t.GetExpiresAt(), ""))...)
	if a.GetSecret() == "" {
		c.say("\nWhoever connects with this client certificate is it: dialctl --cert FILE --cert-key FILE …")
		return nil
	}
	c.say("\nKeep it: it is not shown again.\nNext: REDIAL_TOKEN=%s dialctl …", a.GetSecret())
	return nil
}

// seenBy are the numbers of a token's campaigns.
func seenBy(t *pb.Token) string {
	if len(t.GetCampaignIds()) == 0 {
		return "all"
	}
	ids := make([]string, len(t.GetCampaignIds()))
	for i, id := range t.GetCampaignIds() {
		ids[i] = number(id)
	}
	return strings.Join(ids, ",")
}

func permits(t *pb.Token) string {
	words := make([]string, len(t.GetPermissions()))
	for i, p := range t.GetPermissions() {
		words[i] = word(p)
	}
	return strings.Join(words, ",")
}

func bindListTokens(fs *flag.FlagSet) action {
	all := fs.Bool("all", false, "those that were revoked, too")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		tokens, err := pages(func(token string) ([]*pb.Token, string, error) {
			a, err := r.admin.ListTokens(ctx, &pb.ListTokensRequest{Revoked: *all, PageSize: pageSize, PageToken: token})
			return a.GetTokens(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, t := range tokens {
			if c.json {
				if err := c.emit(messageOf(t.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{
				number(t.GetId()), t.GetOwner(), word(t.GetRole()), seenBy(t), permits(t), t.GetCertificate(),
				when(t.GetCreatedAt(), ""), when(t.GetUsedAt(), ""), when(t.GetExpiresAt(), ""), when(t.GetRevokedAt(), ""),
			})
		}
		if !c.json {
			c.table([]string{"no", "owner", "role", "campaigns", "may", "certificate", "made", "used", "ends", "revoked"}, rows)
		}
		return nil
	}
}

func revokeToken(ctx context.Context, c *cli, args []string) error {
	n, err := id("token", args[0])
	if err != nil {
		return err
	}
	r, err := c.connect()
	if err != nil {
		return err
	}
	a, err := r.admin.RevokeToken(ctx, &pb.RevokeTokenRequest{Id: n})
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(messageOf(a.GetToken().ProtoReflect()))
	}
	c.say("token %d of %s is revoked", n, a.GetToken().GetOwner())
	return nil
}

func endSessions(ctx context.Context, c *cli, args []string) error {
	r, err := c.connect()
	if err != nil {
		return err
	}
	a, err := r.admin.EndSessions(ctx, &pb.EndSessionsRequest{Owner: args[0]})
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(messageOf(a.ProtoReflect()))
	}
	c.say("%d sessions of %s have ended", a.GetEnded(), args[0])
	return nil
}
