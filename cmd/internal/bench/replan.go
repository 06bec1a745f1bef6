package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	campaignpb "redial/proto/campaign/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// replanCallers is how many agents work while the rules change.
const replanCallers = 16

// measureReplan changes the rules of a campaign while its agents work: how fast its leads are planned anew, and what
// the agents feel of it. Beside the agents' wait for a call stands their wait just before.
func measureReplan(ctx context.Context, o *Options, e *engine) (_ []Measure, err error) {
	o.Log("%s: taking in %d leads for a change of rules", e.name, o.leads(e.name))
	w, err := makeWorld(ctx, e, o.leads(e.name), o.staff())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.of.drop()) }()
	f, err := openOffice(ctx, e, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close(context.WithoutCancel(ctx), err == nil)) }()
	if err := f.warmUp(ctx); err != nil {
		return nil, err
	}
	flush, err := flushTime(e.dir)
	if err != nil {
		return nil, err
	}
	s := series{Measure: Measure{Name: "replan", Unit: "leads/s", Engine: e.name, Callers: replanCallers, FdatasyncUS: flush}}
	var before []float64
	for round := range o.Rounds {
		o.Log("%s: change of rules %d", e.name, round+1)
		quiet, err := f.working(ctx, replanCallers, after(o.Slice))
		if err != nil {
			return nil, fmt.Errorf("before the change: %w", err)
		}
		busy, leads, took, err := f.replanning(ctx, 4+round)
		if err != nil {
			return nil, fmt.Errorf("change %d: %w", round+1, err)
		}
		before = append(before, quiet.p99())
		s.value(busy, float64(leads)/took.Seconds(), 0)
	}
	m := s.measure()
	m.Note = fmt.Sprintf("p99 is the agents' wait for a next call meanwhile; before it was %.1f ms", median(before))
	return []Measure{m}, nil
}

// after ends work when so much time is over.
func after(d time.Duration) func() bool {
	until := time.Now().Add(d)
	return func() bool { return time.Now().After(until) }
}

// working lets agents work until it is over; their waits are those for a next call.
func (f *office) working(ctx context.Context, callers int, over func() bool) (slice, error) {
	return inParallel(ctx, callers, func(ctx context.Context, i int, did func(time.Duration)) error {
		for n := 0; n == 0 || !over() && f.left() > callers; n++ {
			began := time.Now()
			c, err := f.next(ctx, i)
			if err != nil {
				return err
			}
			did(time.Since(began))
			if err := f.end(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// replanning gives the campaign other rules and lets agents work until every lead is planned by them.
func (f *office) replanning(ctx context.Context, perDay int) (busy slice, leads int64, took time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	manager := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+f.w.manager)
	began := time.Now()
	if err := f.change(manager, perDay); err != nil {
		return busy, 0, 0, err
	}
	var done atomic.Bool
	watched := make(chan error, 1)
	go func() {
		var err error
		leads, err = f.watch(manager)
		took = time.Since(began)
		done.Store(true)
		watched <- err
	}()
	busy, err = f.working(ctx, replanCallers, done.Load)
	if err != nil {
		cancel()
	}
	if e := <-watched; err == nil {
		err = e
	}
	if err == nil && leads == 0 {
		err = fmt.Errorf("%w: no lead was planned anew", errWrong)
	}
	return busy, leads, took, err
}

func (f *office) change(ctx context.Context, perDay int) error {
	campaigns := campaignpb.NewCampaignServiceClient(f.conn)
	got, err := campaigns.GetCampaign(ctx, &campaignpb.GetCampaignRequest{Id: int64(f.w.campaign)})
	if err != nil {
		return fmt.Errorf("read the campaign: %w", err)
	}
	c := got.GetCampaign()
	c.Rules.MaxPerDay = new(int32(perDay))
	if _, err = campaigns.UpdateCampaign(ctx, &campaignpb.UpdateCampaignRequest{Campaign: c, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rules"}}}); err != nil {
		return fmt.Errorf("change the rules: %w", err)
	}
	return nil
}

// watch follows the leads being planned anew to the end, and says how many there were.
func (f *office) watch(ctx context.Context) (leads int64, err error) {
	stream, err := schedulerpb.NewScheduleServiceClient(f.conn).WatchReplan(ctx, &schedulerpb.WatchReplanRequest{CampaignId: int64(f.w.campaign)})
	if err != nil {
		return 0, fmt.Errorf("watch the leads: %w", err)
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return leads, nil
		}
		if err != nil {
			return leads, fmt.Errorf("watch the leads: %w", err)
		}
		leads = max(leads, m.GetTotal())
	}
}
