package campaign

import (
	"context"
	"fmt"
)

// ActingAgent is the agent that a request is for. A caller of role agent is always itself, and may leave the login
// empty; an admin must name one, which lookup finds; nobody else may act for an agent. Errors: KindDenied,
// KindInvalid on the field "agent", and what lookup answers.
func ActingAgent(ctx context.Context, login string, lookup func(ctx context.Context, login string) (Agent, error)) (AgentID, error) {
	c := CallerFrom(ctx)
	switch c.Role {
	case RoleAgent:
		if c.Agent == 0 || (login != "" && login != c.Owner) {
			return 0, Denied(fmt.Sprintf("your token is agent %s's and acts for nobody else: leave the agent out", c.Owner))
		}
		return c.Agent, nil
	case RoleAdmin:
		if login == "" {
			return 0, Invalid("agent", "name the agent's login: an admin token is nobody's desk of its own")
		}
		a, err := lookup(ctx, login)
		if err != nil {
			return 0, fmt.Errorf("find agent %s: %w", login, err)
		}
		return a.ID, nil
	default:
		return 0, Denied("this is an agent's desk: use an agent's own token, or an admin's")
	}
}
