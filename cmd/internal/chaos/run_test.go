package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// staff is who works: what each kind of agent does besides calling.
type staff struct {
	unary, streams, twice, resenders, vanishers, stallers int
}

// open fills the world: two campaigns that share the caps of numbers, lists, and the agents.
func (w *world) open(s staff, leads int) []*agent {
	w.t.Helper()
	m := &manager{caller: w.admin}
	for i, d := range []*drive{
		{name: "spring", interval: 4 * time.Second, busy: 2 * time.Second, capMax: 6, capPeriod: 30 * time.Second, lease: 4 * time.Second},
		{name: "autumn", interval: 6 * time.Second, busy: 3 * time.Second, capMax: 4, capPeriod: 30 * time.Second, lease: 4 * time.Second},
	} {
		d.phones.from = i * 50 // many of the first list's numbers are in the second campaign, too
		m.create(d)
		if m.bring(d, leads) == nil || !await(lookFor, func() bool { return w.loaded() }) {
			w.t.Fatal("the first lists were not taken in")
		}
		m.start(d.id)
	}
	var all []*agent
	for kind, n := range map[string]int{"unary": s.unary, "stream": s.streams, "twice": s.twice, "resend": s.resenders, "vanish": s.vanishers, "stall": s.stallers} {
		for i := range n {
			all = append(all, w.hire(kind, fmt.Sprint(kind, i)))
		}
	}
	return all
}

// hire makes an agent with a desktop and a token of its own.
func (w *world) hire(kind, login string) *agent {
	w.t.Helper()
	admin := campaignpb.NewAdminServiceClient(w.admin.conns[w.admin.at])
	var both []*campaignpb.Membership
	for _, d := range w.campaigns {
		both = append(both, &campaignpb.Membership{CampaignId: d.id})
	}
	_, err := admin.CreateAgent(w.admin.ctx, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{Login: login, Campaigns: both}})
	w.must(err)
	c := w.caller(login, w.token(login, campaignpb.Role_ROLE_AGENT))
	a := &agent{caller: c, desk: &unary{c}, seen: make(map[int64]bool), habits: habits{vanish: 0.005, dawdle: 0.1, correct: 0.03}}
	switch kind {
	case "stream":
		a.desk = &streaming{caller: c}
	case "twice":
		a.desk = &twice{unary{c}, unary{w.caller(login, w.token(login, campaignpb.Role_ROLE_AGENT))}}
	case "resend":
		a.habits.again = 0.7
	case "vanish":
		a.habits.vanish = 0.5
	case "stall":
		a.desk, a.habits.stall = &streaming{caller: c}, 10
	}
	return a
}

func (w *world) token(owner string, role campaignpb.Role) string {
	got, err := campaignpb.NewAdminServiceClient(w.admin.conns[w.admin.at]).CreateToken(w.admin.ctx, &campaignpb.CreateTokenRequest{Owner: owner, Role: role})
	w.must(err)
	return got.GetSecret()
}

// loaded says whether every list that was committed has been taken in.
func (w *world) loaded() bool {
	m := &manager{caller: w.admin}
	for _, i := range w.book.imports {
		l, err := m.list(i.list)
		if err != nil || l.GetState() == campaignpb.ListState_LIST_STATE_LOADING {
			return false
		}
	}
	return true
}

// run lets everybody work while harm is done, until it returns.
func (w *world) run(agents []*agent, every time.Duration, harm func()) {
	var all, others sync.WaitGroup
	for _, a := range agents {
		all.Go(a.work)
	}
	m := &manager{caller: w.caller("manager", w.token("manager", campaignpb.Role_ROLE_MANAGER)), files: len(w.book.imports)}
	all.Go(func() { m.work(100, every) })
	c := &crm{caller: w.caller("crm", w.token("crm", campaignpb.Role_ROLE_CRM))}
	all.Go(func() { c.work(100 * time.Millisecond) })
	others.Go(w.meter.work)
	w.follower = newFollower(w)
	others.Go(w.follower.work)
	harm()
	close(w.over)
	all.Wait()
	others.Wait()
}

// settle waits until nothing is in anybody's hands and every list is taken in.
func (w *world) settle() {
	w.t.Helper()
	for _, n := range w.nodes {
		if !await(nodeReady, func() bool { return w.wellAt(n) }) {
			w.breach(0, "node %s does not answer after all faults were made good", n.name)
		}
	}
	held := int64(0)
	if !await(time.Minute, func() bool {
		got, err := ask(w.admin, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*dialerpb.GetFloorResponse, error) {
			return dialerpb.NewFloorServiceClient(conn).GetFloor(ctx, &dialerpb.GetFloorRequest{})
		})
		held = 0
		for _, c := range got.GetFloor().GetCampaigns() {
			held += c.GetHeld()
		}
		return err == nil && held == 0
	}) {
		w.breach(0, "I1: %d leads are still held a minute after the last call", held)
	}
	if !await(time.Minute, w.loaded) {
		w.breach(0, "I2: a list is still not taken in a minute after the last fault")
	}
}

func (w *world) wellAt(n *node) bool {
	for i, other := range w.nodes {
		if other == n {
			ctx, cancel := context.WithTimeout(w.admin.ctx, answerSoon)
			defer cancel()
			_, err := campaignpb.NewAdminServiceClient(w.admin.conns[i]).GetServer(ctx, &campaignpb.GetServerRequest{})
			return err == nil
		}
	}
	return false
}

// judge reads the record and says everything that is wrong, with what is known of the leads it is about.
func (w *world) judge() {
	w.t.Helper()
	if w.book.light {
		w.verifyCounts()
	} else {
		w.verify(w.readRecord())
	}
	sum := w.audit()
	c := &w.count
	w.t.Logf("calls made %d, attempts in the ledger %d, promises %d, late outcomes %d, lists %d, leads %d, events %d",
		c.calls.Load(), sum.GetAttempts(), sum.GetAppointments(), c.late.Load(), len(w.book.imports), sum.GetLeads(), w.follower.events)
	w.t.Logf("requests %d, failed %d (of which %d told when to come back), sent again %d", c.requests.Load(), c.failed.Load(), c.away.Load(), c.retried.Load())
	w.t.Logf("breaches %d", len(w.breaches))
	if sum.GetAttempts() == 0 || c.calls.Load() == 0 {
		w.t.Error("nothing was called")
	}
	w.report()
}

// report tells of every breach that was not told of yet, with what is known of the leads that the first are about.
func (w *world) report() {
	w.t.Helper()
	for ; w.told < len(w.breaches); w.told++ {
		b := w.breaches[w.told]
		w.t.Errorf("REDIAL_SEED=%d: %s", w.seed, b.text)
		if b.lead != 0 && w.told < 5 {
			w.t.Logf("journal of lead %d:\n%s\nits timeline:\n%s", b.lead, strings.Join(w.book.lines[b.lead], "\n"), w.timeline(b.lead))
		}
	}
}

func (w *world) timeline(lead int64) string {
	got, err := ask(w.admin, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*schedulerpb.GetTimelineResponse, error) {
		return schedulerpb.NewScheduleServiceClient(conn).GetTimeline(ctx, &schedulerpb.GetTimelineRequest{LeadId: lead})
	})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range got.GetEntries() {
		fmt.Fprintf(&b, "%s %s %d %s (%s)\n", e.GetAt().AsTime().Format("15:04:05.000"), e.GetKind(), e.GetAssignmentId(), e.GetText(), e.GetBy())
	}
	return b.String()
}
