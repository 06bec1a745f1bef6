package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

// as calls an interceptor's stream as a caller.
func as(ctx context.Context, c campaign.Caller) context.Context { return campaign.WithCaller(ctx, c) }

// bareStream is a stream of nothing but a context and messages to come.
type bareStream struct {
	grpc.ServerStream
	ctx  context.Context
	recv func(any) error
}

func (s *bareStream) Context() context.Context { return s.ctx }
func (s *bareStream) RecvMsg(m any) error      { return s.recv(m) }

func bareAdmission() *admission {
	return newAdmission(discard, newShedMeter(nil), sizes{usualMessage}, 4)
}

func TestEveryMethodOfTheClassTableIsServed(t *testing.T) {
	t.Parallel()
	var served []string
	for _, d := range []grpc.ServiceDesc{
		campaignv1.AdminService_ServiceDesc, campaignv1.CampaignService_ServiceDesc, campaignv1.ListService_ServiceDesc,
		campaignv1.LeadService_ServiceDesc, campaignv1.SuppressionService_ServiceDesc, campaignv1.ReportService_ServiceDesc,
		schedulerv1.ScheduleService_ServiceDesc, dialerv1.AgentService_ServiceDesc, dialerv1.FloorService_ServiceDesc,
	} {
		for _, m := range d.Methods {
			served = append(served, "/"+d.ServiceName+"/"+m.MethodName)
		}
		for _, m := range d.Streams {
			served = append(served, "/"+d.ServiceName+"/"+m.StreamName)
		}
	}
	for m := range classes {
		if !slices.Contains(served, m) {
			t.Errorf("the class table names %s, which is not served", m)
		}
	}
	for _, m := range slow {
		if !slices.Contains(served, m) {
			t.Errorf("the slow calls name %s, which is not served", m)
		}
	}
	if classOf("/grpc.health.v1.Health/Check") != free || classOf("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo") != free {
		t.Error("health and reflection are shed")
	}
	actions := (&dialerv1.WorkRequest{}).ProtoReflect().Descriptor().Oneofs().ByName("action").Fields()
	for i := range actions.Len() {
		if name := string(actions.Get(i).Name()); !slices.Contains(served, agentService+camel(name)) {
			t.Errorf("a desk's stream asks for %s, which is no method", name)
		}
	}
	if inStream("record_outcome") != finish || inStream("start_call") != dial {
		t.Error("in a stream an outcome does not go before a new call")
	}
	if classOf(agentService+"Heartbeat") != free || inStream("heartbeat") != free {
		t.Error("heartbeats are shed: an overload signs agents out in mid-shift")
	}
}

func TestStreamsOfATokenAreBoundedByItsRole(t *testing.T) {
	t.Parallel()
	for role, most := range map[campaign.Role]int{campaign.RoleAgent: 4, campaign.RoleSupervisor: 64, campaign.RoleCRM: 64, campaign.RoleAdmin: 12_000} {
		a := bareAdmission()
		caller := campaign.Caller{Token: 7, Role: role}
		info := &grpc.StreamServerInfo{FullMethod: agentService + "Work"}
		open := func(c campaign.Caller, then func()) error {
			return a.stream(nil, &bareStream{ctx: as(t.Context(), c)}, info, func(any, grpc.ServerStream) error { then(); return nil })
		}
		var nest func(n int) error
		nest = func(n int) (inner error) {
			err := open(caller, func() {
				if n > 1 {
					inner = nest(n - 1)
				} else if e := open(campaign.Caller{Token: 8, Role: role}, func() {}); e != nil {
					t.Errorf("%s: another token: %v", role, e)
				}
			})
			if err != nil {
				return err
			}
			return inner
		}
		if err := nest(most); err != nil {
			t.Errorf("%s: %d streams: %v", role, most, err)
		}
		err := nest(most + 1)
		if campaign.KindOf(err) != campaign.KindExhausted || campaign.ReasonOf(err) != ReasonTooMany || !strings.Contains(err.Error(), fmt.Sprint(most)) {
			t.Errorf("%s: %d streams: %v, want it refused with the limit", role, most+1, err)
		}
		if len(a.streams.n) != 0 {
			t.Errorf("%s: %v still counted", role, a.streams.n)
		}
	}
}

