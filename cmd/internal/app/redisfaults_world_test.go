package app_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	"redial/cmd/internal/app"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// endurance is how long a condition may take on a laden machine; what it took is logged.
const endurance = time.Minute

// outage is a floor at work on two nodes while something happens to Redis.
type outage struct {
	*nodes
	id    int64
	admin redis.UniversalClient // past every proxy
	far   int64                 // a promise of the hour: its wake-up is in Redis while that is whole
	ended chan struct{}
	crew  sync.WaitGroup

	mu    sync.Mutex
	calls []deed
	last  map[int64]time.Time // by lead: when its last call was asked for, not after it was placed
	empty atomic.Int64        // how often nothing came
}

// deed is a call: when its agent asked for it, when it was over, and when the lead's call before had been asked for.
type deed struct {
	asked, over time.Time
	before      time.Time // zero: there was none
}

func newOutage(t *testing.T, url string, admin redis.UniversalClient) *outage {
	t.Helper()
	o := &outage{nodes: startNodes(t, 2, testserver.Postgres(t), url), admin: admin, ended: make(chan struct{}), last: make(map[int64]time.Time)}
	crew := []string{"ann", "bob", "cho", "dev", "eve", "fay"}
	// More than the crew calls in the ten seconds in which the hopper may pass over what was taken from it: it is never empty
	// for want of leads.
	o.id = o.prepare(2000, append(crew, "owner")...)
	o.brisk(o.id)
	o.far = o.book(50 * time.Minute)
	flush(t, admin) // and so its wake-up is sent now, not when the hour is next looked through
	for i, login := range crew {
		o.crew.Go(func() { o.agent(dialerpb.NewAgentServiceClient(o.conns[i%2]), login) })
	}
	t.Cleanup(o.end)
	return o
}

// end sends the crew home.
func (o *outage) end() {
	select {
	case <-o.ended:
	default:
		close(o.ended)
	}
	o.crew.Wait()
}

// agent calls and calls. Whatever happens to Redis is no error to an agent; a node that is too busy may say so.
func (o *outage) agent(desk dialerpb.AgentServiceClient, login string) {
	for {
		select {
		case <-o.ended:
			return
		case <-time.After(20 * time.Millisecond):
		}
		asked := time.Now()
		lead, err := o.call(desk, login)
		switch {
		case status.Code(err) == codes.ResourceExhausted:
		case o.ctx.Err() != nil:
			return // the test is over
		case err != nil:
			o.t.Errorf("%s: %v", login, err)
		case lead == 0:
			o.empty.Add(1)
		default:
			o.note(lead, asked)
		}
	}
}

func (o *outage) note(lead int64, asked time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, deed{asked, time.Now(), o.last[lead]})
	o.last[lead] = asked
}

// since tells of the calls asked for since: how many, how many of leads that had been called before and came due since,
// and how long the first took.
func (o *outage) since(t time.Time) (calls, retries int, first time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.calls {
		if d.asked.Before(t) {
			continue
		}
		if calls++; calls == 1 || d.over.Sub(t) < first {
			first = d.over.Sub(t)
		}
		if !d.before.IsZero() && d.before.Add(briskInterval).After(t) {
			retries++
		}
	}
	return calls, retries, first
}

// briskInterval is the one that brisk sets.
const briskInterval = 2 * time.Second

// book has the owner promise a call in so long, and gives the promise.
func (o *outage) book(in time.Duration) int64 {
	o.t.Helper()
	desk := dialerpb.NewAgentServiceClient(o.conns[0])
	for began := time.Now(); time.Since(began) < endurance; {
		r, err := desk.NextCall(o.ctx, &dialerpb.NextCallRequest{Agent: "owner", Wait: durationpb.New(3 * time.Second)})
		o.must(err)
		if r.GetCard() == nil {
			continue
		}
		id := r.GetCard().GetAssignmentId()
		_, err = desk.StartCall(o.ctx, &dialerpb.StartCallRequest{Agent: "owner", AssignmentId: id})
		o.must(err)
		at := time.Now().UTC().Add(in).Truncate(time.Second).Add(time.Second)
		got, err := desk.RecordOutcome(o.ctx, &dialerpb.RecordOutcomeRequest{
			Agent: "owner", AssignmentId: id, Code: "APPOINTMENT",
			Booking: &campaignpb.Booking{Local: at.Format("2006-01-02T15:04:05"), Zone: "Etc/UTC", Insisted: true},
		})
		o.must(err)
		return got.GetAppointment().GetId()
	}
	o.t.Fatal("the owner got no lead to promise a call to")
	return 0
}

// keep has the owner wait for a promise, and says how late it came; early is an error.
func (o *outage) keep(promise int64) (late time.Duration) {
	desk := dialerpb.NewAgentServiceClient(o.conns[0])
	for began := time.Now(); time.Since(began) < endurance; {
		r, err := desk.NextCall(o.ctx, &dialerpb.NextCallRequest{Agent: "owner", Wait: durationpb.New(5 * time.Second)})
		if err == nil && r.GetCard() == nil {
			continue
		}
		card := r.GetCard()
		if err == nil {
			_, err = desk.StartCall(o.ctx, &dialerpb.StartCallRequest{Agent: "owner", AssignmentId: card.GetAssignmentId()})
		}
		if err == nil {
			_, err = desk.RecordOutcome(o.ctx, &dialerpb.RecordOutcomeRequest{Agent: "owner", AssignmentId: card.GetAssignmentId(), Code: "SUCCESS"})
		}
		if err != nil {
			o.t.Errorf("owner: %v", err)
			return 0
		}
		if card.GetAppointment().GetId() == promise {
			late = card.GetOfferedAt().AsTime().Sub(card.GetAppointment().GetAt().AsTime())
			if late < 0 {
				o.t.Errorf("a promise came %v early", -late)
			}
			return late
		}
	}
	o.t.Error("a promise was not offered to its owner")
	return 0
}

