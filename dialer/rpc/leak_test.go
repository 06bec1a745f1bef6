package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// goroutines are how many of this bench's are at work in the floor or its services, with their stacks. They are told
// from those of other tests by the label that they inherit.
func (b *bench) goroutines() (n int, stacks string) {
	b.Helper()
	synctest.Wait()
	var text bytes.Buffer
	b.ok(pprof.Lookup("goroutine").WriteTo(&text, 1))
	for block := range strings.SplitSeq(text.String(), "\n\n") {
		if !strings.Contains(block, fmt.Sprintf("%q:%q", "bench", b.Name())) || !strings.Contains(block, "redial/dialer") ||
			strings.Contains(block, "rpc_test.(*bench).goroutines") {
			continue
		}
		var count int
		_, err := fmt.Sscan(block, &count)
		b.ok(err)
		n, stacks = n+count, stacks+block+"\n"
	}
	return n, stacks
}

// sameGoroutines checks that as many are at work as before.
func (b *bench) sameGoroutines(what string, before int) {
	b.Helper()
	if n, stacks := b.goroutines(); n != before {
		b.Errorf("%s: %d goroutines, %d before\n%s", what, n, before, stacks)
	}
}

// rawLine is a signed-in stream that reads only when told to.
func (b *bench) rawLine(ctx context.Context) grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse] {
	b.Helper()
	stream := must[grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse]](b)(b.desk.Work(ctx))
	b.ok(stream.Send(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Ready: true}}}))
	if m := must[*pb.WorkResponse](b)(stream.Recv()); m.GetSignedIn() == nil {
		b.Fatalf("sign-in: %v", m)
	}
	return stream
}

func TestNoGoroutineStaysBehindAStream(t *testing.T) {
	onBench(t, func(b *bench) {
		before, _ := b.goroutines()
		closed := b.rawLine(b.as("ann"))
		if n, stacks := b.goroutines(); n <= before {
			b.Fatalf("%d goroutines with a stream, %d without: they are not counted\n%s", n, before, stacks)
		}
		b.ok(closed.CloseSend())
		if _, err := closed.Recv(); !errors.Is(err, io.EOF) {
			b.Errorf("a stream that its client ends: %v", err)
		}
		b.sameGoroutines("a client that ends its stream", before)

		ctx, vanish := context.WithCancel(b.as("ann"))
		b.rawLine(ctx)
		vanish()
		b.sameGoroutines("a client that vanishes", before)

		elsewhere := b.rawLine(b.as("ann"))
		again := b.rawLine(b.as("ann"))
		for m, err := elsewhere.Recv(); ; m, err = elsewhere.Recv() {
			if err != nil {
				b.refused("signed in elsewhere", err, codes.FailedPrecondition, campaign.ReasonSignedInAnew)
				break
			}
			_ = m
		}
		b.ok(again.CloseSend())
		b.sameGoroutines("two desks of one agent", before)

		b.rawLine(b.as("bob"))
		b.floor.Drain()
		b.sameGoroutines("a node that drains", before)
	})
}

func TestNoGoroutineStaysBehindANextCall(t *testing.T) {
	onBench(t, func(b *bench) {
		before, _ := b.goroutines()
		ask := func(ctx context.Context, login string) chan error {
			done := make(chan error, 1)
			go func() {
				_, err := b.desk.NextCall(ctx, &pb.NextCallRequest{Wait: durationpb.New(time.Minute)})
				done <- err
			}()
			synctest.Wait()
			return done
		}
		ctx, vanish := context.WithCancel(b.as("ann"))
		gone := ask(ctx, "ann")
		if n, stacks := b.goroutines(); n <= before {
			b.Fatalf("%d goroutines with a call that waits, %d without: they are not counted\n%s", n, before, stacks)
		}
		vanish()
		b.refused("who vanishes", <-gone, codes.Canceled, "")
		b.sameGoroutines("a client that vanishes", before)

		b.ok(<-ask(b.as("ann"), "ann"))
		b.sameGoroutines("a call that waited in vain", before)

		drained := ask(b.as("ann"), "ann")
		b.floor.Drain()
		b.refused("at a node that drains", <-drained, codes.Unavailable, "")
		b.sameGoroutines("a node that drains", before)
	})
}