func TestAnAgentAsksForItsNextCallSoOftenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission()
		info := &grpc.UnaryServerInfo{FullMethod: agentService + "NextCall"}
		release := make(chan struct{})
		ask := func(ctx context.Context, r *dialerv1.NextCallRequest) error {
			_, err := a.unary(ctx, r, info, func(ctx context.Context, _ any) (any, error) {
				campaign.Idle(ctx)
				<-release
				return &dialerv1.NextCallResponse{}, nil
			})
			return err
		}
		agent := as(t.Context(), campaign.Caller{Token: 1, Role: campaign.RoleAgent, Agent: 5})
		admin := as(t.Context(), campaign.Caller{Token: 2, Role: campaign.RoleAdmin})
		var wg sync.WaitGroup
		for range waitsOfAgent {
			wg.Go(func() {
				if err := ask(agent, &dialerv1.NextCallRequest{}); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := ask(admin, &dialerv1.NextCallRequest{Agent: "mei"}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for _, err := range []error{ask(agent, &dialerv1.NextCallRequest{}), ask(admin, &dialerv1.NextCallRequest{Agent: "mei"})} {
			if campaign.ReasonOf(err) != ReasonTooMany || !strings.Contains(err.Error(), "4") {
				t.Errorf("one more: %v", err)
			}
		}
		if n := a.short.inWork; n != 0 {
			t.Errorf("%d calls that wait for a lead count as work", n)
		}
		wg.Go(func() {
			if err := ask(admin, &dialerv1.NextCallRequest{Agent: "li"}); err != nil {
				t.Errorf("another agent of the same admin: %v", err)
			}
		})
		synctest.Wait()
		close(release)
		wg.Wait()
		if len(a.asking.n) != 0 {
			t.Errorf("%v still counted", a.asking.n)
		}
	})
}

func TestLongWorkIsBoundedAndNoTokenHasAllOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission()
		ctx := as(t.Context(), campaign.Caller{Token: 3, Role: campaign.RoleManager})
		var leaves []func(bool)
		for range a.ownTables {
			leave, err := a.enter(ctx, heavy, 0)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		began := time.Now()
		if _, err := a.enter(ctx, heavy, 0); !shedding(err) || !strings.Contains(err.Error(), fmt.Sprint(a.ownTables)) {
			t.Errorf("one more of the token: %v", err)
		}
		if waited := time.Since(began); waited != tableWait {
			t.Errorf("it waited %v", waited)
		}
		leave, err := a.enter(as(t.Context(), campaign.Caller{Token: 4}), heavy, 0)
		if err != nil {
			t.Fatalf("another token: %v", err)
		}
		for _, l := range append(leaves, leave) {
			l(false)
			l(false) // twice does no harm
		}
		a.atRest(t)
	})
}

// atRest checks that no long work is counted.
func (a *admission) atRest(t *testing.T) {
	t.Helper()
	if a.long.inWork != 0 || len(a.tables.n)+len(a.tables.line) != 0 {
		t.Errorf("%d in work, %v counted, %d keys with a line", a.long.inWork, a.tables.n, len(a.tables.line))
	}
}

