package campaign

import (
	"context"
	"slices"
)

// Role is what a caller may do. Each token has one.
type Role string

// The roles.
const (
	RoleAgent      Role = "agent"
	RoleSupervisor Role = "supervisor"
	RoleManager    Role = "manager"
	RoleCRM        Role = "crm"
	RoleQuality    Role = "quality"
	RoleAdmin      Role = "admin"
)

// Roles lists them all.
var Roles = []Role{RoleAgent, RoleSupervisor, RoleManager, RoleCRM, RoleQuality, RoleAdmin}

// Restrictable says whether a caller of this role may be given some campaigns only: agents see what they are offered,
// and admins everything.
func (r Role) Restrictable() bool { return r != RoleAgent && r != RoleAdmin }

// Caller is who is asking.
type Caller struct {
	Token TokenID // negative: no token of the record, but a person whom the issuer of sign-ins vouches for, always the same one
	Owner string  // an agent's login, a person's or a machine's name
	Role  Role
	Agent AgentID // for role agent: the only agent it may act for; else 0

	Campaigns   []CampaignID // it may see and change these alone; empty: every one. See Sees
	Permissions []Permission
	From        string // the address it asks from; empty: this process
}

// Permission is what a caller may do besides its role. Admins need none.
type Permission string

// The permissions.
const (
	PermitNumbers Permission = "numbers" // see full numbers where a campaign masks them; each use is in the audit log
	PermitPrivacy Permission = "privacy" // erase persons, and export what is held on them
)

// Permissions lists them all.
var Permissions = []Permission{PermitNumbers, PermitPrivacy}

// May says whether the caller has a permission.
func (c *Caller) May(p Permission) bool {
	return c.Role == RoleAdmin || slices.Contains(c.Permissions, p)
}

// Restricted says whether the caller sees some campaigns only. What binds everywhere is not for it to change.
func (c *Caller) Restricted() bool { return len(c.Campaigns) > 0 }

// Sees says whether the caller may see a campaign; 0, none in particular, is for callers without restriction. Whether
// its role may do what it asks is another question.
func (c *Caller) Sees(id CampaignID) bool {
	return len(c.Campaigns) == 0 || slices.Contains(c.Campaigns, id)
}

type callerKey struct{}

// WithCaller puts the caller into the context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom is the caller in the context; the zero Caller may do nothing.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
