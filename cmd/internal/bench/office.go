package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	"redial/campaign/store"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// office is a whole server over a copy of the world, and agents who ask it over one connection, each with a token of
// its own.
type office struct {
	w      *world
	db     database
	dir    string
	redis  string  // where it is; empty: in the process
	served serving // nil: it did not begin
	conn   *grpc.ClientConn
	ask    pb.AgentServiceClient

	sheds atomic.Int64 // requests that were sent away and came again

	mu       sync.Mutex
	known    map[int64]bool // leads that came
	finished int
}

// nextWait is how long an agent waits for a lead before the run counts as broken.
const nextWait = 20 * time.Second

// openOffice opens a server in this process over a copy of the world.
func openOffice(ctx context.Context, e *engine, w *world) (*office, error) {
	db, err := e.copy(w.of)
	if err != nil {
		return nil, err
	}
	return openOfficeAt(ctx, e, w, db, inProcess)
}

// inProcess serves in this process.
func inProcess(ctx context.Context, spec childSpec) (serving, error) { return spec.serve(ctx) }

// openOwnOffice is openOffice with the server in a process of its own.
func openOwnOffice(ctx context.Context, o *Options, e *engine, w *world) (*office, *child, error) {
	db, err := e.copy(w.of)
	if err != nil {
		return nil, nil, err
	}
	var c *child
	f, err := openOfficeAt(ctx, e, w, db, func(ctx context.Context, spec childSpec) (serving, error) {
		c, err = o.startChild(ctx, spec)
		return c, err
	})
	return f, c, err
}

// openOfficeAt opens a server over a record that is the office's from now on.
func openOfficeAt(ctx context.Context, e *engine, w *world, db database, serve func(context.Context, childSpec) (serving, error)) (_ *office, err error) {
	f := &office{w: w, db: db, known: make(map[int64]bool)}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close(context.WithoutCancel(ctx), false))
		}
	}()
	if f.redis, err = e.redisURL(ctx); err != nil {
		return nil, err
	}
	if f.dir, err = os.MkdirTemp(e.dir, "office-"); err != nil {
		return nil, fmt.Errorf("make the server's folder: %w", err)
	}
	served, err := serve(ctx, childSpec{Data: f.dir, Database: f.db.url, Redis: f.redis})
	if err != nil {
		return nil, err
	}
	f.served = served
	if f.conn, err = connect(served.addr()); err != nil {
		return nil, err
	}
	f.ask = pb.NewAgentServiceClient(f.conn)
	return f, nil
}

// warmUp signs the agents in, as they are once a shift, and lets every part be used once before the clock runs.
func (f *office) warmUp(ctx context.Context) error {
	const atOnce = 64
	if _, err := inParallel(ctx, atOnce, func(ctx context.Context, i int, _ func(time.Duration)) error {
		for agent := i; agent < f.w.callers; agent += atOnce {
			err := f.again(ctx, func() error {
				_, err := f.ask.SignIn(f.as(ctx, agent), &pb.SignInRequest{Ready: true})
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	_, held, err := f.pass(ctx, min(16, f.w.callers), time.Hour, min(64, f.w.callers))
	if err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	return f.finish(ctx, held)
}

// card is a lead in an agent's hands.
type card struct {
	agent      int // of the world's
	assignment int64
}

func (f *office) as(ctx context.Context, agent int) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+f.w.tokens[agent])
}

func (f *office) next(ctx context.Context, agent int) (card, error) {
	return f.nextWithin(ctx, agent, nextWait)
}

// nextWithin waits so long for a lead.
func (f *office) nextWithin(ctx context.Context, agent int, wait time.Duration) (c card, err error) {
	err = f.again(ctx, func() (err error) {
		c, err = f.nextOnce(ctx, agent, wait)
		return err
	})
	return c, err
}

// nextOnce does not come again when it is sent away.
func (f *office) nextOnce(ctx context.Context, agent int, wait time.Duration) (card, error) {
	got, err := f.ask.NextCall(f.as(ctx, agent), &pb.NextCallRequest{Wait: durationpb.New(wait)})
	if err != nil {
		return card{}, fmt.Errorf("next call: %w", err)
	}
	return f.card(got, agent, wait)
}

// card is what came for an agent, who would have waited so long.
func (f *office) card(got *pb.NextCallResponse, agent int, wait time.Duration) (card, error) {
	if got.GetCard() == nil {
		if f.left() == 0 {
			return card{}, errNoLeads
		}
		return card{}, fmt.Errorf("no lead came in %v though %d are left: %s", wait, f.left(), got.GetWhyNone())
	}
	return card{agent, got.GetCard().GetAssignmentId()}, f.came(got.GetCard().GetLeadId())
}

// came notes a lead that was offered: in a run each comes once.
func (f *office) came(lead int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known[lead] {
		return fmt.Errorf("%w: lead %d came twice", errWrong, lead)
	}
	f.known[lead] = true
	return nil
}

// ended notes a call that ended for good.
func (f *office) ended() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished++
}

func (f *office) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.w.leads) - len(f.known)
}