// A page of a manager asks for three tables at once; on SQLite one is made at a time, and the others wait for it.
func TestTablesOfOneTokenWaitForOneAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAdmission(discard, newShedMeter(nil), sizes{usualMessage}, 2)
		info := &grpc.UnaryServerInfo{FullMethod: reports + "GetReport"}
		var beside, most, done, refused atomic.Int32
		ask := func(ctx context.Context) {
			_, err := a.unary(ctx, &campaignv1.GetReportRequest{}, info, func(context.Context, any) (any, error) {
				if n := beside.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(3 * time.Second) //nolint:forbidigo // fake time: a report takes so long
				beside.Add(-1)
				return &campaignv1.GetReportResponse{}, nil
			})
			switch {
			case err == nil:
				done.Add(1)
			case shedding(err):
				refused.Add(1)
			default:
				t.Error(err)
			}
		}
		manager := as(t.Context(), campaign.Caller{Token: 3, Role: campaign.RoleManager})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { ask(manager) })
		}
		wg.Wait()
		if done.Load() != 3 || most.Load() != 1 {
			t.Errorf("%d of 3 answered, %d refused, %d at once", done.Load(), refused.Load(), most.Load())
		}
		a.atRest(t)
		done.Store(0)
		const many = 30
		began := time.Now()
		for range many {
			wg.Go(func() { ask(manager) })
		}
		synctest.Wait()
		if n := refused.Load(); n != many-1-tablesLine {
			t.Errorf("%d of %d refused at once", n, many)
		}
		wg.Wait()
		if n, took := done.Load(), time.Since(began); n+refused.Load() != many || n < 5 || took > tableWait+3*time.Second {
			t.Errorf("%d answered, %d refused after %v", n, refused.Load(), took)
		}
		a.atRest(t)
		gone, cancel := context.WithCancelCause(manager)
		wg.Go(func() { ask(manager) })
		synctest.Wait()
		ended := errors.New("the page was left")
		wg.Go(func() {
			if _, err := a.enter(gone, heavy, 0); !errors.Is(err, ended) {
				t.Errorf("who left the page: %v", err)
			}
		})
		synctest.Wait()
		cancel(ended)
		wg.Wait()
		a.atRest(t)
	})
}

// Five managers look at their pages at once: what is beyond the places of all waits too.
func TestTablesOfSeveralTokensWaitForOneAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAdmission(discard, newShedMeter(nil), sizes{usualMessage}, 2)
		var wg sync.WaitGroup
		for token := range campaign.TokenID(5) {
			ctx := as(t.Context(), campaign.Caller{Token: token + 1, Role: campaign.RoleManager})
			wg.Go(func() {
				leave, err := a.enter(ctx, heavy, 0)
				if err != nil {
					t.Errorf("token %d: %v", token+1, err)
					return
				}
				time.Sleep(3 * time.Second) //nolint:forbidigo // fake time: a report takes so long
				leave(false)
			})
		}
		wg.Wait()
		a.atRest(t)
	})
}

func TestAPieceOfAnUploadHoldsAPlaceWhileItIsWritten(t *testing.T) {
	t.Parallel()
	a := bareAdmission()
	info := &grpc.StreamServerInfo{FullMethod: lists + "Upload"}
	pieces := 3
	s := &bareStream{ctx: t.Context(), recv: func(any) error {
		if pieces--; pieces < 0 {
			return io.EOF
		}
		return nil
	}}
	err := a.stream(nil, s, info, func(_ any, ss grpc.ServerStream) error {
		for {
			if err := ss.RecvMsg(&campaignv1.UploadRequest{}); err != nil {
				if a.short.inWork != 0 {
					t.Errorf("%d places held after the last piece", a.short.inWork)
				}
				return nil
			}
			if a.short.inWork != 1 {
				t.Errorf("%d places held by a piece", a.short.inWork)
			}
		}
	})
	if err != nil || a.short.inWork != 0 {
		t.Errorf("%v, %d places held", err, a.short.inWork)
	}
}