// vitals are metrics of both nodes, added up.
type vitals map[string]float64

func (o *outage) vitals() vitals {
	sum := make(vitals)
	for _, a := range o.apps {
		r, err := http.Get("http://" + a.Web() + "/metrics")
		if err != nil {
			o.t.Error(err)
			return sum
		}
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), " ")
			if v, err := strconv.ParseFloat(value, 64); err == nil && strings.HasPrefix(name, "redial_") {
				sum[name] += v
			}
		}
		r.Body.Close()
	}
	return sum
}

// whole says what Redis lacks while it serves both nodes; empty: nothing.
func (o *outage) whole() string {
	if v := o.vitals()["redial_redis_away"]; v > 0 {
		return fmt.Sprintf("%v of the nodes pass it by", v)
	}
	held := int64(0)
	for _, lane := range []string{"tried", "fresh"} {
		held += o.admin.ZCard(o.t.Context(), fmt.Sprintf("redial:{c%d}:%s", o.id, lane)).Val()
	}
	if held == 0 {
		return "the hopper is empty"
	}
	if o.admin.Exists(o.t.Context(), fmt.Sprintf("asynq:{redial}:t:due-%d", o.far)).Val() == 0 {
		return "a promise has no wake-up"
	}
	return ""
}

// await polls until done; other processes cannot be waited for otherwise.
func (o *outage) await(what string, done func() bool) (took time.Duration) {
	o.t.Helper()
	began := time.Now()
	for !done() {
		if took = time.Since(began); took > endurance {
			o.t.Errorf("waited %v in vain until %s", took, what)
			return took
		}
		<-time.After(50 * time.Millisecond)
	}
	return time.Since(began)
}

// built waits until Redis lacks nothing, and says what it lacks still and what it lacked last.
func (o *outage) built(what string) (took time.Duration, missing, last string) {
	o.t.Helper()
	last = "nothing"
	took = o.await(what, func() bool {
		if missing = o.whole(); missing != "" {
			last = missing
		}
		return missing == ""
	})
	return took, missing, last
}

// harm is something that happens to Redis.
type harm struct {
	name  string
	begin func()
	felt  func(before, now vitals) bool
	end   func()
}

// suffer has the floor work through a harm: calls go on, a retry and a promise that come due meanwhile are offered, and
// all of it is built anew afterwards.
func (o *outage) suffer(h harm) {
	o.t.Helper()
	if _, missing, _ := o.built("Redis holds everything before: " + h.name); missing != "" {
		o.t.Fatalf("before %s: %s", h.name, missing)
	}
	promise := o.book(time.Second)
	before, began := o.vitals(), time.Now()
	h.begin()
	var felt, kept atomic.Bool
	var late time.Duration
	var owner sync.WaitGroup
	owner.Go(func() { late = o.keep(promise); kept.Store(true) })
	o.await("calls and a retry were made, and it was felt: "+h.name, func() bool {
		if h.felt(before, o.vitals()) {
			felt.Store(true)
		}
		calls, retries, _ := o.since(began)
		return felt.Load() && calls >= 20 && retries > 0 && kept.Load()
	})
	owner.Wait()
	lasted := time.Since(began)
	calls, retries, first := o.since(began)
	h.end()
	took, missing, last := o.built("everything in Redis was built anew after: " + h.name)
	if missing != "" {
		o.t.Errorf("%s: %s", h.name, missing)
	}
	o.t.Logf("%-28s first call after %4d ms; %4d calls and %4d retries in %v; promise %d ms late; rebuilt %v after its return (last: %s)",
		h.name, first.Milliseconds(), calls, retries, lasted.Round(time.Millisecond), late.Milliseconds(), took.Round(time.Millisecond), last)
}

// risen says that one of the metrics rose.
func risen(names ...string) func(before, now vitals) bool {
	return func(before, now vitals) bool {
		for _, n := range names {
			if now[n] > before[n] {
				return true
			}
		}
		return false
	}
}

// both says that both nodes turned away from Redis.
func both(before, now vitals) bool {
	return now["redial_redis_absences_total"] >= before["redial_redis_absences_total"]+2 && now["redial_redis_failures_total"] > before["redial_redis_failures_total"]
}

// flush empties every master.
func flush(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	err := error(nil)
	if c, ok := client.(*redis.ClusterClient); ok {
		err = c.ForEachMaster(t.Context(), func(ctx context.Context, m *redis.Client) error { return m.FlushAll(ctx).Err() })
	} else {
		err = client.FlushAll(t.Context()).Err()
	}
	if err != nil {
		t.Error(err)
	}
}

// direct is a client of a Redis for the test itself.
func direct(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	c, _, err := app.NewRedis(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
