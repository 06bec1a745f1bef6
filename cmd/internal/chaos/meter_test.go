package chaos

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// meter adds up what the nodes count, over the deaths of their processes.
type meter struct {
	w    *world
	mu   sync.Mutex
	last map[reading]int64
}

// reading names a counter of one process.
type reading struct {
	node   string
	starts int64
	metric string
}

// work looks at every node's metrics again and again.
func (m *meter) work() {
	for !m.w.done() {
		for _, n := range m.w.nodes {
			m.look(n)
		}
		pause(250 * time.Millisecond)
	}
}

func (m *meter) look(n *node) {
	starts := n.starts.Load()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.web+"/metrics", http.NoBody)
	if err != nil {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return // it is down, or hangs
	}
	defer res.Body.Close()
	m.take(n.name, starts, res.Body)
}

func (m *meter) take(node string, starts int64, body io.Reader) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil && strings.HasPrefix(name, "redial_") {
			key := reading{node, starts, name}
			m.last[key] = max(m.last[key], int64(v))
		}
	}
}

// redis is how often calls to Redis failed, as the nodes count them.
func (m *meter) redis() int64 { return m.sum("redial_redis_failures_total") }

func (m *meter) sum(metric string) (n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, v := range m.last {
		if key.metric == metric {
			n += v
		}
	}
	return n
}
