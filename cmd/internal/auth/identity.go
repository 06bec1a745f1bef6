package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"redial/campaign"
)

// person is the caller that an id token names, which was verified, and the groups that it lists.
func (i *Issuer) person(ctx context.Context, token *oidc.IDToken) (c campaign.Caller, groups []string, err error) {
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return campaign.Caller{}, nil, stranger(ReasonIdentityRefused, "the claims of this id token cannot be read")
	}
	c = campaign.Caller{Token: idOf(token.Issuer, token.Subject), Owner: nameOf(claims, i.o.Name)}
	if c.Owner == "" {
		return campaign.Caller{}, nil, stranger(ReasonIdentityRefused, "this id token names nobody: it needs "+cmp.Or(i.o.Name, "a verified email, preferred_username or sub")+
			" of at most 100 printable characters; --oidc-name chooses the claim")
	}
	groups = wordsAt(claims, i.o.Claim)
	role, ok := i.o.Role(groups)
	if !ok {
		return campaign.Caller{}, nil, unentitled(ReasonNoRole, fmt.Sprintf("%s is in no group that has a role here (claim %s lists %d): ask an admin to add one to --oidc-roles",
			c.Owner, i.o.Claim, len(groups)))
	}
	c.Role = role
	if role == campaign.RoleAgent {
		c, err = i.agent(ctx, c)
	} else {
		c, err = i.granted(c, claims)
	}
	return c, groups, err
}

// agent adds the agent whose login is the person's name.
func (i *Issuer) agent(ctx context.Context, c campaign.Caller) (campaign.Caller, error) {
	bounded, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	a, err := i.o.Agents.AgentByLogin(bounded, c.Owner)
	switch {
	case err == nil && a.Active:
		c.Agent = a.ID
		return c, nil
	case err == nil || campaign.KindOf(err) == campaign.KindNotFound:
		return campaign.Caller{}, unentitled(ReasonNoAgent, "no active agent has the login "+c.Owner+": a manager adds one with dialctl agent add "+c.Owner)
	case ctx.Err() != nil:
		return campaign.Caller{}, ctx.Err()
	}
	i.o.Log.WarnContext(ctx, "cannot look for the agent of an id token", "error", err)
	return campaign.Caller{}, away("agents cannot be looked for just now: try again in a second")
}

// granted adds the campaigns that the person sees. A claim that was asked for and is not there gives none of them: an
// empty list would stand for every one.
func (i *Issuer) granted(c campaign.Caller, claims map[string]json.RawMessage) (campaign.Caller, error) {
	if i.o.Campaigns == "" || c.Role == campaign.RoleAdmin {
		return c, nil
	}
	words := wordsAt(claims, i.o.Campaigns)
	if slices.Contains(words, "*") {
		return c, nil
	}
	for _, w := range words {
		if n, err := strconv.ParseInt(w, 10, 64); err == nil && n > 0 {
			c.Campaigns = append(c.Campaigns, campaign.CampaignID(n))
		}
	}
	if len(c.Campaigns) == 0 {
		return campaign.Caller{}, unentitled(ReasonNoCampaigns, fmt.Sprintf("%s is given no campaign: the claim %s of the issuer must list ids of campaigns, or *", c.Owner, i.o.Campaigns))
	}
	slices.Sort(c.Campaigns)
	c.Campaigns = slices.Compact(c.Campaigns)
	return c, nil
}

// nameOf is the person's name: the claim that the operator chose, or else the e-mail, else preferred_username, else sub.
// An e-mail that the issuer says was never verified is nobody's name, whichever of those repeats it; and what
// preferred_username says is an e-mail needs to be verified as one. Empty: none can be used.
func nameOf(claims map[string]json.RawMessage, chosen string) string {
	verified := strings.Trim(string(claims["email_verified"]), `"`)
	if chosen != "" && chosen != "email" {
		return nameAt(claims, chosen)
	}
	email := nameAt(claims, "email")
	switch {
	case email != "" && verified != "false":
		return email
	case chosen == "email":
		return ""
	}
	if name := nameAt(claims, "preferred_username"); name != "" && (verified == "true" || !strings.Contains(name, "@")) && !strings.EqualFold(name, email) {
		return name
	}
	if name := nameAt(claims, "sub"); !strings.EqualFold(name, email) {
		return name
	}
	return ""
}

// nameAt is the text of a claim, if it can be a name.
func nameAt(claims map[string]json.RawMessage, claim string) string {
	words := wordsAt(claims, claim)
	if len(words) != 1 {
		return ""
	}
	text := strings.TrimSpace(words[0])
	if len(text) > ownerMost || printable(text) != text {
		return ""
	}
	return text
}

// wordsAt are the words of a claim: a list of words or numbers, or one. A claim a.b that is not there is b in the object a.
func wordsAt(claims map[string]json.RawMessage, name string) []string {
	raw, ok := claims[name]
	if first, rest, dotted := strings.Cut(name, "."); !ok && dotted {
		var inner map[string]json.RawMessage
		if json.Unmarshal(claims[first], &inner) != nil {
			return nil
		}
		return wordsAt(inner, rest)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	var words []string
	for _, one := range list {
		var word string
		var number json.Number
		switch {
		case json.Unmarshal(one, &word) == nil && word != "":
			words = append(words, word)
		case json.Unmarshal(one, &number) == nil && number != "":
			words = append(words, number.String())
		}
	}
	return words
}

func unentitled(reason, message string) error {
	return &campaign.Error{Kind: campaign.KindDenied, Reason: reason, Message: message}
}
