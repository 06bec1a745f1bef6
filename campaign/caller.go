package campaign

import "context"

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

// Caller is who is asking.
type Caller struct {
	Token TokenID
	Owner string // an agent's login, a person's or a machine's name
	Role  Role
	Agent AgentID // for role agent: the only agent it may act for; else 0
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
