package campaign

import (
	"context"
	"testing"
)

func TestAgentActsOnlyForItselfAndAdminForAnyone(t *testing.T) {
	t.Parallel()
	li := Caller{Owner: "li", Role: RoleAgent, Agent: 7}
	lookup := func(_ context.Context, login string) (Agent, error) {
		if login == "wang" {
			return Agent{ID: 8, Login: login}, nil
		}
		return Agent{}, NotFound("agent", login)
	}
	for _, c := range []struct {
		caller Caller
		login  string
		want   AgentID
		kind   Kind
	}{
		{li, "", 7, 0},
		{li, "li", 7, 0},
		{li, "wang", 0, KindDenied},
		{Caller{Owner: "li", Role: RoleAgent}, "", 0, KindDenied},
		{Caller{Role: RoleAdmin}, "wang", 8, 0},
		{Caller{Role: RoleAdmin}, "", 0, KindInvalid},
		{Caller{Role: RoleAdmin}, "nobody", 0, KindNotFound},
		{Caller{Role: RoleSupervisor, Agent: 7}, "li", 0, KindDenied},
		{Caller{}, "", 0, KindDenied},
	} {
		got, err := ActingAgent(WithCaller(t.Context(), c.caller), c.login, lookup)
		if got != c.want || (err != nil && KindOf(err) != c.kind) || (err == nil) != (c.want != 0) {
			t.Errorf("%+v for %q: %d, %v; want %d, kind %d", c.caller, c.login, got, err, c.want, c.kind)
		}
	}
}
