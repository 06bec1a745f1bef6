package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// OIDC is where people sign in with their company's account; without an Issuer they show tokens.
type OIDC struct {
	Issuer     string        // https:// URL, as the issuer writes it itself
	Client     string        // this server's client id there, which is the audience of every token
	Secret     string        // of the client; empty: a public client (PKCE alone)
	SecretFile string        // read into Secret
	Name       string        // claim that names the person; empty: the verified e-mail, else preferred_username, else subject
	Claim      string        // names the groups of a person, a list or one word
	Roles      string        // GROUP=role,GROUP=role; see RoleOf
	Campaigns  string        // claim with the ids of the campaigns that a person sees; empty: every one
	Session    time.Duration // of the pages, until the issuer must vouch for the person again
	Scopes     string        // asked for at sign-in, separated by spaces or commas
}

// Strongest are the roles, the strongest first: whoever is in several groups has the first of these.
var Strongest = []campaign.Role{
	campaign.RoleAdmin, campaign.RoleManager, campaign.RoleSupervisor, campaign.RoleQuality, campaign.RoleCRM, campaign.RoleAgent,
}

// RoleOf is the strongest role that the groups give; false when they give none, which means that the person is refused.
func (o OIDC) RoleOf(groups []string) (campaign.Role, bool) {
	mapped, err := o.roles()
	if err != nil {
		return "", false
	}
	for _, role := range Strongest {
		if slices.ContainsFunc(groups, func(g string) bool { return mapped[g] == role }) {
			return role, true
		}
	}
	return "", false
}

// ScopeList is Scopes as a list, with openid, without which there is no sign-in.
func (o OIDC) ScopeList() []string {
	list := strings.FieldsFunc(o.Scopes, func(r rune) bool { return r == ',' || r == ' ' })
	if !slices.Contains(list, "openid") {
		list = append([]string{"openid"}, list...)
	}
	return list
}

// roles are the roles by group.
func (o OIDC) roles() (map[string]campaign.Role, error) {
	by := map[string]campaign.Role{}
	for pair := range strings.SplitSeq(o.Roles, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		at := strings.LastIndexByte(pair, '=')
		if at <= 0 {
			return nil, fmt.Errorf("--oidc-roles: %q is no mapping: write GROUP=role, such as Call-Managers=manager", pair)
		}
		group, name := strings.TrimSpace(pair[:at]), strings.TrimSpace(pair[at+1:])
		role, err := campaign.ParseRole("role", name)
		if err != nil {
			return nil, fmt.Errorf("--oidc-roles: %q is no role: group %s gets one of agent, supervisor, manager, crm, quality, admin", name, group)
		}
		if before, twice := by[group]; twice && before != role {
			return nil, fmt.Errorf("--oidc-roles: group %s is both %s and %s: keep one", group, before, role)
		}
		by[group] = role
	}
	return by, nil
}

func (c Config) checkOIDC() error {
	o := c.OIDC
	if o.Issuer == "" {
		if o.Client != "" || o.Secret != "" || o.Roles != "" || o.Campaigns != "" || o.Name != "" {
			return errors.New("--oidc-issuer is missing: the other --oidc settings do nothing without it")
		}
		return nil
	}
	var faults []error
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		faults = append(faults, fmt.Errorf("--oidc-issuer %q is no issuer: give its https:// URL, as it stands in its /.well-known/openid-configuration", o.Issuer))
	}
	if o.Client == "" {
		faults = append(faults, errors.New("--oidc-client is missing: give the id that the issuer knows this server by"))
	}
	if o.Claim == "" {
		faults = append(faults, errors.New("--oidc-claim is empty: name the claim that lists a person's groups, such as groups"))
	}
	if o.Session < time.Minute || o.Session > 24*time.Hour {
		faults = append(faults, fmt.Errorf("--oidc-session %v is out of range: give 1m to 24h", o.Session))
	}
	by, err := o.roles()
	if err == nil && len(by) == 0 {
		err = errors.New("--oidc-roles is missing, and nobody could sign in: give GROUP=role,GROUP=role")
	}
	return errors.Join(append(faults, err)...)
}
