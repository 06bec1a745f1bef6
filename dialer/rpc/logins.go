package rpc

import (
	"context"
	"sync"

	"redial/campaign"
)

// logins are those of agents, each read once: an agent keeps it for good.
type logins struct {
	read func(context.Context, []campaign.AgentID) (map[campaign.AgentID]string, error)

	mu    sync.Mutex
	known map[campaign.AgentID]string
}

// of are the logins of agents; one who is unknown is left out.
func (l *logins) of(ctx context.Context, ids []campaign.AgentID) (map[campaign.AgentID]string, error) {
	out, missing := l.look(ids)
	if len(missing) == 0 {
		return out, nil
	}
	got, err := l.read(ctx, missing)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = make(map[campaign.AgentID]string)
	}
	for id, login := range got {
		l.known[id], out[id] = login, login
	}
	return out, err
}

func (l *logins) look(ids []campaign.AgentID) (known map[campaign.AgentID]string, missing []campaign.AgentID) {
	known = make(map[campaign.AgentID]string, len(ids))
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if login, ok := l.known[id]; ok {
			known[id] = login
		} else if id != 0 {
			missing = append(missing, id)
		}
	}
	return known, missing
}