// A desktop that does not read: its stream is cut once more waits for it than its queue holds, nobody else is slowed, and
// its lead goes to another.
func TestAStalledDeskIsCut(t *testing.T) {
	onBench(t, func(b *bench) {
		b.camp = b.campaign("long", func(c *campaign.Campaign) {
			c.Script, c.Floor.OfferTime = strings.Repeat("So much to say. ", 500), 30*time.Second
		})
		b.agent("cid", b.camp.ID)
		b.agent("dan", b.camp.ID)
		b.leads(100)
		before, _ := b.goroutines()
		stuck := b.rawLine(b.as("cid")) // reads nothing from here on
		cycle := func(login string, id int64) {
			b.start(login, id)
			b.record(login, id, "SOLD")
		}
		cut := 0
		for cut < 40 { // the agent works on by other means, and each card goes to the stream, too
			if n, _ := b.goroutines(); cut > 0 && n == before {
				break
			}
			from := time.Now()
			cycle("cid", b.next("cid").GetAssignmentId())
			cycle("dan", b.next("dan").GetAssignmentId())
			if d := time.Since(from); d > 2*time.Millisecond { // gathering
				b.Errorf("others waited %v for a desk that is stuck", d)
			}
			cut++
			time.Sleep(time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		}
		if cut < 10 || cut == 40 {
			b.Fatalf("cut after %d calls", cut)
		}
		b.sameGoroutines("a stalled desk", before)
		var err error
		var last *pb.WorkResponse
		for err == nil {
			if m, e := stuck.Recv(); e != nil {
				err = e
			} else {
				last = m
			}
		}
		b.refused("the stalled stream", err, codes.ResourceExhausted, "")
		if last == nil {
			b.Error("what was sent before the cut is lost")
		}

		held := b.next("cid").GetAssignmentId() // nobody starts it
		time.Sleep(time.Minute)                 //nolint:forbidigo // fake time: the bubble moves on by so much
		s := must[*pb.GetSessionResponse](b)(b.desk.GetSession(b.as("cid"), &pb.GetSessionRequest{}))
		if s.GetCard() != nil || s.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_BREAK && s.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_SIGNED_OUT {
			b.Errorf("a minute after an offer that nobody saw: %v", s)
		}
		as := must[campaign.Assignment](b)(b.s.Assignment(b.Context(), campaign.AssignmentID(held)))
		if as.State != campaign.AssignmentLapsed {
			b.Errorf("the offer is %s", as.State)
		}
		b.sound()
	})
}

// Signing out is no fault of a desktop: one that reads late goes on with its stream, and only one that never does is cut.
func TestADeskThatSignsOutMayReadLate(t *testing.T) {
	onBench(t, func(b *bench) {
		b.camp = b.campaign("long", func(c *campaign.Campaign) { c.Script = strings.Repeat("So much to say. ", 500) })
		b.agent("cid", b.camp.ID)
		b.leads(50)
		stuck := b.rawLine(b.as("cid"))
		signOut := func() { // with more on its way than the stream takes up unread
			for range 22 {
				id := b.next("cid").GetAssignmentId()
				b.start("cid", id)
				b.record("cid", id, "SOLD")
			}
			must[*pb.SignOutResponse](b)(b.desk.SignOut(b.as("cid"), &pb.SignOutRequest{}))
		}
		until := func(is func(*pb.WorkResponse) bool) (read int) {
			for ; ; read++ {
				if is(must[*pb.WorkResponse](b)(stuck.Recv())) {
					return read
				}
			}
		}
		signOut()
		time.Sleep(20 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if read := until(func(m *pb.WorkResponse) bool {
			return m.GetSession().GetState() == campaignpb.AgentState_AGENT_STATE_SIGNED_OUT
		}); read < 22 {
			b.Errorf("%d messages before it signed out", read)
		}
		b.ok(stuck.Send(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Ready: true}}}))
		until(func(m *pb.WorkResponse) bool { return m.GetSignedIn() != nil })

		stuck = b.rawLine(b.as("cid"))
		signOut()
		time.Sleep(31 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		var err error
		for err == nil {
			_, err = stuck.Recv()
		}
		b.refused("a stream that nobody reads", err, codes.ResourceExhausted, "")
		b.sound()
	})
}