func TestWhatADeskAsksInItsStreamIsAdmittedLikeACall(t *testing.T) {
	t.Parallel()
	a := bareAdmission()
	info := &grpc.StreamServerInfo{FullMethod: agentService + "Work"}
	err := a.stream(nil, &bareStream{ctx: t.Context()}, info, func(_ any, ss grpc.ServerStream) error {
		if a.short.inWork != 0 {
			t.Error("a stream that only waits holds a place")
		}
		done, err := campaign.Admit(ss.Context(), "start_call")
		if err != nil || a.short.inWork != 1 {
			t.Errorf("%v, %d in work", err, a.short.inWork)
		}
		done()
		fill(t, a.short, finish, calmMost)
		defer func() { a.short.inWork = 0 }()
		ctx, cancel := context.WithTimeout(ss.Context(), time.Minute)
		defer cancel()
		if _, err := campaign.Admit(ctx, "start_call"); !shedding(err) {
			t.Errorf("beyond the limit: %v", err)
		}
		if done, err := campaign.Admit(ctx, "heartbeat"); err != nil {
			t.Errorf("a sign of life beyond the limit: %v", err)
		} else {
			done()
		}
		return nil
	})
	if err != nil || a.short.inWork != 0 {
		t.Errorf("%v, %d in work at the end", err, a.short.inWork)
	}
}

func TestMessagesAreBoundedFieldByField(t *testing.T) {
	t.Parallel()
	s := sizes{1 << 20}
	find := "/campaign.v1.LeadService/FindLeads"
	many := make([]*campaignv1.Membership, itemsMost+1)
	for i := range many {
		many[i] = &campaignv1.Membership{}
	}
	for name, c := range map[string]struct {
		method string
		fits   any
		not    any
		want   string
	}{
		"a message": {lists + "Upload", &campaignv1.UploadRequest{Data: make([]byte, 1<<20-4)}, &campaignv1.UploadRequest{Data: make([]byte, 1<<20)}, "1048576"},
		"a filter": {find, &campaignv1.FindLeadsRequest{Name: strings.Repeat("a", filterMost)},
			&campaignv1.FindLeadsRequest{Name: strings.Repeat("a", filterMost+1)}, "name: has 1001 bytes: at most 1000"},
		"a page token": {find, &campaignv1.FindLeadsRequest{PageToken: strings.Repeat("a", tokenMost)},
			&campaignv1.FindLeadsRequest{PageToken: strings.Repeat("a", tokenMost+1)}, "page_token: has 4001 bytes: at most 4000"},
		"a batch": {admin + "UpdateAgent", &campaignv1.UpdateAgentRequest{Agent: &campaignv1.Agent{Campaigns: many[1:]}},
			&campaignv1.UpdateAgentRequest{Agent: &campaignv1.Agent{Campaigns: many}}, "agent.campaigns: holds 10001: give at most 10000"},
	} {
		if err := s.request(c.method, c.fits); err != nil {
			t.Errorf("%s at the limit: %v", name, err)
		}
		if err := s.request(c.method, c.not); campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s over it: %v, want %q", name, err, c.want)
		}
	}
	answer := &campaignv1.FindLeadsResponse{Leads: []*campaignv1.Lead{{Name: strings.Repeat("a", 1<<20)}}}
	if err := s.answer(find, answer); campaign.ReasonOf(err) != ReasonTooLarge || !strings.Contains(err.Error(), "page_size") {
		t.Errorf("an answer that is too large: %v", err)
	}
}

