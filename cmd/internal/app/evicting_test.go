package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"redial/campaign/store/storetest/testserver"
)

func TestAnEvictingRedisIsToldOfOnceAndWhenThatChanges(t *testing.T) {
	t.Parallel()
	addr := testserver.Redis(t)
	client, _, err := NewRedis("redis://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var said bytes.Buffer
	a := &App{redis: client, metrics: prometheus.NewRegistry(), log: slog.New(slog.NewTextHandler(&said, nil))}
	e := newEvicting(a)
	for _, step := range []struct {
		policy, words string
		gauge         float64
	}{
		{"noeviction", "", 0},
		{"allkeys-lru", "set maxmemory-policy to noeviction", 1},
		{"allkeys-lru", "", 1},
		{"volatile-ttl", "volatile-ttl", 1},
		{"noeviction", "no longer", 0},
	} {
		if err := client.ConfigSet(t.Context(), "maxmemory-policy", step.policy).Err(); err != nil {
			t.Fatal(err)
		}
		said.Reset()
		e.look(t.Context())
		if got := said.String(); (step.words == "") != (got == "") || !strings.Contains(got, step.words) {
			t.Errorf("%s: said %q, want %q", step.policy, got, step.words)
		}
		if got := gauge(t, a.metrics, "redial_redis_evicting"); got != step.gauge {
			t.Errorf("%s: the metric is %v, want %v", step.policy, got, step.gauge)
		}
	}
}

// TestARedisThatForbidsTheQuestionIsNotComplainedOf is for servers that others run.
func TestARedisThatForbidsTheQuestionIsNotComplainedOf(t *testing.T) {
	t.Parallel()
	addr := testserver.Redis(t)
	admin, _, err := NewRedis("redis://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	if err := admin.Do(t.Context(), "acl", "setuser", "guest", "on", ">secret", "~*", "+@all", "-info", "-config").Err(); err != nil {
		t.Fatal(err)
	}
	client, _, err := NewRedis("redis://guest:secret@" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var said bytes.Buffer
	a := &App{redis: client, metrics: prometheus.NewRegistry(), log: slog.New(slog.NewTextHandler(&said, nil))}
	newEvicting(a).look(t.Context())
	if said.Len() > 0 {
		t.Errorf("said %q", &said)
	}
}

// gauge is the value of a metric without labels.
func gauge(t *testing.T, from prometheus.Gatherer, name string) float64 {
	t.Helper()
	all, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}