// end places the call and records a success: the lead is never offered again.
func (f *office) end(ctx context.Context, c card) error {
	_, err := f.conclude(f.as(ctx, c.agent), c, &pb.RecordOutcomeRequest{Code: campaign.Success.String()})
	return err
}

// conclude places the call and records a success as r says.
func (f *office) conclude(ctx context.Context, c card, r *pb.RecordOutcomeRequest) (*pb.RecordOutcomeResponse, error) {
	err := f.again(ctx, func() error {
		_, err := f.ask.StartCall(ctx, &pb.StartCallRequest{AssignmentId: c.assignment})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start call: %w", err)
	}
	r.AssignmentId = c.assignment
	var got *pb.RecordOutcomeResponse
	err = f.again(ctx, func() (err error) {
		got, err = f.ask.RecordOutcome(ctx, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("record outcome: %w", err)
	}
	if got.GetLeadState() != campaignpb.LeadState_LEAD_STATE_FINISHED {
		return nil, fmt.Errorf("%w: a lead is %v after a success", errWrong, got.GetLeadState())
	}
	f.ended()
	return got, nil
}

// pass lets callers take a lead for one agent after the other, most agents at most, until the time is over.
func (f *office) pass(ctx context.Context, callers int, for_ time.Duration, most int) (slice, []card, error) {
	until := time.Now().Add(for_)
	mine := make([][]card, callers)
	got, err := inParallel(ctx, callers, func(ctx context.Context, i int, did func(time.Duration)) error {
		for agent := i; agent < most && (agent == i || time.Now().Before(until)); agent += callers {
			began := time.Now()
			c, err := f.next(ctx, agent)
			if err != nil {
				return err
			}
			did(time.Since(began))
			mine[i] = append(mine[i], c)
		}
		return nil
	})
	var held []card
	for _, some := range mine {
		held = append(held, some...)
	}
	return got, held, err
}

// finish ends calls, off the clock.
func (f *office) finish(ctx context.Context, held []card) error {
	const callers = 32
	_, err := inParallel(ctx, callers, func(ctx context.Context, i int, _ func(time.Duration)) error {
		for ; i < len(held); i += callers {
			if err := f.end(ctx, held[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// close stops the server, audits its record when it is to be sound, and drops it.
func (f *office) close(ctx context.Context, sound bool) error {
	var errs []error
	if f.conn != nil {
		errs = append(errs, f.conn.Close())
	}
	if f.served != nil {
		stop, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		errs = append(errs, f.served.stop(stop))
	}
	if sound {
		s, err := f.db.open(ctx)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, f.check(ctx, s), s.Close())
	}
	if f.db.drop != nil {
		errs = append(errs, f.db.drop())
	}
	return errors.Join(errs...)
}

// check audits what the office left behind.
func (f *office) check(ctx context.Context, s *store.Store) error {
	return audit(ctx, s, f.w, len(f.known), f.finished)
}