func TestMessagesOverTheLimitAreRefusedKindlyOverTheWire(t *testing.T) {
	t.Parallel()
	b := setup(t, &service{get: func(context.Context) error { return nil }})
	for n, want := range map[int]codes.Code{usualMessage - 16: codes.OK, usualMessage + 1: codes.InvalidArgument} {
		_, err := b.campaigns.GetCampaign(t.Context(), &campaignv1.GetCampaignRequest{Id: 1, Name: strings.Repeat("a", n)})
		if want == codes.OK {
			want = codes.InvalidArgument // as a filter it is too long, which is the other limit
			if strings.Contains(err.Error(), "the message has") {
				t.Errorf("%d bytes: %v", n, err)
			}
		} else if !strings.Contains(err.Error(), "at most 4194304") {
			t.Errorf("%d bytes: %v", n, err)
		}
		if status.Code(err) != want {
			t.Errorf("%d bytes: %v, want %v", n, err, want)
		}
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "note", strings.Repeat("a", headersMost))
	if err := b.get(ctx); err == nil {
		t.Errorf("%d bytes of metadata were taken", headersMost)
	}
	if err := b.get(metadata.AppendToOutgoingContext(t.Context(), "note", strings.Repeat("a", headersMost/2))); err != nil {
		t.Errorf("half as much metadata: %v", err)
	}
}

func TestACallWithoutADeadlineHasOne(t *testing.T) {
	t.Parallel()
	c := &chain{log: discard, meter: bareMeter(t), ending: t.Context()}
	for method, want := range map[string]time.Duration{
		agentService + "StartCall": usualTime, agentService + "NextCall": waitTime, lists + "UndoImport": slowTime, reports + "GetReport": slowTime,
	} {
		var left time.Duration
		_, err := c.unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, _ any) (any, error) {
			d, _ := ctx.Deadline()
			left = time.Until(d)
			return nil, nil
		})
		if err != nil || left > want || left < want-time.Second {
			t.Errorf("%s: %v left, %v; want %v", method, left, err, want)
		}
	}
}

func TestConnectionsBeyondTheLimitAreToldAndClosed(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lis := Limit(inner, 2, discard)
	var kept []net.Conn
	accepted := make(chan net.Conn, 8)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := lis.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for range 2 {
		dial()
		kept = append(kept, <-accepted)
	}
	said, err := io.ReadAll(dial())
	if err != nil || !strings.Contains(string(said), "503") || !strings.Contains(string(said), "--max-connections") {
		t.Errorf("the third was told %q, %v", said, err)
	}
	conn, err := grpc.NewClient("passthrough:///"+inner.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := campaignv1.NewCampaignServiceClient(conn).GetCampaign(t.Context(), &campaignv1.GetCampaignRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("over gRPC: %v, want Unavailable", err)
	}
	kept[0].Close()
	kept[0].Close() // twice makes room once
	dial()
	<-accepted
	if said, err := io.ReadAll(dial()); err != nil || len(said) == 0 {
		t.Errorf("beyond the limit again: %q, %v", said, err)
	}
	if err := lis.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}

// Connections are let go of after a while, so that callers spread over the nodes: what is called meanwhile is not
// disturbed, and a stream ends in a way that makes its client come back.
func TestOldConnectionsAreLetGoOfCleanly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &service{
			get:   func(context.Context) error { return nil },
			watch: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		})
		began := time.Now()
		w, err := b.lists.WatchImport(t.Context(), &campaignv1.WatchImportRequest{})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { _, err := w.Recv(); ended <- err }()
		var cut time.Duration
		for cut == 0 {
			if err := b.get(t.Context()); err != nil {
				t.Fatalf("after %v: %v", time.Since(began), err)
			}
			select {
			case err := <-ended:
				if cut = time.Since(began); status.Code(err) != codes.Unavailable {
					t.Errorf("the stream ended with %v, want Unavailable", err)
				}
			case <-time.After(10 * time.Second):
			}
		}
		if least, most := oldAge*9/10+ageGrace, oldAge*11/10+ageGrace; cut < least-time.Minute || cut > most+time.Minute {
			t.Errorf("the stream was cut after %v, want %v to %v", cut, least, most)
		}
		again, err := b.lists.WatchImport(t.Context(), &campaignv1.WatchImportRequest{})
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, err := again.Recv(); ended <- err }()
		select {
		case err := <-ended:
			t.Errorf("the stream that came back: %v", err)
		case <-time.After(time.Minute):
		}
		b.conn.Close()
		<-ended
	})
}
